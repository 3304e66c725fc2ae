"""A peer that lies, replays, reorders or sends what is no message gets a coded refusal and changes nothing (P4.4)."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from contraparte.directory import actions as directory_actions
from contraparte.directory import keyfiles, keyring, view
from contraparte.exchange import actions
from contraparte.exchange.composing import Composed, compose
from contraparte.exchange.inbox import accept_batch
from contraparte.exchange.models import Content, Conversation, Incident, Job, Message, Receipt, Refusal, Turn
from contraparte.exchange.receipts import keep_receipts
from contraparte.ledger.models import Leaf
from contraparte.protocol import limits
from contraparte.protocol.envelope import Envelope, seal
from contraparte.protocol.errors import (
    BatchMalformedError,
    ContraparteError,
    MessageRecipientError,
    ReceiptMismatchError,
)
from contraparte.protocol.frames import MEDIA_TYPE, encode_batch
from contraparte.protocol.http_signatures import sign_request
from contraparte.protocol.ids import new_id, new_nonce
from contraparte.protocol.keys import Purpose, generate
from contraparte.protocol.message import AccordRef, digest, issue
from contraparte.protocol.message import Message as Said
from contraparte.protocol.receipts import Statement, sign_batch
from tests.exchange.small_world import CENTRE, FEDERAL, OPERATOR, SmallWorld

TABLES = (Message, Content, Conversation, Turn, Job, Receipt, Refusal, Leaf, Incident)


def rows() -> dict[str, int]:
    return {model.__name__: model.objects.count() for model in TABLES}


def said(world: SmallWorld, text: str = "where?", **more: Any) -> Said:
    """A message of the federal office to the centre as it would be signed; never released, so never in its own log."""
    composed: Composed = compose(world.note(text, world.conversation(FEDERAL, CENTRE)), now=timezone.now())
    return replace(composed.message, **{"seq": 1, "nonce": new_nonce(), **more})


def sealed(message: Said, **other: Any) -> Envelope:
    """Signed and sealed as the federal office would, but for what `other` says."""
    presentation = other.pop("presentation", None) or issue(message, keyring.private_key("mx.fgr", Purpose.MESSAGE))
    return seal(
        presentation,
        **{
            "message_id": message.id,
            "sender": "mx.fgr",
            "recipient": "us.ntc",
            "sealing_key": keyring.sealing_key_of("us.ntc"),
            "signing_key": keyring.private_key("mx.fgr", Purpose.TRANSPORT),
            **other,
        },
    )


def answer(*envelopes: Envelope, peer: str = OPERATOR, now: datetime | None = None) -> list[Statement]:
    """What the inbox states about each envelope."""
    receipts = accept_batch(encode_batch(list(envelopes)), peer=peer, now=now or timezone.now())
    return [Statement.parse(receipt.statement) for receipt in receipts]


def told(statement: Statement) -> str:
    return statement.code or statement.kind


Lie = Callable[[SmallWorld], Envelope]


def _flipped(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def ciphertext_changed(world: SmallWorld) -> Envelope:
    honest = sealed(said(world))
    return replace(honest, ciphertext=_flipped(honest.ciphertext, 40))


def signed_by_a_stranger(world: SmallWorld) -> Envelope:
    return sealed(said(world), signing_key=generate("mx.fgr", Purpose.TRANSPORT))


def sealed_with_somebody_elses_signature(world: SmallWorld) -> Envelope:
    honest = sealed(said(world))
    return replace(honest, signature=sealed(said(world)).signature)


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        (ciphertext_changed, "signature.invalid"),
        (signed_by_a_stranger, "key.unknown"),
        (sealed_with_somebody_elses_signature, "signature.invalid"),
    ],
)
def test_what_nobody_proves_to_have_written_is_put_off_and_leaves_no_trace(
    world: SmallWorld, lie: Lie, code: str
) -> None:
    envelope, before = lie(world), rows()
    statement = answer(envelope)[0]
    assert (statement.kind, statement.code) == ("deferred", code)
    assert rows() == before


def test_a_node_cannot_deliver_for_agencies_it_does_not_run(world: SmallWorld) -> None:
    envelope, before = sealed(said(world)), rows()
    assert [(s.kind, s.code) for s in answer(envelope, peer="us.other")] == [("deferred", "message.author.wrong")]
    assert rows() == before


def unknown_type(world: SmallWorld) -> Envelope:
    return sealed(said(world, type="note.shout/1"))


def type_outside_the_accord(world: SmallWorld) -> Envelope:
    from contraparte.exchange import registry
    from tests.exchange.small_world import CLASSES, Note, handled

    if not any(known.name == "rumour.tell/1" for known in registry.message_types()):
        registry.register(registry.MessageType("rumour.tell/1", Note, handled.append, CLASSES, title="rumour"))
    return sealed(said(world, type="rumour.tell/1"))


def other_accord(world: SmallWorld) -> Envelope:
    return sealed(said(world, accord=AccordRef("mx-us-traces", "0" * 64)))


def no_such_post(world: SmallWorld) -> Envelope:
    return sealed(said(world, recipient="us.ntc/nobody"))


def body_without_its_text(world: SmallWorld) -> Envelope:
    return sealed(said(world, body={"serial": "AB123"}))


def body_of_another_kind(world: SmallWorld) -> Envelope:
    return sealed(said(world, body={"text": ["not", "a", "text"]}))


def unknown_restriction(world: SmallWorld) -> Envelope:
    honest = said(world)
    return sealed(replace(honest, marking=replace(honest.marking, handling=frozenset({"H9"}))))


def from_the_future(world: SmallWorld) -> Envelope:
    return sealed(said(world, created=timezone.now() + timedelta(minutes=6)))


def from_long_ago(world: SmallWorld) -> Envelope:
    return sealed(said(world, created=timezone.now() - timedelta(days=31)))


def expired(world: SmallWorld) -> Envelope:
    now = timezone.now()
    return sealed(said(world, created=now - timedelta(hours=2), expires=now - timedelta(hours=1)))


def another_id_inside(world: SmallWorld) -> Envelope:
    return sealed(said(world), message_id=new_id())


def another_sender_inside(world: SmallWorld) -> Envelope:
    inner = said(world, sender="mx.fge-son/firearms")
    return sealed(inner, presentation=issue(inner, keyring.private_key("mx.fge-son", Purpose.MESSAGE)))


def signed_by_another_agencys_key(world: SmallWorld) -> Envelope:
    inner = said(world)
    other = replace(inner, sender="mx.fge-son/firearms")
    return sealed(inner, presentation=issue(other, keyring.private_key("mx.fge-son", Purpose.MESSAGE)))


def not_a_message(world: SmallWorld) -> Envelope:
    return sealed(said(world), presentation=b"eyJhbGciOiJub25lIn0.e30.~")


def as_deep_as_it_goes(world: SmallWorld) -> Envelope:
    return sealed(said(world), presentation=b"[" * 100_000)


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        (unknown_type, "message.type.unknown"),
        (type_outside_the_accord, "accord.type.forbidden"),
        (other_accord, "message.accord.other"),
        (no_such_post, "message.recipient.unknown"),
        (body_without_its_text, "message.body.invalid"),
        (body_of_another_kind, "message.body.invalid"),
        (unknown_restriction, "message.marking.unknown"),
        (from_the_future, "message.clock"),
        (from_long_ago, "message.clock"),
        (expired, "message.expired"),
        (another_id_inside, "envelope.mismatch"),
        (another_sender_inside, "envelope.mismatch"),
        (signed_by_another_agencys_key, "envelope.mismatch"),
        (not_a_message, "signature.header"),
        (as_deep_as_it_goes, "message.malformed"),
    ],
)
def test_what_is_proven_and_wrong_is_refused_for_good_and_nothing_of_it_is_kept(
    world: SmallWorld, lie: Lie, code: str
) -> None:
    envelope, before = lie(world), rows()
    statement = answer(envelope)[0]
    assert (statement.kind, statement.code) == ("rejected", code)
    after = rows()
    # the refusal itself: its row, its receipt and its leaf (with the log's opening leaf before the first)
    assert after.pop("Refusal") == before.pop("Refusal") + 1 and after.pop("Receipt") == before.pop("Receipt") + 1
    assert after.pop("Leaf") - before.pop("Leaf") in {1, 2}
    assert after == before
    assert answer(envelope)[0] == statement, "a repeat gets the stored refusal"


def test_the_same_id_with_other_bytes_is_a_conflict_that_changes_nothing_and_is_noted_once(world: SmallWorld) -> None:
    message = said(world)
    assert told(answer(sealed(message))[0]) == "accepted"
    before = rows()
    for _ in range(2):
        statement = answer(sealed(replace(message, body={"text": "something else"})))[0]
        assert (statement.kind, statement.code, statement.index) == ("rejected", "message.id.conflict", None)
    assert rows() == before | {"Incident": 1}


def test_a_number_far_ahead_is_put_off_without_counting_up_to_it(world: SmallWorld) -> None:
    first, far = said(world), said(world, "far")
    assert told(answer(sealed(first))[0]) == "accepted"
    for seq in (2**31, limits.JSON_NUMBER):
        ahead = replace(far, id=new_id(), conversation=first.conversation, seq=seq)
        assert told(answer(sealed(ahead))[0]) == "order.gap"
        wrong = replace(ahead, id=new_id(), type="note.shout/1")
        assert told(answer(sealed(wrong))[0]) == "message.type.unknown"


def test_another_post_of_the_agency_is_not_written_to_in_somebodys_thread(world: SmallWorld) -> None:
    first = said(world)
    assert told(answer(sealed(first))[0]) == "accepted"
    aside = replace(said(world, "psst"), conversation=first.conversation, seq=2, recipient="us.ntc/annex")
    assert told(answer(sealed(aside))[0]) == "conversation.not_party"


def test_what_was_sealed_to_a_key_no_longer_kept_is_put_off(world: SmallWorld) -> None:
    envelope, before = sealed(said(world)), rows()
    for file in keyfiles.folder().glob("us.ntc__seal*"):
        file.unlink()
    view.forget()
    assert [(s.kind, s.code) for s in answer(envelope)] == [("deferred", "key.retired")]
    assert rows() == before


def test_an_author_key_that_has_not_reached_this_directory_yet_puts_off_and_refuses_nothing(world: SmallWorld) -> None:
    message, fresh = said(world), generate("mx.fgr", Purpose.MESSAGE)
    before = rows()
    envelope = sealed(message, presentation=issue(message, fresh))
    assert [(s.kind, s.code) for s in answer(envelope)] == [("deferred", "key.unknown")]
    assert rows() == before


def test_the_same_message_sealed_again_gets_its_first_receipt(world: SmallWorld) -> None:
    message = said(world)
    presentation = issue(message, keyring.private_key("mx.fgr", Purpose.MESSAGE))
    first = accept_batch(encode_batch([sealed(message, presentation=presentation)]), peer=OPERATOR, now=timezone.now())
    again = accept_batch(encode_batch([sealed(message, presentation=presentation)]), peer=OPERATOR, now=timezone.now())
    assert first == again


def test_one_id_twice_in_a_batch_counts_once(world: SmallWorld) -> None:
    message = said(world)
    assert [told(s) for s in answer(sealed(message), sealed(message))] == ["accepted", "busy"]
    assert Message.objects.filter(direction="in").count() == 1


def test_what_comes_too_early_waits_for_what_goes_before_it(world: SmallWorld) -> None:
    first = said(world)
    second = replace(said(world, "second"), conversation=first.conversation, seq=2)
    assert told(answer(sealed(second))[0]) == "order.gap"
    assert [told(s) for s in answer(sealed(first), sealed(second))] == ["accepted", "accepted"]


def test_a_number_is_used_once(world: SmallWorld) -> None:
    first = said(world)
    other = replace(said(world, "other"), conversation=first.conversation, seq=1)
    assert [told(s) for s in answer(sealed(first), sealed(other))] == ["accepted", "message.seq.used"]


def test_a_refused_number_leaves_no_gap(world: SmallWorld) -> None:
    first = said(world)
    wrong = replace(said(world, "wrong"), conversation=first.conversation, seq=2, type="note.shout/1")
    third = replace(said(world, "third"), conversation=first.conversation, seq=3)
    assert [told(s) for s in answer(sealed(first))] == ["accepted"]
    assert [told(s) for s in answer(sealed(wrong))] == ["message.type.unknown"]
    assert [told(s) for s in answer(sealed(third))] == ["accepted"]


def test_a_stranger_to_a_conversation_is_refused(world: SmallWorld) -> None:
    theirs = said(world)
    assert told(answer(sealed(theirs))[0]) == "accepted"
    mine = replace(said(world), conversation=theirs.conversation, sender="mx.fge-son/firearms")
    envelope = sealed(
        mine,
        sender="mx.fge-son",
        presentation=issue(mine, keyring.private_key("mx.fge-son", Purpose.MESSAGE)),
        signing_key=keyring.private_key("mx.fge-son", Purpose.TRANSPORT),
    )
    assert told(answer(envelope)[0]) == "conversation.not_party"


def test_content_waits_while_an_accord_is_suspended(world: SmallWorld) -> None:
    envelope = sealed(said(world))
    directory_actions.suspend_accord("mx-us-traces", country="mx", now=timezone.now())
    before = rows()
    assert [(s.kind, s.code) for s in answer(envelope)] == [("deferred", "accord.suspended")]
    assert rows() == before


def test_a_batch_for_somebody_else_is_not_answered(world: SmallWorld) -> None:
    message = said(world)
    stranger = generate("us.stranger", Purpose.SEAL).public()
    with pytest.raises(MessageRecipientError):
        answer(sealed(message, recipient="us.stranger", sealing_key=stranger))


@given(raw=st.one_of(st.binary(max_size=400), st.binary(max_size=60).map(lambda tail: b"CPB1" + tail)))
@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_bytes_that_are_no_batch_are_refused_as_such(world: SmallWorld, raw: bytes) -> None:
    before = rows()
    try:
        receipts = accept_batch(raw, peer=OPERATOR, now=timezone.now())
    except ContraparteError as error:
        assert error.code
    else:
        assert receipts == []
    assert rows() == before


@given(at=st.integers(min_value=0), bit=st.integers(min_value=0, max_value=7))
@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_single_changed_bit_gets_a_batch_accepted(world: SmallWorld, at: int, bit: int) -> None:
    honest = encode_batch([sealed(said(world))])
    at %= len(honest)
    raw = honest[:at] + bytes([honest[at] ^ (1 << bit)]) + honest[at + 1 :]
    before = rows()
    try:
        kinds = {Statement.parse(r.statement).kind for r in accept_batch(raw, peer=OPERATOR, now=timezone.now())}
    except ContraparteError as error:
        assert error.code
    else:
        assert kinds <= {"deferred"}
    assert rows() == before


# --- receipts that lie ---


def _statement(row: Message, **other: Any) -> Statement:
    return Statement(
        **{
            "kind": "accepted",
            "message_id": str(row.uuid),
            "digest": bytes(row.digest),
            "envelope_hash": bytes(row.envelope_hash),
            "receiver": "us.ntc",
            "sender": "mx.fgr",
            "log_origin": "us.ntc/mx.fgr/2026",
            "index": 1,
            "leaf_hash": bytes(32),
            "code": None,
            "at": timezone.now(),
            **other,
        }
    )


def _queued(world: SmallWorld) -> Message:
    sent = actions.send_all([world.note("x", world.conversation(FEDERAL, CENTRE))], now=timezone.now())[0]
    return Message.objects.get(uuid=sent)


@pytest.mark.parametrize(
    "other",
    [
        {"digest": hashlib.sha256(b"other").digest()},
        {"envelope_hash": hashlib.sha256(b"other").digest()},
        {"message_id": "b3c1f7a2-7a53-4c29-9b36-1f3a0c8f6f11"},
    ],
)
def test_a_receipt_for_something_never_sent_settles_nothing(world: SmallWorld, other: dict[str, Any]) -> None:
    row = _queued(world)
    receipts = sign_batch([_statement(row, **other)], keyring.private_key("us.ntc", Purpose.TRANSPORT))
    before = rows()
    with pytest.raises(ReceiptMismatchError):
        keep_receipts(receipts, peer=OPERATOR)
    row.refresh_from_db()
    assert row.state == Message.State.QUEUED and rows() == before


def test_a_receipt_signed_by_somebody_else_settles_nothing(world: SmallWorld) -> None:
    row = _queued(world)
    receipts = sign_batch([_statement(row)], generate("us.ntc", Purpose.TRANSPORT))
    with pytest.raises(ContraparteError) as caught:
        keep_receipts(receipts, peer=OPERATOR)
    assert caught.value.code == "key.unknown"
    row.refresh_from_db()
    assert row.state == Message.State.QUEUED


def test_a_receiver_that_contradicts_itself_is_an_incident(world: SmallWorld) -> None:
    row = _queued(world)
    key = keyring.private_key("us.ntc", Purpose.TRANSPORT)
    keep_receipts(sign_batch([_statement(row)], key), peer=OPERATOR)
    keep_receipts(sign_batch([_statement(row, kind="rejected", code="message.clock")], key), peer=OPERATOR)
    row.refresh_from_db()
    assert row.state == Message.State.SENT
    assert [incident.code for incident in Incident.objects.all()] == ["receipt.contradiction"]


# --- requests that lie ---

URL = "/peer/messages"


def _post(body: bytes, headers: dict[str, str], url: str = URL) -> Any:
    return Client().post(
        url,
        data=body,
        content_type=headers.pop("content-type", MEDIA_TYPE),
        headers=headers,
    )


def _signed(
    body: bytes, key: Any = None, at: datetime | None = None, url: str = "http://127.0.0.1:8000" + URL
) -> dict[str, str]:
    signer = key or keyring.private_key(OPERATOR, Purpose.TRANSPORT)
    return dict(sign_request("POST", url, {"content-type": MEDIA_TYPE}, body, signer, at or timezone.now()))


def test_a_signed_request_is_answered(world: SmallWorld) -> None:
    body = encode_batch([sealed(said(world))])
    answered = _post(body, _signed(body))
    assert answered.status_code == 200 and Message.objects.filter(direction="in").count() == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: (body, {}),
        lambda body: (body, _signed(b"other")),
        lambda body: (body, _signed(body, at=datetime.now(UTC) - timedelta(seconds=limits.REQUEST_SIGNATURE_S + 5))),
        lambda body: (body, _signed(body, key=generate("mx.fgr", Purpose.TRANSPORT))),
        lambda body: (body, _signed(body, url="http://127.0.0.1:8000/peer/receipts")),
        lambda body: (body, {**_signed(body), "signature": "cp=:AAAA:"}),
    ],
    ids=["unsigned", "other body", "old", "unknown key", "other address", "no signature"],
)
def test_a_request_that_does_not_prove_its_node_is_refused(world: SmallWorld, spoil: Any) -> None:
    body, headers = spoil(encode_batch([sealed(said(world))]))
    before = rows()
    answered = _post(body, headers)
    assert (answered.status_code, answered.json()) == (401, {"code": "peer.unproven"})
    assert rows() == before


def test_a_request_that_is_too_long_is_refused_before_it_is_read(world: SmallWorld) -> None:
    answered = Client().generic("POST", URL, b"x", CONTENT_TYPE=MEDIA_TYPE, CONTENT_LENGTH=str(limits.BATCH_BYTES + 1))
    assert (answered.status_code, answered.json()) == (413, {"code": "protocol.bound"})


def test_garbage_in_a_signed_request_is_refused(world: SmallWorld) -> None:
    answered = _post(b"garbage", _signed(b"garbage"))
    assert (answered.status_code, answered.json()) == (400, {"code": BatchMalformedError.code})


def test_only_posting_is_answered(world: SmallWorld) -> None:
    assert Client().get(URL).status_code == 405


def test_the_digest_of_a_message_covers_its_disclosures(world: SmallWorld) -> None:
    message = said(world)
    presentation = issue(message, keyring.private_key("mx.fgr", Purpose.MESSAGE))
    shorter = b"~".join([*presentation.split(b"~")[:-2], b""])
    assert digest(shorter) != digest(presentation)


# --- control types ---


def test_a_message_with_content_keeps_its_place_and_a_control_message_has_none(world: SmallWorld) -> None:
    order = {"item": new_id(), "reason": "mistake"}
    lies = [said(world, seq=None), said(world, type="recall.order/1", body=order)]
    before = {name: count for name, count in rows().items() if name not in {"Refusal", "Receipt", "Leaf"}}
    assert [told(answer(sealed(lie))[0]) for lie in lies] == ["message.malformed"] * 2
    assert before.items() <= rows().items()
    assert told(answer(sealed(replace(lies[1], id=new_id(), seq=None)))[0]) == "accepted"
