"""Who is on duty at a post: a weekly pattern, and days that differ from it, in the post's own time.

A shift begins on a day at a time of the clock on the wall and lasts until the next time that clock shows its end: one
that ends no later than it begins runs into the next day, one that ends when it begins lasts a whole day. On a day that
has shifts of its own the weekly pattern does not count. Instants are computed from the wall clock of each day, so a
night in which clocks are changed is an hour shorter or longer, as it is for who works it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Shift:
    """One line of a roster. `holder` is empty where a day is left free; exactly one of `weekday` and `day` is set."""

    holder: str
    begins: time
    ends: time
    weekday: int | None = None  # Monday is 0
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Somebody is on duty from one instant until before another."""

    holder: str
    since: datetime
    until: datetime


def shifts_of_day(shifts: Iterable[Shift], day: date) -> list[Shift]:
    """The lines that count on a day: its own, else those of its weekday."""
    known = list(shifts)
    own = [shift for shift in known if shift.day == day]
    return own or [shift for shift in known if shift.day is None and shift.weekday == day.weekday()]


def stretches(shifts: Iterable[Shift], first: date, last: date, zone: tzinfo) -> Iterator[Stretch]:
    """Everybody's duty that begins on one of these days, as instants, the earliest first of each day."""
    known = list(shifts)
    day = first
    while day <= last:
        found = [_stretch(shift, day, zone) for shift in shifts_of_day(known, day) if shift.holder]
        yield from sorted(found, key=lambda one: (one.since, one.until, one.holder))
        day += ONE_DAY


def on_duty(shifts: Iterable[Shift], at: datetime, zone: tzinfo) -> list[Stretch]:
    """Who is on duty at an instant, each until when; nobody twice."""
    today = at.astimezone(zone).date()
    found: dict[str, Stretch] = {}
    for one in stretches(shifts, today - ONE_DAY, today, zone):
        known = found.get(one.holder)
        if one.since <= at < one.until and (known is None or known.until < one.until):
            found[one.holder] = one
    return list(found.values())


def _stretch(shift: Shift, day: date, zone: tzinfo) -> Stretch:
    last = day if shift.ends > shift.begins else day + ONE_DAY
    return Stretch(shift.holder, _instant(day, shift.begins, zone), _instant(last, shift.ends, zone))


def _instant(day: date, clock: time, zone: tzinfo) -> datetime:
    """The instant at which the wall shows that time; in an hour that is skipped, as far after the jump."""
    return datetime.combine(day, clock, zone).astimezone(UTC)
