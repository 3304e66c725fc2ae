import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contraparte.protocol import ids, jws, limits
from contraparte.protocol.encoding import base64url, canonical_json
from contraparte.protocol.errors import (
    BoundExceededError,
    ContraparteError,
    InputError,
    KeyPurposeError,
    KeyUnknownError,
    ProtocolError,
    ReceiptInvalidError,
    ReceiptMalformedError,
    SignatureInvalidError,
)
from contraparte.protocol.keys import Purpose
from contraparte.protocol.receipts import (
    TYP,
    Receipt,
    ReceiptKind,
    Statement,
    contradicts,
    decode_receipts,
    encode_receipts,
    sign_batch,
    verify_receipt,
)
from contraparte.protocol.tlog import inclusion_path, leaf_hash, root_of
from tests.protocol.builders import (
    KEYS,
    MESSAGE_KEY,
    NOW,
    RECEIPT_KEY,
    RECIPIENT,
    SENDER,
    mutations,
    other_key,
    resolve,
    values,
)

ORIGIN = "us.atf-ntc/mx.fge-son/2026"


def a_statement(**members):
    defaults = {
        "kind": ReceiptKind.ACCEPTED,
        "message_id": ids.new_id(),
        "digest": bytes(32),
        "envelope_hash": b"e" * 32,
        "receiver": RECIPIENT,
        "sender": SENDER,
        "log_origin": ORIGIN,
        "index": 7,
        "leaf_hash": b"l" * 32,
        "code": None,
        "at": NOW,
    }
    return Statement(**(defaults | members))


def unlogged(**members):
    return a_statement(**({"log_origin": None, "index": None, "leaf_hash": None} | members))


ACCEPTED = a_statement()
RECEIPTS = sign_batch([ACCEPTED, a_statement(index=8), unlogged(kind="deferred", code="order.gap")], RECEIPT_KEY)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 33])
def test_each_receipt_of_a_batch_proves_itself_alone(count):
    statements = [a_statement(index=index) for index in range(count)]
    receipts = sign_batch(statements, RECEIPT_KEY)
    assert len({receipt.head for receipt in receipts}) == 1
    hashes = [leaf_hash(receipt.statement) for receipt in receipts]
    for index, (statement, receipt) in enumerate(zip(statements, receipts, strict=True)):
        assert list(receipt.path) == inclusion_path(hashes, index)
        stored = Receipt.parse(receipt.to_bytes())
        assert stored == receipt
        assert verify_receipt(stored, resolve) == statement
    head, _ = jws.read_compact(receipts[0].head, TYP, Purpose.TRANSPORT, resolve)
    assert json.loads(head) == {"count": count, "root": base64url(root_of(hashes))}


def test_a_full_batch_has_paths_within_the_bound():
    receipts = sign_batch([a_statement(index=index) for index in range(limits.RECEIPTS)], RECEIPT_KEY)
    assert max(len(receipt.path) for receipt in receipts) == limits.RECEIPT_PATH
    assert decode_receipts(encode_receipts(receipts)) == receipts
    for beyond in ([], [ACCEPTED] * (limits.RECEIPTS + 1)):
        with pytest.raises(BoundExceededError):
            sign_batch(beyond, RECEIPT_KEY)


def test_an_answer_carries_each_head_once_and_gives_the_same_receipts():
    earlier = sign_batch([a_statement()], RECEIPT_KEY)
    answer = [RECEIPTS[0], *earlier, *RECEIPTS[1:]]
    raw = encode_receipts(answer)
    assert decode_receipts(raw) == answer
    assert raw.count(RECEIPTS[0].head) == 1
    assert decode_receipts(encode_receipts([])) == []


@given(
    st.sampled_from(list(ReceiptKind)),
    st.binary(min_size=32, max_size=32),
    st.datetimes().map(lambda at: at.replace(tzinfo=NOW.tzinfo)),
    st.integers(0, 2**53 - 1),
    st.dictionaries(st.sampled_from(["x-a", "x-b"]), st.integers(0, 9) | st.text("abc"), max_size=2),
)
def test_a_statement_is_parsed_to_itself_with_unknown_members(kind, digest, at, index, extra):
    coded = kind in (ReceiptKind.REJECTED, ReceiptKind.DEFERRED)
    make = unlogged if kind is ReceiptKind.DEFERRED else a_statement
    members = {} if kind is ReceiptKind.DEFERRED else {"index": index}
    statement = make(kind=kind, digest=digest, at=at, extra=extra, code="message.clock" if coded else None, **members)
    raw = statement.to_bytes()
    assert Statement.parse(raw) == statement
    assert Statement.parse(raw).to_bytes() == raw


@pytest.mark.parametrize(
    "members",
    [
        {"kind": "lost"},
        {"log_origin": None},
        {"log_origin": None, "index": None, "leaf_hash": None},
        {"kind": "deferred", "code": "order.gap"},
        {"kind": "rejected"},
        {"code": "order.gap"},
        {"kind": "rejected", "code": "Not a code"},
        {"kind": "rejected", "code": "x" * 81},
        {"digest": b"short"},
        {"leaf_hash": b"short"},
        {"index": -1},
        {"log_origin": "two words"},
        {"log_origin": "line\nbreak"},
        {"at": NOW.replace(tzinfo=None)},
        {"receiver": "us.atf-ntc/tracing"},
        {"message_id": "1"},
        {"extra": {"kind": 1}},
    ],
)
def test_a_statement_that_cannot_be_is_not_made(members):
    with pytest.raises((ProtocolError, InputError)):
        a_statement(**members)


def test_a_refusal_may_be_logged_or_not():
    assert a_statement(kind="rejected", code="message.clock").index == 7
    assert unlogged(kind="rejected", code="envelope.unopenable").index is None


@given(st.binary() | mutations(ACCEPTED.to_bytes()) | values.map(canonical_json))
def test_other_bytes_are_another_statement_or_refused(raw):
    try:
        statement = Statement.parse(raw)
    except (ProtocolError, InputError):
        return
    assert statement.to_bytes() == raw


@given(st.dictionaries(st.sampled_from([*json.loads(ACCEPTED.to_bytes()), "code"]), values, min_size=1, max_size=3))
def test_a_changed_statement_is_parsed_or_refused_by_a_coded_error(changes):
    try:
        Statement.parse(canonical_json(json.loads(ACCEPTED.to_bytes()) | changes))
    except (ProtocolError, InputError) as error:
        assert error.code != ContraparteError.code


@given(mutations(RECEIPTS[1].to_bytes()) | st.binary() | st.binary().map(lambda raw: b"CPR1" + raw))
def test_no_mutated_receipt_verifies(raw):
    if raw == RECEIPTS[1].to_bytes():
        return
    with pytest.raises((ProtocolError, InputError)):
        verify_receipt(Receipt.parse(raw), resolve)


@given(mutations(encode_receipts(RECEIPTS)) | st.binary() | st.binary().map(lambda raw: b"CPA1" + raw))
def test_a_mutated_answer_is_decoded_to_what_encodes_to_it_or_refused(raw):
    try:
        receipts = decode_receipts(raw)
    except ProtocolError:
        return
    assert encode_receipts(receipts) == raw


def test_heads_unused_or_repeated_are_refused():
    raw = encode_receipts(RECEIPTS)
    head = RECEIPTS[0].head
    entry = len(head).to_bytes(2, "big") + head
    doubled = raw[:4] + (2).to_bytes(2, "big") + entry + raw[6:]
    with pytest.raises(ReceiptMalformedError):
        decode_receipts(doubled)


def test_a_receipt_moved_or_with_another_count_is_refused():
    for moved in (
        replace(RECEIPTS[0], index=1),
        replace(RECEIPTS[0], count=4),
        replace(RECEIPTS[0], path=RECEIPTS[0].path[:1]),
        replace(RECEIPTS[0], path=()),
        replace(RECEIPTS[0], statement=RECEIPTS[1].statement),
    ):
        with pytest.raises(ReceiptInvalidError):
            verify_receipt(moved, resolve)


def test_only_the_receivers_transport_key_gives_receipts():
    with pytest.raises(KeyPurposeError):
        sign_batch([ACCEPTED], MESSAGE_KEY)
    with pytest.raises(KeyPurposeError):
        sign_batch([ACCEPTED, a_statement(receiver="us.other", sender=SENDER)], RECEIPT_KEY)
    stranger = other_key(Purpose.TRANSPORT, RECIPIENT)
    (theirs,) = sign_batch([ACCEPTED], stranger)
    with pytest.raises(KeyUnknownError):
        verify_receipt(theirs, resolve)
    with pytest.raises(SignatureInvalidError):
        verify_receipt(theirs, lambda kid: KEYS[RECEIPT_KEY.kid])
    outsider = other_key(Purpose.TRANSPORT, "us.other")
    (about_another,) = sign_batch([a_statement(receiver="us.other")], outsider)
    forged = replace(about_another, statement=ACCEPTED.to_bytes())
    with pytest.raises(ReceiptInvalidError):
        verify_receipt(forged, lambda kid: outsider.public())
    root = base64url(leaf_hash(ACCEPTED.to_bytes()))
    head = jws.sign_compact(canonical_json({"count": 1, "root": root}), TYP, outsider)
    with pytest.raises(KeyPurposeError):
        verify_receipt(Receipt(ACCEPTED.to_bytes(), 0, 1, (), head), lambda kid: outsider.public())


def test_a_batch_head_is_verified_once():
    calls = []

    class Counting:
        def __getattr__(self, name):
            return getattr(KEYS[RECEIPT_KEY.kid].parsed, name)

        def verify(self, signature, data):
            calls.append(data)
            KEYS[RECEIPT_KEY.kid].parsed.verify(signature, data)

    public = replace(KEYS[RECEIPT_KEY.kid], valid_from=NOW)  # a key of its own for the cache
    object.__setattr__(public, "parsed", Counting())
    receipts = sign_batch([a_statement(index=index) for index in range(20)], RECEIPT_KEY)
    for receipt in receipts:
        verify_receipt(receipt, lambda kid: public)
    assert len(calls) == 1


OTHER_DIGEST = b"d" * 32
LATER = NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"at": LATER}, True),
        ({"index": 9}, True),
        ({"leaf_hash": b"m" * 32}, True),
        ({"digest": OTHER_DIGEST, "index": 9}, True),
        ({"kind": "rejected", "code": "message.clock", "index": 9}, True),
        ({"kind": "rejected", "code": "message.id.conflict", "digest": OTHER_DIGEST, "index": 9}, False),
        ({"kind": "delivered", "index": 9, "at": LATER}, False),
        ({"kind": "delivered", "index": 9, "digest": OTHER_DIGEST}, True),
        ({"receiver": "us.other", "index": 9}, False),
        ({"sender": "mx.fgr", "index": 9}, False),
        ({"message_id": ids.new_id(), "index": 9}, False),
        ({"message_id": ids.new_id(), "leaf_hash": b"m" * 32}, True),
        ({"message_id": ids.new_id()}, True),
        ({"message_id": ids.new_id(), "leaf_hash": b"m" * 32, "log_origin": ORIGIN + "b"}, False),
    ],
)
def test_what_contradicts_an_acceptance(changes, expected):
    other = replace(ACCEPTED, **changes)
    assert contradicts(ACCEPTED, other) is expected
    assert contradicts(other, ACCEPTED) is expected


def test_a_deferral_contradicts_nothing_and_a_refused_message_is_never_delivered():
    deferred = unlogged(message_id=ACCEPTED.message_id, kind="deferred", code="key.retired", envelope_hash=b"f" * 32)
    assert not contradicts(deferred, ACCEPTED)
    rejected = a_statement(kind="rejected", code="message.clock")
    for kind in ("delivered", "opened", "used", "deleted"):
        assert contradicts(rejected, replace(rejected, kind=kind, code=None, index=9))
    assert not contradicts(replace(ACCEPTED, kind="delivered", index=9), replace(ACCEPTED, kind="opened", index=10))
