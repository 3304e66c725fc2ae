import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws as joserfc_jws
from joserfc.jwk import OKPKey

from contraparte.protocol import ids, jws, limits
from contraparte.protocol.disclosure import digests_of
from contraparte.protocol.encoding import base64url, base64url_ascii, compact_json
from contraparte.protocol.errors import (
    BoundExceededError,
    ContraparteError,
    DisclosureInvalidError,
    EncodingInvalidError,
    IdentifierInvalidError,
    InputError,
    KeyPurposeError,
    KeyUnknownError,
    MarkingMalformedError,
    MessageClockError,
    MessageExpiredError,
    MessageMalformedError,
    ProtocolError,
    SignatureHeaderError,
    SignatureInvalidError,
)
from contraparte.protocol.keys import Purpose
from contraparte.protocol.message import (
    TYP,
    AccordRef,
    Withheld,
    check_clock,
    content_digest,
    digest,
    drop_disclosures,
    issue,
    read,
)
from tests.protocol.builders import (
    BODY,
    MARKING,
    MESSAGE_KEY,
    NOW,
    SENDER,
    TRACING,
    TRANSPORT_KEY,
    a_file,
    a_message,
    bodies,
    mutations,
    other_key,
    resolve,
    texts,
    values,
)

PRESENTATION = issue(a_message(withheld=(Withheld("/victim/name", "policy:victim"),)), MESSAGE_KEY)


def payload_of(presentation):
    encoded = presentation.split(b"~")[0].split(b".")[1]
    return json.loads(base64.urlsafe_b64decode(encoded + b"=="))


def presented(payload, disclosures=(), key=MESSAGE_KEY, typ=TYP):
    """A well signed presentation of any payload, as a sender that breaks the rules could make it."""
    encoded = base64url_ascii(compact_json(payload))
    header, signature = jws.sign(encoded, typ, key)
    return b"~".join((header + b"." + encoded + b"." + signature, *disclosures, b""))


def altered(change, **of):
    """A message whose signed payload was changed before signing."""
    presentation = issue(a_message(**of), MESSAGE_KEY)
    payload = payload_of(presentation)
    change(payload)
    return presented(payload, presentation.split(b"~")[1:-1])


@given(
    bodies,
    st.one_of(st.none(), st.integers(1, 2**53 - 1)),
    st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)),
)
def test_what_is_issued_is_read_as_it_was(body, seq, created):
    message = a_message(
        body=body,
        seq=seq,
        created=created,
        expires=created + timedelta(days=3),
        in_reply_to=ids.new_id(),
        supersedes=ids.new_id(),
        copy_of=ids.new_id(),
        attachments=({"sha256": "ab" * 32, "size": 5},),
    )
    assert read(issue(message, MESSAGE_KEY), resolve) == message


def test_withheld_members_are_listed_and_absent():
    message = read(PRESENTATION, resolve)
    assert message.withheld == (Withheld("/victim/name", "policy:victim"),)
    assert "victim" not in message.body


@given(
    st.dictionaries(
        texts.filter(lambda name: name not in ("_sd", "...")).map(lambda name: "x-" + name), values, max_size=3
    )
)
def test_unknown_members_are_kept_and_written_again(extra):
    message = a_message(extra=extra)
    once = read(issue(message, MESSAGE_KEY), resolve)
    assert once.extra == extra
    again = read(issue(once, MESSAGE_KEY), resolve)
    assert again == message


def test_the_signature_is_a_plain_jws_that_another_library_verifies():
    token = PRESENTATION.split(b"~")[0].decode()
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": base64url(MESSAGE_KEY.public().raw)})
    verified = joserfc_jws.deserialize_compact(token, key, algorithms=["Ed25519"])
    assert verified.headers() == {"alg": "Ed25519", "kid": MESSAGE_KEY.kid, "typ": "cp-message+sd-jwt"}
    assert json.loads(verified.payload)["id"] == read(PRESENTATION, resolve).id


def test_a_jws_of_another_library_is_read():
    private = OKPKey.import_key(
        {"kty": "OKP", "crv": "Ed25519", "x": base64url(MESSAGE_KEY.public().raw), "d": base64url(MESSAGE_KEY.raw)}
    )
    header = {"typ": TYP, "kid": MESSAGE_KEY.kid, "alg": "Ed25519"}
    payload = json.dumps(payload_of(PRESENTATION), indent=1)
    token = joserfc_jws.serialize_compact(header, payload, private, algorithms=["Ed25519"]).encode()
    presentation = b"~".join((token, *PRESENTATION.split(b"~")[1:]))
    assert read(presentation, resolve) == read(PRESENTATION, resolve)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "kid": MESSAGE_KEY.kid, "typ": TYP},
        {"alg": "EdDSA", "kid": MESSAGE_KEY.kid, "typ": TYP},
        {"alg": "Ed25519", "kid": MESSAGE_KEY.kid, "typ": "cp-envelope+jws"},
        {"alg": "Ed25519", "kid": MESSAGE_KEY.kid, "typ": TYP.upper()},
        {"alg": "Ed25519", "kid": MESSAGE_KEY.kid},
        {"alg": "Ed25519", "typ": TYP},
        {"alg": "Ed25519", "kid": MESSAGE_KEY.kid, "typ": TYP, "crit": ["b64"], "b64": False},
        {"alg": "Ed25519", "kid": MESSAGE_KEY.kid, "typ": TYP, "jwk": {}},
        {"alg": "Ed25519", "kid": ["x"], "typ": TYP},
        {"alg": ["Ed25519"], "kid": MESSAGE_KEY.kid, "typ": TYP},
        {"alg": "Ed25519", "kid": MESSAGE_KEY.kid, "typ": TYP, "x": "y" * 600},
    ],
)
def test_a_header_other_than_the_exact_one_is_refused(header):
    encoded = base64url_ascii(compact_json(header))
    payload = PRESENTATION.split(b"~")[0].split(b".")[1]
    signature = base64url_ascii(MESSAGE_KEY.sign(encoded + b"." + payload))
    with pytest.raises((SignatureHeaderError, IdentifierInvalidError, BoundExceededError)):
        read(b"~".join((b".".join((encoded, payload, signature)), *PRESENTATION.split(b"~")[1:])), resolve)


def test_only_the_senders_message_key_signs_and_is_believed():
    message = a_message()
    for key in (TRANSPORT_KEY, other_key(Purpose.MESSAGE, "mx.fgr")):
        with pytest.raises(KeyPurposeError):
            issue(message, key)
    stranger = other_key(Purpose.MESSAGE)
    with pytest.raises(KeyUnknownError):
        read(issue(message, stranger), resolve)
    impostor = other_key(Purpose.MESSAGE, "mx.fgr")
    forged = presented(payload_of(PRESENTATION), PRESENTATION.split(b"~")[1:-1], impostor)
    with pytest.raises(KeyPurposeError):
        read(forged, lambda kid: impostor.public())
    with pytest.raises(KeyPurposeError):
        read(presented(payload_of(PRESENTATION), key=TRANSPORT_KEY), resolve)
    with pytest.raises(SignatureInvalidError):
        read(PRESENTATION, lambda kid: stranger.public())


@given(mutations(PRESENTATION))
def test_no_mutation_of_a_presentation_is_read_as_another_message(mutated):
    if mutated == PRESENTATION:
        return
    try:
        message = read(mutated, resolve)
    except (ProtocolError, InputError):
        return
    # Whole disclosures may be left out or change places (P2.3); nothing else may differ.
    assert set(mutated.split(b"~")) <= set(PRESENTATION.split(b"~"))
    assert replace(message, body={}) == replace(read(PRESENTATION, resolve), body={})


@given(st.binary() | st.binary().map(lambda raw: raw + b"~") | st.text("eyJ.~=-_A{}", max_size=80).map(str.encode))
def test_random_bytes_are_refused(raw):
    with pytest.raises((ProtocolError, InputError)):
        read(raw, resolve)


@given(
    st.dictionaries(st.sampled_from([*payload_of(PRESENTATION), "seq", "expires", "attachments"]), values, max_size=3)
)
def test_any_signed_payload_is_read_or_refused_by_a_coded_error(changes):
    try:
        message = read(altered(lambda payload: payload.update(changes)), resolve)
    except (ProtocolError, InputError) as error:
        assert error.code != ContraparteError.code
        return
    assert read(issue(message, MESSAGE_KEY), resolve) == message


@pytest.mark.parametrize(
    "member",
    ["id", "nonce", "conversation", "type", "sender", "recipient", "accord", "created", "marking", "body", "_sd_alg"],
)
def test_a_missing_member_is_refused(member):
    with pytest.raises((ProtocolError, InputError)):
        read(altered(lambda payload: payload.pop(member)), resolve)


@pytest.mark.parametrize(
    ("member", "value", "error"),
    [
        ("seq", 0, MessageMalformedError),
        ("seq", True, MessageMalformedError),
        ("seq", None, MessageMalformedError),
        ("seq", 1.0, MessageMalformedError),
        ("in_reply_to", None, MessageMalformedError),
        ("expires", None, EncodingInvalidError),
        ("expires", "2020-01-01T00:00:00Z", MessageMalformedError),
        ("created", "2026-03-04T05:06:07+00:00", EncodingInvalidError),
        ("accord", {"id": "x", "hash": "zz"}, MessageMalformedError),
        ("accord", {"id": "x", "hash": "ab" * 32, "more": 1}, MessageMalformedError),
        ("attachments", [], MessageMalformedError),
        ("attachments", [{}] * 65, BoundExceededError),
        ("withheld", [{"pointer": "a", "reason": "x"}], MessageMalformedError),
        ("withheld", [{"pointer": "/firearm/serial", "reason": "x"}], MessageMalformedError),
        ("withheld", [{"pointer": "/a~2", "reason": "x"}], MessageMalformedError),
        ("withheld", [{"pointer": "/a", "reason": ""}], MessageMalformedError),
        ("withheld", [{"pointer": "/a"}], MessageMalformedError),
        ("withheld", [{"pointer": "/a", "reason": "x"}] * 513, BoundExceededError),
        ("sender", "mx.fge-son", IdentifierInvalidError),
        ("sender", "us.atf-ntc/tracing", KeyPurposeError),
        ("type", "trace", IdentifierInvalidError),
        ("nonce", "AAAAAAAAAAAAAAAAAAAAAB", IdentifierInvalidError),
        ("_sd_alg", "sha-512", DisclosureInvalidError),
        ("_sd", ["x"], DisclosureInvalidError),
        ("x-new", {"_sd": []}, DisclosureInvalidError),
        ("x-new", [{"...": "x"}], DisclosureInvalidError),
        ("marking", MARKING.to_json() | {"circle": 5}, MarkingMalformedError),
    ],
)
def test_a_wrong_member_is_refused_by_its_own_error(member, value, error):
    with pytest.raises(error):
        read(altered(lambda payload: payload.update({member: value})), resolve)


def test_a_withheld_pointer_into_an_array_does_not_judge_shifted_places():
    body = {"guns": [{"maker": "A"}]}
    message = a_message(
        body=body, withheld=(Withheld("/guns/0/serial", "x"), Withheld("/guns/0/maker", "of another gun"))
    )
    assert read(issue(message, MESSAGE_KEY), resolve) == message


def test_bytes_behind_the_last_disclosure_are_refused():
    for spoiled in (PRESENTATION[:-1], PRESENTATION + b"~", PRESENTATION + b"a.b.c", b"~" + PRESENTATION, b"", b"~"):
        with pytest.raises(ProtocolError):
            read(spoiled, resolve)


def test_size_is_bounded_on_both_sides():
    text = "x" * 10_000
    with pytest.raises(BoundExceededError):
        issue(a_message(body={str(number): text for number in range(30)}), MESSAGE_KEY)
    with pytest.raises(BoundExceededError):
        read(PRESENTATION + b"A" * limits.PRESENTATION_BYTES, resolve)


@pytest.mark.parametrize(
    "members",
    [
        {"id": "1"},
        {"created": NOW.replace(tzinfo=None)},
        {"expires": NOW},
        {"body": []},
        {"seq": -1},
        {"extra": {"body": 1}},
        {"extra": {"_sd": []}},
        {"withheld": (Withheld("/note", "x"),)},
        {"recipient": "us.atf-ntc"},
    ],
)
def test_a_message_that_cannot_be_is_not_made(members):
    with pytest.raises((ProtocolError, InputError)):
        a_message(**members)


@pytest.mark.parametrize(
    "members", [{"extra": {"x": {"_sd": []}}}, {"extra": {"x": 2**60}}, {"attachments": ({"x": "\0"},)}]
)
def test_free_members_that_could_not_be_read_are_not_issued(members):
    with pytest.raises(ProtocolError):
        issue(a_message(**members), MESSAGE_KEY)


def test_each_issuance_is_another_presentation_of_the_same_content():
    message = a_message()
    first, second = issue(message, MESSAGE_KEY), issue(message, MESSAGE_KEY)
    assert digest(first) != digest(second)
    assert content_digest(read(first, resolve)) == content_digest(read(second, resolve)) == content_digest(message)


def test_an_approval_covers_everything_but_what_the_sending_adds():
    message = a_message()
    covered = content_digest(message)
    for sent in (
        {"id": ids.new_id()},
        {"nonce": ids.new_nonce()},
        {"seq": 9},
        {"created": NOW + timedelta(hours=1)},
        {"expires": NOW + timedelta(days=1)},
    ):
        assert content_digest(replace(message, **sent)) == covered
    for changed in (
        {"conversation": ids.new_id()},
        {"type": "trace.request/2"},
        {"recipient": TRACING + "2"},
        {"sender": SENDER + "/other"},
        {"accord": AccordRef("mx-us-firearms", "cd" * 32)},
        {"in_reply_to": ids.new_id()},
        {"supersedes": ids.new_id()},
        {"copy_of": ids.new_id()},
        {"marking": replace(MARKING, handling=frozenset({"H2"}))},
        {"body": BODY | {"note": " "}},
        {"withheld": (Withheld("/victim", "x"),)},
        {"attachments": ({"sha256": "ab"},)},
        {"extra": {"x": 1}},
    ):
        assert content_digest(replace(message, **changed)) != covered


def test_an_approval_covers_what_is_in_a_file_and_not_how_it_was_sealed():
    message = a_message(attachments=(a_file().to_json(),))
    covered = content_digest(message)
    for sealing in ({"key": b"\x09" * 32}, {"sealed_sha256": b"\x09" * 32}, {"number": 8}):
        assert content_digest(replace(message, attachments=(a_file(**sealing).to_json(),))) == covered
    for content in ({"name": "b"}, {"media_type": "a/b"}, {"size": 1}, {"sha256": b"\x09" * 32}, {"extra": {"x": 1}}):
        assert content_digest(replace(message, attachments=(a_file(**content).to_json(),))) != covered


def test_the_clock_allows_five_minutes_ahead_and_thirty_days_behind():
    for offset in (timedelta(0), timedelta(minutes=5), timedelta(days=-30)):
        check_clock(a_message(created=NOW + offset), NOW)
    for offset in (timedelta(minutes=5, seconds=1), timedelta(days=-30, seconds=-1)):
        with pytest.raises(MessageClockError):
            check_clock(a_message(created=NOW + offset), NOW)
    short = a_message(expires=NOW + timedelta(hours=1))
    check_clock(short, NOW + timedelta(minutes=59))
    with pytest.raises(MessageExpiredError):
        check_clock(short, NOW + timedelta(hours=1))


def test_disclosures_are_dropped_by_pointer_and_the_rest_still_verifies():
    dropped = {"/firearm/serial", "/firearm/marks/0", "/firearm/parts/0", "/note"}
    onward = drop_disclosures(PRESENTATION, lambda pointer: pointer not in dropped)
    message = read(onward, resolve)
    assert message.body["firearm"] == {"maker": "Ñandú", "marks": ["right"], "parts": [[]]}
    assert "note" not in message.body
    assert message.body["rows"] == BODY["rows"]
    assert onward.split(b"~")[0] == PRESENTATION.split(b"~")[0]
    assert drop_disclosures(PRESENTATION, lambda _: True) == PRESENTATION
    bare = drop_disclosures(PRESENTATION, lambda _: False)
    assert read(bare, resolve).body == {"firearm": {"marks": [], "parts": []}, "rows": []}
    with pytest.raises(ProtocolError):
        drop_disclosures(PRESENTATION + PRESENTATION, lambda _: True)


@given(bodies, st.randoms())
def test_dropping_never_adds_or_changes(body, random):
    presentation = issue(a_message(body=body), MESSAGE_KEY)
    onward = drop_disclosures(presentation, lambda _: random.random() < 0.6)
    assert set(onward.split(b"~")) <= set(presentation.split(b"~"))
    left = read(onward, resolve).body
    for name, value in left.items():
        assert isinstance(body[name], dict | list) or value == body[name]


def test_a_digest_outside_the_body_discloses_nothing():
    clear, disclosures = digests_of({"sender": "us.atf-ntc/tracing"})
    spoiled = payload_of(PRESENTATION) | clear
    with pytest.raises(DisclosureInvalidError):
        read(presented(spoiled, [*PRESENTATION.split(b"~")[1:-1], *disclosures]), resolve)
