"""A case system of each side works an inquiry through the API only: ask, release, receive, answer, verify, close."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contraparte.directory.models import Tenure
from contraparte.exchange.models import Draft, Message
from contraparte.inquiries.actions.translating import COPY_BYTES
from contraparte.inquiries.models import Inquiry, SignedCopy
from contraparte.web.api.tokens import SCOPES, make_token
from tests.inquiries.inquiry_world import CENTRAL, COURT, FEDERAL, LETTER, POLICE, SONORA, InquiryWorld
from tests.inquiries.test_letters import SIGNED, TEXTS

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


def test_a_lead_becomes_one_formal_request(world: InquiryWorld) -> None:
    row = world.ask(POLICE, handling=["H2"])
    olga, path = Program(world.officer), f"inquiries/{row.pk}"
    assert "convert" in olga.get(path).json()["ways"]
    assert olga.send(f"{path}/convert", {"instrument": "police_channel"}).json()["field"] == "instrument"
    theirs = Program(world.agent).send(f"inquiries/{world.other(row).pk}/convert", {"instrument": "untoc"})
    assert theirs.status_code == 404, "what the other side asked for is no lead here"
    told = [olga.send(f"{path}/convert", {"instrument": "untoc"}, key="convert-1").json() for _ in range(2)]
    assert told[0] == told[1]
    made = olga.get(f"inquiries/{told[0]['id']}").json()
    assert (made["lead"], made["typed"]["instrument"], made["typed"]["handling"]) == (row.pk, "untoc", ["H2"])
    again = olga.send(f"{path}/convert", {"instrument": "untoc"})
    assert (again.status_code, again.json()["code"]) == (409, "inquiry.converted")
    now = olga.get(path).json()
    assert now["followers"] == [made["id"]] and "convert" not in now["ways"]


def test_what_was_transferred_is_asked_of_the_post_that_was_named(world: InquiryWorld) -> None:
    row = world.ask(POLICE)
    olga, path = Program(world.officer), f"inquiries/{row.pk}"
    assert olga.send(f"{path}/redirect").status_code == 404
    Program(world.agent).done(f"inquiries/{world.other(row).pk}/steps/transfer", {"fields": {"to": COURT}})
    world.settle()
    assert olga.get(path).json()["transferred_to"] == COURT and "redirect" in olga.get(path).json()["ways"]
    made = olga.done(f"{path}/redirect")
    assert olga.get(f"inquiries/{made['id']}").json()["counterpart"] == COURT
    assert olga.send(f"{path}/redirect").status_code == 404


def test_a_draft_is_shown_commented_taken_up_and_sent_on_by_programs(world: InquiryWorld) -> None:
    olga, arturo, fernanda = (Program(one) for one in (world.officer, world.chief, world.federal))
    made = olga.done("inquiries", typed(POLICE, counterpart=FEDERAL, purpose=""))
    path = f"inquiries/{made['id']}"
    gaps = olga.get(f"{path}/gaps", HTTP_ACCEPT_LANGUAGE="es").json()
    assert [(one["field"], one["what"]) for one in gaps["gaps"]] == [("purpose", "Falta la finalidad.")]
    wrong = olga.send(f"{path}/share", {"question": "Whole?", "send_on_to": SONORA})
    assert wrong.json()["field"] == "send_on_to"
    draft = olga.done(f"{path}/share", {"question": "Whole?", "send_on_to": CENTRAL})["draft"]
    release(world, draft, olga, arturo, Program(world.second_chief))
    (came,) = fernanda.get("inquiries").json()["items"]
    theirs = f"inquiries/{came['id']}"
    shown = fernanda.get(theirs).json()
    assert shown["shared"][0]["content"]["question"] == "Whole?" and shown["ways"] == ["comment", "take"]
    assert fernanda.send(f"{theirs}/comment", {"verdict": "incomplete"}).json()["field"] == "text"
    said = fernanda.done(f"{theirs}/comment", {"verdict": "incomplete", "text": "The purpose is missing."})
    assert said["message"] and said["draft"] is None
    world.settle()
    assert olga.get(path).json()["shared"][-1]["content"]["text"] == "The purpose is missing."
    assert olga.send(f"{path}/comment", {"verdict": "complete"}).status_code == 404
    own = [fernanda.send(f"{theirs}/take", key="take-it-up").json() for _ in range(2)]
    assert own[0] == own[1] and fernanda.get(f"inquiries/{own[0]['id']}").json()["counterpart"] == CENTRAL
    assert fernanda.get(theirs).json()["ways"] == ["comment"]


def test_a_request_is_handed_to_another_post_of_the_agency_and_back(world: InquiryWorld) -> None:
    walter, cecil = Program(world.agent), Program(world.clerk)
    made = walter.done("inquiries", typed(POLICE, counterpart=SONORA))
    path = f"inquiries/{made['id']}"
    assert walter.send(f"{path}/hand", {"to": SONORA}).json()["field"] == "to"
    assert walter.done(f"{path}/hand", {"to": COURT, "note": "Yours."}) == {"post": COURT}
    assert walter.send(f"{path}/hand", {"to": COURT}).status_code == 404, "it is read by who held it, and no more"
    assert cecil.get(path).json()["ways"] == ["share", "hand", "hand-back"]
    assert [(one["from"], one["to"], one["note"]) for one in cecil.get(path).json()["legs"]] == [
        (CENTRAL, COURT, "Yours.")
    ]
    assert [one["author"] for one in cecil.get(path).json()["versions"]] == [CENTRAL]
    assert cecil.send(f"{path}/hand-back", {"note": " "}).json()["field"] == "note"
    assert cecil.done(f"{path}/hand-back", {"note": "Name the victim."}) == {"post": CENTRAL}


def test_a_letter_is_translated_certified_printed_and_signed_by_programs(world: InquiryWorld) -> None:
    olga = Program(world.officer)
    path = f"inquiries/{olga.done('inquiries', typed(LETTER, instrument='reciprocity', article=''))['id']}"
    read = olga.get(f"{path}/letter")
    assert (read.json()["version"], read.json()["is_unsigned"]) == ("", True)
    assert olga.get(f"{path}/letter.pdf").json()["code"] == "letter.incomplete"
    fields = {f"text-{name}": text for name, text in TEXTS.items()}
    fields |= {"written_in": "en", "letter_on": "2026-11-20", "signer": "Director"}
    for told, field in (
        ({"fields": fields, "certify": True}, "translated_by"),
        ({"fields": fields | {"written_in": "fr"}}, "written_in"),
        ({"fields": fields | {"text-colour": "x"}}, "text-colour"),
    ):
        assert olga.send(f"{path}/letter", told, method="put", HTTP_IF_MATCH=read["ETag"]).json()["field"] == field
    fields |= {"translated_by": "Perita 77", "translated_on": "2026-11-21"}
    told = {"fields": fields, "certify": True}
    whole = olga.send(f"{path}/letter", told, method="put", HTTP_IF_MATCH=read["ETag"])
    assert whole.json()["version"] == olga.get(f"{path}/letter").json()["version"] != ""
    late = olga.send(f"{path}/letter", told, method="put", HTTP_IF_MATCH=read["ETag"])
    assert (late.status_code, late.json()["code"]) == (412, "api.outdated")
    assert olga.get(f"{path}/letter.pdf").content.startswith(b"%PDF-")
    name = (
        f'attachment; filename="f.pdf"; version="{whole.json()["version"][:8]}"; signed_by*=UTF-8\'\'Mar%C3%ADa%20Ramos'
    )

    def sign(said: str, data: bytes = SIGNED, **more: str) -> Any:
        headers = olga.headers | more | {"HTTP_IDEMPOTENCY_KEY": "signed-copy-1", "HTTP_CONTENT_DISPOSITION": said}
        return Client().post(f"/api/v1/{path}/letter/signed", data=data, content_type="application/pdf", **headers)

    assert sign('attachment; filename="f.pdf"').json()["field"] == "version"
    assert sign(name.replace('version="', 'version="0000')).json()["code"] == "letter.version"
    assert sign(name, b"GIF89a").json()["code"] == "letter.pdf"
    large = sign(name, CONTENT_LENGTH=str(COPY_BYTES + 1))
    assert (large.status_code, large.json()["code"]) == (422, "letter.too_large"), "refused before it is read"
    assert not SignedCopy.objects.exists()
    first, second = sign(name), sign(name)
    assert first.json() == second.json() and SignedCopy.objects.get().signed_by == "María Ramos"
    (copy,) = olga.get(f"{path}/letter").json()["copies"]
    assert olga.get(f"{path}/letter/signed/{copy['id']}").getvalue() == SIGNED
    told = olga.get(f"{path}/letter").json()
    assert (told["is_unsigned"], told["signed_file"]) == (False, None)
    gone = olga.done(f"{path}/letter/signed/{copy['id']}/enclose")
    assert olga.get(f"{path}/letter").json()["signed_file"] == gone["file"]
    assert Program(world.agent).get(f"{path}/letter/signed/{copy['id']}").status_code == 404
