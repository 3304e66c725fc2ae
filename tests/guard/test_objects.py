"""A person of another agency finds nothing at the address of somebody else's object, and changes nothing there.

Every route with a place in it must be named in `OBJECTS`: a new page brings its own line or this file fails. The
stranger holds, one after the other, every role that the page admits, in an agency of the same node.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from contraparte.books.models import Book, Import
from contraparte.directory.leaving import announce_leaving
from contraparte.directory.models import Agency, Departure, DutyShift, Person, Post, Tenure
from contraparte.directory.rules.roles import Role
from contraparte.exchange.attaching import attach_pieces
from contraparte.exchange.models import (
    Attachment,
    Conversation,
    DisclosureDuty,
    Draft,
    Hold,
    Message,
    Obligation,
    OneOfficerRelease,
    Permission,
    Reconfirmation,
)
from contraparte.groups.models import Group, Meeting
from contraparte.groups.models import Promise as Commitment
from contraparte.inquiries.actions.asking import save_inquiry
from contraparte.inquiries.models import Inquiry, SignedCopy
from contraparte.ledger.models import Log
from contraparte.outcomes.actions.linking import ask_link
from contraparte.outcomes.actions.stating import report_outcome
from contraparte.outcomes.models import CaseLink, Outcome
from contraparte.traces.actions.requesting import open_trace
from contraparte.traces.models import CustodianTask, Event, SameGun, Trace, Walk
from contraparte.web.permissions import PERMISSIONS, Door
from tests.guard.routes import PAGE_ROUTES
from tests.guard.test_routes import DECLARED, rows
from tests.outcomes.outcome_world import arrest
from tests.traces.conftest import world  # noqa: F401  (a fixture)
from tests.traces.trace_world import CENTRE, DEALER, TraceWorld

Values = Callable[[], dict[str, object]]


def _pk(model: Any, **more: object) -> Values:
    """The latest row of a model, by its key."""
    return lambda: {"pk": model.objects.latest("pk").pk, **more}


def _file(of: str) -> Values:
    """The latest file of a draft, or of a message that left, with what it belongs to."""

    def values() -> dict[str, object]:
        rows = Attachment.objects.order_by("pk")
        if of == "draft":
            file = rows.filter(message=None).latest("pk")
            return {"pk": file.draft_id, "file": file.pk}
        file = rows.exclude(message=None).select_related("message").latest("pk")
        assert file.message is not None
        return {"pk": file.message.conversation_id, "file": file.pk}

    return values


def _item() -> dict[str, object]:
    """A message with content, not something said about one."""
    return {"pk": Message.objects.filter(type__startswith="trace.").latest("pk").pk}


def _letter() -> dict[str, object]:
    return {"pk": Inquiry.objects.filter(family="letter").latest("pk").pk}


OBJECTS: dict[str, Values] = {
    "books:bring_in": _pk(Book),
    "books:report": _pk(Import),
    **dict.fromkeys(("desk:conversation", "desk:package"), _pk(Conversation)),
    **dict.fromkeys(
        (f"desk:{name}" for name in ("release", "redact", "ask", "approve", "give_back", "send", "discard")), _pk(Draft)
    ),
    "desk:attach": _pk(Draft),
    **dict.fromkeys((f"desk:{name}" for name in ("draft_file", "detach")), _file("draft")),
    "desk:file": _file("conversation"),
    "desk:cite": lambda: {"pk": Draft.objects.latest("pk").pk, "item": Message.objects.latest("pk").pk},
    **dict.fromkeys((f"desk:{name}" for name in ("item", "item_ask", "item_recall", "item_file", "item_hold")), _item),
    "desk:item_disclose": _item,
    **dict.fromkeys((f"desk:disclosure_{name}" for name in ("confirm", "withdraw", "object")), _pk(DisclosureDuty)),
    **dict.fromkeys((f"desk:{name}" for name in ("grant", "refuse", "revoke")), _pk(Permission)),
    **dict.fromkeys((f"desk:lineage_{name}" for name in ("confirm", "withdraw")), _pk(Reconfirmation)),
    "desk:hold_lift": _pk(Hold),
    "desk:send_alone": _pk(Draft),
    **dict.fromkeys(("desk:review", "desk:review_decide"), _pk(OneOfficerRelease)),
    "desk:end_shift": _pk(DutyShift),
    **dict.fromkeys(("desk:post", "desk:post_leave"), lambda: {"agency": "mx.fge-son", "name": "firearms"}),
    **dict.fromkeys(
        (f"desk:handover{part}" for part in ("", "_pdf", "_pack", "_note", "_acknowledge", "_assign", "_end")),
        _pk(Departure),
    ),
    **dict.fromkeys((f"desk:{name}" for name in ("entries", "find", "entry", "export")), _pk(Log, index=0)),
    **dict.fromkeys((f"traces:{name}" for name in ("event", "save_row", "import_guns", "open_all")), _pk(Event)),
    "desk:pouch_answer": lambda: {"agency": "mx.fgr", "number": 1},
    "traces:warning": _pk(SameGun),
    **dict.fromkeys((f"traces:{name}" for name in ("trace", "resubmit", "revise", "cancel", "adopt")), _pk(Trace)),
    **dict.fromkeys((f"traces:{name}" for name in ("walk", "refuse", "assist")), _pk(Walk, index=0)),
    **dict.fromkeys((f"outcomes:{name}" for name in ("report", "ask_link")), _pk(Conversation)),
    **dict.fromkeys(
        (f"outcomes:{name}" for name in ("outcome", "confirm", "contest", "correct", "retract", "inform")), _pk(Outcome)
    ),
    "outcomes:give": lambda: {"pk": Obligation.objects.filter(stage="trace", closed_at__isnull=False).latest("pk").pk},
    "outcomes:link": _pk(CaseLink),
    **dict.fromkeys(
        (f"inquiries:{name}" for name in ("inquiry", "edit", "convert", "send_on", "step")),
        _pk(Inquiry, step="withdraw"),
    ),
    **dict.fromkeys(
        (f"inquiries:{name}" for name in ("letter", "letter_pdf", "sign", "share", "comment", "hand", "take")), _letter
    ),
    **dict.fromkeys(
        ("inquiries:signed_copy", "inquiries:enclose"),
        lambda: {**_letter(), "copy": SignedCopy.objects.latest("pk").pk},
    ),
    **dict.fromkeys(
        (
            f"groups:{name}"
            for name in ("group", "story", "charter", "make", "decide", "framework", "gate", "end", "reconvene")
        ),
        _pk(Group),
    ),
    **dict.fromkeys((f"groups:{name}" for name in ("version", "approve", "decline")), _pk(Group, key=UUID(int=1))),
    "groups:goal": _pk(Group, key="g1"),
    **dict.fromkeys((f"groups:{name}" for name in ("meetings", "call")), _pk(Group)),
    **dict.fromkeys(
        (f"groups:{name}" for name in ("meeting", "meeting_file", "move", "cancel", "agenda")), _pk(Meeting)
    ),
    **dict.fromkeys((f"groups:{name}" for name in ("authorise", "attend")), _pk(Meeting)),
    **dict.fromkeys((f"groups:{name}_minutes" for name in ("write", "agree", "dispute")), _pk(Meeting)),
    "groups:minutes_file": _pk(Meeting),
    "groups:promise": _pk(Commitment),
    "traces:task": lambda: {"uuid": CustodianTask.objects.latest("pk").uuid},
}
WITH_PLACES = [route for route, door in DECLARED.items() if door.door is Door.TENURE and route.places]


def _import_into(book: Book) -> None:
    Import.objects.create(
        book=book, file_name="b.csv", file_hash="0" * 64, size=1, encoding="utf-8", delimiter=",", by="test",
        started_at=timezone.now(),
    )  # fmt: skip


def _attach_to(draft: Draft, world: TraceWorld) -> None:  # noqa: F811
    attach_pieces(draft, [b"photo"], name="frame.jpg", media_type="image/jpeg", by=world.officer, now=timezone.now())


def _rights_of(item: Message) -> None:
    """A permission to be decided, a hold that stands, and a duty of disclosure to be confirmed."""
    now = timezone.now()
    permission = Permission.objects.create(
        agency=item.agency, uuid=item.uuid, side=Permission.Side.GRANTER, item=item, conversation=item.conversation,
        other=item.sender, kind="publication", until=now + timedelta(days=1), state=Permission.State.ASKED,
    )  # fmt: skip
    Reconfirmation.objects.create(permission=permission, was="us.old/desk", became=item.sender, at=now)
    Hold.objects.create(
        agency=item.agency, uuid=item.uuid, item=item, ours=True, reason="review", review_on=now.date(), placed_at=now
    )
    DisclosureDuty.objects.create(
        agency=item.agency, uuid=item.uuid, item=item, ours=True, other=item.sender, basis="law", citation="Talvo 1",
        state=DisclosureDuty.State.DECLARED, declared_at=now,
    )  # fmt: skip


def _sign_for(letter: Inquiry) -> None:
    SignedCopy.objects.create(
        inquiry=letter, version="0" * 64, name="signed.pdf", size=1, number=1, sha256=b"0" * 32, key=b"0" * 32,
        sealed_sha256=b"0" * 32, file="0" * 32, signed_by="Talvo", taken_by=letter.opened_by, taken_at=timezone.now(),
    )  # fmt: skip


def _emergency(world: TraceWorld) -> None:  # noqa: F811
    """Somebody on duty, and what was released alone and is to be reviewed."""
    now, held = timezone.now(), world.officer
    DutyShift.objects.create(
        post=held.post, holder=held, weekday=0, begins="00:00", ends="00:00", planned_by=held, planned_at=now
    )
    announce_leaving(held, leaves_at=now + timedelta(days=9), by=held, now=now)
    sent = Message.objects.filter(direction="out", agency=held.post.agency_id).latest("pk")
    OneOfficerRelease.objects.create(
        message=sent, agency=sent.agency, drafted_by=held, by=held, reason="Talvo is moved tonight.", accord="x",
        at=now, review_due=now,
    )  # fmt: skip


def _group(world: TraceWorld) -> None:  # noqa: F811
    """A group with a commitment and a meeting."""
    now, post = timezone.now(), world.officer.post
    thread = Conversation.objects.create(
        agency=post.agency_id, uuid=uuid4(), post=post, counterpart=CENTRE, kind="group", opened_at=now
    )
    group = Group.objects.create(
        agency=post.agency_id, uuid=thread.uuid, post=post, counterpart=CENTRE, conversation=thread, side="a",
        name_en="Talvo", since=now, opened_at=now, changed_at=now,
    )  # fmt: skip
    Commitment.objects.create(
        group=group, key="c1", text_en="Find Talvo", owner=post.pk, side="a", state="open", is_live=True,
        one_sided=False, due_on=now.date(), first_due=now.date(), made_at=now,
    )  # fmt: skip
    Meeting.objects.create(
        group=group, key=uuid4(), number=1, starts=now, ends=now + timedelta(hours=1), zone="UTC", state="invited",
        changed_at=now,
    )  # fmt: skip


@pytest.fixture
def others_work(world: TraceWorld) -> TraceWorld:  # noqa: F811
    """One of every object: a trace walked to a custodian who must decide, a draft, two guns that look alike."""
    world.chain()
    world.line(DEALER, serial="361-58921", model="LCP", caliber=".380 ACP", acquired_on="2015-01-06")
    world.trace()
    _import_into(Book.objects.latest("pk"))
    _rights_of(Message.objects.filter(direction="in").latest("pk"))
    event = world.event(case_number="CI-FGE/78/2026")
    world.gun(event, key="r2", serial="361-58922")
    sent = open_trace(world.gun(event, key="r3", serial="990-11223"), by=world.officer, now=timezone.now())
    _attach_to(Draft.objects.latest("pk"), world)
    world.release(sent)
    open_trace(world.gun(event, key="r4", serial="880-44556"), by=world.officer, now=timezone.now())
    _attach_to(Draft.objects.latest("pk"), world)
    about = world.trace(serial="XK-99182", maker="Nobody Arms").conversation
    assert about is not None
    report_outcome(about, arrest(region="MX-QRX"), by=world.officer, now=timezone.now(), victim=True)
    ask_link(about, by=world.officer, now=timezone.now())
    world.settle()
    asked = {
        "instrument": "police_channel", "counterpart": CENTRE, "case_number": "CI-FGE/79/2026",
        "facts": "Talvo called.", "purpose": "Find the caller.", "offences": [{"code": "extortion"}],
        "measures": [{"code": "information", "object": "The line", "nexus": "It called."}],
    }  # fmt: skip
    save_inquiry(asked | {"instrument": "reciprocity"}, by=world.officer, now=timezone.now())
    _sign_for(Inquiry.objects.latest("pk"))
    save_inquiry(asked, by=world.officer, now=timezone.now())
    _emergency(world)
    _group(world)
    return world


@pytest.fixture
def stranger(others_work: TraceWorld) -> Callable[[Role], Client]:
    """A person of another agency on the same node, acting in the role asked for."""
    from allauth.mfa.models import Authenticator

    agency = Agency.objects.create(id="xx.guard", country="xx", name_en="Guard", name_es="Guardia", is_local=True)
    post = Post.objects.create(id="xx.guard/desk", agency=agency, name_en="Desk", name_es="Mesa")

    def make(role: Role) -> Client:
        person = Person.objects.create_user(f"stranger-{role}", display_name="Stranger")
        starts = timezone.now() - timedelta(days=1)
        Tenure.objects.create(person=person, post=post, roles=[role.value], starts=starts)
        Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "guard"})
        client = Client()
        client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
        return client

    return make


def test_every_route_with_a_place_names_an_object_to_try() -> None:
    assert {route.name for route in WITH_PLACES} == set(OBJECTS)


def test_the_others_work_holds_one_of_each(others_work: TraceWorld) -> None:
    for model in (
        Conversation,
        Draft,
        Attachment,
        Permission,
        Reconfirmation,
        Hold,
        DisclosureDuty,
        OneOfficerRelease,
        DutyShift,
        Departure,
        Log,
        Event,
        Trace,
        SameGun,
        Walk,
        CustodianTask,
        Book,
        Import,
        Outcome,
        CaseLink,
        Inquiry,
        Group,
        Meeting,
        Commitment,
    ):
        assert model._default_manager.exists(), model.__name__


def test_another_agencys_object_is_not_there_and_does_not_change(stranger: Callable[[Role], Client]) -> None:
    # One test for all routes: the work of the others takes seconds to make.
    clients: dict[Role, Client] = {}
    wrong = []
    for route in WITH_PLACES:
        address, door = route.path(**OBJECTS[route.name]()), DECLARED[route]
        for role in sorted(PERMISSIONS[door.permission] - {Role.SERVICE}):
            if role not in clients:
                clients[role] = stranger(role)
            before = rows()
            for method in sorted(door.methods - {"HEAD"}):
                answer: HttpResponse = getattr(clients[role], method.lower())(address)
                if answer.status_code != 404:
                    wrong.append(f"{role} {method} {address} ({route.name}): {answer.status_code}")
            if rows() != before:
                wrong.append(f"{role} changed something at {address} ({route.name})")
    assert not wrong


def test_no_list_shows_another_agencys_work(stranger: Callable[[Role], Client], others_work: TraceWorld) -> None:
    """Serial, case number, place and names of the others stand on no page that a stranger may open."""
    secrets = (
        "361-58921",
        "36158921",
        "361-58922",
        "CI-FGE/77/2026",
        "CI-FGE/78/2026",
        "CI-FGE/79/2026",
        "Talvo",
        "Hermosillo",
        "frame.jpg",
        "MX-QRX",
    )
    clients: dict[Role, Client] = {}
    for route in PAGE_ROUTES:
        door = DECLARED.get(route)
        if door is None or route.places or "GET" not in door.methods or door.door is not Door.TENURE:
            continue
        for role in sorted(PERMISSIONS[door.permission] - {Role.SERVICE}):
            if role not in clients:
                clients[role] = stranger(role)
            shown = clients[role].get(route.path()).content.decode()
            found = [secret for secret in secrets if secret in shown]
            assert not found, f"{route.name} shows {found} to {role}"
