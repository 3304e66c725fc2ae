"""How a group stands: a function of what both sides said, in the order both read it (`words.in_order`), and of the day.

    proposed ─▶ chartering ─▶ active ⇄ dormant ─▶ rechartering
                   └─▶ provisional (lapses back)      └─▶ concluded | replaced | merged

A word that does not fit when its turn comes is kept with the reason why and moves nothing: of two charters written on
the same one the first in the order stands, the other can be proposed again on top of it (ADR 0110). The same function
judges a word before it is said.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from contraparte.groups.rules.charters import PROVISIONAL_LASTS, Charter, Text, is_zone
from contraparte.groups.rules.meetings import Meeting
from contraparte.groups.rules.promises import Promise
from contraparte.groups.rules.words import SIDES, Side, Word

LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
CHARTERED: Final = frozenset({"active", "dormant", "rechartering", "provisional"})


class WordRefusedError(ValueError):
    """A word that does not fit. `args[0]` is the code of the reason."""


@dataclass(frozen=True, slots=True)
class Version:
    """One text of the charter. Its key is the id of the word that proposed it."""

    key: str
    number: int
    side: Side
    at: datetime
    charter: Charter
    base: str = ""
    approved: Mapping[Side, datetime] = field(default_factory=dict)
    declined: Mapping[Side, str] = field(default_factory=dict)  # side → its reason
    is_forgotten: bool = False  # its words are erased; that it had no gap is known from its approval

    @property
    def in_force_at(self) -> datetime | None:
        """The instant of the second approval."""
        return max(self.approved.values()) if len(self.approved) == len(SIDES) else None

    @property
    def is_open(self) -> bool:
        """Whether its approval is still to be had."""
        return self.in_force_at is None and not self.declined

    @property
    def lapses_at(self) -> datetime | None:
        """When a provisional one ends by itself."""
        at = self.in_force_at
        return at + PROVISIONAL_LASTS if at is not None and self.charter.provisional else None


@dataclass(frozen=True, slots=True)
class Report:
    """What a side reports of a goal."""

    key: str
    goal: str
    side: Side
    at: datetime
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Passage:
    """One line of the history: the state entered, since when, by which word ("": by the clock)."""

    state: str
    since: datetime
    word: str = ""


@dataclass(slots=True)
class Standing:
    """A group while its words are read. Nothing in it is shared with another one."""

    name: Text = field(default_factory=Text)
    kind: str = ""
    framework: str = ""
    succeeds: tuple[str, ...] = ()
    founded_at: datetime | None = None
    versions: dict[str, Version] = field(default_factory=dict)
    in_force: Version | None = None
    lapsed: Version | None = None  # a provisional charter that ended by itself
    meetings: dict[str, Meeting] = field(default_factory=dict)
    held: str = ""  # the key of the last meeting that was held
    drafted: dict[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)  # minutes → what they promise
    promises: dict[str, Promise] = field(default_factory=dict)
    reports: list[Report] = field(default_factory=list)
    gates: set[Side] = field(default_factory=set)  # sides whose meetings need an authorisation
    wishes: dict[Side, str] = field(default_factory=dict)
    framework_words: dict[Side, str] = field(default_factory=dict)
    ending: dict[Side, tuple[str, str]] = field(default_factory=dict)  # side → how, into which group
    end: tuple[str, str] | None = None
    ended_at: datetime | None = None
    history: list[Passage] = field(default_factory=list)
    crossed: list[tuple[Word, str]] = field(default_factory=list)
    now: datetime = LONG_AGO  # the clock of the reading: it never goes back

    @property
    def charter(self) -> Charter | None:
        """The charter in force."""
        return self.in_force.charter if self.in_force else None

    @property
    def proposal(self) -> Version | None:
        """The text that waits for approval."""
        return next((one for one in reversed(self.versions.values()) if one.is_open), None)

    @property
    def zone(self) -> ZoneInfo:
        """Where its days begin and end."""
        charter = self.charter or (self.proposal.charter if self.proposal else None)
        return ZoneInfo(charter.time_zone if charter and is_zone(charter.time_zone) else "UTC")

    def day(self, now: datetime) -> date:
        """The local day at an instant."""
        return now.astimezone(self.zone).date()

    def last_held(self) -> Meeting | None:
        """The last meeting that was held."""
        return self.meetings[self.held] if self.held else None

    def dormant_at(self) -> datetime | None:
        """The instant its silence makes it dormant; None without a charter in force that names a cadence."""
        if self.in_force is None or self.in_force.charter.provisional or self.in_force.charter.cadence is None:
            return None
        begun = self.in_force.in_force_at
        assert begun is not None
        last = self.last_held()
        since = max(self.day(begun), self.day(last.starts)) if last else self.day(begun)
        return self.midnight(self.in_force.charter.cadence.dormant_after(since) + timedelta(days=1))

    def midnight(self, day: date) -> datetime:
        """The instant a local day begins."""
        return datetime.combine(day, time.min, tzinfo=self.zone).astimezone(UTC)

    def state(self, now: datetime) -> tuple[str, datetime | None]:
        """The state at an instant, and since when where the clock alone brought it."""
        if self.end is not None:
            return self.end[0], self.ended_at
        if self.in_force is None:
            return ("chartering" if self.proposal or self.lapsed else "proposed"), None
        lapses = self.in_force.lapses_at
        if lapses is not None:
            return ("chartering", lapses) if now >= lapses else ("provisional", None)
        dormant = self.dormant_at()
        if dormant is None or now < dormant:
            return "active", None
        return ("rechartering", None) if self.proposal else ("dormant", dormant)

    def advance(self, at: datetime, word: str = "") -> None:
        """Write down a change of state that the clock or a word has brought."""
        state, since = self.state(at)
        if not self.history or self.history[-1].state != state:
            self.history.append(Passage(state, since or at, "" if since else word))
        lapses = self.in_force.lapses_at if self.in_force else None
        if lapses is not None and at >= lapses:
            self.lapsed, self.in_force = self.in_force, None
