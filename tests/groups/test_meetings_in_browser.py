"""Meetings in a real browser: from the call to agreed and to disputed minutes; accessible, and never wider than it.

With `GROUP_SHOTS=folder` each page is kept as a picture.
"""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from contraparte.groups.actions import founding, meeting
from contraparte.groups.models import Group, Meeting
from tests.browser.harness import assert_accessible, assert_fits, follow, visit
from tests.groups.group_world import CHAIRS, GroupWorld
from tests.traces.test_pages import browser

OpenPage = Callable[..., Page]
SHOTS = os.environ.get("GROUP_SHOTS", "")
WORDS = {
    "en": {
        "attend": "Record", "propose": "Propose the minutes", "agree": "Agree to the minutes",
        "agreed": "agreed by both sides", "dispute": "Dispute the minutes", "disputed": "disputed: both texts are kept",
        "address": "Make an address",
    },
    "es": {
        "attend": "Registrar", "propose": "Proponer la minuta", "agree": "Estar de acuerdo con la minuta",
        "agreed": "acordada por ambas partes", "dispute": "Controvertir la minuta",
        "disputed": "controvertida: se conservan ambos textos", "address": "Crear una dirección",
    },
}  # fmt: skip


def look(page: Page, name: str) -> None:
    """The page as it stands: accessible, no wider than the window, kept as a picture where one is wanted."""
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)
    assert_fits(page)
    assert_accessible(page)


@pytest.fixture
def group(on_its_clock: GroupWorld) -> Group:
    """A group whose first meeting was held and whose second is called, with a gate on this side."""
    world = on_its_clock
    made = world.chartered()
    world.called(made, 12, agenda=[{"text": {"en": "Open cases", "es": "Casos abiertos"}, "handling": "H1"}])
    founding.set_gate(made, required=True, by=world.sponsor, now=world.now)
    world.called(made, 40, venue="Puerta 3")
    world.wait(days=12, hours=3)
    ours, theirs = (Meeting.objects.get(group=row, number=1) for row in world.sides(made))
    meeting.record_attendance(theirs.group, str(theirs.key), [CHAIRS["b"]], by=world.partner, now=world.now)
    world.settle()
    assert ours.group_id == made.pk
    return made


@pytest.mark.parametrize(("language", "width"), [("en", "desk"), ("es", "telephone")])
def test_from_a_meeting_to_agreed_and_to_disputed_minutes(
    world: GroupWorld, group: Group, open_page: OpenPage, language: str, width: str
) -> None:
    words = WORDS[language]
    first, second = group.meetings.order_by("number")
    chair = open_page(browser(world.chair, language), language, width)

    def button(page: Page, name: str) -> None:
        follow(page.locator("main").get_by_role("button", name=words[name], exact=True))

    def shot(page: Page, name: str) -> None:
        look(page, f"{name}-{language}-{width}")

    for name, address in (
        ("call", f"/groups/{group.pk}/meetings/call/"),
        ("agenda", f"/groups/meetings/{second.pk}/agenda/"),
        ("called", f"/groups/meetings/{second.pk}/"),
    ):
        visit(chair, address)
        shot(chair, name)
    visit(chair, f"/groups/meetings/{first.pk}/attend/")
    shot(chair, "attend")
    chair.locator("[name=present]").first.press("Space")
    button(chair, "attend")
    visit(chair, f"/groups/meetings/{first.pk}/minutes/")
    chair.fill("[name=en]", "Both sides met.\nThe window was agreed on.")
    chair.fill("[name=decisions-0-es]", "Se aprueba la ventanilla única.")
    chair.fill("[name=promises-0-en]", "Name a liaison")
    chair.select_option("[name=promises-0-owner]", CHAIRS["b"])
    chair.fill("[name=promises-0-due_on]", (world.now + timedelta(days=30)).date().isoformat())
    shot(chair, "write")
    button(chair, "propose")
    world.settle()

    there = Meeting.objects.get(group=world.sides(group)[1], number=1)
    partner = open_page(browser(world.partner, language), language, width)
    visit(partner, f"/groups/meetings/{there.pk}/minutes/dispute/")
    partner.fill("[name=es]", "La ventanilla única quedó pendiente.")
    shot(partner, "dispute")
    button(partner, "dispute")
    expect(partner.locator("main")).to_contain_text(words["disputed"])
    shot(partner, "disputed")
    button(partner, "agree")
    expect(partner.locator("main")).to_contain_text(words["agreed"])
    world.settle()
    visit(chair, f"/groups/meetings/{first.pk}/")
    expect(chair.locator("main")).to_contain_text(words["agreed"])
    shot(chair, "agreed")
    visit(chair, f"/groups/{group.pk}/meetings/")
    shot(chair, "meetings")
    visit(chair, f"/groups/{group.pk}/")
    shot(chair, "group")
    visit(chair, "/groups/calendar/")
    button(chair, "address")
    shot(chair, "calendar")
    sponsor = open_page(browser(world.sponsor, language), language, width)
    visit(sponsor, f"/groups/meetings/{second.pk}/authorise/")
    shot(sponsor, "authorise")
