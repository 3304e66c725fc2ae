"""Meetings as iCalendar (RFC 5545): when, and that they were canceled or moved; never what about (ADR 0111).

A meeting keeps its UID, which is its key on both sides; every change raises its SEQUENCE. Local times name their zone,
and the zone comes along as VTIMEZONE with every change of clocks in the years concerned, from the tz database.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard, vDuration

from contraparte.groups.models import Group, Meeting
from contraparte.groups.rules.meetings import OFF

REFRESH: Final = timedelta(hours=1)
SHOWN_BACK: Final = timedelta(days=120)  # how long a meeting that is over stays in the feed
MOST_MEETINGS: Final = 500


def calendar_of(meetings: Iterable[Meeting], *, language: str) -> bytes:
    """A calendar with these meetings, the same bytes for the same rows."""
    rows = list(meetings)
    with translation.override(language):
        calendar = Calendar()
        calendar.add("prodid", f"-//Contraparte//Meetings//{language.upper()}")
        calendar.add("version", "2.0")
        calendar.add("calscale", "GREGORIAN")
        calendar.add("method", "PUBLISH")
        calendar.add("name", _("Working group meetings"))
        calendar.add("x-wr-calname", _("Working group meetings"))
        calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
        calendar.add("x-published-ttl", vDuration(REFRESH).to_ical().decode())
        for zone in sorted({row.zone for row in rows} - {"UTC"}):
            days = [at.date() for row in rows if row.zone == zone for at in (row.starts, row.ends)]
            calendar.add_component(zone_component(zone, min(days).year, max(days).year))
        for row in rows:
            calendar.add_component(_event(row))
    return bytes(calendar.to_ical())


def title_of(row: Meeting) -> str:
    """What the calendar calls it: a code without meaning that tells the reader's groups apart, and the number."""
    return _("Working group %(code)s, meeting %(number)s") % {"code": code_of(row.group), "number": row.number}


def code_of(group: Group) -> str:
    """Four signs of the group's id, the same on both sides. Its page shows them beside its name."""
    return str(group.uuid)[:4].upper()


def _event(row: Meeting) -> Event:
    zone = ZoneInfo(row.zone) if row.zone != "UTC" else UTC
    event = Event()
    event.add("uid", str(row.key))
    event.add("sequence", row.sequence)
    event.add("dtstamp", row.changed_at.astimezone(UTC).replace(microsecond=0))
    event.add("last-modified", row.changed_at.astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", row.starts.astimezone(zone))
    event.add("dtend", row.ends.astimezone(zone))
    event.add("summary", title_of(row))
    event.add("status", "CANCELLED" if row.state in OFF else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if row.state in OFF else "OPAQUE")
    event.add("class", "PRIVATE")
    event.add("url", settings.NODE_URL.rstrip("/") + reverse("groups:meeting", args=[row.pk]))
    return event


@lru_cache(maxsize=64)
def zone_component(zone: str, first_year: int, last_year: int) -> Timezone:
    """A VTIMEZONE for these years: the offset at their beginning, and every change after that.

    An onset is written in the local time before the change, as RFC 5545 3.6.5 wants it.
    """
    info = ZoneInfo(zone)
    begins = datetime(first_year, 1, 1, tzinfo=UTC)
    told = Timezone()
    told.add("tzid", zone)
    local = begins.astimezone(info)
    _add_onset(told, local.replace(tzinfo=None), local.utcoffset() or timedelta(), local)
    for at in _changes(info, begins, datetime(last_year + 1, 1, 2, tzinfo=UTC)):
        before = (at - timedelta(seconds=1)).astimezone(info).utcoffset() or timedelta()
        _add_onset(told, (at + before).replace(tzinfo=None), before, at.astimezone(info))
    return told


def _add_onset(told: Timezone, onset: datetime, before: timedelta, after: datetime) -> None:
    part = TimezoneDaylight() if after.dst() else TimezoneStandard()
    part.add("dtstart", onset)
    part.add("tzoffsetfrom", before)
    part.add("tzoffsetto", after.utcoffset() or timedelta())
    part.add("tzname", after.tzname() or "")
    told.add_component(part)


def _changes(zone: ZoneInfo, since: datetime, until: datetime) -> list[datetime]:
    """The instants at which the clocks of a zone change, found day by day and then to the second."""
    found, at = [], since
    while at < until:
        low, high = at, at + timedelta(days=1)
        if low.astimezone(zone).utcoffset() != high.astimezone(zone).utcoffset():
            offset = low.astimezone(zone).utcoffset()
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                low, high = (middle, high) if middle.astimezone(zone).utcoffset() == offset else (low, middle)
            found.append(_to_minute(high))
        at += timedelta(days=1)
    return found


def _to_minute(at: datetime) -> datetime:
    """The nearest full minute: clocks change at none but a full one."""
    return (at + timedelta(seconds=30)).replace(second=0, microsecond=0)
