"""How well a group is kept: figures both sides compute alike from the same words.

A meeting counts once it is over; one that was moved or canceled does not count. It took place if anybody came, with
both sides if both had a quorum. Minutes are owed by meetings that took place, and agreed once both sides have.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from contraparte.groups.rules.meetings import TOOK_PLACE
from contraparte.groups.rules.standing import Standing
from contraparte.groups.rules.words import SIDES, Side

COUNTED: Final = TOOK_PLACE | {"not_held"}


@dataclass(frozen=True, slots=True)
class Health:
    """Counts and keys; `came` says in how many of the meetings each side was there."""

    meetings: int
    held: int
    with_both: int
    minutes_agreed: int
    minutes_disputed: int
    came: Mapping[Side, int] = field(default_factory=dict)
    overdue: tuple[str, ...] = ()
    escalated: tuple[str, ...] = ()
    unmeasured: tuple[str, ...] = ()
    vacant: tuple[str, ...] = ()

    @property
    def minutes_owed(self) -> int:
        """Meetings that took place, and so owe minutes."""
        return self.held


def health_of(standing: Standing, now: datetime, *, vacant: Collection[str] = ()) -> Health:
    """The figures at an instant. `vacant`: posts nobody holds; of those the ones that owe something are named."""
    over = [one for one in standing.meetings.values() if one.state(now) in COUNTED]
    took_place = [one for one in over if one.state(now) in TOOK_PLACE]
    minutes = [one.current_minutes.state for one in took_place if one.current_minutes]
    today = standing.day(now)
    live = [one for one in standing.promises.values() if one.is_live]
    measured = {one.goal for one in standing.reports}
    goals = standing.charter.goals if standing.charter else ()
    owners = {one.owner for one in live} | {goal.owner for goal in goals}
    return Health(
        meetings=len(over),
        held=len(took_place),
        with_both=sum(one.state(now) == "held" for one in over),
        minutes_agreed=minutes.count("final"),
        minutes_disputed=minutes.count("disputed"),
        came={side: sum(one.was_there(side) for one in over) for side in SIDES},
        overdue=tuple(one.key for one in live if one.is_overdue(today)),
        escalated=tuple(one.key for one in live if one.is_escalated(today)),
        unmeasured=tuple(goal.key for goal in goals if goal.key not in measured),
        vacant=tuple(sorted(owners & set(vacant))),
    )
