"""What a measure reports: a figure beside its floor or peer, both taken in the same run.

A module of `bench/` takes part by offering `measure(size: Size) -> Iterator[Row]`. It runs in a process of its own, in
an empty home (`CONTRAPARTE_HOME`), and must set up what it needs there. Timings are never tests: only ratios against
a floor or peer of the same run mean anything on another machine.
"""

import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum


class Size(StrEnum):
    """How much is measured: a look in a minute or two, or everything at the sizes of the goals."""

    QUICK = "quick"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    `value` is ours and `beside` the floor's or peer's, both in `unit`. `more_is_better` says which way the ratio
    reads: it is always ours over theirs. `goal` is what MEASURES asks, in words.
    """

    what: str
    value: float
    unit: str
    beside: float | None = None
    beside_name: str = ""
    goal: str = ""
    note: str = ""
    more_is_better: bool = True

    @property
    def ratio(self) -> float | None:
        """Ours over theirs; None where there is nothing beside it."""
        return None if not self.beside else self.value / self.beside

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> "Row":
        """The row in one line of JSON."""
        return cls(**json.loads(line))


def rate(work: Callable[[], int], *, seconds: float = 1.0, rounds: int = 3) -> float:
    """Items per second of `work`, which returns how many it did: the median of some rounds, each at least `seconds`."""
    found = []
    for _ in range(rounds):
        done, started = 0, time.perf_counter()
        while (spent := time.perf_counter() - started) < seconds:
            done += work()
        found.append(done / spent)
    return statistics.median(found)


def seconds_of(work: Callable[[], object]) -> float:
    """Seconds of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of all lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]
