"""People before the pages of three running nodes, in one language, at one width, with one way to work the pages.

Everyone comes by a one-time link and goes on by links, buttons and fields alone; every page they see is checked for
width, language and, each kind once, accessibility. With `STORY_SHOTS=folder` each page is kept as a picture.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from contraparte.node import demo_acts
from tests.acceptance.trio import Trio, wait_until
from tests.browser.harness import assert_accessible, assert_fits, contexts, follow
from tests.browser.ways import Way

SHOTS = os.environ.get("STORY_SHOTS", "")
PATIENCE_MS = 20_000
LANGUAGES = ("en", "es")
Words = Mapping[str, tuple[str, str]]
OpenContext = Callable[..., BrowserContext]
# Words of English sentences that no Spanish one holds, nor any name in these worlds.
ENGLISH = re.compile(r"\b(the|of|and|is|are|was|were|with|from|this|that|yet|not|for|to|by)\b", re.IGNORECASE)
NODES = re.compile("|".join(demo_acts.TITLES.values()))
# Everything a page says: what is seen, and what readers of the screen hear.
SAYS = """() => [document.title, ...document.body.innerText.split("\\n"),
    ...[...document.querySelectorAll("[aria-label], [title], [placeholder], [data-label]")].flatMap(
        (one) => ["aria-label", "title", "placeholder", "data-label"].map((name) => one.getAttribute(name) ?? ""))]
    .map((text) => text.trim()).filter(Boolean)"""


def patient_contexts(chromium: Browser) -> Iterator[OpenContext]:
    """Windows of their own; waiting is not told by how busy this machine is."""
    expect.set_options(timeout=PATIENCE_MS)
    with contexts(chromium) as opening:
        yield opening
    expect.set_options(timeout=None)


@dataclass
class Story:
    """What everybody does. A story of its own says in `WORDS` what must stand on its pages: name → English, Spanish."""

    WORDS: ClassVar[Words] = {"menu": ("Menu", "Menú")}

    trio: Trio
    open_context: OpenContext
    language: str
    width: str
    way: Way
    links: dict[str, dict[str, str]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    pictures: int = 0

    def __post_init__(self) -> None:
        place = LANGUAGES.index(self.language)
        told = {**Story.WORDS, **self.WORDS}
        self.words = {name: both[place] for name, both in told.items()}
        self.english_labels = {english for english, spanish in told.values() if english != spanish}

    def enter(self, node: str, username: str, width: str = "") -> Page:
        """Somebody opens their one-time link and switches the page to the language of this story."""
        if node not in self.links:
            self.links[node] = self.trio.links(node)
        page = self.open_context(width or self.width, has_touch=self.way.has_touch).new_page()
        page.goto(self.links[node][username])
        if page.locator("html").get_attribute("lang") != self.language:
            self.follow(page.locator(f'.cp-language button[value="{self.language}"]'))
        expect(page.locator("html")).to_have_attribute("lang", self.language)
        return page

    def look(self, page: Page, name: str, *says: str) -> None:
        """The page as it stands says these words in one language, and fits; each kind of page is accessible."""
        self.pictures += 1
        if SHOTS:
            file = f"{self.language}-{self.way.name}-{self.pictures:02d}-{name}.png"
            page.screenshot(path=str(Path(SHOTS) / file), full_page=True)
        told = page.evaluate(SAYS)
        for word in says:
            assert any(self.words[word] in line for line in told), f"{self.words[word]!r} is not on the page {name}"
        if self.language == "es":
            left = [line for line in told if line in self.english_labels or ENGLISH.search(NODES.sub("", line))]
            assert not left, f"English on the Spanish page {name}: {left}"
        assert_fits(page)
        if name not in self.seen:
            assert_accessible(page)
        self.seen.add(name)

    def follow(self, target: Locator) -> None:
        """A link or a button that leads to another page; afterwards that page is there."""
        follow(target, self.way.press)

    def go(self, page: Page, name: str) -> None:
        """To a page of the navigation, which is folded where the window is narrow."""
        link = page.locator(".cp-links").get_by_role("link", name=self.words[name], exact=True)
        if not link.is_visible():
            self.way.press(page.get_by_role("button", name=self.words["menu"]))
        self.follow(link)
        expect(page.get_by_role("heading", level=1)).to_have_text(self.words[name])

    def link(self, page: Page, name: str) -> Locator:
        return page.get_by_role("link", name=self.words.get(name, name))

    def button(self, page: Page, name: str) -> Locator:
        return page.get_by_role("button", name=self.words[name], exact=True)

    def reload_until(self, page: Page, what: str, is_so: Callable[[], bool]) -> None:
        """Load the page again and again until it shows what others have to do first."""

        def look() -> bool:
            if is_so():
                return True
            page.reload()
            return False

        wait_until(f"{what} at {page.url}", look)

    def await_on(self, page: Page, target: Locator) -> Locator:
        self.reload_until(page, str(target), target.first.is_visible)
        return target.first
