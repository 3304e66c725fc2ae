"""The pages of outcomes as each role sees them, in both languages; the command."""

import csv
import io
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contraparte.exchange.models import CaseFile
from contraparte.outcomes.actions import linking, stating
from contraparte.outcomes.desk_entries import came_of
from contraparte.outcomes.models import CaseLink, Feedback, Outcome, VictimDuty
from contraparte.outcomes.rules.quarters import Quarter
from tests.outcomes.outcome_world import MX, PROVIDED, SERIALS, US, OutcomeWorld
from tests.traces.test_pages import browser

LANGUAGES = pytest.mark.parametrize("language", ["en", "es"])
TYPED = {
    "kind": "arrest", "happened_on": "2026-11-20", "region": "mx-son", "what": "", "quantity": "", "unit": "",
    "ours": ["requested"], "yours": ["provided"],
}  # fmt: skip
SEIZURE = {"kind": "seizure", "what": "fentanyl", "quantity": "12.5", "unit": "lb"}


@LANGUAGES
def test_an_outcome_is_reported_from_its_conversation_and_confirmed_by_the_other_side(
    world: OutcomeWorld, language: str
) -> None:
    about = world.exchange()
    ours, theirs = browser(world.traces.officer, language), browser(world.traces.specialist, language)
    address = f"/outcomes/about/{about.pk}/"
    assert address in ours.get(reverse("desk:conversation", args=[about.pk])).text
    made = ours.post(address, TYPED | SEIZURE | {"victim": "on"})
    assert made.status_code == 302
    world.traces.settle()
    row = Outcome.objects.get(agency=US)
    shown = theirs.get("/outcomes/").text
    assert f"/outcomes/{row.pk}/" in shown
    page = theirs.get(f"/outcomes/{row.pk}/").text
    assert "12.5 lb" in page and "MX-SON" in page
    assert theirs.post(f"/outcomes/{row.pk}/confirm/", {"contribution": ["provided"]}).status_code == 302
    world.traces.settle()
    mine = Outcome.objects.get(agency=MX)
    words = {"en": "confirmed by both sides", "es": "confirmado por ambas partes"}
    assert words[language] in ours.get(f"/outcomes/{mine.pk}/").text
    assert ours.post(f"/outcomes/{mine.pk}/victim/", {"told_on": "2026-11-21"}).status_code == 302
    assert VictimDuty.objects.get().told_on is not None


def test_what_came_of_a_conversation_is_told_to_who_may_open_it_only(world: OutcomeWorld) -> None:
    made = world.report()
    assert made.about_id is not None
    (told,) = came_of([made.about_id], world.traces.officer)[made.about_id]
    assert told.url == f"/outcomes/{made.pk}/"
    assert came_of([made.about_id], world.traces.specialist) == {}


@LANGUAGES
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"happened_on": "2031-01-01"}, "happened_on"),
        ({"ours": [], "yours": []}, "ours"),
        ({"region": "Nogales"}, "region"),
        (SEIZURE | {"quantity": "1,5"}, "quantity"),
        (SEIZURE | {"unit": ""}, "unit"),
        (SEIZURE | {"what": ""}, "what"),
        ({"quantity": "3", "unit": "kg"}, "quantity"),
        ({"happened_on": "yesterday"}, "happened_on"),
    ],
)
def test_bad_facts_are_refused_by_field_keep_what_was_typed_and_change_nothing(
    world: OutcomeWorld, changes: dict[str, Any], field: str, language: str
) -> None:
    about = world.exchange()
    answer = browser(world.traces.officer, language).post(f"/outcomes/about/{about.pk}/", TYPED | changes)
    assert answer.status_code == 422
    form = answer.context["form"]
    assert list(form.errors) == [field]
    if changes.get("quantity"):
        assert f'value="{changes["quantity"]}"' in answer.text
    assert not Outcome.objects.exists()


@LANGUAGES
def test_a_contest_and_a_retraction_without_a_reason_are_refused(world: OutcomeWorld, language: str) -> None:
    made = world.report()
    mine, other = world.sides(made)
    theirs, ours = browser(world.traces.specialist, language), browser(world.traces.officer, language)
    assert theirs.post(f"/outcomes/{other.pk}/contest/", {"reason": ""}).status_code == 422
    assert ours.post(f"/outcomes/{mine.pk}/retract/", {"reason": "  "}).status_code == 422
    assert theirs.post(f"/outcomes/{other.pk}/contest/", {"reason": "not ours"}).status_code == 302
    world.traces.settle()
    assert "not ours" in ours.get(f"/outcomes/{mine.pk}/").text
    corrected = TYPED | {"happened_on": "2026-11-19", "reason": "misread"}
    assert ours.post(f"/outcomes/{mine.pk}/correct/", corrected).status_code == 302
    assert ours.post(f"/outcomes/{mine.pk}/retract/", {"reason": "another case"}).status_code == 302
    refused = ours.post(f"/outcomes/{mine.pk}/correct/", TYPED | {"reason": "again"})
    assert refused.status_code == 422 and refused.context["form"].non_field_errors()


@LANGUAGES
def test_feedback_stands_on_page_and_desk_until_it_is_given(world: OutcomeWorld, language: str) -> None:
    step = world.step(world.exchange())
    client = browser(world.traces.officer, language)
    address = f"/outcomes/feedback/{step.pk}/"
    assert address in client.get("/outcomes/feedback/").text
    assert client.post(address, {"code": "", "note": ""}).status_code == 422
    refused = client.post(address, {"code": "not:other", "note": ""})
    assert refused.status_code == 422 and "note" in refused.context["form"].errors
    assert client.post(address, {"code": "used:lead", "note": ""}).status_code == 302
    assert Feedback.objects.get().code == "lead"
    assert address not in client.get("/outcomes/feedback/").text
    again = client.post(address, {"code": "used:lead", "note": ""})
    assert again.status_code == 422


@LANGUAGES
def test_a_link_is_asked_for_and_agreed_on_its_pages(world: OutcomeWorld, language: str) -> None:
    about = world.exchange()
    ours, theirs = browser(world.traces.officer, language), browser(world.traces.specialist, language)
    assert ours.get(f"/outcomes/links/about/{about.pk}/").status_code == 200
    assert ours.post(f"/outcomes/links/about/{about.pk}/").status_code == 302
    assert ours.post(f"/outcomes/links/about/{about.pk}/").status_code == 422
    world.traces.settle()
    link = CaseLink.objects.get(agency=US)
    page = theirs.get(f"/outcomes/links/{link.pk}/").text
    assert "CI-FGE" not in page
    assert theirs.post(f"/outcomes/links/{link.pk}/", {"step": "agree", "case": ""}).status_code == 422
    case = CaseFile.objects.create(agency_id=US, post_id="us.ntc/desk", number="N-77", opened_at=timezone.now())
    assert theirs.post(f"/outcomes/links/{link.pk}/", {"step": "agree", "case": case.pk}).status_code == 302
    world.traces.settle()
    assert "N-77" not in ours.get("/outcomes/links/").text
    mine = CaseLink.objects.get(agency=MX)
    assert mine.state == "agreed"
    assert ours.post(f"/outcomes/links/{mine.pk}/", {"step": "end", "reason": "done"}).status_code == 302


@LANGUAGES
def test_the_figures_of_both_sides_are_one_table_and_drill_down_by_right(world: OutcomeWorld, language: str) -> None:
    for serial in SERIALS[:3]:
        world.exchange(serial=serial)
    made = world.report(world.exchange(serial=SERIALS[3]))
    ours, theirs = browser(world.traces.officer, language), browser(world.traces.specialist, language)
    stating.confirm_outcome(world.sides(made)[1], contribution=PROVIDED, by=world.traces.specialist, now=timezone.now())
    world.traces.settle()
    quarter = str(Quarter.of(timezone.now().date()))
    assert _csv(ours, US, quarter) == _csv(theirs, MX, quarter)
    page = ours.get(f"/outcomes/figures/?agency={US}&quarter={quarter}")
    assert page.status_code == 200
    assert re.search(r'class="cp-id" href="/[^"]+/\d+/"', page.text)
    public = ours.get(f"/outcomes/figures/?agency={US}&quarter={quarter}&public=on")
    assert "&lt; 5" in public.text and 'class="cp-id" href' not in public.text


def _csv(client: Client, other: str, quarter: str) -> list[tuple[str, ...]]:
    answer = client.get(f"/outcomes/figures.csv?agency={other}&quarter={quarter}")
    assert answer.status_code == 200 and answer["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["definitions"] for row in rows} == {"contraparte-figures/2"}
    return [tuple(value for name, value in row.items() if name != "as_of") for row in rows]


def test_figures_of_a_stranger_or_a_wrong_quarter_are_not_shown(world: OutcomeWorld) -> None:
    world.exchange()
    client = browser(world.traces.officer)
    for query in ("agency=us.nobody", f"agency={US}&quarter=2026Q9", f"agency={US}&post=us.ntc/desk"):
        assert client.get(f"/outcomes/figures.csv?{query}").status_code == 404
        assert client.get(f"/outcomes/figures/?{query}").status_code == 200


def test_the_desk_shows_what_waits_and_the_bell_counts_it(world: OutcomeWorld) -> None:
    made = world.report(victim=True)
    client = browser(world.traces.officer)
    assert f"/outcomes/{made.pk}/victim/" in client.get("/desk/").text
    theirs = world.sides(made)[1]
    stating.contest_outcome(theirs, reason="no", by=world.traces.specialist, now=timezone.now())
    world.traces.settle()
    assert f"/outcomes/{made.pk}/" in client.get("/desk/").text


def test_an_ended_link_may_be_asked_for_again(world: OutcomeWorld) -> None:
    about = world.exchange()
    link = linking.ask_link(about, by=world.traces.officer, now=timezone.now())
    linking.end_link(link, reason="", by=world.traces.officer, now=timezone.now())
    assert linking.ask_link(about, by=world.traces.officer, now=timezone.now()).pk != link.pk
