"""Signed notes, checkpoints, cosignatures: others' notes are read; a reader written from the spec reads ours."""

import hashlib
import json
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from contraparte.protocol import limits
from contraparte.protocol.errors import NoteMalformedError, NoteUnverifiedError, ProtocolError
from contraparte.protocol.notes import (
    Checkpoint,
    Note,
    SignatureType,
    VerifierKey,
    cosign,
    cosignature_message,
    read_checkpoint,
    sign_note,
    verify_note,
)

VECTORS = json.loads((Path(__file__).parent / "vectors" / "c2sp_notes.json").read_text("utf-8"))
LOG_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
WITNESS_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
LOG_PUBLIC, WITNESS_PUBLIC = (key.public_key().public_bytes_raw() for key in (LOG_KEY, WITNESS_KEY))
ORIGIN = "mx.fge-son/us.ntc/2026"
HEAD = Checkpoint(ORIGIN, 20852163, hashlib.sha256(b"root").digest())
LOG = VerifierKey(ORIGIN, SignatureType.ED25519, LOG_PUBLIC)
WITNESS = VerifierKey("us.ntc/witness", SignatureType.COSIGNATURE, WITNESS_PUBLIC)
AT = 1679315147


def checkpoint_note(*, cosigned: bool = True) -> bytes:
    text = HEAD.text()
    lines = [sign_note(text, ORIGIN, LOG_PUBLIC, LOG_KEY.sign)]
    if cosigned:
        lines.append(cosign(text, WITNESS.name, WITNESS_PUBLIC, WITNESS_KEY.sign, AT))
    return Note(text, tuple(lines)).to_bytes()


@pytest.mark.parametrize("case", VECTORS["signed"], ids=lambda case: case["vkey"].partition("+")[0])
def test_a_note_signed_elsewhere_verifies_and_comes_back_byte_for_byte(case):
    key, note = VerifierKey.parse(case["vkey"]), Note.parse(case["note"].encode())
    assert verify_note(note, [key]) == [(key, None)]
    assert note.to_bytes() == case["note"].encode()
    assert str(key) == case["vkey"]
    with pytest.raises(NoteUnverifiedError):
        verify_note(Note(note.text.replace("a", "b", 1), note.signatures), [key])


def test_the_cosigned_checkpoint_of_the_specification_is_read():
    note = Note.parse(VECTORS["cosigned"]["note"].encode())
    head = Checkpoint.parse(note.text)
    assert (head.origin, head.size, head.extensions) == ("example.com/behind-the-sofa", 20852163, ())
    assert [len(line.data) for line in note.signatures] == [64, 72]
    at = int.from_bytes(note.signatures[1].data[:8], "big")
    assert at == VECTORS["cosigned"]["time"]
    assert cosignature_message(note.text, at) == VECTORS["cosigned"]["message"].encode()
    assert note.to_bytes() == VECTORS["cosigned"]["note"].encode()


def test_a_reader_written_from_the_specifications_accepts_our_checkpoint():
    """No line of the product below: signed-note, tlog-checkpoint and tlog-cosignature, as another tool reads them."""
    data = checkpoint_note()
    text, _, block = data.decode("utf-8").rpartition("\n\n")
    body = (text + "\n").encode()
    lines = body.decode().split("\n")
    assert lines == [ORIGIN, "20852163", b64encode(HEAD.root).decode(), ""]
    signatures = block.rstrip("\n").split("\n")
    assert all(line.startswith("\u2014 ") for line in signatures)
    for line, kind, public in zip(signatures, (1, 4), (LOG_PUBLIC, WITNESS_PUBLIC), strict=True):
        _, name, encoded = line.split(" ")
        raw = b64decode(encoded)
        assert raw[:4] == hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]
        message, signature = body, raw[4:]
        if kind == 4:
            message = b"cosignature/v1\ntime %d\n" % int.from_bytes(raw[4:12], "big") + body
            signature = raw[12:]
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)


def test_a_checkpoint_counts_only_under_a_key_of_its_origin():
    head, _ = read_checkpoint(checkpoint_note(), [LOG])
    assert head == HEAD
    for stranger in (
        VerifierKey("mx.fge-son/us.ntc/2027", SignatureType.ED25519, LOG_PUBLIC),
        VerifierKey(ORIGIN, SignatureType.ED25519, WITNESS_PUBLIC),
    ):
        with pytest.raises(NoteUnverifiedError):
            read_checkpoint(checkpoint_note(), [stranger])


def test_a_false_line_of_a_known_key_spoils_the_note_and_one_of_a_stranger_does_not():
    note = Note.parse(checkpoint_note())
    false = sign_note("another text\n", WITNESS.name, WITNESS_PUBLIC, WITNESS_KEY.sign)
    spoilt = note.with_signatures([false])
    as_ed25519 = VerifierKey(WITNESS.name, SignatureType.ED25519, WITNESS_PUBLIC)
    assert verify_note(spoilt, [LOG, WITNESS]) == [(LOG, None), (WITNESS, AT)]
    with pytest.raises(NoteUnverifiedError):
        verify_note(spoilt, [LOG, as_ed25519])


def test_a_cosignature_holds_for_its_time_and_text_only():
    text = HEAD.text()
    line = cosign(text, WITNESS.name, WITNESS_PUBLIC, WITNESS_KEY.sign, AT)
    assert WITNESS.verify(text, line) == AT
    later = type(line)(line.name, line.key_id, (AT + 1).to_bytes(8, "big") + line.data[8:])
    with pytest.raises(NoteUnverifiedError):
        WITNESS.verify(text, later)
    with pytest.raises(NoteUnverifiedError):
        WITNESS.verify(text + "extension\n", line)
    beyond = type(line)(line.name, line.key_id, b"\xff" * 8 + line.data[8:])
    with pytest.raises(NoteUnverifiedError):
        WITNESS.verify(text, beyond)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"text\n",
        b"text\n\n",
        b"text\n\nno dash\n",
        "text\n\n— name\n".encode(),
        "text\n\n— name !!!\n".encode(),
        "text\n\n— name AAAA\n".encode(),
        "text\n\n— na+me AAAAAAA=\n".encode(),
        "text\n\n— na\u2003me AAAAAAA=\n".encode(),
        "text\n\n— name AAAAAAA=".encode(),
        "text\n\n— name AAAAAAB=\n".encode(),
        "te\rxt\n\n— name AAAAAAA=\n".encode(),
        "te\x00xt\n\n— name AAAAAAA=\n".encode(),
        b"\xff\n\n\xe2\x80\x94 name AAAAAAA=\n",
        ("text\n\n" + "— name AAAAAAA=\n" * (limits.NOTE_SIGNATURES + 1)).encode(),
        b"x" * (limits.NOTE_BYTES + 1),
    ],
)
def test_what_is_no_note_is_refused(data):
    with pytest.raises(NoteMalformedError):
        Note.parse(data)


def test_a_text_may_have_empty_lines_and_sixteen_signatures():
    line = sign_note("one\n\ntwo\n\n", ORIGIN, LOG_PUBLIC, LOG_KEY.sign)
    note = Note("one\n\ntwo\n\n", (line,) * 16)
    assert Note.parse(note.to_bytes()) == note
    verify_note(note, [LOG])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "origin\n",
        "origin\n5\n",
        "origin\n5\nAAAA\n",
        f"\n5\n{b64encode(bytes(32)).decode()}\n",
        f"origin\n05\n{b64encode(bytes(32)).decode()}\n",
        f"origin\n-5\n{b64encode(bytes(32)).decode()}\n",
        f"origin\n5\n{b64encode(bytes(31)).decode()}\n",
        f"origin\n5\n{b64encode(bytes(32)).decode()}",
        f"origin\n5\n{b64encode(bytes(32)).decode()}\n\n",
        f"origin\n{1 << 63}\n{b64encode(bytes(32)).decode()}\n",
        f"origin\n٥\n{b64encode(bytes(32)).decode()}\n",
        f"{'o' * 256}\n5\n{b64encode(bytes(32)).decode()}\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(NoteMalformedError):
        Checkpoint.parse(text)


def test_extension_lines_of_other_logs_are_kept():
    head = Checkpoint("example.com/log", 0, bytes(32), ("one", "two"))
    assert Checkpoint.parse(head.text()) == head


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T",
        "PeterNeumann+c74f20a3+BhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_what_is_no_verifier_key_is_refused(text):
    with pytest.raises(NoteMalformedError):
        VerifierKey.parse(text)


@given(st.binary(max_size=300))
def test_only_protocol_errors_come_out_of_random_bytes(data):
    for read in (
        Note.parse,
        lambda raw: Checkpoint.parse(raw.decode("latin-1")),
        lambda raw: VerifierKey.parse(str(raw)),
    ):
        try:
            read(data)
        except ProtocolError:
            continue


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_no_changed_byte_of_a_note_verifies_as_the_same_text(place, value):
    data = bytearray(checkpoint_note())
    if data[place % len(data)] == value:
        return
    data[place % len(data)] = value
    try:
        note = Note.parse(bytes(data))
        verified = verify_note(note, [LOG, WITNESS])
    except ProtocolError:
        return
    # A changed name or key id makes a line a stranger's; the other line still stands for the unchanged text.
    assert note.text == HEAD.text() and len(verified) == 1
