"""The same gun loaded twice, by one post or by two: two serials that differ in one place at most.

Inside a node the look-up is by masks: each serial gives one text for every position left out, so two serials that
differ in one character share a mask and are found by one indexed query, without comparing every pair.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

# Shorter serials are too common to warn about one different digit.
MIN_LENGTH = 5
MASK = "·"

# What agreement of each part of the description adds. Serials speak first; maker and model are often recorded wrongly.
WEIGHTS: Mapping[str, int] = {"maker": 30, "calibre": 25, "type": 20, "model": 15, "country": 10}
# At least this much of what both sides recorded must agree.
MIN_AGREEMENT = 50


class Likeness(StrEnum):
    """How two serials are alike."""

    EQUAL = "equal"
    CONFUSABLE = "confusable"
    ONE_CHARACTER = "one_character"


@dataclass(frozen=True, slots=True)
class Mark:
    """A gun as far as the comparison needs it; empty text means not recorded."""

    serial: str
    folded: str
    maker: str = ""
    calibre: str = ""
    type: str = ""
    model: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class SameGun:
    """A warning: `score` 0 to 100 is the agreement of the description, `agreed` and `differed` name its parts."""

    likeness: Likeness
    score: int
    agreed: tuple[str, ...]
    differed: tuple[str, ...]


def masks(serial: str) -> list[str]:
    """The serial with each position left out in turn; empty for one too short to warn about."""
    if len(serial) < MIN_LENGTH:
        return []
    return [serial[:i] + MASK + serial[i + 1 :] for i in range(len(serial))]


def likeness(a: Mark, b: Mark) -> Likeness | None:
    """How two serials are alike, or None."""
    if not a.serial or not b.serial:
        return None
    if a.serial == b.serial:
        return Likeness.EQUAL
    if a.folded == b.folded:
        return Likeness.CONFUSABLE
    if (
        len(a.serial) == len(b.serial) >= MIN_LENGTH
        and sum(x != y for x, y in zip(a.serial, b.serial, strict=True)) == 1
    ):
        return Likeness.ONE_CHARACTER
    return None


def compare(a: Mark, b: Mark) -> SameGun | None:
    """Whether two recorded guns may be one; None where serial or description speak against it.

    A part that one side left empty neither agrees nor differs. One maker does not repeat a serial, two makers may:
    a different maker with one character different is no warning.
    """
    alike = likeness(a, b)
    if alike is None:
        return None
    agreed: list[str] = []
    differed: list[str] = []
    for part in WEIGHTS:
        left, right = getattr(a, part), getattr(b, part)
        if left and right:
            (agreed if left == right else differed).append(part)
    weighed = sum([WEIGHTS[part] for part in (*agreed, *differed)])
    score = round(100 * sum([WEIGHTS[part] for part in agreed]) / weighed) if weighed else 0
    if score < MIN_AGREEMENT or (alike is Likeness.ONE_CHARACTER and "maker" in differed):
        return None
    return SameGun(alike, score, tuple(agreed), tuple(differed))
