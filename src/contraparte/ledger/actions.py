"""Appending to the logs of this node: rows, leaves and one signed head per log, all in the caller's transaction.

The order of a write (P5.2): lock the head row, look at the guard, insert the leaves, sign, write the head; the caller
commits; on commit the guard is fsynced; only then may the caller answer anybody. A crash before the commit leaves
nothing. A crash between commit and guard leaves the guard below the database, which the next append proves and mends.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.db import connection, transaction

from contraparte.ledger import guard, heads
from contraparte.ledger.rules.leaves import (
    KIND_NUMBERS,
    Direction,
    Kind,
    Leaf,
    encode_leaf,
    message_id_bytes,
    whole_minute,
)
from contraparte.ledger.rules.origins import Origin, parse_origin
from contraparte.protocol.errors import LedgerForkedError, LedgerRolledBackError
from contraparte.protocol.notes import Note
from contraparte.protocol.tlog import CompactRange, leaf_hash

__all__ = ["Appended", "Direction", "Entry", "Kind", "append"]

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be logged: by whom, about the exchange with whom, and the hashes that tie it to what passed.

    `commitment` is keyed by the caller with a key kept outside the log; hashes are 32 bytes; `references` cite other
    leaves or approvals; `at` is the time of the event, kept to the minute.
    """

    agency: str
    peer: str
    kind: Kind
    direction: Direction
    message_id: str | None
    envelope_hash: bytes | None
    commitment: bytes | None
    signature_hash: bytes | None
    at: datetime
    references: tuple[bytes, ...] = ()
    retention: str = ""


@dataclass(frozen=True, slots=True)
class Appended:
    """Where an entry stands: what a receipt states."""

    origin: str
    index: int
    leaf_hash: bytes


@dataclass(slots=True)
class _Head:
    """A locked head row while leaves are added to it."""

    log_id: int
    origin: str
    year: int
    edge: CompactRange
    size_before: int
    note: bytes
    leaves: list[tuple[int, int, bytes]] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)

    def add(self, data: bytes) -> Appended:
        hashed, index = leaf_hash(data), self.edge.size
        self.leaves.append((self.log_id, index, data))
        self.hashes.append(hashed)
        self.edge.append(hashed)
        return Appended(self.origin, index, hashed)


def append(entries: Sequence[Entry], *, now: datetime) -> list[Appended]:
    """Log `entries` in their order and say where each stands; to be called inside the caller's transaction.

    Locks the heads of all logs concerned in one order, inserts all leaves in one batch, signs one checkpoint for each
    log. Raises LeafInvalidError, LedgerRolledBackError, LedgerForkedError, LocalKeyMissingError; then nothing is kept,
    because the caller's transaction ends with it.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("ledger.append needs the caller's transaction")
    if not entries:
        return []
    pairs = sorted({(entry.agency, entry.peer) for entry in entries})
    locked = _lock_heads(pairs, now)
    for pair, head in locked.items():
        _check_guard(head)
        if head.edge.size == 0:
            _open_with_leaf(head, pair, now)
    appended = [locked[entry.agency, entry.peer].add(_encode(entry)) for entry in entries]
    _write(locked.values())
    return appended


def _encode(entry: Entry) -> bytes:
    return encode_leaf(
        KIND_NUMBERS[entry.kind],
        entry.direction,
        None if entry.message_id is None else message_id_bytes(entry.message_id),
        entry.envelope_hash,
        entry.commitment,
        entry.signature_hash,
        entry.references,
        entry.retention,
        whole_minute(entry.at),
    )


# --- the lock ---


def _lock_heads(pairs: list[Pair], now: datetime) -> dict[Pair, _Head]:
    """Every pair's open log, locked until the transaction ends. Opens what is missing and what a new year asks for."""
    year = now.astimezone(UTC).year
    while True:
        found = _select_heads(pairs)
        # A log of a later year than the clock's was opened by a machine whose clock is ahead: it stays the open one.
        ended = [pair for pair, head in found.items() if head.year < year]
        missing = [pair for pair in pairs if pair not in found]
        if not ended and not missing:
            return found
        for pair in ended:
            _execute("UPDATE ledger_log SET closed = %s WHERE id = %s", [True, found[pair].log_id])
        for agency, peer in sorted(ended + missing):
            _insert_log(Origin(agency, peer, year))


def _select_heads(pairs: list[Pair]) -> dict[Pair, _Head]:
    rows = ", ".join(["(%s, %s)"] * len(pairs))
    lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
    # Sorted, so that two writers never wait for each other; the row waited for is read as its writer left it, and one
    # that was closed meanwhile is not returned.
    query = (
        "SELECT id, origin, agency, peer, year, frontier, note FROM ledger_log "  # noqa: S608 - placeholders only
        f"WHERE mine AND NOT closed AND (agency, peer) IN ({rows}) ORDER BY origin{lock}"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [text for pair in pairs for text in pair])
        fetched = cursor.fetchall()
    found = {}
    for log_id, origin, agency, peer, year, frontier, note in fetched:
        edge = CompactRange.from_bytes(bytes(frontier))
        found[agency, peer] = _Head(log_id, origin, year, edge, edge.size, bytes(note))
    return found


def _insert_log(origin: Origin) -> None:
    parse_origin(str(origin))  # refuses an agency that logs about itself
    _execute(
        "INSERT INTO ledger_log (origin, agency, peer, year, mine, size, frontier, note, closed) "
        "VALUES (%s, %s, %s, %s, %s, 0, %s, %s, %s) ON CONFLICT DO NOTHING",
        [str(origin), origin.agency, origin.peer, origin.year, True, CompactRange().to_bytes(), b"", False],
    )


def _open_with_leaf(head: _Head, pair: Pair, now: datetime) -> None:
    """The first leaf of a year cites the final head of the year before, so that years cannot be dropped (P5.1)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT note FROM ledger_log WHERE mine AND closed AND agency = %s AND peer = %s "
            "ORDER BY year DESC LIMIT 1",
            list(pair),
        )
        last = cursor.fetchone()
    references = (opening_reference(bytes(last[0])),) if last else ()
    opening = Leaf(KIND_NUMBERS[Kind.LOG_OPENED], Direction.NONE, None, None, None, None, references, "", now)
    head.add(opening.to_bytes())


def opening_reference(note: bytes) -> bytes:
    """What a new year's first leaf cites: the leaf hash of the text of the final checkpoint before it."""
    return leaf_hash(Note.parse(note).text.encode())


# --- the guard ---

_proven: set[tuple[str, str]] = set()


def _check_guard(head: _Head) -> None:
    held = guard.read(head.origin)
    if held is None:
        return
    size = head.edge.size
    if held.size > size:
        raise LedgerRolledBackError(origin=head.origin, database_size=size, known_size=held.size)
    if held.size == size:
        if held.root != head.edge.root():
            raise LedgerForkedError(origin=head.origin, size=size)
        return
    # Below: a process died between commit and guard, or another one is just between the two. The first time in this
    # process the whole history is proven; after that its own signed checkpoint of that size is enough.
    mark = (str(guard.folder()), head.origin)
    if mark not in _proven:
        from contraparte.ledger.tiles import verify_extends

        verify_extends(head.log_id, head.origin, held, size, head.edge.root())
        _proven.add(mark)
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT root FROM ledger_checkpoint WHERE log_id = %s AND size = %s", [head.log_id, held.size])
        known = cursor.fetchone()
    if known is None or bytes(known[0]) != held.root:
        raise LedgerForkedError(origin=head.origin, size=held.size)


# --- the write ---


def _write(locked: Iterable[_Head]) -> None:
    touched = list(locked)
    insert_leaves([leaf for head in touched for leaf in head.leaves])
    signed = []
    for head in touched:
        root, size = head.edge.root(), head.edge.size
        note = heads.sign_head(head.origin, size, root)
        signed.append((head.origin, note))
        changed = _execute(
            "UPDATE ledger_log SET size = %s, frontier = %s, note = %s WHERE id = %s AND size = %s",
            [size, head.edge.to_bytes(), note, head.log_id, head.size_before],
        )
        if changed != 1:  # cannot happen under the lock; were the lock ever lost, no second head may be signed
            raise LedgerForkedError(origin=head.origin, size=head.size_before)
        _execute(
            "INSERT INTO ledger_checkpoint (log_id, size, root, note, hashes) VALUES (%s, %s, %s, %s, %s)",
            [head.log_id, size, root, note, b"".join(head.hashes)],
        )
    transaction.on_commit(partial(guard.advance, signed))


def insert_leaves(rows: list[tuple[int, int, bytes]]) -> None:
    """Insert leaf rows (log, index, data) in one statement or one prepared one."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                'INSERT INTO ledger_leaf (log_id, "index", data) '
                "SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bytea[])",
                [list(column) for column in zip(*rows, strict=True)],
            )
        else:
            cursor.executemany('INSERT INTO ledger_leaf (log_id, "index", data) VALUES (%s, %s, %s)', rows)


def _execute(query: str, params: list[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return cursor.rowcount
