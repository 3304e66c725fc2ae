"""Rows of a bound book: the columns of 27 CFR 478.125, what each may hold, and what makes a line the same line.

A line is one acquisition of one gun. Where the custodian's own system numbers its lines, that number (`line_id`)
names it for ever; otherwise a name is derived from what does not change: maker, serial, day and source of the
acquisition. Two rows of one name are one line: the same again adds nothing, one that fills the disposition
completes it, any other is a correction (`compare_rows`).
"""

import hashlib
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from operator import itemgetter
from typing import Final, NamedTuple

from contraparte.books.rules.dates import DateFormat, read_date
from contraparte.books.rules.descriptions import canonical_maker
from contraparte.books.rules.serials import SerialState, parse_key
from contraparte.protocol.errors import (
    BookCellControlError,
    BookCellMissingError,
    BookCellTooLongError,
    BookHeaderError,
    BookRowCellsError,
    BookRowOrderError,
    BookRowUnaddressedError,
    BookRowUndatedError,
    SerialIsStateError,
)

COLUMNS: Final = (
    "manufacturer", "importer", "type", "model", "caliber", "country",
    "serial", "acquired_on", "acquired_from", "disposed_on", "disposed_to",
)  # fmt: skip
LINE_ID: Final = "line_id"
REQUIRED: Final = ("manufacturer", "serial", "acquired_on")
MAX_CELL: Final = 400  # characters: a name with its address fits twice
MAX_LINE_ID: Final = 64


class Made(NamedTuple):
    """The columns that describe a gun, as written in the book."""

    manufacturer: str
    importer: str
    type: str
    model: str
    caliber: str
    country: str


class Row(NamedTuple):
    """One row of a book, read and valid. `key` is empty where the serial is a state."""

    line_id: str
    made: Made
    serial: str
    key: str
    state: str
    acquired_on: date
    acquired_from: str
    disposed_on: date | None
    disposed_to: str


class Change(StrEnum):
    """What a row does to the line of the same name."""

    NONE = "none"
    DISPOSITION = "disposition"
    CORRECTION = "correction"


def compare_rows(known: Row, arrived: Row) -> Change:
    """What `arrived` changes in `known`. A row without disposition never takes one away: it is only older."""
    same_disposal = (known.disposed_on, known.disposed_to) == (arrived.disposed_on, arrived.disposed_to)
    same_gun = known.made == arrived.made and known.serial == arrived.serial and known.key == arrived.key
    same_source = (known.acquired_on, known.acquired_from) == (arrived.acquired_on, arrived.acquired_from)
    if same_gun and same_source:
        if same_disposal or arrived.disposed_on is None:
            return Change.NONE
        if known.disposed_on is None:
            return Change.DISPOSITION
    return Change.CORRECTION


class RowReader:
    """Reads the rows under one header. Raises BookHeaderError when a required column is missing or named twice."""

    def __init__(self, header: Sequence[str], dates: DateFormat | None = None) -> None:
        names = [name.strip().strip("\ufeff").lower().replace(" ", "_") for name in header]
        missing = [name for name in COLUMNS if name in REQUIRED and name not in names]
        twice = sorted({name for name in names if name and names.count(name) > 1})
        if missing or twice:
            raise BookHeaderError(field="header", read=",".join(names)[:MAX_CELL], missing=", ".join(missing or twice))
        self.width = len(names)
        self._names = names
        self.ignored = tuple(name for name in names if name and name not in (*COLUMNS, LINE_ID))
        self._dates = dates
        # A column the file does not have reads as empty: one more cell is put behind every row.
        self._pick = itemgetter(*(names.index(name) if name in names else self.width for name in (*COLUMNS, LINE_ID)))
        self._made: dict[tuple[str, ...], tuple[Made, str]] = {}

    def read(self, cells: list[str]) -> Row:
        """Read one row. Raises a BookRowError, or what the serial or the dates raise; each names a field."""
        if len(cells) != self.width:
            raise BookRowCellsError(field="row", read=str(len(cells)), wanted=str(self.width))
        whole = "".join(cells)
        if "  " in whole or not (len(whole) <= MAX_CELL and whole.isprintable()):
            cells = [_text(cell, name) for cell, name in zip(cells, self._names, strict=True)]
        cells.append("")
        picked = self._pick(cells)
        described = self._made.get(picked[:6]) or self._describe(picked[:6])
        return read_values(*described, picked[6:], self._dates)

    def _describe(self, cells: tuple[str, ...]) -> tuple[Made, str]:
        made, maker_key = read_made(cells)
        if len(self._made) >= 100_000:  # bounds memory; a real book has some hundreds
            self._made.clear()
        self._made[cells] = made, maker_key
        return made, maker_key


def read_made(cells: Sequence[str]) -> tuple[Made, str]:
    """The describing columns, trimmed, with the maker's canonical name. Raises BookCellMissingError."""
    made = Made(*map(str.strip, cells))
    if not made.manufacturer:
        raise BookCellMissingError(field="manufacturer", read="")
    return made, canonical_maker(made.manufacturer)


def read_values(made: Made, maker_key: str, cells: Sequence[str], dates: DateFormat | None) -> Row:
    """Read one acquisition; `cells` is serial, acquired_on, acquired_from, disposed_on, disposed_to, line_id.

    The cells hold single blanks and nothing that cannot be shown: `RowReader.read` has seen to it. Raises as it does.
    """
    serial, acquired_on, acquired_from, disposed_on, disposed_to, line_id = map(str.strip, cells)
    state = ""
    if not serial or not acquired_on:
        raise BookCellMissingError(field="acquired_on" if serial else "serial", read="")
    try:
        key = parse_key(serial)
    except SerialIsStateError as refusal:
        key, state = "", SerialState(refusal.params["state"]).value
    acquired = read_date(acquired_on, dates, "acquired_on")
    disposed = read_date(disposed_on, dates, "disposed_on") if disposed_on else None
    if disposed is None:
        if disposed_to:
            raise BookRowUndatedError(field="disposed_on", read="")
    elif not disposed_to:
        raise BookRowUnaddressedError(field="disposed_to", read="")
    elif disposed < acquired:
        raise BookRowOrderError(field="disposed_on", read=disposed_on, acquired=acquired.isoformat())
    name = line_id or _derived_id(maker_key, key or f"={serial}", acquired, acquired_from)
    if len(name) > MAX_LINE_ID:
        raise BookCellTooLongError(field=LINE_ID, read=name[:MAX_LINE_ID], most=MAX_LINE_ID)
    return Row(name, made, serial, key, state, acquired, acquired_from, disposed, disposed_to)


def _text(cell: str, field: str) -> str:
    """A cell, trimmed and with single blanks. Raises BookCellTooLongError or BookCellControlError."""
    cell = " ".join(cell.split())  # a line break in an address is a blank
    if len(cell) > MAX_CELL:
        raise BookCellTooLongError(field=field[:20], read=cell[:40], most=MAX_CELL)
    if not cell.isprintable():
        raise BookCellControlError(field=field[:20], read=ascii(cell[:40]))
    return cell


def _derived_id(maker: str, serial: str, acquired: date, source: str) -> str:
    """The name of a line whose book does not number its lines: its serial and 12 hexadecimal digits.

    The serial comes first because serials run in blocks: names that arrive together lie together in the database.
    """
    told = f"{maker}\x1f{serial}\x1f{acquired.toordinal()}\x1f{source.casefold()}"
    return f"{serial[:40]}.{hashlib.blake2b(told.encode(), digest_size=6).hexdigest()}"
