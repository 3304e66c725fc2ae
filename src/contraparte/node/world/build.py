"""The demo's world: one seed gives the same firms, guns, books and recoveries, wherever it is built."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from contraparte.node.world import wording
from contraparte.node.world.chains import Chains, Gun
from contraparte.node.world.firms import Custodian, Firms, Status, found
from contraparte.node.world.lots import Lot, Production, plan
from contraparte.node.world.recoveries import Recovery, Source, draw
from contraparte.node.world.truth import Truth, tell

TODAY = date(2026, 6, 30)
# Lines a gun leaves in books that are on the node: measured below the least of fifty seeds, so `books` is kept.
LINES_PER_GUN = 2.62
# Lines held for one book before they are written out.
FLUSH_LINES = 4000


@dataclass(frozen=True)
class Book:
    """One custodian's book as a file: `lines` records in the columns of 27 CFR 478.125 under a header."""

    custodian: Custodian
    path: Path
    lines: int


class World:
    """Firms, production and chains of one seed. Nothing of it is kept but the list of lots."""

    def __init__(self, seed: int, books: int, today: date) -> None:
        self.seed = seed
        self.today = today
        self.firms: Firms = found(seed)
        self.production: Production = plan(seed, int(books / LINES_PER_GUN) + 1, self.firms, today)
        self.chains = Chains(seed, self.firms, today)

    def guns(self, lot: Lot) -> list[Gun]:
        """The guns of one lot with all their lines, in the order of their numbers."""
        return list(self.chains.guns(lot))

    @property
    def recoveries(self) -> tuple[Recovery, ...]:
        """The 25 guns of scenario S6, as an officer typed them."""
        return self._drawn[0]

    @property
    def sources(self) -> dict[int, Source]:
        """Where each recovery came from, by its number: for the truth only, never for a walk."""
        return self._drawn[1]

    @cached_property
    def _drawn(self) -> tuple[tuple[Recovery, ...], dict[int, Source]]:
        return draw(self)

    def truth(self, recovery: Recovery) -> Truth:
        """What an honest walk must find for a recovery: told from the chain itself, not by walking books."""
        return tell(self, recovery)

    def lines(self, only: frozenset[str] | None = None) -> Iterator[tuple[int, str]]:
        """(index of the custodian, line of its book as CSV) of all books, or of the agencies in `only`."""
        wanted = [only is None or custodian.agency in only for custodian in self.firms.all]
        iso = {0: ""} | {day: date.fromordinal(day).isoformat() for day in self._days()}
        for lot in self.production.lots:
            heads = self._heads(lot)
            for serial, steps in self.chains.guns(lot):
                for custodian, acquired, source, disposed, buyer, _ in steps:
                    if wanted[custodian]:
                        yield (
                            custodian,
                            f"{heads[custodian % 3]}{serial},{iso[acquired]},{source},{iso[disposed]},{buyer}\n",
                        )

    def write_books(
        self, folder: Path, *, only: frozenset[str] | None = None, progress: Callable[[int], None] | None = None
    ) -> list[Book]:
        """Write every custodian's book to `folder`/<connected|paper|closed>/<agency>.csv; `progress` hears lines done.

        Memory is bounded: lines are held for one book up to FLUSH_LINES only.
        """
        held: list[list[str]] = [[] for _ in self.firms.all]
        counts = [0] * len(held)
        paths = [folder / custodian.status / f"{custodian.agency}.csv" for custodian in self.firms.all]
        for status in Status:
            (folder / status).mkdir(parents=True, exist_ok=True)
        for custodian, path in zip(self.firms.all, paths, strict=True):
            if only is None or custodian.agency in only:
                path.write_text(wording.HEADER + "\n", "utf-8")

        def flush(index: int) -> None:
            with paths[index].open("a", encoding="utf-8") as handle:
                handle.writelines(held[index])
            counts[index] += len(held[index])
            held[index].clear()
            if progress:
                progress(sum(counts))

        for index, line in self.lines(only):
            held[index].append(line)
            if len(held[index]) >= FLUSH_LINES:
                flush(index)
        for index, lines in enumerate(held):
            if lines:
                flush(index)
        return [
            Book(custodian, path, count)
            for custodian, path, count in zip(self.firms.all, paths, counts, strict=True)
            if count
        ]

    def _days(self) -> range:
        first = min(lot.first_day for lot in self.production.lots)
        return range(first, max(self.today.toordinal(), max(lot.first_day for lot in self.production.lots) + 90) + 1)

    def _heads(self, lot: Lot) -> tuple[str, ...]:
        """The columns before the serial, in each of the three ways houses spell a calibre."""
        importer = lot.custodian.name if lot.brand.is_imported else ""
        spellings = wording.CALIBRES[lot.model.calibre][0]
        return tuple(
            f"{lot.brand.name},{importer},{lot.model.kind},{lot.model.name},{calibre},{lot.brand.country},"
            for calibre in spellings
        )


def build(seed: int, books: int = 1_000_000, today: date = TODAY) -> World:
    """The world of `seed` with at least `books` lines in the books of connected custodians, up to `today`."""
    return World(seed, books, today)
