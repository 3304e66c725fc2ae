"""A peer with real keys that lies over real sockets gets coded refusals, changes nothing, and the node goes on."""

import http.client
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import requests

from contraparte.node.demo_nodes import Node
from contraparte.protocol import limits
from contraparte.protocol.envelope import Envelope
from contraparte.protocol.frames import MEDIA_TYPE, encode_batch
from contraparte.protocol.keys import Purpose, generate
from tests.acceptance.liar import LIAR, NEIGHBOUR, Liar, Lie, flipped, now
from tests.acceptance.trio import Trio, copy_home, fsck, row_counts, serve_copy

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def victim(traced: Trio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A copy of the Mexican node that serves beside it, so that what it refuses stays out of the other tests."""
    folder = tmp_path_factory.mktemp("victim")
    node = serve_copy(traced.nodes["mx"], copy_home(traced.nodes["mx"], folder / "home"), folder)
    yield node
    node.stop()


@pytest.fixture
def liar(traced: Trio, victim: Node) -> Iterator[Liar]:
    made = Liar(traced, victim.url, traced.nodes["mx"].url)
    yield made
    assert requests.get(f"{victim.url}/healthz", timeout=60).status_code == 200, "it goes on serving"
    assert made.send(made.sealed(made.said())).told == ["accepted"], "and accepting what is honest"


# --- requests that do not prove who sends them ---


def test_an_unsigned_request_is_not_read(liar: Liar, victim: Node) -> None:
    before = row_counts(victim)
    answer = liar.post(encode_batch([liar.sealed(liar.said())]), {"content-type": MEDIA_TYPE})
    assert (answer.status, answer.code) == (401, "peer.unproven")
    assert row_counts(victim) == before


def test_a_request_signed_by_no_known_key_is_not_read(liar: Liar, victim: Node) -> None:
    before, body = row_counts(victim), encode_batch([liar.sealed(liar.said())])
    for key in (generate(LIAR, Purpose.TRANSPORT), generate("us.nobody", Purpose.TRANSPORT)):
        answer = liar.post(body, liar.request(body, key=key))
        assert (answer.status, answer.code) == (401, "peer.unproven")
    assert row_counts(victim) == before


def test_a_signature_is_good_for_one_body_one_address_and_a_short_time(liar: Liar, victim: Node) -> None:
    before, body = row_counts(victim), encode_batch([liar.sealed(liar.said())])
    lies = {
        "another body": (flipped(body, len(body) - 1), liar.request(body)),
        "another address": (body, liar.request(body, path="/peer/receipts")),
        "too old": (body, liar.request(body, at=now() - timedelta(seconds=400))),
        "from the future": (body, liar.request(body, at=now() + timedelta(seconds=400))),
    }
    for what, (sent, headers) in lies.items():
        answer = liar.post(sent, headers)
        assert (answer.status, answer.code) == (401, "peer.unproven"), what
    assert row_counts(victim) == before


def test_a_request_too_large_is_refused_before_it_is_read(liar: Liar, victim: Node) -> None:
    before, parts = row_counts(victim), urlsplit(victim.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    connection.putrequest("POST", "/peer/messages")
    for name, value in (liar.request(b"x") | {"content-length": str(limits.BATCH_BYTES + 1)}).items():
        connection.putheader(name, value)
    connection.endheaders(b"x")
    answer = connection.getresponse()
    assert answer.status == 413
    assert b"protocol.bound" in answer.read()
    connection.close()
    assert row_counts(victim) == before


def test_what_is_no_batch_is_refused_as_a_whole(liar: Liar, victim: Node) -> None:
    before, honest = row_counts(victim), encode_batch([liar.sealed(liar.said())])
    for body in (b"not a batch", honest[:-7], honest + b"and more", b"CPB1" + b"\xff" * 64):
        answer = liar.post(body, liar.request(body))
        assert answer.status in {400, 413}
        assert answer.code
    assert row_counts(victim) == before


# --- the same again, and the same id with other bytes ---


def test_a_replayed_request_gets_its_first_answer_byte_for_byte(liar: Liar, victim: Node) -> None:
    body = encode_batch([liar.sealed(liar.said())])
    headers = liar.request(body)
    first = liar.post(body, headers)
    assert first.told == ["accepted"]
    before = row_counts(victim)
    assert liar.post(body, headers) == first
    assert liar.post(body, liar.request(body)) == first
    assert row_counts(victim) == before


def test_an_id_with_other_bytes_is_a_conflict_and_an_incident(liar: Liar, victim: Node) -> None:
    message = liar.said()
    assert liar.send(liar.sealed(message)).told == ["accepted"]
    before = row_counts(victim)
    other = liar.said(id=message.id, conversation=message.conversation)
    for _ in range(2):
        assert liar.send(liar.sealed(other)).told == ["message.id.conflict"]
    assert row_counts(victim) == before | {"exchange_incident": before["exchange_incident"] + 1}


def test_what_comes_too_early_waits_and_a_number_counts_once(liar: Liar, victim: Node) -> None:
    first = liar.said()
    second = liar.said(conversation=first.conversation, seq=2)
    before = row_counts(victim)
    assert liar.send(liar.sealed(second)).told == ["order.gap"]
    assert row_counts(victim) == before
    assert liar.send(liar.sealed(first), liar.sealed(second)).told == ["accepted", "accepted"]
    again = liar.said(conversation=first.conversation, seq=2)
    assert liar.send(liar.sealed(again)).told == ["message.seq.used"]


# --- envelopes and messages that lie ---


def signed_by_a_stranger(liar: Liar) -> Envelope:
    return liar.sealed(liar.said(), signing_key=generate(LIAR, Purpose.TRANSPORT))


def ciphertext_changed(liar: Liar) -> Envelope:
    honest = liar.sealed(liar.said())
    return replace(honest, ciphertext=flipped(honest.ciphertext, 40))


def in_the_name_of_another(liar: Liar) -> Envelope:
    """Rightly signed by an agency of another node, and delivered by one that does not run it."""
    return liar.sealed(liar.said(), sender=NEIGHBOUR, signing_key=liar.neighbours_key)


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        (signed_by_a_stranger, "key.unknown"),
        (ciphertext_changed, "signature.invalid"),
        (in_the_name_of_another, "message.author.wrong"),
    ],
)
def test_an_envelope_nobody_proves_to_have_sealed_is_put_off_and_leaves_no_trace(
    liar: Liar, victim: Node, lie: Lie, code: str
) -> None:
    before = row_counts(victim)
    answer = liar.send(lie(liar))
    assert [(one.kind, one.code) for one in answer.statements] == [("deferred", code)]
    assert row_counts(victim) == before


def as_deep_as_it_goes(liar: Liar) -> Envelope:
    return liar.sealed(liar.said(), presentation=b"[" * 100_000)


def unsigned_message(liar: Liar) -> Envelope:
    return liar.sealed(liar.said(), presentation=b"eyJhbGciOiJub25lIn0.e30.~")


def another_id_inside(liar: Liar) -> Envelope:
    return liar.sealed(liar.said(), message_id=liar.said().id)


def unknown_type(liar: Liar) -> Envelope:
    return liar.sealed(liar.said(type="trace.shout/1"))


def from_the_future(liar: Liar) -> Envelope:
    return liar.sealed(liar.said(created=now() + timedelta(minutes=6)))


def body_of_another_kind(liar: Liar) -> Envelope:
    return liar.sealed(liar.said(body={"reference": ["a", "list"]}))


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        (as_deep_as_it_goes, "message.malformed"),
        (unsigned_message, "signature.header"),
        (another_id_inside, "envelope.mismatch"),
        (unknown_type, "message.type.unknown"),
        (from_the_future, "message.clock"),
        (body_of_another_kind, "message.body.invalid"),
    ],
)
def test_a_proven_lie_is_refused_for_good_logged_and_nothing_of_it_kept(
    liar: Liar, victim: Node, lie: Lie, code: str
) -> None:
    envelope, before = lie(liar), row_counts(victim)
    answer = liar.send(envelope)
    assert [(one.kind, one.code) for one in answer.statements] == [("rejected", code)]
    after = row_counts(victim)
    # the refusal, its receipt with its head, its leaf with the checkpoint over it
    grown = {name: after[name] - count for name, count in before.items() if after[name] != count}
    assert grown == dict.fromkeys(
        ("exchange_receipt", "exchange_receipthead", "exchange_refusal", "ledger_checkpoint", "ledger_leaf"), 1
    )
    assert liar.send(envelope).statements == answer.statements, "a repeat gets the stored refusal"


def test_after_all_lies_the_ledger_still_holds(victim: Node) -> None:
    status, report = fsck(victim)
    assert status == 0, report["findings"]
