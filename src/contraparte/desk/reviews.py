"""Releases by one officer that somebody must review: on the desk with their clock, in the notices as numbers."""

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from contraparte.desk import queries
from contraparte.desk.registry import DeskItem
from contraparte.directory.models import Tenure
from contraparte.exchange import one_officer
from contraparte.exchange.models import OneOfficerRelease
from contraparte.web.finding import or_404
from contraparte.web.registry import Notice


def release_for(tenure: Tenure, pk: int) -> OneOfficerRelease:
    """One release by one officer of the tenure's agency. Raises Http404."""
    rows = OneOfficerRelease.objects.select_related(
        "message__conversation__post__agency", "by__person", "by__post", "drafted_by__person", "reviewed_by__person"
    )
    return or_404(rows.filter(agency=tenure.post.agency_id, pk=pk).first())


def work(tenure: Tenure, now: datetime) -> Iterable[DeskItem]:
    """What this authorising person may review, under the clock of the accord."""
    owed = one_officer.owed_reviews(tenure)
    titles = queries.titles_of([one.message.conversation for one in owed], tenure)
    return [
        DeskItem(
            title=titles[one.message.conversation_id],
            detail=_("review of a release by one officer"),
            url=reverse("desk:review", args=[one.pk]),
            action=_("Review"),
            since=one.at,
            due_at=one.review_due,
            urgent=True,
            other=one.message.recipient,
        )
        for one in owed
    ]


def notices(tenure: Tenure, now: datetime) -> Iterable[Notice]:
    """How many reviews this person may give, and how many of them are late."""
    owed = one_officer.owed_reviews(tenure)
    desk = reverse("desk:board")
    late = [one for one in owed if one.review_due < now]
    yield Notice(_("releases by one officer to review"), len(owed), desk, min((one.at for one in owed), default=None))
    yield Notice(_("reviews past their time"), len(late), desk)
