"""The parts of fsck that are not about one tree: evidence of others, and the two sides of one exchange."""

import hashlib
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from contraparte.ledger import heads, witness
from contraparte.ledger.models import Checkpoint as CheckpointRow
from contraparte.ledger.models import Cosignature, HeadSeen, Incident
from contraparte.ledger.queries import leaf_at
from contraparte.ledger.registry import Finding
from contraparte.ledger.rules.leaves import message_id_text
from contraparte.ledger.rules.origins import parse_origin
from contraparte.protocol.errors import IdentifierInvalidError, NoteMalformedError, NoteUnverifiedError
from contraparte.protocol.notes import Note, Signature, verify_note

if TYPE_CHECKING:
    from contraparte.ledger.fsck import Side

_REFUSED: Final = (NoteMalformedError, NoteUnverifiedError, IdentifierInvalidError)
SKEW_MIN: Final = 10
"""Minutes two clocks may differ before a release missing at the peer counts as missing."""


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


def check_sides(sides: list["Side"]) -> tuple[list[Finding], int]:
    """Each log against its counterpart's, as far as both are here. Returns findings and how many messages matched."""
    found: list[Finding] = []
    matched = 0
    exchanges: dict[tuple[str, str], list[Side]] = {}
    for side in sides:
        exchanges.setdefault((side.log.agency, side.log.peer), []).append(side)
    for (agency, peer), ours in exchanges.items():
        theirs = exchanges.get((peer, agency))
        if theirs is None:
            continue
        problems, count = _compare(ours, theirs)
        found += problems
        matched += count
    return found, matched


def _compare(releasing: list["Side"], accepting: list["Side"]) -> tuple[list[Finding], int]:
    """What `accepting` says it accepted must have been released by `releasing`, over all years."""
    found: list[Finding] = []
    matched = 0
    complete_to = max(side.last_minute for side in releasing)
    for side in accepting:
        for message_id, (envelope_hash, index) in side.accepted.items():
            released = [one.released[message_id] for one in releasing if message_id in one.released]
            if any(envelope_hash in hashes for hashes in released):
                matched += 1
            elif released:
                found.append(_finding("sides.envelope_differs", side, index, message_id))
            elif _should_be_there(releasing, side, index, complete_to):
                found.append(_finding("sides.never_released", side, index, message_id))
    return found, matched


def _should_be_there(releasing: list["Side"], side: "Side", index: int, complete_to: int) -> bool:
    """A log written here is complete; a mirror is complete up to the time of its last leaf."""
    if all(one.log.mine for one in releasing):
        return True
    accepted_at = int(leaf_at(side.log.origin, index).read().at.timestamp()) // 60
    return complete_to > accepted_at + SKEW_MIN


def _finding(code: str, side: "Side", index: int, message_id: bytes) -> Finding:
    return Finding(code, side.log.origin, index, f"message {message_id_text(message_id)}")
