"""Every operation of the API, found by walking the routes: who has no token, no right or no scope gets nothing.

What a person of another agency finds at the address of somebody else's object is tested with real objects as well.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from contraparte.directory.models import Agency, Departure, Person, Post, Tenure
from contraparte.directory.rules.roles import Role
from contraparte.exchange.models import (
    Attachment,
    Conversation,
    DisclosureDuty,
    Draft,
    Hold,
    Message,
    Obligation,
    Permission,
    Reconfirmation,
)
from contraparte.groups.models import Group, Meeting
from contraparte.groups.models import Promise as Commitment
from contraparte.inquiries.models import Inquiry, SignedCopy
from contraparte.ledger.models import Log
from contraparte.outcomes.models import CaseLink, Outcome
from contraparte.traces.models import CustodianTask, Event, SameGun, Trace, Walk
from contraparte.web.api.doors import Opens
from contraparte.web.api.mounting import Operation, operations
from contraparte.web.api.tokens import SCOPES, make_token, revoke_token
from contraparte.web.permissions import CONTENT_BLIND, PERMISSIONS
from tests.guard.routes import API_ROUTES
from tests.guard.test_objects import others_work, world  # noqa: F401  (fixtures)
from tests.guard.test_routes import rows
from tests.traces.trace_world import TraceWorld

NOW = datetime.now(UTC)
PLACE = re.compile(r"\{(?:int:)?(\w+)\}")
KEY = {"HTTP_IDEMPOTENCY_KEY": "guard-0001", "HTTP_IF_MATCH": '"x"'}


CALLS = operations()
WITH_PLACES = [call for call in CALLS if "{" in call.path]


def address(call: Operation, **values: object) -> str:
    return PLACE.sub(lambda place: str(values.get(place[1], "1")), call.path)


def named(call: Operation) -> str:
    return f"{call.method} {call.path}"


def ask(call: Operation, token: str, *, client: Client | None = None) -> Any:
    headers = {"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {}
    asks = client or Client()
    if call.method == "GET":
        return asks.get(address(call), **headers)
    return getattr(asks, call.method.lower())(
        address(call), data="{}", content_type="application/json", **headers, **KEY
    )


def make_tenure(*roles: Role, agency: str = "xx.guard", ends: datetime | None = None) -> Tenure:
    home, _ = Agency.objects.get_or_create(
        id=agency, defaults={"country": "xx", "name_en": "Guard", "name_es": "Guardia", "is_local": True}
    )
    post, _ = Post.objects.get_or_create(id=f"{agency}/desk", defaults={"agency": home, "name_en": "D", "name_es": "M"})
    person = Person.objects.create_user(f"person-{Person.objects.count()}", display_name="Person")
    return Tenure.objects.create(
        person=person, post=post, roles=[role.value for role in roles], starts=NOW - timedelta(days=30), ends=ends
    )


def token_for(tenure: Tenure, *scopes: str, now: datetime = NOW, days: int = 1) -> str:
    return make_token(name="guard", scopes=scopes or SCOPES, days=days, by=tenure, now=now)[1]


def refused(answer: Any, *statuses: int) -> None:
    """A coded problem, and nothing else in it."""
    where = answer.wsgi_request
    assert answer.status_code in statuses, (where.method, where.path, answer.content)
    assert answer["Content-Type"] == "application/problem+json"
    assert set(answer.json()) <= {"type", "code", "title", "detail", "status", "field", "fields"}


def test_every_operation_declares_its_door_and_every_address_is_an_operation() -> None:
    assert [named(call) for call in CALLS if not isinstance(call.door, Opens)] == []
    assert {call.door.permission for call in CALLS} <= set(PERMISSIONS)
    assert {call.door.scope for call in CALLS} <= set(SCOPES)
    assert {named(call) for call in CALLS if call.method == "GET" and call.door.scope != "read"} == set()
    assert {named(call) for call in CALLS if call.method != "GET" and call.door.scope == "read"} == set()
    written = {PLACE.sub(lambda place: f"<{place[0][1:-1]}>", call.path[1:]) for call in CALLS}
    assert {route.pattern.replace("<str:", "<") for route in API_ROUTES} == written


#: Without content on their pages as well: posts, proofs, figures.
CONTENT_FREE = {"contacts.view", "handover.assign", "log.view", "outcomes.figures", "posts.view", "traces.trends"}


def test_administrators_and_auditors_hold_permissions_of_operations_only_where_no_content_is() -> None:
    assert {call.door.permission for call in CALLS if PERMISSIONS[call.door.permission] & CONTENT_BLIND} <= CONTENT_FREE


@pytest.mark.django_db
def test_without_a_token_that_lives_nothing_opens_and_a_session_opens_no_operation(settings: Any) -> None:
    # One test for all operations: counting the rows of every table is what takes time.
    visitor, client = Client(), Client()
    client.force_login(make_tenure(Role.OFFICER).person, backend=settings.AUTHENTICATION_BACKENDS[0])
    before = rows()
    for call in CALLS:
        cache.clear()  # so many refusals in a minute would shut the door for that reason
        for token in ("", "x", "cpt_" + "A" * 43, "\u00e9" * 9):
            refused(ask(call, token, client=visitor), 401)
        refused(ask(call, "", client=client), 401)
    assert rows() == before


@pytest.mark.django_db
@pytest.mark.parametrize("call", CALLS, ids=named)
def test_expired_revoked_ended_and_inactive_open_nothing(call: Operation) -> None:
    held = PERMISSIONS[call.door.permission] - {Role.SERVICE}
    expired = token_for(make_tenure(*held), now=NOW - timedelta(days=2))
    revoked_row, revoked = make_token(name="r", scopes=SCOPES, days=1, by=make_tenure(*held), now=NOW)
    revoke_token(revoked_row, now=NOW)
    ended = make_tenure(*held)
    of_ended = token_for(ended)
    Tenure.objects.filter(pk=ended.pk).update(ends=NOW - timedelta(seconds=1))
    gone = make_tenure(*held)
    of_gone = token_for(gone)
    Person.objects.filter(pk=gone.person_id).update(is_active=False)
    before = rows()
    for token in (expired, revoked, of_ended, of_gone):
        refused(ask(call, token), 401)
    assert rows() == before


@pytest.mark.django_db
@pytest.mark.parametrize("call", CALLS, ids=named)
def test_a_wrong_role_and_a_wrong_scope_are_refused(call: Operation) -> None:
    held = PERMISSIONS[call.door.permission] - {Role.SERVICE}
    others = [role for role in Role if role not in held and role is not Role.SERVICE]
    tokens = [token_for(make_tenure(role)) for role in others]
    tokens.append(token_for(make_tenure(*held), *(scope for scope in SCOPES if scope != call.door.scope)))
    right = token_for(make_tenure(*held))
    before = rows()
    for token in tokens:
        refused(ask(call, token), 403)
    assert rows() == before
    # The same door does open for who may; otherwise the refusals above would prove nothing.
    assert ask(call, right).status_code not in {401, 403, 500}


MEETING = {"starts": "2030-01-08T16:00:00Z", "ends": "2030-01-08T18:00:00Z"}
#: Body by the end of the address; what is not named takes the last.
BODIES: dict[str, dict[str, Any]] = {
    "approve": {"digest": "00"},
    "return": {"text": "no"},
    "redact": {"pointer": "/x", "text": "no"},
    "package": {"items": []},
    "cite": {"item": 1},
    "charters": {"charter": {}},
    "steps": {"do": "accept"},
    "commitments": {"text": {}, "due_on": "2030-01-01"},
    "meetings": MEETING,
    "move": MEETING,
    "agenda": {"items": [], "base": ""},
    "authorise": {"granted": True},
    "attendance": {"present": []},
    "minutes": {"text": {}, "base": ""},
    "dispute": {"minutes": "1", "text": {}},
    "gate": {"required": True},
    "decide": {"wish": "keep"},
    "framework": {"agreed": True},
    "end": {"how": "concluded"},
    "successor": {"successor": 1},
}
ANY_BODY: dict[str, Any] = {
    "fields": {}, "kind": "arrest", "happened_on": "2026-11-20", "reason": "no", "told_on": "2026-11-21",
    "code": "used:lead", "case": "1", "instrument": "untoc", "verdict": "complete", "to": "xx.guard/desk", "note": "no",
    "minutes": "1", "is_same": False, "rows": [], "why": "no", "choice": "code:no_record",
}  # fmt: skip


def file_of(call: Operation) -> dict[str, object]:
    """The latest file of a draft or of a message, with what it belongs to."""
    rows = Attachment.objects.order_by("pk")
    if "/drafts/" in call.path:
        file = rows.filter(message=None).latest("pk")
        return {"pk": file.draft_id, "file": file.pk}
    file = rows.exclude(message=None).select_related("message").latest("pk")
    assert file.message is not None
    return {"pk": file.message.conversation_id, "file": file.pk}


def test_somebody_else_finds_nothing_at_the_address_of_an_object(others_work: TraceWorld) -> None:  # noqa: F811
    # One test for all operations: the work of the others takes seconds to make.
    from contraparte.inquiries.actions.asking import save_inquiry

    save_inquiry({"instrument": "police_channel"}, by=others_work.officer, now=timezone.now())
    models: dict[str, Any] = {
        "commitments": Commitment,
        "conversations": Conversation,
        "drafts": Draft,
        "feedback": Obligation.objects.filter(stage="trace", closed_at__isnull=False),
        "groups": Group,
        "handovers": Departure,
        "lineage": Reconfirmation,
        "meetings": Meeting,
        "duties": DisclosureDuty,
        "holds": Hold,
        "inquiries": Inquiry,
        "items": Message.objects.filter(type__startswith="trace."),
        "links": CaseLink,
        "logs": Log,
        "messages": Message,
        "outcomes": Outcome,
        "permissions": Permission,
        "recoveries": Event,
        "traces": Trace,
        "walks": Walk,
        "same-gun": SameGun,
        "book-questions": CustodianTask,
    }
    for call in WITH_PLACES:
        objects = models[call.path.split("/")[3]]
        found = getattr(objects, "objects", objects).latest("pk")
        if "/letter" in call.path:
            found = SignedCopy.objects.latest("pk").inquiry
        values = file_of(call) if "{int:file}" in call.path else {"pk": found.pk}
        token = token_for(make_tenure(*(PERMISSIONS[call.door.permission] - {Role.SERVICE})))
        uuid = getattr(found, "uuid", "")
        body = BODIES.get(call.path.rsplit("/", 1)[-1], ANY_BODY)
        before = rows()
        answer = getattr(Client(), call.method.lower())(
            address(call, **values, step="withdraw", index=0, message=uuid, uuid=uuid, key=UUID(int=1)),
            **({} if call.method == "GET" else {"data": body, "content_type": "application/json"}),
            HTTP_AUTHORIZATION=f"Bearer {token}", **KEY,
        )  # fmt: skip
        refused(answer, 404)
        assert rows() == before, named(call)
