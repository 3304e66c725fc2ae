"""From a file's bytes to logical lines, with bounded memory and exact offsets, so that reading can go on anywhere.

Files come as UTF-8, with or without a byte order mark, or cp1252; with comma, semicolon or tab. One pass over the
bytes finds the hash and the encoding; the second gives logical lines: a cell may hold line breaks between quotes, but
a quote that is not closed within `MAX_JOINED` lines costs its own line only, never the rest of the file.
"""

import codecs
import csv
import hashlib
from collections.abc import Iterator, Sequence
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
CHUNK_BYTES: Final = 6 << 20  # one transaction's worth: about 40,000 rows and a second or two of work


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


@dataclass(slots=True)
class Chunk:
    """Rows that are read together: texts that can be parsed, rows that cannot, and where the next chunk begins."""

    texts: list[str]
    numbers: Sequence[int]
    errors: list[tuple[int, BookRowError]]
    end: int
    end_number: int


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


def chunks(found: Probe, offset: int = 0, number: int = 1) -> Iterator[Chunk]:
    """The rows after the header, or from `offset` (the `end` of a chunk read before) with `number` lines before it.

    A block of plain lines, which nearly all are, is split and decoded as one; any other line by line.
    """
    offset = max(offset, found.body)
    with found.path.open("rb") as file:
        while True:
            file.seek(offset)
            block = file.read(CHUNK_BYTES)
            if not block:
                return
            cut = block.rfind(b"\n") + 1 if len(block) == CHUNK_BYTES else len(block)
            chunk = _plain_chunk(block[:cut], found.encoding, offset, number) if cut else None
            if chunk is None:
                chunk = _mended_chunk(found, offset, number, offset + CHUNK_BYTES)
            offset, number = chunk.end, chunk.end_number
            yield chunk


def _plain_chunk(block: bytes, encoding: str, offset: int, number: int) -> Chunk | None:
    """The block as a chunk when every line in it stands for itself, else None."""
    lines = block.removesuffix(b"\n").split(b"\n")
    if max(map(len, lines)) > MAX_LINE or any(line.count(b'"') % 2 for line in lines):
        return None
    try:
        texts = block.removesuffix(b"\n").decode("utf-8" if encoding == "utf-8" else "ascii").split("\n")
    except UnicodeDecodeError:
        return None
    return Chunk(texts, range(number + 1, number + 1 + len(texts)), [], offset + len(block), number + len(texts))


def _mended_chunk(found: Probe, offset: int, number: int, until: int) -> Chunk:
    chunk = Chunk([], [], [], offset, number)
    numbers: list[int] = []
    for line in logical_lines(found, offset, number):
        if line.error is not None:
            chunk.errors.append((line.number, line.error))
        else:
            chunk.texts.append(line.text)
            numbers.append(line.number)
        chunk.end, chunk.end_number = line.end, line.end_number
        if line.end >= until:
            break
    chunk.numbers = numbers
    return chunk


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
            at = end
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
