"""Production: which runs of which model each maker numbered, and when. A lot is drawn once and written never:
its guns are made again from its number whenever they are needed, so a world of a million lines fits in memory."""

import random
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date

from contraparte.node.world.brands import BRANDS, BY_KEY, Brand, Model, brand_weights, model_weights
from contraparte.node.world.chance import stream
from contraparte.node.world.firms import Custodian, Firms
from contraparte.node.world.serials import plain

FIRST_YEAR = 2004
LOT_SIZES = (120, 700)
# Numbers left out between two runs of one maker: used for nothing here, or for guns sold in other countries.
GAPS_AT_HOME = (40, 900)
GAPS_ABROAD = (600, 4000)
# Two makers whose formats are digits alone: a serial may stand for a gun of each.
SHARES_NUMBERS = frozenset({"canik", "diamondback"})


@dataclass(frozen=True, slots=True)
class Lot:
    """`count` guns of one model, numbered on from `start`, made from ordinal day `first_day` on."""

    number: int
    brand: Brand
    model: Model
    custodian: Custodian
    year: int
    first_day: int
    start: int
    count: int


@dataclass
class Production:
    """Every lot, in the order of years, and a way back from a serial to its lot."""

    lots: list[Lot]
    _starts: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    _by_brand: dict[str, list[Lot]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for lot in sorted(self.lots, key=lambda lot: (lot.brand.key, lot.start)):
            self._by_brand[lot.brand.key].append(lot)
            self._starts[lot.brand.key].append(lot.start)

    def locate(self, brand: str, text: str) -> tuple[Lot, int] | None:
        """The lot and place of a serial (in plain form) of one maker, or None where that maker used no such number."""
        number = BY_KEY[brand].format.decode(text)
        if number is None:
            return None
        place = bisect_right(self._starts[brand], number) - 1
        if place < 0:
            return None
        lot = self._by_brand[brand][place]
        if number >= lot.start + lot.count or plain(lot.brand.format.encode(number, lot.year)) != text:
            return None
        return lot, number - lot.start

    def unused(self, brand: str, rng: random.Random) -> tuple[str, Lot]:
        """A number between two runs of a maker, as its format would write it, and the run before it."""
        lots = self._by_brand[brand]
        for _ in range(1000):
            place = rng.randrange(len(lots) - 1)
            end = lots[place].start + lots[place].count
            if lots[place + 1].start - end > 30:
                number = rng.randrange(end + 10, lots[place + 1].start - 10)
                return lots[place].brand.format.encode(number, lots[place].year), lots[place]
        raise LookupError(brand)


def plan(seed: int, guns: int, firms: Firms, today: date) -> Production:
    """Lots of at least `guns` guns altogether: brand by volume, model by volume, later years more."""
    rng = stream(seed, "lots")
    years = range(FIRST_YEAR, today.year + 1)
    weights = [1 + 0.12 * place for place, _ in enumerate(years)]
    chosen: list[tuple[int, Brand, Model, int]] = []
    total = 0
    brands, shares = list(BRANDS), brand_weights()
    models = {brand.key: model_weights(brand) for brand in brands}
    while total < guns or len(chosen) < 6 * len(brands):
        # The first lots go round all brands, so that a small world knows each of them.
        brand = brands[len(chosen) % len(brands)] if len(chosen) < 3 * len(brands) else rng.choices(brands, shares)[0]
        model = rng.choices(brand.models, models[brand.key])[0]
        count = min(rng.randint(*LOT_SIZES), max(LOT_SIZES[0], guns // 60))
        chosen.append((rng.choices(years, weights)[0], brand, model, count))
        total += count
    chosen.sort(key=lambda lot: lot[0])
    at = {brand.key: _first_number(brand, rng) for brand in brands}
    lots, begun = [], dict[str, int]()
    for number, (year, brand, model, count) in enumerate(chosen):
        start = at[brand.key] + rng.randint(*(GAPS_ABROAD if brand.is_imported else GAPS_AT_HOME))
        twin = next(iter(SHARES_NUMBERS - {brand.key})) if brand.key in SHARES_NUMBERS else ""
        if twin in begun and brand.key not in begun:
            # The later of the two starts on the first run of the other.
            start = begun[twin]
        begun.setdefault(brand.key, start)
        at[brand.key] = start + count
        if at[brand.key] > brand.format.capacity:
            raise OverflowError(f"{brand.key} has run out of numbers")
        first_day = min(date(year, 1, 1).toordinal() + rng.randrange(300), today.toordinal() - 70)
        lots.append(Lot(number, brand, model, firms.first_of[brand.key][0], year, first_day, start, count))
    return Production(lots)


def _first_number(brand: Brand, rng: random.Random) -> int:
    """Where a maker's numbers begin here: low enough in formats of digits alone that leading zeros occur."""
    capacity = brand.format.capacity
    return rng.randrange(capacity // 20, capacity // 5) if brand.format.letters else rng.randrange(10_000, 90_000)
