"""A quarter of a year: read from `2026Q4`, its first and last day and its instants in UTC."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Self

from contraparte.protocol.errors import QuarterUnreadableError

FORM: Final = re.compile(r"(20[0-9]{2})[ -]?[QT]([1-4])", re.IGNORECASE)


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """`number` 1 to 4 of `year`."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `2026Q4`, or `2026T4` as it is written in Spanish. Raises QuarterUnreadableError."""
        found = FORM.fullmatch(text.strip())
        if found is None:
            raise QuarterUnreadableError(field="quarter", read=text[:20])
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, at: date) -> Self:
        """The quarter a day or instant lies in."""
        return cls(at.year, (at.month + 2) // 3)

    @property
    def first_day(self) -> date:
        """Its first day."""
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def last_day(self) -> date:
        """Its last day."""
        return self.next.first_day - timedelta(days=1)

    @property
    def next(self) -> "Quarter":
        """The quarter after it."""
        return Quarter(self.year + 1, 1) if self.number == 4 else Quarter(self.year, self.number + 1)

    @property
    def previous(self) -> "Quarter":
        """The quarter before it."""
        return Quarter(self.year - 1, 4) if self.number == 1 else Quarter(self.year, self.number - 1)

    @property
    def starts(self) -> datetime:
        """Its first instant."""
        return datetime(self.year, 3 * self.number - 2, 1, tzinfo=UTC)

    @property
    def ends(self) -> datetime:
        """The first instant after it."""
        return self.next.starts

    def __str__(self) -> str:
        return f"{self.year}Q{self.number}"
