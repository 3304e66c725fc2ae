"""The desk for programs: files, contacts, proofs, items' rights, a field kept at home, all as on the pages."""

import hashlib
import io
import zipfile
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from contraparte.directory.rules.roles import Role
from contraparte.exchange import actions
from contraparte.exchange.models import Attachment, CustodyEvent, Draft, Filing, Hold, Message, Permission, Recall
from contraparte.exchange.recalls import order_recall
from contraparte.ledger.models import Log
from contraparte.protocol.notes import Note
from contraparte.protocol.tlog_proof import TlogProof
from tests.exchange.package_world import EVIDENCE, cosign, publish_directories, thread_of
from tests.exchange.rights_world import TIP, ask, marking, people_of, send_item
from tests.exchange.small_world import CENTRE, FEDERAL, SONORA, SmallWorld
from tests.exchange.test_attachments import content, put_in, release
from tests.inquiries.test_by_program import Program

PHOTO = content(700_000, b"photo")
TODAY = timezone.now().date().isoformat()
NEXT_WEEK = (timezone.now() + timedelta(days=7)).date().isoformat()
NAMED = {"HTTP_CONTENT_DISPOSITION": 'attachment; filename="frame.jpg"'}


def folder(name: str) -> list[Path]:
    return sorted((settings.HOME.path / name).glob("*"))


def upload(program: Program, draft: Draft, data: bytes = PHOTO, *, key: str = "", **headers: Any) -> Any:
    program.number += 1
    return Client().post(
        f"/api/v1/drafts/{draft.pk}/files", data=data, content_type="image/jpeg",
        **(NAMED | program.headers | {"HTTP_IDEMPOTENCY_KEY": key or f"file-{program.number:08}"} | headers),
    )  # fmt: skip


def given(answer: Any) -> bytes:
    assert answer.status_code == 200, answer
    return b"".join(answer.streaming_content)


@pytest.fixture
def crossed(world: SmallWorld) -> tuple[Message, Attachment]:
    """A note with one photograph at the centre, and the photograph as the centre holds it."""
    draft = world.draft()
    put_in(world, draft, PHOTO, name="armazón izquierdo.jpg")
    message = release(world, draft)
    world.settle()
    return message, Attachment.objects.get(agency="us.ntc")


# --- files ---


def test_a_file_is_put_in_once_read_again_and_taken_out(world: SmallWorld) -> None:
    draft, olga = world.draft(), Program(world.officer)
    made = upload(olga, draft, key="one-photograph")
    assert made.status_code == 200 and made.json()["sha256"] == hashlib.sha256(PHOTO).hexdigest()
    again = upload(olga, draft, key="one-photograph")
    assert again.json() == made.json() and Attachment.objects.count() == 1
    other = upload(olga, draft, b"another", key="one-photograph")
    assert (other.status_code, other.json()["code"]) == (409, "api.repeat")
    assert folder("arriving") == [] and len(folder("attachments")) == 1
    one = f"drafts/{draft.pk}/files/{made.json()['id']}"
    arturo = Program(world.chief)
    (shown,) = arturo.get(f"drafts/{draft.pk}/files").json()["items"]
    assert (shown["name"], shown["media_type"], shown["size"]) == ("frame.jpg", "image/jpeg", len(PHOTO))
    assert [link["kind"] for link in shown["custody"]] == ["added"]
    assert [one["name"] for one in arturo.get(f"drafts/{draft.pk}").json()["files"]] == ["frame.jpg"]
    assert given(arturo.get(one)) == PHOTO
    assert olga.send(one, method="delete").status_code == 200
    assert olga.send(one, method="delete").status_code == 404 and folder("attachments") == []
    assert CustodyEvent.objects.filter(kind="removed").exists()


def test_a_file_that_cannot_be_taken_is_refused_by_name_and_leaves_no_byte(world: SmallWorld) -> None:
    draft, olga = world.draft(), Program(world.officer)
    said = {name: {"HTTP_CONTENT_DISPOSITION": value} for name, value in {
        "none": "", "slashes": 'attachment; filename="x/"', "letters": 'attachment; filename="armaz\xc3\xb3n.jpg"',
        "charset": "attachment; filename*=no-such''a", "broken": "attachment; filename*=UTF-8''%ff",
    }.items()}  # fmt: skip
    for name, headers in said.items():
        answer = upload(olga, draft, **headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "attachment.name"), name
    wrong: list[tuple[str, int, dict[str, Any]]] = [
        ("api.body.length", 411, {"CONTENT_LENGTH": ""}),
        ("api.body.length", 411, {"CONTENT_LENGTH": "-1"}),
        ("api.body.length", 411, {"CONTENT_LENGTH": str(len(PHOTO) + 1), "wsgi.input": BytesIO(PHOTO)}),
        ("attachment.too_large", 422, {"CONTENT_LENGTH": str(2**40 + 1)}),
        ("attachment.too_large", 422, {"CONTENT_LENGTH": "9" * 5000}),
        ("attachment.empty", 422, {"data": b"", "CONTENT_LENGTH": "0"}),
        ("api.repeat", 409, {"HTTP_IDEMPOTENCY_KEY": ""}),
    ]
    for code, status, more in wrong:
        answer = upload(olga, draft, **more)
        assert (answer.status_code, answer.json()["code"]) == (status, code), more
    review = upload(olga, world.draft(type="note.review/1"))
    assert review.json()["code"] == "attachment.not_taken"
    assert not Attachment.objects.exists() and folder("arriving") == folder("attachments") == []


class Counted(BytesIO):
    """A body that notes how much of it was asked for at once."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self.asked: list[int] = []

    def read(self, size: int | None = -1, /) -> bytes:
        self.asked.append(-1 if size is None else size)
        return super().read(size)


class Cut(BytesIO):
    """A body whose sender goes away in the middle."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise OSError("the program went away")


def test_a_file_is_read_in_pieces_and_one_that_breaks_off_leaves_no_byte(world: SmallWorld) -> None:
    draft, olga = world.draft(), Program(world.officer)
    body = Counted(PHOTO)
    assert upload(olga, draft, **{"wsgi.input": body}).status_code == 200
    assert len(body.asked) > 2 and all(0 < size <= 256 * 1024 for size in body.asked)
    cut = upload(olga, draft, **{"wsgi.input": Cut()})
    assert (cut.status_code, cut.json()["code"]) == (411, "api.body.length")
    assert Attachment.objects.count() == 1 and folder("arriving") == []


def test_nobody_but_its_post_reads_the_body_into_a_draft(world: SmallWorld) -> None:
    draft, body = world.draft(), Counted(PHOTO)
    abroad = Program(world.appoint("nina", CENTRE, Role.OFFICER))
    reader = Program(world.officer, "read")
    custodian = Program(world.appoint("carla", SONORA, Role.CUSTODIAN))
    answers = [upload(one, draft, **{"wsgi.input": body}).status_code for one in (abroad, reader, custodian)]
    assert answers == [404, 403, 403] and body.asked == [] and not Attachment.objects.exists()


def test_a_file_that_crossed_is_given_whole_and_its_reading_is_told(
    world: SmallWorld, crossed: tuple[Message, Attachment]
) -> None:
    _, file = crossed
    assert file.message is not None
    nina = Program(world.appoint("nina", CENTRE, Role.OFFICER))
    answer = nina.get(f"conversations/{file.message.conversation_id}/files/{file.pk}")
    assert answer["Content-Type"] == "application/octet-stream" and "no-store" in answer["Cache-Control"]
    assert answer["Content-Disposition"].startswith("attachment;") and given(answer) == PHOTO
    assert file.message.receipts.filter(kind="opened", ours=True).exists()
    (shown,) = nina.get(f"conversations/{file.message.conversation_id}/files").json()["items"]
    assert shown["name"] == "armazón izquierdo.jpg" and shown["sha256"] == hashlib.sha256(PHOTO).hexdigest()
    assert {"received", "downloaded", "opened"} <= {link["kind"] for link in shown["custody"]}


def test_a_recalled_file_is_neither_listed_nor_given(world: SmallWorld, crossed: tuple[Message, Attachment]) -> None:
    message, file = crossed
    assert file.message is not None
    order_recall(message, reason="mistake", by=world.officer, now=timezone.now())
    world.settle()
    nina = Program(world.appoint("nina", CENTRE, Role.OFFICER))
    thread = f"conversations/{file.message.conversation_id}/files"
    assert nina.get(thread).json()["items"] == []
    answer = nina.get(f"{thread}/{file.pk}")
    assert answer.json()["code"] == "item.recalled" and "armaz" not in answer.content.decode()
    assert not CustodyEvent.objects.filter(kind="downloaded").exists()


# --- packages ---


def test_a_package_holds_the_messages_named_and_says_why_others_stay_out(world: SmallWorld, tmp_path: Path) -> None:
    publish_directories(world, tmp_path / "safe")
    thread = thread_of(world)
    cosign(world)
    (lead,) = actions.send_all([world.note("a lead", thread)], now=timezone.now())
    olga, where = Program(world.officer), f"conversations/{thread.pk}/package"
    listed = {one["uuid"]: one["refused"] for one in olga.get(where).json()["items"]}
    assert listed[lead] == "package.intelligence"
    may = [uuid for uuid, refused in listed.items() if refused is None]
    answer = olga.send(where, {"items": may})
    names = zipfile.ZipFile(io.BytesIO(given(answer))).namelist()
    assert sum(name.endswith("presentation.sd-jwt") for name in names) == len(may) > 1
    assert olga.send(where, {"items": [lead]}).json()["code"] == "package.intelligence"
    assert olga.send(where, {"items": []}).json()["code"] == "package.item"
    assert not list((settings.HOME.path / "run").glob("package-*"))


# --- a field kept at home ---


def test_a_field_kept_at_home_does_not_leave_and_voids_the_approval(world: SmallWorld) -> None:
    draft = world.draft(marking=EVIDENCE, text="where?", body={"text": "where?", "serial": "GH4471K"})
    olga, arturo, path = Program(world.officer), Program(world.chief), f"drafts/{draft.pk}"
    arturo.done(f"{path}/approve", {"digest": arturo.get(path).json()["digest"]})
    assert arturo.get(path).json()["approvals"] == 1
    for wrong in (
        {"pointer": "/nothing", "text": "x"},
        {"pointer": "", "text": "x"},
        {"pointer": "/serial", "text": " "},
    ):
        assert olga.send(f"{path}/redact", wrong).status_code == 422
    olga.done(f"{path}/redact", {"pointer": "/serial", "text": "under examination"})
    shown = olga.get(path).json()
    assert shown["approvals"] == 0 and not shown["may_leave"]
    (staying,) = [one for one in shown["recipients"][0]["staying"] if one["pointer"] == "/serial"]
    assert staying["policies"] == ["under examination"]


# --- posts and proofs ---


def test_contacts_answer_who_handles_what_where(world: SmallWorld) -> None:
    olga = Program(world.officer)
    found = olga.get("contacts?agency=mx.fge-son").json()
    assert [one["post"] for one in found["items"]] == [SONORA] and found["next"] is None
    assert {one["name"] for one in found["items"][0]["holders"]} >= {"olga", "arturo"}
    assert olga.get("contacts?q=zzz").json()["items"] == []
    for wrong in ("cursor=-1", "cursor=x", "q=" + "x" * 300, "agency=%00"):
        assert olga.get(f"contacts?{wrong}").status_code == 422, wrong


def test_an_auditor_reads_heads_and_proofs_and_no_content(world: SmallWorld) -> None:
    (uuid,) = actions.send_all([world.note("please")], now=timezone.now())
    world.settle()
    auditor = Program(world.appoint("ada", SONORA, Role.AUDITOR))
    listed = {one["peer"]: one for one in auditor.get("logs").json()["items"]}
    head = listed["us.ntc"]["mine"]
    assert head["size"] == Log.objects.get(pk=head["id"]).size
    assert str(head["size"]) in Note.parse(head["checkpoint"].encode()).text.splitlines()
    row = Message.objects.get(uuid=uuid, direction="out")
    proof = auditor.get(f"messages/{uuid}/proof")
    assert TlogProof.parse(proof.content).index == row.log_index and "attachment" in proof["Content-Disposition"]
    assert auditor.get(f"logs/{head['id']}/entries/{row.log_index}/proof").content == proof.content
    assert auditor.get(f"conversations/{row.conversation_id}/messages").status_code == 403
    foreign = Log.objects.get(agency="us.ntc", mine=True)
    for address in (f"logs/{foreign.pk}/entries/0/proof", f"logs/{head['id']}/entries/{head['size']}/proof"):
        assert auditor.get(address).status_code == 404, address
    assert auditor.get("messages/x/proof").status_code == 422


# --- items ---


def test_programs_ask_permit_withdraw_and_refuse(world: SmallWorld) -> None:
    people = people_of(world)
    sent, item = send_item(world)
    officer, chief = Program(people.officers[FEDERAL]), Program(people.chiefs[CENTRE])
    form = {"kind": "onward", "recipient": SONORA, "until": NEXT_WEEK, "why": "Sonora watches the road."}
    first = officer.send(f"items/{item.pk}/permissions", {"fields": form}, key="ask-for-sonora")
    again = officer.send(f"items/{item.pk}/permissions", {"fields": form}, key="ask-for-sonora")
    assert first.status_code == 200 and first.json() == again.json() and Permission.objects.count() == 1
    world.settle()
    (asked,) = chief.get("permissions").json()["items"]
    assert (asked["item"], asked["why"], asked["recipients"]) == (sent.pk, form["why"], [SONORA])
    where = f"permissions/{asked['id']}"
    assert Program(people.chiefs[CENTRE], "read", "write").send(f"{where}/grant").json()["code"] == "api.scope"
    assert Program(people.officers[CENTRE]).send(f"{where}/grant").status_code == 403
    assert chief.done(f"{where}/grant")["state"] == "granted"
    assert chief.send(f"{where}/grant").status_code == 409
    assert chief.done(f"{where}/revoke")["state"] == "revoked"
    world.settle()
    assert officer.get(f"items/{item.pk}").json()["permissions"][0]["state"] == "revoked"
    _, second = ask(world, people, item, SONORA)
    whim = chief.send(f"permissions/{second.pk}/refuse", {"fields": {"ground": "whim"}})
    assert whim.status_code == 422 and list(whim.json()["fields"]) == ["ground"]
    assert chief.done(f"permissions/{second.pk}/refuse", {"fields": {"ground": "rights_risk"}})["state"] == "refused"


def test_a_field_that_is_wrong_is_named_as_it_was_written(world: SmallWorld) -> None:
    people = people_of(world)
    _, item = send_item(world)
    officer = Program(people.officers[FEDERAL])
    missing = officer.send(f"items/{item.pk}/permissions", {"fields": {"kind": "onward", "until": NEXT_WEEK}})
    assert (missing.json()["code"], missing.json()["field"]) == ("permission.scope", "recipient")
    unknown = officer.send(f"items/{item.pk}/permissions", {"fields": {"colour": "red"}})
    assert unknown.json()["fields"] == {"colour": ["unknown"]}


def test_a_program_recalls_and_reads_who_has_answered(world: SmallWorld) -> None:
    people = people_of(world)
    sent, item = send_item(world)
    sender, holder = Program(people.officers[CENTRE]), Program(people.officers[FEDERAL])
    thread = f"conversations/{item.conversation_id}/messages"
    assert TIP in holder.get(thread).content.decode()
    body = {"fields": {"reason": "source_at_risk", "note": "The source was named in it."}}
    assert holder.send(f"items/{item.pk}/recall", body).status_code == 403
    assert sender.done(f"items/{sent.pk}/recall", body)["orders"][0]["post"] == FEDERAL
    world.settle()
    assert TIP not in holder.get(thread).content.decode()
    assert holder.get(f"items/{item.pk}").json()["recalled"]["reason"] == "source_at_risk"
    assert [one["outcome"] for one in sender.get(f"items/{sent.pk}").json()["holders"]] == ["quarantined"]
    assert Recall.objects.filter(direction="out").count() == 1
    filed = {"fields": {"court": "Juzgado Segundo, 44/2026", "filed_on": timezone.now().date().isoformat()}}
    assert holder.done(f"items/{item.pk}/filings", filed)["id"] == Filing.objects.get().pk


def test_intelligence_is_not_filed_and_a_hold_is_an_authorising_persons(world: SmallWorld) -> None:
    people = people_of(world)
    _, item = send_item(world, marked=marking("H1"))
    officer, chief = Program(people.officers[FEDERAL]), Program(people.chiefs[FEDERAL])
    filed = {"fields": {"court": "Juzgado 1", "filed_on": timezone.now().date().isoformat()}}
    refused = officer.send(f"items/{item.pk}/filings", filed)
    assert (refused.status_code, refused.json()["code"]) == (403, "evidence.forbidden") and not Filing.objects.exists()
    held = {"fields": {"reason": "litigation", "review_on": NEXT_WEEK}}
    assert officer.send(f"items/{item.pk}/holds", held).status_code == 403
    made = chief.send(f"items/{item.pk}/holds", held, key="hold-the-item")
    assert made.json() == chief.send(f"items/{item.pk}/holds", held, key="hold-the-item").json()
    assert [one["reason"] for one in chief.get(f"items/{item.pk}").json()["holds"]] == ["litigation"]
    assert chief.done(f"holds/{made.json()['id']}/lift")["lifted_at"] is not None
    assert not Hold.objects.filter(agency="mx.fgr", lifted_at=None).exists()


def test_a_duty_of_disclosure_takes_two_persons_programs_and_who_sent_it_is_told(world: SmallWorld) -> None:
    people = people_of(world)
    sent, item = send_item(world, marked=marking("H1"))
    first, second = Program(people.chiefs[FEDERAL]), Program(world.appoint("f-second", FEDERAL, Role.AUTHORISER))
    declared = {"fields": {"basis": "court_order", "citation": "Order 12/2026", "court": "Juzgado 1", "dated": TODAY}}
    assert Program(people.officers[FEDERAL]).send(f"items/{item.pk}/duties", declared).status_code == 403
    nameless = {"fields": declared["fields"] | {"citation": ""}}
    assert list(first.send(f"items/{item.pk}/duties", nameless).json()["fields"]) == ["citation"]
    made = first.send(f"items/{item.pk}/duties", declared, key="declare-the-duty")
    assert made.json() == first.send(f"items/{item.pk}/duties", declared, key="declare-the-duty").json()
    where, filed = f"duties/{made.json()['id']}", {"court": "Juzgado 1, 44/2026", "filed_on": TODAY}
    assert second.send(f"{where}/confirm", {"fields": filed}).json()["code"] == "disclosure.untold"
    world.settle()
    assert first.send(f"{where}/confirm", {"fields": filed}).json()["code"] == "disclosure.same_person"
    sender = Program(people.chiefs[CENTRE])
    (told,) = sender.get(f"items/{sent.pk}/duties").json()["items"]
    assert (told["is_ours"], told["citation"]) == (False, "Order 12/2026")
    objection = {"fields": {"ground": "third_party", "note": "Not ours to show."}}
    assert sender.done(f"duties/{told['id']}/object", objection)["state"] == "declared"
    world.settle()
    assert second.send(f"{where}/confirm", {"fields": filed}).json()["code"] == "disclosure.objection"
    (ours,) = second.get(f"items/{item.pk}/duties").json()["items"]
    assert ours["objection_note"] == "Not ours to show."
    confirmed = second.done(f"{where}/confirm", {"fields": filed | {"objection": ours["objection"]}})
    assert confirmed["filing"] == Filing.objects.get().pk
    assert first.send(f"{where}/withdraw").status_code == 409


def test_a_source_is_named_by_its_item_and_another_posts_item_is_not_there(world: SmallWorld) -> None:
    people = people_of(world)
    _, item = send_item(world)
    draft = actions.draft(
        "note.say/1", {"text": TIP}, conversation=world.conversation(FEDERAL, SONORA),
        marking=marking("H0"), by=people.officers[FEDERAL], now=timezone.now(),
    )  # fmt: skip
    officer = Program(people.officers[FEDERAL])
    officer.done(f"drafts/{draft.pk}/cite", {"item": item.pk})
    assert list(draft.sources.values_list("item", flat=True)) == [item.pk]
    assert "H2" in str(officer.get(f"drafts/{draft.pk}").json()["marking"])
    mine = world.draft()
    assert Program(world.officer).send(f"drafts/{mine.pk}/cite", {"item": item.pk}).status_code == 404


def test_what_is_said_about_an_item_is_no_item(world: SmallWorld) -> None:
    people = people_of(world)
    _, item = send_item(world)
    ask(world, people, item, SONORA)
    said = Message.objects.get(type="permission.ask/1", direction="out")
    assert Program(people.officers[FEDERAL]).get(f"items/{said.pk}").status_code == 404
