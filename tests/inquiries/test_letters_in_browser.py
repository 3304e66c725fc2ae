"""A letter, a shown draft, a request handed on, in a real browser: by keyboard, accessible, no sideways scrolling.

With `INQUIRY_SHOTS=folder` each page is kept as a picture.
"""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from contraparte.inquiries.actions.handing import hand_on
from contraparte.inquiries.actions.sharing import share_draft
from contraparte.inquiries.models import Inquiry
from tests.browser.harness import assert_accessible, assert_fits, follow, press_enter, visit
from tests.inquiries.inquiry_world import CENTRAL, LETTER, SONORA, InquiryWorld
from tests.inquiries.test_handing import typed_by_clerk
from tests.inquiries.test_in_browser import assert_page, keep
from tests.inquiries.test_letters import SIGNED, TEXTS, translate, version
from tests.inquiries.test_sending_on import STATE
from tests.inquiries.test_sending_on import show as show_to_federal
from tests.traces.test_pages import browser

OpenPage = Callable[..., Page]
SIZES = [("en", "desk"), ("es", "telephone"), ("es", "desk"), ("en", "telephone")]


@pytest.mark.parametrize(("language", "width"), SIZES)
def test_a_letter_is_translated_certified_and_signed(
    world: InquiryWorld, open_page: OpenPage, language: str, width: str
) -> None:
    row = translate(world, world.save(LETTER, instrument="reciprocity", article=""), certified=False,
                    texts=TEXTS | {"purpose": ""})  # fmt: skip
    page = open_page(browser(world.officer, language), language=language, width=width)
    name = f"letter-{language}-{width}"
    assert_page(page, f"/inquiries/{row.pk}/letter/", f"{name}-open")
    page.locator("#id_text-purpose").fill(TEXTS["purpose"])
    page.locator("#id_translated_by").fill("Perita traductora 77")
    page.locator("#id_translated_on").fill("2026-11-21")
    page.locator("button[value=certify]").press("Enter")
    expect(page.locator("#id_version")).to_be_visible()
    page.locator("#id_version").fill(version(row)[:8])
    page.locator("#id_signed_by").fill("Directora Ramos")
    page.locator("#id_file").set_input_files([{"name": "firmada.pdf", "mimeType": "application/pdf", "buffer": SIGNED}])
    page.locator("form[enctype] button").press("Enter")
    expect(page.get_by_role("link", name="firmada.pdf")).to_be_visible()
    follow(page.locator("form[action$='/enclose/'] button"), press_enter)
    keep(page, f"{name}-signed")
    assert_fits(page)
    assert_accessible(page)
    assert_page(page, f"/inquiries/{row.pk}/", f"{name}-thread")


@pytest.mark.parametrize(("language", "width"), SIZES)
def test_a_draft_is_shown_and_commented(world: InquiryWorld, open_page: OpenPage, language: str, width: str) -> None:
    row = world.save(LETTER)
    world.release(share_draft(row, question="Is this complete for you?", by=world.officer, now=world.now))
    world.settle()
    theirs = world.other(Inquiry.objects.get(pk=row.pk))
    page = open_page(browser(world.agent, language), language=language, width=width)
    assert_page(page, f"/inquiries/{theirs.pk}/", f"shared-{language}-{width}")
    page.locator("#id_verdict").select_option("incomplete")
    page.locator("#id_text").fill("Name the branch.")
    page.locator("form[action$='/comment/'] button").press("Enter")
    expect(page.get_by_text("Name the branch.")).to_be_visible()
    world.settle()
    page.close()
    other = open_page(browser(world.officer, language), language=language, width=width)
    visit(other, f"/inquiries/{row.pk}/")
    expect(other.get_by_text("Name the branch.")).to_be_visible()
    other.locator(".iq-share summary").press("Enter")
    keep(other, f"commented-{language}-{width}")
    assert_fits(other)
    assert_accessible(other)


@pytest.mark.parametrize(("language", "width"), SIZES)
def test_a_request_is_handed_on_and_taken_up(
    world: InquiryWorld, open_page: OpenPage, language: str, width: str
) -> None:
    inside = typed_by_clerk(world)
    hand_on(inside, to=CENTRAL, note="For your signature.", by=world.clerk, now=world.now)
    page = open_page(browser(world.agent, language), language=language, width=width)
    assert_page(page, f"/inquiries/{inside.pk}/", f"handed-{language}-{width}")
    page.locator("#id_note").fill("The nexus is thin.")
    page.locator("button[value=return]").press("Enter")
    expect(page.get_by_text("The nexus is thin.")).to_be_visible()
    page.close()
    theirs = show_to_federal(world, world.save(STATE))
    page = open_page(browser(world.federal, language), language=language, width=width)
    assert_page(page, f"/inquiries/{theirs.pk}/", f"taken-{language}-{width}")
    page.locator("form[action$='/take/'] button").press("Enter")
    page.wait_for_url("**/edit/")
    made = Inquiry.objects.get(lead=theirs)
    assert_page(page, f"/inquiries/{made.pk}/", f"made-{language}-{width}")
    page.locator(".iq-authors summary").press("Enter")
    expect(page.get_by_text(SONORA)).to_be_visible()
