"""Real Chromium against a real server: pages as people meet them. A plugin (`-p`), so that one browser serves all.

`visit` opens pages for a signed-in browser and remembers what the browser complained about; a complaint about the
content security policy or a script error fails the test. `assert_accessible` runs axe-core on the page as it stands.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Locator, Page, sync_playwright

# Playwright's loop runs in this thread, so Django would take plain ORM calls of a test for asynchronous ones.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = "/usr/bin/chromium"
AXE = ROOT / "node_modules/axe-core/axe.min.js"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = {"desk": (1280, 900), "telephone": (360, 780)}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def contexts(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """`open_context(width="desk", **more)` gives a window of its own; at the end no page may have complained."""
    opened: list[BrowserContext] = []
    complaints: list[str] = []

    def open_context(width: str = "desk", **more: Any) -> BrowserContext:
        across, down = WIDTHS[width]
        context = chromium.new_context(viewport={"width": across, "height": down}, **more)
        context.on("weberror", lambda thrown: complaints.append(str(thrown.error)))
        context.on("console", lambda told: complaints.append(told.text) if _is_complaint(told.text) else None)
        opened.append(context)
        return context

    yield open_context
    for context in opened:
        context.close()
    assert not complaints, complaints


@pytest.fixture
def open_page(chromium: Browser, live_server: "pytest.FixtureRequest") -> Iterator[Callable[..., Page]]:
    """`open_page(client=None, language="en", width="desk")` gives a page that carries the session of a test client."""
    with contexts(chromium) as open_context:

        def open_one(client: object = None, language: str = "en", width: str = "desk") -> Page:
            context = open_context(width, base_url=live_server.url)
            cookies = [{"name": "django_language", "value": language, "url": live_server.url}]
            if client is not None:
                session = client.cookies[settings.SESSION_COOKIE_NAME].value
                cookies.append({"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url})
            context.add_cookies(cookies)
            return context.new_page()

        yield open_one


def visit(page: Page, address: str, status: int = 200) -> Page:
    """Open an address and wait until it is quiet; any status but the expected one fails the test."""
    answer = page.goto(address)
    assert answer is not None and answer.status == status, f"{address} answered {answer.status if answer else None}"
    page.wait_for_load_state("networkidle")
    return page


def follow(target: Locator, press: Callable[[Locator], object] = Locator.click) -> None:
    """Press a link or a button that leads to another page; afterwards that page is there.

    Without this wait the next look could fall between two pages, where there is no document at all.
    """
    with target.page.expect_navigation():
        press(target)


def press_enter(target: Locator) -> None:
    """As `follow` presses it by keyboard."""
    target.press("Enter")


def _is_complaint(text: str) -> bool:
    return "Content Security Policy" in text or "Uncaught" in text


def assert_accessible(page: Page) -> None:
    """No violation of WCAG 2.2 AA that axe can see on the page as it stands now.

    From its top: a link that is half under the bar that stays while the page scrolls would count as too small.
    """
    page.evaluate("window.scrollTo({top: 0, behavior: 'instant'})")
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(
        """async () => (await axe.run(document, {
            runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
        })).violations.map(v => `${v.id}: ${v.help} — `
            + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(" | "))"""
    )
    assert found == [], "\n".join(found)


def assert_fits(page: Page) -> None:
    """Nothing makes the page itself scroll sideways."""
    width, inner = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert width <= inner, f"the page is {width} px wide in a window of {inner} px"
