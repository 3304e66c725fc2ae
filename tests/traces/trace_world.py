"""A small world of traces on one node: a state's desk, the federal office, the tracing centre, makers and sellers.

The road between them is the real one but for the socket (`Wire`); books are real books, filled line by line.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone

from contraparte.books.actions import append_lines, create_book
from contraparte.directory import actions as directory_actions
from contraparte.directory import queries as directory
from contraparte.directory.models import Agency, Person, Tenure
from contraparte.directory.queries import Role
from contraparte.directory.rules.accord import RIGHTS_OF_ITEMS, example
from contraparte.exchange import actions as exchange
from contraparte.exchange import delivery, handling
from contraparte.exchange.models import Draft
from contraparte.protocol.keys import Purpose
from contraparte.traces.actions.recording import EventInput, record_event, save_gun_row
from contraparte.traces.actions.requesting import open_trace
from contraparte.traces.models import Event, Gun, Trace, Walk
from tests.directory import factory
from tests.exchange.small_world import OPERATOR, Wire, adopt

SONORA, FEDERAL, CENTRE = "mx.fge-son/firearms", "mx.fgr/firearms", "us.ntc/desk"
MAKER, IMPORTER, WHOLESALER = "us.maker-ruger", "us.importer-glock", "us.wholesale-mesa"
DEALER, SECOND_DEALER = "us.dealer-az-1", "us.dealer-az-2"
BOOKS = (MAKER, IMPORTER, WHOLESALER, DEALER, SECOND_DEALER)
ASKED = ["trace.count/1", "trace.link/1"]
GUN = {
    "serial": "361-58921",
    "maker": "Ruger",
    "type": "PISTOLA",
    "model": "SR9",
    "calibre": "9x19 mm",
    "country": "EE.UU.",
}
LINE = {
    "manufacturer": "Sturm, Ruger & Co., Inc.",
    "importer": "",
    "type": "pistol",
    "model": "SR9",
    "caliber": "9mm Luger",
    "country": "USA",
    "serial": "361-58921",
}


def posts(agency: str, slug: str, handles: list[str], **more: Any) -> dict[str, Any]:
    """The one post of an agency, with what it answers for."""
    return {"posts": [{"id": f"{agency}/{slug}", "name": {"en": slug, "es": slug}, "handles": handles, **more}]}


@dataclass
class TraceWorld:
    """Posts, people and the wire."""

    wire: Wire
    officer: Tenure
    chief: Tenure
    federal: Tenure
    specialist: Tenure
    keeper: Tenure

    def event(self, **changes: Any) -> Event:
        """A recovery in Sonora."""
        given = {
            "case_number": "CI-FGE/77/2026",
            "recovered_on": date(2026, 11, 1),
            "place": "Hermosillo",
            "counterpart": CENTRE,
            "crime_code": "LFAFE-83",
            "requester_code": "MXSON01",
            "region": "MX-SON",
        }
        by = changes.pop("by", self.officer)
        return record_event(EventInput(**(given | changes)), by=by, now=timezone.now())

    def gun(self, event: Event | None = None, key: str = "r1", by: Tenure | None = None, **changes: Any) -> Gun:
        """A row of a recovery."""
        event = event or self.event()
        return save_gun_row(event, key, GUN | changes, by=by or self.officer, now=timezone.now())

    def line(self, agency: str, disposed_to: str = "", disposed_on: str = "2015-03-01", **changes: Any) -> None:
        """A line in a custodian's book."""
        book = create_book(Agency.objects.get(pk=agency), "bound book", now=timezone.now())
        told = LINE | {"acquired_on": "2015-01-05", "acquired_from": "manufactured"} | changes
        told |= {"disposed_to": disposed_to, "disposed_on": disposed_on if disposed_to else ""}
        done = append_lines(book, [told | {"line_id": f"{told['model']}-{told['serial']}-{told['acquired_on']}"}])
        assert not done.refusals, done.refusals

    def chain(self, last: str = "individual; 4473 AZ-7; Talvo Brenmark", **changes: Any) -> None:
        """One gun from its maker over wholesaler and dealer to `last`."""
        self.line(MAKER, f"Mesa ({WHOLESALER})", **changes)
        self.line(WHOLESALER, f"Saguaro ({DEALER})", "2015-06-01", **changes)
        self.line(DEALER, last, "2016-02-09", **changes)

    def release(self, *traces: Trace) -> None:
        """Approve and release the drafts of these traces."""
        drafts = [Draft.objects.get(pk=trace.draft_id) for trace in traces]
        for draft in drafts:
            shown = exchange.preview(draft, now=timezone.now())
            exchange.approve_draft(draft, digest=shown.content_digest, by=self.chief, now=timezone.now())
        exchange.release_drafts(drafts, by=self.officer, now=timezone.now())

    def deliver_and_handle_once(self) -> bool:
        """One turn of the road; False when nothing moved."""
        turn = delivery.deliver_once(OPERATOR, now=timezone.now(), clock=timezone.now, send=self.wire.send)
        handled = handling.handle_waiting(now=timezone.now()) + handling.run_jobs(now=timezone.now())
        return bool(handled) or turn.more

    def settle(self) -> None:
        """Deliver and handle until all is quiet."""
        for _ in range(500):
            if not self.deliver_and_handle_once() and not self.deliver_and_handle_once():
                return
        raise AssertionError("the world does not come to rest")

    def trace(self, **changes: Any) -> Trace:
        """Record a gun, have its trace released and walked as far as it goes by itself."""
        opened = open_trace(self.gun(**changes), by=self.officer, now=timezone.now())
        self.release(opened)
        self.settle()
        return Trace.objects.get(pk=opened.pk)

    def walk(self) -> Walk:
        """The latest walk of the centre."""
        return Walk.objects.latest("pk")


def make_world(*more_clocks: dict[str, Any]) -> TraceWorld:
    """Directory, accords, posts and people; the caller has set NODE_OPERATOR to `OPERATOR`."""
    now = timezone.now()
    keys = {name: factory.make_keys(name) for name in ("mx.fge-son", "mx.fgr", "us.ntc", *BOOKS)}
    keys["mx.fgr"] |= factory.make_keys("mx.fgr", [Purpose.ACCORD])
    keys["us.ntc"] |= factory.make_keys("us.ntc", [Purpose.ACCORD])
    entries = {
        "mx": [
            factory.agency_entry("mx.fge-son", operator=OPERATOR, **posts("mx.fge-son", "firearms", [])),
            factory.agency_entry("mx.fgr", operator=OPERATOR, **posts("mx.fgr", "firearms", [])),
        ],
        "us": [
            factory.agency_entry(
                "us.ntc", operator=OPERATOR,
                **posts("us.ntc", "desk", ["trace.request/1", "call:us.dealer-tx-9", "closed:us.dealer-nm-3"]),
            ),
            factory.agency_entry(MAKER, operator=OPERATOR, **posts(MAKER, "records", [*ASKED, "maker:Ruger"])),
            factory.agency_entry(IMPORTER, operator=OPERATOR, **posts(IMPORTER, "records", [*ASKED, "importer:Glock"])),
            *(
                factory.agency_entry(name, operator=OPERATOR, region="US-AZ", **posts(name, "counter", ASKED))
                for name in (WHOLESALER, DEALER, SECOND_DEALER)
            ),
        ],
    }  # fmt: skip
    for country, agencies in entries.items():
        held = [key for entry in agencies for key in keys[entry.id].values()]
        factory.load(factory.register_of(country, agencies, held), now)
    to_federal = {"mode": "copy", "copy_to": [FEDERAL]}
    routing = [
        {"types": ["trace.request/1", "trace.cancel/1"], "from": "mx.fge-son", "to": "us", **to_federal},
        {"types": ["trace.result/1"], "from": "us", "to": "mx.fge-son", **to_federal},
    ]  # fmt: skip
    permits = [
        {"types": ["trace.*", "outcome.*", "feedback.*", "case.*", *RIGHTS_OF_ITEMS], "from": start, "to": end}
        for start, end in (("mx", "us"), ("us", "mx"))
    ]
    across = [*example()["clocks"], *more_clocks]
    adopt(example(routing=routing, permits=permits, clocks=across, purposes=["firearms_tracing"]), keys)
    clocks = [
        {
            "types": ["trace.count/1", "trace.link/1"],
            "hours": 24,
            "calendar": "always",
            "source": {"kind": "law", "cite": "18 USC 923(g)(7)"},
        }
    ]
    for country in ("mx", "us"):
        permits = [{"types": ["trace.*", *RIGHTS_OF_ITEMS], "from": country, "to": country}]
        adopt(
            example(id=f"{country}-order", parties=[country, country], permits=permits, routing=[], clocks=clocks), keys
        )
    for post in [SONORA, FEDERAL, CENTRE, *(f"{name}/counter" for name in (WHOLESALER, DEALER, SECOND_DEALER))]:
        directory_actions.appoint_service(directory.post(post), by=None, now=now)
    for name in (MAKER, IMPORTER):
        directory_actions.appoint_service(directory.post(f"{name}/records"), by=None, now=now)
    people = [
        directory_actions.appoint(
            Person.objects.create_user(name, display_name=name), directory.post(post), [role], by=None, now=now
        )
        for name, post, role in (
            ("olga", SONORA, Role.OFFICER),
            ("arturo", SONORA, Role.AUTHORISER),
            ("fernanda", FEDERAL, Role.OFFICER),
            ("walter", CENTRE, Role.OFFICER),
            ("ruth", f"{MAKER}/records", Role.CUSTODIAN),
        )
    ]
    return TraceWorld(Wire(), *people)
