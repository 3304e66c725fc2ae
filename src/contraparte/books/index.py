"""The search index of a book: derived from its lines, in HOME/books/<book>, rebuilt from them at any time.

One document a line, in the order of the lines' keys, so the highest key in the index says how far it reaches; the
index needs no other memory of its own and a killed writer is caught up from the database. Fields:

    f, r     the serial folded (confusables made one, leading zeros dropped), forward and reversed
    g        its trigrams, with marks for both ends
    a, b, c  eight characters of the canonical serial each, as a number: read back without the database
    d, i     keys of description and line

No name of a person, nor any other text of the book, is in it.
"""

import fcntl
import shutil
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import tantivy
from django.conf import settings
from django.db import connection

from contraparte.books.models import Book
from contraparte.books.rules.confusables import fold
from contraparte.protocol.errors import BookIndexBusyError

PAGE: Final = 20_000  # lines read at a time
COMMIT_EVERY: Final = 2_000_000  # lines
BYTES_A_LINE: Final = 160  # of the writer's memory; fewer segments make faster searches
LEAST_HEAP: Final = 32 * 1024 * 1024
MOST_HEAP: Final = 1024 * 1024 * 1024
WAIT_S: Final = 60.0
START, END = "^", "$"


@lru_cache(1)
def schema() -> tantivy.Schema:
    """The fields above."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("f", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("r", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("g", tokenizer_name="trigrams", index_option="basic")
    for name in ("a", "b", "c", "d", "i"):
        builder.add_unsigned_field(name, fast=True)
    return builder.build()


def searchable(key: str) -> str:
    """A canonical serial as fields f, r and g hold it: without leading zeros, folded."""
    return fold(key.lstrip("0") or key[-1:])


def folder_of(book: Book) -> Path:
    """Where the book's index lies."""
    return Path(settings.HOME.folder("books")) / str(book.uid)


def _open(folder: Path) -> tantivy.Index:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        opened = tantivy.Index(schema(), str(folder), reuse=True)
    except ValueError:  # made by a release with other fields: derived, so thrown away
        shutil.rmtree(folder)
        folder.mkdir(mode=0o700)
        opened = tantivy.Index(schema(), str(folder), reuse=False)
    opened.register_tokenizer(
        "trigrams", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.ngram(min_gram=3, max_gram=3)).build()
    )
    opened.config_reader("manual")
    return opened


@contextmanager
def _writing(book: Book, *, wait: bool) -> Iterator[bool]:
    """Hold the writer's lock of the book's index across processes; yields False when it is taken and not waited for."""
    path = folder_of(book).with_suffix(".lock")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("w") as handle:
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not wait:
                    yield False
                    return
                if time.monotonic() > deadline:
                    raise BookIndexBusyError(book=book.name) from None
                time.sleep(0.05)
        yield True


def catch_up(book: Book, *, wait: bool = True, progress: Callable[[int, int], None] | None = None) -> int:
    """Index the lines that the index does not hold yet; returns how many. Raises BookIndexBusyError.

    With `wait=False` nothing is done while another process writes: it will get there.
    """
    with _writing(book, wait=wait) as mine:
        if not mine:
            return 0
        opened = _open(folder_of(book))
        done = _reach(opened)
        if done > max(book.last_line, _newest(book)):  # of a database that was since put back: it knows other lines
            shutil.rmtree(folder_of(book))
            opened, done = _open(folder_of(book)), 0
        missing = _count(book, done)
        if not missing:
            return 0
        heap = min(MOST_HEAP, max(LEAST_HEAP, missing * BYTES_A_LINE))
        writer = opened.writer(heap_size=heap, num_threads=1)
        written = 0
        for page in _pages(book, done):
            _add(writer, page)
            written += len(page)
            if written % COMMIT_EVERY < PAGE:
                writer.commit()
            if progress:
                progress(written, missing)
        writer.commit()
        writer.wait_merging_threads()
        return written


def rebuild(book: Book, *, progress: Callable[[int, int], None] | None = None) -> int:
    """Throw the index away and derive it anew from the lines; returns how many."""
    with _writing(book, wait=True):
        shutil.rmtree(folder_of(book), ignore_errors=True)
    return catch_up(book, progress=progress)


def _reach(opened: tantivy.Index) -> int:
    """The key of the newest line in the index, 0 for an empty one."""
    opened.reload()
    searcher = opened.searcher()
    newest = searcher.search(tantivy.Query.all_query(), limit=1, count=False, order_by_field="i").hits
    return int(newest[0][0]) if newest else 0


def _newest(book: Book) -> int:
    return Book.objects.values_list("last_line", flat=True).get(pk=book.pk)


def _count(book: Book, after: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM books_line WHERE id > %s AND book_id + 0 = %s", [after, book.pk])
        return int(cursor.fetchone()[0])


def _pages(book: Book, after: int) -> Iterator[list[tuple[int, str, int]]]:
    """Lines by key, page by page: an open cursor would hold up the database's checkpoints.

    "+ 0" keeps the planner on the primary key; by the book's own index it would sort the whole book for each page.
    """
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, serial_key, description_id FROM books_line"
                " WHERE id > %s AND book_id + 0 = %s ORDER BY id LIMIT %s",
                [after, book.pk, PAGE],
            )
            page = cursor.fetchall()
        if not page:
            return
        yield page
        after = page[-1][0]


def _add(writer: tantivy.IndexWriter, page: Sequence[tuple[int, str, int]]) -> None:
    """One document a line. Written as JSON, for one call each instead of eight; keys are letters and digits only."""
    add = writer.add_json
    for line, key, description in page:
        if not key:
            add(f'{{"i":{line}}}')
            continue
        text, raw = searchable(key), key.encode()
        more = f',"b":{int.from_bytes(raw[8:16])}' if len(raw) > 8 else ""
        if len(raw) > 16:
            more += f',"c":{int.from_bytes(raw[16:])}'
        add(
            f'{{"i":{line},"d":{description},"f":"{text}","r":"{text[::-1]}","g":"{START}{text}{END}",'
            f'"a":{int.from_bytes(raw[:8])}{more}}}'
        )


@dataclass(frozen=True, slots=True)
class Found:
    """A line that a query has brought up: canonical serial, keys of description and line."""

    key: str
    description: int
    line: int


class Reader:
    """Searches one book's index; sees what other processes have committed since, at the price of one `stat`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._index = _open(folder)
        self._stamp: tuple[int, int] | None = None
        self._lock = threading.Lock()
        self.refresh()

    def refresh(self) -> None:
        """Take up new commits."""
        stat = (self._folder / "meta.json").stat()
        stamp = (stat.st_mtime_ns, stat.st_ino)
        if stamp != self._stamp:
            with self._lock:
                self._index.reload()
                self._searcher = self._index.searcher()
                self._stamp = stamp
                self._reach = _reach(self._index)

    @property
    def reach(self) -> int:
        """The key of the newest line in the index."""
        return self._reach

    def terms(self, field: str, limit: int) -> list[str]:
        """The first terms of a text field, for those who check what an index tells."""
        return [term for term, _ in self._searcher.terms_with_prefix(field, "", limit=limit)]

    def collect(self, query: tantivy.Query, limit: int) -> tuple[list[Any], int]:
        """Addresses of at most `limit` lines that match, and how many do."""
        result = self._searcher.search(query, limit=limit)
        return [address for _, address in result.hits], int(result.count)  # type: ignore[attr-defined]

    def descriptions(self, addresses: list[Any]) -> list[int]:
        """The description of each address."""
        return [int(value or 0) for value in self._searcher.fast_field_values("d", addresses)]

    def read(self, addresses: list[Any]) -> list[Found]:
        """The serials, descriptions and lines at these addresses."""
        if not addresses:
            return []
        values = self._searcher.fast_field_values
        keys = _texts(values("a", addresses))
        second = values("b", addresses)
        if any(second):
            third = values("c", addresses)
            keys = [one + two + three for one, two, three in zip(keys, _texts(second), _texts(third), strict=True)]
        described, lines = values("d", addresses), values("i", addresses)
        return [
            Found(key, int(description or 0), int(line or 0))
            for key, description, line in zip(keys, described, lines, strict=True)
            if key
        ]


def _texts(numbers: list[Any]) -> list[str]:
    blob = struct.pack(f">{len(numbers)}Q", *[number or 0 for number in numbers])
    return [blob[start : start + 8].lstrip(b"\0").decode("ascii") for start in range(0, len(blob), 8)]


_readers: dict[Path, Reader] = {}
_readers_lock = threading.Lock()
MAX_READERS: Final = 256


def reader_of(book: Book) -> Reader:
    """The reader of a book, shared by this process's threads; catches the index up when nobody else is doing so."""
    folder = folder_of(book)
    reader = _readers.get(folder)
    if reader is None or not (folder / "meta.json").exists():
        with _readers_lock:
            if len(_readers) >= MAX_READERS:
                _readers.clear()
            reader = _readers[folder] = Reader(folder)
    reader.refresh()
    if reader.reach != book.last_line and catch_up(book, wait=False):
        if reader.reach > book.last_line:
            reader = _readers[folder] = Reader(folder)
        reader.refresh()
    return reader
