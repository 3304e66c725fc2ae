"""From a file's bytes to logical lines, with bounded memory and exact offsets, so that reading can go on anywhere.

Files come as UTF-8, with or without a byte order mark, or cp1252; with comma, semicolon or tab. One pass over the
bytes finds the hash and the encoding; the second gives logical lines: a cell may hold line breaks between quotes, but
a quote that is not closed within `MAX_JOINED` lines costs its own line only, never the rest of the file.
"""

import codecs
import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from contraparte.protocol.errors import (
    BookCellTooLongError,
    BookFileError,
    BookRowEncodingError,
    BookRowError,
    BookRowQuotesError,
)

MAX_LINE: Final = 64 * 1024  # bytes of a row: 11 columns of 400 characters, each of 4 bytes, fit three times
MAX_JOINED: Final = 12  # lines that one quoted cell may span
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Probe:
    """What the first pass over a file has found."""

    path: Path
    size: int
    hash: str
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    body: int  # offset of the first byte after the header line


class LogicalLine(NamedTuple):
    """A row as text or as the error it is, and where the next one begins. `number` counts the file's lines from 1."""

    number: int
    text: str
    error: BookRowError | None
    end: int
    end_number: int


def probe(path: Path) -> Probe:
    """Read a file once. Raises BookFileError for one that is empty or whose first line is no header."""
    digest, decoder, utf8 = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")(), True
    size = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            size += len(block)
            digest.update(block)
            if utf8:
                try:
                    decoder.decode(block)
                except UnicodeDecodeError:
                    utf8 = False
        if utf8:
            try:
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                utf8 = False
        encoding = "utf-8" if utf8 else "cp1252"
        file.seek(0)
        first = file.readline(MAX_LINE + 1)
        body = file.tell()
    if first.startswith(codecs.BOM_UTF8):
        first = first.removeprefix(codecs.BOM_UTF8)
    if len(first) > MAX_LINE or not first.strip() or b"\0" in first:
        raise BookFileError(field="file", read=path.name)
    try:
        text = first.decode(encoding).rstrip("\r\n")
    except UnicodeDecodeError:
        raise BookFileError(field="file", read=path.name) from None
    delimiter = max(",;\t", key=text.count)
    header = next(csv.reader([text], delimiter=delimiter), [])
    return Probe(path, size, digest.hexdigest(), encoding, delimiter, tuple(header), body)


def logical_lines(found: Probe, offset: int = 0, number: int = 1) -> Iterator[LogicalLine]:
    """The rows after the header, or from `offset` (the `end` of a row read before) with `number` lines before it."""
    with found.path.open("rb", buffering=_BLOCK) as file:
        file.seek(max(offset, found.body))
        waiting: list[tuple[bytes, int]] = []
        at = max(offset, found.body)
        while True:
            raw, at = waiting.pop(0) if waiting else _line(file, at)
            if not raw:
                return
            number += 1
            if raw.count(b'"') % 2 == 0:
                yield _decoded(raw, found.encoding, number, at, number)
                continue
            joined, end, more = raw, at, 0
            while joined.count(b'"') % 2 and more < MAX_JOINED and len(joined) <= MAX_LINE:
                if more == len(waiting):
                    waiting.append(_line(file, end))
                if not waiting[more][0]:
                    break
                joined, end = joined + waiting[more][0], waiting[more][1]
                more += 1
            if joined.count(b'"') % 2:
                yield LogicalLine(number, "", BookRowQuotesError(field="row", read=""), at, number)
                continue
            del waiting[:more]
            yield _decoded(joined, found.encoding, number, end, number + more)
            number += more


def _line(file: object, at: int) -> tuple[bytes, int]:
    """The next line and the offset after it. Of a line that is too long only `MAX_LINE` + 1 bytes are kept."""
    raw: bytes = file.readline(MAX_LINE + 1)  # type: ignore[attr-defined]
    end = at + len(raw)
    if len(raw) > MAX_LINE:
        rest = raw
        while rest and not rest.endswith(b"\n"):
            rest = file.readline(_BLOCK)  # type: ignore[attr-defined]
            end += len(rest)
        raw = raw[:MAX_LINE].replace(b'"', b" ") + b"\n"
    return raw, end


def _decoded(raw: bytes, encoding: str, number: int, end: int, end_number: int) -> LogicalLine:
    if len(raw) > MAX_LINE:
        return LogicalLine(number, "", BookCellTooLongError(field="row", read="", most=MAX_LINE), end, end_number)
    # A file of both encodings is pasted together from two: a line that is UTF-8 is read as such.
    for attempt in ("utf-8", encoding):
        try:
            return LogicalLine(number, raw.decode(attempt), None, end, end_number)
        except UnicodeDecodeError:
            continue
    return LogicalLine(number, "", BookRowEncodingError(field="row", read=""), end, end_number)
