"""How somebody leaves a post, what stands of a post without them, and how often that happens. Pure.

    announced → inventory → note → assigned → counterpart_notified → acknowledged → access_ended

Source: DOMAIN "Continuity". Obligations belong to posts (P1.4), so nothing is lost where a step is late; what a
person did with their own hand is what the steps bring over. An unplanned exit ends access first, so that step is always
open.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import Final

YEAR: Final = timedelta(days=365)
NOTE_CHARS: Final = 5_000  # two pages; what is longer belongs in the case


class Step(StrEnum):
    """What has been done about a leaving; each is written down once or more and never taken back."""

    ANNOUNCED = "announced"
    INVENTORY = "inventory"
    NOTE = "note"
    ASSIGNED = "assigned"
    COUNTERPART_NOTIFIED = "counterpart_notified"
    ACKNOWLEDGED = "acknowledged"
    ACCESS_ENDED = "access_ended"


class Standing(StrEnum):
    """Who answers for a post: somebody who holds it, somebody in charge for the time being, or nobody."""

    HELD = "held"
    ACTING = "acting"
    VACANT = "vacant"


AGAIN: Final = frozenset({Step.INVENTORY, Step.NOTE, Step.ASSIGNED, Step.COUNTERPART_NOTIFIED})
"""Steps that may come again: a newer pack, a better note, another successor, another standing to be told."""

NEEDS: Final[dict[Step, frozenset[Step]]] = {
    Step.ANNOUNCED: frozenset(),
    Step.INVENTORY: frozenset({Step.ANNOUNCED}),
    Step.NOTE: frozenset({Step.INVENTORY}),
    Step.ASSIGNED: frozenset({Step.INVENTORY}),
    Step.COUNTERPART_NOTIFIED: frozenset({Step.ANNOUNCED}),
    Step.ACKNOWLEDGED: frozenset({Step.ASSIGNED}),
    Step.ACCESS_ENDED: frozenset({Step.ANNOUNCED}),
}


def may_take(step: Step, done: Collection[Step]) -> bool:
    """Whether a step is open, given those that are done.

    Once acknowledged, what the successor has seen changes no more. Who has left writes no note.
    """
    if not NEEDS[step] <= set(done):
        return False
    if step is Step.NOTE and Step.ACCESS_ENDED in done:
        return False
    if step in {Step.INVENTORY, Step.NOTE, Step.ASSIGNED} and Step.ACKNOWLEDGED in done:
        return False
    return step in AGAIN or step not in done


def is_finished(done: Collection[Step]) -> bool:
    """Whether nothing of it is left to people: taken over by name, and access ended."""
    return {Step.ACKNOWLEDGED, Step.ACCESS_ENDED} <= set(done)


@dataclass(frozen=True, slots=True)
class Holder:
    """One running tenure of a person at a post who sees what crosses there."""

    is_acting: bool
    is_leaving: bool = False  # somebody else has been assigned what they have


def standing(holders: Iterable[Holder]) -> Standing:
    """How a post stands. Who is leaving and handed over does not count while somebody else is there."""
    held = list(holders)
    staying = [one for one in held if not one.is_leaving] or held
    if not staying:
        return Standing.VACANT
    return Standing.ACTING if all(one.is_acting for one in staying) else Standing.HELD


@dataclass(frozen=True, slots=True)
class Term:
    """A tenure as erosion counts it: since when, and until when (None: it runs)."""

    starts: datetime
    ends: datetime | None


@dataclass(frozen=True, slots=True)
class Erosion:
    """How fast an agency loses the people the other side knows."""

    exits: int  # tenures that ended in the last twelve months
    running: int
    median_days: int | None  # of running tenures until now and of those that ended in the period, over their length
    vacancies: int = 0


def erosion(terms: Sequence[Term], *, now: datetime, vacancies: int = 0) -> Erosion:
    """The figures over the twelve months before `now`. Tenures to come do not count."""
    begun = [term for term in terms if term.starts <= now]
    running = [term for term in begun if term.ends is None or term.ends > now]
    gone = [term for term in begun if term.ends is not None and now - YEAR < term.ends <= now]
    lengths = [(min(term.ends or now, now) - term.starts).days for term in (*running, *gone)]
    return Erosion(len(gone), len(running), round(median(lengths)) if lengths else None, vacancies)
