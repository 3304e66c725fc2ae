"""Who handles X at Y: posts of the signed directory, and for posts of this node who holds them now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Page, Paginator
from django.db.models import Q

from contraparte.desk.registry import CONTACT_LINKS, ContactLink
from contraparte.directory.calendars import zone_of
from contraparte.directory.models import Agency, Post, Tenure
from contraparte.directory.rules.roles import Role
from contraparte.exchange import registry as exchange
from contraparte.protocol.ids import country_of
from contraparte.web.permissions import may

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Contact:
    """One post: what it handles in words, who holds it (only of this node), and what time it is there."""

    post: Post
    handles: list[str]
    holders: list[Tenure]
    is_vacant: bool
    local_time: str  # already of the post's own clock: a template would turn an instant into the reader's
    links: list[tuple[str, str]]  # (label, address) of what this reader may begin with it

    @property
    def country(self) -> str:
        """The side it stands on."""
        return country_of(self.post.pk)


def contacts_page(
    *, text: str, agency: str, topic: str, number: int, now: datetime, tenure: Tenure
) -> tuple[Page[Post], list[Contact]]:
    """One page of posts by name, agency and topic in the order of their identifiers, and what is shown of each."""
    rows = Post.objects.select_related("agency").filter(listed=True, agency__listed=True).order_by("id")
    if agency:
        rows = rows.filter(agency_id=agency)
    for part in text.split():
        words = Q(name_en__icontains=part) | Q(name_es__icontains=part) | Q(id__icontains=part)
        rows = rows.filter(words | Q(agency__name_en__icontains=part) | Q(agency__name_es__icontains=part))
    posts = [post for post in rows[:5000] if not topic or _handles(post, topic)]
    page = Paginator(posts, PER_PAGE).get_page(number)
    shown = list(page.object_list)
    holders = _holders([post for post in shown if post.agency.is_local], now)
    links = [link for link in CONTACT_LINKS if may(tenure, link.permission)]
    return page, [
        _contact(post, holders.get(post.pk, []), now, [] if post.agency_id == tenure.post.agency_id else links)
        for post in shown
    ]


def agencies() -> list[Agency]:
    """Every listed agency with a post, by country and name; for the choice of a filter."""
    return list(Agency.objects.filter(listed=True, posts__listed=True).distinct().order_by("country", "name_en")[:500])


def topics() -> list[str]:
    """What posts handle, first words only (`trace` of `trace.request/1`), sorted."""
    found: set[str] = set()
    for handles in Post.objects.filter(listed=True).values_list("handles", flat=True)[:5000]:
        found |= {str(one).partition(".")[0] for one in handles}
    return sorted(found)


def _handles(post: Post, topic: str) -> bool:
    return any(str(one).partition(".")[0] == topic for one in post.handles)


def _holders(posts: Sequence[Post], now: datetime) -> dict[str, list[Tenure]]:
    rows = Tenure.objects.filter(post__in=posts, person__is_active=True, starts__lte=now).filter(
        Q(ends=None) | Q(ends__gt=now)
    )
    found: dict[str, list[Tenure]] = {}
    for tenure in rows.select_related("person").order_by("starts", "id"):
        if {Role.OFFICER, Role.AUTHORISER, Role.CUSTODIAN} & set(tenure.roles):
            found.setdefault(tenure.post_id, []).append(tenure)
    return found


def _contact(post: Post, holders: list[Tenure], now: datetime, links: Sequence[ContactLink]) -> Contact:
    return Contact(
        post=post,
        handles=list(dict.fromkeys(_topic_words(str(one)) for one in post.handles)),
        holders=holders,
        is_vacant=post.agency.is_local and not holders,
        local_time=f"{now.astimezone(zone_of(post.time_zone)):%H:%M}",
        links=[(str(link.label), link.url(post.pk)) for link in links if _handles(post, link.noun)],
    )


def _topic_words(name: str) -> str:
    known = {one.name: str(one.title) for one in exchange.message_types()}
    return known.get(name, name)
