"""From a local day and time in a zone to an instant, also where the clocks change.

Where clocks go forward some local times do not exist; where they go back some exist twice. The first is refused, of the
second it is asked which is meant. Zones come from the tz database: most of Mexico has kept standard time since 30
October 2022, while municipalities along the border change their clocks with the United States.
"""

from datetime import UTC, date, datetime, time
from typing import Literal
from zoneinfo import ZoneInfo

from contraparte.protocol.errors import MeetingTimeMissingError, MeetingTimeTwiceError

Which = Literal["", "first", "second"]


def instant_of(day: date, at: time, zone: str, which: Which = "") -> datetime:
    """The instant (UTC) of a local time. MeetingTimeMissingError; MeetingTimeTwiceError unless `which` is said."""
    local = datetime.combine(day, at, tzinfo=ZoneInfo(zone))
    early, late = local.replace(fold=0), local.replace(fold=1)
    if early.utcoffset() == late.utcoffset():
        return local.astimezone(UTC)
    read = f"{local:%Y-%m-%d %H:%M}"
    there = early.astimezone(UTC).astimezone(ZoneInfo(zone))
    if there.replace(tzinfo=None) != local.replace(tzinfo=None):
        raise MeetingTimeMissingError(field="at", read=read, zone=zone, instead=f"{there:%H:%M}")
    if not which:
        first, second = (f"{told:%z}" for told in (early, late))
        raise MeetingTimeTwiceError(field="which", read=read, zone=zone, first=_offset(first), second=_offset(second))
    return (early if which == "first" else late).astimezone(UTC)


def _offset(told: str) -> str:
    return f"UTC{told[:3]}:{told[3:5]}"
