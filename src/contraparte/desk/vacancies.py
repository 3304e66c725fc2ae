"""Posts nobody answers for while they owe something, leavings nobody takes over: on desks and in notices.

An authorising person of the agency gets every owed step of such a post on the own desk, with its clock: an authorising
person opens all conversations of the agency. Who administers reads numbers only.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from contraparte.desk import queries
from contraparte.desk.registry import DeskItem
from contraparte.directory import continuity
from contraparte.directory import queries as directory
from contraparte.directory.models import Post, Tenure
from contraparte.directory.rules.roles import Role
from contraparte.exchange.models import Draft, Obligation
from contraparte.web.registry import Notice
from contraparte.web.templatetags.pages import named

ROWS = 100


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
    posts = {one.pk: one for one in alarming_posts(tenure.post.agency_id, now) if one.pk != tenure.post_id}
    if not posts:
        return
    rows = Obligation.objects.filter(agency=tenure.post.agency_id, holder__in=posts, closed_at=None)
    for row in rows.select_related("conversation", "message").order_by("due_at", "id")[:ROWS]:
        item = queries.obligation_items([row], tenure)[0]
        told = _("%(step)s, owed by %(post)s, a post without anybody")
        detail = told % {"step": item.detail, "post": named(posts[row.holder])}
        yield replace(item, detail=detail, conversation=None, other=row.message.sender)
    drafts = Draft.objects.filter(drafted_by__post__in=posts, state__in=(Draft.State.DRAFT, Draft.State.RETURNED))
    for draft in drafts.select_related("conversation", "drafted_by__post").order_by("drafted_at", "id")[:ROWS]:
        yield DeskItem(
            title=queries.titles_of([draft.conversation], tenure)[draft.conversation_id],
            detail=_("draft of %(post)s, a post without anybody") % {"post": named(draft.drafted_by.post)},
            url=reverse("desk:release", args=[draft.pk]),
            action=_("Go on"),
            since=draft.drafted_at,
            other=draft.recipient,
        )


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
