"""Traces in a real browser: typed rows, the path, a custodian's telephone; accessible and without sideways scrolling.

With `TRACE_SHOTS=folder` each page is kept as a picture.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from contraparte.traces.actions.custody import candidates_of, confirm_link
from contraparte.traces.actions.requesting import open_traces
from contraparte.traces.models import CustodianTask, Event, Gun, SameGun, Trace, Walk
from tests.browser.harness import assert_accessible, assert_fits, follow, visit
from tests.traces.test_pages import browser
from tests.traces.trace_world import DEALER, GUN, MAKER, WHOLESALER, TraceWorld

OpenPage = Callable[..., Page]
SHOTS = os.environ.get("TRACE_SHOTS", "")


def keep(page: Page, name: str) -> None:
    """Keep a picture of the whole page, where one is wanted."""
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


@pytest.fixture
def walked(world: TraceWorld) -> TraceWorld:
    """A recovery with guns in every state: answered, by telephone, waiting for a person, a draft, a warning, a gap."""
    event = world.event()
    world.chain()
    world.line(MAKER, "Paper Trail Guns (us.dealer-tx-9)", serial="XK-99182")
    world.line(MAKER, f"Mesa ({WHOLESALER})", serial="340-71155")
    guns = [
        world.gun(event),
        world.gun(event, key="r2", serial="XK-99182"),
        world.gun(event, key="r3", serial="340-711?5"),
        world.gun(event, key="r4", serial="777-10203", maker="Nobody Arms"),
    ]
    opened = open_traces(guns, by=world.officer, now=timezone.now())
    world.release(*opened.traces)
    world.settle()
    world.gun(event, key="r5", serial="361-58927")
    world.gun(event, key="r6", serial="O5B-8812", calibre="", model="")
    world.gun(event, key="r7", serial="555-90121")
    open_traces([Gun.objects.get(row_key="r7")], by=world.officer, now=timezone.now())
    return world


@pytest.mark.parametrize("width", ["desk", "telephone"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_pages_of_an_officer_are_accessible_and_fit(
    walked: TraceWorld, open_page: OpenPage, language: str, width: str
) -> None:
    page = open_page(browser(walked.officer, language), language=language, width=width)
    event = Event.objects.get()
    answered = Trace.objects.get(code="purchaser_identified", standing="own")
    waiting = Trace.objects.filter(state="acknowledged", standing="own").latest("pk")
    nobody = Trace.objects.get(code="licensee_unknown", standing="own")
    pages = {
        "desk": "/traces/",
        "answered": "/traces/?show=answered",
        "events": "/traces/recoveries/",
        "new": "/traces/recoveries/new/",
        "event": f"/traces/recoveries/{event.pk}/",
        "trace": f"/traces/{answered.pk}/",
        "waiting": f"/traces/{waiting.pk}/",
        "dead-end": f"/traces/{nobody.pk}/",
        "same-gun": f"/traces/same-gun/{SameGun.objects.get().pk}/",
        "cancel": f"/traces/{waiting.pk}/cancel/",
        "figures": "/traces/figures/",
    }
    for name, address in pages.items():
        visit(page, address)
        keep(page, f"{name}-{language}-{width}")
        assert_fits(page)
        assert_accessible(page)


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_custodian_answers_on_a_telephone_by_keyboard_and_sees_the_gun_only(
    walked: TraceWorld, open_page: OpenPage, language: str
) -> None:
    page = open_page(browser(walked.keeper, language), language=language, width="telephone")
    visit(page, "/traces/book-questions/")
    keep(page, f"tasks-{language}-telephone")
    assert_fits(page)
    assert_accessible(page)
    task = CustodianTask.objects.get()
    visit(page, f"/traces/book-questions/{task.uuid}/")
    keep(page, f"task-{language}-telephone")
    assert_fits(page)
    assert_accessible(page)
    assert "Hermosillo" not in page.content() and "CI-FGE" not in page.content()
    page.locator("input[name=choice]").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_url("**/book-questions/")
    assert CustodianTask.objects.get().state == "linked"


@pytest.mark.parametrize("width", ["desk", "telephone"])
def test_pages_of_the_centre_are_accessible_and_fit(walked: TraceWorld, open_page: OpenPage, width: str) -> None:
    page = open_page(browser(walked.specialist), width=width)
    task = CustodianTask.objects.get()
    call = Walk.objects.filter(hops__state="to_call").get()
    done = Walk.objects.get(code="purchaser_identified")
    for name, address in {
        "centre": "/traces/",
        "walk": f"/traces/walks/{done.pk}/",
        "walk-call": f"/traces/walks/{call.pk}/",
        "assist": f"/traces/walks/{call.pk}/custodians/{call.hops.count()}/",
        "refuse": f"/traces/walks/{call.pk}/refuse/",
    }.items():
        visit(page, address)
        keep(page, f"{name}-en-{width}")
        assert_fits(page)
        assert_accessible(page)
    best = candidates_of(task, by=walked.keeper, now=timezone.now())[0]
    confirm_link(task, best.line_id, by=walked.keeper, now=timezone.now())
    assert DEALER in {hop.licence for hop in done.hops.all()}


def test_rows_are_saved_as_typed_and_the_serial_shows_how_it_is_read(world: TraceWorld, open_page: OpenPage) -> None:
    event = world.event()
    page = open_page(browser(world.officer))
    visit(page, f"/traces/recoveries/{event.pk}/")
    fresh = page.locator(".tr-row--new").first
    fresh.locator("input[name=serial]").press_sequentially("abo-4172")
    expect(fresh.locator(".tr-reading abbr").first).to_have_text("A")
    fresh.locator("input[name=maker]").fill("Ruger")
    fresh.locator("input[name=maker]").press("Tab")
    expect(fresh.locator("meter")).to_be_visible()
    expect(page.locator(".tr-row")).to_have_count(2)
    assert Gun.objects.get().serial == "ABO4172"
    fresh.locator("input[name=calibre]").fill("9")
    fresh.locator("input[name=calibre]").press("Tab")
    expect(fresh.locator(".tr-wrong")).to_be_visible()
    assert fresh.locator("input[name=calibre]").input_value() == "9"
    assert Gun.objects.get().calibre == ""
    fresh.locator("input[name=calibre]").fill("9x19")
    fresh.locator("input[name=serial]").fill("limado")
    fresh.locator("input[name=serial]").press("Tab")
    confirm = fresh.locator("button[name=state_confirmed]")
    expect(confirm).to_be_visible()
    keep(page, "rows-state")
    confirm.click()
    expect(fresh.locator(".tr-gaps")).to_contain_text("erased")
    saved = Gun.objects.get()
    assert (saved.serial_state, saved.calibre) == ("erased", "9x19")
    expect(page.locator(".tr-row")).to_have_count(2)
    expect(page.locator(".tr-row__head strong")).to_have_text(["Gun 1", "Next gun"])
    border = "element => getComputedStyle(element).borderTopStyle"
    assert [one.evaluate(border) for one in page.locator(".tr-row").all()] == ["solid", "dashed"]


def test_the_requests_can_be_drafted_as_soon_as_the_guns_are_typed(world: TraceWorld, open_page: OpenPage) -> None:
    event = world.event()
    page = open_page(browser(world.officer))
    visit(page, f"/traces/recoveries/{event.pk}/")
    draft = page.locator("#drafting button")
    for place, serial in enumerate(("361-58921", "340-71155"), 1):
        row = page.locator(".tr-row").nth(place - 1)
        for name, text in (GUN | {"serial": serial}).items():
            expect(draft).to_have_count(place - 1)
            row.locator(f"input[name={name}]").fill(text)
        row.locator("input[name=country]").press("Tab")
        expect(draft).to_have_text("Draft 1 request" if place == 1 else "Draft 2 requests")
    expect(page.locator(".htmx-request")).to_have_count(0)
    follow(draft)
    assert Trace.objects.count() == 2
