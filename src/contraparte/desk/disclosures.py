"""Duties of disclosure as people see them: on the page of the item, and on the desk of who may confirm them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from contraparte.desk import queries
from contraparte.desk.registry import DeskItem
from contraparte.directory.models import Tenure
from contraparte.exchange.disclosed import told_at
from contraparte.exchange.models import DisclosureDuty, Message
from contraparte.web.finding import or_404

State = DisclosureDuty.State
ROWS = 50


@dataclass(frozen=True, slots=True)
class DutyShown:
    """One duty: how far it has come (a key of `DUTY_STATES`), since when it is told, and what this person may do."""

    row: DisclosureDuty
    state: str
    told_at: datetime | None
    may_confirm: bool
    may_withdraw: bool
    may_object: bool

    @property
    def objection(self) -> str:
        """The id of the objection that is to be read, or nothing."""
        return str(self.row.objection or "")


def duty_for(tenure: Tenure, pk: int) -> DisclosureDuty:
    """One duty about an item of a conversation this tenure may open. Raises Http404."""
    rows = DisclosureDuty.objects.select_related("item__content", "item__conversation__post__agency")
    return or_404(rows.filter(item__conversation__in=queries.conversations_of(tenure), pk=pk).first())


def duties_of(item: Message, tenure: Tenure) -> list[DutyShown]:
    """The duties declared about an item, the earliest first; two queries."""
    rows = item.duties.select_related("notice", "declared_by__person", "confirmed_by__person")[:ROWS]
    told = told_at(rows)
    return [_shown(row, told.get(row.pk), tenure) for row in rows]


def _shown(row: DisclosureDuty, told: datetime | None, tenure: Tenure) -> DutyShown:
    is_open = row.state == State.DECLARED
    return DutyShown(
        row=row,
        state=_state(row, told),
        told_at=told,
        may_confirm=is_open and row.ours and told is not None and not _is_own(row, tenure),
        may_withdraw=is_open and row.ours,
        may_object=is_open and not row.ours and row.objection is None,
    )


def _state(row: DisclosureDuty, told: datetime | None) -> str:
    if row.state != State.DECLARED:
        return row.state
    if not row.ours:
        return "heard"
    if told is not None:
        return "told"
    return "refused" if row.notice is not None and row.notice.state == Message.State.REJECTED else "untold"


def _is_own(row: DisclosureDuty, tenure: Tenure) -> bool:
    """Whether this is the person who declared it, in whatever post."""
    return row.declared_by is not None and row.declared_by.person_id == tenure.person_id


def work(tenure: Tenure, now: datetime) -> Iterable[DeskItem]:
    """Duties that were told and that this authorising person may confirm."""
    own = tenure.post.agency_id
    rows = DisclosureDuty.objects.filter(item__conversation__agency=own, ours=True, state=State.DECLARED)
    found: Sequence[DisclosureDuty] = list(rows.select_related("item__conversation", "declared_by")[:ROWS])
    told = told_at(found)
    mine = [row for row in found if row.pk in told and not _is_own(row, tenure)]
    titles = queries.titles_of([row.item.conversation for row in mine], tenure)
    return [
        DeskItem(
            title=titles[row.item.conversation_id],
            detail=_("a duty of disclosure to confirm as the second person"),
            url=reverse("desk:item", args=[row.item_id]) + "#h-duty",
            action=_("Look at it"),
            since=told[row.pk],
            other=row.other,
        )
        for row in mine
    ]
