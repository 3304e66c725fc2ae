"""The figures of two agencies over a quarter: a function of steps and events that both of them hold.

Nothing in here knows which of the two asks, so both get the same answer. Times are those of receipts; a step that is
still open counts with the time it has taken so far.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from contraparte.outcomes.rules.counting import Event, KindCount, by_kind, by_thing, contributions, happened_between
from contraparte.outcomes.rules.kinds import Contribution
from contraparte.outcomes.rules.quarters import Quarter
from contraparte.outcomes.rules.survival import Lasted, Share, Times, times
from contraparte.protocol.ids import agency_of

#: Named in every report. A change of what a figure means is a new name, so that nobody compares the two unawares.
DEFINITIONS: Final = "contraparte-figures/2"


@dataclass(frozen=True, slots=True)
class Use:
    """What the asker said came of an answer."""

    used: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Ending:
    """How a request ended: by an answer, which may refuse on a ground, or dropped (withdrawn, called off, sent on)."""

    at: datetime
    answered: bool = True
    ground: str = ""


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step that was owed: `asker` and `holder` are posts. `is_main` where a request began with it: then `ending`
    says how the request ended, however many steps came between. `asks_back`: a clarification was asked for.
    """

    id: str
    conversation: str
    stage: str
    asker: str
    holder: str
    opened_at: datetime
    closed_at: datetime | None
    is_main: bool = False
    asks_back: bool = False
    ending: Ending | None = None
    taken_up_at: datetime | None = None  # a lead: since when the request made from it stands for both
    feedback_due_at: datetime | None = None
    use: Use | None = None

    def lasted(self, at: datetime) -> Lasted:
        """How long the step had taken by then."""
        ended = self.closed_at is not None and self.closed_at <= at
        end = self.closed_at if ended and self.closed_at is not None else at
        return Lasted((end - self.opened_at).total_seconds(), ended)

    def counts_at(self, at: datetime) -> bool:
        """Whether it stands for a request by then: a lead that has become a formal request is counted with that one."""
        return self.is_main and (self.taken_up_at is None or self.taken_up_at > at)

    def ended_by(self, at: datetime) -> Ending | None:
        """How the request had ended by then; None while it is open."""
        return self.ending if self.ending is not None and self.ending.at <= at else None

    def waited(self, at: datetime) -> Lasted:
        """How long the request had waited for its answer by then; one that was dropped waited at least so long."""
        ending = self.ended_by(at)
        end = ending.at if ending is not None else at
        return Lasted((end - self.opened_at).total_seconds(), ending is not None and ending.answered)


@dataclass(frozen=True, slots=True)
class StageTimes:
    """One stage at one holding agency."""

    stage: str
    holder: str
    times: Times
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Direction:
    """What one agency asked of the other: the two directions stand side by side (reciprocity)."""

    asker: str
    holder: str
    asked: int
    answered: int
    refused: int
    dropped: int
    still_open: int
    first_try: Share
    times: Times
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refusals:
    """How often an agency refused on a ground."""

    holder: str
    ground: str
    count: int
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FeedbackCount:
    """What an asker said of the answers it got: `owed` in all, of which told, and past their time."""

    giver: str
    owed: int
    used: int
    not_used: int
    overdue: int
    pending: int


@dataclass(frozen=True, slots=True)
class Seized:
    """Confirmed quantities of one thing; `amount` in `unit`, and how many events they come from."""

    thing: str
    amount: str
    unit: str
    events: int


@dataclass(frozen=True, slots=True)
class Figures:
    """A quarter of two agencies, or of one post with one agency."""

    quarter: Quarter
    as_of: datetime
    pair: tuple[str, str]
    post: str
    stages: list[StageTimes]
    directions: list[Direction]
    refusals: list[Refusals]
    feedback: list[FeedbackCount]
    kinds: list[KindCount]
    seized: list[Seized]
    parts: list[tuple[str, dict[Contribution, int]]]
    definitions: str = DEFINITIONS


def figures(
    steps: Iterable[StepRow],
    events: Iterable[Event],
    *,
    quarter: Quarter,
    as_of: datetime,
    pair: tuple[str, str],
    post: str = "",
) -> Figures:
    """Everything for one pair. Steps count in the quarter they began in, events in the one they happened in."""
    first, second = sorted(pair)
    own = sorted(
        (
            step
            for step in steps
            if quarter.starts <= step.opened_at < quarter.ends
            and step.opened_at <= as_of
            and (not post or post in (step.asker, step.holder))
        ),
        key=lambda step: step.id,
    )
    happened = happened_between(events, quarter.first_day, quarter.last_day)
    again = _asked_again(own)
    return Figures(
        quarter=quarter,
        as_of=as_of,
        pair=(first, second),
        post=post,
        stages=_stages(own, as_of),
        directions=[
            _direction(own, asker, holder, again, as_of) for asker, holder in ((first, second), (second, first))
        ],
        refusals=_refusals(own, as_of),
        feedback=[_feedback(own, giver, as_of) for giver in (first, second)],
        kinds=by_kind(happened),
        seized=[Seized(thing, *total.shown(), count) for thing, total, count in by_thing(happened)],
        parts=[(agency, contributions(happened, agency)) for agency in (first, second)],
    )


def _stages(steps: Sequence[StepRow], as_of: datetime) -> list[StageTimes]:
    groups: dict[tuple[str, str], list[StepRow]] = defaultdict(list)
    for step in steps:
        groups[step.stage, agency_of(step.holder)].append(step)
    return [
        StageTimes(stage, holder, times(row.lasted(as_of) for row in rows), tuple(row.id for row in rows))
        for (stage, holder), rows in sorted(groups.items())
    ]


def _asked_again(steps: Sequence[StepRow]) -> set[str]:
    """Conversations in which a request was not complete at first: asked once more, or the asker was asked back."""
    first: dict[str, StepRow] = {}
    for step in sorted(steps, key=lambda step: (step.opened_at, step.id)):
        if step.is_main:
            first.setdefault(step.conversation, step)
    again = set()
    for step in steps:
        main = first.get(step.conversation)
        if main is None or step.id == main.id:
            continue
        if step.is_main or (step.asks_back and agency_of(step.holder) == agency_of(main.asker)):
            again.add(step.conversation)
    return again


def _direction(steps: Sequence[StepRow], asker: str, holder: str, again: set[str], as_of: datetime) -> Direction:
    rows = [
        step
        for step in steps
        if step.counts_at(as_of) and (agency_of(step.asker), agency_of(step.holder)) == (asker, holder)
    ]
    endings = {row.id: ending for row in rows if (ending := row.ended_by(as_of)) is not None}
    answered = [ending for ending in endings.values() if ending.answered]
    refused = sum(bool(ending.ground) for ending in answered)
    threads = {row.conversation for row in rows if row.id in endings and endings[row.id].answered}
    return Direction(
        asker=asker,
        holder=holder,
        asked=len(rows),
        answered=len(answered) - refused,
        refused=refused,
        dropped=len(endings) - len(answered),
        still_open=len(rows) - len(endings),
        first_try=Share(len(threads - again), len(threads)),
        times=times(row.waited(as_of) for row in rows),
        ids=tuple(row.id for row in rows),
    )


def _refusals(steps: Sequence[StepRow], as_of: datetime) -> list[Refusals]:
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for step in steps:
        ending = step.ended_by(as_of)
        if step.counts_at(as_of) and ending is not None and ending.ground:
            groups[agency_of(step.holder), ending.ground].append(step.id)
    return [Refusals(holder, ground, len(ids), tuple(ids)) for (holder, ground), ids in sorted(groups.items())]


def _feedback(steps: Sequence[StepRow], giver: str, as_of: datetime) -> FeedbackCount:
    told: Counter[str] = Counter()
    for step in steps:
        ending = step.ended_by(as_of)
        if not step.counts_at(as_of) or agency_of(step.asker) != giver or ending is None:
            continue
        if ending.ground or not ending.answered:
            continue
        if step.use is not None and step.use.at <= as_of:
            told["used" if step.use.used else "not_used"] += 1
        else:
            due = step.feedback_due_at
            told["overdue" if due is not None and due < as_of else "pending"] += 1
    return FeedbackCount(giver, told.total(), told["used"], told["not_used"], told["overdue"], told["pending"])
