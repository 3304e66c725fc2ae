"""Quantities as they were stated, and sums that are exact: masses add to masses, currencies to nothing but themselves.

A quantity keeps its own number and unit; a sum is made in the base unit of its dimension, as a fraction.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final, Self

from contraparte.protocol.errors import OutcomeFieldError


class Unit(StrEnum):
    """Units a quantity may be stated in."""

    KILOGRAM = "kg"
    GRAM = "g"
    POUND = "lb"
    OUNCE = "oz"
    LITRE = "l"
    COUNT = "count"
    USD = "USD"
    MXN = "MXN"


#: Unit → (base unit, how many of these one is). The pound and ounce are exact by the agreement of 1959.
_BASE: Final[dict[Unit, tuple[Unit, Fraction]]] = {
    Unit.KILOGRAM: (Unit.GRAM, Fraction(1000)),
    Unit.GRAM: (Unit.GRAM, Fraction(1)),
    Unit.POUND: (Unit.GRAM, Fraction("453.59237")),
    Unit.OUNCE: (Unit.GRAM, Fraction("28.349523125")),
    Unit.LITRE: (Unit.LITRE, Fraction(1)),
    Unit.COUNT: (Unit.COUNT, Fraction(1)),
    Unit.USD: (Unit.USD, Fraction(1)),
    Unit.MXN: (Unit.MXN, Fraction(1)),
}
#: The unit a sum is shown in: grams as kilograms.
_SHOWN: Final[dict[Unit, Unit]] = {Unit.GRAM: Unit.KILOGRAM}

NUMBER: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A positive number as stated, with its unit. `number` is plain digits with at most six decimals."""

    number: str
    unit: Unit

    @classmethod
    def parse(cls, number: str, unit: str) -> Self:
        """Read what was typed: digits, blanks between thousands, a decimal point. Never a guess at a comma.

        Raises OutcomeFieldError naming `quantity` or `unit`.
        """
        text = number.replace(" ", "").replace("\u00a0", "")
        if not NUMBER.fullmatch(text) or Fraction(text) == 0:
            raise OutcomeFieldError(field="quantity", read=number[:40])
        if unit not in set(Unit):
            raise OutcomeFieldError(field="unit", read=unit[:40])
        known = Unit(unit)
        if known is Unit.COUNT and Fraction(text).denominator != 1:
            raise OutcomeFieldError(field="quantity", read=number[:40])
        return cls(text, known)

    @property
    def base(self) -> tuple[Unit, Fraction]:
        """The base unit of its dimension and the exact amount in it."""
        unit, factor = _BASE[self.unit]
        return unit, Fraction(self.number) * factor


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of quantities of one dimension, exact in its base unit."""

    unit: Unit
    amount: Fraction

    def shown(self, places: int = 3) -> tuple[str, Unit]:
        """The amount in the unit people read, rounded half up to `places`, without trailing zeros."""
        unit = _SHOWN.get(self.unit, self.unit)
        scaled = self.amount / _BASE[unit][1] * 10**places
        whole = (scaled.numerator * 2 + scaled.denominator) // (scaled.denominator * 2)
        text = f"{whole // 10**places}.{whole % 10**places:0{places}d}".rstrip("0").rstrip(".")
        return text, unit


def add_up(quantities: Iterable[Quantity]) -> list[Total]:
    """One exact total per dimension, by unit. Dollars and pesos are two dimensions."""
    sums: dict[Unit, Fraction] = {}
    for quantity in quantities:
        unit, amount = quantity.base
        sums[unit] = sums.get(unit, Fraction(0)) + amount
    return [Total(unit, sums[unit]) for unit in sorted(sums)]
