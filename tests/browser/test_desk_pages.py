"""The desk in Chromium: draft to release by two persons, and a proof the browser checks for itself."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page

from contraparte.directory import queries as directory
from contraparte.directory.models import Tenure
from contraparte.exchange import actions
from contraparte.exchange.models import Conversation, Draft, Message
from contraparte.ledger.models import Leaf, Log
from tests.browser.harness import assert_accessible, assert_fits, visit
from tests.exchange.small_world import CENTRE, MARKING, SONORA, SmallWorld

pytestmark = [pytest.mark.django_db(transaction=True)]
OpenPage = Callable[..., Page]
BrowserOf = Callable[[Tenure], Client]


def busy(world: SmallWorld) -> tuple[Conversation, Draft, Log]:
    """A thread with both sides in it, a draft that waits for approval, and the log it stands in."""
    now = timezone.now()
    thread = actions.open_conversation(
        post=directory.post(SONORA), counterpart=CENTRE, kind="note", by=world.officer, now=now - timedelta(hours=5)
    )
    actions.send_all([world.note("Please trace it.", thread, body={"serial": "GH4471K", "informer": "x"})], now=now)
    world.settle()
    theirs = Conversation.objects.get(agency="us.ntc", uuid=thread.uuid)
    actions.send_all([world.note("Which importer is on the frame?", theirs)], now=timezone.now())
    world.settle()
    draft = actions.draft(
        "note.say/1",
        {"text": "CAI Georgia VT.", "serial": "GH4471K", "informer": "El Tuercas"},
        conversation=thread,
        marking=MARKING,
        by=world.officer,
        now=timezone.now(),
    )
    actions.submit_draft(draft, by=world.officer, now=timezone.now())
    return thread, draft, Log.objects.get(agency="mx.fge-son", peer="us.ntc", mine=True)


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("width", ["desk", "telephone"])
def test_every_page_of_the_desk_is_accessible_and_fits(
    world: SmallWorld, browser_of: BrowserOf, open_page: OpenPage, language: str, width: str
) -> None:
    thread, draft, log = busy(world)
    page = open_page(browser_of(world.chief), language, width)
    for address in (
        "/desk/",
        "/conversations/",
        f"/conversations/{thread.pk}/",
        f"/release/{draft.pk}/",
        "/contacts/",
        "/log/",
        f"/log/{log.pk}/",
        f"/log/{log.pk}/1/",
    ):
        visit(page, address)
        assert_accessible(page)
        assert_fits(page)


def test_a_draft_is_approved_and_released_by_keyboard_only(
    world: SmallWorld, browser_of: BrowserOf, open_page: OpenPage
) -> None:
    thread, draft, _ = busy(world)
    page = visit(open_page(browser_of(world.chief)), "/desk/")
    page.get_by_role("link", name="Read and decide").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/release/{draft.pk}/")
    page.get_by_role("button", name="Approve exactly this").focus()
    page.keyboard.press("Enter")
    page.get_by_text("You have approved exactly this content").wait_for()
    page.get_by_role("button", name="Release", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/conversations/{thread.pk}/")
    assert "CAI Georgia VT." in page.inner_text("main") and "El Tuercas" not in page.inner_text("main")
    assert Message.objects.filter(uuid=draft.uuid, direction="out").exists()


def test_the_browser_proves_an_entry_by_itself(world: SmallWorld, browser_of: BrowserOf, open_page: OpenPage) -> None:
    _, _, log = busy(world)
    page = visit(open_page(browser_of(world.officer)), f"/log/{log.pk}/1/")
    page.wait_for_selector("#verdict[data-done=yes]")
    verdict = page.inner_text("#verdict")
    assert "the same, computed by itself" in verdict and f"signature holds – {log.origin}" in verdict


def test_the_browser_finds_a_changed_entry_by_itself(
    world: SmallWorld, browser_of: BrowserOf, open_page: OpenPage
) -> None:
    _, _, log = busy(world)
    data = bytearray(Leaf.objects.get(log=log, index=1).data)
    data[10] ^= 1
    Leaf.objects.filter(log=log, index=1).update(data=bytes(data))
    page = visit(open_page(browser_of(world.officer)), f"/log/{log.pk}/1/")
    page.wait_for_selector("#verdict[data-done=no]")
    assert "does NOT hold" in page.inner_text("#verdict")
