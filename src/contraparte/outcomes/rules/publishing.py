"""Figures as plain rows: the same for JSON, CSV and tables; and the public version, in which few are hidden.

In the public version a count below five is hidden, and so is every figure made from fewer than five. Where parts add
up to a shown whole, the hidden ones together make five or more: else a subtraction would tell them. No identifier
stands in it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from contraparte.outcomes.rules.figures import Direction, Figures
from contraparte.outcomes.rules.survival import Share, Times

FEWEST: Final = 5
COLUMNS: Final = ("section", "subject", "agency", "measure", "value", "low", "high", "n", "hidden")
Value = int | float | str | None


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `value` None: not known yet, or hidden. Times are in seconds. `ids` lead to what lies behind it."""

    section: str
    subject: str
    agency: str
    measure: str
    value: Value
    low: float | None = None
    high: float | None = None
    n: int | None = None
    hidden: bool = False
    ids: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The plain form, what is empty left out but for the value."""
        told = {name: getattr(self, name) for name in COLUMNS}
        kept = {name: value for name, value in told.items() if name == "value" or value not in (None, "", False)}
        return kept | ({"ids": list(self.ids)} if self.ids else {})


def rows_of(figures: Figures, *, public: bool = False) -> list[Row]:
    """All figures of a report, in a fixed order."""
    rows = [
        *(row for one in figures.stages for row in _times("stage", one.stage, one.holder, one.times, one.ids)),
        *(row for one in figures.directions for row in _direction(one, public=public)),
        *(row for row in _refusals(figures, public=public)),
        *(row for row in _feedback(figures, public=public)),
        *(row for row in _outcomes(figures)),
    ]
    return [_published(row) for row in rows] if public else rows


def _times(section: str, subject: str, agency: str, told: Times, ids: tuple[str, ...]) -> list[Row]:
    return [
        Row(section, subject, agency, "count", told.n, n=told.n, ids=ids),
        Row(section, subject, agency, "still_open", told.still_open, n=told.n),
        Row(section, subject, agency, "median_s", told.median, told.median_low, told.median_high, told.n),
        Row(section, subject, agency, "p90_s", told.p90, n=told.n),
    ]


def _share(section: str, subject: str, agency: str, measure: str, share: Share) -> Row:
    low, high = share.interval or (None, None)
    return Row(section, subject, agency, measure, share.percent, low, high, share.whole)


def _direction(one: Direction, *, public: bool) -> list[Row]:
    parts = {"answered": one.answered, "refused": one.refused, "dropped": one.dropped, "still_open": one.still_open}
    hidden = complement(list(parts.values())) if public else set()
    subject, agency = one.asker, one.holder
    counted = [
        Row("reciprocity", subject, agency, name, None if place in hidden else count, n=count, hidden=place in hidden)
        for place, (name, count) in enumerate(parts.items())
    ]
    first_try = _share("reciprocity", subject, agency, "first_try_percent", one.first_try)
    if public and one.first_try.whole and complement([one.first_try.part, one.first_try.whole - one.first_try.part]):
        first_try = replace(first_try, value=None, low=None, high=None, n=None, hidden=True)
    return [
        Row("reciprocity", subject, agency, "asked", one.asked, n=one.asked, ids=one.ids),
        *counted,
        first_try,
        Row("reciprocity", subject, agency, "median_s", one.times.median, one.times.median_low, one.times.median_high,
            one.times.n),
        Row("reciprocity", subject, agency, "p90_s", one.times.p90, n=one.times.n),
    ]  # fmt: skip


def _refusals(figures: Figures, *, public: bool) -> Iterable[Row]:
    for holder in figures.pair:
        told = [one for one in figures.refusals if one.holder == holder]
        hidden = complement([one.count for one in told]) if public else set()
        for place, one in enumerate(told):
            gone = place in hidden
            value = None if gone else one.count
            yield Row("refusals", one.ground, holder, "count", value, n=one.count, hidden=gone, ids=one.ids)


def _feedback(figures: Figures, *, public: bool) -> Iterable[Row]:
    for one in figures.feedback:
        parts = {"used": one.used, "not_used": one.not_used, "overdue": one.overdue, "pending": one.pending}
        hidden = complement(list(parts.values())) if public else set()
        yield Row("feedback", "", one.giver, "owed", one.owed, n=one.owed)
        for place, (name, count) in enumerate(parts.items()):
            gone = place in hidden
            yield Row("feedback", "", one.giver, name, None if gone else count, n=count, hidden=gone)


def _outcomes(figures: Figures) -> Iterable[Row]:
    for one in figures.kinds:
        told = {
            "confirmed": one.confirmed,
            "waiting": one.waiting,
            "contested": one.contested,
            "overturned": one.overturned,
        }
        for name, count in told.items():
            yield Row("outcomes", one.kind.value, "", name, count, n=count, ids=one.ids if name == "confirmed" else ())
    for thing in figures.seized:
        yield Row("seized", thing.thing, "", thing.unit, thing.amount, n=thing.events)
    for agency, ways in figures.parts:
        for way, count in ways.items():
            yield Row("contributions", way.value, agency, "count", count, n=count)


def complement(parts: Sequence[int]) -> set[int]:
    """The places to hide among parts of a shown whole: those below five, and so many more that they sum to five."""
    hidden = {place for place, count in enumerate(parts) if count < FEWEST}
    shown = sorted((count, place) for place, count in enumerate(parts) if place not in hidden)
    while hidden and shown and sum(parts[place] for place in hidden) < FEWEST:
        hidden.add(shown.pop(0)[1])
    return hidden


def _published(row: Row) -> Row:
    """A row as strangers may see it."""
    few = row.hidden or (row.n is not None and row.n < FEWEST)
    if row.measure == "still_open" and row.section == "stage":
        # Between the number of steps and the number of open ones lies the number of ended ones.
        ended = (row.n or 0) - int(row.value or 0)
        few = few or int(row.value or 0) < FEWEST or ended < FEWEST
    if few:
        return replace(row, value=None, low=None, high=None, n=None, hidden=True, ids=())
    # How many events make a quantity would tell, by subtraction, how many make the hidden ones.
    return replace(row, ids=(), n=None if row.section == "seized" else row.n)


def to_json(figures: Figures, rows: Sequence[Row], *, incomplete_since: str = "") -> dict[str, Any]:
    """A report for programs. Two nodes that hold the same write the same."""
    return {
        "definitions": figures.definitions,
        "quarter": str(figures.quarter),
        "as_of": figures.as_of.isoformat(),
        "pair": list(figures.pair),
        "post": figures.post,
        "incomplete_since": incomplete_since,
        "figures": [row.to_json() for row in rows],
    }
