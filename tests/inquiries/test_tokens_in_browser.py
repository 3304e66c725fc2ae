"""The page of tokens in a real browser: made and ended by keyboard, accessible, without sideways scrolling.

With `TOKEN_SHOTS=folder` each page is kept as a picture.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from contraparte.web.models import ApiToken
from tests.browser.harness import assert_accessible, assert_fits, visit
from tests.inquiries.inquiry_world import InquiryWorld
from tests.traces.test_pages import browser

SHOTS = os.environ.get("TOKEN_SHOTS", "")


def hold(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)
    assert_fits(page)
    assert_accessible(page)


@pytest.mark.parametrize("width", ["desk", "telephone"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_a_token_is_made_and_ended_by_keyboard(
    world: InquiryWorld, open_page: Callable[..., Page], language: str, width: str
) -> None:
    page = open_page(browser(world.officer, language), language=language, width=width)
    visit(page, "/account/api/")
    hold(page, f"empty-{language}-{width}")
    page.locator("#id_name").focus()
    page.keyboard.type("Case system")
    page.locator("#id_scopes_1").focus()
    page.keyboard.press("Space")
    page.locator("#id_days").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#new-token")).to_contain_text("cpt_")
    hold(page, f"made-{language}-{width}")
    page.locator("form[action$='/revoke/'] button").focus()
    page.keyboard.press("Enter")
    expect(page.locator("form[action$='/revoke/']")).to_have_count(0)
    hold(page, f"ended-{language}-{width}")
    assert ApiToken.objects.get().revoked_at is not None and ApiToken.objects.get().scopes == ["read", "write"]
    page.locator("#id_scopes_0").focus()
    page.keyboard.press("Space")
    page.locator("#id_days").fill("91")
    page.keyboard.press("Enter")
    expect(page.locator(".usa-error-message")).to_have_count(3)
    hold(page, f"wrong-{language}-{width}")
