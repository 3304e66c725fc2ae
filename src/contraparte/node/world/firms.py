"""Who keeps books in this world: makers, importers, wholesalers and retail dealers, each a custodian of its own.

Makers bear the brand whose guns they made; every other firm, its name and its place in a county is invented.
Dealers stand where the figures say: states by how many guns found in Sonora come from them, counties by dealers.
"""

import random
from dataclasses import dataclass
from enum import StrEnum

from contraparte.node.world import figures, wording
from contraparte.node.world.brands import BRANDS
from contraparte.node.world.chance import stream

DEALERS = 60
IMPORTERS = ("Camellia Harbor Imports", "Tidewater Lantern Trading", "Blue Heron Arms Import", "Lodestar Port Company")
WHOLESALERS = (
    ("Cottonwood Line Distributing", "TX"), ("Red Mesa Wholesale", "AZ"), ("Three Forks Jobbers", "MO"),
    ("Gulf Lantern Supply", "LA"), ("Prairie Anchor Distributors", "KS"), ("Stonebridge Sporting Wholesale", "PA"),
    ("Copper Kettle Distributing", "NV"), ("Longleaf Trade Supply", "GA"), ("Silver Birch Jobbing", "MN"),
    ("Palisade Outdoor Wholesale", "CO"),
)  # fmt: skip
_FIRST = (
    "Saguaro", "Mesquite", "Ocotillo", "Palo Verde", "Longhorn", "Bluebonnet", "Pecan Creek", "Desert Willow",
    "Red Rock", "Cactus Wren", "Lone Cedar", "Rio Bend", "Copper Ridge", "Jackrabbit", "Coyote Pass", "Juniper",
    "Sandstone", "Windmill", "Agave", "Roadrunner", "Yucca Flat", "Caprock", "Brushline", "Quail Run",
)  # fmt: skip
_SECOND = (
    "Outfitters",
    "Sporting Goods",
    "Arms & Tackle",
    "Gun Room",
    "Hunting Supply",
    "Trading Post",
    "Field & Range",
)


class Kind(StrEnum):
    """What a custodian does with guns."""

    MAKER = "maker"
    IMPORTER = "importer"
    WHOLESALER = "wholesaler"
    DEALER = "dealer"


class Status(StrEnum):
    """How a custodian can be asked."""

    CONNECTED = "connected"  # its book is on the node of custodians
    PAPER = "paper"  # no system: it answers by telephone, a specialist enters the answer
    CLOSED = "closed"  # out of business; its records went to the federal archive


@dataclass(frozen=True)
class Custodian:
    """One keeper of a book. `index` is its place in the world's list, `agency` its id in the directory."""

    index: int
    agency: str
    kind: Kind
    name: str
    state: str = ""
    county: str = ""
    status: Status = Status.CONNECTED

    @property
    def label(self) -> str:
        """How other books name it."""
        return wording.licensee(self.name, self.agency)


@dataclass(frozen=True)
class Firms:
    """All custodians, with the weights by which guns find them."""

    all: tuple[Custodian, ...]
    first_of: dict[str, tuple[Custodian, ...]]  # brand key → its maker, or the importers that bring it in
    wholesalers: tuple[Custodian, ...]
    dealers: tuple[Custodian, ...]
    dealer_weights: tuple[float, ...]

    def by_agency(self, agency: str) -> Custodian:
        """The custodian with this id in the directory. Raises KeyError."""
        return {custodian.agency: custodian for custodian in self.all}[agency]


def found(seed: int) -> Firms:
    """Every custodian of the world of `seed`."""
    rng = stream(seed, "firms")
    made: list[Custodian] = []

    def add(kind: Kind, slug: str, name: str, **fields: object) -> Custodian:
        custodian = Custodian(len(made), f"us.{kind}-{slug}", kind, name, **fields)  # type: ignore[arg-type]
        made.append(custodian)
        return custodian

    first_of: dict[str, tuple[Custodian, ...]] = {}
    for brand in BRANDS:
        if not brand.is_imported:
            first_of[brand.key] = (add(Kind.MAKER, brand.key, f"{brand.name} records desk"),)
    importers = [add(Kind.IMPORTER, name.split()[0].lower(), name) for name in IMPORTERS]
    for place, brand in enumerate([brand for brand in BRANDS if brand.is_imported]):
        first_of[brand.key] = (importers[place % len(importers)],)
    wholesalers = tuple(add(Kind.WHOLESALER, name.split()[0].lower(), name, state=state) for name, state in WHOLESALERS)
    places = _dealer_places()
    names = rng.sample([f"{first} {second}" for first in _FIRST for second in _SECOND], len(places))
    odd = _odd_dealers(rng, places)
    dealers = []
    for number, ((state, fips, county, _), name) in enumerate(zip(places, names, strict=True)):
        slug = f"{state.lower()}-{fips[2:]}-{number + 1:03d}"
        status = odd.get(number, Status.CONNECTED)
        dealers.append(add(Kind.DEALER, slug, name, state=state, county=county, status=status))
    weights = tuple(weight for *_, weight in places)
    return Firms(tuple(made), first_of, wholesalers, tuple(dealers), weights)


def _dealer_places() -> list[tuple[str, str, str, float]]:
    """(state, fips, county, weight) of each dealer: largest remainder over states, then down the counties."""
    sources = figures.source_weights()
    # Half by the flow to Sonora, half by dealers: the world also holds guns that never went to Mexico.
    dealers = figures.dealers_by_state()
    flow, stock = sum(sources.values()), sum(dealers.values())
    share = {state: 0.5 * sources.get(state, 0) / flow + 0.5 * dealers[state] / stock for state in dealers}
    exact = {state: DEALERS * part for state, part in share.items()}
    seats = {state: int(part) for state, part in exact.items()}
    left = sorted(exact, key=lambda state: (seats[state] - exact[state], state))
    for state in left[: DEALERS - sum(seats.values())]:
        seats[state] += 1
    places = []
    for state in sorted(state for state, count in seats.items() if count):
        counties = figures.dealers_by_county(state)
        for seat in range(seats[state]):
            fips, county, _ = counties[min(seat // 2, len(counties) - 1)]
            places.append((state, fips, county, share[state] / seats[state]))
    return places


def _odd_dealers(rng: random.Random, places: list[tuple[str, str, str, float]]) -> dict[int, Status]:
    """Three dealers keep paper and two have closed, one of each in Arizona so that traces from Sonora meet them."""
    arizona = [number for number, place in enumerate(places) if place[0] == "AZ"]
    others = [number for number, place in enumerate(places) if place[0] != "AZ"]
    paper_az, closed_az = rng.sample(arizona, 2)
    paper_1, paper_2, closed_1 = rng.sample(others, 3)
    return {
        paper_az: Status.PAPER, paper_1: Status.PAPER, paper_2: Status.PAPER,
        closed_az: Status.CLOSED, closed_1: Status.CLOSED,
    }  # fmt: skip
