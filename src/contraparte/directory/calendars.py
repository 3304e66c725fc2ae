"""Public holidays and time zones for the accord's calendars: the outside data the pure clocks are given (P8.2)."""

from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contraparte.directory.rules.accord import Calendar

YEARS_AHEAD = 3  # a clock may run 3,660 days at most, and then holidays so far away are not yet law


@lru_cache(maxsize=256)
def public_holidays(place: str, year: int) -> frozenset[date]:
    """Official holidays of `US` or `US-AZ` from `year` on for three more years; none for a place nobody keeps."""
    import holidays

    country, _, part = place.partition("-")
    years = range(year, year + YEARS_AHEAD + 1)
    supported = holidays.list_supported_countries()
    if country not in supported or (part and part not in supported[country]):
        # A deadline that falls a day early is better than a clock that never starts.
        return frozenset()
    return frozenset(holidays.country_holidays(country, subdiv=part or None, years=years))


def holidays_for(calendar: Calendar, year: int) -> frozenset[date]:
    """Days a calendar leaves out besides the weekdays it does not count."""
    official = public_holidays(calendar.holidays_of, year) if calendar.holidays_of else frozenset()
    return official | frozenset(calendar.also_free)


def zone_of(name: str) -> ZoneInfo:
    """The time zone of a post; UTC for one this machine does not know, so that a clock never fails to start."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
