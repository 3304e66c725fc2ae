"""The page of an item in Chromium: a permission asked and given, a recall ordered and answered, in both languages."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page

from contraparte.directory.models import Tenure
from contraparte.directory.queries import Role
from contraparte.exchange import actions
from contraparte.exchange.court import file_in_court
from contraparte.exchange.disclosing import declare_duty, object_to_duty
from contraparte.exchange.holds import place_hold
from contraparte.exchange.models import DisclosureDuty, Message, Permission
from contraparte.exchange.permissions import grant_permission
from contraparte.exchange.recalls import holders_of, order_recall
from contraparte.exchange.rules.permissions import Kind
from tests.browser.harness import assert_accessible, assert_fits, follow, visit
from tests.exchange.rights_world import TIP, ask, draft_on, let_out, marking, people_of, send_item
from tests.exchange.small_world import CENTRE, FEDERAL, SONORA, SmallWorld

pytestmark = [pytest.mark.django_db(transaction=True)]
OpenPage = Callable[..., Page]
BrowserOf = Callable[[Tenure], Client]
WORDS = {
    "en": ("Ask for a permission", "Ask who sent it", "Permit it", "Recall this item", "Recall it from everybody"),
    "es": (
        "Pedir un permiso", "Pedirlo a quien la envió", "Otorgar el permiso", "Retirar esta información",
        "Retirarla de todos los destinos",
    ),
}  # fmt: skip


def keep_picture(page: Page, name: str) -> None:
    """A picture of the whole page where somebody wants to look (CONTRAPARTE_PICTURES names the folder)."""
    folder = os.environ.get("CONTRAPARTE_PICTURES")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_permission_is_asked_and_given_and_the_item_recalled(
    world: SmallWorld, browser_of: BrowserOf, open_page: OpenPage, language: str
) -> None:
    people, words = people_of(world), WORDS[language]
    sent, item = send_item(world)
    page = visit(open_page(browser_of(people.officers[FEDERAL]), language), f"/items/{item.pk}/")
    page.get_by_text(words[0], exact=True).click()
    page.select_option("[name=kind]", "onward")
    page.select_option("[name=recipient]", SONORA)
    page.fill("[name=until]", (timezone.now() + timedelta(days=20)).date().isoformat())
    page.fill("[name=why]", "Sonora watches the road.")
    page.get_by_role("button", name=words[1]).click()
    page.wait_for_selector(".usa-alert--success")
    world.settle()
    page = visit(open_page(browser_of(people.chiefs[CENTRE]), language), f"/items/{sent.pk}/")
    page.get_by_role("button", name=words[2]).click()
    page.wait_for_selector(".usa-alert--success")
    world.settle()
    assert Permission.objects.get(side="holder").state == "granted"
    page = visit(page, f"/items/{sent.pk}/")
    page.get_by_text(words[3], exact=True).click()
    page.select_option("[name=reason]", "source_at_risk")
    follow(page.get_by_role("button", name=words[4]))
    world.settle()
    assert [one.has_answered for one in holders_of(sent)] == [True]
    page = visit(open_page(browser_of(people.officers[FEDERAL]), language), f"/conversations/{item.conversation_id}/")
    assert TIP not in page.inner_text("main")


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("width", ["desk", "telephone"])
def test_the_pages_of_items_are_accessible_and_fit(
    world: SmallWorld, browser_of: BrowserOf, open_page: OpenPage, language: str, width: str
) -> None:
    people, now = people_of(world), timezone.now()
    sent, item = send_item(world)
    _, given = ask(world, people, item, SONORA, why="Sonora watches the road by night.")
    grant_permission(given, by=people.chiefs[CENTRE], now=now)
    world.settle()
    let_out(people, draft_on(world, people, item, SONORA))
    ask(world, people, item, "", kind=Kind.EVIDENCE)
    place_hold(
        item, reason="litigation", review_on=(now + timedelta(days=90)).date(), by=people.chiefs[FEDERAL], now=now
    )
    declare_duty(
        item, basis="court_order", citation="Auto de vinculación 311", court="Juzgado Quinto de Distrito",
        dated=now.date(), by=world.appoint("f2", FEDERAL, Role.AUTHORISER), now=timezone.now(),
    )  # fmt: skip
    world.settle()
    object_to_duty(
        DisclosureDuty.objects.get(ours=False), ground="not_covered", note="The order names another file.",
        by=people.chiefs[CENTRE], now=timezone.now(),
    )  # fmt: skip
    free, filed = send_item(world, "An open notice.", marked=marking("H0", evidence="evidence"))
    file_in_court(filed, court="Juzgado Primero, 12/2026", filed_on=now.date(), by=people.officers[FEDERAL], now=now)
    draft = actions.draft(
        "note.say/1", {"text": f"Look out: {TIP}"}, conversation=world.conversation(FEDERAL, SONORA),
        marking=marking("H0"), by=people.officers[FEDERAL], now=now,
    )  # fmt: skip
    world.settle()
    sender = open_page(browser_of(people.chiefs[CENTRE]), language, width)
    holder = open_page(browser_of(people.chiefs[FEDERAL]), language, width)
    looks: list[tuple[Page, str, str]] = [
        (sender, f"/items/{sent.pk}/", "sender"),
        (holder, f"/items/{item.pk}/", "holder"),
        (holder, f"/release/{draft.pk}/", "preview"),
    ]
    _look_at(looks, language, width)
    order_recall(sent, reason="source_at_risk", note="A name stood in it.", by=people.officers[CENTRE], now=now)
    order_recall(free, reason="incorrect", by=people.officers[CENTRE], now=now)
    world.settle()
    _look_at(
        [
            (sender, f"/items/{sent.pk}/", "sender-recalled"),
            (sender, f"/items/{free.pk}/", "sender-filed"),
            (holder, f"/items/{item.pk}/", "holder-recalled"),
            (holder, f"/conversations/{item.conversation_id}/", "thread-recalled"),
        ],
        language,
        width,
    )
    assert Message.objects.filter(type="recall.answer/1").exists()


def _look_at(looks: list[tuple[Page, str, str]], language: str, width: str) -> None:
    for page, address, name in looks:
        visit(page, address)
        for one in page.locator("details.cp-raw").all():
            one.evaluate("element => { element.open = true }")
        keep_picture(page, f"{name}-{language}-{width}")
        assert_accessible(page)
        assert_fits(page)
