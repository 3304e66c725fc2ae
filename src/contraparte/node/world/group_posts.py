"""Agencies and posts of the groups' history, and the three reorganisations they go through. All invented.

    mx.procuraduria-norte ── renamed ──▶ mx.fiscalia-norte ◀── absorbs ── mx.instituto-frontera
    us.border-office + us.arms-office ── merged ──▶ us.border-bureau

At the end one agency of each country has every group, and its principal sponsors all of them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from contraparte.groups.rules.words import Side
from contraparte.protocol.encoding import instant

MX, US = "mx.fiscalia-norte", "us.border-bureau"
CHAIRS: Final = 25  # posts that chair groups, on each side
FIRST: Final = {"mx": 15, "us": 13}  # of them, those of the agency named first
BODIES: Final = {
    "mx.fiscalia-norte": ("Northern Prosecutor", "Fiscalía del Norte"),
    "mx.procuraduria-norte": ("Northern Attorney's Office", "Procuraduría del Norte"),
    "mx.instituto-frontera": ("Border Institute", "Instituto de la Frontera"),
    "us.border-bureau": ("Border Bureau", "Agencia Fronteriza"),
    "us.border-office": ("Border Office", "Oficina Fronteriza"),
    "us.arms-office": ("Arms Office", "Oficina de Armas"),
}
BEFORE: Final = {
    "mx": ("mx.procuraduria-norte", "mx.instituto-frontera"),
    "us": ("us.border-office", "us.arms-office"),
}
AFTER: Final = {"mx": MX, "us": US}
HANDLED: Final = ["group", "charter", "meeting", "minutes", "commitment", "goal"]


class Change(NamedTuple):
    """One reorganisation."""

    id: str
    kind: str
    before: tuple[str, ...]
    after: str
    share: float  # of the whole time passed when it counts
    basis: tuple[str, str]


CHANGES: Final = (
    Change("history-rename", "rename", ("mx.procuraduria-norte",), MX, 0.2,
           ("Decree that renames the office", "Decreto por el que cambia de denominación la institución")),
    Change("history-merge", "merge", ("us.border-office", "us.arms-office"), US, 0.5,
           ("Act that merges both offices", "Ley que fusiona ambas oficinas")),
    Change("history-absorb", "absorb", ("mx.instituto-frontera",), MX, 0.8,
           ("Decree that dissolves the institute", "Decreto por el que se extingue el instituto")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cast:
    """Who chairs one group, on each side, at any instant. `a` is the country whose side proposed it."""

    chair_number: int
    a: str
    since: datetime
    until: datetime

    def country(self, side: Side) -> str:
        """Whose side it is."""
        return self.a if side == "a" else ("us" if self.a == "mx" else "mx")

    def chair(self, side: Side, at: datetime) -> str:
        """The post that chairs a side."""
        return f"{self.agency(side, at)}/{slug(self.chair_number)}"

    def sponsor(self, side: Side, at: datetime) -> str:
        """The post that sponsors it."""
        return f"{self.agency(side, at)}/principal"

    def agency(self, side: Side, at: datetime) -> str:
        """The agency of a side."""
        return agency_at(self.country(side), self.chair_number, at, self.since, self.until)


def cast_of(number: int, since: datetime, until: datetime) -> Cast:
    """The cast of a group."""
    return Cast(number % CHAIRS, "us" if number % 5 < 2 else "mx", since, until)


def slug(chair: int) -> str:
    """The last part of a chair's post."""
    return f"desk-{chair + 1:02d}"


def effective(change: Change, since: datetime, until: datetime) -> datetime:
    """When a reorganisation counts: at the beginning of a day."""
    return (since + (until - since) * change.share).astimezone(UTC).replace(hour=6, minute=0, second=0, microsecond=0)


def agency_at(country: str, chair: int, at: datetime, since: datetime, until: datetime) -> str:
    """The agency that has a chair at an instant."""
    agency = _first(country, chair)
    for change in CHANGES:
        if agency in change.before and at >= effective(change, since, until):
            return change.after
    return agency


def _first(country: str, chair: int) -> str:
    first, second = BEFORE[country]
    return first if chair < FIRST[country] else second


def posts_of(agency: str) -> list[str]:
    """The posts of an agency, by their last part."""
    country = agency[:2]
    mine = [slug(n) for n in range(CHAIRS) if agency in (AFTER[country], _first(country, n))]
    return ["principal", *mine]


def entry(agency: str, operator: str, url: str, zone: str) -> dict[str, Any]:
    """An agency as a directory lists it."""
    en, es = BODIES[agency]
    posts = [
        {
            "id": f"{agency}/{name}",
            "name": {
                "en": "Principal" if name == "principal" else f"Desk {name[-2:]}",
                "es": "Titular" if name == "principal" else f"Mesa {name[-2:]}",
            },
            "handles": HANDLED,
            "time_zone": zone,
        }
        for name in posts_of(agency)
    ]
    return {
        "id": agency, "name": {"en": en, "es": es}, "kind": "prosecutor", "operator": operator, "url": url,
        "posts": posts,
    }  # fmt: skip


def lineage(change: Change, since: datetime, until: datetime) -> dict[str, Any]:
    """A reorganisation as a document to sign: every post to its like in the body that follows."""
    counts = effective(change, since, until)
    country = change.after[:2]
    return {
        "format": "contraparte-lineage/1", "id": change.id, "version": 1, "country": country, "kind": change.kind,
        "announced": instant(counts - timedelta(days=60)), "effective": instant(counts),
        "accepts_until": instant(counts + timedelta(days=30)),
        "legal_basis": {"en": change.basis[0], "es": change.basis[1]},
        "from": list(change.before), "to": [change.after], "reviewers": ["us" if country == "mx" else "mx"],
        "mapping": [
            {"from": f"{agency}/{name}", "to": [{"post": f"{change.after}/{name}"}]}
            for agency in change.before
            for name in posts_of(agency)
        ],
    }  # fmt: skip
