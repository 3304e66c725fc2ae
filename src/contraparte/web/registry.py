"""What higher rooms add to the pages: navigation, search, notices, the words of errors.

Filled in each room's `AppConfig.ready()`; read by `web` only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Problem:
    """The words of one error code: what is wrong, and how to mend it. `%(name)s` takes the error's params."""

    title: Text
    remedy: Text


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry of the left navigation, shown to who holds `permission`."""

    label: Text
    url_name: str
    permission: str
    order: int


@dataclass(frozen=True, slots=True)
class Hit:
    """One search result; shows identifiers only, never content the reader may not open."""

    title: Text
    detail: Text
    url: str


@dataclass(frozen=True, slots=True)
class SearchSource:
    """A place the search box looks into. `find(tenure, text, limit)` returns what that tenure may open."""

    label: Text
    permission: str
    find: Callable[[Any, str, int], list[Hit]]


PROBLEMS: dict[str, Problem] = {}
NAVIGATION: list[NavItem] = []
SEARCH_SOURCES: list[SearchSource] = []


def register_problems(problems: Mapping[str, Problem]) -> None:
    """Add the words of a room's error codes. A code is given words once."""
    twice = PROBLEMS.keys() & problems.keys()
    if twice:
        raise ValueError(f"error codes worded twice: {sorted(twice)}")
    PROBLEMS.update(problems)


def register_nav(item: NavItem) -> None:
    """Add an entry to the left navigation."""
    NAVIGATION.append(item)
    NAVIGATION.sort(key=lambda entry: entry.order)


def register_search(source: SearchSource) -> None:
    """Add a place the search box looks into."""
    SEARCH_SOURCES.append(source)
