"""Duty and release by one officer in Chromium: planned, released alone, reviewed; both languages, both widths."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from contraparte.directory import duty
from contraparte.directory import queries as directory
from contraparte.directory.models import Agency, Post, Tenure
from contraparte.exchange.actions import send_all
from contraparte.exchange.escalating import escalate_silent
from contraparte.exchange.models import Draft, Escalation, OneOfficerRelease
from tests.browser.harness import assert_accessible, assert_fits, visit
from tests.browser.test_item_pages import keep_picture
from tests.exchange import small_world
from tests.exchange.conftest import prepared
from tests.exchange.small_world import CENTRE, SONORA, SmallWorld
from tests.exchange.test_one_officer import RULE, WHY, on_duty

pytestmark = [pytest.mark.django_db(transaction=True)]
OpenPage = Callable[..., Page]
BrowserOf = Callable[[Tenure], Client]
NIGHTS = "mx.fge-son/nights"
WORDS = {
    "en": (
        "Add to the roster", "Release alone", "Release it alone", "Record the review", "To the recall of this message",
    ),
    "es": (
        "Agregar al rol", "Autorizar sin aprobación", "Autorizarlo sin aprobación", "Asentar la revisión",
        "Ir al retiro de este mensaje",
    ),
}  # fmt: skip


@pytest.fixture
def world(transactional_db: None, settings: Any, tmp_path: Path) -> Iterator[SmallWorld]:
    with prepared(settings, tmp_path):
        yield small_world.make_small_world(one_officer=[RULE])


@pytest.mark.parametrize("language", ["en", "es"])
def test_an_officer_is_planned_releases_alone_and_is_reviewed(
    world: SmallWorld, browser_of: BrowserOf, open_page: OpenPage, language: str
) -> None:
    words, draft = WORDS[language], world.draft(urgency="urgent")
    page = visit(open_page(browser_of(world.chief), language), "/duty/")
    today = timezone.now().astimezone(duty.zone_of(world.officer.post.time_zone)).date()
    page.fill("[name=day]", today.isoformat())
    page.fill("[name=begins]", "00:00")
    page.fill("[name=ends]", "00:00")
    page.select_option("[name=holder]", label="olga")
    page.get_by_role("button", name=words[0]).click()
    page.wait_for_selector(".usa-alert--success")
    page = visit(open_page(browser_of(world.officer), language), f"/release/{draft.pk}/")
    page.get_by_text(words[1], exact=True).click()
    page.fill("[name=alone-text]", WHY)
    page.get_by_role("button", name=words[2]).click()
    page.wait_for_selector(".usa-alert--success")
    lone = OneOfficerRelease.objects.get()
    page = visit(open_page(browser_of(world.chief), language), "/desk/")
    page.locator(f"a[href='/reviews/{lone.pk}/']").first.click()
    page.select_option("[name=result]", "not_upheld")
    page.get_by_role("button", name=words[3]).click()
    page.wait_for_selector(".usa-error-message")
    page.fill("[name=note]", "It could have waited.")
    page.get_by_role("button", name=words[3]).click()
    expect(page.get_by_role("link", name=words[4])).to_be_visible()
    page.get_by_role("link", name=words[4]).click()
    expect(page.locator("#h-recall")).to_be_visible()


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("width", ["desk", "telephone"])
def test_the_pages_are_accessible_and_fit(
    world: SmallWorld, browser_of: BrowserOf, open_page: OpenPage, language: str, width: str
) -> None:
    now = timezone.now()
    nights = Post.objects.create(
        id=NIGHTS, agency=Agency.objects.get(pk="mx.fge-son"), name_en="Night desk", name_es="Guardia nocturna"
    )
    duty.name_substitute(
        directory.post(SONORA), substitute=nights, silence=timedelta(hours=1), by=world.chief, now=now
    )  # fmt: skip
    chief = open_page(browser_of(world.chief), language, width)
    shots = f"{language}-{width}"
    look(chief, "/duty/", f"duty-empty-{shots}")
    on_duty(world, world.officer, world.second_chief)
    look(chief, "/duty/", f"duty-{shots}")
    drafts = [world.draft(urgency="urgent") for _ in range(2)]
    officer = open_page(browser_of(world.officer), language, width)
    visit(officer, f"/release/{drafts[0].pk}/")
    officer.get_by_text(WORDS[language][1], exact=True).click()
    check(officer, f"alone-{shots}")
    officer.fill("[name=alone-text]", WHY)
    officer.get_by_role("button", name=WORDS[language][2]).click()
    officer.wait_for_selector(".usa-alert--success")
    check(officer, f"released-{shots}")
    lone = OneOfficerRelease.objects.get()
    look(chief, "/desk/", f"desk-{shots}")
    look(chief, f"/reviews/{lone.pk}/", f"review-{shots}")
    chief.select_option("[name=result]", "not_upheld")
    chief.fill("[name=note]", "It could have waited for the morning; the note named who had called.")
    chief.get_by_role("button", name=WORDS[language][3]).click()
    chief.wait_for_selector(".usa-alert--success")
    check(chief, f"reviewed-{shots}")
    assert Draft.objects.get(pk=drafts[1].pk).state == "draft"
    send_all([world.note("quick", world.conversation(CENTRE, SONORA), urgency="urgent", to=SONORA)], now=now)
    world.settle()
    escalate_silent(timezone.now() + timedelta(hours=2))
    look(chief, f"/conversations/{Escalation.objects.get().conversation_id}/", f"escalated-{shots}")
    look(chief, "/contacts/", f"contacts-{shots}")


def look(page: Page, address: str, name: str) -> None:
    """Open a page and check it."""
    check(visit(page, address), name)


def check(page: Page, name: str) -> None:
    """Accessible, no wider than the window; kept as a picture where one is wanted."""
    keep_picture(page, name)
    assert_accessible(page)
    assert_fits(page)
