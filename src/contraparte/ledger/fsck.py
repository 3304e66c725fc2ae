"""`ledger fsck`: derive everything again from the leaves' bytes and say what differs, naming the first bad leaf (P5.6).

    leaves       index without gap, layout, hash; the root at every stored checkpoint (`_Tree`)
    heads        origin, size, frontier, note of each log row; each checkpoint's columns and signature
    tiles        every stored tile against the tree
    the guard    not above, not another history
    evidence     cosignatures, heads seen, incidents, the witness's own store
    two sides    what one side released against what the other accepted: same message, same envelope
    and          whatever other rooms registered, such as messages against leaves

Leaves are read in pages as plain rows; memory does not grow with a log but for 32 bytes per 256 leaves, and for what
the two sides have to be compared by.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from django.db import connection

from contraparte.ledger import guard, heads, registry, tiles
from contraparte.ledger.evidence import check_evidence, check_sides
from contraparte.ledger.models import Checkpoint as CheckpointRow
from contraparte.ledger.models import Log
from contraparte.ledger.registry import Finding
from contraparte.ledger.rules.leaves import KIND_NUMBERS, LAYOUT, MESSAGE_ID_AT, Kind, parse_leaf
from contraparte.ledger.rules.origins import Origin, parse_origin
from contraparte.ledger.storage import check_types
from contraparte.ledger.tiles import HEIGHT, WIDTH
from contraparte.protocol.errors import (
    GuardUnreadableError,
    IdentifierInvalidError,
    LeafInvalidError,
    NoteMalformedError,
    NoteUnverifiedError,
)
from contraparte.protocol.tlog import HASH_BYTES, CompactRange, leaf_hash, root_of

PAGE_LEAVES: Final = 32 * WIDTH
_CHECKPOINT_PAGE: Final = 512
_MAX_PENDING: Final = 1 << 16
"""Hashes of one batch held at once; a mirroring round may have brought a million leaves under one head."""
_DATA: Final = {"sqlite": "CAST(data AS BLOB)", "postgresql": "data"}
"""The leaf's bytes even where somebody put text in their place, which SQLite lets pass (`check_types` finds it)."""
_RELEASED: Final = {KIND_NUMBERS[Kind.MESSAGE_RELEASED], KIND_NUMBERS[Kind.MESSAGE_RESEALED]}
_ACCEPTED: Final = KIND_NUMBERS[Kind.MESSAGE_ACCEPTED]
_SIDED: Final = _RELEASED | {_ACCEPTED}


@dataclass(slots=True)
class Report:
    """What was looked at and what was found; `ok` where nothing was found."""

    logs: int = 0
    leaves: int = 0
    checkpoints: int = 0
    tiles: int = 0
    matched: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.findings

    @property
    def first_bad_leaf(self) -> Finding | None:
        """The first finding that names a leaf, by log and index."""
        named = [finding for finding in self.findings if finding.code.startswith("leaf.") and finding.index is not None]
        return min(named, key=lambda finding: (finding.origin, finding.index or 0), default=None)

    def to_json(self) -> dict[str, object]:
        """As `--json` prints it."""
        bad = self.first_bad_leaf
        return {
            "ok": self.ok,
            "logs": self.logs,
            "leaves": self.leaves,
            "checkpoints": self.checkpoints,
            "tiles": self.tiles,
            "cross_checked": self.matched,
            "first_bad_leaf": {"origin": bad.origin, "index": bad.index} if bad else None,
            "findings": [
                {"code": f.code, "origin": f.origin, "index": f.index, "detail": f.detail} for f in self.findings
            ],
        }


@dataclass(slots=True)
class Side:
    """What one log says was released and accepted: message id → envelope hash → index. Filled while it is read."""

    log: Log
    released: dict[bytes, dict[bytes, int]] = field(default_factory=dict)
    accepted: dict[bytes, tuple[bytes, int]] = field(default_factory=dict)
    last_minute: int = 0


def check_ledger(progress: Callable[[int], None] | None = None) -> Report:
    """Check every log of this node, written or mirrored; `progress` is told the leaves read so far."""
    report, sides = Report(), []
    report.findings += check_types()
    if any(not finding.code.startswith("leaf.") for finding in report.findings):
        return report  # what has not even its type cannot be read, let alone derived
    for log in Log.objects.order_by("origin"):
        audit = _Audit(log, report, progress)
        audit.run()
        sides.append(audit.side)
    _check_guard_files(report)
    report.findings += check_evidence()
    found, report.matched = check_sides(sides)
    report.findings += found
    for check in registry.cross_checks():
        report.findings += check()
    return report


def _check_guard_files(report: Report) -> None:
    known = set(Log.objects.filter(mine=True).values_list("origin", flat=True))
    for origin in guard.origins():
        if origin not in known:
            report.findings.append(Finding("guard.above", origin, None, "the database has no such log"))


class _Audit:
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
        self.side = Side(log)
        self.tile_roots: list[bytes] = []
        """Hashes of level 1: the roots of the full tiles of level 0, as the leaves give them."""

    def find(self, code: str, index: int | None = None, detail: str = "") -> None:
        self.report.findings.append(Finding(code, self.log.origin, index, detail))

    def run(self) -> None:
        self.report.logs += 1
        if not self._check_row():
            return
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
            self.report.leaves += len(datas)
            if self.progress:
                self.progress(self.report.leaves)
        self._fold()
        while awaited is not None:
            self.find("checkpoint.beyond_leaves", awaited.size)
            awaited = next(checkpoints, None)
        self._check_upper_tiles()
        self._check_head()
        self._check_guard()

    def _fold(self) -> None:
        if self.pending:
            self.edge.extend(self.pending)
            self.pending = []
            self.folded = True

    # --- leaves ---

    def _pages(self) -> Iterator[tuple[int, list[bytes]]]:
        """Pages of leaf bytes in order; a gap is found and ends the log, for nothing behind it can be derived."""
        size = self.log.size
        for start in range(0, size, PAGE_LEAVES):
            with connection.cursor() as cursor:
                cursor.execute(
                    f'SELECT "index", {_DATA[connection.vendor]} FROM ledger_leaf '  # noqa: S608 - fixed words
                    'WHERE log_id = %s AND "index" >= %s AND "index" < %s ORDER BY "index"',
                    [self.log.pk, start, min(start + PAGE_LEAVES, size)],
                )
                rows = cursor.fetchall()
            datas = [bytes(row[1]) for row in rows]
            if len(rows) != min(PAGE_LEAVES, size - start):
                gap = next((n for n, row in enumerate(rows, start) if row[0] != n), start + len(rows))
                self.find("leaf.missing", gap)
                yield start, datas[: gap - start]
                return
            yield start, datas
        with connection.cursor() as cursor:
            cursor.execute(
                'SELECT min("index") FROM ledger_leaf WHERE log_id = %s AND ("index" >= %s OR "index" < 0)',
                [self.log.pk, size],
            )
            beyond = cursor.fetchone()[0]
        # Behind a mirrored head lies what the next round sweeps; behind one of ours lies nothing.
        if beyond is not None and self.log.mine:
            self.find("leaf.beyond_head", beyond)

    def _read_contents(self, start: int, datas: list[bytes]) -> None:
        match, released, accepted = LAYOUT.fullmatch, self.side.released, self.side.accepted
        at = MESSAGE_ID_AT
        for index, data in enumerate(datas, start):
            if not match(data):
                self.find("leaf.layout", index)
            elif data[2] in _SIDED and data[at - 1] == 0x50:
                if data[2] == _ACCEPTED:
                    accepted[data[at : at + 16]] = (data[at + 18 : at + 50], index)
                else:
                    released.setdefault(data[at : at + 16], {})[data[at + 18 : at + 50]] = index
        if datas:
            self._read_minute(datas[-1])

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
