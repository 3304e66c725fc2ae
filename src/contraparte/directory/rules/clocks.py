"""When a deadline falls (P8): hours or days of the accord's calendar, in the recipient's time zone.

- Hours on a continuous calendar run through everything: 24 hours are 24 hours, also over a weekend and over a change
  to or from daylight-saving time.
- Hours on a working calendar run only while a counted day lasts, from local midnight to local midnight; such a day
  may last 23 or 25 hours.
- Days end with the last second of the last counted day; the day of the start is not counted.
"""

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from contraparte.directory.rules.accord import Calendar, Clock

_LAST_DATE = date(9998, 12, 31)


def due_at(start: datetime, clock: Clock, calendar: Calendar, zone: tzinfo, holidays: Collection[date]) -> datetime:
    """The instant (UTC) by which a stage that began at `start` (aware) must end.

    `holidays` are the free days of the calendar besides its weekdays; a continuous calendar ignores them.
    """
    free = frozenset(holidays)
    if clock.hours is not None:
        span = timedelta(hours=clock.hours)
        if calendar.continuous:
            return start.astimezone(UTC) + span
        return _after_counted_time(start.astimezone(UTC), span, calendar, zone, free)
    return _end_of_counted_day(start, clock.days or 0, calendar, zone, free)


def counts(day: date, calendar: Calendar, free: Collection[date]) -> bool:
    """Whether a local day counts."""
    return calendar.continuous or (day.weekday() in calendar.weekdays and day not in free)


def midnight(day: date, zone: tzinfo) -> datetime:
    """The instant (UTC) at which a local day begins, also where the clock skips midnight or strikes it twice."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def _days_from(day: date) -> Iterator[date]:
    while day < _LAST_DATE:
        yield day
        day += timedelta(days=1)


def _after_counted_time(
    start: datetime, span: timedelta, calendar: Calendar, zone: tzinfo, free: frozenset[date]
) -> datetime:
    for day in _days_from(start.astimezone(zone).date()):
        if not counts(day, calendar, free):
            continue
        begins = max(start, midnight(day, zone))
        ends = midnight(day + timedelta(days=1), zone)
        if span <= ends - begins:
            return begins + span
        span -= ends - begins
    raise AssertionError("a calendar that counts no day cannot be made")


def _end_of_counted_day(
    start: datetime, days: int, calendar: Calendar, zone: tzinfo, free: frozenset[date]
) -> datetime:
    left = days
    for day in _days_from(start.astimezone(zone).date() + timedelta(days=1)):
        left -= counts(day, calendar, free)
        if left == 0:
            return midnight(day + timedelta(days=1), zone) - timedelta(seconds=1)
    raise AssertionError("a calendar that counts no day cannot be made")
