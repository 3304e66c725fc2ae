"""What can be said about a goal, in words that do not claim more than the numbers hold (DOMAIN "Indicators").

Three kinds of goal. A *count* of events (files opened, victims) is compared with its baseline as a ratio of two Poisson
rates with an interval. A *level* (states that have access) is read as it is, against the straight path from
baseline to target. A *milestone* is done or not.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import sqrt
from statistics import NormalDist
from typing import Final

from contraparte.groups.rules.effect import events_needed

CONFIDENCE: Final = 0.95
_Z: Final = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


class Verdict(StrEnum):
    """The word on a goal. `behind` is said of levels and milestones alone: they have no chance in them."""

    ACHIEVED = "achieved"
    ON_TRACK = "on_track"
    BEHIND = "behind"
    NO_DETECTABLE_CHANGE = "no_detectable_change"
    WORSE = "worse"
    NOT_COMPARABLE = "not_comparable"
    TOO_FEW = "too_few_events"
    UNMEASURED = "unmeasured"


@dataclass(frozen=True, slots=True)
class Counted:
    """Events in a stretch of time. `exposure` is what they are counted over, days or person-days, above 0."""

    events: int
    exposure: float


@dataclass(frozen=True, slots=True)
class Compared:
    """A verdict, with the ratio of the rates (1: no change) and its interval where both are counts."""

    verdict: Verdict
    ratio: float | None = None
    low: float | None = None
    high: float | None = None


def rate_ratio(before: Counted, after: Counted) -> tuple[float | None, float, float | None]:
    """Ratio of the rates with its 95 % interval; None where nothing was counted before (no upper end).

    Given the sum of both counts, the later one is binomial; Wilson's ends of its share give those of the ratio. They
    hold for small counts, need no table, and leave out 1 only where the counts differ visibly.
    """
    k, n = after.events, after.events + before.events
    scale = before.exposure / after.exposure
    ratio = k / before.events * scale if before.events else None
    if n == 0:
        return ratio, 0.0, None
    middle = (k + _Z**2 / 2) / (n + _Z**2)
    half = _Z / (n + _Z**2) * sqrt(k * (n - k) / n + _Z**2 / 4)
    low, high = (middle - half if k else 0.0), (middle + half if k < n else 1.0)
    return ratio, scale * low / (1 - low), scale * high / (1 - high) if high < 1 else None


def judge_count(before: Counted, after: Counted | None, *, change: float, comparable: bool = True) -> Compared:
    """The word on a count whose agreed `change` is a share (-0.2: a fifth less).

    Achieved and on track need an interval that leaves out "no change"; without, it was too few events to see the agreed
    change, or enough and no change to see.
    """
    if not comparable:
        return Compared(Verdict.NOT_COMPARABLE)
    if after is None:
        return Compared(Verdict.UNMEASURED)
    ratio, low, high = rate_ratio(before, after)
    falls = change < 0
    seen_better = (high is not None and high < 1) if falls else low > 1
    seen_worse = low > 1 if falls else (high is not None and high < 1)
    if seen_worse:
        return Compared(Verdict.WORSE, ratio, low, high)
    if seen_better:
        there = ratio is None or (ratio <= 1 + change if falls else ratio >= 1 + change)
        return Compared(Verdict.ACHIEVED if there else Verdict.ON_TRACK, ratio, low, high)
    few = before.events < events_needed(change)
    return Compared(Verdict.TOO_FEW if few else Verdict.NO_DETECTABLE_CHANGE, ratio, low, high)


@dataclass(frozen=True, slots=True)
class Path:
    """The straight line from a baseline to a target."""

    baseline: float
    target: float
    begun_on: date
    due_on: date

    def expected(self, on: date) -> float:
        """Where a level should be on a day."""
        length = (self.due_on - self.begun_on).days
        share = 1.0 if length <= 0 else min(1.0, max(0.0, (on - self.begun_on).days / length))
        return self.baseline + share * (self.target - self.baseline)


def judge_level(path: Path, value: float | None, *, on: date, comparable: bool = True) -> Verdict:
    """The word on a level read on a day."""
    if not comparable:
        return Verdict.NOT_COMPARABLE
    if value is None:
        return Verdict.UNMEASURED
    rises = path.target >= path.baseline
    if value >= path.target if rises else value <= path.target:
        return Verdict.ACHIEVED
    if value < path.baseline if rises else value > path.baseline:
        return Verdict.WORSE
    expected = path.expected(on)
    return Verdict.ON_TRACK if (value >= expected if rises else value <= expected) else Verdict.BEHIND


def judge_milestone(*, done_on: date | None, due_on: date, on: date) -> Verdict:
    """The word on a milestone. One done late is achieved; its slip is shown beside it."""
    if done_on is not None:
        return Verdict.ACHIEVED
    return Verdict.ON_TRACK if on <= due_on else Verdict.BEHIND
