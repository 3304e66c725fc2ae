"""What changes a book: making one, importing a file into it, appending lines from the custodian's own system.

An import is a row of its own with the offset up to which its file is in the book. Each chunk of lines and that
offset are one transaction, so a process killed at any moment loses nothing and doubles nothing: the next import of
the same file goes on where the last chunk ended. The search index is derived afterwards (`index.catch_up`).
"""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

from django.db import connection, transaction
from django.db.models import F

from contraparte.books import index
from contraparte.books.bulk import seldom_collecting
from contraparte.books.models import Book, BookKind, Import, ImportRefusal
from contraparte.books.reader import Chunk, Probe, chunks, probe
from contraparte.books.rules.columns import COLUMNS, LINE_ID, Row, RowReader
from contraparte.books.rules.dates import DateFormat
from contraparte.books.store import Counts, LineWriter
from contraparte.directory.models import Agency
from contraparte.protocol.errors import BookFileChangedError, BookRowCellsError, BookRowQuotesError, ContraparteError

CHUNK: Final = 40_000  # rows of one transaction of `load_lines`
CACHE_KIB: Final = 131_072  # SQLite's page cache during an import, so that the indexes of a large book stay in memory
MAX_APPEND: Final = 5_000  # lines of one append
MAX_REFUSALS: Final = 10_000  # refusals kept one by one for an import; more are counted
PERSONAL: Final = frozenset({"acquired_from", "disposed_to", "row"})  # what was read there may name a person
LOCAL_MAINTENANCE: Final = "local maintenance"

Progress = Callable[[int, int], None]


def create_book(agency: Agency, name: str, *, now: datetime, kind: str = BookKind.ACQUISITIONS) -> Book:
    """The agency's book of that name, made when it has none."""
    book, _ = Book.objects.get_or_create(agency=agency, name=name, defaults={"kind": kind, "created_at": now})
    return book


def import_file(
    book: Book, path: Path, *, by: str, now: datetime, dates: DateFormat | None = None, progress: Progress | None = None
) -> Import:
    """Bring a CSV file into a book, or go on with an interrupted import of the very same file.

    `progress` is told (bytes read, bytes in all) after each chunk. Rows that cannot be lines are refused one by one
    and reported in `Import.refusals`; the rest is taken. Raises BookFileError and BookHeaderError before anything
    is written.
    """
    found = probe(path)
    reader = RowReader(found.header, dates)
    origin = _begin(book, found, reader, by=by, now=now, dates=dates)
    writer = LineWriter(book)
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    with seldom_collecting():
        for chunk in chunks(found, origin.offset, max(origin.row, 1)):
            rows, refusals = _read_chunk(chunk, reader, found.delimiter)
            _commit_chunk(writer, origin, chunk, rows, refusals)
            if progress:
                progress(origin.offset, found.size)
    Import.objects.filter(pk=origin.pk).update(state=Import.State.DONE, finished_at=now)
    index.catch_up(book)
    origin.refresh_from_db()
    return origin


@transaction.atomic
def _begin(book: Book, found: Probe, reader: RowReader, *, by: str, now: datetime, dates: DateFormat | None) -> Import:
    """The interrupted import of this file if there is one, else a new one."""
    running = Import.objects.filter(
        book=book, file_hash=found.hash, state=Import.State.RUNNING, dates=dates.value if dates else ""
    ).first()
    if running:
        return running
    return Import.objects.create(
        book=book,
        file_name=found.path.name[:200],
        file_hash=found.hash,
        size=found.size,
        encoding=found.encoding,
        delimiter=found.delimiter,
        dates=dates.value if dates else "",
        offset=found.body,
        row=1,
        ignored_columns=list(reader.ignored)[:20],
        by=by,
        started_at=now,
    )


def _read_chunk(
    chunk: Chunk, reader: RowReader, delimiter: str
) -> tuple[list[Row], list[tuple[int, ContraparteError]]]:
    """The rows of a chunk that can be lines, and the refusals of those that cannot, by line number."""
    rows: list[Row] = []
    refusals: list[tuple[int, ContraparteError]] = list(chunk.errors)
    read, take = reader.read, rows.append
    for number, cells in _cells(chunk, delimiter, refusals):
        if cells:
            try:
                take(read(cells))
            except ContraparteError as refusal:
                refusals.append((number, refusal))
    return rows, sorted(refusals, key=lambda refusal: refusal[0])


def _cells(
    chunk: Chunk, delimiter: str, refusals: list[tuple[int, ContraparteError]]
) -> Iterable[tuple[int, list[str]]]:
    """Each row's number and cells; an empty row has none. A row that is no CSV by itself goes to `refusals`."""
    try:
        parsed = list(csv.reader(chunk.texts, delimiter=delimiter))
    except csv.Error:
        parsed = []
    if len(parsed) == len(chunk.texts):
        return zip(chunk.numbers, parsed, strict=True)
    rows = []
    for number, text in zip(chunk.numbers, chunk.texts, strict=True):  # a carriage return or a quote inside a cell
        try:
            alone = list(csv.reader([text], delimiter=delimiter))
        except csv.Error:
            alone = [[], []]
        if len(alone) > 1:
            refusals.append((number, BookRowQuotesError(field="row", read="")))
        elif alone:
            rows.append((number, alone[0]))
    return rows


def _commit_chunk(
    writer: LineWriter,
    origin: Import,
    chunk: Chunk,
    rows: Sequence[Row],
    refusals: Sequence[tuple[int, ContraparteError]],
) -> None:
    """Lines, refusals and offset of one chunk, in one transaction under the lock of the book."""
    with transaction.atomic():
        _lock(writer.book)
        stored = Import.objects.values_list("offset", "refused").get(pk=origin.pk)
        if stored[0] != origin.offset:
            raise BookFileChangedError(file=origin.file_name)  # another process goes on with this import
        counts = writer.write(rows)
        kept = refusals[: max(0, MAX_REFUSALS - stored[1])]
        ImportRefusal.objects.bulk_create(
            (
                ImportRefusal(origin=origin, row=row, field=_field(refusal), code=refusal.code, read=_shown(refusal))
                for row, refusal in kept
            ),
            batch_size=100,
        )
        Import.objects.filter(pk=origin.pk).update(
            offset=chunk.end,
            row=chunk.end_number,
            added=F("added") + counts.added,
            completed=F("completed") + counts.completed,
            corrected=F("corrected") + counts.corrected,
            unchanged=F("unchanged") + counts.unchanged,
            refused=F("refused") + len(refusals),
        )
    origin.offset = chunk.end


def _lock(book: Book) -> None:
    """Hold the book's row till the end of the transaction and read its counts anew."""
    locked = Book.objects.select_for_update().get(pk=book.pk)
    book.lines, book.last_line = locked.lines, locked.last_line


def _field(refusal: ContraparteError) -> str:
    return str(refusal.params.get("field", "row"))[:20]


def _shown(refusal: ContraparteError) -> str:
    """What was read, for the report; nothing from a cell that may name a person, nothing that cannot be shown."""
    read = "" if _field(refusal) in PERSONAL else str(refusal.params.get("read", ""))[:120]
    return read if read.isprintable() else ascii(read)[:120]


@dataclass(frozen=True, slots=True)
class Appended:
    """The answer to one append: what changed, and which lines were refused (position in the batch, error)."""

    counts: Counts
    refusals: tuple[tuple[int, ContraparteError], ...]


def append_lines(book: Book, lines: Sequence[Mapping[str, str]]) -> Appended:
    """Take lines from the custodian's own system, at most `MAX_APPEND`, while searches go on.

    A line is a mapping of the columns of 27 CFR 478.125 and `line_id`, its number in that system. The same lines
    again change nothing, so an append whose answer was lost is simply repeated. Dates are ISO.
    """
    if len(lines) > MAX_APPEND:
        raise BookRowCellsError(field="lines", read=str(len(lines)), wanted=str(MAX_APPEND))
    reader = RowReader((*COLUMNS, LINE_ID), DateFormat.ISO)
    rows: list[Row] = []
    refusals: list[tuple[int, ContraparteError]] = []
    for position, line in enumerate(lines):
        try:
            rows.append(reader.read([str(line.get(name) or "") for name in (*COLUMNS, LINE_ID)]))
        except ContraparteError as refusal:
            refusals.append((position, refusal))
    counts = load_lines(book, rows) if rows else Counts()
    return Appended(counts, tuple(refusals))


def load_lines(book: Book, rows: Iterable[Row]) -> Counts:
    """Write rows that have been read already, chunk by chunk, then bring the index up to date."""
    writer, counts = LineWriter(book), Counts()
    waiting = iter(rows)
    with seldom_collecting():
        while chunk := list(islice(waiting, CHUNK)):
            with transaction.atomic():
                _lock(book)
                counts.add(writer.write(chunk))
    index.catch_up(book)
    return counts
