"""What higher rooms add to the pages: navigation, search, notices, the words of errors, facts of the footer.

Filled in each room's `AppConfig.ready()`; read by `web` only.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise

if TYPE_CHECKING:
    from contraparte.directory.models import Tenure

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Problem:
    """The words of one error code: what is wrong, and how to mend it. `%(name)s` takes the error's params."""

    title: Text
    remedy: Text


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry of the left navigation, shown to who holds `permission`.

    `icon` names a symbol of USWDS's sprite (`inbox`, `search`, `list`, …); decoration only.
    """

    label: Text
    url_name: str
    permission: str
    order: int
    icon: str = "navigate_next"


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


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that waits: what kind, how many, where. Never a name, a number or a line of content."""

    label: Text
    count: int
    url: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class NoticeSource:
    """`find(tenure, now)` counts what waits for that tenure; asked only for who holds `permission`."""

    permission: str
    find: Callable[[Any, datetime], Iterable[Notice]]


@dataclass(frozen=True, slots=True)
class AccordState:
    """An instrument as the footer tells it. `title` is its identifier or name."""

    title: str
    is_suspended: bool
    since: datetime | None = None


@dataclass(slots=True)
class FooterFacts:
    """Where the shell reads the state of the road; each is asked with the current tenure."""

    accords: "Callable[[Tenure], Iterable[AccordState]]"
    cosigned_at: "Callable[[Tenure], datetime | None]"
    silent_peers: "Callable[[Tenure], Iterable[tuple[str, int]]]"


PROBLEMS: dict[str, Problem] = {}
NAVIGATION: list[NavItem] = []
SEARCH_SOURCES: list[SearchSource] = []
NOTICE_SOURCES: list[NoticeSource] = []
API_ROUTERS: list[str] = []
_FOOTER = FooterFacts(accords=lambda _: (), cosigned_at=lambda _: None, silent_peers=lambda _: ())


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


def register_api(module: str) -> None:
    """Add a room's part of the API: the name of the module that holds its `router`, imported when it is mounted."""
    API_ROUTERS.append(module)


def register_notices(source: NoticeSource) -> None:
    """Add something the bell counts."""
    NOTICE_SOURCES.append(source)


def notices_for(tenure: Any, now: datetime) -> list[Notice]:
    """What waits for `tenure`, from every source it may ask; empty ones left out."""
    from contraparte.web.permissions import may

    asked = [source.find(tenure, now) for source in NOTICE_SOURCES if may(tenure, source.permission)]
    return [notice for found in asked for notice in found if notice.count]


def register_footer(facts: FooterFacts) -> None:
    """Tell the shell where to read the state of the road."""
    _FOOTER.accords, _FOOTER.cosigned_at, _FOOTER.silent_peers = facts.accords, facts.cosigned_at, facts.silent_peers


def footer_facts() -> FooterFacts:
    """The state of the road as registered; says nothing until a room has told."""
    return _FOOTER
