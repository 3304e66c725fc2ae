"""What a charter says, what it lacks, and what changed from one to the next.

A charter is a plain value; `gaps` names everything it lacks at once. It cannot be approved with a gap that blocks
(DOMAIN "Groups"). A provisional one may owe baselines, names the post that owes them, and lapses by itself.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, Literal
from zoneinfo import ZoneInfo

from contraparte.groups.rules.cadence import Cadence
from contraparte.groups.rules.effect import events_needed, smallest_fall, smallest_rise
from contraparte.groups.rules.words import SIDES, Side

PROVISIONAL_LASTS: Final = timedelta(days=90)
HANDLING: Final = ("H0", "H1", "H2", "H3")
LONGEST_REVIEW: Final = timedelta(days=3 * 366)
_NUMBER: Final = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")

Measure = Literal["count", "level", "milestone"]
Rule = Literal["consensus", "majority_each_side", "chairs"]
MEASURES: Final[tuple[Measure, ...]] = ("count", "level", "milestone")
RULES: Final[tuple[Rule, ...]] = ("consensus", "majority_each_side", "chairs")


@dataclass(frozen=True, slots=True)
class Text:
    """A text in one or both languages."""

    en: str = ""
    es: str = ""

    def __bool__(self) -> bool:
        return bool(self.en.strip() or self.es.strip())


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal. `baseline` and `target` are numbers as typed: of a count, events in `baseline_days` days; of a level,
    the level. `one_sided`: the side whose own reform it is; it reports, nobody verifies."""

    key: str
    statement: Text = Text()
    indicator: Text = Text()
    measure: Measure = "count"
    baseline: str = ""
    baseline_days: int = 365
    baseline_on: date | None = None
    target: str = ""
    due_on: date | None = None
    source: Text = Text()
    owner: str = ""
    baseline_owed_by: str = ""
    one_sided: Side | None = None

    @property
    def change(self) -> float | None:
        """The agreed change of a count as a share of its baseline; None while it has no numbers to compare."""
        before, after = number(self.baseline), number(self.target)
        return None if before is None or after is None or before <= 0 else after / before - 1

    @property
    def smallest_change(self) -> float | None:
        """The smallest change, as a share, that a count of this size can show; None where it can show none."""
        before, change = number(self.baseline), self.change
        if self.measure != "count" or before is None or change is None:
            return None
        return smallest_fall(before) if change < 0 else smallest_rise(before)

    @property
    def is_visible(self) -> bool:
        """Whether the agreed change could be told from chance."""
        before, change = number(self.baseline), self.change
        if self.measure != "count":
            return True
        return before is not None and change is not None and -1 <= change != 0 and events_needed(change) <= before


@dataclass(frozen=True, slots=True)
class Charter:
    """What both sides' sponsors approve. `chairs` and `sponsors` are posts, by side."""

    name: Text = Text()
    kind: str = ""
    purpose: Text = Text()
    scope: Text = Text()
    out_of_scope: Text = Text()
    chairs: Mapping[Side, str] = field(default_factory=dict)
    sponsors: Mapping[Side, str] = field(default_factory=dict)
    members: tuple[str, ...] = ()
    cadence: Cadence | None = None
    quorum: int = 1  # posts present of each side
    rule: Rule | None = None
    handling: tuple[str, ...] = ()
    time_zone: str = ""
    goals: tuple[Goal, ...] = ()
    review_on: date | None = None
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing a charter lacks, by the path of its field. `warns`: it may be approved all the same."""

    field: str
    code: str
    warns: bool = False


@lru_cache(maxsize=64)
def is_zone(name: str) -> bool:
    """Whether a time zone of that name is known here."""
    try:
        ZoneInfo(name)
    except (LookupError, OSError, ValueError):
        return False
    return bool(name)


def number(typed: str) -> float | None:
    """A number as typed; None for what is none."""
    return float(typed) if _NUMBER.fullmatch(typed.strip()) else None


def gaps(charter: Charter, *, on: date, taken: Sequence[str] = ()) -> tuple[Gap, ...]:
    """Everything a charter lacks on a day. `taken`: statements of goals other groups have, for the warning of two
    groups with one objective."""
    return tuple(_gaps(charter, on, frozenset(map(_plain, taken))))


def blocking(found: Sequence[Gap]) -> tuple[Gap, ...]:
    """The gaps that stop an approval."""
    return tuple(gap for gap in found if not gap.warns)


def _gaps(charter: Charter, on: date, taken: frozenset[str]) -> Iterator[Gap]:
    for name in ("name", "purpose", "scope", "out_of_scope"):
        yield from _text_gaps(name, getattr(charter, name))
    for name, posts in (("chairs", charter.chairs), ("sponsors", charter.sponsors)):
        for side in SIDES:
            if not posts.get(side):
                yield Gap(f"{name}.{side}", "missing")
    for side in SIDES:
        if charter.chairs.get(side) and charter.chairs.get(side) == charter.sponsors.get(side):
            yield Gap(f"sponsors.{side}", "sponsor_is_chair")
    yield from _way_gaps(charter)
    yield from _review_gaps(charter, on)
    if not charter.goals:
        yield Gap("goals", "missing")
    keys = [goal.key for goal in charter.goals]
    for index, goal in enumerate(charter.goals):
        path = f"goals.{index}"
        if keys.count(goal.key) > 1 or not goal.key:
            yield Gap(f"{path}.key", "repeated" if goal.key else "missing")
        yield from _goal_gaps(goal, path, charter, on)
        if _plain(goal.statement.en) in taken or _plain(goal.statement.es) in taken:
            yield Gap(f"{path}.statement", "another_group_has_it", warns=True)


def _way_gaps(charter: Charter) -> Iterator[Gap]:
    """What is missing of the way the group works."""
    if charter.cadence is None or charter.cadence.every < 1:
        yield Gap("cadence", "missing")
    if charter.quorum < 1:
        yield Gap("quorum", "not_positive")
    if charter.rule is None:
        yield Gap("rule", "missing")
    if not charter.handling:
        yield Gap("handling", "missing")
    elif not set(charter.handling) <= set(HANDLING):
        yield Gap("handling", "unknown")
    if not is_zone(charter.time_zone):
        yield Gap("time_zone", "unknown" if charter.time_zone else "missing")


def _text_gaps(path: str, text: Text) -> Iterator[Gap]:
    if not text:
        yield Gap(path, "missing")
    elif not text.en.strip():
        yield Gap(f"{path}.en", "one_language", warns=True)
    elif not text.es.strip():
        yield Gap(f"{path}.es", "one_language", warns=True)


def _review_gaps(charter: Charter, on: date) -> Iterator[Gap]:
    if charter.review_on is None:
        yield Gap("review_on", "missing")
    elif charter.review_on <= on:
        yield Gap("review_on", "past")
    elif charter.review_on > on + LONGEST_REVIEW:
        yield Gap("review_on", "too_far")


def _goal_gaps(goal: Goal, path: str, charter: Charter, on: date) -> Iterator[Gap]:
    yield from _text_gaps(f"{path}.statement", goal.statement)
    if not goal.owner:
        yield Gap(f"{path}.owner", "missing")
    if goal.due_on is None:
        yield Gap(f"{path}.due_on", "missing")
    elif goal.due_on <= on:
        yield Gap(f"{path}.due_on", "past")
    if goal.measure == "milestone":
        return
    yield from _text_gaps(f"{path}.indicator", goal.indicator)
    yield from _text_gaps(f"{path}.source", goal.source)
    yield from _number_gaps(goal, path, charter)


def _number_gaps(goal: Goal, path: str, charter: Charter) -> Iterator[Gap]:
    before, after = number(goal.baseline), number(goal.target)
    if before is None:
        owed = not goal.baseline.strip() and charter.provisional and bool(goal.baseline_owed_by)
        if not owed:
            yield Gap(f"{path}.baseline", "missing" if not goal.baseline.strip() else "no_number")
    if after is None:
        yield Gap(f"{path}.target", "missing" if not goal.target.strip() else "no_number")
    if before is None or after is None:
        return
    if before == after:
        yield Gap(f"{path}.target", "no_change")
    if goal.measure == "count":
        if before < 0 or before != int(before):
            yield Gap(f"{path}.baseline", "no_count")
        elif after < 0:
            yield Gap(f"{path}.target", "no_count")
        elif goal.baseline_days < 1:
            yield Gap(f"{path}.baseline_days", "not_positive")
        elif before != after and not goal.is_visible:
            yield Gap(f"{path}.target", "too_few_to_see", warns=True)
    elif goal.baseline_on is None:
        yield Gap(f"{path}.baseline_on", "missing")


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()) or "\0"  # an empty one equals no other


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two charters, by the path of its field; None where one has no such field."""

    field: str
    before: object
    after: object


def changes(before: Charter | None, after: Charter) -> tuple[Change, ...]:
    """What a charter changes in the one before it, field by field and goal by goal (by their keys)."""
    old = before or Charter()
    found = [
        Change(one.name, getattr(old, one.name), getattr(after, one.name))
        for one in fields(Charter)
        if one.name != "goals" and getattr(old, one.name) != getattr(after, one.name)
    ]
    was, now = {goal.key: goal for goal in old.goals}, {goal.key: goal for goal in after.goals}
    for key in dict.fromkeys((*was, *now)):
        if key not in was or key not in now:
            found.append(Change(f"goals.{key}", was.get(key), now.get(key)))
            continue
        for one in fields(Goal):
            pair = getattr(was[key], one.name), getattr(now[key], one.name)
            if pair[0] != pair[1]:
                found.append(Change(f"goals.{key}.{one.name}", *pair))
    return tuple(found)
