"""The page of pouches in Chromium: accessible, at both widths, in both languages, made and taken in by keyboard."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page

from contraparte.directory import view
from contraparte.directory.models import Agency, Tenure
from contraparte.directory.rules.roles import Role
from contraparte.exchange import actions
from tests.browser.harness import assert_accessible, assert_fits, visit
from tests.exchange.small_world import FEDERAL, SmallWorld

pytestmark = [pytest.mark.django_db(transaction=True)]
OpenPage = Callable[..., Page]
BrowserOf = Callable[[Tenure], Client]


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("width", ["desk", "telephone"])
def test_a_pouch_is_made_and_taken_in_on_an_accessible_page(
    world: SmallWorld, browser_of: BrowserOf, open_page: OpenPage, tmp_path: Path, language: str, width: str
) -> None:
    actions.send_all([world.note("first")], now=timezone.now())
    Agency.objects.filter(pk="us.ntc").update(is_local=False)
    keeper = world.appoint("ines", FEDERAL, Role.ADMINISTRATOR)
    page = visit(open_page(browser_of(keeper), language, width), "/pouches/")
    assert_accessible(page)
    assert_fits(page)
    page.get_by_role("button", name="Make a pouch for" if language == "en" else "Preparar una valija para").focus()
    with page.expect_download() as taken:
        page.keyboard.press("Enter")
    file = tmp_path / "a.pouch"
    taken.value.save_as(file)
    Agency.objects.filter(pk="us.ntc").update(is_local=True)
    view.forget()
    page.set_input_files("#pouch-file", file)
    page.get_by_role("button", name="Take it in" if language == "en" else "Recibir", exact=True).focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Take the answer along" if language == "en" else "Descargar la respuesta").wait_for()
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    assert_accessible(page)
    assert_fits(page)
