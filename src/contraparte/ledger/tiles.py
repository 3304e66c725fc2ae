"""Tiles and proofs of a log of any size, from few rows (C2SP tlog-tiles).

Tiles are derived: every one of them can be made again from the leaves, and nothing waits for them. `sync_tiles` brings
them up to the leaves; a proof does it first where needed, the worker does it after each batch. Level 0 is kept only
when full (the leaf rows hold the rest), the last tile of every higher level is rewritten as it grows.
"""

from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction

from contraparte.protocol.errors import LedgerForkedError, LogUnknownError, ProofError
from contraparte.protocol.notes import Checkpoint
from contraparte.protocol.tlog import EMPTY_ROOT, HASH_BYTES, leaf_hash, node_hash, root_of, verify_consistency

WIDTH = 256
HEIGHT = 8
_PAGE_TILES = 64

Subtree = tuple[int, int]
"""(start, height): the whole subtree over the leaves [start, start + 2**height)."""


def _rows(query: str, params: Iterable[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, list(params))
        return cursor.fetchall()


def log_size(log_id: int) -> int:
    """Number of leaves of a log. Raises LogUnknownError."""
    found = _rows("SELECT size FROM ledger_log WHERE id = %s", [log_id])
    if not found:
        raise LogUnknownError(origin=str(log_id))
    return int(found[0][0])


# --- deriving ---


def tiled_size(log_id: int) -> int:
    """How many leaves the stored tiles of level 0 cover: a multiple of 256."""
    found = _rows('SELECT max("index") FROM ledger_tile WHERE log_id = %s AND level = 0', [log_id])
    return 0 if found[0][0] is None else (int(found[0][0]) + 1) * WIDTH


def sync_tiles(log_id: int) -> int:
    """Derive what tiles are missing; returns how many were written. Safe to run in several processes at once."""
    written, whole = 0, log_size(log_id) // WIDTH
    done = tiled_size(log_id) // WIDTH
    while done < whole:
        upto = min(done + _PAGE_TILES, whole)
        leaves = _rows(
            'SELECT data FROM ledger_leaf WHERE log_id = %s AND "index" >= %s AND "index" < %s ORDER BY "index"',
            [log_id, done * WIDTH, upto * WIDTH],
        )
        if len(leaves) != (upto - done) * WIDTH:
            raise ProofError(reason="leaf_missing", field="leaves")
        made = [
            (0, done + n, b"".join(leaf_hash(bytes(row[0])) for row in leaves[n * WIDTH : (n + 1) * WIDTH]))
            for n in range(upto - done)
        ]
        written += _store(log_id, made)
        done = upto
    return written


def _store(log_id: int, level_tiles: list[tuple[int, int, bytes]]) -> int:
    """Write new tiles of one level and whatever they change above, in one transaction."""
    written = 0
    with transaction.atomic():
        while level_tiles:
            _upsert(log_id, level_tiles)
            written += len(level_tiles)
            level_tiles = _parents(log_id, level_tiles)
    return written


def _parents(log_id: int, tiles: list[tuple[int, int, bytes]]) -> list[tuple[int, int, bytes]]:
    """The tiles one level up that the full ones among `tiles` (consecutive, of one level) complete or extend."""
    full = [(index, root_of(split(data))) for _, index, data in tiles if len(data) == WIDTH * HASH_BYTES]
    if not full:
        return []
    level, first = tiles[0][0] + 1, full[0][0]
    stored = _fetch(log_id, [(level, first // WIDTH)]).get((level, first // WIDTH), b"")
    # Cut to where the new hashes begin: another process may have been here first with the same ones.
    grown = {first // WIDTH: stored[: (first % WIDTH) * HASH_BYTES]}
    if len(grown[first // WIDTH]) != (first % WIDTH) * HASH_BYTES:
        raise ProofError(reason="tile_missing", field="tiles")
    for index, root in full:
        grown[index // WIDTH] = grown.get(index // WIDTH, b"") + root
    return [(level, index, data) for index, data in grown.items()]


def _upsert(log_id: int, tiles: list[tuple[int, int, bytes]]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            'INSERT INTO ledger_tile (log_id, level, "index", data) VALUES (%s, %s, %s, %s) '
            'ON CONFLICT (log_id, level, "index") DO UPDATE SET data = excluded.data '
            # A slower process must not put a narrower tile back.
            "WHERE length(excluded.data) > length(ledger_tile.data)",
            [(log_id, level, index, data) for level, index, data in tiles],
        )


def rebuild_tiles(log_id: int) -> int:
    """Throw a log's tiles away and derive them again; returns how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM ledger_tile WHERE log_id = %s", [log_id])
    return sync_tiles(log_id)


def split(data: bytes) -> list[bytes]:
    """The hashes in a tile."""
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


# --- reading ---


def _fetch(log_id: int, wanted: Iterable[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    keys = sorted(set(wanted))
    if not keys:
        return {}
    places = ", ".join(["(%s, %s)"] * len(keys))
    rows = _rows(
        'SELECT level, "index", data FROM ledger_tile '  # noqa: S608 - placeholders only
        f'WHERE log_id = %s AND (level, "index") IN (VALUES {places})',
        [log_id, *(part for key in keys for part in key)],
    )
    return {(level, index): bytes(data) for level, index, data in rows}


def read_tile(log_id: int, level: int, index: int, width: int = WIDTH) -> bytes | None:
    """The first `width` hashes of a tile, or None where the log has not grown so far."""
    end = (index * WIDTH + width) << (HEIGHT * level)
    if end > log_size(log_id):
        return None
    ensure_tiled(log_id, end)
    if level == 0 and (index + 1) * WIDTH > tiled_size(log_id):
        return _partial_leaves(log_id, index, width)
    data = _fetch(log_id, [(level, index)]).get((level, index))
    if data is None or len(data) < width * HASH_BYTES:
        raise ProofError(reason="tile_missing", field="tiles")
    return data[: width * HASH_BYTES]


def _partial_leaves(log_id: int, index: int, width: int) -> bytes:
    rows = _rows(
        'SELECT data FROM ledger_leaf WHERE log_id = %s AND "index" >= %s AND "index" < %s ORDER BY "index"',
        [log_id, index * WIDTH, index * WIDTH + width],
    )
    return b"".join(leaf_hash(bytes(row[0])) for row in rows)


def ensure_tiled(log_id: int, size: int) -> None:
    """Derive missing tiles where the first `size` leaves are not covered yet."""
    if size // WIDTH * WIDTH > tiled_size(log_id):
        sync_tiles(log_id)


class _Tree:
    """The hashes a proof needs: asked for first, fetched together in two queries, then computed."""

    def __init__(self, log_id: int) -> None:
        self.log_id = log_id
        self._wanted: set[tuple[int, int]] = set()
        self._tiles: dict[tuple[int, int], bytes] = {}

    def want(self, subtrees: Iterable[Subtree]) -> None:
        for start, height in subtrees:
            level = height // HEIGHT
            self._wanted.add((level, (start >> (HEIGHT * level)) // WIDTH))

    def load(self, size: int) -> None:
        """Fetch what was wanted for proofs within the first `size` leaves."""
        edge = size // WIDTH
        whole = [key for key in self._wanted if key[0] > 0 or key[1] < edge]
        self._tiles = _fetch(self.log_id, whole)
        if any(key not in self._tiles for key in whole):
            ensure_tiled(self.log_id, size)
            self._tiles = _fetch(self.log_id, whole)
        if (0, edge) in self._wanted:
            self._tiles[0, edge] = _partial_leaves(self.log_id, edge, size % WIDTH)

    def subtree(self, subtree: Subtree) -> bytes:
        start, height = subtree
        level, within = divmod(height, HEIGHT)
        position = start >> (HEIGHT * level)
        data = self._tiles.get((level, position // WIDTH), b"")
        at = position % WIDTH * HASH_BYTES
        hashes = split(data[at : at + (HASH_BYTES << within)])
        if len(hashes) != 1 << within:
            raise ProofError(reason="tile_missing", field="tiles")
        return hashes[0] if within == 0 else root_of(hashes)

    def root(self, start: int, end: int) -> bytes:
        """Root over the leaves [start, end), from whole subtrees, right to left."""
        parts = [self.subtree(part) for part in _whole_subtrees(start, end)]
        current = parts.pop()
        while parts:
            current = node_hash(parts.pop(), current)
        return current


def _whole_subtrees(start: int, end: int) -> list[Subtree]:
    """The whole subtrees that make up [start, end), left to right; `start` begins an RFC 6962 subtree of that range."""
    parts = []
    while start < end:
        height = (end - start).bit_length() - 1
        parts.append((start, height))
        start += 1 << height
    return parts


def _inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """The ranges whose roots make an inclusion proof, from the leaf upwards (RFC 6962, 2.1.1)."""
    start, end, ranges = 0, size, []
    while end - start > 1:
        cut = start + (1 << (end - start - 1).bit_length() - 1)
        if index < cut:
            ranges.append((cut, end))
            end = cut
        else:
            ranges.append((start, cut))
            start = cut
    return ranges[::-1]


def _consistency_ranges(old: int, new: int) -> list[tuple[int, int]]:
    """The ranges whose roots make a consistency proof, in its order (RFC 6962, 2.1.2)."""
    if old in (0, new):
        return []
    start, end, ranges = 0, new, []
    while old != end:
        cut = start + (1 << (end - start - 1).bit_length() - 1)
        if old <= cut:
            ranges.append((cut, end))
            end = cut
        else:
            ranges.append((start, cut))
            start = cut
    if start > 0:
        ranges.append((start, end))
    return ranges[::-1]


def _roots(log_id: int, ranges: list[tuple[int, int]], size: int) -> list[bytes]:
    tree = _Tree(log_id)
    for start, end in ranges:
        tree.want(_whole_subtrees(start, end))
    tree.load(size)
    return [tree.root(start, end) for start, end in ranges]


def prove_inclusion(log_id: int, index: int, size: int) -> list[bytes]:
    """The proof that leaf `index` lies in the log's first `size` leaves; the caller knows the log is that long."""
    if not 0 <= index < size:
        raise ProofError(reason="index_beyond_size", field="index")
    return _roots(log_id, _inclusion_ranges(index, size), size)


def prove_consistency(log_id: int, old_size: int, new_size: int) -> list[bytes]:
    """The proof that the first `old_size` leaves begin the first `new_size`; empty from 0 and between equals."""
    if not 0 <= old_size <= new_size:
        raise ProofError(reason="sizes_go_back", field="old_size")
    return _roots(log_id, _consistency_ranges(old_size, new_size), new_size)


def root_at(log_id: int, size: int) -> bytes:
    """The root over the first `size` leaves."""
    return _roots(log_id, [(0, size)], size)[0] if size else EMPTY_ROOT


def verify_extends(log_id: int, origin: str, held: Checkpoint, size: int, root: bytes) -> None:
    """Prove that a log continues a head somebody holds. Raises LedgerForkedError."""
    if held.size == 0:
        return
    try:
        verify_consistency(held.size, size, held.root, root, prove_consistency(log_id, held.size, size))
    except ProofError as error:
        raise LedgerForkedError(origin=origin, size=held.size) from error
