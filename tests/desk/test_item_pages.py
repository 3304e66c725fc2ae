"""The page of an item: what a person may do there, what is refused with which words, and what a recall hides."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contraparte.directory.models import Tenure
from contraparte.directory.queries import Role
from contraparte.exchange import actions
from contraparte.exchange.models import DisclosureDuty, Draft, Filing, Hold, Message, Permission, Recall
from contraparte.exchange.permissions import ask_permission
from contraparte.exchange.recalls import order_recall
from contraparte.exchange.rules.permissions import Kind
from tests.exchange.rights_world import TIP, ask, draft_on, marking, people_of, send_item, soon
from tests.exchange.small_world import CENTRE, FEDERAL, SONORA, SmallWorld

BrowserOf = Callable[[Tenure], Client]
NEXT_WEEK = (timezone.now() + timedelta(days=7)).date().isoformat()


def at(item: Message, action: str = "") -> str:
    return f"/items/{item.pk}/{action}/" if action else f"/items/{item.pk}/"


def now() -> Any:
    return timezone.now()


def test_asking_and_permitting_by_the_pages(world: SmallWorld, browser_of: BrowserOf) -> None:
    people = people_of(world)
    sent, item = send_item(world)
    officer, chief = browser_of(people.officers[FEDERAL]), browser_of(people.chiefs[CENTRE])
    form = {"kind": "onward", "recipient": SONORA, "until": NEXT_WEEK, "why": "Sonora watches the road."}
    assert officer.post(at(item, "ask"), form).status_code == 302
    world.settle()
    row = Permission.objects.get(side="granter")
    shown = chief.get(at(sent)).content.decode()
    assert "Sonora watches the road." in shown and "Permit it" in shown
    assert chief.post(f"/permissions/{row.pk}/grant/").status_code == 302
    world.settle()
    assert Permission.objects.get(side="holder").state == "granted"
    assert chief.post(f"/permissions/{row.pk}/grant/").status_code == 409
    assert chief.post(f"/permissions/{row.pk}/revoke/").status_code == 302
    world.settle()
    assert Permission.objects.get(side="holder").state == "revoked"
    assert "had not read it" not in chief.get(at(sent)).content.decode()


def test_refusing_keeps_the_ground(world: SmallWorld, browser_of: BrowserOf) -> None:
    people = people_of(world)
    _, item = send_item(world)
    _, row = ask(world, people, item, SONORA)
    chief = browser_of(people.chiefs[CENTRE])
    assert chief.post(f"/permissions/{row.pk}/refuse/", {"ground": "whim"}).status_code == 422
    assert chief.post(f"/permissions/{row.pk}/refuse/", {"ground": "rights_risk", "note": "No."}).status_code == 302
    world.settle()
    assert "Discrimination or risk to rights" in browser_of(people.officers[FEDERAL]).get(at(item)).content.decode()


def test_a_request_without_its_scope_shows_the_field_and_keeps_what_was_typed(
    world: SmallWorld, browser_of: BrowserOf
) -> None:
    people = people_of(world)
    _, item = send_item(world)
    form = {"kind": "onward", "recipient": "", "until": NEXT_WEEK, "why": "Kept as typed."}
    answer = browser_of(people.officers[FEDERAL]).post(at(item, "ask"), form)
    shown = answer.content.decode()
    assert answer.status_code == 422 and "permission.scope" in shown and "Kept as typed." in shown
    assert "usa-error-message" in shown and not Permission.objects.exists()


def test_a_recall_by_the_page_hides_the_content_from_the_holder_and_lists_who_answered(
    world: SmallWorld, browser_of: BrowserOf
) -> None:
    people = people_of(world)
    sent, item = send_item(world)
    sender, holder = browser_of(people.officers[CENTRE]), browser_of(people.officers[FEDERAL])
    thread = f"/conversations/{item.conversation_id}/"
    assert TIP in holder.get(thread).content.decode()
    form = {"reason": "source_at_risk", "note": "The source was named in it."}
    assert sender.post(at(sent, "recall"), form).status_code == 302
    assert "has not answered" in sender.get(at(sent)).content.decode()
    world.settle()
    for address in (thread, at(item)):
        shown = holder.get(address).content.decode()
        assert TIP not in shown and "Recalled by who sent it" in shown
    assert "withdrawn from everybody" in sender.get(at(sent)).content.decode()
    assert TIP in sender.get(f"/conversations/{sent.conversation_id}/").content.decode(), "its own words stay its own"


def test_intelligence_is_not_put_into_a_court_file_and_the_page_names_the_ways_out(
    world: SmallWorld, browser_of: BrowserOf
) -> None:
    people = people_of(world)
    _, item = send_item(world, marked=marking("H1"))
    today = now().date().isoformat()
    answer = browser_of(people.officers[FEDERAL]).post(at(item, "file"), {"court": "Juzgado 1", "filed_on": today})
    shown = answer.content.decode()
    assert (
        answer.status_code == 403
        and "evidence.forbidden" in shown
        and "Three ways are open" in shown
        and "#h-duty" in shown
    )
    assert "Juzgado 1" in shown and not Filing.objects.exists()


def test_a_duty_of_disclosure_by_the_pages_from_its_declaration_to_the_court_file(
    world: SmallWorld, browser_of: BrowserOf
) -> None:
    people = people_of(world)
    sent, item = send_item(world, marked=marking("H1"))
    first, second = browser_of(people.chiefs[FEDERAL]), browser_of(world.appoint("f2", FEDERAL, Role.AUTHORISER))
    officer, sender = browser_of(people.officers[FEDERAL]), browser_of(people.chiefs[CENTRE])
    form = {"basis": "court_order", "citation": "Auto 311", "court": "", "dated": ""}
    assert officer.post(at(item, "disclose"), form).status_code == 403
    assert browser_of(world.chief).post(at(item, "disclose"), form).status_code == 404
    answer = first.post(at(item, "disclose"), form)
    assert (
        answer.status_code == 422 and "disclosure.field" in (shown := answer.content.decode()) and "Auto 311" in shown
    )
    form |= {"court": "Juzgado Quinto", "dated": now().date().isoformat()}
    assert first.post(at(item, "disclose"), form).status_code == 302
    assert "has not been told yet" in first.get(at(item)).content.decode()
    world.settle()
    ours, theirs = DisclosureDuty.objects.get(ours=True), DisclosureDuty.objects.get(ours=False)
    assert "Confirm and record it" not in first.get(at(item)).content.decode(), "not by who declared it"
    assert "as the second person" in second.get("/desk/").content.decode()
    assert "as the second person" not in first.get("/desk/").content.decode()
    shown = sender.get(at(sent)).content.decode()
    assert "Auto 311" in shown and "declared by who holds it" in shown and "Object to it" in shown
    objection = {"ground": "not_covered", "note": "It names another file."}
    assert browser_of(people.officers[CENTRE]).post(f"/disclosures/{theirs.pk}/object/", objection).status_code == 403
    assert sender.post(f"/disclosures/{theirs.pk}/object/", objection).status_code == 302
    world.settle()
    ours.refresh_from_db()
    shown = second.get(at(item)).content.decode()
    assert "It names another file." in shown and f'value="{ours.objection}"' in shown
    filed = {"court": "Juzgado Quinto, 44/2026", "filed_on": now().date().isoformat(), "objection": str(ours.objection)}
    answer = second.post(f"/disclosures/{ours.pk}/confirm/", filed)
    assert answer.status_code == 409 and "disclosure.objection" in answer.content.decode()
    assert officer.post(f"/disclosures/{ours.pk}/confirm/", {**filed, "read": "on"}).status_code == 403
    assert second.post(f"/disclosures/{ours.pk}/confirm/", {**filed, "read": "on"}).status_code == 302
    shown = officer.get(at(item)).content.decode()
    assert "by a duty of disclosure: Auto 311" in shown and "Juzgado Quinto, 44/2026" in shown
    assert second.post(f"/disclosures/{ours.pk}/withdraw/").status_code == 409
    assert Filing.objects.get().duty == ours


def test_a_declaration_is_withdrawn_by_the_page(world: SmallWorld, browser_of: BrowserOf) -> None:
    people = people_of(world)
    sent, item = send_item(world, marked=marking("H1"))
    chief = browser_of(people.chiefs[FEDERAL])
    assert chief.post(at(item, "disclose"), {"basis": "law", "citation": "Art. 337 CNPP"}).status_code == 302
    world.settle()
    theirs = DisclosureDuty.objects.get(ours=False)
    assert browser_of(people.chiefs[CENTRE]).post(f"/disclosures/{theirs.pk}/withdraw/").status_code == 403
    assert chief.post(f"/disclosures/{DisclosureDuty.objects.get(ours=True).pk}/withdraw/").status_code == 302
    world.settle()
    assert "withdrawn" in browser_of(people.officers[CENTRE]).get(at(sent)).content.decode()
    assert set(DisclosureDuty.objects.values_list("state", flat=True)) == {"withdrawn"}


def test_a_recalled_item_that_was_filed_is_told_so_by_the_page(world: SmallWorld, browser_of: BrowserOf) -> None:
    people = people_of(world)
    sent, item = send_item(world)
    order_recall(sent, reason="legal", by=people.officers[CENTRE], now=now())
    world.settle()
    form = {"court": "Juzgado Segundo, 44/2026", "filed_on": now().date().isoformat()}
    assert browser_of(people.officers[FEDERAL]).post(at(item, "file"), form).status_code == 302
    world.settle()
    assert "Juzgado Segundo, 44/2026" in browser_of(people.officers[CENTRE]).get(at(sent)).content.decode()


def test_a_hold_is_placed_and_lifted_by_an_authorising_person(world: SmallWorld, browser_of: BrowserOf) -> None:
    people = people_of(world)
    _, item = send_item(world)
    form = {"reason": "litigation", "review_on": NEXT_WEEK}
    assert browser_of(people.officers[FEDERAL]).post(at(item, "hold"), form).status_code == 403
    chief = browser_of(people.chiefs[FEDERAL])
    assert chief.post(at(item, "hold"), {**form, "review_on": "2020-01-01"}).status_code == 422
    assert chief.post(at(item, "hold"), form).status_code == 302
    world.settle()
    theirs = Hold.objects.get(agency="us.ntc")
    assert browser_of(people.chiefs[CENTRE]).post(f"/holds/{theirs.pk}/lift/").status_code == 403
    assert chief.post(f"/holds/{Hold.objects.get(agency='mx.fgr').pk}/lift/").status_code == 302
    world.settle()
    assert not Hold.objects.filter(lifted_at=None).exists()


def test_the_preview_warns_of_pasted_words_and_names_the_source_on_request(
    world: SmallWorld, browser_of: BrowserOf
) -> None:
    people = people_of(world)
    _, item = send_item(world)
    draft = actions.draft(
        "note.say/1", {"text": f"Look out: {TIP}"}, conversation=world.conversation(FEDERAL, SONORA),
        marking=marking("H0"), by=people.officers[FEDERAL], now=now(),
    )  # fmt: skip
    officer = browser_of(people.officers[FEDERAL])
    assert "The draft repeats words of an item under H2." in officer.get(f"/release/{draft.pk}/").content.decode()
    assert officer.post(f"/release/{draft.pk}/cite/{item.pk}/").status_code == 302
    shown = officer.get(f"/release/{draft.pk}/").content.decode()
    assert "Draws on" in shown and "may not be passed on without permission" in shown


def test_a_source_of_another_post_is_not_there(world: SmallWorld, browser_of: BrowserOf) -> None:
    people = people_of(world)
    _, item = send_item(world)
    draft = world.draft()
    assert browser_of(world.officer).post(f"/release/{draft.pk}/cite/{item.pk}/").status_code == 404
    assert not Draft.objects.get(pk=draft.pk).sources.exists() and people


def test_what_is_said_about_items_is_no_item_and_leads_to_it(world: SmallWorld, browser_of: BrowserOf) -> None:
    people = people_of(world)
    _, item = send_item(world)
    ask_permission(item, Kind.EVIDENCE, until=soon(), by=people.officers[FEDERAL], now=now())
    world.settle()
    said = Message.objects.get(type="permission.ask/1", direction="out")
    officer = browser_of(people.officers[FEDERAL])
    assert officer.get(at(said)).status_code == 404
    shown = officer.get(f"/conversations/{item.conversation_id}/").content.decode()
    assert f'href="/items/{item.pk}/"' in shown and "The item it is about" in shown


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMINISTRATOR, Role.CUSTODIAN])
def test_who_reads_no_cases_opens_no_item(world: SmallWorld, browser_of: BrowserOf, role: Role) -> None:
    _, item = send_item(world)
    who = browser_of(world.appoint("w", FEDERAL, role))
    assert who.get(at(item)).status_code == 403
    assert who.post(at(item, "recall"), {"reason": "mistake"}).status_code == 403
    assert not Recall.objects.exists()


def test_a_released_draft_that_was_written_on_an_item_shows_its_onward_reader(
    world: SmallWorld, browser_of: BrowserOf
) -> None:
    people = people_of(world)
    _, item = send_item(world, marked=marking("H0"))
    draft = draft_on(world, people, item, SONORA)
    digest = actions.preview(draft, now=now()).content_digest
    actions.approve_draft(draft, digest=digest, by=people.chiefs[FEDERAL], now=now())
    actions.release_draft(draft, by=people.officers[FEDERAL], now=now())
    world.settle()
    assert "Passed on from here" in browser_of(people.officers[FEDERAL]).get(at(item)).content.decode()
