"""One real event counts once, however many parties report it and however often it is confirmed.

Outcomes that a party has declared to be the same event form a group; the group counts as one event, under the facts
of its best member (confirmed before open before contested), the smallest id deciding between equals.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from contraparte.outcomes.rules.kinds import Contribution, Kind, Thing
from contraparte.outcomes.rules.lifecycle import CONFIRMED, OPEN, Facts, Standing, State
from contraparte.outcomes.rules.quantities import Quantity, Total, add_up


@dataclass(frozen=True, slots=True)
class Reported:
    """An outcome with where it stands. `reporter` and `other` are the agencies."""

    id: str
    reporter: str
    other: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class Event:
    """One real event: the ids under which it was reported, and how it counts."""

    ids: tuple[str, ...]
    state: State
    facts: Facts
    reporter: str
    other: str

    @property
    def id(self) -> str:
        """The id it counts under."""
        return self.ids[0]

    @property
    def is_overturned(self) -> bool:
        """Whether a court has undone it."""
        return self.facts.overturned_on is not None

    def contribution_of(self, agency: str) -> frozenset[Contribution]:
        """What an agency did for it, as its reporter states it."""
        if agency == self.reporter:
            return self.facts.ours
        return self.facts.yours if agency == self.other else frozenset()


_RANK = {State.CONFIRMED: 0, State.CORROBORATED: 1, State.CORRECTED: 2, State.REPORTED: 3, State.CONTESTED: 4}


def count_once(reported: Iterable[Reported]) -> list[Event]:
    """The real events behind the reports, by id. What its reporter took back is none."""
    known = {one.id: one for one in sorted(reported, key=lambda one: one.id)}
    groups = _groups(known)
    events = []
    for members in groups:
        living = [
            (_RANK[one.standing.state], one.id, one)
            for one in members
            if one.standing.state is not State.RETRACTED and one.standing.facts is not None
        ]
        if not living:
            continue
        _, _, best = min(living, key=lambda entry: entry[:2])
        facts = best.standing.facts
        assert facts is not None
        ids = tuple(sorted(one.id for _, _, one in living))
        events.append(Event(ids, best.standing.state, facts, best.reporter, best.other))
    return sorted(events, key=lambda event: event.id)


def _groups(known: dict[str, Reported]) -> list[list[Reported]]:
    """Connected by `same_as`, also over an id that only the other party knows."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    for one in known.values():
        root(one.id)
        for other in sorted(one.standing.same_as):
            first, second = sorted((root(one.id), root(other)))
            parent[second] = first
    groups: dict[str, list[Reported]] = defaultdict(list)
    for one in known.values():
        groups[root(one.id)].append(one)
    return [groups[name] for name in sorted(groups)]


def happened_between(events: Iterable[Event], first: date, last: date) -> list[Event]:
    """Those that happened from `first` to `last`, both days included, by id."""
    return sorted((event for event in events if first <= event.facts.happened_on <= last), key=lambda event: event.id)


@dataclass(frozen=True, slots=True)
class KindCount:
    """How many events of a type: confirmed by the other side, waiting for its word, contested, overturned."""

    kind: Kind
    confirmed: int
    waiting: int
    contested: int
    overturned: int
    ids: tuple[str, ...]


def by_kind(events: Sequence[Event]) -> list[KindCount]:
    """Counts by type, in the order of `Kind`, the types without an event left out."""
    counted = []
    for kind in Kind:
        own = [event for event in events if event.facts.kind is kind]
        if not own:
            continue
        standing = [event for event in own if not event.is_overturned]
        counted.append(
            KindCount(
                kind,
                confirmed=sum(event.state in CONFIRMED for event in standing),
                waiting=sum(event.state in OPEN for event in standing),
                contested=sum(event.state is State.CONTESTED for event in standing),
                overturned=sum(event.is_overturned for event in own),
                ids=tuple(event.id for event in own),
            )
        )
    return counted


def by_thing(events: Iterable[Event]) -> list[tuple[Thing, Total, int]]:
    """What was seized or frozen: confirmed events only, exact totals per thing and dimension, and how many events."""
    found: dict[tuple[Thing, str], list[Quantity]] = defaultdict(list)
    for event in events:
        facts = event.facts
        if event.state in CONFIRMED and not event.is_overturned and facts.what and facts.quantity:
            found[facts.what, facts.quantity.base[0]].append(facts.quantity)
    rows = [(thing, add_up(parts)[0], len(parts)) for (thing, _), parts in found.items()]
    return sorted(rows, key=lambda row: (row[0], row[1].unit))


def contributions(events: Iterable[Event], agency: str) -> dict[Contribution, int]:
    """How often an agency contributed in each way to confirmed events; all four ways, in order."""
    told = Counter(way for event in events if event.state in CONFIRMED for way in event.contribution_of(agency))
    return {way: told[way] for way in Contribution}
