"""How long clocks stood still: spans of time, none counted twice (P1.8, P8.1)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

Span = tuple[datetime, datetime]


def length(spans: Iterable[Span], without: Iterable[Span] = ()) -> timedelta:
    """How long `spans` last together, overlaps counted once, and nothing of what lies in `without`."""
    total, free = timedelta(0), merged(without)
    for begins, ends in merged(spans):
        total += ends - begins
        for start, stop in free:
            total -= max(min(ends, stop) - max(begins, start), timedelta(0))
    return total


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same time as spans that do not touch, in order; empty ones are left out."""
    found: list[Span] = []
    for begins, ends in sorted(span for span in spans if span[0] < span[1]):
        if found and begins <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], ends))
        else:
            found.append((begins, ends))
    return found
