"""Whether a custodian may answer by itself: serial and description must both agree, and with one gun only.

What a finder records of a gun is often partly wrong, so the parts are weighed; the serial has to be exact. Everything
else is for a person of the custodian.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from contraparte.books.rules.descriptions import (
    Agreement,
    canonical_caliber,
    canonical_maker,
    canonical_model,
    canonical_type,
    compare_calibers,
    compare_makers,
    compare_models,
    compare_types,
)

WEIGHTS: Final[Mapping[str, int]] = {"maker": 40, "calibre": 25, "type": 20, "model": 15}
WORTH: Final[Mapping[Agreement, float]] = {Agreement.SAME: 1.0, Agreement.NEAR: 0.7, Agreement.DIFFERENT: 0.0}
# At least this share of what both sides recorded must agree, and this much must have been recorded at all.
ENOUGH: Final = 0.6
RECORDED: Final = 40


@dataclass(frozen=True, slots=True)
class Described:
    """A gun as one side describes it, in any usual spelling."""

    maker: str = ""
    calibre: str = ""
    type: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class DescriptionAgreement:
    """How far two descriptions agree: `share` 0 to 1 of what both recorded, `recorded` the weight of that."""

    share: float
    recorded: int
    parts: tuple[tuple[str, Agreement], ...]

    @property
    def is_enough(self) -> bool:
        """True where no person needs to look."""
        return self.share >= ENOUGH and self.recorded >= RECORDED


def agree(asked: Described, book: Described) -> DescriptionAgreement:
    """Compare a request with a line of a book."""
    parts = (
        ("maker", compare_makers(canonical_maker(asked.maker), canonical_maker(book.maker))),
        ("calibre", compare_calibers(canonical_caliber(asked.calibre), canonical_caliber(book.calibre))),
        ("type", compare_types(canonical_type(asked.type), canonical_type(book.type))),
        ("model", compare_models(canonical_model(asked.model), canonical_model(book.model))),
    )
    counted = [(WEIGHTS[name], WORTH[found]) for name, found in parts if found is not Agreement.MISSING]
    recorded = sum(weight for weight, _ in counted)
    share = sum(weight * worth for weight, worth in counted) / recorded if recorded else 0.0
    return DescriptionAgreement(share, recorded, parts)


def the_one(asked: Described, guns: Sequence[Described]) -> int | None:
    """The place of the only gun that agrees enough, or None: then a person chooses."""
    agreeing = [place for place, gun in enumerate(guns) if agree(asked, gun).is_enough]
    return agreeing[0] if len(agreeing) == 1 else None
