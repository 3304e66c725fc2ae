"""Who plays in the demo: nodes, agencies, posts, people, and what they have agreed. Plain data, no Django."""

from dataclasses import dataclass, field
from typing import Any

from contraparte.directory.rules.accord import POSTS, RIGHTS_OF_ITEMS
from contraparte.node.world.brands import BRANDS
from contraparte.node.world.build import World
from contraparte.node.world.firms import Custodian, Kind, Status

STATE_DESK, FEDERAL_DESK, CENTRE = "mx.fge-son/firearms", "mx.fgr/firearms", "us.ntc/desk"
STATE_ASSISTANCE, ABROAD_ASSISTANCE, ABROAD_COURT = "mx.fge-son/assistance", "us.oia/assistance", "us.oia/court"
SHARED_NODE = "us.custodians"
PURPOSE = "firearms_tracing"
INQUIRIES = ["inquiry.request/1", "inquiry.letter/1", "inquiry.spontaneous/1", "inquiry.note/1"]
NODES = ("mx", "us", "custodians")
HERMOSILLO = "America/Hermosillo"
OPERATORS = {"mx": "mx.fgr", "us": "us.ntc", "custodians": SHARED_NODE}
# The node that publishes each country's directory.
PUBLISHERS = {"mx": "mx", "us": "us"}

HANDLING = {
    "H0": ("Only to prevent or combat crime", "Solo para prevenir o combatir el delito"),
    "H1": ("Not in judicial proceedings without permission", "No usar en procedimientos judiciales sin permiso"),
    "H2": ("Not passed on without permission", "No difundir sin permiso"),
    "H3": ("As the text says", "Según lo indique el texto"),
}
LAW = {"kind": "law", "cite": "18 U.S.C. 923(g)(7): within 24 hours of the request"}
URGENT = {"kind": "proposal", "cite": "urgent traces in under 24 hours"}
ROUTINE = {"kind": "proposal", "cite": "routine traces took nine days on average"}


@dataclass(frozen=True)
class Player:
    """A person of a node in a post: what the sign-in link says, and where it lands."""

    node: str
    username: str
    name: str
    language: str
    post: str
    roles: tuple[str, ...]
    lands_on: str = "/"
    label: str = ""


@dataclass
class Cast:
    """Everything the nodes are told before the first gun is recorded."""

    agencies: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # country → entries of its directory
    hosted: dict[str, list[str]] = field(default_factory=dict)  # node → agencies whose keys it holds
    players: list[Player] = field(default_factory=list)

    def services(self, node: str) -> list[str]:
        """Posts of a node that answer by themselves."""
        wanted = set(self.hosted[node])
        return [
            post["id"]
            for entries in self.agencies.values()
            for entry in entries
            if entry["id"] in wanted
            for post in entry["posts"]
            if post["id"].rpartition("/")[2] in ("firearms", "desk", "records", "assistance", "court")
        ]


def cast_for(world: World, urls: dict[str, str]) -> Cast:
    """The cast of a world whose nodes answer at `urls`."""
    cast = Cast()
    mx, us, shared = ((OPERATORS[node], urls[node]) for node in NODES)
    state = ("Sonora State Prosecutor", "Fiscalía General de Justicia de Sonora")
    federal = ("Federal Prosecutor", "Fiscalía General de la República")
    centre = ("Firearms tracing centre", "Centro de rastreo de armas de fuego")
    common = ("Custodians' shared node", "Nodo común de titulares de registros")
    desk = _post(CENTRE, "Tracing desk", "Mesa de rastreo", ["trace.request/1", "trace.cancel/1"], "America/New_York")
    cast.agencies["mx"] = [
        _agency(
            "mx.fge-son",
            state,
            "prosecutor",
            mx,
            _firearms("mx.fge-son"),
            _post(STATE_ASSISTANCE, "International assistance", "Asistencia internacional", INQUIRIES, HERMOSILLO),
            _audit("mx.fge-son"),
            region="MX-SON",
        ),
        _agency("mx.fgr", federal, "prosecutor", mx, _firearms("mx.fgr"), _systems("mx.fgr")),
    ]
    cast.agencies["us"] = [
        _agency("us.ntc", centre, "tracing_centre", us, desk, _audit("us.ntc"), _systems("us.ntc")),
        _agency(
            "us.oia",
            ("Office of international assistance", "Oficina de asistencia internacional"),
            "prosecutor",
            us,
            _post(ABROAD_ASSISTANCE, "Incoming requests", "Solicitudes recibidas", INQUIRIES, "America/New_York"),
            _post(ABROAD_COURT, "Court orders", "Órdenes judiciales", INQUIRIES, "America/New_York"),
        ),
        _agency(SHARED_NODE, common, "service", shared, _systems(SHARED_NODE)),
        *(_custodian(custodian, shared) for custodian in world.firms.all),
    ]
    cast.hosted = {
        "mx": ["mx.fge-son", "mx.fgr"],
        "us": ["us.ntc", "us.oia"],
        "custodians": [SHARED_NODE, *(one.agency for one in world.firms.all if one.status is Status.CONNECTED)],
    }
    cast.players = [*_PLAYERS, *_clerks(world)]
    return cast


def _post(identifier: str, en: str, es: str, handles: list[str], zone: str) -> dict[str, Any]:
    return {"id": identifier, "name": {"en": en, "es": es}, "handles": handles, "time_zone": zone}


def _firearms(agency: str) -> dict[str, Any]:
    return _post(f"{agency}/firearms", "Firearms desk", "Mesa de armas de fuego", ["firearms"], HERMOSILLO)


def _audit(agency: str) -> dict[str, Any]:
    return _post(f"{agency}/audit", "Internal audit", "Auditoría interna", [], "UTC")


def _systems(agency: str) -> dict[str, Any]:
    return _post(f"{agency}/systems", "Systems", "Sistemas", [], "UTC")


def _agency(
    identifier: str, names: tuple[str, str], kind: str, host: tuple[str, str], *posts: dict[str, Any], region: str = ""
) -> dict[str, Any]:
    """An agency as published. `host`: the operator of its node and where that answers."""
    entry: dict[str, Any] = {"id": identifier, "name": {"en": names[0], "es": names[1]}, "kind": kind}
    entry |= {"operator": host[0], "url": host[1], "posts": list(posts)}
    return entry | ({"region": region} if region else {})


def _custodian(custodian: Custodian, host: tuple[str, str]) -> dict[str, Any]:
    """A custodian as the directory lists it: with a system, by telephone, or closed."""
    channel = ""
    if custodian.status is Status.CONNECTED:
        handles = ["trace.count/1", "trace.link/1", *_keeps(custodian)]
    elif custodian.status is Status.PAPER:
        handles, channel = ["call"], f"+1 520 555 {100 + custodian.index % 100:04d}"
    else:
        handles = ["closed"]
    post = _post(f"{custodian.agency}/records", "Records", "Registros", handles, "America/Phoenix") | {
        "channel": channel
    }
    region = f"US-{custodian.state}" if custodian.state else ""
    names = (custodian.name, custodian.name)
    return _agency(custodian.agency, names, custodian.kind.value, host, post, region=region)


def _keeps(custodian: Custodian) -> list[str]:
    """The topics by which a walk finds its first custodian: the maker's brand, or the importer's own name."""
    from contraparte.books.rules.descriptions import canonical_maker

    if custodian.kind is Kind.MAKER:
        names = [brand.name for brand in BRANDS if custodian.agency == f"us.maker-{brand.key}"]
        return [f"maker:{canonical_maker(name)}" for name in names]
    if custodian.kind is Kind.IMPORTER:
        return [f"importer:{canonical_maker(custodian.name)}"]
    return []


_PLAYERS = (
    Player("mx", "officer", "Oficial de armas (Sonora)", "es", STATE_DESK, ("officer",), "/traces/",
           "Sonora, officer: records guns and follows traces"),
    Player("mx", "authoriser", "Persona autorizante (Sonora)", "es", STATE_DESK, ("authoriser",), "/desk/",
           "Sonora, authorising person: sees and releases what leaves"),
    Player("mx", "federal", "Oficial federal", "es", FEDERAL_DESK, ("officer", "authoriser"), "/traces/",
           "federal office, officer: holds copies, adopts requests"),
    Player("mx", "auditor", "Auditoría (Sonora)", "es", "mx.fge-son/audit", ("auditor",), "/log/",
           "Sonora, auditor: reads the log, never the content"),
    Player("mx", "admin", "Administración", "es", "mx.fgr/systems", ("administrator",), "/",
           "Mexican node, administrator: sees no content"),
    Player("us", "analyst", "Trace analyst", "en", CENTRE, ("officer",), "/traces/",
           "tracing centre, analyst: walks traces, enters answers by telephone"),
    Player("us", "supervisor", "Trace supervisor", "en", CENTRE, ("authoriser",), "/desk/",
           "tracing centre, authorising person"),
    Player("mx", "prosecutor", "Fiscal de asistencia (Sonora)", "es", STATE_ASSISTANCE, ("officer",), "/inquiries/",
           "Sonora, prosecutor: asks the counterpart"),
    Player("mx", "director", "Dirección de asistencia (Sonora)", "es", STATE_ASSISTANCE, ("authoriser",), "/desk/",
           "Sonora, authorising person of the prosecutors"),
    Player("us", "attorney", "Trial attorney", "en", ABROAD_ASSISTANCE, ("officer",), "/inquiries/",
           "international assistance, attorney: assesses and answers"),
    Player("us", "chief", "Chief attorney", "en", ABROAD_ASSISTANCE, ("authoriser",), "/desk/",
           "international assistance, authorising person"),
    Player("us", "clerk", "Court clerk", "en", ABROAD_COURT, ("officer", "authoriser"), "/inquiries/",
           "court orders, clerk"),
    Player("us", "auditor", "Auditor", "en", "us.ntc/audit", ("auditor",), "/log/", "tracing centre, auditor"),
    Player("us", "admin", "Administrator", "en", "us.ntc/systems", ("administrator",), "/", "US node, administrator"),
    Player("custodians", "admin", "Administrator", "en", f"{SHARED_NODE}/systems", ("administrator",), "/",
           "custodians' node, administrator"),
)  # fmt: skip


def _clerks(world: World) -> list[Player]:
    """One person for each custodian with a system; links are shown for a maker, an importer and a dealer."""
    shown: set[Kind] = set()
    clerks = []
    for custodian in world.firms.all:
        if custodian.status is not Status.CONNECTED:
            continue
        label = ""
        if custodian.kind not in shown and custodian.kind is not Kind.WHOLESALER:
            shown.add(custodian.kind)
            label = f"{custodian.name}, records clerk: answers for its own book"
        slug = custodian.agency.removeprefix("us.")
        clerks.append(
            Player(
                "custodians", slug, f"Records clerk, {custodian.name}", "en", f"{custodian.agency}/records",
                ("custodian",), "/traces/book-questions/", label,
            )
        )  # fmt: skip
    return clerks


GROUPS = ["group.*", "charter.*", "goal.*", "meeting.*", "minutes.*", "commitment.*"]
CARRIED = ["trace.*", "inquiry.*", "outcome.*", "feedback.*", "case.*", *GROUPS, *RIGHTS_OF_ITEMS, *POSTS]


def accords() -> dict[str, dict[str, Any]]:
    """The accord between the countries and each country's order for exchange inside it, by id."""
    return {
        "mx-us-firearms": _accord("mx-us-firearms", ["mx", "us"], _routes()),
        "mx-firearms": _accord("mx-firearms", ["mx", "mx"], []),
        "us-firearms": _accord("us-firearms", ["us", "us"], []),
    }


def _routes() -> list[dict[str, Any]]:
    """A state's requests and their answers go with a copy to the federal office."""
    copied = {"mode": "copy", "copy_to": [FEDERAL_DESK]}
    return [
        {"types": ["trace.request/1", "trace.cancel/1"], "from": "mx.fge-son", "to": "us", **copied},
        {"types": ["trace.result/1"], "from": "us", "to": "mx.fge-son", **copied},
    ]


def _inquiry_clocks() -> list[dict[str, Any]]:
    """Police requests: 8 hours with the data at hand, 3 days urgent, 7 else. Letters: 7, 30 and 90 days."""
    days = {"stage": "answer", "calendar": "always", "source": {"kind": "proposal", "cite": "defaults of inquiries"}}
    return [
        {**days, "types": ["inquiry.request/1"], "urgency": "at_hand", "hours": 8},
        {**days, "types": ["inquiry.request/1"], "urgency": "urgent", "days": 3},
        {**days, "types": ["inquiry.request/1", "inquiry.letter/1", "inquiry.note/1"], "days": 7},
        {**days, "types": ["inquiry.acknowledge/1"], "days": 30},
        {**days, "types": ["inquiry.accept/1", "inquiry.agree/1"], "days": 90},
        {**days, "types": ["inquiry.clarify/1", "inquiry.conditions/1", "inquiry.consult/1"], "days": 30},
        {**days, "types": ["inquiry.answer/1", "inquiry.reject/1"], "days": 30},
        {**days, "types": ["inquiry.verify/1"], "days": 180},
    ]


def _accord(identifier: str, parties: list[str], routing: list[dict[str, Any]]) -> dict[str, Any]:
    ways = sorted({(parties[0], parties[1]), (parties[1], parties[0])})
    clock = {"stage": "answer", "calendar": "always"}
    return {
        "format": "contraparte-accord/1",
        "id": identifier,
        "parties": parties,
        "title": {
            "en": "Cooperation in investigations and firearm traces",
            "es": "Cooperación en investigaciones y rastreo de armas de fuego",
        },
        "effective_from": "2026-01-01T00:00:00Z",
        "languages": ["es", "en"],
        "permits": [{"types": CARRIED, "from": start, "to": end} for start, end in ways],
        "routing": routing,
        "calendars": {"always": {"continuous": True}, "working": {"weekdays": [0, 1, 2, 3, 4], "holidays_of": "US"}},
        "clocks": [
            {**clock, "types": ["trace.request/1"], "urgency": "urgent", "hours": 24, "source": URGENT},
            {**clock, "types": ["trace.request/1"], "days": 9, "calendar": "working", "source": ROUTINE},
            {**clock, "types": ["trace.count/1", "trace.link/1"], "hours": 24, "source": LAW},
            *_inquiry_clocks(),
        ],
        "one_officer": [
            {
                "types": ["inquiry.request/1", "inquiry.answer/1"],
                "urgencies": ["urgent", "at_hand"],
                "review_hours": 24,
                "source": {"kind": "proposal", "cite": "emergencies at night"},
            }
        ],
        "grounds": [
            {
                "code": "not_held",
                "words": {"en": "Not held", "es": "No se cuenta con ello"},
                "after_consultation": False,
            }
        ],
        "purposes": [PURPOSE, "criminal_investigation", "prosecution"],
        "handling": [{"code": code, "words": {"en": en, "es": es}} for code, (en, es) in HANDLING.items()],
        "retention_days": {"default": 3650},
    }  # fmt: skip
