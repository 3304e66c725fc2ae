"""From costs to probabilities: which gun of the book is meant, or none of them.

The share of a candidate is its prior (one of `rows`, times the share of guns asked for that are in the book at all)
times how well it explains serial and description. The share "not in this book" is the chance that an unrelated
serial reads so. What is shown sums to 1 together with what was not shown.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from contraparte.books.rules.channel import Channel
from contraparte.books.rules.descriptions import (
    Agreement,
    canonical_maker,
    canonical_model,
    canonical_type,
    compare_calibers,
    compare_makers,
    compare_models,
    compare_types,
    read_caliber,
)
from contraparte.books.rules.notation import SerialPattern
from contraparte.books.rules.weights import AGREEMENTS, DIGIT, IN_BOOK, LENGTH, LETTER


@dataclass(frozen=True, slots=True)
class Description:
    """A gun's maker, NCIC type, calibre and model in canonical form; "" where nothing is said."""

    maker: str = ""
    type: str = ""
    caliber: str = ""
    model: str = ""

    @classmethod
    def read(cls, maker: str = "", type: str = "", caliber: str = "", model: str = "") -> "Description":  # noqa: A002
        """Make canonical what was typed. An unknown type counts as not said: it cannot be compared."""
        return cls(canonical_maker(maker), canonical_type(type), read_caliber(caliber).code, canonical_model(model))

    def __bool__(self) -> bool:
        return bool(self.maker or self.type or self.caliber or self.model)

    def compare(self, other: "Description") -> dict[str, Agreement]:
        """How far two descriptions agree, by field."""
        return {
            "maker": compare_makers(self.maker, other.maker),
            "type": compare_types(self.type, other.type),
            "caliber": compare_calibers(self.caliber, other.caliber),
            "model": compare_models(self.model, other.model),
        }


def nats_of(agreements: Mapping[str, Agreement]) -> float:
    """What descriptions add to or take from an explanation."""
    return sum(AGREEMENTS[field][agreement] for field, agreement in agreements.items())


MOST_NATS: Final = sum(max(by.values()) for by in AGREEMENTS.values())


def chance(pattern: SerialPattern) -> float:
    """Chance that the serial of an unrelated gun reads as `pattern` does."""
    share = LENGTH if not pattern.has_run else 1.0
    for piece in pattern.pieces:
        if piece.choices:
            share *= sum(DIGIT if character.isdigit() else LETTER for character in piece.choices) / (
                1 if len(piece.choices) == 1 else 1.5
            )
    return share


@dataclass(frozen=True, slots=True)
class Ranked:
    """One explanation: `key` names the candidate to whoever asked, `nats` lower is better."""

    key: int
    nats: float
    probability: float


def rank(pattern: SerialPattern, explained: Sequence[tuple[int, float]], rows: int) -> tuple[list[Ranked], float]:
    """Order candidates given as (key, nats) and give each its share; returns them and the share "not in this book".

    `rows` is how many lines the book holds. Equal explanations keep the order of their keys, so an answer is stable.
    """
    absent = (1 - IN_BOOK) * chance(pattern)
    prior = IN_BOOK / max(rows, 1)
    weighted = sorted(((nats, key) for key, nats in explained))
    weights = [prior * math.exp(-nats) for nats, _ in weighted]
    total = absent + sum(weights)
    ranked = [Ranked(key, nats, weight / total) for (nats, key), weight in zip(weighted, weights, strict=True)]
    return ranked, absent / total


def explain(channel: Channel, serial: str, asked: Description, found: Description) -> float:
    """Nats that explain what was asked by one gun of the book: serial and description together."""
    return channel.cost(serial) - (nats_of(asked.compare(found)) if asked else 0.0)
