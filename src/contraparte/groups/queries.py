"""Reads of this room's pages. What a tenure may not see is not found; lists are bounded and ordered.

A group belongs to the post of its chair. Its sponsor's post reads it too, and so do posts of the same agency that its
charter in force names as members.
"""

from datetime import datetime

from django.db.models import Q, QuerySet

from contraparte.directory.models import Tenure
from contraparte.exchange.queries import may_read_content
from contraparte.groups.models import Group, GroupWord, Meeting, Promise, Reader
from contraparte.groups.recording import standing_of
from contraparte.groups.rules.standing import Standing
from contraparte.web.finding import or_404

PAGE = 50
MOST_WORDS = 200


def groups_of(tenure: Tenure) -> QuerySet[Group]:
    """The groups a tenure may read, by name."""
    rows = Group.objects.select_related("conversation", "post")
    if not may_read_content(tenure):
        return rows.none()
    # Asked apart, not joined: a join would name a group twice, and sorting out whole rows costs more than all the rest.
    named = Reader.objects.filter(post_id=tenure.post_id).values("group_id")
    return rows.filter(Q(post_id=tenure.post_id) | Q(pk__in=named), agency=tenure.post.agency_id)


def group(tenure: Tenure, pk: int) -> Group:
    """One group. Raises Http404."""
    return or_404(groups_of(tenure).filter(pk=pk).first())


def standing(tenure: Tenure, pk: int, now: datetime) -> tuple[Group, Standing]:
    """One group and how it stands. Raises Http404."""
    row = group(tenure, pk)
    return row, standing_of(row, now)


def meetings_of(tenure: Tenure) -> QuerySet[Meeting]:
    """Meetings of the groups a tenure may read, the earliest first."""
    return Meeting.objects.filter(group__in=groups_of(tenure)).select_related("group")


def promises_of(tenure: Tenure) -> QuerySet[Promise]:
    """What was promised in the groups a tenure may read, the earliest due first."""
    return Promise.objects.filter(group__in=groups_of(tenure)).select_related("group")


def own_promises(tenure: Tenure) -> QuerySet[Promise]:
    """Promises that the tenure's post owns, whether or not it reads their groups."""
    rows = Promise.objects.filter(owner=tenure.post_id, group__agency=tenure.post.agency_id).select_related("group")
    return rows if may_read_content(tenure) else rows.none()


def promises_seen(tenure: Tenure) -> QuerySet[Promise]:
    """Both: of the groups it reads, and those its post owns elsewhere."""
    return promises_of(tenure) | own_promises(tenure)


def promise(tenure: Tenure, pk: int) -> Promise:
    """One promise of a group the tenure reads, or that its post owns. Raises Http404."""
    return or_404(promises_seen(tenure).filter(pk=pk).first())


def words_of(row: Group) -> list[GroupWord]:
    """The latest words of both sides, the latest first."""
    return list(row.words.select_related("message").order_by("-at", "-pk")[:MOST_WORDS])
