"""Elapsed time by holder: how a bar is cut from the steps that were owed (P8.1)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Stretch:
    """A step owed by `holder` (a post) from `start`; `end` None while it is still owed."""

    holder: str
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Share:
    """One piece of the bar: `holder` is "" where nobody owed anything. `part` is of 1, all parts sum to 1."""

    holder: str
    lasted: timedelta
    part: float
    is_running: bool


def totals(parts: Iterable[Share]) -> list[Share]:
    """The shares of each holder added up, in the order in which they first held a step; nobody's last."""
    added: dict[str, Share] = {}
    for one in parts:
        had = added.get(one.holder)
        if had is not None:
            one = Share(one.holder, had.lasted + one.lasted, had.part + one.part, had.is_running or one.is_running)  # noqa: PLW2901
        added[one.holder] = one
    return sorted(added.values(), key=lambda share: not share.holder)


def shares(stretches: Iterable[Stretch], *, opened: datetime, until: datetime) -> list[Share]:
    """Cut the time from `opened` to `until` into consecutive pieces by who held the next step.

    Where several owe a step at once, the one that began last holds it (the answer it waits for comes first). Pieces
    shorter than nothing are dropped; the pieces cover the whole time without gap or overlap.
    """
    if until <= opened:
        return []
    stretches = list(stretches)
    known = [
        Stretch(one.holder, max(one.start, opened), min(one.end or until, until))
        for one in stretches
        if one.start < until and (one.end is None or one.end > opened)
    ]
    edges = sorted({opened, until, *(one.start for one in known), *(one.end or until for one in known)})
    cuts: list[tuple[str, datetime, datetime]] = []
    for start, end in pairwise(edges):
        holding = [one for one in known if one.start <= start and (one.end or until) >= end]
        holder = max(holding, key=lambda one: (one.start, one.holder)).holder if holding else ""
        if cuts and cuts[-1][0] == holder:
            cuts[-1] = (holder, cuts[-1][1], end)
        else:
            cuts.append((holder, start, end))
    whole = until - opened
    running = {one.holder for one in stretches if one.end is None and one.start < until}
    return [
        Share(holder, end - start, (end - start) / whole, end == until and holder in running)
        for holder, start, end in cuts
    ]
