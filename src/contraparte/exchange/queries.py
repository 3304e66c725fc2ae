"""Reads for pages and the API. What a tenure may not see is not found; lists are bounded and ordered.

Who sees what: the holders of a post see the conversations of that post, content and all; an auditor of the agency
sees that messages passed, never what they say; an administrator sees neither.
"""

import datetime
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from contraparte.directory.models import Tenure
from contraparte.directory.queries import Role, is_running
from contraparte.directory.rules.roles import CONTENT_ROLES
from contraparte.exchange.actions import OPEN_STATES
from contraparte.exchange.items import recalled_ids
from contraparte.exchange.models import Conversation, Draft, Lane, Message, Obligation, Outbox, Receipt
from contraparte.exchange.reading import is_erased, read_message
from contraparte.ledger import queries as ledger
from contraparte.protocol.errors import ConversationUnknownError
from contraparte.protocol.ids import parse_uuid
from contraparte.protocol.message import Message as Content

PAGE = 50


def may_read_content(tenure: Tenure) -> bool:
    """Whether a tenure's roles let it read what messages say; one that has ended reads nothing."""
    return bool(CONTENT_ROLES & set(tenure.roles)) and is_running(tenure, timezone.now())


def conversations_of(tenure: Tenure) -> QuerySet[Conversation]:
    """The conversations a tenure may know of."""
    rows = Conversation.objects.select_related("post__agency", "case")
    if may_read_content(tenure):
        return rows.filter(post_id=tenure.post_id)
    if Role.AUDITOR in tenure.roles and is_running(tenure, timezone.now()):
        return rows.filter(agency=tenure.post.agency_id)
    return rows.none()


def conversation_for(tenure: Tenure, pk: int) -> Conversation | None:
    """A conversation, if this tenure may know of it."""
    return conversations_of(tenure).filter(pk=pk).first()


def drafts_for(tenure: Tenure) -> QuerySet[Draft]:
    """The drafts of a tenure's post that have not left yet, the oldest first."""
    rows = Draft.objects.select_related("conversation__post__agency", "drafted_by__person", "drafted_by__post")
    if not may_read_content(tenure):
        return rows.none()
    return rows.filter(conversation__post_id=tenure.post_id, state__in=OPEN_STATES).order_by("drafted_at", "pk")


def draft_for(tenure: Tenure, pk: int) -> Draft | None:
    """A draft in any state, if this tenure may see it."""
    if not may_read_content(tenure):
        return None
    rows = Draft.objects.select_related("conversation__post__agency", "drafted_by__person", "drafted_by__post")
    return rows.filter(conversation__post_id=tenure.post_id, pk=pk).first()


def owed_by(post_id: str, *, limit: int = PAGE) -> list[Obligation]:
    """Steps this post owes, the next to fall due first; those without a clock last."""
    return list(_open(post_id).filter(holder=post_id)[:limit])


def owed_to(post_id: str, *, limit: int = PAGE) -> list[Obligation]:
    """Steps others owe this post, the longest waiting first."""
    return list(_open(post_id).exclude(holder=post_id).order_by("opened_at", "pk")[:limit])


def _open(post_id: str) -> QuerySet[Obligation]:
    rows = Obligation.objects.select_related("conversation__case", "message")
    return rows.filter(post_id=post_id, closed_at__isnull=True).order_by(F("due_at").asc(nulls_last=True), "pk")


def arrived_at(post_id: str, *, limit: int = PAGE) -> list[Message]:
    """What came in for a post, the newest first."""
    rows = Message.objects.filter(direction="in", recipient=post_id).select_related("conversation")
    return list(rows.order_by("-at", "-pk")[:limit])


def failed_at(post_id: str, *, limit: int = PAGE) -> list[Message]:
    """Messages a person must look at: refused by the other side, or not understood by this one."""
    bad = (Message.State.REJECTED, Message.State.FAILED, Message.State.EXPIRED)
    rows = Message.objects.filter(conversation__post_id=post_id, state__in=bad).select_related("conversation")
    return list(rows.order_by("-at", "-pk")[:limit])


@dataclass(frozen=True, slots=True)
class Passed:
    """One message of a thread with what is known of its fate.

    `content` is None where the reader may not read it, and where nobody may: recalled, or erased.
    """

    row: Message
    content: Content | None
    receipts: dict[str, datetime.datetime]
    level: str  # `local` or `cosigned` (P5.3)


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation as its page shows it."""

    conversation: Conversation
    messages: list[Passed]
    obligations: list[Obligation]
    total: int
    held: dict[str, datetime.timedelta] = field(default_factory=dict)


def thread(conversation: Conversation, *, tenure: Tenure, now: datetime.datetime, limit: int = PAGE) -> Thread:
    """The last `limit` messages of a conversation in order, receipts and clocks with them."""
    rows = Message.objects.filter(conversation=conversation).select_related("content")
    latest = sorted(rows.order_by("-at", "-pk")[:limit], key=lambda row: (row.at, row.pk))
    readable = may_read_content(tenure) and tenure.post_id == conversation.post_id
    receipts = receipts_of([row.pk for row in latest])
    closed = recalled_ids(latest) | {row.pk for row in latest if is_erased(row)}
    levels = levels_of(latest)
    obligations = list(Obligation.objects.filter(conversation=conversation).order_by("opened_at", "pk")[:PAGE])
    return Thread(
        conversation,
        [
            Passed(
                row,
                read_message(row) if readable and row.pk not in closed else None,
                receipts.get(row.pk, {}),
                levels[row.pk],
            )
            for row in latest
        ],
        obligations,
        rows.count(),
        time_held(obligations, now),
    )


def receipts_of(message_ids: Sequence[int]) -> dict[int, dict[str, datetime.datetime]]:
    """Message row id → kind of receipt → its time, whichever side signed it."""
    found: dict[int, dict[str, datetime.datetime]] = defaultdict(dict)
    for row in Receipt.objects.filter(message_id__in=message_ids).only("message_id", "kind", "at"):
        if row.message_id is not None:
            found[row.message_id][row.kind] = row.at
    return found


def levels_of(rows: Sequence[Message]) -> dict[int, str]:
    """How well each message's leaf is witnessed: one question per log."""
    sizes: dict[str, int] = {}
    for row in rows:
        if row.log_origin not in sizes:
            # Messages of a demo's history have no leaf anywhere: nothing vouches for them.
            sizes[row.log_origin] = ledger.cosigned_size(ledger.log_of(row.log_origin)) if row.log_origin else 0
    return {row.pk: "cosigned" if row.log_index < sizes[row.log_origin] else "local" for row in rows}


def time_held(obligations: Sequence[Obligation], now: datetime.datetime) -> dict[str, datetime.timedelta]:
    """Holder (post) → how long it has held the next step in all, open steps counted until now (P8.1)."""
    held: dict[str, datetime.timedelta] = defaultdict(datetime.timedelta)
    for one in obligations:
        held[one.holder] += one.held_for(now)
    return dict(held)


@dataclass(frozen=True, slots=True)
class RoadState:
    """How the road to one other node stands."""

    operator: str
    queued: int
    oldest: datetime.datetime | None
    failures: int
    last_ok_at: datetime.datetime | None
    last_code: str


def road() -> list[RoadState]:
    """Every node this one has sent to, with what is queued for it. Nothing queued is ever lost."""
    queued = Outbox.objects.filter(message__state=Message.State.QUEUED)
    counts = dict(queued.values_list("operator").annotate(n=Count("pk")))
    oldest = {}
    for operator in counts:
        first = queued.filter(operator=operator).order_by("pk").select_related("message").first()
        oldest[operator] = first.message.at if first else None
    lanes = {lane.operator: lane for lane in Lane.objects.all()}
    return [
        RoadState(
            operator,
            counts.get(operator, 0),
            oldest.get(operator),
            lanes[operator].failures if operator in lanes else 0,
            lanes[operator].last_ok_at if operator in lanes else None,
            lanes[operator].last_code if operator in lanes else "",
        )
        for operator in sorted({*counts, *lanes})
    ]


def find_conversations(tenure: Tenure, text: str, *, limit: int = 20) -> list[Conversation]:
    """Conversations by the agency's own case number or by their id, among those the tenure may know of."""
    wanted = Q(case__number__icontains=text)
    compact = text.replace("-", "").lower()
    if len(compact) == 32 and all(letter in "0123456789abcdef" for letter in compact):
        wanted |= Q(uuid=compact)
    return list(conversations_of(tenure).filter(wanted)[:limit])


def conversation_by_id(uuid: str, agency: str = "") -> Conversation:
    """A conversation for the node's own commands, by its id; `agency` where several of this node take part in it.

    Raises IdentifierInvalidError, ConversationUnknownError.
    """
    rows = Conversation.objects.filter(uuid=parse_uuid(uuid, "conversation"))
    found = list((rows.filter(agency=agency) if agency else rows)[:2])
    if len(found) != 1:
        raise ConversationUnknownError(conversation=uuid)
    return found[0]
