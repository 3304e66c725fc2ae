"""How a meeting stands, from what both sides said of it and from the clock.

    invited ─▶ agenda_out ─▶ recording ─▶ held | held_informal | not_held
       └─▶ moved (another took its place) · canceled

Each side states who of its own was there. With a quorum of both it was held; with fewer, or one side alone, it was held
informally and decided nothing. Who has said nothing by the end of the day after counts as absent, and a meeting nobody
spoke of as not held (DOMAIN "Groups"). A late word is heard for 30 days and marked as late.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from contraparte.groups.rules.charters import Text
from contraparte.groups.rules.words import SIDES, Side

AGENDA_BEFORE: Final = timedelta(days=10)
RECORD_WITHIN: Final = timedelta(days=30)
LONGEST: Final = timedelta(days=7)
OVER: Final = frozenset({"held", "held_informal", "not_held", "canceled", "moved"})
OFF: Final = frozenset({"canceled", "moved"})
TOOK_PLACE: Final = frozenset({"held", "held_informal"})


@dataclass(frozen=True, slots=True)
class Item:
    """A line of an agenda with the handling it needs."""

    text: Text
    handling: str = "H0"


@dataclass(frozen=True, slots=True)
class Attendance:
    """Who of one side was there, by post; `substitutes`: post → the post it stood in for."""

    present: tuple[str, ...]
    at: datetime
    substitutes: Mapping[str, str] = field(default_factory=dict)
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Minutes:
    """One text of what was said. `agreed` are the sides that have; `disputes` a side's own text."""

    key: str
    side: Side
    text: Text
    decisions: tuple[Text, ...]
    base: str = ""
    agreed: frozenset[Side] = frozenset()
    disputes: Mapping[Side, Text] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """draft, agreed by one side only so far, final, or disputed."""
        if self.disputes:
            return "disputed"
        return "final" if len(self.agreed) == len(SIDES) else "draft"


@dataclass(frozen=True, slots=True)
class Meeting:
    """One meeting. `number` counts the calls of the group from 1; `sequence` its changes, for calendars."""

    key: str
    number: int
    called_by: Side
    starts: datetime
    ends: datetime
    zone: str
    venue: str = ""
    agenda: tuple[Item, ...] = ()
    agenda_key: str = ""  # the word the agenda comes from
    agenda_at: datetime | None = None
    sequence: int = 0
    is_exploratory: bool = False
    quorum: int = 1
    needs: frozenset[Side] = frozenset()  # sides whose authorisation it needs
    authorised: frozenset[Side] = frozenset()
    forbidden: frozenset[Side] = frozenset()
    attendance: Mapping[Side, Attendance] = field(default_factory=dict)
    replaces: str = ""
    moved_to: str = ""
    canceled: str | None = None  # the reason
    minutes: tuple[Minutes, ...] = ()

    @property
    def decided_at(self) -> datetime:
        """The instant from which silence counts as absence: the end of the day after, where the meeting was."""
        local = self.ends.astimezone(ZoneInfo(self.zone)).date() + timedelta(days=2)
        return datetime.combine(local, time.min, tzinfo=ZoneInfo(self.zone)).astimezone(UTC)

    @property
    def is_agenda_late(self) -> bool:
        """Whether its agenda came later than ten days before."""
        return self.agenda_at is not None and self.agenda_at > self.starts - AGENDA_BEFORE

    @property
    def current_minutes(self) -> Minutes | None:
        """The minutes that stand: the last text on the last agreed one."""
        return self.minutes[-1] if self.minutes else None

    def is_quorate(self, side: Side) -> bool:
        """Whether enough of a side were there."""
        told = self.attendance.get(side)
        return told is not None and len(told.present) >= max(1, self.quorum)

    def was_there(self, side: Side) -> bool:
        """Whether anybody of a side was."""
        told = self.attendance.get(side)
        return told is not None and bool(told.present)

    def state(self, now: datetime) -> str:
        """How it stands at an instant."""
        if self.canceled is not None:
            return "canceled"
        if self.moved_to:
            return "moved"
        if all(self.is_quorate(side) for side in SIDES):
            return "held"
        settled = all(side in self.attendance for side in SIDES) or now >= self.decided_at
        if settled and now >= self.starts:
            return "held_informal" if any(self.was_there(side) for side in SIDES) else "not_held"
        if now >= self.ends:
            return "recording"
        return "agenda_out" if self.agenda else "invited"

    def waits_for(self, side: Side) -> bool:
        """Whether a side still owes its authorisation."""
        return side in self.needs and side not in self.authorised and side not in self.forbidden
