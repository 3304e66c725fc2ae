"""Outcomes in a real browser: report, confirm, feedback, link, figures; accessible and without sideways scrolling.

With `OUTCOME_SHOTS=folder` each page is kept as a picture.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from contraparte.exchange.models import CaseFile
from contraparte.outcomes.actions import linking, stating, using
from contraparte.outcomes.models import CaseLink, Outcome
from contraparte.outcomes.rules.kinds import Kind, Thing
from contraparte.outcomes.rules.quantities import Quantity
from contraparte.outcomes.rules.uses import Used
from tests.browser.harness import assert_accessible, assert_fits, visit
from tests.outcomes.outcome_world import PROVIDED, SERIALS, US, OutcomeWorld, arrest
from tests.traces.test_pages import browser

OpenPage = Callable[..., Page]
SHOTS = os.environ.get("OUTCOME_SHOTS", "")


def keep(page: Page, name: str) -> None:
    """Keep a picture of the whole page, where one is wanted."""
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


@pytest.fixture
def lively(world: OutcomeWorld) -> OutcomeWorld:
    """Answered exchanges with outcomes in several states, feedback given and owed, a link asked for."""
    threads = [world.exchange(serial=serial) for serial in SERIALS]
    now = timezone.now()
    using.give_feedback(
        world.step(threads[0]), used=Used.LEAD, not_used=None, note="", by=world.traces.officer, now=now
    )
    confirmed = world.report(threads[0])
    contested = world.report(threads[1], arrest(kind=Kind.CONVICTION))
    seized = {"kind": Kind.SEIZURE, "what": Thing.FENTANYL, "quantity": Quantity.parse("12.5", "lb")}
    world.report(threads[2], arrest(**seized), victim=True)
    stating.confirm_outcome(
        world.sides(confirmed)[1], contribution=PROVIDED, by=world.traces.specialist, now=timezone.now()
    )
    stating.contest_outcome(
        world.sides(contested)[1], reason="The judgment is not final.", by=world.traces.specialist, now=timezone.now()
    )
    linking.ask_link(threads[3], by=world.traces.officer, now=timezone.now())
    CaseFile.objects.create(agency_id=US, post_id="us.ntc/desk", number="NTC-2026-077", opened_at=timezone.now())
    world.traces.settle()
    return world


@pytest.mark.parametrize("width", ["desk", "telephone"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_pages_of_both_sides_are_accessible_and_fit(
    lively: OutcomeWorld, open_page: OpenPage, language: str, width: str
) -> None:
    traces = lively.traces
    ours = {row.state: row for row in Outcome.objects.filter(is_ours=True)}
    theirs = {row.state: row for row in Outcome.objects.filter(is_ours=False)}
    contested, seized = ours["contested"], ours["reported"]
    owed = lively.step(ours["reported"].about)
    link = CaseLink.objects.get(agency=US)
    of_sonora = {
        "desk": "/outcomes/",
        "confirmed": f"/outcomes/{ours['confirmed'].pk}/",
        "contested": f"/outcomes/{contested.pk}/",
        "correct": f"/outcomes/{contested.pk}/correct/",
        "retract": f"/outcomes/{contested.pk}/retract/",
        "victim": f"/outcomes/{seized.pk}/victim/",
        "report": f"/outcomes/about/{seized.about_id}/",
        "feedback": "/outcomes/feedback/",
        "give": f"/outcomes/feedback/{owed.pk}/",
        "links": "/outcomes/links/",
        "ask-link": f"/outcomes/links/about/{seized.about_id}/",
        "figures": f"/outcomes/figures/?agency={US}",
        "published": f"/outcomes/figures/?agency={US}&public=on",
    }
    of_centre = {
        "to-confirm": "/outcomes/",
        "confirm": f"/outcomes/{theirs['reported'].pk}/confirm/",
        "contest": f"/outcomes/{theirs['reported'].pk}/contest/",
        "link": f"/outcomes/links/{link.pk}/",
    }
    for tenure, pages in ((traces.officer, of_sonora), (traces.specialist, of_centre)):
        page = open_page(browser(tenure, language), language=language, width=width)
        for name, address in pages.items():
            visit(page, address)
            keep(page, f"{name}-{language}-{width}")
            assert_fits(page)
            assert_accessible(page)


@pytest.mark.parametrize("language", ["en", "es"])
def test_an_outcome_is_reported_and_confirmed_by_keyboard_and_mouse(
    world: OutcomeWorld, open_page: OpenPage, language: str
) -> None:
    words = {
        "en": ("Report", "requested", "provided", "Confirm", "confirmed by both sides"),
        "es": ("Reportar", "solicitó", "proporcionó información", "Confirmar", "confirmado por ambas partes"),
    }[language]
    about = world.exchange()
    page = open_page(browser(world.traces.officer, language), language=language)
    visit(page, f"/outcomes/about/{about.pk}/")
    page.get_by_label(words[1]).first.press("Space")
    page.get_by_label(words[2]).nth(1).press("Space")
    page.locator("main").get_by_role("button", name=words[0], exact=True).press("Enter")
    expect(page.locator("h1")).to_contain_text("·")
    world.traces.settle()
    other = open_page(browser(world.traces.specialist, language), language=language)
    row = Outcome.objects.get(agency=US)
    visit(other, f"/outcomes/{row.pk}/confirm/")
    other.locator("main").get_by_role("button", name=words[3], exact=True).click()
    expect(other.locator("main")).to_contain_text(words[4])
