"""Packaging evidence in Chromium: the page in both languages and widths, the file by keyboard, the index by itself."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page

from contraparte.directory.models import Tenure
from contraparte.exchange import actions
from contraparte.exchange.models import Conversation
from tests.browser.harness import assert_accessible, assert_fits, visit
from tests.exchange.package_world import cosign, publish_directories, thread_of
from tests.exchange.small_world import SmallWorld

pytestmark = [pytest.mark.django_db(transaction=True)]
OpenPage = Callable[..., Page]
BrowserOf = Callable[[Tenure], Client]


def mixed(world: SmallWorld, safe: Path) -> Conversation:
    """A thread with evidence and a lead in it."""
    publish_directories(world, safe)
    thread = thread_of(world)
    actions.send_all([world.note("a lead", thread)], now=timezone.now())
    world.settle()
    cosign(world)
    return thread


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("width", ["desk", "telephone"])
def test_the_page_and_the_index_are_accessible_and_fit(
    world: SmallWorld, browser_of: BrowserOf, open_page: OpenPage, tmp_path: Path, language: str, width: str
) -> None:
    thread = mixed(world, tmp_path / "safe")
    page = visit(open_page(browser_of(world.officer), language, width), f"/conversations/{thread.pk}/package/")
    assert_accessible(page)
    assert_fits(page)
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    assert page.locator("input[name=items]:disabled").count() == 2  # the lead and its copy
    button = page.get_by_role("button", name="Make the package" if language == "en" else "Generar el paquete")
    button.focus()
    with page.expect_download() as taken:
        page.keyboard.press("Enter")
    file = tmp_path / "taken.zip"
    taken.value.save_as(file)
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            if "/data/index." in name:
                (tmp_path / Path(name).name).write_bytes(archive.read(name))
    page.goto((tmp_path / "index.html").as_uri())
    page.screenshot(path=tmp_path / "index.png", full_page=True)
    assert page.get_by_role("heading", level=1).all_inner_texts() == ["Evidence package", "Paquete probatorio"]
    assert_accessible(page)
    assert_fits(page)
