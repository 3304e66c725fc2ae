"""Signing and reading heads with the keys this node was given."""

from contraparte.ledger import registry
from contraparte.ledger.rules.origins import parse_origin, witness_name
from contraparte.protocol.keys import Purpose
from contraparte.protocol.notes import (
    Checkpoint,
    Note,
    Signature,
    SignatureType,
    VerifierKey,
    cosign,
    read_checkpoint,
    sign_note,
)


def sign_head(origin: str, size: int, root: bytes) -> bytes:
    """A checkpoint note of a local log, signed by its agency's current log key. One signature."""
    key = registry.keys().private_key(parse_origin(origin).agency, Purpose.LOG)
    text = Checkpoint(origin, size, root).text()
    return Note(text, (sign_note(text, origin, key.public().raw, key.sign),)).to_bytes()


def log_keys(origin: str) -> list[VerifierKey]:
    """The keys that may have signed heads of a log, retired ones included; empty for a stranger's log."""
    agency = parse_origin(origin).agency
    return [
        VerifierKey(origin, SignatureType.ED25519, key.raw)
        for key in registry.keys().verifying_keys(agency, Purpose.LOG)
    ]


def witness_keys(agency: str) -> list[VerifierKey]:
    """The keys with which an agency cosigns other logs."""
    return [
        VerifierKey(witness_name(agency), SignatureType.COSIGNATURE, key.raw)
        for key in registry.keys().verifying_keys(agency, Purpose.WITNESS)
    ]


def cosign_head(agency: str, text: str, at: int) -> Signature:
    """The cosignature of a local agency's witness over a checkpoint's text at a POSIX time."""
    key = registry.keys().private_key(agency, Purpose.WITNESS)
    return cosign(text, witness_name(agency), key.public().raw, key.sign, at)


def read_head(origin: str, note: bytes) -> tuple[Checkpoint, Note]:
    """A verified head of the log `origin`. Raises NoteMalformedError, NoteUnverifiedError."""
    return read_checkpoint(note, log_keys(origin))
