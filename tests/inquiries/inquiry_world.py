"""A small world of inquiries on one node: a state's desk, a central authority abroad with a court's post beside it.

The road between them is the real one but for the socket (`Wire`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from contraparte.directory import actions as directory_actions
from contraparte.directory import queries as directory
from contraparte.directory.models import Person, Tenure
from contraparte.directory.queries import Role
from contraparte.directory.rules.accord import RIGHTS_OF_ITEMS, example
from contraparte.exchange import actions as exchange
from contraparte.exchange import arriving, delivery, handling, shipping
from contraparte.exchange.inbox import accept_batch
from contraparte.exchange.models import Draft
from contraparte.inquiries.actions.asking import open_inquiry, save_inquiry
from contraparte.inquiries.actions.stepping import take_step
from contraparte.inquiries.models import Inquiry
from contraparte.inquiries.standings import Standing, standing_of
from contraparte.protocol.keys import Purpose
from contraparte.protocol.receipts import encode_receipts
from tests.directory import factory
from tests.exchange.small_world import OPERATOR, Wire, adopt

SONORA, CENTRAL, COURT, SHERIFF = "mx.fge-son/assistance", "us.doj/assistance", "us.doj/court", "us.pd/liaison"
FEDERAL = "mx.fgr/assistance"
HANDLES = ["inquiry.request/1", "inquiry.letter/1", "inquiry.spontaneous/1", "inquiry.note/1"]
CLOCKS = [
    {"types": ["inquiry.request/1"], "urgency": "at_hand", "hours": 8, "calendar": "always"},
    {"types": ["inquiry.request/1"], "urgency": "urgent", "days": 3, "calendar": "always"},
    {"types": ["inquiry.request/1", "inquiry.letter/1"], "days": 7, "calendar": "always"},
    {"types": ["inquiry.acknowledge/1"], "days": 30, "calendar": "always"},
    {"types": ["inquiry.accept/1", "inquiry.agree/1"], "days": 90, "calendar": "always"},
    {"types": ["inquiry.clarify/1"], "days": 30, "calendar": "always"},
]
SOURCE = {"kind": "proposal", "cite": "accord defaults of inquiries"}
POLICE: dict[str, Any] = {
    "instrument": "police_channel",
    "counterpart": CENTRAL,
    "case_number": "CI-FGE/91/2026",
    "facts": "A call at 02:10 with proof of life; the number is from across the border.",
    "purpose": "Find and free the victim.",
    "offences": [{"code": "extortion", "text": "", "jurisdiction": "Sonora"}],
    "measures": [{"code": "telephone_subscriber", "object": "+1 520 555 0142", "nexus": "The line that called."}],
}
LETTER: dict[str, Any] = {
    "instrument": "mlat_mx_us_1987",
    "counterpart": CENTRAL,
    "case_number": "CI-FGE/17/2026",
    "article": "4",
    "requesting_authority": "Fiscalía de Sonora",
    "competent_authority": "District Court",
    "facts": "Ransom was paid into two accounts.",
    "purpose": "Trial of the accused.",
    "translation_hash": "a" * 64,
    "translated_by": "Perita traductora 77",
    "offences": [{"code": "extortion", "text": "Artículo 390: al que sin derecho obligue a otro…"}],
    "measures": [
        {"code": "bank_records", "object": "Account 1", "nexus": "First payment."},
        {"code": "testimony", "object": "Branch manager", "nexus": "Opened the account."},
    ],
}


SPONTANEOUS: dict[str, Any] = {
    "instrument": "spontaneous", "counterpart": CENTRAL, "facts": "Three lorries cross at night.",
    "purpose": "So that they are looked at.", "offences": POLICE["offences"], "handling": ["H2"],
    "source_grade": "B", "information_grade": "3",
}  # fmt: skip
NOTE: dict[str, Any] = {
    "instrument": "liaison_note", "counterpart": CENTRAL, "note_subject": "Stolen vehicle",
    "note_what": "A grey van.", "note_when": "Monday, Nogales", "note_asked": "Is it with you?",
}  # fmt: skip


@dataclass
class ClockedWire(Wire):
    """The wire, with the world's time on the other side as well."""

    clock: Callable[[], datetime] = timezone.now

    def _answer(self, url: str, body: bytes) -> tuple[int, bytes]:
        if url.endswith("/peer/receipts") or "/peer/attachments/" in url:
            return super()._answer(url, body)
        return 200, encode_receipts(accept_batch(body, peer=OPERATOR, now=self.clock()))


@dataclass
class InquiryWorld:
    """Posts, people and the wire. `at` is the time at which everything happens; a test moves it."""

    wire: ClockedWire
    officer: Tenure
    chief: Tenure
    second_chief: Tenure
    agent: Tenure
    supervisor: Tenure
    clerk: Tenure
    federal: Tenure
    federal_chief: Tenure
    at: datetime | None = None

    @property
    def now(self) -> datetime:
        """The world's time."""
        return self.at or timezone.now()

    def save(self, typed: dict[str, Any], **changes: Any) -> Inquiry:
        """A request as its officer has typed it."""
        return save_inquiry(typed | changes, by=self.officer, now=self.now)

    def ask(self, typed: dict[str, Any], *, leave_out: bool = False, **changes: Any) -> Inquiry:
        """A request saved, drafted, approved, released and received."""
        row = self.save(typed, **changes)
        done = open_inquiry(row, by=self.officer, now=self.now, leave_out=leave_out)
        if isinstance(done, Draft):
            self.release(done)
        self.settle()
        return Inquiry.objects.get(pk=row.pk)

    def release(self, draft: Draft) -> None:
        """Have a draft approved by whoever may and released."""
        people = {
            "mx.fge-son": (self.officer, self.chief, self.second_chief),
            "mx.fgr": (self.federal, self.federal_chief),
            "us.doj": (self.agent, self.supervisor),
        }
        by, *chiefs = people[draft.agency]
        for chief in chiefs:
            shown = exchange.preview(draft, now=self.now)
            exchange.approve_draft(draft, digest=shown.content_digest, by=chief, now=self.now)
        exchange.release_draft(draft, by=by, now=self.now)

    def step(self, row: Inquiry, step: str, body: dict[str, Any] | None = None, **marked: Any) -> None:
        """Take a step, have it released where it needs that, and carry it over."""
        by = self.officer if row.agency == "mx.fge-son" else self.agent
        done = take_step(row, step, body or {}, by=by, now=self.now, marked=marked)
        if isinstance(done, Draft):
            self.release(done)
        self.settle()

    def other(self, row: Inquiry) -> Inquiry:
        """The same inquiry as the other side keeps it."""
        assert row.conversation is not None
        return Inquiry.objects.exclude(agency=row.agency).get(conversation__uuid=row.conversation.uuid)

    def standing(self, row: Inquiry) -> Standing:
        """Where it stands now."""
        return standing_of(Inquiry.objects.get(pk=row.pk), self.now)

    def settle(self) -> None:
        """Deliver and handle until all is quiet."""
        for _ in range(60):
            turn = delivery.deliver_once(OPERATOR, now=self.now, clock=lambda: self.now, send=self.wire.send)
            moved = int(shipping.ship_once(clock=lambda: self.now, send=self.wire.send)) + arriving.prove_whole()
            moved += handling.handle_waiting(now=self.now) + handling.run_jobs(now=self.now)
            if not turn.more and not moved:
                return
        raise AssertionError("the world does not come to rest")


def make_world(*more: str) -> InquiryWorld:
    """Directory, accord, posts and people; `more` types cross too. The caller has set NODE_OPERATOR to `OPERATOR`."""
    now = timezone.now()
    keys = {name: factory.make_keys(name) for name in ("mx.fge-son", "mx.fgr", "us.doj", "us.pd")}
    keys["mx.fgr"] |= factory.make_keys("mx.fgr", [Purpose.ACCORD])
    keys["us.doj"] |= factory.make_keys("us.doj", [Purpose.ACCORD])
    entries = {
        "mx": [_agency("mx.fge-son", "assistance"), _agency("mx.fgr", "assistance")],
        "us": [_agency("us.doj", "assistance", "court"), _agency("us.pd", "liaison")],
    }
    for country, agencies in entries.items():
        held = [key for entry in agencies for key in keys[entry.id].values()]
        factory.load(factory.register_of(country, agencies, held), now)
    ways = [("mx", "us"), ("us", "mx")]
    accord = example(
        id="mx-us-assistance",
        permits=[{"types": ["inquiry.*", *more, *RIGHTS_OF_ITEMS], "from": start, "to": end} for start, end in ways],
        routing=[],
        purposes=["criminal_investigation", "prosecution"],
        clocks=[clock | {"source": SOURCE} for clock in CLOCKS],
    )
    adopt(accord, {"mx.fgr": keys["mx.fgr"], "us.ntc": keys["us.doj"]})
    order = example(
        id="mx-order",
        parties=["mx", "mx"],
        permits=[{"types": ["inquiry.*"], "from": "mx", "to": "mx"}],
        routing=[],
        purposes=["criminal_investigation", "prosecution"],
        clocks=[],
    )
    adopt(order, {"mx.fgr": keys["mx.fgr"], "us.ntc": keys["us.doj"]})
    for post in (SONORA, FEDERAL, CENTRAL, COURT, SHERIFF):
        directory_actions.appoint_service(directory.post(post), by=None, now=now)
    people = [
        directory_actions.appoint(
            Person.objects.create_user(name, display_name=name), directory.post(post), [role], by=None, now=now
        )
        for name, post, role in (
            ("olga", SONORA, Role.OFFICER),
            ("arturo", SONORA, Role.AUTHORISER),
            ("beatriz", SONORA, Role.AUTHORISER),
            ("walter", CENTRAL, Role.OFFICER),
            ("sarah", CENTRAL, Role.AUTHORISER),
            ("cecil", COURT, Role.OFFICER),
            ("fernanda", FEDERAL, Role.OFFICER),
            ("gilberto", FEDERAL, Role.AUTHORISER),
        )
    ]
    world = InquiryWorld(ClockedWire(), *people)
    world.wire.clock = lambda: world.now
    return world


def _agency(name: str, *slugs: str) -> Any:
    told = [
        {"id": f"{name}/{slug}", "name": {"en": slug.title(), "es": slug.title()}, "handles": HANDLES} for slug in slugs
    ]
    return factory.agency_entry(name, operator=OPERATOR, posts=told)
