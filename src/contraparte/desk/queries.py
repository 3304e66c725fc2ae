"""Reads of the desk: what this post must do, what it waits for, what came in. Bounded, ordered, a few queries each.

Everything is read through the tenure: a conversation belongs to its post, a draft to the agency's authorising
persons as well. What a tenure may not see is None, exactly as what does not exist.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from contraparte.desk.registry import DESK_SOURCES, QUIET_TYPES, DeskItem, subject_of, word
from contraparte.directory import lineage
from contraparte.directory.models import Agency, Post, Tenure
from contraparte.directory.rules.roles import Role
from contraparte.exchange import registry as exchange
from contraparte.exchange.escalating import escalated_to
from contraparte.exchange.models import FOLDED, Conversation, Draft, Message, Obligation, Recall, Receipt
from contraparte.protocol.errors import MessageTypeUnknownError
from contraparte.web.finding import or_404
from contraparte.web.permissions import may
from contraparte.web.templatetags.pages import when

ROWS = 100  # of one list on the desk; a post with more has them behind "all"
CAME_IN_DAYS = 14
CAME_IN_ROWS = 50
NEWS_READ = 400  # messages looked at to find those conversations

Party = Post | Agency


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that came in: from whom, about what, and whether the post has opened it."""

    item: DeskItem
    is_new: bool


@dataclass(frozen=True, slots=True)
class Board:
    """The desk of one post."""

    to_do: list[DeskItem]
    waiting: list[DeskItem]
    came_in: list[Arrival]


def board_of(tenure: Tenure, now: datetime) -> Board:
    """The whole desk."""
    return Board(to_do(tenure, now), waiting(tenure, now), came_in(tenure, now))


def conversations_of(tenure: Tenure) -> QuerySet[Conversation]:
    """Conversations this tenure may open: those of its post, and those in which it stands in for another one.

    An authorising person opens all of the agency.
    """
    mine = Q(agency=tenure.post.agency_id)
    if Role.AUTHORISER not in tenure.roles:
        mine &= Q(post_id=tenure.post_id) | Q(pk__in=escalated_to(tenure).values("conversation_id"))
    if lineage.events():
        # Older records that a change of agency has folded into one of these (P1.8).
        line, kept = lineage.line_of(tenure.post.agency_id), Conversation.objects.filter(mine).values("uuid")
        mine |= Q(close_code=FOLDED, agency__in=line, uuid__in=kept)
    return Conversation.objects.filter(mine)


def conversation_for(tenure: Tenure, pk: int) -> Conversation:
    """One conversation. Raises Http404."""
    return or_404(conversations_of(tenure).select_related("post__agency", "case").filter(pk=pk).first())


def draft_for(tenure: Tenure, pk: int) -> Draft:
    """One draft of a conversation this tenure may open. Raises Http404."""
    rows = Draft.objects.select_related("conversation__post__agency", "drafted_by__person", "drafted_by__post")
    return or_404(rows.filter(conversation__in=conversations_of(tenure), pk=pk).first())


def to_do(tenure: Tenure, now: datetime, *, most: int = ROWS) -> list[DeskItem]:
    """What this post must do now, the earliest clock first, what has no clock last and the oldest first."""
    work = [item for source in DESK_SOURCES if may(tenure, source.permission) for item in source.find(tenure, now)]
    found = [*_once(_owed(tenure, most), work), *_stood_in(tenure), *_to_approve(tenure), *_to_finish(tenure, now)]
    far = now + timedelta(days=36_500)
    return sorted(found, key=lambda item: (item.due_at or far, not item.urgent, item.since or now))[:most]


def work_of_post(tenure: Tenure, now: datetime) -> tuple[list[DeskItem], list[DeskItem]]:
    """What waits for the post itself: steps and drafts, which the road knows; and what only other rooms know."""
    owed = _owed(tenure, ROWS)
    known = {item.conversation for item in owed}
    sources = [source for source in DESK_SOURCES if source.of_post and may(tenure, source.permission)]
    found = [item for source in sources for item in source.find(tenure, now)]
    rooms = [item for item in found if item.conversation is None or item.conversation not in known]
    return [*owed, *_to_finish(tenure, now)], rooms


def _once(owed: Sequence[DeskItem], work: Sequence[DeskItem]) -> list[DeskItem]:
    """A step with a page of its own stands once: that page's action, under the clock of what is owed."""
    owes = {item.conversation: item for item in owed}
    done = {item.conversation for item in work} - {None}
    return [
        *(item for item in owed if item.conversation not in done),
        *(
            replace(item, due_at=item.due_at or known.due_at, urgent=item.urgent or known.urgent, other=known.other)
            if item.conversation is not None and (known := owes.get(item.conversation))
            else item
            for item in work
        ),
    ]


def waiting(tenure: Tenure, now: datetime, *, most: int = ROWS) -> list[DeskItem]:
    """What waits on others: the step, on whom, since when, until when."""
    rows = (
        Obligation.objects.filter(post_id=tenure.post_id, closed_at=None)
        .exclude(holder=tenure.post_id)
        .select_related("conversation", "message")[:most]
    )
    return obligation_items(list(rows), tenure)


def came_in(tenure: Tenure, now: datetime) -> list[Arrival]:
    """Conversations with news of the last two weeks, one row each with its latest message; unread ones first."""
    rows = _news(tenure).filter(at__gte=now - timedelta(days=CAME_IN_DAYS)).select_related("conversation")
    latest: dict[int, Message] = {}
    unread: set[int] = set()
    for row in rows.annotate(was_opened=Exists(_OPENED)).order_by("-at", "-id")[:NEWS_READ]:
        latest.setdefault(row.conversation_id, row)
        if not row.was_opened:
            unread.add(row.conversation_id)
    shown = sorted(latest.values(), key=lambda row: row.conversation_id not in unread)[:CAME_IN_ROWS]
    titles = titles_of([row.conversation for row in shown], tenure)
    return [
        Arrival(
            DeskItem(
                title=titles[row.conversation_id],
                detail=type_title(row.type),
                url=conversation_url(row.conversation_id),
                action=_("Open"),
                since=row.at,
                other=row.sender,
                urgent=row.urgency != "routine",
            ),
            is_new=row.conversation_id in unread,
        )
        for row in shown
    ]


def unread_count(tenure: Tenure) -> tuple[int, datetime | None]:
    """How many conversations hold news nobody of the post has opened, and since when the oldest waits."""
    rows = _news(tenure).exclude(Exists(_OPENED)).order_by("at").values_list("conversation_id", "at")[:1000]
    found = list(rows)
    return len({conversation for conversation, _ in found}), found[0][1] if found else None


_OPENED = Receipt.objects.filter(message_id=OuterRef("pk"), ours=True, kind="opened")


_RECALLED = Recall.objects.filter(
    direction="in", agency=OuterRef("agency"), item_uuid=OuterRef("uuid"), other=OuterRef("sender")
)


def _news(tenure: Tenure) -> QuerySet[Message]:
    """What other posts sent to this one, but for what it answers by itself."""
    rows = Message.objects.filter(direction="in", conversation__post_id=tenure.post_id)
    return rows.exclude(type__in=sorted(QUIET_TYPES)).exclude(Exists(_RECALLED))


def overdue_count(tenure: Tenure, now: datetime) -> int:
    """How many steps this post owes past their time."""
    # A pause still running has moved `due_at` as far as it can, so a stopped clock is never counted.
    return Obligation.objects.filter(holder=tenure.post_id, closed_at=None, due_at__lt=now).count()


def review_count(tenure: Tenure) -> int:
    """How many drafts wait for an approval this person may give."""
    return _reviewable(tenure).count()


def titles_of(conversations: Iterable[Conversation], tenure: Tenure) -> dict[int, str]:
    """What each conversation is called, by its row id; one call for each kind."""
    by_kind: dict[str, list[Conversation]] = {}
    for one in {one.pk: one for one in conversations}.values():
        by_kind.setdefault(one.kind, []).append(one)
    told: dict[int, str] = {}
    for kind, group in by_kind.items():
        subject = subject_of(kind)
        known = subject.titles(group, tenure)
        told.update({one.pk: known.get(one.pk) or f"{subject.label} {str(one.uuid)[:8]}" for one in group})
    return told


def names_of(posts: Iterable[str]) -> dict[str, Post]:
    """Posts by id, as far as the directory knows them."""
    return {post.pk: post for post in Post.objects.select_related("agency").filter(pk__in=set(posts))}


def parties_of(ids: Iterable[str]) -> dict[str, Party]:
    """Posts, and agencies where an id names no post, as far as the directory knows them; at most two queries."""
    wanted = {one for one in ids if one}
    found: dict[str, Party] = {**names_of(one for one in wanted if "/" in one)}
    if agencies := [one for one in wanted if "/" not in one]:
        found.update(Agency.objects.in_bulk(agencies))
    return found


def type_title(name: str) -> str:
    """What a message type is called."""
    try:
        return str(exchange.message_type(name).title)
    except MessageTypeUnknownError:
        return name


def moment_word(value: object) -> object:
    """An instant that stands in a message as text, as pages write it; anything else as it is."""
    if not isinstance(value, str) or "T" not in value:
        return value
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return value
    return when(found) if found.tzinfo is not None else value


def conversation_url(pk: int) -> str:
    """Where a conversation is read."""
    return reverse("desk:conversation", args=[pk])


def _owed(tenure: Tenure, most: int) -> list[DeskItem]:
    rows = Obligation.objects.filter(agency=tenure.post.agency_id, holder=tenure.post_id, closed_at=None)
    return obligation_items(list(rows.select_related("conversation", "message")[:most]), tenure)


def _stood_in(tenure: Tenure) -> list[DeskItem]:
    """Urgent steps of other posts for which this one stands in."""
    steps = [one.obligation for one in escalated_to(tenure).select_related(
        "obligation__conversation", "obligation__message")[:ROWS]]  # fmt: skip
    told = _("%(step)s, as substitute of the post that owes it")
    return [replace(item, detail=told % {"step": item.detail}) for item in obligation_items(steps, tenure)]


def obligation_items(rows: Sequence[Obligation], tenure: Tenure) -> list[DeskItem]:
    """Owed steps as rows of work."""
    titles = titles_of([row.conversation for row in rows], tenure)
    return [
        DeskItem(
            title=titles[row.conversation_id],
            detail=word("stage", row.stage),
            url=conversation_url(row.conversation_id),
            action=_("Open"),
            since=row.opened_at,
            due_at=row.due_at,
            urgent=row.urgency != "routine",
            other=_other_of(row, tenure),
            stopped=row.is_stopped,
            conversation=row.conversation_id,
        )
        for row in rows
    ]


def _other_of(row: Obligation, tenure: Tenure) -> str:
    """The post on the other side of a step: who owes it, who asked for it, or to whom this post has promised it."""
    if row.holder != tenure.post_id:
        return row.holder
    return row.message.sender if row.message.sender != tenure.post_id else row.conversation.counterpart


def _reviewable(tenure: Tenure) -> QuerySet[Draft]:
    if Role.AUTHORISER not in tenure.roles:
        return Draft.objects.none()
    waiting_drafts = Draft.objects.filter(agency=tenure.post.agency_id, state=Draft.State.REVIEW)
    return waiting_drafts.exclude(Q(drafted_by__person_id=tenure.person_id) | Q(approvals__by_id=tenure.pk))


def _to_approve(tenure: Tenure) -> list[DeskItem]:
    rows = list(_reviewable(tenure).select_related("conversation").order_by("drafted_at", "id")[:ROWS])
    return _draft_items(rows, tenure, _("Read and decide"), _("asks for your approval"))


def _to_finish(tenure: Tenure, now: datetime) -> list[DeskItem]:
    rows = Draft.objects.filter(drafted_by__post_id=tenure.post_id).select_related("conversation")
    if Role.OFFICER not in tenure.roles:
        # An authorising person goes on with what they wrote themselves, and with what somebody left behind who is gone.
        if Role.AUTHORISER not in tenure.roles:
            return []
        rows = rows.filter(Q(drafted_by=tenure.pk) | Q(drafted_by__ends__lte=now))
    returned = list(rows.filter(state=Draft.State.RETURNED).order_by("drafted_at", "id")[:ROWS])
    begun = list(rows.filter(state=Draft.State.DRAFT).order_by("drafted_at", "id")[:ROWS])
    return [
        *_draft_items(returned, tenure, _("Mend"), _("was returned with a note")),
        *_draft_items(begun, tenure, _("Go on"), _("is drafted and has not left")),
    ]


def _draft_items(rows: Sequence[Draft], tenure: Tenure, action: str, state: str) -> list[DeskItem]:
    titles = titles_of([row.conversation for row in rows], tenure)
    return [
        DeskItem(
            title=titles[row.conversation_id],
            detail=f"{type_title(row.type)} {state}",
            url=reverse("desk:release", args=[row.pk]),
            action=action,
            since=row.drafted_at,
            urgent=row.urgency != "routine",
            other=row.recipient,
        )
        for row in rows
    ]
