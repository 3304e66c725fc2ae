"""Times that are still running count, too: the Kaplan–Meier estimate, in exact fractions, and Wilson's interval.

A step that is still open after three weeks is no step of three weeks and no step to leave out: it took *at least*
three weeks. Source: Kaplan and Meier 1958; the interval of a quantile by inverting the test on S(t) (Brookmeyer and
Crowley 1982) with Greenwood's variance; Wilson 1927 for shares.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

Z95: Final = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Lasted:
    """How long a step has taken so far, in seconds, and whether it has ended."""

    seconds: float
    ended: bool


@dataclass(frozen=True, slots=True)
class Step:
    """The share S still open just after `at`, with Greenwood's sum for its variance."""

    at: float
    open_share: Fraction
    greenwood: float

    @property
    def error(self) -> float:
        """The standard error of the share."""
        return float(self.open_share) * math.sqrt(self.greenwood)


def survival(lasted: Iterable[Lasted]) -> list[Step]:
    """The estimate as steps, one for each time at which something ended, in order of time."""
    rows = list(lasted)
    ends = Counter(row.seconds for row in rows if row.ended)
    times = sorted(row.seconds for row in rows)
    share, greenwood, passed = Fraction(1), 0.0, 0
    steps = []
    for at in sorted(ends):
        while passed < len(times) and times[passed] < at:
            passed += 1
        at_risk, ended = len(times) - passed, ends[at]
        share *= Fraction(at_risk - ended, at_risk)
        greenwood += ended / (at_risk * (at_risk - ended)) if at_risk > ended else 0.0
        steps.append(Step(at, share, greenwood))
    return steps


def quantile(steps: Iterable[Step], ended_share: Fraction) -> float | None:
    """The first time by which at least `ended_share` had ended; None while too much is open to say."""
    return next((step.at for step in steps if 1 - step.open_share >= ended_share), None)


def interval(steps: list[Step], ended_share: Fraction) -> tuple[float | None, float | None]:
    """The 95 % interval of a quantile; None where the data leave an end open."""
    level = float(1 - ended_share)
    inside = [
        position
        for position, step in enumerate(steps)
        if step.error > 0 and abs(float(step.open_share) - level) / step.error <= Z95
    ]
    if not inside:
        return None, None
    after = inside[-1] + 1
    return steps[inside[0]].at, steps[after].at if after < len(steps) else None


@dataclass(frozen=True, slots=True)
class Times:
    """Median and P90 of a stage in seconds, open steps included; `n` steps of which `still_open` have not ended."""

    n: int
    still_open: int
    median: float | None
    p90: float | None
    median_low: float | None
    median_high: float | None


def times(lasted: Iterable[Lasted]) -> Times:
    """Median, its interval and P90 of one stage."""
    rows = list(lasted)
    steps = survival(rows)
    low, high = interval(steps, Fraction(1, 2))
    return Times(
        n=len(rows),
        still_open=sum(not row.ended for row in rows),
        median=quantile(steps, Fraction(1, 2)),
        p90=quantile(steps, Fraction(9, 10)),
        median_low=low,
        median_high=high,
    )


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with the 95 % interval of the share behind it."""

    part: int
    whole: int

    @property
    def percent(self) -> float | None:
        """In percent with one decimal; None of nothing."""
        return round(100 * self.part / self.whole, 1) if self.whole else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's interval in percent."""
        if not self.whole:
            return None
        n, p, z = self.whole, self.part / self.whole, Z95
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return round(100 * max(0.0, centre - half), 1), round(100 * min(1.0, centre + half), 1)
