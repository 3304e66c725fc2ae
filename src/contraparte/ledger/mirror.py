"""Keeping a copy of a peer's logs: leaves, heads and, derived from them, tiles (P5.3).

A head is fetched first and its signature verified; then the leaves up to it, in bundles. They are written behind the
part already verified, page by page, and count only when all of them together give the signed root: `Log.size` is the
verified size, and whatever lies behind it is swept away by the next round.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.db import connection, transaction

from contraparte.ledger import heads, incidents, tiles
from contraparte.ledger.actions import insert_leaves, opening_reference
from contraparte.ledger.models import Checkpoint as CheckpointRow
from contraparte.ledger.models import Leaf, Log
from contraparte.ledger.ports import Transport
from contraparte.ledger.rounds import peer_url
from contraparte.ledger.rules.leaves import Kind, parse_leaf
from contraparte.ledger.rules.origins import Origin
from contraparte.protocol import limits
from contraparte.protocol.errors import LeafInvalidError, NoteMalformedError, NoteUnverifiedError, PeerLogError
from contraparte.protocol.notes import Checkpoint
from contraparte.protocol.tlog import CompactRange, leaf_hash
from contraparte.protocol.tlog_tiles import ENTRIES, WIDTH, TilePath, decode_bundle

_NOT_THERE: Final = (404, 410)
_KEPT_HASHES: Final = 4096
"""Leaf hashes kept with a mirrored head, the last ones: the tiles hold the others."""


@dataclass(frozen=True, slots=True)
class Mirrored:
    """How far a copy came in one round: sizes before and after."""

    origin: str
    before: int
    after: int


def mirror_round(agency: str, peer: str, transport: Transport, *, now: datetime) -> list[Mirrored]:
    """Copy what is new in the logs that `peer` keeps about its exchange with the local `agency`, by year.

    Raises OSError when the peer is out of reach, and PeerLogError when what it answers contradicts itself, its
    signature or what it said before; a contradiction is recorded as an incident first.
    """
    years = set(Log.objects.filter(mine=False, agency=peer, peer=agency, closed=False).values_list("year", flat=True))
    years.add(now.astimezone(UTC).year)
    done = []
    for year in sorted(years):
        result = _mirror(Origin(peer, agency, year), transport, now)
        if result is not None:
            done.append(result)
    return done


def _mirror(origin: Origin, transport: Transport, now: datetime) -> Mirrored | None:
    status, note = transport.get(peer_url(origin.agency, f"{origin}/checkpoint"))
    if status in _NOT_THERE:
        return None
    if status != 200:
        raise PeerLogError(origin=str(origin), reason=f"checkpoint answered {status}")
    try:
        head, _ = heads.read_head(str(origin), note)
    except (NoteMalformedError, NoteUnverifiedError) as error:
        incidents.record(incidents.PEER_MALFORMED, str(origin), {"answer": note[:4096]}, now=now)
        raise PeerLogError(origin=str(origin), reason="head not signed by the log") from error
    if head.origin != str(origin):
        raise PeerLogError(origin=str(origin), reason="head of another log")
    incidents.keep_head(note, now=now)
    log = _log_row(origin)
    if head.size <= log.size:
        _require_same_past(log, head, note, now)
        return Mirrored(str(origin), log.size, log.size)
    before = log.size
    _copy(log, head, note, transport, now)
    return Mirrored(str(origin), before, head.size)


def _log_row(origin: Origin) -> Log:
    log, _ = Log.objects.get_or_create(
        origin=str(origin),
        defaults={
            "agency": origin.agency,
            "peer": origin.peer,
            "year": origin.year,
            "mine": False,
            "frontier": CompactRange().to_bytes(),
            "note": b"",
        },
    )
    return log


def _contradiction(code: str, log: Log, note: bytes, reason: str, now: datetime) -> PeerLogError:
    incidents.record(code, log.origin, {"held": bytes(log.note), "shown": note, "reason": reason}, now=now)
    return PeerLogError(origin=log.origin, reason=reason)


def _require_same_past(log: Log, head: Checkpoint, note: bytes, now: datetime) -> None:
    """A head not beyond ours: the same one, or the peer went back."""
    if head.size < log.size:
        raise _contradiction(incidents.PEER_ROLLED_BACK, log, note, "the log went back", now)
    if head.root != CompactRange.from_bytes(bytes(log.frontier)).root():
        raise _contradiction(incidents.PEER_FORKED, log, note, "two roots of one size", now)


def _copy(log: Log, head: Checkpoint, note: bytes, transport: Transport, now: datetime) -> None:
    edge = CompactRange.from_bytes(bytes(log.frontier))
    added: list[bytes] = []
    _sweep(log)
    while edge.size < head.size:
        page: list[bytes] = []
        start = edge.size
        for _ in range(limits.MIRROR_BUNDLES):
            if start + len(page) < head.size:
                page += _fetch(log, start + len(page), head.size, transport)
        for index, leaf in enumerate(page, start):
            if not _is_leaf(leaf):
                _sweep(log)
                raise _contradiction(incidents.PEER_MALFORMED, log, note, f"leaf {index} breaks the layout", now)
        with transaction.atomic():
            insert_leaves([(log.pk, index, leaf) for index, leaf in enumerate(page, start)])
        hashes = [leaf_hash(leaf) for leaf in page]
        edge.extend(hashes)
        added = [*added, *hashes][-_KEPT_HASHES:]
    if edge.root() != head.root:
        _sweep(log)
        raise _contradiction(incidents.PEER_FORKED, log, note, "the leaves do not lead to the signed root", now)
    _check_opening(log, note, now)
    with transaction.atomic():
        changed = Log.objects.filter(pk=log.pk, size=log.size).update(
            size=head.size, frontier=edge.to_bytes(), note=note
        )
        if changed:
            CheckpointRow.objects.get_or_create(
                log=log, size=head.size, defaults={"root": head.root, "note": note, "hashes": b"".join(added)}
            )
    tiles.sync_tiles(log.pk)


def _is_leaf(data: bytes) -> bool:
    try:
        parse_leaf(data)
    except LeafInvalidError:
        return False
    return True


def _sweep(log: Log) -> None:
    """Remove leaves behind the verified part, left by a round that did not end."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute('DELETE FROM ledger_leaf WHERE log_id = %s AND "index" >= %s', [log.pk, log.size])


def _fetch(log: Log, index: int, size: int, transport: Transport) -> list[bytes]:
    """The leaves from `index` to the end of its bundle, or to `size`."""
    number = index // WIDTH
    path = TilePath(ENTRIES, number, min(WIDTH, size - number * WIDTH))
    status, body = transport.get(peer_url(log.agency, f"{log.origin}/{path}"))
    if status != 200:
        raise PeerLogError(origin=log.origin, reason=f"{path} answered {status}")
    try:
        return decode_bundle(body, path.width)[index % WIDTH :]
    except NoteMalformedError as error:
        raise PeerLogError(origin=log.origin, reason=f"{path} is not a bundle of {path.width}") from error


def _check_opening(log: Log, note: bytes, now: datetime) -> None:
    """A year's first leaf opens the log and cites the final head of the year before, where that one is mirrored."""
    if log.size:
        return
    opening = parse_leaf(bytes(Leaf.objects.get(log=log, index=0).data))
    if opening.kind is not Kind.LOG_OPENED:
        _sweep(log)
        raise _contradiction(incidents.PEER_MALFORMED, log, note, "the first leaf does not open the log", now)
    before = (
        Log.objects.filter(mine=False, agency=log.agency, peer=log.peer, year__lt=log.year).order_by("-year").first()
    )
    if before is None or not before.size:
        return
    if opening.references != (opening_reference(bytes(before.note)),):
        _sweep(log)
        raise _contradiction(incidents.PEER_FORKED, log, note, "the new year does not cite the old one's end", now)
    Log.objects.filter(pk=before.pk).update(closed=True)
