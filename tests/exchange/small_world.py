"""Three agencies on one node with real keys and accords, and a message type to say something with.

All share a database, as several agencies of one node do; the road between them is the real one but for the socket:
`Wire` hands the bytes of a request to the same functions the peers' door calls.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils import timezone
from pydantic import BaseModel, ConfigDict

from contraparte.directory import actions as directory_actions
from contraparte.directory import queries as directory
from contraparte.directory.models import Person, Tenure
from contraparte.directory.queries import Role
from contraparte.directory.rules.accord import POSTS, RIGHTS_OF_ITEMS, example
from contraparte.directory.rules.register import Register
from contraparte.exchange import arriving, delivery, handling, registry, shipping
from contraparte.exchange.actions import automatic, draft, open_conversation
from contraparte.exchange.composing import Outgoing
from contraparte.exchange.inbox import accept_batch
from contraparte.exchange.models import Conversation, Draft
from contraparte.exchange.receipts import keep_receipts
from contraparte.protocol.encoding import canonical_json
from contraparte.protocol.errors import ContraparteError, PeerUnreachableError
from contraparte.protocol.keys import Purpose
from contraparte.protocol.marking import Marking
from contraparte.protocol.receipts import decode_receipts, encode_receipts
from tests.directory import factory

SONORA, FEDERAL, CENTRE = "mx.fge-son/firearms", "mx.fgr/firearms", "us.ntc/desk"
OPERATOR = "mx.fgr"
MARKING = Marking.from_json(
    {"handling": ["H1"], "purposes": ["trace"], "circle": ["mx", "us"], "evidence": "intelligence"}
)


class Note(BaseModel):
    """What the tests say."""

    model_config = ConfigDict(extra="allow")
    text: str
    serial: str | None = None
    informer: str | None = None
    child: str | None = None
    buyer: str | None = None


handled: list[registry.Arrived] = []
handler: list[Callable[[registry.Arrived], None]] = [handled.append]


def _handle(arrived: registry.Arrived) -> None:
    handler[-1](arrived)


CLASSES = {"/text": "case", "/serial": "firearm", "/informer": "source", "/child": "minor", "/buyer": "purchaser"}
registry.register(
    registry.MessageType("note.say/1", Note, _handle, CLASSES, title="note", asks="answer", takes_files=True)
)
registry.register(registry.MessageType("note.answer/1", Note, _handle, CLASSES, title="answer", answers=True))
registry.register(registry.MessageType("note.review/1", Note, _handle, CLASSES, title="review"))
registry.register_policies(Path(__file__).parent / "notes.cedar")


@dataclass
class Wire:
    """The road between nodes without sockets. `faults` are taken one by one: before sending, or after."""

    faults: list[str] = field(default_factory=list)
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    clock: Callable[[], datetime] = timezone.now

    def send(self, method: str, url: str, body: bytes, content_type: str) -> tuple[int, bytes]:
        """Deliver a request to the node's own door functions."""
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "failed":
            raise PeerUnreachableError(url=url)
        self.requests.append((url, body))
        try:
            answer = self._answer(url, body)
        except ContraparteError as error:
            return 400, error.code.encode()
        if fault == "done_but_reply_lost":
            raise PeerUnreachableError(url=url)
        return answer

    def _answer(self, url: str, body: bytes) -> tuple[int, bytes]:
        if "/peer/attachments/" in url:
            recipient, sender, message_id, position, offset = url.rpartition("/peer/attachments/")[2].split("/")
            place = arriving.Place(recipient, sender, message_id, int(position))
            reached = arriving.receive_piece(place, int(offset), body, peer=OPERATOR)
            return 200, shipping.answer(reached)
        if url.endswith("/peer/receipts"):
            keep_receipts(decode_receipts(body), peer=OPERATOR)
            return 204, b""
        return 200, encode_receipts(accept_batch(body, peer=OPERATOR, now=self.clock()))


@dataclass
class SmallWorld:
    """The posts, their people, and the wire."""

    wire: Wire
    officer: Tenure
    chief: Tenure
    second_chief: Tenure
    services: dict[str, Tenure]
    registers: dict[str, Register] = field(default_factory=dict)

    def conversation(self, post: str = SONORA, counterpart: str = CENTRE, **more: Any) -> Conversation:
        """A new conversation between two posts."""
        return open_conversation(
            post=directory.post(post),
            counterpart=counterpart,
            kind="note",
            by=self.services[post],
            now=timezone.now(),
            **more,
        )

    def note(self, text: str, conversation: Conversation | None = None, **more: Any) -> Outgoing:
        """A note to be sent at once, in a conversation of its own unless one is given."""
        thread = conversation or self.conversation()
        return automatic(
            more.pop("type", "note.say/1"),
            {"text": text, **more.pop("body", {})},
            conversation=thread,
            marking=more.pop("marking", MARKING),
            by=self.services[thread.post_id],
            **more,
        )

    def draft(self, text: str = "where?", conversation: Conversation | None = None, **more: Any) -> Draft:
        """A note its officer has drafted; it takes one approval to leave."""
        return draft(
            more.pop("type", "note.say/1"),
            {"text": text, **more.pop("body", {})},
            conversation=conversation or self.conversation(),
            marking=more.pop("marking", MARKING),
            by=more.pop("by", self.officer),
            now=timezone.now(),
            **more,
        )

    def appoint(self, name: str, post: str, *roles: Role) -> Tenure:
        """A tenure for the person of that name, new or not."""
        person = Person.objects.filter(username=name).first() or Person.objects.create_user(name, display_name=name)
        return directory_actions.appoint(person, directory.post(post), list(roles), by=None, now=timezone.now())

    def deliver(self, at: datetime | None = None) -> None:
        """Everything due goes out, until nothing moves any more."""
        while delivery.deliver_once(
            OPERATOR, now=at or timezone.now(), clock=lambda: at or timezone.now(), send=self.wire.send
        ).more:
            continue

    def handle(self, at: datetime | None = None) -> None:
        """Everything accepted reaches its feature, and what follows from it is done."""
        while handling.handle_waiting(now=at or timezone.now()) + handling.run_jobs(now=at or timezone.now()):
            continue

    def ship(self, at: datetime | None = None) -> None:
        """Every file that is waited for goes out, and what is whole is proven."""
        while shipping.ship_once(clock=lambda: at or timezone.now(), send=self.wire.send):
            continue
        arriving.prove_whole()

    def settle(self) -> None:
        """Deliver, ship and handle until all is quiet."""
        for _ in range(6):
            self.deliver()
            self.ship()
            self.handle()


def make_small_world(**terms: Any) -> SmallWorld:
    """Directory, accord, posts and people; the caller has set NODE_OPERATOR to `OPERATOR`. `terms` of both accords."""
    now = timezone.now()
    keys = {agency: factory.make_keys(agency) for agency in ("mx.fge-son", "mx.fgr", "us.ntc")}
    keys["mx.fgr"] |= factory.make_keys("mx.fgr", [Purpose.ACCORD])
    keys["us.ntc"] |= factory.make_keys("us.ntc", [Purpose.ACCORD])
    registers: dict[str, Register] = {}
    for country, agencies in (("mx", ("mx.fge-son", "mx.fgr")), ("us", ("us.ntc",))):
        entries = [
            factory.agency_entry(agency, *(("desk", "annex") if country == "us" else ("firearms",)), operator=OPERATOR)
            for agency in agencies
        ]
        held = [key for agency in agencies for key in keys[agency].values()]
        registers[country] = factory.register_of(country, entries, held)
        factory.load(registers[country], now)
    adopt(
        example(
            permits=[
                {"types": ["note.*", *RIGHTS_OF_ITEMS, *POSTS], "from": "mx", "to": "us"},
                {"types": ["note.*", *RIGHTS_OF_ITEMS, *POSTS], "from": "us", "to": "mx"},
            ],
            routing=[{"types": ["note.*"], "from": "mx.fge-son", "to": "us", "mode": "copy", "copy_to": [FEDERAL]}],
            **terms,
        ),
        keys,
    )
    adopt(
        example(
            id="mx-order",
            parties=["mx", "mx"],
            permits=[{"types": ["note.*", *RIGHTS_OF_ITEMS, *POSTS], "from": "mx", "to": "mx"}],
            routing=[],
            **terms,
        ),
        keys,
    )
    services = {
        post: directory_actions.appoint_service(directory.post(post), by=None, now=now)
        for post in (SONORA, FEDERAL, CENTRE)
    }
    officer, chief, second = (
        directory_actions.appoint(
            Person.objects.create_user(name, display_name=name),
            directory.post(SONORA),
            [role],
            by=None,
            now=now,
        )
        for name, role in (("olga", Role.OFFICER), ("arturo", Role.AUTHORISER), ("beatriz", Role.AUTHORISER))
    )
    return SmallWorld(Wire(), officer, chief, second, services, registers)


def adopt(document: dict[str, Any], keys: dict[str, dict[Purpose, Any]]) -> None:
    """Sign an accord by its parties' keys and take it into effect."""
    signed: Any = canonical_json(document, "accord")
    holders = {"mx": keys["mx.fgr"], "us": keys["us.ntc"]}
    for country in dict.fromkeys(document["parties"]):
        signed = directory_actions.sign_accord(signed, country=country, key=holders[country][Purpose.ACCORD])
    directory_actions.adopt_accord(signed, now=timezone.now())
