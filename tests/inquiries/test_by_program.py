"""A case system of each side works an inquiry through the API only: ask, release, receive, answer, verify, close."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contraparte.directory.models import Tenure
from contraparte.exchange.models import Draft, Message
from contraparte.inquiries.models import Inquiry
from contraparte.web.api.tokens import SCOPES, make_token
from tests.inquiries.inquiry_world import CENTRAL, LETTER, POLICE, InquiryWorld

ROWS = ("offences", "measures", "persons")


class Program:
    """A program with the token of one person."""

    def __init__(self, tenure: Tenure, *scopes: str) -> None:
        made = make_token(name="program", scopes=scopes or SCOPES, days=1, by=tenure, now=timezone.now())
        self.headers = {"HTTP_AUTHORIZATION": f"Bearer {made[1]}"}
        self.number = 0

    def get(self, path: str, **headers: str) -> Any:
        return Client().get(f"/api/v1/{path}", **self.headers, **headers)

    def send(self, path: str, told: Any = None, *, method: str = "post", key: str = "", **headers: str) -> Any:
        self.number += 1
        headers["HTTP_IDEMPOTENCY_KEY"] = key or f"call-{self.number:08}"
        body = told if isinstance(told, str | bytes) else (told or {})
        call = getattr(Client(), method)
        return call(f"/api/v1/{path}", data=body, content_type="application/json", **self.headers, **headers)

    def done(self, path: str, told: Any = None) -> dict[str, Any]:
        answer = self.send(path, told)
        assert answer.status_code == 200, answer.content
        return dict(answer.json())


def typed(given: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A request as a program tells it."""
    told = given | changes
    return {"fields": {name: value for name, value in told.items() if name not in ROWS}} | {
        name: told[name] for name in ROWS if name in told
    }


def release(world: InquiryWorld, draft: int, author: Program, *chiefs: Program) -> None:
    """Have every chief read and approve a draft, and its author release it."""
    author.done(f"drafts/{draft}/ask")
    for chief in chiefs:
        shown = chief.get(f"drafts/{draft}").json()
        chief.done(f"drafts/{draft}/approve", {"digest": shown["digest"]})
    author.done(f"drafts/{draft}/release")
    world.settle()


@pytest.mark.parametrize("request_of", [POLICE, LETTER], ids=["police", "letter"])
def test_two_programs_work_an_inquiry_from_the_question_to_its_use(
    world: InquiryWorld, request_of: dict[str, Any]
) -> None:
    olga, arturo, beatriz = (Program(one) for one in (world.officer, world.chief, world.second_chief))
    walter, sarah = Program(world.agent), Program(world.supervisor)
    made = olga.done("inquiries", typed(request_of))
    draft = olga.done(f"inquiries/{made['id']}/open")["draft"]
    assert olga.send(f"drafts/{draft}/approve", {"digest": "00"}).status_code == 403
    assert olga.send(f"drafts/{draft}/release").json()["code"] == "release.held"
    release(world, draft, olga, arturo, beatriz)

    (came,) = walter.get("inquiries").json()["items"]
    theirs = f"inquiries/{came['id']}"
    assert walter.get(theirs).json()["thread"][0]["content"]["facts"] == request_of["facts"]

    def step(program: Program, where: str, name: str, fields: dict[str, Any], *chiefs: Program) -> None:
        told = program.done(f"{where}/steps/{name}", {"fields": fields})
        if told["draft"]:
            release(world, told["draft"], program, *chiefs)
        world.settle()

    step(walter, theirs, "acknowledge", {}, sarah)
    for name in ("assess", "accept"):
        if name in walter.get(theirs).json()["steps"]:
            step(walter, theirs, name, {}, sarah)
    results = {f"outcome_{place}": "done" for place in range(1, len(request_of["measures"]) + 1)}
    step(walter, theirs, "answer", {"text": "The subscriber is known."} | results, sarah)

    ours = f"inquiries/{made['id']}"
    answered = olga.get(ours).json()
    assert answered["state"] == "answered"
    assert answered["thread"][-1]["content"]["text"] == "The subscriber is known."
    step(olga, ours, "verify", {}, arturo, beatriz)
    step(olga, ours, "use", {"used": "yes", "text": "It found the caller."}, arturo, beatriz)
    assert olga.get(ours).json()["state"] == walter.get(theirs).json()["state"]
    messages = olga.get(f"conversations/{answered['conversation']}/messages").json()
    assert [one["direction"] for one in messages["items"]].count("in") >= 2 and messages["next"] is None


def test_a_repeated_call_makes_one_thing_and_another_body_is_refused(world: InquiryWorld) -> None:
    olga = Program(world.officer)
    first = olga.send("inquiries", typed(POLICE), key="the-same-key")
    again = olga.send("inquiries", typed(POLICE), key="the-same-key")
    assert first.json() == again.json() and Inquiry.objects.count() == 1
    other = olga.send("inquiries", typed(POLICE, facts="Another."), key="the-same-key")
    assert (other.status_code, other.json()["code"]) == (409, "api.repeat")
    assert olga.send("inquiries", typed(POLICE), key="short").status_code == 409
    assert Inquiry.objects.count() == 1


def test_a_refused_call_may_be_sent_again_with_its_key_once_it_is_mended(world: InquiryWorld) -> None:
    olga = Program(world.officer)
    made = olga.done("inquiries", typed(POLICE, facts=""))
    refused = olga.send(f"inquiries/{made['id']}/open", key="one-opening")
    assert (refused.status_code, refused.json()["code"]) == (409, "inquiry.incomplete")
    tag = olga.get(f"inquiries/{made['id']}")["ETag"]
    mended = olga.send(f"inquiries/{made['id']}", typed(POLICE), method="put", HTTP_IF_MATCH=tag)
    assert mended.status_code == 200
    assert olga.send(f"inquiries/{made['id']}/open", key="one-opening").json()["draft"] == Draft.objects.get().pk
    assert olga.send(f"inquiries/{made['id']}/open", key="one-opening").status_code == 200
    assert Draft.objects.count() == 1


def test_a_lost_update_is_refused(world: InquiryWorld) -> None:
    olga = Program(world.officer)
    path = f"inquiries/{olga.done('inquiries', typed(POLICE))['id']}"
    tag = olga.get(path)["ETag"]
    assert olga.send(path, typed(POLICE, facts="Mine."), method="put", HTTP_IF_MATCH=tag).status_code == 200
    late = olga.send(path, typed(POLICE, facts="Theirs."), method="put", HTTP_IF_MATCH=tag)
    blind = olga.send(path, typed(POLICE, facts="Theirs."), method="put")
    assert [one.json()["code"] for one in (late, blind)] == ["api.outdated"] * 2 and late.status_code == 412
    assert Inquiry.objects.get().typed["facts"] == "Mine."


@pytest.mark.parametrize(("language", "title"), [("en", "A field cannot be read"), ("es", "No se puede leer un campo")])
def test_wrong_fields_are_named_in_the_callers_language_and_nothing_is_kept(
    world: InquiryWorld, language: str, title: str
) -> None:
    olga = Program(world.officer)
    wrong = {"due_on": "soon", "counterpart": "nobody"}
    answer = olga.send("inquiries", typed(POLICE, **wrong), HTTP_ACCEPT_LANGUAGE=f"{language}-MX,fr;q=0.5")
    assert answer.status_code == 422 and answer["Content-Language"] == language
    assert set(answer.json()["fields"]) == set(wrong) and answer.json()["title"].startswith(title)
    unknown = olga.send("inquiries", typed(POLICE, colour="red"))
    assert unknown.json()["fields"] == {"colour": ["unknown"]}
    born = olga.send("inquiries", typed(POLICE, persons=[{"name": "A", "born": "long ago"}]))
    assert born.json()["field"] == "persons.0.born"
    handling = olga.send("inquiries", typed(POLICE, handling=["H9"]))
    assert handling.json()["code"] == "handling.unknown" or handling.status_code == 422
    assert not Inquiry.objects.exists()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("{", 400, "api.body"), ("[]", 400, "api.body"), ('{"fields": {"facts": "a\\u0000b"}}', 400, "api.body"),
        ('{"fields": {"facts": "\\ud800"}}', 400, "api.body"), ('{"a":' * 60 + "1" + "}" * 60, 400, "api.body"),
        (b"\xff\xfe", 400, "api.body"), ('{"fields": 3}', 422, "api.field"), ('{"a": NaN}', 400, "api.body"),
        ('{"a":"' + "x" * 300_000 + '"}', 413, "api.body.size"), ("[" * 100_000, 400, "api.body"),
    ],
    ids=range(10),
)  # fmt: skip
def test_a_body_that_cannot_be_read_is_refused_with_a_code(
    world: InquiryWorld, body: str | bytes, status: int, code: str
) -> None:
    answer = Program(world.officer).send("inquiries", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Inquiry.objects.exists()


def test_lists_go_on_from_the_cursor_and_leave_out_what_is_old(world: InquiryWorld) -> None:
    olga = Program(world.officer)
    for number in range(103):
        world.save(POLICE, case_number=f"C-{number}")
    first = olga.get("inquiries").json()
    second = olga.get(f"inquiries?cursor={first['next']}").json()
    told = [one["id"] for one in [*first["items"], *second["items"]]]
    assert len(first["items"]) == 100 and second["next"] is None
    assert told == sorted(Inquiry.objects.values_list("pk", flat=True))
    assert olga.get("inquiries?updated_since=2999-01-01T00:00:00Z").json()["items"] == []
    assert len(olga.get("inquiries?updated_since=2020-01-01T00:00:00Z").json()["items"]) == 100
    for wrong in ("cursor=-1", "cursor=%C2%B2", "updated_since=2020-01-01T00:00:00", "updated_since=x"):
        assert olga.get(f"inquiries?{wrong}").status_code == 422


def test_a_token_for_reading_changes_nothing(world: InquiryWorld) -> None:
    reader = Program(world.officer, "read")
    assert reader.send("inquiries", typed(POLICE)).json()["code"] == "api.scope"
    writer = Program(world.officer, "read", "write")
    made = writer.done("inquiries", typed(POLICE))
    draft = writer.done(f"inquiries/{made['id']}/open")["draft"]
    assert writer.send(f"drafts/{draft}/release").json()["code"] == "api.scope"
    assert not Message.objects.exists()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    st.dictionaries(
        st.sampled_from(["facts", "counterpart", "instrument", "urgency", "due_on", "handling", "oral_at", "x"]),
        st.text(max_size=20) | st.booleans() | st.lists(st.text(max_size=5), max_size=2),
    )
)
def test_whatever_is_typed_is_kept_or_refused_with_a_code(world: InquiryWorld, fields: dict[str, Any]) -> None:
    world.officer.refresh_from_db()
    answer = Program(world.officer).send("inquiries", {"fields": fields})
    assert answer.status_code in {200, 400, 422}
    assert answer.status_code == 200 or answer.json()["code"]


def test_the_addressee_abroad_is_the_one_named(world: InquiryWorld) -> None:
    made = Program(world.officer).done("inquiries", typed(POLICE))
    assert Inquiry.objects.get(pk=made["id"]).counterpart == CENTRAL
