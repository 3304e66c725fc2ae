"""Writing lines by the thousand: one chunk is read against what the book holds and written in one go.

Raw SQL on purpose: rows are many, and the ORM costs five times as much. Callers hold a transaction and the lock of
the book's row, so that the keys of one book's lines grow in the order they become visible.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from django.db import connection

from contraparte.books.models import Book, Description
from contraparte.books.rules.columns import Change, Made, Row, compare_rows
from contraparte.books.rules.descriptions import canonical_maker, canonical_model, canonical_type, read_caliber

ASK: Final = 900  # names in one question; below every database's limit of parameters
_SELECT: Final = (
    "SELECT l.line_id, l.revision, l.id, l.is_current, d.manufacturer, d.importer, d.type, d.model, d.caliber,"
    " d.country, l.serial, l.serial_key, l.serial_state, l.acquired_on, l.acquired_from, l.disposed_on, l.disposed_to"
    " FROM books_line l JOIN books_description d ON d.id = l.description_id WHERE l.book_id = %s AND l.line_id IN ({})"
)
_INSERT: Final = (
    "INSERT INTO books_line (book_id, line_id, revision, supersedes_id, is_current, description_id, serial, serial_key,"
    " serial_state, acquired_on, acquired_from, disposed_on, disposed_to)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
    " ON CONFLICT (book_id, line_id, revision) DO NOTHING"
)


@dataclass(slots=True)
class Counts:
    """What a chunk has done to a book."""

    added: int = 0
    completed: int = 0
    corrected: int = 0
    unchanged: int = 0

    def add(self, other: "Counts") -> None:
        """Add the counts of another chunk."""
        self.added += other.added
        self.completed += other.completed
        self.corrected += other.corrected
        self.unchanged += other.unchanged


@dataclass(slots=True)
class _Known:
    """A line of the book as this chunk sees it: stored, or about to be."""

    row: Row
    revision: int
    pk: int
    earlier: list[Row] = field(default_factory=list)


class LineWriter:
    """Writes rows into one book. Keeps the descriptions it has met, so that each is asked for once."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self._descriptions: dict[Made, int] = {}

    def write(self, rows: Sequence[Row]) -> Counts:
        """Write one chunk: new lines, dispositions, corrections. The same rows again change nothing.

        Lines are new until the database says otherwise: only when some were not taken are the known ones read.
        """
        counts, before = Counts(), self.book.last_line
        first = {row.line_id: row for row in reversed(rows)}
        counts.added = self._insert([(row, 0, None) for row in first.values()])
        if counts.added < len(rows):
            known = self._known(first)
            for row in rows:
                line = known[row.line_id]
                if line.pk <= before or row is not first[row.line_id]:
                    self._change(line, row, counts)
        if counts.added or counts.corrected:
            self._note(counts.added)
        return counts

    def _change(self, known: _Known, row: Row, counts: Counts) -> None:
        change = compare_rows(known.row, row)
        if change is Change.NONE or row in known.earlier:
            counts.unchanged += 1
        elif change is Change.DISPOSITION:
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE books_line SET disposed_on = %s, disposed_to = %s WHERE id = %s",
                    [row.disposed_on, row.disposed_to, known.pk],
                )
            known.row = row
            counts.completed += 1
        else:
            with connection.cursor() as cursor:
                cursor.execute("UPDATE books_line SET is_current = %s WHERE id = %s", [False, known.pk])
            self._insert([(row, known.revision + 1, known.pk)])
            arrived = self._known({row.line_id})[row.line_id]
            known.row, known.revision, known.pk, known.earlier = row, arrived.revision, arrived.pk, arrived.earlier
            counts.corrected += 1

    def _insert(self, lines: Sequence[tuple[Row, int, int | None]]) -> int:
        """Insert lines whose name and revision the book does not have; returns how many."""
        self._learn({row.made for row, _, _ in lines})
        book, described = self.book.pk, self._descriptions
        # SQLite's own adapter for dates is slow and deprecated; both databases read the text.
        values = [
            (
                book, line_id, revision, before, True, described[made], serial, key, state,
                acquired.isoformat(), source, left.isoformat() if left else None, recipient,
            )
            for (line_id, made, serial, key, state, acquired, source, left, recipient), revision, before in lines
        ]  # fmt: skip
        with connection.cursor() as cursor:
            cursor.executemany(_INSERT, values)
            return int(cursor.rowcount)

    def _learn(self, wanted: set[Made]) -> None:
        """Give every description its row."""
        missing = {_digest(made): made for made in wanted if made not in self._descriptions}
        if not missing:
            return
        if len(self._descriptions) > 100_000:
            self._descriptions = {made: pk for made, pk in self._descriptions.items() if made in wanted}
        Description.objects.bulk_create(
            (_description(self.book, digest, made) for digest, made in missing.items()),
            ignore_conflicts=True,
            batch_size=500,
        )
        digests = list(missing)
        for start in range(0, len(digests), ASK):
            found = Description.objects.filter(book=self.book, digest__in=digests[start : start + ASK])
            for digest, pk in found.values_list("digest", "pk"):
                self._descriptions[missing[digest]] = pk

    def _known(self, names: Iterable[str]) -> dict[str, _Known]:
        """The lines of these names, with their earlier revisions."""
        asked = list(names)
        found: dict[str, _Known] = {}
        with connection.cursor() as cursor:
            for start in range(0, len(asked), ASK):
                some = asked[start : start + ASK]
                cursor.execute(_SELECT.format(",".join(["%s"] * len(some))), [self.book.pk, *some])
                for stored in sorted(cursor.fetchall(), key=lambda stored: stored[1]):
                    row = _row(stored)
                    if row.line_id in found:
                        found[row.line_id].earlier.append(found[row.line_id].row)
                        found[row.line_id].row, found[row.line_id].revision = row, stored[1]
                        found[row.line_id].pk = stored[2]
                    else:
                        found[row.line_id] = _Known(row, stored[1], stored[2])
        return found

    def _note(self, added: int) -> None:
        """Keep the book's counts beside its lines."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT max(id) FROM books_line WHERE id > %s AND book_id + 0 = %s", [self.book.last_line, self.book.pk]
            )
            newest = cursor.fetchone()[0]
        self.book.lines += added
        self.book.last_line = newest or self.book.last_line
        Book.objects.filter(pk=self.book.pk).update(lines=self.book.lines, last_line=self.book.last_line)


def _row(stored: Sequence[Any]) -> Row:
    serial, key, state, acquired, source, disposed, recipient = stored[10:17]
    left = day_of(disposed) if disposed else None
    return Row(stored[0], Made(*stored[4:10]), serial, key, state, day_of(acquired), source, left, recipient)


def day_of(stored: date | str) -> date:
    """A date column read by raw SQL: text on SQLite."""
    return stored if isinstance(stored, date) else date.fromisoformat(stored)


def _digest(made: Made) -> str:
    return hashlib.blake2b("\x1f".join(made).encode(), digest_size=16).hexdigest()


def _description(book: Book, digest: str, made: Made) -> Description:
    return Description(
        book=book,
        digest=digest,
        **made._asdict(),
        maker_name=canonical_maker(made.manufacturer),
        type_code=canonical_type(made.type),
        caliber_code=read_caliber(made.caliber).code,
        model_key=canonical_model(made.model),
    )
