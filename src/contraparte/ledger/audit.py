"""The audit of one log: everything that follows from its leaves' bytes, derived again and compared.

A first pass computes every hash once and only asks whether all holds; that is how nearly every audit ends. Where it
does not, a second one goes batch by batch and names what was changed. Leaves are read in pages as plain rows; memory
does not grow with a log but for 32 bytes per 256 leaves, and for what the two sides have to be compared by.

Over 400 lines, in one place because the two passes share how leaves, tiles and checkpoints are read.
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import Final

from django.db import connection

from contraparte.ledger import guard, heads, registry, tiles
from contraparte.ledger.models import Checkpoint as CheckpointRow
from contraparte.ledger.models import Leaf, Log
from contraparte.ledger.registry import Finding
from contraparte.ledger.report import Report
from contraparte.ledger.rules.leaves import KIND_NUMBERS, LAYOUT, MESSAGE_ID_AT, Kind, parse_leaf
from contraparte.ledger.rules.origins import Origin, parse_origin
from contraparte.ledger.sides import Side
from contraparte.ledger.tiles import HEIGHT, WIDTH
from contraparte.protocol.errors import (
    GuardUnreadableError,
    IdentifierInvalidError,
    LeafInvalidError,
    NoteMalformedError,
    NoteUnverifiedError,
)
from contraparte.protocol.tlog import HASH_BYTES, CompactRange, leaf_hash, pair_up, root_of

_sha256 = hashlib.sha256
PAGE_LEAVES: Final = 32 * WIDTH
"""A power of two, so that a page is one subtree."""
_CHECKPOINT_PAGE: Final = 512
_MAX_PENDING: Final = 1 << 16
"""Hashes of one batch held at once; a mirroring round may have brought a million leaves under one head."""
_DATA: Final = {"sqlite": "CAST(data AS BLOB)", "postgresql": "data"}
"""The leaf's bytes even where somebody put text in their place, which SQLite lets pass (`check_types` finds it)."""
_RELEASED: Final = KIND_NUMBERS[Kind.MESSAGE_RELEASED]
_ACCEPTED: Final = KIND_NUMBERS[Kind.MESSAGE_ACCEPTED]
_SIDED: Final = {_RELEASED, _ACCEPTED, KIND_NUMBERS[Kind.MESSAGE_RESEALED]}


class _DiffersError(Exception):
    """Something does not hold; the second pass says what."""


class Audit:
    """One log, read once from its first leaf to its last."""

    def __init__(self, log: Log, report: Report, progress: Callable[[int], None] | None) -> None:
        self.log, self.report, self.progress = log, report, progress
        self.edge = CompactRange()
        """The tree up to the last checkpoint met, with signed hashes wherever they could be told from changed ones."""
        self.pending: list[bytes] = []
        """Hashes of the leaves read since."""
        self.folded = False
        """Whether a part of the batch being read went into the edge already."""
        self.broken = False
        self.bad: list[int] = []
        self.wrong_tiles: list[tuple[int, int]] = []
        self.side = Side.of(log)
        self.tile_roots: list[bytes] = []
        """Hashes of level 1: the roots of the full tiles of level 0, as the leaves give them."""

    def find(self, code: str, index: int | None = None, detail: str = "") -> None:
        self.report.findings.append(Finding(code, self.log.origin, index, detail))

    def run(self) -> None:
        """Check the log: once quickly, and where anything differs once more to say what and where."""
        self.report.logs += 1
        if not self._check_row():
            return
        before = (self.report.leaves, self.report.checkpoints, self.report.tiles)
        try:
            self._run_quickly()
        except _DiffersError:
            self.report.leaves, self.report.checkpoints, self.report.tiles = before
            self.edge, self.tile_roots, self.side = CompactRange(), [], Side.of(self.log)
            self._run_thoroughly()
        self._check_upper_tiles()
        self._check_head()
        self._check_guard()

    def _run_quickly(self) -> None:
        """Every hash once: the nodes of a page serve its checkpoints and its tiles alike."""
        checkpoints, size_before = self._checkpoints(), 0
        awaited = next(checkpoints, None)
        carried: list[bytes] = []
        for start, datas in self._pages(quickly=True):
            hashes = [_sha256(b"\0" + data).digest() for data in datas]
            self._read_contents(start, datas, quickly=True)
            levels = [hashes]
            while len(levels[-1]) > 1:
                levels.append(pair_up(levels[-1]))
            while awaited is not None and awaited.size <= start + len(hashes):
                batch = [*carried, *hashes][: awaited.size - start + len(carried)][size_before - start + len(carried) :]
                self._require_checkpoint(awaited, self._root_in_page(levels, awaited.size - start), batch)
                size_before = awaited.size
                awaited = next(checkpoints, None)
            # Hashes of a batch that goes on in the next page; of a huge one only as many as a mirror keeps.
            carried = [*carried, *hashes][max(0, size_before - start + len(carried)) :][-_MAX_PENDING:]
            self._require_full_tiles(start, hashes)
            self.tile_roots += levels[HEIGHT] if len(levels) > HEIGHT else []
            if len(hashes) == PAGE_LEAVES:
                self.edge.add_subtree(levels[-1][0], len(levels) - 1)
            else:
                self.edge.extend(hashes)
            self._count(len(datas))
        if awaited is not None:
            raise _DiffersError

    def _count(self, leaves: int) -> None:
        self.report.leaves += leaves
        if self.progress:
            self.progress(self.report.leaves)

    def _root_in_page(self, levels: list[list[bytes]], count: int) -> bytes:
        """The root over everything before a page and its first `count` leaves."""
        if count <= 0:
            raise _DiffersError
        if count == PAGE_LEAVES:
            whole = self.edge.copy()
            whole.add_subtree(levels[-1][0], len(levels) - 1)
            return whole.root()
        at, parts = 0, []
        for height in range(count.bit_length() - 1, -1, -1):
            if count >> height & 1:
                parts.append(levels[height][at >> height])
                at += 1 << height
        return self.edge.root(*parts)

    def _require_checkpoint(self, row: CheckpointRow, root: bytes, batch: list[bytes]) -> None:
        self.report.checkpoints += 1
        try:
            head, _ = heads.read_head(self.log.origin, bytes(row.note))
        except (NoteMalformedError, NoteUnverifiedError) as error:
            raise _DiffersError from error
        stored = bytes(row.hashes)
        expected = batch if self.log.mine else batch[-(len(stored) // HASH_BYTES) or len(batch) :]
        said = (head.origin, head.size, head.root, bytes(row.root), stored)
        if said != (self.log.origin, row.size, root, root, b"".join(expected)):
            raise _DiffersError

    def _require_full_tiles(self, start: int, hashes: list[bytes]) -> None:
        stored = self._stored_tiles(0, start // WIDTH, PAGE_LEAVES // WIDTH)
        self.report.tiles += len(stored)
        for number, data in stored.items():
            at = number * WIDTH - start
            if data != b"".join(hashes[at : at + WIDTH]) or len(data) != WIDTH * HASH_BYTES:
                raise _DiffersError

    def _run_thoroughly(self) -> None:
        """Batch by batch, so that of each batch that differs the changed leaves can be named."""
        checkpoints = self._checkpoints()
        awaited = next(checkpoints, None)
        for start, datas in self._pages():
            hashes = [leaf_hash(data) for data in datas]
            self._read_contents(start, datas)
            self._check_full_tiles(start, hashes)
            self.pending += hashes
            taken = 0
            while awaited is not None and awaited.size <= self.edge.size + len(self.pending) - taken:
                count = max(0, awaited.size - self.edge.size)
                self._check_checkpoint(awaited, self.pending[taken : taken + count])
                taken += count
                awaited = next(checkpoints, None)
            del self.pending[:taken]
            if len(self.pending) > _MAX_PENDING:
                self._fold()
            self._count(len(datas))
        self._fold()
        while awaited is not None:
            self.find("checkpoint.beyond_leaves", awaited.size)
            awaited = next(checkpoints, None)

    def _fold(self) -> None:
        if self.pending:
            self.edge.extend(self.pending)
            self.pending = []
            self.folded = True

    # --- leaves ---

    def _pages(self, *, quickly: bool = False) -> Iterator[tuple[int, list[bytes]]]:
        """Pages of leaf bytes in order; a gap is found and ends the log, for nothing behind it can be derived."""
        size = self.log.size
        for start in range(0, size, PAGE_LEAVES):
            end = min(start + PAGE_LEAVES, size)
            datas = self._page(start, end)
            # The index is unique in its log: as many rows as places means no gap.
            if len(datas) == end - start:
                yield start, datas
                continue
            if quickly:
                raise _DiffersError
            gap = self._first_gap(start, end)
            self.find("leaf.missing", gap)
            yield start, datas[: gap - start]
            return
        beyond = Leaf.objects.filter(log=self.log).exclude(index__gte=0, index__lt=size).order_by("index").first()
        # Behind a mirrored head lies what the next round sweeps; behind one of ours lies nothing.
        if beyond is not None and (self.log.mine or beyond.index < 0):
            if quickly:
                raise _DiffersError
            self.find("leaf.beyond_head", beyond.index)

    def _page(self, start: int, end: int) -> list[bytes]:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {_DATA[connection.vendor]} FROM ledger_leaf "  # noqa: S608 - fixed words
                'WHERE log_id = %s AND "index" >= %s AND "index" < %s ORDER BY "index"',
                [self.log.pk, start, end],
            )
            datas = [row[0] for row in cursor.fetchall()]
        return datas if not datas or type(datas[0]) is bytes else [bytes(data) for data in datas]

    def _first_gap(self, start: int, end: int) -> int:
        rows = Leaf.objects.filter(log=self.log, index__gte=start, index__lt=end).order_by("index")
        present = list(rows.values_list("index", flat=True))
        return next((n for n, index in enumerate(present, start) if index != n), start + len(present))

    def _read_contents(self, start: int, datas: list[bytes], *, quickly: bool = False) -> None:
        """Layout of each leaf; who released and accepted what, where the other side's log is here to compare."""
        at, match = MESSAGE_ID_AT, LAYOUT.fullmatch
        if not all(map(match, datas)):
            if quickly:
                raise _DiffersError
            for index in [index for index, data in enumerate(datas, start) if not match(data)]:
                self.find("leaf.layout", index)
        if self.side.wanted:
            for index, data in enumerate(datas, start):
                if len(data) >= at + 50 and data[2] in _SIDED and data[at - 1] == 0x50:
                    self._note_message(data[2], data[at : at + 16], data[at + 18 : at + 50], index)
        if datas:
            self._read_minute(datas[-1])

    def _note_message(self, kind: int, message_id: bytes, envelope_hash: bytes, index: int) -> None:
        if kind == _ACCEPTED:
            self.side.accepted[message_id] = (envelope_hash, index)
        elif kind == _RELEASED:
            self.side.released[message_id] = envelope_hash
        else:
            self.side.resealed.setdefault(message_id, set()).add(envelope_hash)

    def _read_minute(self, data: bytes) -> None:
        try:
            self.side.last_minute = int(parse_leaf(data).at.timestamp()) // 60
        except LeafInvalidError:
            self.side.last_minute = 0

    # --- checkpoints ---

    def _checkpoints(self) -> Iterator[CheckpointRow]:
        after = -1
        while True:
            page = list(CheckpointRow.objects.filter(log=self.log, size__gt=after).order_by("size")[:_CHECKPOINT_PAGE])
            yield from page
            if len(page) < _CHECKPOINT_PAGE:
                return
            after = page[-1].size

    def _check_checkpoint(self, row: CheckpointRow, batch: list[bytes]) -> None:
        """One signed head against the tree; `batch` are the hashes of its leaves, as the leaves' bytes give them."""
        self.report.checkpoints += 1
        first, whole = self.edge.size, not self.folded
        before = self.edge.copy()
        self.edge.extend(batch)
        self.folded = False
        try:
            head, _ = heads.read_head(self.log.origin, bytes(row.note))
        except (NoteMalformedError, NoteUnverifiedError) as error:
            self.find("checkpoint.signature", row.size, str(error.params.get("reason", "")))
            return
        if (head.origin, head.size, head.root) != (self.log.origin, row.size, bytes(row.root)):
            self.find("checkpoint.columns", row.size)
            return
        stored = tiles.split(bytes(row.hashes))
        if self.edge.root() == head.root:
            # With a mirrored head only the last hashes are kept.
            expected = batch if self.log.mine else batch[-len(stored) :]
            if stored != expected and whole:
                self.find("checkpoint.hashes", row.size)
        elif not self.broken:
            self._name_changed(row, head.root, before, first, batch, stored)

    def _name_changed(  # noqa: PLR0917 - the pieces of one comparison
        self, row: CheckpointRow, root: bytes, before: CompactRange, first: int, batch: list[bytes], stored: list[bytes]
    ) -> None:
        """Which leaves of a batch are not those that were signed."""
        signed = before.copy()
        signed.extend([*batch[: len(batch) - len(stored)], *stored])
        if len(stored) <= len(batch) and signed.root() == root:
            # The kept hashes are the signed ones: every leaf that differs is named and the rest can still be checked.
            kept = enumerate(zip(batch[len(batch) - len(stored) :], stored, strict=True), row.size - len(stored))
            for index in [index for index, (ours, theirs) in kept if ours != theirs]:
                self.bad.append(index)
                self.find("leaf.changed", index)
            self.edge = signed
            return
        self.broken = True
        changed = self._changed_in_tiles(first, batch)
        if changed is not None:
            self.bad.append(changed)
            self.find("leaf.changed", changed)
        else:
            self.bad += range(first, row.size)
            self.find("leaf.changed", first, f"one of the leaves {first} to {row.size - 1}")

    # --- tiles ---

    def _stored_tiles(self, level: int, first: int, count: int) -> dict[int, bytes]:
        with connection.cursor() as cursor:
            cursor.execute(
                'SELECT "index", data FROM ledger_tile WHERE log_id = %s AND level = %s '
                'AND "index" >= %s AND "index" < %s',
                [self.log.pk, level, first, first + count],
            )
            return {index: bytes(data) for index, data in cursor.fetchall()}

    def _changed_in_tiles(self, first: int, batch: list[bytes]) -> int | None:
        """The first leaf of a batch that a stored tile has another hash for."""
        for number in range(first // WIDTH, (first + len(batch)) // WIDTH + 1):
            stored = tiles.split(self._stored_tiles(0, number, 1).get(number, b""))
            for index, signed in enumerate(stored, number * WIDTH):
                if first <= index < first + len(batch) and batch[index - first] != signed:
                    return index
        return None

    def _check_full_tiles(self, start: int, hashes: list[bytes]) -> None:
        stored = self._stored_tiles(0, start // WIDTH, PAGE_LEAVES // WIDTH)
        self.report.tiles += len(stored)
        for at in range(0, len(hashes) - WIDTH + 1, WIDTH):
            block, number = hashes[at : at + WIDTH], (start + at) // WIDTH
            self.tile_roots.append(root_of(block))
            if stored.pop(number, None) not in (None, b"".join(block)):
                self.wrong_tiles.append((0, number))
        self.wrong_tiles += [(0, number) for number in stored]

    def _check_upper_tiles(self) -> None:
        level, row = 1, self.tile_roots
        while row or self._has_tiles_from(level):
            for first in range(0, max(len(row), 1), WIDTH * WIDTH):
                stored = self._stored_tiles(level, first // WIDTH, WIDTH)
                self.report.tiles += len(stored)
                for number, data in sorted(stored.items()):
                    ours = row[number * WIDTH : (number + 1) * WIDTH]
                    # The last tile of a level may lag behind the leaves; then it is the beginning of what it will be.
                    if not data or len(data) % HASH_BYTES or not b"".join(ours).startswith(data):
                        self.wrong_tiles.append((level, number))
            row = [root_of(row[at : at + WIDTH]) for at in range(0, len(row) - WIDTH + 1, WIDTH)]
            level += 1
        for level, number in self.wrong_tiles:
            first, width = number * WIDTH << HEIGHT * level, WIDTH << HEIGHT * level
            # A tile above a changed leaf differs because of the leaf.
            if not any(first <= index < first + width for index in self.bad):
                self.find("tile.differs", number, f"level {level}")
        self._check_tile_places()

    def _has_tiles_from(self, level: int) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT max(level) FROM ledger_tile WHERE log_id = %s", [self.log.pk])
            top = cursor.fetchone()[0]
        return top is not None and HEIGHT > top >= level

    def _check_tile_places(self) -> None:
        """Tiles no tree of this size has: another level, another index."""
        with connection.cursor() as cursor:
            cursor.execute(
                'SELECT level, "index" FROM ledger_tile WHERE log_id = %s ORDER BY level, "index"', [self.log.pk]
            )
            places = cursor.fetchall()
        held: dict[int, list[int]] = {}
        for level, number in places:
            end = (number * WIDTH + 1) << (HEIGHT * max(level, 0))
            if level < 0 or level >= HEIGHT or number < 0 or end > self.log.size:
                self.find("tile.displaced", number, f"level {level}")
            held.setdefault(level, []).append(number)
        for level, numbers in held.items():
            if numbers != list(range(len(numbers))):
                self.find("tile.displaced", numbers[0], f"level {level} has a gap")

    # --- the head ---

    def _check_row(self) -> bool:
        """Whether the log has a name to look for its keys by; without one nothing more can be said of it."""
        log = self.log
        try:
            origin = parse_origin(log.origin)
        except IdentifierInvalidError:
            self.find("log.columns", None, "origin")
            return False
        if origin != Origin(log.agency, log.peer, log.year):
            self.find("log.columns", None, "agency, peer or year")
        if log.mine != registry.peers().is_local(log.agency):
            self.find("log.columns", None, "mine")
        later = Log.objects.filter(agency=log.agency, peer=log.peer, mine=log.mine, year__gt=log.year, size__gt=0)
        if log.closed != later.exists():
            self.find("log.columns", None, "closed")
        return True

    def _check_head(self) -> None:
        log = self.log
        last = CheckpointRow.objects.filter(log=log).order_by("-size").first()
        if self.edge.size != log.size or self.edge.to_bytes() != bytes(log.frontier):
            self.find("log.frontier", self.edge.size)
        if (last.size if last else 0) != log.size:
            self.find("log.size", log.size, f"the last checkpoint is of {last.size if last else 0}")
        if bytes(log.note) != (bytes(last.note) if last else b""):
            self.find("log.note", log.size)

    def _check_guard(self) -> None:
        if not self.log.mine:
            return
        try:
            held = guard.read(self.log.origin)
        except GuardUnreadableError:
            self.find("guard.unreadable")
            return
        if held is None:
            return
        if held.size > self.log.size:
            self.find("guard.above", held.size, f"the database ends at {self.log.size}")
            return
        signed = CheckpointRow.objects.filter(log=self.log, size=held.size).first()
        if signed is None or bytes(signed.root) != held.root:
            self.find("guard.forked", held.size)
