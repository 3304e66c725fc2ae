"""Dates as books write them. Nothing is guessed: 03/04/2020 is refused until the file's format is named."""

import re
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final

from contraparte.protocol.errors import BookDateAmbiguousError, BookDateUnreadableError

EARLIEST: Final = date(1850, 1, 1)  # no bound book is older; a smaller year is a slip of the pen
_ISO: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]00:00(?::00(?:\.0+)?)?Z?)?")
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_PARTS: Final = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})(?: 0?0:00(?::00)?)?")


class DateFormat(StrEnum):
    """How a file writes day and month."""

    DMY = "dmy"
    MDY = "mdy"
    ISO = "iso"


@lru_cache(32_768)
def read_date(text: str, form: DateFormat | None, field: str) -> date:
    """Read one cell. A date such as 13/02/2020 can be read one way only and is, whatever `form` is not named.

    Raises BookDateAmbiguousError (both readings are dates and `form` is None) or BookDateUnreadableError.
    """
    text = text.strip()
    iso = _ISO.fullmatch(text) or _COMPACT.fullmatch(text)
    if iso:
        return _date(int(iso[1]), int(iso[2]), int(iso[3]), text, field)
    parts = _PARTS.fullmatch(text)
    if not parts or form is DateFormat.ISO:
        raise BookDateUnreadableError(field=field, read=text[:40])
    first, second, year = int(parts[1]), int(parts[2]), int(parts[3])
    if form is DateFormat.DMY:
        return _date(year, second, first, text, field)
    if form is DateFormat.MDY:
        return _date(year, first, second, text, field)
    if first <= 12 and second <= 12 and first != second:
        raise BookDateAmbiguousError(field=field, read=text)
    day, month = (first, second) if second <= 12 else (second, first)
    return _date(year, month, day, text, field)


def _date(year: int, month: int, day: int, text: str, field: str) -> date:
    try:
        read = date(year, month, day)
    except ValueError:
        raise BookDateUnreadableError(field=field, read=text[:40]) from None
    if read < EARLIEST:
        raise BookDateUnreadableError(field=field, read=text[:40])
    return read
