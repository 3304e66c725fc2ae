"""When a group should meet next: by its cadence, on a day on which both sides work."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from contraparte.groups.rules.meetings import OVER, Meeting
from contraparte.groups.rules.standing import CHARTERED, Standing

MOST_MOVED: Final = 14  # days; no two countries are free longer at a stretch
AGENDA_DAYS: Final = 10


@dataclass(frozen=True, slots=True)
class Planned:
    """The next meeting while none is called: its day, and the day its agenda is due."""

    day: date
    by_cadence: date

    @property
    def agenda_due(self) -> date:
        """Ten days before."""
        return self.day - timedelta(days=AGENDA_DAYS)


def called_next(standing: Standing, now: datetime) -> Meeting | None:
    """The next meeting that has been called and still stands."""
    ahead = [one for one in standing.meetings.values() if one.state(now) not in OVER and one.ends > now]
    return min(ahead, key=lambda one: one.starts, default=None)


def planned_next(standing: Standing, now: datetime, works: Callable[[date], bool]) -> Planned | None:
    """The next meeting by the cadence, None where one is called, no cadence is agreed, or the group does not live."""
    version = standing.in_force
    if version is None or version.charter.cadence is None or standing.state(now)[0] not in CHARTERED:
        return None
    if called_next(standing, now) is not None:
        return None
    begun = version.in_force_at
    assert begun is not None
    last = standing.last_held()
    since = max(standing.day(begun), standing.day(last.starts)) if last else standing.day(begun)
    by_cadence = version.charter.cadence.after(since)
    return Planned(working_day(by_cadence, works), by_cadence)


def working_day(day: date, works: Callable[[date], bool]) -> date:
    """The day itself, or the next one on which both sides work; the day itself where there is none for two weeks."""
    days = (day + timedelta(days=number) for number in range(MOST_MOVED + 1))
    return next((one for one in days if works(one)), day)
