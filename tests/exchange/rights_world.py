"""A third party's item on its way: centre (origin) → federal office (provider) → state office → another post."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from contraparte.directory import actions as directory_actions
from contraparte.directory import queries as directory
from contraparte.directory.models import Tenure
from contraparte.directory.queries import Role
from contraparte.exchange import actions
from contraparte.exchange.models import Draft, Message, Permission
from contraparte.exchange.permissions import ask_permission
from contraparte.exchange.rules.permissions import Kind
from contraparte.protocol.marking import Marking
from tests.exchange.small_world import CENTRE, FEDERAL, SONORA, SmallWorld

ANNEX = "us.ntc/annex"
TIP = "A grey Ford pickup with two rifles under the seat crosses at Nogales before dawn on Tuesday"


def marking(*handling: str, **more: Any) -> Marking:
    """A marking with these restrictions, for both countries."""
    members = {"handling": list(handling), "purposes": ["trace"], "circle": ["mx", "us"], "evidence": "intelligence"}
    return Marking.from_json({**members, **more})


def soon(days: float = 10) -> datetime:
    return timezone.now() + timedelta(days=days)


@dataclass
class People:
    """An officer and an authorising person in each post."""

    officers: dict[str, Tenure]
    chiefs: dict[str, Tenure]


def people_of(world: SmallWorld) -> People:
    """Those of the state office are the small world's own."""
    officers, chiefs = {SONORA: world.officer}, {SONORA: world.chief}
    world.services[ANNEX] = directory_actions.appoint_service(directory.post(ANNEX), by=None, now=timezone.now())
    for name, post in (("f", FEDERAL), ("c", CENTRE), ("x", ANNEX)):
        officers[post] = world.appoint(f"{name}-officer", post, Role.OFFICER)
        chiefs[post] = world.appoint(f"{name}-chief", post, Role.AUTHORISER)
    return People(officers, chiefs)


def send_item(
    world: SmallWorld, text: str = TIP, *, sender: str = CENTRE, to: str = FEDERAL, marked: Marking | None = None
) -> tuple[Message, Message]:
    """An item that crosses at once: as its sender and as its holder have it."""
    thread = world.conversation(sender, to)
    sent = actions.send_all([world.note(text, thread, marking=marked or marking("H2"))], now=timezone.now())[0]
    world.settle()
    return Message.objects.get(uuid=sent, direction="out"), Message.objects.get(uuid=sent, direction="in")


def draft_on(world: SmallWorld, people: People, item: Message, to: str, text: str = "They say so.") -> Draft:
    """A draft of the holding post that draws on an item."""
    holder = item.conversation.post_id
    thread = actions.open_conversation(
        post=directory.post(holder), counterpart=to, kind="note", by=people.officers[holder], now=timezone.now()
    )
    return actions.draft(
        "note.say/1", {"text": text}, conversation=thread, marking=marking("H0"), by=people.officers[holder],
        now=timezone.now(), sources=[item],
    )  # fmt: skip


def let_out(people: People, draft: Draft) -> Message:
    """Approved by the chief of its post, released by its officer."""
    post, now = draft.conversation.post_id, timezone.now()
    actions.approve_draft(
        draft, digest=actions.preview(draft, now=now).content_digest, by=people.chiefs[post], now=now
    )  # fmt: skip
    return actions.release_draft(draft, by=people.officers[post], now=timezone.now())


def held(sent: Message) -> Message:
    """The same item at its receiver."""
    return Message.objects.select_related("content", "conversation__post").get(
        uuid=sent.uuid, direction="in", recipient=sent.recipient
    )


def ask(world: SmallWorld, people: People, item: Message, to: str, **more: Any) -> tuple[Permission, Permission]:
    """Ask to pass an item on; the permission as its holder and as its giver have it."""
    row = ask_permission(
        item, more.pop("kind", Kind.ONWARD), recipients=[to] if to else [], until=more.pop("until", soon()),
        by=people.officers[item.recipient], now=timezone.now(), **more,
    )  # fmt: skip
    world.settle()
    return row, Permission.objects.get(uuid=row.uuid, side="granter")
