"""The noisy channel: what it costs to explain a damaged serial by a true one, and how the two lie together.

`Channel(pattern)` is made once per query; `cost(serial)` is asked for each candidate and is exact, with a short cut
for serials of the same length that differ in few places, which are nearly all. `align` gives the whole reading for
the few candidates that are shown. Costs are nats (`weights.py`); 0 means it reads so letter by letter.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from operator import eq
from typing import Final

from contraparte.books.rules.confusables import ALPHABET, are_confusable, fold
from contraparte.books.rules.notation import Piece, SerialPattern
from contraparte.books.rules.weights import (
    ADDED,
    CONFUSED,
    LEADING_ZERO,
    MISSED,
    MISTAKEN,
    OUTSIDE_CLASS,
    RUN_CHARACTER,
    RUN_EMPTY,
    SWAPPED,
    UNREAD_ABSENT,
)

_FAR: Final = 1e9
TWO_GAPS: Final = 2 * (MISSED + ADDED)  # beyond it two characters may be missed and two added


class Event(StrEnum):
    """What happened to one position of a reading."""

    AGREES = "agrees"
    UNREAD = "unread"
    RUN = "run"
    CONFUSED = "confused"
    MISTAKEN = "mistaken"
    MISSED = "missed"
    ADDED = "added"
    SWAPPED = "swapped"
    ZERO = "zero"


@dataclass(frozen=True, slots=True)
class Step:
    """One column of the aligned reading: what was read (notation, "" for nothing) over what the book holds."""

    read: str
    true: str
    event: Event


@lru_cache(4096)
def _substitution(piece: Piece) -> dict[str, float]:
    """Cost of reading `piece` where each character of the alphabet stands."""
    if not piece.choices:
        return dict.fromkeys(ALPHABET, 0.0)
    extra = OUTSIDE_CLASS if len(piece.choices) > 1 else 0.0
    costs = {}
    for character in ALPHABET:
        if character in piece.choices:
            costs[character] = 0.0
        elif any(are_confusable(character, choice) for choice in piece.choices):
            costs[character] = CONFUSED + extra
        else:
            costs[character] = MISTAKEN + extra
    return costs


class Channel:
    """The explanation of one damaged serial by any true one."""

    def __init__(self, pattern: SerialPattern) -> None:
        self.pattern = pattern
        self.pieces = pattern.pieces
        self._costs = [_substitution(piece) for piece in self.pieces]
        self._single = [piece.choices if len(piece.choices) == 1 else "" for piece in self.pieces]
        self._all_single = all(self._single)
        self._read = pattern.plain
        self._folded = fold(self._read)
        self._zeros = self._leading_zeros()
        self._fixed = 0 if pattern.has_run else len(self.pieces)
        self._regex = _run_regex(pattern) if pattern.has_run else None
        self._stripped = Channel(SerialPattern(self.pieces[self._zeros :])) if self._zeros else None

    def _leading_zeros(self) -> int:
        count = 0
        while count < len(self._single) - 1 and self._single[count] == "0":
            count += 1
        return count

    def cost(self, serial: str) -> float:
        """Nats that explain the reading by `serial` (canonical)."""
        best = self._direct(serial)
        if best and (self._zeros or serial[0] == "0"):
            zeros = len(serial) - len(serial.lstrip("0")) if serial.strip("0") else 0
            if zeros != self._zeros:
                channel = self._stripped or self
                best = min(best, LEADING_ZERO * abs(zeros - self._zeros) + channel._direct(serial[zeros:]))
        return best

    def _direct(self, serial: str) -> float:
        if self._fixed == len(serial):
            each = [costs[character] for costs, character in zip(self._costs, serial, strict=True)]
            wrong = [position for position, cost in enumerate(each) if cost]
            if len(wrong) < 2:
                return each[wrong[0]] if wrong else 0.0
            straight = sum(each)
            if self._all_single and straight <= TWO_GAPS and not self._shifted(serial, wrong[0], wrong[-1]):
                return straight
        elif self._regex is not None and self._regex.fullmatch(serial):
            open_characters = len(serial) - self.pattern.shortest
            return RUN_CHARACTER * open_characters if open_characters else RUN_EMPTY
        if self._all_single:
            return self._trimmed(serial)
        return self._table(serial)[len(self.pieces)][len(serial)]

    def _shifted(self, serial: str, first: int, last: int) -> bool:
        """True when anything between two wrong places would agree, or be confusable, once shifted by one or two.

        Otherwise nothing missed and added, or swapped, can be cheaper there than taking each character as mistaken.
        """
        read, true = self._folded[first : last + 1], fold(serial[first : last + 1])
        if any(map(eq, read[1:], true)) or any(map(eq, read, true[1:])):
            return True
        return any(map(eq, read[2:], true)) or any(map(eq, read, true[2:]))

    def _trimmed(self, serial: str) -> float:
        """As the whole table, over what is left once the ends that agree are cut off."""
        read, start = self._read, 0
        end, true_end = len(read), len(serial)
        shorter = min(end, true_end)
        while start < shorter and read[start] == serial[start]:
            start += 1
        while end > start < true_end and read[end - 1] == serial[true_end - 1]:
            end, true_end = end - 1, true_end - 1
        if end == start:
            return MISSED * (true_end - start)
        if true_end == start:
            return ADDED * (end - start)
        if abs(end - true_end) == 1:
            one = self._one_gap(serial, start, end, true_end)
            if one is not None:
                return one
        return self._table(serial[start:true_end], start, end)[-1][-1]

    def _one_gap(self, serial: str, start: int, end: int, true_end: int) -> float | None:
        """The cost of one character missed or added and little besides, or None when a swap may be cheaper."""
        costs, missed = self._costs, true_end > end
        shorter = min(end, true_end) - start
        # Before the gap the reading lies straight under the serial, behind it one place aside.
        behind = [0.0] * (shorter + 1)
        for offset in range(shorter - 1, -1, -1):
            at = start + offset
            cost = costs[at][serial[at + 1]] if missed else costs[at + 1][serial[at]]
            behind[offset] = behind[offset + 1] + cost
        best, before = behind[0], 0.0
        for offset in range(shorter):
            before += costs[start + offset][serial[start + offset]]
            best = min(best, before + behind[offset + 1])
        if best > MISTAKEN or (best >= SWAPPED and self._may_swap(serial[start:true_end], start, end)):
            return None
        return (MISSED if missed else ADDED) + best

    def _may_swap(self, true: str, start: int, end: int) -> bool:
        """True when two neighbours of the reading stand the other way round somewhere in `true`."""
        read = self._read
        return any(read[at] != read[at + 1] and read[at + 1] + read[at] in true for at in range(start, end - 1))

    def _table(self, serial: str, start: int = 0, end: int | None = None) -> list[list[float]]:
        """`table[i][j]`: nats to explain the first i of the pieces `start:end` by the first j characters."""
        width = len(serial) + 1
        pieces, singles, all_costs = self.pieces[start:end], self._single[start:end], self._costs[start:end]
        table = [[_FAR] * width for _ in range(len(pieces) + 1)]
        table[0] = [MISSED * j for j in range(width)]
        for i, piece in enumerate(pieces):
            row, below = table[i], table[i + 1]
            if piece.run:
                reach = _FAR
                for j, cost in enumerate(row):
                    empty = cost + RUN_EMPTY
                    below[j] = empty if empty < reach else reach
                    reach = (reach if reach < cost else cost) + RUN_CHARACTER
                continue
            costs, gone = all_costs[i], ADDED if piece.choices else UNREAD_ABSENT
            single, before = singles[i], singles[i - 1] if i else ""
            left = below[0] = row[0] + gone
            swappable = bool(single and before and before != single)
            # The innermost loop of every search: comparisons, because a call of min() costs thrice as much.
            for j in range(1, width):
                character = serial[j - 1]
                best = row[j] + gone
                other = row[j - 1] + costs[character]
                if other < best:  # noqa: PLR1730
                    best = other
                left += MISSED
                if left < best:  # noqa: PLR1730
                    best = left
                if swappable and character == before and j > 1 and serial[j - 2] == single:
                    best = min(best, table[i - 1][j - 2] + SWAPPED)
                below[j] = left = best
        return table

    def align(self, serial: str) -> tuple[Step, ...]:
        """The reading laid over `serial`, left to right; the cheapest explanation."""
        zeros = len(serial) - len(serial.lstrip("0")) if serial.strip("0") else 0
        if zeros != self._zeros and self._direct(serial) > self.cost(serial):
            channel = self._stripped or self
            shared = min(zeros, self._zeros)
            both = tuple(Step("0", "0", Event.AGREES) for _ in range(shared))
            read = tuple(Step("0", "", Event.ZERO) for _ in range(self._zeros - shared))
            true = tuple(Step("", "0", Event.ZERO) for _ in range(zeros - shared))
            return both + read + true + channel._trace(serial[zeros:])
        return self._trace(serial)

    def _trace(self, serial: str) -> tuple[Step, ...]:
        if self._fixed == len(serial):
            each = [costs[character] for costs, character in zip(self._costs, serial, strict=True)]
            if _same(sum(each), self._direct(serial)):
                pairs = zip(self.pieces, serial, strict=True)
                return tuple(Step(str(piece), true, self._event(piece, true)) for piece, true in pairs)
        table = self._table(serial)
        i, j = len(self.pieces), len(serial)
        steps: list[Step] = []
        while i or j:
            taken, i, j = self._step_back(table, serial, i, j)
            steps.extend(taken)
        return tuple(reversed(steps))

    def _step_back(self, table: list[list[float]], serial: str, i: int, j: int) -> tuple[tuple[Step, ...], int, int]:
        """The last step (for a swap: the last two, last first) of the cheapest way to `table[i][j]`."""
        if not i:
            return (Step("", serial[j - 1], Event.MISSED),), 0, j - 1
        piece, here, above = self.pieces[i - 1], table[i][j], table[i - 1]
        read = str(piece)
        if piece.run:
            start = min(range(j + 1), key=lambda k: above[k] + (RUN_CHARACTER * (j - k) if k < j else RUN_EMPTY))
            return (Step(read, serial[start:j], Event.RUN),), i - 1, start
        if j and _same(here, above[j - 1] + self._costs[i - 1][serial[j - 1]]):
            return (Step(read, serial[j - 1], self._event(piece, serial[j - 1])),), i - 1, j - 1
        before, single = self._single[i - 2] if i > 1 else "", self._single[i - 1]
        if j > 1 and before and single and serial[j - 2] == single != before == serial[j - 1]:  # noqa: SIM102
            if _same(here, table[i - 2][j - 2] + SWAPPED):
                last = Step(read, serial[j - 1], Event.SWAPPED)
                return (last, Step(before, serial[j - 2], Event.SWAPPED)), i - 2, j - 2
        if j and _same(here, table[i][j - 1] + MISSED):
            return (Step("", serial[j - 1], Event.MISSED),), i, j - 1
        return (Step(read, "", Event.ADDED if piece.choices else Event.UNREAD),), i - 1, j

    def _event(self, piece: Piece, true: str) -> Event:
        if piece.is_unread:
            return Event.UNREAD
        if true in piece.choices:
            return Event.AGREES
        confused = any(are_confusable(true, choice) for choice in piece.choices)
        return Event.CONFUSED if confused else Event.MISTAKEN


def _same(one: float, other: float) -> bool:
    return abs(one - other) < 1e-9


def _run_regex(pattern: SerialPattern) -> re.Pattern[str]:
    parts = []
    for piece in pattern.pieces:
        if piece.run:
            parts.append("[A-Z0-9]*")
        else:
            parts.append(f"[{piece.choices}]" if piece.choices else "[A-Z0-9]")
    return re.compile("".join(parts))
