"""What the calendar asks of a chair: a meeting that nobody has called, an agenda that is due, minutes in dispute.

What the words themselves leave to be said (who came, minutes to agree to, authorisations) stands on the desk by other
means. Titles name the group's meeting by number; no line of an agenda is shown.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from contraparte.desk.registry import DeskItem
from contraparte.directory.models import Tenure
from contraparte.groups.desk_entries import WARN_AHEAD
from contraparte.groups.meeting_presenting import planned
from contraparte.groups.meeting_wording import group_name
from contraparte.groups.models import Group, Meeting
from contraparte.groups.queries import groups_of
from contraparte.groups.recording import standing_of
from contraparte.groups.rules.meetings import AGENDA_BEFORE
from contraparte.groups.rules.standing import CHARTERED

AHEAD = timedelta(days=14)  # so long before an agenda or a call is due it shows
MOST = 50


def calendar_duties(tenure: Tenure, now: datetime) -> Iterable[DeskItem]:
    """What the groups of this post's chair ask of it by the calendar."""
    groups = list(groups_of(tenure).filter(post_id=tenure.post_id, state__in=CHARTERED)[:MOST])
    yield from _agendas(groups, now)
    yield from _disputes(groups)
    yield from _calls(groups, now)


def _agendas(groups: list[Group], now: datetime) -> Iterator[DeskItem]:
    last = now + AGENDA_BEFORE + AHEAD
    rows = Meeting.objects.filter(group__in=groups, state="invited", starts__gt=now, starts__lte=last)
    for row in rows.select_related("group")[:MOST]:
        yield _item(row, _("The agenda is due ten days before"), "groups:agenda", _("Write the agenda"),
                    due_at=row.starts - AGENDA_BEFORE)  # fmt: skip


def _disputes(groups: list[Group]) -> Iterator[DeskItem]:
    rows = Meeting.objects.filter(group__in=groups, minutes="disputed")
    for row in rows.select_related("group")[:MOST]:
        yield _item(row, _("Its minutes are disputed"), "groups:meeting", _("Read both texts"), since=row.changed_at)


def _item(
    row: Meeting,
    detail: str,
    place: str,
    action: str,
    *,
    due_at: datetime | None = None,
    since: datetime | None = None,
) -> DeskItem:
    title = _("Meeting %(number)s: %(group)s") % {"number": row.number, "group": group_name(row.group)}
    return DeskItem(
        title=title, detail=detail, url=reverse(place, args=[row.pk]), action=action, due_at=due_at, since=since,
        other=row.group.counterpart,
    )  # fmt: skip


def _calls(groups: list[Group], now: datetime) -> Iterator[DeskItem]:
    """A group without a meeting called, from two weeks before its agenda would be due, until silence is the matter."""
    for group in groups:
        silence_near = group.dormant_at is not None and group.dormant_at - now <= WARN_AHEAD
        if group.next_at is not None or silence_near:
            continue
        standing = standing_of(group, now)
        told = planned(group, standing, now)
        if told is None:
            continue
        due_at = datetime.combine(told.agenda_due, time.max, tzinfo=standing.zone).astimezone(UTC)
        if due_at - AHEAD <= now:
            yield DeskItem(
                title=group_name(group),
                detail=_("By its cadence it meets next, and nobody has called the meeting"),
                url=reverse("groups:call", args=[group.pk]),
                action=_("Call the meeting"),
                due_at=due_at,
                other=group.counterpart,
            )
