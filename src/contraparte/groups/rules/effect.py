"""How many events it takes to see a change: shown when a goal is agreed, so that nobody promises the invisible.

Two counts of the same length are compared as the ratio of two Poisson rates, two-sided at 5 %, with power 80 %. With n
events before and n·r after, the logarithm of the ratio has variance 1/n + 1/(n·r), so a change to the ratio r shows
when n ≥ (z₀.₉₇₅ + z₀.₈)² · (1 + 1/r) / ln² r. Source of the method: DOMAIN "Indicators" (about 1,494 events for -10 %,
355 for -20 %, 150 for -30 %, 50 for -50 %).
"""

from math import ceil, log
from statistics import NormalDist
from typing import Final

POWER: Final = 0.8
LEVEL: Final = 0.05
_Z_SQUARED: Final = (NormalDist().inv_cdf(1 - LEVEL / 2) + NormalDist().inv_cdf(POWER)) ** 2
_STEPS: Final = 60  # halvings: far below what anybody reads


def _needed(change: float) -> float:
    ratio = 1 + change
    return _Z_SQUARED * (1 + 1 / ratio) / log(ratio) ** 2


#: Beyond this fall the approximation asks for more events again; a greater fall is no harder to see.
_DEEPEST: Final = min((fall / 1000 for fall in range(1, 1000)), key=lambda fall: _needed(-fall))


def events_needed(change: float) -> int:
    """Events in the first period for a relative change (-0.2: a fifth less; 0.5: half more) to be seen.

    Raises ValueError for no change at all and for a fall of more than everything.
    """
    if change == 0 or change < -1:
        raise ValueError("a change is a share other than nothing, and a fall is at most everything")
    return ceil(_needed(max(change, -_DEEPEST)))


def smallest_fall(events: float) -> float | None:
    """The smallest fall, as a share between 0 and 1, that so many events in the first period can show, or None."""
    return _smallest(events, sign=-1, widest=_DEEPEST)


def smallest_rise(events: float) -> float | None:
    """The smallest rise, as a share (1 is twice as many), that so many events can show; None above a thousandfold."""
    return _smallest(events, sign=1, widest=1000.0)


def _smallest(events: float, *, sign: int, widest: float) -> float | None:
    if events <= 0 or _needed(sign * widest) > events:
        return None
    low, high = 0.0, widest
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if middle > 0 and _needed(sign * middle) <= events:
            high = middle
        else:
            low = middle
    return high
