"""What the worker does with peers about logs: get ours cosigned, ask what heads they hold, hold ours to the guard.

No round holds a transaction while it waits for the network, and none gates `accepted` (P5.3).
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from contraparte.ledger import guard, heads, incidents, registry, tiles
from contraparte.ledger.models import Cosignature, Incident, Log
from contraparte.ledger.ports import Transport
from contraparte.ledger.queries import cosigned_size, leaf_at, log_of
from contraparte.ledger.witness import Request, add_checkpoint, last_cosigned
from contraparte.protocol.errors import (
    GuardUnreadableError,
    LedgerForkedError,
    NoteMalformedError,
    NoteUnverifiedError,
)
from contraparte.protocol.notes import Note, Signature, parse_decimal, verify_note
from contraparte.protocol.tlog import CompactRange

COSIGNED_WITHIN: Final = timedelta(hours=24)
"""A log that grew and was not cosigned for so long is an incident (P5.3)."""


class Outcome(StrEnum):
    """How a round with a witness ended."""

    COSIGNED = "cosigned"
    UNCHANGED = "unchanged"
    UNANSWERED = "unanswered"
    REFUSED = "refused"
    ROLLED_BACK = "rolled_back"


def peer_url(agency: str, path: str) -> str:
    """Address of a ledger resource at the node of an agency."""
    return f"{registry.peers().address(agency)}/peer/ledger/{path}"


def witness_round(origin: str, transport: Transport, *, now: datetime) -> Outcome:
    """Have the latest head of a log of this node cosigned by its peer. Raises OSError when the peer is out of reach.

    Also derives the log's tiles. A witness that holds a later head than ours proves that this database is an older
    copy: the guard takes that head over and nothing is signed any more (P5.4).
    """
    log = log_of(origin)
    tiles.sync_tiles(log.pk)
    old = cosigned_size(log)
    if log.size == old:
        return Outcome.UNCHANGED
    status, body = _submit(log, old, transport, now)
    if status == 409 and body and (told := _told_size(body)) is not None:
        if told > log.size:
            _compare(log, transport, now)
            return Outcome.ROLLED_BACK
        status, body = _submit(log, told, transport, now)
    if status == 200:
        return _keep_cosignatures(log, body, now)
    if status in (409, 422):
        incidents.record(incidents.PEER_REFUSES, origin, {"head": bytes(log.note), "status": status}, now=now)
        return Outcome.REFUSED
    _note_silence(log, old, now)
    return Outcome.UNANSWERED


def _submit(log: Log, old: int, transport: Transport, now: datetime) -> tuple[int, bytes]:
    proof = tuple(tiles.prove_consistency(log.pk, old, log.size))
    body = Request(old, proof, bytes(log.note)).to_bytes()
    if registry.peers().is_local(log.peer):
        answer = add_checkpoint(body, caller=log.agency, now=now)
        return answer.status, answer.body
    return transport.post(peer_url(log.peer, "add-checkpoint"), body)


def _told_size(body: bytes) -> int | None:
    try:
        return parse_decimal(body.decode("ascii").removesuffix("\n"), "size")
    except (NoteMalformedError, UnicodeDecodeError):
        return None


def _keep_cosignatures(log: Log, body: bytes, now: datetime) -> Outcome:
    """Store what verifies of the answered lines; an answer with none is as good as no answer."""
    note = Note.parse(bytes(log.note))
    try:
        lines = [Signature.parse(line) for line in body.decode("utf-8").removesuffix("\n").split("\n")]
        known = heads.witness_keys(log.peer)
        ours = [line for line in lines if any(key.made(line) for key in known)]
        verified = verify_note(Note(note.text, tuple(ours)), known)
    except (NoteMalformedError, NoteUnverifiedError, UnicodeDecodeError):
        incidents.record(incidents.PEER_MALFORMED, log.origin, {"answer": body[:4096]}, now=now)
        return Outcome.REFUSED
    for line, (_, at) in zip(ours, verified, strict=False):
        told = datetime.fromtimestamp(at or 0, UTC)
        Cosignature.objects.get_or_create(
            log=log, size=log.size, witness=line.name, defaults={"line": line.line(), "at": told}
        )
    return Outcome.COSIGNED


def _note_silence(log: Log, old: int, now: datetime) -> None:
    last = Cosignature.objects.filter(log=log).order_by("-at").first()
    since = last.at if last else leaf_at(log.origin, 0).read().at
    if now - since > COSIGNED_WITHIN:
        incidents.record(incidents.UNCOSIGNED, log.origin, {"cosigned_size": old}, now=now)


def compare_heads(transport: Transport, *, now: datetime) -> list[Incident]:
    """Ask every peer for the highest head of ours it holds, at start and after failover (P5.2).

    Returns the incidents found: a peer that holds more than this database, or another history. Peers out of reach are
    passed over; the guard and the next round stand for them.
    """
    found = []
    for log in Log.objects.filter(mine=True).order_by("origin"):
        try:
            incident = _compare(log, transport, now)
        except OSError:
            continue
        if incident is not None:
            found.append(incident)
    return found


def _witnessed_note(log: Log, transport: Transport) -> bytes | None:
    if registry.peers().is_local(log.peer):
        last = last_cosigned(log.origin)
        return last.note if last else None
    status, body = transport.get(peer_url(log.peer, f"witnessed/{log.origin}"))
    return body if status == 200 else None


def _compare(log: Log, transport: Transport, now: datetime) -> Incident | None:
    note = _witnessed_note(log, transport)
    if note is None:
        return None
    try:
        head, _ = heads.read_head(log.origin, note)
    except (NoteMalformedError, NoteUnverifiedError):
        # Whoever cannot show our own signature shows nothing.
        return incidents.record(incidents.PEER_MALFORMED, log.origin, {"answer": note[:4096]}, now=now)
    if head.size > log.size:
        guard.advance([(log.origin, note)])
        return incidents.record(incidents.ROLLED_BACK, log.origin, {"held": note, "database": bytes(log.note)}, now=now)
    if head.size and tiles.root_at(log.pk, head.size) != head.root:
        return incidents.record(incidents.FORKED, log.origin, {"held": note, "database": bytes(log.note)}, now=now)
    return None


def check_heads(*, now: datetime) -> list[Incident]:
    """Compare every log with the guard, as at start: above the database is an incident, below is proven and mended.

    Logs that the guard knows and the database does not are rolled back to nothing.
    """
    found = []
    known = {log.origin: log for log in Log.objects.filter(mine=True).order_by("origin")}
    for origin in sorted({*known, *guard.origins()}):
        incident = _check_head(origin, known.get(origin), now)
        if incident is not None:
            found.append(incident)
    return found


def _check_head(origin: str, log: Log | None, now: datetime) -> Incident | None:
    note = bytes(log.note) if log else b""
    try:
        held = guard.read(origin)
        size = log.size if log else 0
        if held is not None and held.size > size:
            evidence = {"held": guard.read_note(origin) or b"", "database": note}
            return incidents.record(incidents.ROLLED_BACK, origin, evidence, now=now)
        if log is None or not note:
            return None
        if held is not None:
            root = CompactRange.from_bytes(bytes(log.frontier)).root()
            tiles.verify_extends(log.pk, origin, held, size, root)
        guard.advance([(origin, note)])
    except (LedgerForkedError, GuardUnreadableError) as error:
        return incidents.record(incidents.FORKED, origin, {"reason": error.code, "database": note}, now=now)
    return None
