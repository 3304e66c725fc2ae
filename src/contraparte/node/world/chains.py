"""What became of each gun: from its maker or importer through wholesalers and dealers to the last line of a book.

The shares below are documented defaults; no figure was found for them, but for exports, which follow AFMER.
"""

import random
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from contraparte.node.world import figures, wording
from contraparte.node.world.brands import BRANDS
from contraparte.node.world.chance import stream
from contraparte.node.world.firms import Custodian, Firms
from contraparte.node.world.lots import Lot

TO_WHOLESALER = 0.84
SECOND_WHOLESALER = 0.07
GOVERNMENT_BY_MAKER = 0.015
EXPORT_BY_IMPORTER = 0.01
LOST_BY_DEALER = 0.004
GOVERNMENT_BY_DEALER = 0.006
DEALER_TO_DEALER = 0.03
REPAIRED = 0.008
TRADED_IN = 0.006
DAYS_ON_SHELF = 45

LICENSEE, PERSON, GOVERNMENT, EXPORT, LOST, HELD = "licensee", "person", "government", "export", "lost", "held"
# Handed back to who brought it: a line of the book, and no sale.
RETURNED = "returned"


class Step(NamedTuple):
    """One line of one book: days are ordinals, `disposed` is 0 while the gun is held."""

    custodian: int
    acquired: int
    acquired_from: str
    disposed: int
    disposed_to: str
    outcome: str


class Gun(NamedTuple):
    """One gun: its serial as stamped, and the lines that tell of it, in the order they were written."""

    serial: str
    steps: list[Step]


class Chains:
    """Makes the guns of a lot, the same ones each time it is asked."""

    def __init__(self, seed: int, firms: Firms, today: date) -> None:
        self.seed = seed
        self.firms = firms
        self.today = today.toordinal()
        # The last day on which a gun is sent on, so that it arrives by today.
        self.last_sent = self.today - 3
        self._labels = [custodian.label for custodian in firms.all]
        self._exports = {
            brand.key: max((figures.export_share(name) for name in brand.licensees), default=0.0) for brand in BRANDS
        }

    def guns(self, lot: Lot) -> Iterator[Gun]:
        """Every gun of a lot in the order of its numbers."""
        rng = stream(self.seed, f"lot/{lot.number}")
        serials = lot.brand.format.block(lot.start, lot.count, lot.year)
        origin = f"foreign maker; {lot.brand.country}; {lot.brand.name}" if lot.brand.is_imported else wording.MADE
        place = 0
        while place < lot.count:
            carton = serials[place : place + rng.randint(5, 40)]
            made = lot.first_day + place * 60 // lot.count
            place += len(carton)
            yield from self._ship(lot, carton, made, origin, rng)

    def _ship(self, lot: Lot, carton: list[str], made: int, origin: str, rng: random.Random) -> Iterator[Gun]:
        """One carton leaves the maker or importer, or lies there still."""
        first = lot.custodian.index
        shipped = made + rng.randint(4, 60)
        chance = rng.random()
        export = EXPORT_BY_IMPORTER if lot.brand.is_imported else self._exports[lot.brand.key]
        if shipped > self.last_sent:
            step = Step(first, made, origin, 0, "", HELD)
        elif chance < export:
            step = Step(first, made, origin, shipped, wording.export(rng), EXPORT)
        elif chance < export + GOVERNMENT_BY_MAKER:
            step = Step(first, made, origin, shipped, wording.government(rng), GOVERNMENT)
        elif rng.random() < TO_WHOLESALER:
            yield from self._wholesale([Step(first, made, origin, shipped, "", LICENSEE)], carton, rng)
            return
        else:
            yield from self._retail([Step(first, made, origin, shipped, "", LICENSEE)], carton, rng)
            return
        for serial in carton:
            yield Gun(serial, [step])

    def _wholesale(self, steps: list[Step], carton: list[str], rng: random.Random) -> Iterator[Gun]:
        """A wholesaler breaks the carton up for dealers, now and then through a second wholesaler."""
        house = rng.choice(self.firms.wholesalers)
        held, shipped = self._arrive(steps, house, rng)
        if rng.random() < SECOND_WHOLESALER and shipped <= self.last_sent:
            second = rng.choice([other for other in self.firms.wholesalers if other is not house])
            held, shipped = self._arrive([*held, self._open(held, house, shipped)], second, rng)
            house = second
        place = 0
        while place < len(carton):
            part = carton[place : place + rng.randint(2, 8)]
            place += len(part)
            day = shipped + rng.randrange(120)
            if day > self.last_sent:
                last = self._open(held, house, 0)
                for serial in part:
                    yield Gun(serial, [*held, last])
            else:
                yield from self._retail([*held, self._open(held, house, day)], part, rng)

    def _arrive(self, steps: list[Step], house: Custodian, rng: random.Random) -> tuple[list[Step], int]:
        """The steps with the last one's buyer written in, and the first day on which the house can ship."""
        label = self._labels[house.index]
        sent = steps[-1]
        return [*steps[:-1], sent._replace(disposed_to=label)], sent.disposed + rng.randint(2, 30)

    def _open(self, held: list[Step], house: Custodian, day: int) -> Step:
        """The line of a house that received the gun from the last of `held`: shipped on `day`, or on its shelf if 0."""
        last = held[-1]
        arrived = last.disposed + 2
        outcome = LICENSEE if day else HELD
        return Step(house.index, arrived, self._labels[last.custodian], max(day, arrived) if day else 0, "", outcome)

    def _retail(self, steps: list[Step], part: list[str], rng: random.Random) -> Iterator[Gun]:
        """A dealer receives some guns and sells each to somebody, on a day of its own."""
        dealer = rng.choices(self.firms.dealers, self.firms.dealer_weights)[0]
        index, label = dealer.index, self._labels[dealer.index]
        steps[-1] = steps[-1]._replace(disposed_to=label)
        source, arrived = self._labels[steps[-1].custodian], steps[-1].disposed + 2
        code, persons = form_code(dealer), wording.PERSONS
        for serial in part:
            chance = rng.random()
            sold = arrived + 1 + int(rng.expovariate(1 / DAYS_ON_SHELF))
            if sold > self.last_sent:
                yield Gun(serial, [*steps, Step(index, arrived, source, 0, "", HELD)])
            elif chance < DEALER_TO_DEALER:
                yield self._odd_sale(serial, steps, Step(index, arrived, source, sold, "", LICENSEE), chance, rng)
            else:
                form = f"{code}-{int(rng.random() * 1e6):06d}"
                buyer = f"individual; 4473 {form}; {persons[int(rng.random() * len(persons))]}"
                last = Step(index, arrived, source, sold, buyer, PERSON)
                if chance > 1 - REPAIRED - TRADED_IN:
                    yield Gun(serial, [*steps, last, *self._again(last, dealer, chance, rng)])
                else:
                    yield Gun(serial, [*steps, last])

    def _odd_sale(self, serial: str, steps: list[Step], line: Step, chance: float, rng: random.Random) -> Gun:
        """A line that does not end at a person: lost, sold to a public body, or passed on to another dealer."""
        if chance < LOST_BY_DEALER:
            day = date.fromordinal(min(line.disposed + 400, self.today)).isoformat()
            return Gun(serial, [*steps, line._replace(disposed_to=wording.lost(rng, day), outcome=LOST)])
        if chance < LOST_BY_DEALER + GOVERNMENT_BY_DEALER:
            return Gun(serial, [*steps, line._replace(disposed_to=wording.government(rng), outcome=GOVERNMENT)])
        other = rng.choice([dealer for dealer in self.firms.dealers if dealer.index != line.custodian])
        line = line._replace(disposed_to=self._labels[other.index])
        arrived = line.disposed + 2
        sold = arrived + 1 + int(rng.expovariate(1 / DAYS_ON_SHELF))
        if sold > self.today:
            return Gun(serial, [*steps, line, Step(other.index, arrived, self._labels[line.custodian], 0, "", HELD)])
        buyer = wording.person(f"{form_code(other)}-{rng.randrange(10**6):06d}", rng.choice(wording.PERSONS))
        return Gun(
            serial, [*steps, line, Step(other.index, arrived, self._labels[line.custodian], sold, buyer, PERSON)]
        )

    def _again(self, sale: Step, dealer: Custodian, chance: float, rng: random.Random) -> list[Step]:
        """The same gun at the same dealer once more: back for repair, or traded in and sold to somebody else."""
        back = sale.disposed + rng.randint(60, 900)
        out = back + rng.randint(3, 40)
        if out > self.today:
            return []
        if chance > 1 - TRADED_IN:
            buyer = wording.person(f"{form_code(dealer)}-{rng.randrange(10**6):06d}", rng.choice(wording.PERSONS))
            return [Step(dealer.index, back, sale.disposed_to, out, buyer, PERSON)]
        return [Step(dealer.index, back, f"{sale.disposed_to}; for repair", out, sale.disposed_to, RETURNED)]


def form_code(dealer: Custodian) -> str:
    """How a dealer numbers its forms 4473: state, county and its own number without the dash (`AZ013-002`)."""
    return dealer.agency.removeprefix("us.dealer-").upper().replace("-", "", 1)
