"""The part of fsck about evidence: what witnesses, peers and this node's own witness signed, and recorded incidents."""

import hashlib
import json
from collections.abc import Iterable
from typing import Final

from contraparte.ledger import heads, witness
from contraparte.ledger.models import Checkpoint as CheckpointRow
from contraparte.ledger.models import Cosignature, HeadSeen, Incident
from contraparte.ledger.registry import Finding
from contraparte.ledger.rules.origins import parse_origin
from contraparte.protocol.errors import IdentifierInvalidError, NoteMalformedError, NoteUnverifiedError
from contraparte.protocol.notes import Note, Signature, verify_note

_REFUSED: Final = (NoteMalformedError, NoteUnverifiedError, IdentifierInvalidError)


def check_evidence() -> list[Finding]:
    """Cosignatures, heads seen, incidents and the witness's store: each says of itself what can be verified."""
    return [*_cosignatures(), *_heads_seen(), *_incidents(), *_witness_store()]


def _cosignatures() -> Iterable[Finding]:
    for row in Cosignature.objects.select_related("log").order_by("log", "size", "witness").iterator(chunk_size=500):
        checkpoint = CheckpointRow.objects.filter(log=row.log, size=row.size).first()
        try:
            line = Signature.parse(row.line.removesuffix("\n"))
            text = Note.parse(bytes(checkpoint.note)).text if checkpoint else ""
            verified = verify_note(Note(text, (line,)), heads.witness_keys(row.log.peer))
        except _REFUSED:
            yield Finding("cosignature.invalid", row.log.origin, row.size)
            continue
        if row.witness != line.name or int(row.at.timestamp()) != verified[0][1]:
            yield Finding("cosignature.columns", row.log.origin, row.size)


def _heads_seen() -> Iterable[Finding]:
    for row in HeadSeen.objects.order_by("origin", "size").iterator(chunk_size=500):
        try:
            head, _ = heads.read_head(row.origin, bytes(row.note))
        except _REFUSED:
            yield Finding("head_seen.invalid", row.origin, row.size)
            continue
        if (head.origin, head.size, head.root) != (row.origin, row.size, bytes(row.root)):
            yield Finding("head_seen.columns", row.origin, row.size)


def _incidents() -> Iterable[Finding]:
    for row in Incident.objects.order_by("id").iterator(chunk_size=500):
        told = json.dumps([row.code, row.origin, row.evidence], sort_keys=True)
        agency = row.origin.partition("/")[0]
        if hashlib.sha256(told.encode()).hexdigest() != row.fingerprint or agency != row.agency:
            yield Finding("incident.columns", row.origin, None, row.code)


def _witness_store() -> Iterable[Finding]:
    for origin, cosigned, at in witness.all_cosigned():
        try:
            head, note = heads.read_head(origin, cosigned.note)
            line = Signature.parse(cosigned.line.removesuffix("\n"))
            keys = heads.witness_keys(parse_origin(origin).peer)
            verified = verify_note(Note(note.text, (line,)), keys)
        except _REFUSED:
            yield Finding("witness.invalid", origin, cosigned.size)
            continue
        if (head.origin, head.size, head.root, verified[0][1]) != (origin, cosigned.size, cosigned.root, at):
            yield Finding("witness.columns", origin, cosigned.size)
