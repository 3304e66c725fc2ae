"""Posts nobody answers for while they owe something, leavings nobody takes over: on desks and in notices.

An authorising person of the agency gets every owed step of such a post on the own desk, with its clock: an authorising
person opens all conversations of the agency. Who administers reads numbers only.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from django.db.models import Min
from django.urls import reverse
from django.utils.translation import gettext as _

from contraparte.desk import queries
from contraparte.desk.pack_sections import at_post
from contraparte.desk.registry import DeskItem
from contraparte.directory import continuity
from contraparte.directory import queries as directory
from contraparte.directory.models import Post, Tenure
from contraparte.directory.rules.roles import CONTENT_ROLES, Role
from contraparte.exchange.models import Conversation, DisclosureDuty, Draft, Obligation, OneOfficerRelease
from contraparte.web.registry import Notice
from contraparte.web.templatetags.pages import named

ROWS = 100
MOST_POSTS = 20  # looked into for the desk; all of them are named on the page of posts


def posts_url(post: Post) -> str:
    """The page of a post of this node."""
    agency, _slash, name = post.pk.partition("/")
    return reverse("desk:post", args=[agency, name])


def alarming_posts(agency_id: str, now: datetime) -> list[Post]:
    """Posts without anybody that owe a step."""
    vacant = continuity.vacant_posts(agency_id, now)
    owed = set(
        Obligation.objects.filter(agency=agency_id, holder__in=[one.pk for one in vacant], closed_at=None)
        .values_list("holder", flat=True)
        .distinct()
    )
    return [one for one in vacant if one.pk in owed]


def work(tenure: Tenure, now: datetime) -> Iterable[DeskItem]:
    """What vacant posts owe, and leavings for which a successor is to be named; for who authorises."""
    if Role.AUTHORISER not in tenure.roles or tenure.person_id is None:
        return
    for departure in continuity.successions_owed(tenure.post.agency_id)[:ROWS]:
        yield DeskItem(
            title=_("Leaving of %(person)s") % {"person": departure.tenure.person},
            detail=_("name who takes over at %(post)s") % {"post": named(departure.post)},
            url=posts_url(departure.post),
            action=_("Name a successor"),
            due_at=departure.leaves_at,
        )
    yield from _left_lying(tenure, now)


def _left_lying(tenure: Tenure, now: datetime) -> Iterable[DeskItem]:
    """What posts of the agency owe and nobody there can do: the post is vacant, or lacks the role of who left.

    Steps and drafts are opened by whoever authorises in the agency; other work only shows where it waits, for the pages
    of a room belong to the post, and the remedy is somebody at it.
    """
    agency = tenure.post.agency_id
    held = continuity.missing_roles(agency, now)
    vacant = {one.pk: frozenset[str]() for one in _busy(continuity.vacant_posts(agency, now))}
    lacking = {**held, **vacant}
    lacking.pop(tenure.post_id, None)
    for post in _first_due(agency, lacking):
        roles = lacking[post.pk]
        seen = {_key(one) for part in queries.work_of_post(at_post(post, roles), now) for one in part} if roles else ()
        told = (
            _("%(step)s, owed by %(post)s, where nobody may do it")
            if roles
            else _("%(step)s, owed by %(post)s, a post without anybody")
        )
        own, rooms = queries.work_of_post(at_post(post, CONTENT_ROLES), now)
        lying = [one for one in own if _key(one) not in seen]
        lying += [replace(one, url=posts_url(post), action=_("See the post")) for one in rooms if _key(one) not in seen]
        for item in lying[:ROWS]:
            yield replace(item, detail=told % {"step": item.detail, "post": named(post)}, conversation=None)


def _first_due(agency: str, posts: Iterable[str]) -> list[Post]:
    """Of these, as many as a desk looks into: those that owe a step first, by the day it is due, then the others."""
    steps = Obligation.objects.filter(agency=agency, holder__in=list(posts), closed_at=None).order_by()
    due = dict(steps.values_list("holder").annotate(Min("due_at")))
    never = datetime.max.replace(tzinfo=UTC)
    first = sorted(posts, key=lambda post: (post not in due, due.get(post) or never, post))[:MOST_POSTS]
    found = Post.objects.select_related("agency").in_bulk(first)
    return [found[post] for post in first if post in found]


def _key(item: DeskItem) -> tuple[str, str, str]:
    return str(item.title), str(item.detail), item.url


def _busy(posts: list[Post]) -> list[Post]:
    """Of these, the ones that have a thread open, a step owed or a draft begun."""
    ids = [one.pk for one in posts]
    busy = set(Conversation.objects.filter(post__in=ids, closed_at=None).values_list("post_id", flat=True).distinct())
    busy |= set(Obligation.objects.filter(holder__in=ids, closed_at=None).values_list("holder", flat=True).distinct())
    drafts = Draft.objects.filter(drafted_by__post__in=ids, state__in=(Draft.State.DRAFT, Draft.State.RETURNED))
    busy |= set(drafts.values_list("drafted_by__post_id", flat=True).distinct())
    return [one for one in posts if one.pk in busy]


def acknowledgements(tenure: Tenure, now: datetime) -> Iterable[DeskItem]:
    """Hand-overs this person is to acknowledge."""
    for departure in continuity.acknowledgements_owed(tenure)[:ROWS]:
        yield DeskItem(
            title=_("Hand-over of %(post)s") % {"post": named(departure.post)},
            detail=_("read what is open and say that you have it"),
            url=reverse("desk:handover", args=[departure.pk]),
            action=_("Read and acknowledge"),
            due_at=departure.leaves_at,
        )


def notices(tenure: Tenure, now: datetime) -> Iterable[Notice]:
    """Numbers for who can put somebody there."""
    if not {Role.AUTHORISER, Role.ADMINISTRATOR} & set(tenure.roles):
        return
    agency = tenure.post.agency_id
    posts = reverse("desk:posts")
    yield Notice(_("posts without anybody that owe a step"), len(alarming_posts(agency, now)), posts)
    yield Notice(_("leavings without a successor"), continuity.successions_owed(agency).count(), posts)
    if not any(Role.AUTHORISER in one.roles for one in directory.persons_of_agency(agency, now)):
        waiting = Draft.objects.filter(agency=agency, state=Draft.State.REVIEW).count()
        yield Notice(_("drafts that wait, and nobody of the agency may approve them"), waiting, posts)
        reviews = OneOfficerRelease.objects.filter(agency=agency, reviewed_at=None).count()
        declared = DisclosureDuty.objects.filter(agency=agency, ours=True, state=DisclosureDuty.State.DECLARED).count()
        yield Notice(
            _("reviews and duties of disclosure that nobody of the agency may settle"), reviews + declared, posts
        )
