"""What pages tell of duty: who is on duty at a post of this node, and what waits for who is."""

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from contraparte.directory import duty
from contraparte.directory.models import Tenure
from contraparte.exchange.escalating import escalated_to
from contraparte.exchange.models import Obligation
from contraparte.web.registry import Notice


def urgent_steps(tenure: Tenure) -> int:
    """How many urgent steps the post owes."""
    owed = Obligation.objects.filter(agency=tenure.post.agency_id, holder=tenure.post_id, closed_at=None)
    return owed.exclude(urgency="routine").count()


def notices(tenure: Tenure, now: datetime) -> Iterable[Notice]:
    """Urgent steps: for who is on duty now, and those that went to this post as a substitute."""
    escalated = escalated_to(tenure).order_by("at").values_list("at", flat=True)[:1000]
    since = list(escalated)
    board = reverse("desk:board")
    yield Notice(_("urgent steps of another post, yours as its substitute"), len(since), board, next(iter(since), None))
    count = urgent_steps(tenure)
    if count and duty.is_on_duty(tenure, now):
        yield Notice(_("urgent steps, and you are on duty"), count, board)
