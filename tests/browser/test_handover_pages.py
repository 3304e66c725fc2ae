"""A hand-over in Chromium: announced, noted, assigned, acknowledged; both languages, both widths."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from contraparte.directory import leaving
from contraparte.directory.models import Departure, Tenure
from contraparte.directory.queries import Role
from contraparte.exchange import actions as exchange
from contraparte.exchange.handing_over import follow_departures
from contraparte.exchange.models import Message
from tests.browser.harness import follow
from tests.browser.test_duty_pages import look
from tests.exchange.small_world import CENTRE, SONORA, SmallWorld

pytestmark = [pytest.mark.django_db(transaction=True)]


def test_a_post_is_handed_over_in_both_languages_and_at_both_widths(
    world: SmallWorld, browser_of: Callable[[Tenure], Client], open_page: Callable[..., Page]
) -> None:
    now = timezone.now()
    exchange.send_all([world.note("quick", world.conversation(CENTRE, SONORA), to=SONORA)], now=now)
    world.settle()
    world.draft()
    walter, abroad = world.appoint("walter", SONORA, Role.OFFICER), world.appoint("carla", CENTRE, Role.OFFICER)
    place = f"/posts/{SONORA}/"
    chief = open_page(browser_of(world.chief), "en", "desk")
    look(chief, place, "post-before-en-desk")
    chief.select_option("[name=tenure]", label="olga")
    chief.fill("[name=leaves_at]", f"{now + timedelta(days=9):%Y-%m-%dT10:00}")
    follow(chief.locator(f"form[action='{place}leave/'] button").first)
    chief.wait_for_selector(".usa-alert--success")
    departure = Departure.objects.get()
    page = f"/handovers/{departure.pk}/"
    officer = open_page(browser_of(world.officer), "es", "telephone")
    look(officer, page, "handover-note-es-telephone")
    officer.fill("[name=note]", "Llamar al centro el lunes.")
    follow(officer.get_by_role("button", name="Guardar la nota"))
    officer.wait_for_selector(".usa-alert--success")
    chief.select_option("[name=successor]", label="walter")
    follow(chief.get_by_role("button", name="Name the successor"))
    chief.wait_for_selector(".usa-alert--success")
    follow_departures(timezone.now())
    world.settle()
    for language, width in (("en", "telephone"), ("es", "desk")):
        reader = open_page(browser_of(walter), language, width)
        for name, address in (("posts", "/posts/"), ("post", place), ("handover", page)):
            look(reader, address, f"{name}-{language}-{width}")
    taker = open_page(browser_of(walter), "en", "desk")
    look(taker, page, "handover-en-desk")
    follow(taker.get_by_role("button", name="I have read it and take it over"))
    expect(taker.locator("#h-steps + ol")).to_contain_text("Taken over, acknowledged")
    for held in Tenure.objects.filter(post_id=SONORA, person__isnull=False, ends=None).exclude(pk=world.chief.pk):
        leaving.announce_leaving(held, leaves_at=timezone.now(), by=None, now=timezone.now())
    leaving.announce_leaving(world.chief, leaves_at=timezone.now(), by=None, now=timezone.now())
    leaving.end_access(departure, by=None, now=timezone.now())
    follow_departures(timezone.now())
    world.settle()
    thread = Message.objects.filter(type="post.handover/1", direction="in").latest("pk").conversation_id
    other = open_page(browser_of(abroad), "es", "telephone")
    look(other, f"/conversations/{thread}/", "told-es-telephone")
    look(other, "/contacts/", "contacts-es-telephone")
