"""The witness: cosigns a continuation of what it cosigned and nothing else, also when two ask at once."""

import threading
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contraparte.ledger import heads, incidents, witness
from contraparte.ledger.models import Incident
from contraparte.ledger.witness import Request, add_checkpoint, last_cosigned
from contraparte.protocol.errors import NoteMalformedError
from contraparte.protocol.keys import Purpose
from contraparte.protocol.notes import Checkpoint, Note, Signature, sign_note
from contraparte.protocol.tlog import consistency_path, leaf_hash, root_of
from tests.ledger.conftest import NOW, SONORA, TRACING

ORIGIN = f"{TRACING}/{SONORA}/2026"
HASHES = [leaf_hash(bytes([n])) for n in range(40)]


def checkpoint(keyring, size: int, hashes=HASHES, origin: str = ORIGIN) -> bytes:
    text = Checkpoint(origin, size, root_of(hashes[:size])).text()
    key = keyring.private[TRACING, Purpose.LOG]
    return Note(text, (sign_note(text, origin, key.public().raw, key.sign),)).to_bytes()


def ask(keyring, old: int, size: int, *, hashes=HASHES, proof=None, caller: str = TRACING, now=NOW):
    steps = consistency_path(hashes[:size], old) if proof is None else proof
    return add_checkpoint(
        Request(old, tuple(steps), checkpoint(keyring, size, hashes)).to_bytes(), caller=caller, now=now
    )


def test_a_first_head_and_its_continuations_are_cosigned(keyring):
    for old, size in ((0, 3), (3, 3), (3, 17), (17, 40)):
        answer = ask(keyring, old, size)
        assert answer.status == 200
        note = Note.parse(checkpoint(keyring, size))
        line = Signature.parse(answer.body.decode().rstrip("\n"))
        assert line.name == f"{SONORA}/witness"
        (key,) = heads.witness_keys(SONORA)
        assert key.verify(note.text, line) == int(NOW.timestamp())
        assert last_cosigned(ORIGIN).size == size


def test_a_stale_size_is_answered_with_the_size_cosigned_last(keyring):
    ask(keyring, 0, 17)
    for old in (0, 3, 16):
        answer = ask(keyring, old, 20)
        assert (answer.status, answer.body, answer.media_type) == (409, b"17\n", "text/x.tlog.size")
    assert last_cosigned(ORIGIN).size == 17


@pytest.mark.django_db
def test_another_root_of_the_size_cosigned_is_refused_and_recorded(keyring):
    ask(keyring, 0, 17)
    forked = [*HASHES[:16], leaf_hash(b"another"), *HASHES[17:]]
    answer = ask(keyring, 17, 17, hashes=forked, proof=[])
    assert (answer.status, answer.body) == (409, b"")
    (incident,) = Incident.objects.all()
    assert (incident.code, incident.origin) == (incidents.PEER_FORKED, ORIGIN)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "bend", [lambda p: p[:-1], lambda p: [*p, bytes(32)], lambda p: [bytes(32), *p[1:]], lambda p: []]
)
def test_a_proof_that_does_not_hold_is_refused(keyring, bend):
    ask(keyring, 0, 17)
    assert ask(keyring, 17, 21, proof=bend(consistency_path(HASHES[:21], 17))).status == 422
    assert last_cosigned(ORIGIN).size == 17


@pytest.mark.django_db
def test_a_history_that_was_rewritten_is_refused(keyring):
    ask(keyring, 0, 17)
    forked = [leaf_hash(b"another"), *HASHES[1:]]
    assert ask(keyring, 17, 21, hashes=forked).status == 422
    assert Incident.objects.get().evidence["one"] != Incident.objects.get().evidence["other"]


def test_a_first_head_with_a_proof_is_refused(keyring):
    assert ask(keyring, 0, 3, proof=[bytes(32)]).status == 422


@pytest.mark.parametrize("origin", ["somebody.example/log", f"{TRACING}/us.atf/2026", f"mx.stranger/{SONORA}/2026"])
def test_a_log_this_node_is_no_counterpart_of_is_unknown(keyring, origin):
    body = Request(0, (), checkpoint(keyring, 3, origin=origin)).to_bytes()
    assert add_checkpoint(body, caller=TRACING, now=NOW).status == 404


def test_a_head_is_cosigned_for_its_own_agency_only(keyring):
    assert ask(keyring, 0, 3, caller="us.atf").status == 403


def test_a_head_the_log_did_not_sign_is_refused(keyring):
    stranger = keyring.private[SONORA, Purpose.LOG]
    text = Checkpoint(ORIGIN, 3, root_of(HASHES[:3])).text()
    note = Note(text, (sign_note(text, ORIGIN, stranger.public().raw, stranger.sign),)).to_bytes()
    assert add_checkpoint(Request(0, (), note).to_bytes(), caller=TRACING, now=NOW).status == 403


def test_an_old_size_beyond_the_head_is_a_bad_request(keyring):
    assert ask(keyring, 5, 3, proof=[]).status == 400


@pytest.mark.parametrize("body", [b"", b"old 0\n", b"old 00\n\nx", b"old 0\nAAAA\n\nx", b"new 0\n\nx", b"\xff\n\nx"])
def test_what_is_no_request_is_a_bad_request(keyring, body):
    assert add_checkpoint(body, caller=TRACING, now=NOW).status == 400


@given(st.binary(max_size=300))
def test_only_its_own_error_comes_out_of_random_bytes(data):
    try:
        Request.parse(data)
    except NoteMalformedError:
        return


def test_a_retired_log_key_still_signs_for_its_heads(keyring):
    old = checkpoint(keyring, 3)
    keyring.make(TRACING, Purpose.LOG)
    assert add_checkpoint(Request(0, (), old).to_bytes(), caller=TRACING, now=NOW).status == 200


def test_two_requests_at_once_never_turn_the_witness_back(keyring):
    ask(keyring, 0, 1)
    answers = []

    def push(sizes) -> None:
        old = 1
        for size in sizes:
            answer = ask(keyring, old, size, now=NOW + timedelta(seconds=size))
            answers.append((size, answer.status))
            old = size if answer.status == 200 else int(answer.body)
            if old > size:
                return

    threads = [threading.Thread(target=push, args=(range(2 + n, 41, 2),)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    granted = [size for size, status in answers if status == 200]
    assert last_cosigned(ORIGIN).size == max(granted)
    assert {status for _, status in answers} <= {200, 409}


def test_the_store_survives_a_restart(keyring):
    ask(keyring, 0, 17)
    assert witness.store_path().exists()
    assert [(origin, cosigned.size) for origin, cosigned, _ in witness.all_cosigned()] == [(ORIGIN, 17)]
