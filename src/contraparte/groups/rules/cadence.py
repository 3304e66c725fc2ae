"""How often a group meets, and when its silence makes it dormant (DOMAIN "Groups").

A cadence counts local days of the group's own time zone: weeks of seven days, months by the calendar. A month has no
half, so one and a half months are one month and 15 days; what falls on a day a month does not have falls on its last.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

HALF_MONTH: Final = timedelta(days=15)


@dataclass(frozen=True, slots=True)
class Cadence:
    """Every so many weeks or months."""

    every: int
    unit: Literal["week", "month"]

    def after(self, day: date) -> date:
        """The day by which the group should meet again."""
        return day + timedelta(weeks=self.every) if self.unit == "week" else add_months(day, self.every)

    def dormant_after(self, day: date) -> date:
        """The last day before the group counts as dormant if it does not meet: one and a half cadences on."""
        if self.unit == "week":
            return day + timedelta(days=-(-21 * self.every // 2))
        whole, odd = divmod(3 * self.every, 2)
        return add_months(day, whole) + (HALF_MONTH if odd else timedelta())

    def times_a_year(self) -> float:
        """Meetings a year, about."""
        return (365.25 / 7 if self.unit == "week" else 12) / self.every


def add_months(day: date, months: int) -> date:
    """The same day so many months on, or the last of that month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
