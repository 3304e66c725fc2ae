"""An absorption in Chromium: who became whom as a picture, and permissions that are confirmed or withdrawn after it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from contraparte.directory.models import Tenure
from contraparte.exchange import succession
from contraparte.exchange.models import Permission, Reconfirmation
from contraparte.exchange.permissions import grant_permission
from tests.browser.harness import follow
from tests.browser.test_duty_pages import check, look
from tests.exchange.changes import absorb, add_successor, change
from tests.exchange.rights_world import ask, people_of, send_item
from tests.exchange.small_world import CENTRE, FEDERAL, SONORA, SmallWorld

pytestmark = [pytest.mark.django_db(transaction=True)]

PAGE = "/contacts/lineage/"
WORDS = {
    "en": ("Who became whom", "Absorption", "agreed, still to come", "Confirm"),
    "es": ("Qué institución pasó a ser cuál", "Absorción", "acordada, aún no entra en vigor", "Retirar"),
}


def test_who_became_whom_is_seen_and_what_was_permitted_is_confirmed_or_withdrawn(
    world: SmallWorld, browser_of: Callable[[Tenure], Client], open_page: Callable[..., Page]
) -> None:
    people = people_of(add_successor(world))
    for text in ("A grey Ford waits at Nogales.", "Two men meet at kilometre 12."):
        _, item = send_item(world, text, to=SONORA)
        _, given = ask(world, people, item, FEDERAL)
        grant_permission(given, by=people.chiefs[CENTRE], now=timezone.now())
        world.settle()
    now = timezone.now()
    absorb(now)
    ahead = now + timedelta(days=30)
    change("two", "absorb", ["mx.fgr"], ["mx.new"], {FEDERAL: "mx.new/firearms"}, ahead)
    succession.reconcile(timezone.now())
    chief = browser_of(people.chiefs[CENTRE])
    for language, width, left in (("en", "desk", 2), ("es", "telephone", 1)):
        title, kind, ahead_words, word = WORDS[language]
        page = open_page(chief, language, width)
        look(page, PAGE, f"lineage-{language}-{width}")
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        expect(page.locator("svg.cp-lineage path")).to_have_count(2)
        expect(page.locator("svg.cp-lineage .is-ahead")).to_have_count(1)
        expect(page.locator("main")).to_contain_text(kind)
        expect(page.locator("main")).to_contain_text(ahead_words)
        assert Reconfirmation.objects.filter(state="waiting").count() == left
        follow(page.locator("main").get_by_role("button", name=word).first)
        check(page, f"lineage-after-{language}-{width}")
    assert sorted(Reconfirmation.objects.values_list("state", flat=True)) == ["confirmed", "withdrawn"]
    assert sorted(Permission.objects.filter(side="granter").values_list("state", flat=True)) == ["granted", "revoked"]
