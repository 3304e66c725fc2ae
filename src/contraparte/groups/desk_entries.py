"""What the desk shows of groups: titles of threads, their page, work that waits, notices, words for codes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contraparte.desk.registry import DeskItem, Step, Text
from contraparte.directory.models import Tenure
from contraparte.directory.rules.roles import Role
from contraparte.exchange.models import Conversation
from contraparte.groups import boards, queries
from contraparte.groups.forms import group_name
from contraparte.groups.models import Group, Meeting, Promise
from contraparte.groups.rules.chartering import ENDS
from contraparte.groups.rules.charters import is_zone
from contraparte.groups.rules.promises import ESCALATES_AT, WORKING
from contraparte.groups.wording import OWED, words
from contraparte.web.permissions import may
from contraparte.web.registry import Notice

MOST_ITEMS = 100
REMIND_AHEAD = timedelta(days=7)
MEETING_PAGES = {
    "authorise": "groups:authorise", "attend": "groups:attend", "minutes": "groups:meeting",
    "minutes_missing": "groups:write_minutes",
}  # fmt: skip
WARN_AHEAD = timedelta(days=21)
OF_SPONSORS = ("charter", "end", "authorise")


def titles(conversations: Sequence[Conversation], tenure: Tenure) -> Mapping[int, str]:
    """The name of each group."""
    rows = Group.objects.filter(conversation__in=[one.pk for one in conversations])
    return {row.conversation_id: group_name(row) for row in rows}


def page_of(conversation: Conversation) -> str:
    """Our own page about it."""
    row = Group.objects.filter(conversation=conversation).first()
    return reverse("groups:group", args=[row.pk]) if row else ""


def steps(conversation: Conversation, tenure: Tenure, now: datetime) -> Sequence[Step]:
    """To its page, where everything is said."""
    row = Group.objects.filter(conversation=conversation).first()
    if row is None or not may(tenure, "groups.view") or not queries.groups_of(tenure).filter(pk=row.pk).exists():
        return ()
    return (Step(_("Open the group"), reverse("groups:group", args=[row.pk]), main=True),)


def new_group(post: str) -> str:
    """Where a group with that post is proposed."""
    return f"{reverse('groups:found')}?with={post}"


def work(tenure: Tenure, now: datetime) -> Iterable[DeskItem]:
    """What a chair or a sponsor owes its groups, and what silence does to them."""
    rows = queries.groups_of(tenure).exclude(state__in=ENDS)
    rows = rows.filter(Q(post_id=tenure.post_id) | Q(sponsor=tenure.post_id))
    for row in rows[:MOST_ITEMS]:
        sponsors = tenure.post_id == (row.sponsor or row.post_id) and Role.AUTHORISER in tenure.roles
        chairs = tenure.post_id == row.post_id and Role.OFFICER in tenure.roles
        for what, key, since, due in row.owed:
            if sponsors if what in OF_SPONSORS else chairs:
                yield _owed(row, what, key, since, due)
        if chairs:
            yield from _silence(row, now)


def _owed(row: Group, what: str, key: str, since: str, due: str) -> DeskItem:
    places: dict[str, tuple[str, list[Any]]] = {
        "charter": ("groups:version", [row.pk, key]),
        "charter_gaps": ("groups:charter", [row.pk]),
        "end": ("groups:end", [row.pk]),
    }
    place = places.get(what) or _at_meeting(row, what, key)
    url = reverse(place[0], args=place[1]) if place else reverse("groups:group", args=[row.pk]) + "#meetings"
    return DeskItem(
        title=group_name(row),
        detail=words(OWED, what),
        url=url,
        action=_("Read and decide") if what in OF_SPONSORS else _("Open"),
        since=datetime.fromisoformat(since),
        due_at=datetime.fromisoformat(due) if due else None,
        other=row.counterpart,
    )


def _at_meeting(row: Group, what: str, key: str) -> tuple[str, list[Any]] | None:
    """The page on which what is owed about a meeting is said."""
    page = MEETING_PAGES.get(what)
    found = Meeting.objects.filter(group=row, key=key).first() if page else None
    return (page, [found.pk]) if page and found else None


def _silence(row: Group, now: datetime) -> Iterable[DeskItem]:
    page = reverse("groups:group", args=[row.pk])
    if row.state in boards.SILENT:
        if row.next_at is None:
            yield DeskItem(
                title=group_name(row), detail=_("Dormant: it has not met for one and a half of its cadences"),
                url=reverse("groups:reconvene", args=[row.pk]), action=_("Reconvene"), since=row.dormant_at,
                other=row.counterpart,
            )  # fmt: skip
    elif row.dormant_at is not None and row.next_at is None and row.dormant_at - now <= WARN_AHEAD:
        yield DeskItem(
            title=group_name(row), detail=_("No meeting is called; without one it becomes dormant"),
            url=reverse("groups:reconvene", args=[row.pk]), action=_("Call a meeting"), due_at=row.dormant_at,
            other=row.counterpart,
        )  # fmt: skip
    if row.lapses_at is not None and now < row.lapses_at <= now + WARN_AHEAD:
        yield DeskItem(
            title=group_name(row), detail=_("Its provisional charter ends by itself"), url=page,
            action=_("Open"), due_at=row.lapses_at, other=row.counterpart,
        )  # fmt: skip


def promises(tenure: Tenure, now: datetime) -> Iterable[DeskItem]:
    """Promises of this post that are due or late, those to verify, and for sponsors those missed twice."""
    latest = (now + REMIND_AHEAD).date() + timedelta(days=1)
    is_officer, is_authoriser = Role.OFFICER in tenure.roles, Role.AUTHORISER in tenure.roles
    rows = Promise.objects.filter(group__agency=tenure.post.agency_id, is_live=True).select_related("group")
    wanted = Q(pk__in=())
    if is_officer:
        due = Q(due_on__lte=latest, state__in=WORKING)
        wanted |= due & (Q(owner=tenure.post_id) | Q(group__post=tenure.post_id))
        wanted |= Q(group__post=tenure.post_id, state="done_claimed")
    if is_authoriser:
        wanted |= Q(group__sponsor=tenure.post_id, missed_before__gte=ESCALATES_AT - 1)
    for row in rows.filter(wanted).order_by("due_on", "pk")[:MOST_ITEMS]:
        item = _promise(row, tenure, now)
        if item is not None:
            yield item


def _promise(row: Promise, tenure: Tenure, now: datetime) -> DeskItem | None:
    group, is_ours = row.group, row.side == row.group.side
    is_overdue = row.state in WORKING and row.due_on < boards.local_day(group, now)
    is_escalated = row.missed_before + is_overdue >= ESCALATES_AT
    is_sponsor = tenure.post_id == group.sponsor and Role.AUTHORISER in tenure.roles
    if is_sponsor and is_escalated:
        detail: Text = _("A commitment was missed twice and comes to both principals")
    elif Role.OFFICER not in tenure.roles or tenure.post_id not in {group.post_id, row.owner}:
        return None
    elif row.state == "done_claimed":
        if is_ours:
            return None
        detail = _("The other side reports a commitment done: verify it or open it again")
    elif is_ours:
        detail = _("A commitment of your side is due")
    elif is_overdue:
        detail = _("A commitment of the other side is overdue")
    else:
        return None
    return DeskItem(
        title=group_name(group), detail=detail, url=reverse("groups:promise", args=[row.pk]), action=_("Open"),
        since=row.made_at, due_at=None if row.state == "done_claimed" else end_of_day(row), other=group.counterpart,
    )  # fmt: skip


def end_of_day(row: Promise) -> datetime:
    """The instant its day is over where the group counts its days."""
    zone = ZoneInfo(row.group.time_zone) if is_zone(row.group.time_zone) else UTC
    return datetime.combine(row.due_on + timedelta(days=1), time.min, tzinfo=zone)


def notices(tenure: Tenure, now: datetime) -> Iterable[Notice]:
    """Groups that have fallen silent, words that are owed, commitments past their day."""
    board = reverse("groups:board")
    rows = queries.groups_of(tenure).filter(Q(post_id=tenure.post_id) | Q(sponsor=tenure.post_id))
    silent = rows.filter(state__in=boards.SILENT, next_at=None).order_by("dormant_at")
    first = silent.values_list("dormant_at", flat=True).first()
    yield Notice(gettext_lazy("groups that have fallen silent"), silent.count(), board, first)
    # Asked at every page: only what is counted is read.
    running = rows.exclude(state__in=ENDS).select_related(None).only("time_zone", "posts")
    found = list(running[: boards.MOST_GROUPS])
    late = boards.overdue_by_group(found, now)
    many = sum(map(len, late.values()))
    yield Notice(gettext_lazy("commitments of your groups past their day"), many, reverse("groups:promises"))
    vacant = boards.vacant_of({post for row in found for post in row.posts}, now)
    yield Notice(gettext_lazy("posts that your groups hang on and nobody holds"), len(vacant), board)


POLICY_WORDS: dict[str, Text] = {
    "group-words-go-when-the-chair-says-so": gettext_lazy(
        "A word about a group names posts only and leaves when its chair or sponsor says so."
    ),
    "group-words-tell-the-group": gettext_lazy("What a group agrees is told to the other side of the group."),
}
