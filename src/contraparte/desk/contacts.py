"""Who handles X at Y: posts of the signed directory, and for posts of this node who holds them now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import Q
from django.utils.translation import override

from contraparte.desk.footer import SILENT_AFTER
from contraparte.desk.registry import CONTACT_LINKS, TOPIC_SOURCES, ContactLink, subject_of
from contraparte.desk.rules.matching import is_in, words_of
from contraparte.directory import continuity, duty
from contraparte.directory.calendars import zone_of
from contraparte.directory.duty import OnDuty
from contraparte.directory.models import Agency, Post, PostNotice, Tenure
from contraparte.directory.rules.roles import Role
from contraparte.exchange import registry as exchange
from contraparte.exchange.models import Lane
from contraparte.protocol.ids import country_of
from contraparte.web.permissions import may

PER_PAGE = 50
# What people type for a country; folded.
COUNTRY_WORDS = {"mx": ("mx", "mexico"), "us": ("us", "usa", "eua", "ee.uu.", "eeuu")}


@dataclass(frozen=True, slots=True)
class Contact:
    """One post: what it handles in words, who holds it (only of the reader's agency), and what time it is there."""

    post: Post
    handles: list[str]
    holders: list[Tenure]  # of the reader's own agency: persons are named to nobody else (P1.4)
    on_duty: list[OnDuty]  # of the reader's own agency; a roster is told to nobody else
    is_vacant: bool
    is_silent: bool  # its node has not answered several times in a row
    local_time: str  # already of the post's own clock: a template would turn an instant into the reader's
    notice: PostNotice | None  # what its agency has told of who answers for it
    links: list[tuple[str, str]]  # (label, address) of what this reader may begin with it

    @property
    def country(self) -> str:
        """The side it stands on."""
        return country_of(self.post.pk)


def contacts_page(
    *, text: str, agency: str, topic: str, number: int, now: datetime, tenure: Tenure
) -> tuple[Page[Post], list[Contact]]:
    """One page of posts in the order of their identifiers, and what is shown of each.

    Every word of `text` is looked for in name, agency, identifier and country of the post, in what it handles, and in
    what that may be about (an offence, a measure); in both languages, without case and accents.
    """
    rows = Post.objects.select_related("agency").filter(listed=True, agency__listed=True).order_by("id")
    if agency:
        rows = rows.filter(agency_id=agency)
    wanted = [(word, _types_about(word)) for word in words_of(text)]
    known = _titles()
    posts = [
        post
        for post in rows[:5000]
        if (not topic or _handles(post, topic)) and all(_answers(post, *one, known) for one in wanted)
    ]
    page = Paginator(posts, PER_PAGE).get_page(number)
    shown = list(page.object_list)
    holders = _holders([post for post in shown if post.agency.is_local], now)
    own = tenure.post.agency_id
    links = [link for link in CONTACT_LINKS if may(tenure, link.permission)]
    told = continuity.notices_about(post.pk for post in shown if not post.agency.is_local)
    silent = set(Lane.objects.filter(failures__gte=SILENT_AFTER).values_list("operator", flat=True))
    return page, [
        _contact(
            post,
            holders.get(post.pk, []) if post.agency_id == own else [],
            now,
            [] if post.agency_id == tenure.post.agency_id else links,
            on_duty=duty.on_duty(post, now) if post.agency_id == tenure.post.agency_id else [],
            is_silent=post.agency.operator in silent,
            notice=told.get(post.pk),
            is_vacant=post.agency.is_local and post.pk not in holders,
        )
        for post in shown
    ]


def _types_about(word: str) -> set[str]:
    return {name for source in TOPIC_SOURCES for name in source(word)}


def _titles() -> dict[str, tuple[str, ...]]:
    """What each message type is called, in both languages."""
    known: dict[str, list[str]] = {}
    for code, _ in settings.LANGUAGES:
        with override(code):
            for one in exchange.message_types():
                known.setdefault(one.name, []).append(str(one.title))
    return {name: tuple(titles) for name, titles in known.items()}


def _answers(post: Post, word: str, about: set[str], known: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether one word of a search speaks of this post."""
    agency = post.agency
    names = (post.name_en, post.name_es, post.pk, agency.name_en, agency.name_es)
    if any(word in words for words in COUNTRY_WORDS.values()):
        return word in COUNTRY_WORDS.get(agency.country, ())
    if is_in(word, names):
        return True
    return any(
        is_in(word, known.get(handled, ())) or handled in about or any(_covers(handled, one) for one in about)
        for handled in map(str, post.handles)
    )


def _covers(handled: str, name: str) -> bool:
    """Whether `inquiry.*` or plain `inquiry` in the directory covers `inquiry.letter/1`."""
    noun = name.partition(".")[0]
    return handled in {noun, f"{noun}.*"}


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


def _contact(
    post: Post,
    holders: list[Tenure],
    now: datetime,
    links: Sequence[ContactLink],
    *,
    on_duty: list[OnDuty],
    is_silent: bool,
    notice: PostNotice | None,
    is_vacant: bool,
) -> Contact:
    return Contact(
        post=post,
        handles=list(dict.fromkeys(_topic_words(str(one)) for one in post.handles)),
        holders=holders,
        on_duty=on_duty,
        is_silent=is_silent,
        notice=notice,
        is_vacant=is_vacant,
        local_time=f"{now.astimezone(zone_of(post.time_zone)):%H:%M}",
        links=[(str(link.label), link.url(post.pk)) for link in links if _handles(post, link.noun)],
    )


def _topic_words(name: str) -> str:
    known = {one.name: str(one.title) for one in exchange.message_types()}
    noun, _, verb = name.partition(".")
    return str(subject_of(noun).label) if verb in {"", "*"} else known.get(name, name)
