"""What the two sides of a group say, and the one order in which both read it.

Either side may speak at any time, and words cross on the road. Each word therefore names how many words of the other
side its author had read. From that follows a number for every word, one above the highest its author knew (Lamport);
words are read by that number, and those with the same by their id. Both nodes hold the same words, so both read them in
the same order, whatever came first where, and no clock is asked (ADR 0110).
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

Side = Literal["a", "b"]
SIDES: Final[tuple[Side, Side]] = ("a", "b")  # a: the side that proposed the group


def other(side: Side) -> Side:
    """The side across."""
    return "b" if side == "a" else "a"


@dataclass(frozen=True, slots=True)
class Word:
    """One message of a group.

    `turn` counts its side's words from 1, `seen` the other side's words its author had read. `at` is the instant its
    author signed. `act` is the message type without its version; `facts` what of it moves anything.
    """

    uuid: str
    side: Side
    turn: int
    seen: int
    at: datetime
    act: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def in_order(words: Iterable[Word]) -> list[Word]:
    """Every word once, in the order both sides read.

    A word that names more of the other side's words than are here waits for them, and with it what follows on its side.
    A turn that neither side holds (the other refused it) is passed over.
    """
    held = list(words)
    lines = {side: _line(held, side) for side in SIDES}
    numbers: dict[Side, list[int]] = {"a": [], "b": []}
    moved = True
    while moved:
        moved = False
        for side in SIDES:
            mine, across, theirs = numbers[side], numbers[other(side)], lines[other(side)]
            if len(mine) == len(lines[side]):
                continue
            word = lines[side][len(mine)]
            known = bisect_right(theirs, word.seen, key=lambda one: one.turn)  # how many of theirs its author had read
            if known > len(across) or (theirs[-1].turn if theirs else 0) < word.seen:
                continue
            mine.append(max((0, *mine[-1:], *across[known - 1 : known])) + 1)
            moved = True
    numbered = [(n, w.uuid, w) for side in SIDES for n, w in zip(numbers[side], lines[side], strict=False)]
    return [word for _, _, word in sorted(numbered, key=lambda one: one[:2])]


def _line(words: list[Word], side: Side) -> list[Word]:
    """The words of one side, each turn once."""
    once = {word.turn: word for word in words if word.side == side}
    return [once[turn] for turn in sorted(once)]
