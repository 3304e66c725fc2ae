"""What the page shell shows around every page; computed only when a template asks for it."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from contraparte.web.permissions import may
from contraparte.web.registry import NAVIGATION, SEARCH_SOURCES, AccordState, NavItem, footer_facts, notices_for

if TYPE_CHECKING:
    from contraparte.directory.models import Tenure


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of the left navigation as drawn."""

    item: NavItem
    url: str
    is_current: bool


class Frame:
    """Navigation, node and state of the road for one request. Templates read `frame.<name>`."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.tenure: Tenure | None = getattr(request, "tenure", None)
        self.tenures: list[Tenure] = getattr(request, "tenures", [])
        self.node_name = settings.NODE_NAME
        self.is_demo = settings.DEMO

    @cached_property
    def links(self) -> list[Link]:
        """Entries this tenure may open, in their order; the one this page lies under is current."""
        open_to_me = [item for item in NAVIGATION if may(self.tenure, item.permission)]
        found = [(item, _address(item.url_name)) for item in open_to_me]
        path = self.request.path
        under = [url for _, url in found if url and path.startswith(url)]
        current = max(under, key=len, default="")
        return [Link(item, url, url == current) for item, url in found if url]

    @cached_property
    def may_search(self) -> bool:
        """Whether there is any place this tenure may search in."""
        return any(may(self.tenure, source.permission) for source in SEARCH_SOURCES)

    @cached_property
    def notice_count(self) -> int:
        """How many things wait for this tenure; a number and nothing else."""
        return sum(notice.count for notice in notices_for(self.tenure, timezone.now())) if self.tenure else 0

    @cached_property
    def version(self) -> str:
        """Release of the software on this node."""
        return version("contraparte")

    @cached_property
    def accords(self) -> list[AccordState]:
        """The instruments between this post's country and others, active or suspended."""
        return list(footer_facts().accords(self.tenure)) if self.tenure else []

    @cached_property
    def suspended(self) -> list[AccordState]:
        """Those that are suspended now; each gets a band on every page."""
        return [accord for accord in self.accords if accord.is_suspended]

    @cached_property
    def cosigned_at(self) -> datetime | None:
        """When a peer last cosigned a checkpoint of this post's agency; None before the first."""
        return footer_facts().cosigned_at(self.tenure) if self.tenure else None

    @cached_property
    def silent_peers(self) -> list[tuple[str, int]]:
        """Peers that do not answer: (agency name, messages queued for it)."""
        return list(footer_facts().silent_peers(self.tenure)) if self.tenure else []


def _address(url_name: str) -> str:
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""


def frame(request: HttpRequest) -> dict[str, object]:
    """Context processor: `frame` for the page shell."""
    return {"frame": Frame(request)}
