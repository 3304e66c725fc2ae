"""The 25 recovered guns of scenario S6, drawn from the world by their true fate and typed as officers type them.

22 requests that may be sent, two erased serials, and one gun the federal office loaded again with one digit wrong.
A recovery holds what was typed and nothing else; where it came from stays in the world (`World.sources`).
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from contraparte.node.world import damage, figures, wording
from contraparte.node.world.brands import BRANDS, Brand
from contraparte.node.world.chains import PERSON, RETURNED, Gun
from contraparte.node.world.chance import stream
from contraparte.node.world.firms import Kind
from contraparte.node.world.lots import Lot
from contraparte.node.world.serials import plain_lines
from contraparte.node.world.truth import Fate, follow

if TYPE_CHECKING:
    from contraparte.node.world.build import World

STATE, FEDERAL = "state", "federal"
COUNTRIES = {
    "US": "EUA", "BR": "Brasil", "CZ": "República Checa", "RO": "Rumania", "IT": "Italia", "RS": "Serbia",
    "TR": "Turquía",
}  # fmt: skip
PLACES = ("Nogales, Sonora", "Hermosillo, Sonora", "Cajeme, Sonora", "San Luis Río Colorado, Sonora")
# Days before the world's today on which each event happened; the federal one loads a gun of the first again.
EVENT_DAYS = (26, 19, 12, 5, 25)
URGENT = "Homicidio reciente con la misma arma; audiencia en 48 horas"


@dataclass(frozen=True)
class Event:
    """One seizure: one case number, one day, one place, many guns."""

    number: int
    office: str
    case: str
    crime_code: str
    recovered_on: date
    place: str
    is_urgent: bool = False
    urgent_reason: str = ""


@dataclass(frozen=True)
class Recovery:
    """One gun of an event as typed: keys of `typed` are the fields of the recovery form.

    `damage` names what happened to the serial between steel and form, for the tests that count the classes.
    """

    number: int
    event: Event
    typed: dict[str, str]
    damage: str


@dataclass(frozen=True)
class Source:
    """Where a recovery came from: a gun of a lot, or no gun at all. Known to the world only."""

    fate: Fate
    lot: Lot | None = None
    place: int = 0
    asked: str = ""
    duplicate_of: int = 0


@dataclass(frozen=True)
class Stratum:
    """One gun to draw: its fate, the damage to its serial, and what its chain must look like."""

    fate: Fate
    damage: str
    accept: Callable[["World", Gun], bool] = lambda world, gun: True
    imported: bool | None = None


def _several_lines(world: "World", gun: Gun) -> bool:
    del world
    return sum(step.outcome in (PERSON, RETURNED) for step in gun.steps) > 1


def _by_telephone(world: "World", gun: Gun) -> bool:
    return bool(follow(world, gun).assisted)


def _two_wholesalers(world: "World", gun: Gun) -> bool:
    kinds = [world.firms.all[step.custodian].kind for step in gun.steps]
    return kinds.count(Kind.WHOLESALER) > 1


def _two_dealers(world: "World", gun: Gun) -> bool:
    return len({step.custodian for step in gun.steps if world.firms.all[step.custodian].kind is Kind.DEALER}) > 1


STRATA: tuple[Stratum, ...] = (
    Stratum(Fate.PURCHASER, "clean", imported=False),
    Stratum(Fate.PURCHASER, "clean", _several_lines),
    Stratum(Fate.PURCHASER, "clean", _by_telephone),
    Stratum(Fate.PURCHASER, "spaced", _two_wholesalers),
    Stratum(Fate.PURCHASER, "spaced", imported=True),
    Stratum(Fate.PURCHASER, "lowered", _two_dealers),
    Stratum(Fate.PURCHASER, "lowered"),
    Stratum(Fate.PURCHASER, "zeros"),
    Stratum(Fate.PURCHASER, "confused", imported=False),
    Stratum(Fate.PURCHASER, "confused", imported=True),
    Stratum(Fate.PURCHASER, "unread", imported=False),
    Stratum(Fate.PURCHASER, "one_of"),
    Stratum(Fate.PURCHASER, "run_lost", imported=False),
    Stratum(Fate.EXPORTED, "clean"),
    Stratum(Fate.GOVERNMENT, "spaced"),
    Stratum(Fate.IN_STOCK, "clean"),
    Stratum(Fate.LOST, "lowered"),
    Stratum(Fate.CLOSED, "clean"),
    Stratum(Fate.AMBIGUOUS, "tail_lost", imported=False),
)
VALID, ERASED, DUPLICATES = 22, 2, 1


@dataclass
class _Draw:
    """The state of one drawing: what is taken already, and the serials of the brands looked at."""

    world: "World"
    rng: random.Random
    lots_taken: set[int] = field(default_factory=set)
    brands_taken: dict[str, int] = field(default_factory=dict)
    serials: dict[str, str] = field(default_factory=dict)

    def serials_of(self, brand: Brand) -> str:
        if brand.key not in self.serials:
            self.serials[brand.key] = plain_lines(
                serial
                for lot in self.world.production.lots
                if lot.brand is brand
                for serial in brand.format.block(lot.start, lot.count, lot.year)
            )
        return self.serials[brand.key]

    def pick(self, stratum: Stratum, sold_before: date) -> tuple[Lot, int, Gun, str]:
        """A gun of the stratum and its serial as typed; likelier the likelier it was to come to Sonora."""
        best: list[tuple[float, Lot, int, Gun, str]] = []
        for lot in self._lots(stratum):
            for place, gun in enumerate(self.world.guns(lot)):
                if not self._fits(gun, stratum, sold_before):
                    continue
                typed = damage.CLASSES[stratum.damage](gun.serial, self.rng)
                if typed is not None:
                    best.append((self.rng.random() ** (1 / self._weight(gun, sold_before)), lot, place, gun, typed))
            if len(best) >= 40:
                chosen = self._unmistaken(best, stratum)
                if chosen is not None:
                    return chosen
        chosen = self._unmistaken(best, stratum)
        if chosen is None:
            raise LookupError(f"this world holds no gun for {stratum.fate} with a {stratum.damage} serial")
        return chosen

    def _unmistaken(
        self, best: list[tuple[float, Lot, int, Gun, str]], stratum: Stratum
    ) -> tuple[Lot, int, Gun, str] | None:
        """The heaviest whose typed serial stands for one gun of its maker only (or, where wanted, for several)."""
        best.sort(key=lambda found: -found[0])
        for _, lot, place, gun, typed in best:
            explained = damage.explained_by(typed, self.serials_of(lot.brand))
            if (explained >= 5) if stratum.fate is Fate.AMBIGUOUS else (explained == 1):
                self.lots_taken.add(lot.number)
                self.brands_taken[lot.brand.key] = self.brands_taken.get(lot.brand.key, 0) + 1
                return lot, place, gun, typed
        best.clear()
        return None

    def _lots(self, stratum: Stratum) -> Iterator[Lot]:
        """Lots in random order, brands not taken yet first."""
        lots = [
            lot
            for lot in self.world.production.lots
            if lot.number not in self.lots_taken and stratum.imported in (None, lot.brand.is_imported)
        ]
        self.rng.shuffle(lots)
        lots.sort(key=lambda lot: self.brands_taken.get(lot.brand.key, 0))
        return iter(lots)

    def _fits(self, gun: Gun, stratum: Stratum, sold_before: date) -> bool:
        last = gun.steps[-1]
        if max(last.disposed, last.acquired) >= sold_before.toordinal():
            return False
        truth = follow(self.world, gun)
        wanted = Fate.PURCHASER if stratum.fate is Fate.AMBIGUOUS else stratum.fate
        if truth.code != wanted or (truth.assisted and stratum.accept is not _by_telephone):
            return False
        return stratum.accept(self.world, gun)

    def _weight(self, gun: Gun, recovered: date) -> float:
        """Flow from the state of the last dealer to Sonora, fading with the years since the sale (mean 5.4)."""
        last = gun.steps[-1]
        state = self.world.firms.all[last.custodian].state
        weights = figures.source_weights()
        mean_days = 365.25 * figures.mexico("time_to_crime_years")["", ""]
        age = recovered.toordinal() - (last.disposed or last.acquired)
        return max(weights.get(state, 1.0), 1.0) / 100 * math.exp(-age / mean_days) + 1e-6


def draw(world: "World") -> tuple[tuple[Recovery, ...], dict[int, Source]]:
    """The recoveries of a world in the order they are recorded, and where each came from."""
    rng = stream(world.seed, "recoveries")
    state = _Draw(world, rng)
    events = _events(world)
    sold_before = min(event.recovered_on for event in events)
    rows: list[tuple[dict[str, str], str, Source]] = []
    for stratum in STRATA:
        lot, place, gun, typed = state.pick(stratum, sold_before)
        asked = world.firms.all[gun.steps[0].custodian].agency
        source = Source(stratum.fate, lot, place, asked=asked)
        rows.append((_row(lot.brand, lot, typed, rng), stratum.damage, source))
    twin = next(row for row in rows if row[2].fate is Fate.PURCHASER and row[1] == "clean")
    rows += [_never_used(state, Fate.NEVER_MADE), _never_used(state, Fate.NOT_IMPORTED), _home_made()]
    rows += [_erased(state, words) for words in ("LIMADO", "BORRADO")]
    rng.shuffle(rows)
    first = rows.index(twin)
    rows.insert(0, rows.pop(first))
    recoveries, sources = [], {}
    for number, (row, kind, source) in enumerate(rows, start=1):
        recoveries.append(Recovery(number, events[min((number - 1) // 6, 3)], row, kind))
        sources[number] = source
    wrong = dict(twin[0]) | {"serial": damage.one_digit_wrong(twin[0]["serial"], rng)}
    recoveries.append(Recovery(len(rows) + 1, events[4], wrong, "one_digit_wrong"))
    sources[len(rows) + 1] = Source(Fate.DUPLICATE, duplicate_of=1)
    return tuple(recoveries), sources


def _events(world: "World") -> tuple[Event, ...]:
    """Four seizures of the state's office, the second urgent, and one case of the federal office."""
    found = []
    for number, days in enumerate(EVENT_DAYS, start=1):
        day = world.today - timedelta(days=days)
        place, reason = PLACES[(number - 1) % len(PLACES)], URGENT if number == 2 else ""
        if number == len(EVENT_DAYS):
            office, case = FEDERAL, f"FED/SON/HMO/{1200 + number:07d}/{day.year}"
        else:
            office, case = STATE, f"SON/HER/FGE/{day.year}/045/{61230 + number}"
        found.append(Event(number, office, case, "5202", day, place, bool(reason), reason))
    return tuple(found)


def _row(brand: Brand, lot: Lot, serial: str, rng: random.Random) -> dict[str, str]:
    """The fields of the form for a gun that was seen, in the words of the officer."""
    imported = brand.is_imported
    return {
        "serial": serial,
        "maker": rng.choice(brand.spellings),
        "importer": lot.custodian.name if imported else "",
        "type": rng.choice(wording.TYPES[lot.model.kind][1]),
        "model": lot.model.name,
        "calibre": rng.choice(wording.CALIBRES[lot.model.calibre][1]),
        "country": COUNTRIES[brand.country],
    }


def _never_used(state: _Draw, fate: Fate) -> tuple[dict[str, str], str, Source]:
    """A number between two runs: never made at all, or made abroad and never imported."""
    brands = [brand for brand in BRANDS if brand.is_imported == (fate is Fate.NOT_IMPORTED)]
    brand = min(brands, key=lambda brand: (state.brands_taken.get(brand.key, 0), state.rng.random()))
    for _ in range(500):
        serial, lot = state.world.production.unused(brand.key, state.rng)
        if damage.explained_by(serial, state.serials_of(brand)) == 0:
            return _row(brand, lot, serial, state.rng), "clean", Source(fate, asked=lot.custodian.agency)
    raise LookupError(f"every number of {brand.key} is used")


def _home_made() -> tuple[dict[str, str], str, Source]:
    """A pistol of a printed frame: it never had a number."""
    row = {
        "serial": "SIN NÚMERO", "state_confirmed": "never_had", "maker": "HECHIZA", "importer": "", "type": "PISTOLA",
        "model": "armazón impreso", "calibre": "9x19 mm", "country": "EUA",
    }  # fmt: skip
    return row, "never_had", Source(Fate.PRIVATE)


def _erased(state: _Draw, words: str) -> tuple[dict[str, str], str, Source]:
    """A gun whose number was filed off; `restoration` is given only when it is asked for."""
    lots = [lot for lot in state.world.production.lots if lot.number not in state.lots_taken]
    lot = state.rng.choice(lots)
    row = _row(lot.brand, lot, words, state.rng)
    row |= {"state_confirmed": "erased", "restoration": "Revelado químico el mismo día: sin caracteres legibles"}
    return row, "erased", Source(Fate.ERASED)
