"""Inquiries in a real browser: the form that adapts, the thread, each step; accessible and without sideways scrolling.

With `INQUIRY_SHOTS=folder` each page is kept as a picture.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from contraparte.exchange.models import Draft
from contraparte.inquiries.models import Inquiry
from tests.browser.harness import assert_accessible, assert_fits, visit
from tests.inquiries.inquiry_world import CENTRAL, LETTER, POLICE, InquiryWorld
from tests.inquiries.test_files import answered
from tests.traces.test_pages import browser

OpenPage = Callable[..., Page]
SHOTS = os.environ.get("INQUIRY_SHOTS", "")


def keep(page: Page, name: str) -> None:
    """Keep a picture of the whole page, where one is wanted."""
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def assert_page(page: Page, address: str, name: str) -> None:
    """Open a page, keep its picture, and hold it to what every page is held to."""
    visit(page, address)
    keep(page, name)
    assert_fits(page)
    assert_accessible(page)


@pytest.fixture
def busy(world: InquiryWorld) -> InquiryWorld:
    """Inquiries at many places of their way: answered, in consultation, in clarification, spoken, drafted, a lead."""
    answered = world.ask(POLICE, handling=["H1"], urgency="urgent", urgent_reason="A life.", due_on="2026-12-01")
    theirs = world.other(answered)
    world.step(theirs, "acknowledge")
    results = [{"number": 1, "outcome": "done", "text": "Owner: a shop in Nogales."}]
    world.step(theirs, "answer", {"text": "The line belongs to a shop.", "results": results}, handling=["H1"],
               source_grade="B", information_grade="2")  # fmt: skip
    asked = world.ask(LETTER)
    world.step(world.other(asked), "acknowledge")
    world.step(world.other(asked), "clarify", {"text": "Which branch of the bank?"})
    consulted = world.ask(LETTER, case_number="CI-FGE/18/2026")
    world.step(world.other(consulted), "acknowledge")
    world.step(world.other(consulted), "consult", {"text": "We could give the first account only."})
    world.ask(POLICE, case_number="CI-FGE/92/2026", is_oral=True, oral_by="Duty officer 12")
    world.save(LETTER, case_number="CI-FGE/19/2026", measures=[{"code": "search", "object": "Warehouse 4"}],
               offences=[{"code": "rebellion"}], urgency="urgent")  # fmt: skip
    return world


@pytest.mark.parametrize("width", ["desk", "telephone"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_the_files_of_an_answer_stand_in_the_thread_with_their_chain(
    world: InquiryWorld, open_page: OpenPage, language: str, width: str
) -> None:
    row = answered(world, b"%PDF" * 5000, b"x" * 100)
    page = open_page(browser(world.officer, language), language=language, width=width)
    address = f"/inquiries/{row.pk}/"
    assert_page(page, address, f"files-{language}-{width}")
    page.locator(".cp-file details summary").first.click()
    expect(page.locator(".cp-file .cp-path li").first).to_be_visible()
    expect(page.locator(".cp-file")).to_have_count(2)
    with page.expect_download() as taken:
        page.locator(".cp-file__name a").first.click()
    assert taken.value.path().read_bytes() == b"%PDF" * 5000
    world.step(row, "verify")
    assert_page(page, address, f"verified-{language}-{width}")


@pytest.mark.parametrize("width", ["desk", "telephone"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_pages_of_who_asks_are_accessible_and_fit(
    busy: InquiryWorld, open_page: OpenPage, language: str, width: str
) -> None:
    page = open_page(browser(busy.officer, language), language=language, width=width)
    answered, asked, consulted, spoken, draft = Inquiry.objects.filter(agency="mx.fge-son").order_by("pk")
    for name, address in {
        "list": "/inquiries/",
        "ended": "/inquiries/?show=ended",
        "new": "/inquiries/new/",
        "new-police": f"/inquiries/new/?instrument=police_channel&to={CENTRAL}",
        "new-letter": f"/inquiries/new/?instrument=mlat_mx_us_1987&to={CENTRAL}",
        "new-note": f"/inquiries/new/?instrument=liaison_note&to={CENTRAL}",
        "edit": f"/inquiries/{draft.pk}/edit/",
        "answered": f"/inquiries/{answered.pk}/",
        "clarification": f"/inquiries/{asked.pk}/",
        "consultation": f"/inquiries/{consulted.pk}/",
        "spoken": f"/inquiries/{spoken.pk}/",
        "unsent": f"/inquiries/{draft.pk}/",
        "step-use": f"/inquiries/{answered.pk}/steps/use/",
        "step-clarification": f"/inquiries/{asked.pk}/steps/clarification/",
        "step-withdraw": f"/inquiries/{consulted.pk}/steps/withdraw/",
    }.items():
        assert_page(page, address, f"{name}-{language}-{width}")


@pytest.mark.parametrize("width", ["desk", "telephone"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_pages_of_who_is_asked_are_accessible_and_fit(
    busy: InquiryWorld, open_page: OpenPage, language: str, width: str
) -> None:
    page = open_page(browser(busy.agent, language), language=language, width=width)
    answered, asked, consulted, spoken = Inquiry.objects.filter(agency="us.doj").order_by("pk")
    assert_page(page, "/inquiries/", f"their-list-{language}-{width}")
    for row in (answered, asked, consulted):
        assert_page(page, f"/inquiries/{row.pk}/", f"their-{row.pk}-{language}-{width}")
    for step in ("answer", "refuse", "transfer"):
        assert_page(page, f"/inquiries/{spoken.pk}/steps/{step}/", f"their-{step}-{language}-{width}")
    visit(page, f"/inquiries/{asked.pk}/steps/accept/", status=409)
    keep(page, f"their-closed-{language}-{width}")
    assert_accessible(page)
    for step in ("accept", "postpone"):
        assert_page(page, f"/inquiries/{consulted.pk}/steps/{step}/", f"their-{step}-{language}-{width}")


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_form_adapts_and_names_its_gaps_while_one_types(
    world: InquiryWorld, open_page: OpenPage, language: str
) -> None:
    page = open_page(browser(world.officer, language), language=language)
    visit(page, "/inquiries/new/")
    page.select_option("#id_instrument", "mlat_mx_us_1987")
    expect(page.locator("#id_competent_authority")).to_be_visible()
    page.select_option("#id_counterpart", CENTRAL)
    missing = page.locator("#gaps li", has_text="The facts are" if language == "en" else "los hechos")
    expect(missing).to_have_count(1)
    page.fill("#id_facts", "Ransom was paid.")
    page.locator("#id_facts").press("Tab")
    expect(missing).to_have_count(0)
    page.select_option("#id_measures-0-code", "search")
    expect(page.locator("#gaps")).to_contain_text("Dual criminality" if language == "en" else "doble incriminación")
    page.locator("button[name=add][value=measures]").click()
    expect(page.locator("#id_measures-1-code")).to_be_visible()
    assert page.input_value("#id_facts") == "Ransom was paid."
    assert page.input_value("#id_measures-0-code") == "search"
    assert_accessible(page)
    assert not Inquiry.objects.exists()


@pytest.mark.parametrize("language", ["en", "es"])
def test_ask_clarify_convert_and_refuse_after_consultation_by_keyboard(
    busy: InquiryWorld, open_page: OpenPage, language: str
) -> None:
    answered, asked, consulted = Inquiry.objects.filter(agency="mx.fge-son").order_by("pk")[:3]
    page = open_page(browser(busy.officer, language), language=language)
    visit(page, f"/inquiries/{asked.pk}/steps/clarification/")
    page.locator("#id_text").focus()
    page.keyboard.type("The one at Nogales.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/release/*/")
    assert Draft.objects.latest("pk").body["text"] == "The one at Nogales."
    visit(page, f"/inquiries/{answered.pk}/")
    page.locator("form[action$='/convert/'] button").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/edit/")
    assert page.input_value("#id_facts") == POLICE["facts"]
    assert Inquiry.objects.get(lead=answered).family == "letter"
    busy.step(consulted, "consult_reply", {"text": "We need both."})
    other = open_page(browser(busy.agent, language), language=language)
    visit(other, f"/inquiries/{busy.other(consulted).pk}/steps/refuse/")
    other.select_option("#id_ground", "sovereignty")
    other.fill("#id_text", "Not on these accounts.")
    other.locator(".cp-actions button").focus()
    other.keyboard.press("Enter")
    other.wait_for_url("**/release/*/")
    assert Draft.objects.latest("pk").body["ground"] == "sovereignty"
