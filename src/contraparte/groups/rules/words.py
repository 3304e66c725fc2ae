"""What the two sides of a group say, and the one order in which both read it.

Either side may speak at any time, and words cross on the road. Each word therefore names how many words of the other
side its author had read. From that follows a number for every word, one above the highest its author knew (Lamport);
words are read by that number, and those with the same by their id. Both nodes hold the same words, so both read them in
the same order, whatever came first where, and no clock is asked (ADR 0110).
"""

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

    A word that names more of the other side's words than are here waits for them: it and what follows it on its side
    are left out until they are.
    """
    once = {(word.side, word.turn): word for word in words}
    numbers: dict[tuple[Side, int], int] = {}
    reached: dict[Side, int] = {"a": 0, "b": 0}
    moved = True
    while moved:
        moved = False
        for side in SIDES:
            word = once.get((side, reached[side] + 1))
            if word is None or word.seen > reached[other(side)]:
                continue
            before = (numbers.get((side, word.turn - 1), 0), numbers.get((other(side), word.seen), 0))
            numbers[side, word.turn] = max(before) + 1
            reached[side] = word.turn
            moved = True
    return sorted((once[key] for key in numbers), key=lambda word: (numbers[word.side, word.turn], word.uuid))
