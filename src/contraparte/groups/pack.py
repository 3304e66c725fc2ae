"""What a post hands over of its groups: which it keeps, when they meet next, what they owe (ADR 0112)."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contraparte.directory.models import Post
from contraparte.directory.packs import MOST_ROWS, PackRow
from contraparte.groups.forms import group_name
from contraparte.groups.models import Group
from contraparte.groups.rules.chartering import ENDS
from contraparte.groups.wording import STATES, words


def rows(post: Post, now: datetime) -> Iterable[PackRow]:
    """The groups a post chairs or sponsors and that have not ended, the next to meet first."""
    kept = Group.objects.filter(Q(post=post) | Q(sponsor=post.pk), agency=post.agency_id).exclude(state__in=ENDS)
    for row in kept.order_by("next_at", "pk")[: MOST_ROWS + 1]:
        open_ones = row.open_promises
        promises = ngettext("%(n)s open commitment", "%(n)s open commitments", open_ones) % {"n": open_ones}
        told = _("%(state)s; %(promises)s") % {"state": words(STATES, row.state), "promises": promises}
        yield PackRow(
            title=group_name(row),
            detail=told,
            url=reverse("groups:group", args=[row.pk]),
            since=row.since,
            due=row.next_at,
        )
