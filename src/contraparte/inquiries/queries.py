"""Reads of this room. Everything is read through the tenure; what it may not see is not found. Bounded and ordered."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404

from contraparte.directory import queries as directory
from contraparte.directory.models import Post, Tenure
from contraparte.directory.rules.roles import Role
from contraparte.exchange.escalating import escalated_to, stands_in
from contraparte.exchange.items import recalled_ids
from contraparte.exchange.models import Attachment, Conversation, Message, Obligation
from contraparte.exchange.reading import is_erased, read_message
from contraparte.inquiries.letters import unsent_body
from contraparte.inquiries.models import Inquiry, Leg
from contraparte.inquiries.rules.lifecycle import ENDED, Event
from contraparte.inquiries.rules.steps import COMMENT, OPENERS, SHARED
from contraparte.inquiries.standings import Standing, standings_of
from contraparte.protocol.ids import country_of
from contraparte.protocol.message import Message as Content
from contraparte.web.finding import or_404
from contraparte.web.registry import Hit

ROWS = 200  # of the list of a post


@dataclass(frozen=True, slots=True)
class Row:
    """One inquiry in the list: where it stands, who owes the next step, until when."""

    inquiry: Inquiry
    standing: Standing
    owed: Obligation | None

    @property
    def due_at(self) -> datetime | None:
        """When the next step is due."""
        return self.owed.due_at if self.owed else None

    @property
    def is_ours(self) -> bool:
        """Whether this post owes it."""
        return self.owed is not None and self.owed.holder == self.inquiry.post_id


def inquiries_of(tenure: Tenure) -> QuerySet[Inquiry]:
    """The inquiries a tenure's post holds, held before they left, or stands in for; an authorising person sees those
    of the agency.
    """
    rows = Inquiry.objects.filter(agency=tenure.post.agency_id).select_related("post", "conversation", "lead")
    if Role.AUTHORISER in tenure.roles:
        return rows
    held = Leg.objects.filter(inquiry=OuterRef("pk"), start=tenure.post_id)
    stood_in = Q(conversation__in=escalated_to(tenure).values("conversation_id"))
    return rows.filter(Q(post_id=tenure.post_id) | Exists(held) | stood_in)


def may_act(tenure: Tenure, found: Inquiry) -> bool:
    """Whether the tenure's post may take steps in it: as the post whose it is, or as its substitute."""
    if found.post_id == tenure.post_id:
        return True
    return found.conversation is not None and stands_in(tenure, found.conversation)


def inquiry(tenure: Tenure, pk: int) -> Inquiry:
    """One inquiry, or 404."""
    return or_404(inquiries_of(tenure).filter(pk=pk).first())


def own_inquiry(tenure: Tenure, pk: int, side: Inquiry.Side) -> Inquiry:
    """One inquiry of the tenure's own post on that side, or 404."""
    found = inquiry(tenure, pk)
    if found.side != side or found.post_id != tenure.post_id:
        raise Http404
    return found


def desk(
    tenure: Tenure, now: datetime, *, ended: bool = False, asked: bool | None = None, group: str = ""
) -> list[Row]:
    """The inquiries of a post, what is due first on top. `asked` True: those it opened; False: those it got.

    With `group`, those that belong to that working group.
    """
    rows = inquiries_of(tenure)
    if group:
        rows = rows.filter(group=group)
    if asked is not None:
        own = Q(side=Inquiry.Side.INITIATOR)
        rows = rows.filter(own) if asked else rows.exclude(own)
    found = list(rows[:ROWS])
    standings = standings_of(found, now)
    owed = _owed(found)
    told = [Row(one, standings[one.pk], owed.get(one.thread_id)) for one in found]
    shown = [row for row in told if (row.standing.fold.state in ENDED) == ended]
    return sorted(shown, key=lambda row: (row.due_at is None, row.due_at or row.inquiry.opened_at, row.inquiry.pk))


def groups_of(tenure: Tenure) -> list[str]:
    """The working groups that inquiries of this post belong to."""
    named = inquiries_of(tenure).exclude(group="").order_by("group").values_list("group", flat=True).distinct()
    return list(named[:ROWS])


def _owed(rows: list[Inquiry]) -> dict[int, Obligation]:
    """Conversation → the step owed now that began last: the answer it waits for comes first."""
    ids = [one.conversation_id for one in rows if one.conversation_id is not None]
    found: dict[int, Obligation] = {}
    for one in Obligation.objects.filter(conversation__in=ids, closed_at=None).order_by("opened_at", "pk"):
        found[one.conversation_id] = one
    return found


def owed_in(found: Inquiry) -> list[Obligation]:
    """The steps owed in one inquiry, the latest question first."""
    return list(Obligation.objects.filter(conversation_id=found.thread_id, closed_at=None).order_by("-opened_at")[:20])


def counted(tenure: Tenure) -> int:
    """How many matters these inquiries are: a lead that became a formal request is counted with it, once."""
    followed = Inquiry.objects.filter(lead=OuterRef("pk"), agency=OuterRef("agency"))
    return inquiries_of(tenure).exclude(Exists(followed)).count()


@dataclass(frozen=True, slots=True)
class Said:
    """One step of the thread with what was said; `content` is None once it was recalled or erased."""

    event: Event
    row: Message
    content: Content | None
    is_crossed: bool
    is_under_way: bool
    is_recalled: bool


def thread(standing: Standing) -> list[Said]:
    """The steps in order, both sides; what crossed and moved nothing is told so."""
    fold = standing.fold
    events = sorted([*fold.applied, *fold.crossed], key=lambda event: (event.at, event.uuid))
    rows = {
        str(row.uuid): row
        for row in Message.objects.filter(
            conversation_id=standing.inquiry.thread_id, uuid__in=[event.uuid for event in events]
        ).select_related("content")
    }
    crossed = {event.uuid for event in fold.crossed}
    recalled = recalled_ids(rows.values())
    return [
        Said(
            event,
            rows[event.uuid],
            None if row.pk in recalled or is_erased(row) else read_message(row),
            event.uuid in crossed,
            event.uuid in standing.under_way,
            row.pk in recalled,
        )
        for event in events
        for row in (rows[event.uuid],)
    ]


@dataclass(frozen=True, slots=True)
class Shared:
    """A draft that was shown before it was sent, or a word on one; `content` is None once recalled or erased."""

    row: Message
    content: Content | None


def shared_in(found: Inquiry) -> list[Shared]:
    """What passed before the inquiry was sent, in order."""
    rows = list(
        Message.objects.filter(conversation_id=found.thread_id, type__in=(SHARED, COMMENT))
        .select_related("content")
        .order_by("at", "pk")[:ROWS]
    )
    gone = recalled_ids(rows)
    return [Shared(row, None if row.pk in gone or is_erased(row) else read_message(row)) for row in rows]


def latest_shown(row: Inquiry) -> Message | None:
    """The draft that was shown last and still may be read; None once the request itself has come."""
    messages = Message.objects.filter(conversation_id=row.thread_id)
    if messages.filter(type__in=OPENERS.values()).exists():
        return None
    shown = messages.filter(type=SHARED).select_related("content").order_by("-pk").first()
    if shown is None or shown.pk in recalled_ids([shown]) or is_erased(shown):
        return None
    return shown


def is_to_be_sent_on(shown: Message | None) -> bool:
    """Whether the author of a shown draft asks its reader to send it on."""
    return shown is not None and bool(read_message(shown).body.get("send_on_to"))


def has_left(found: Inquiry) -> bool:
    """Whether the message that opens it has been released, or came in."""
    openings = found.steps.filter(step="open").values("uuid")
    return Message.objects.filter(conversation_id=found.thread_id, uuid__in=openings).exists()


def letter_body(found: Inquiry) -> dict[str, Any]:
    """What a letter says: as it left or came, or as it would leave; nothing once it was recalled or erased."""
    openings = found.steps.filter(step="open").values("uuid")
    rows = Message.objects.filter(conversation_id=found.thread_id, uuid__in=openings).select_related("content")
    row = rows.first()
    if row is None:
        return unsent_body(found) if found.side == Inquiry.Side.INITIATOR else {}
    if row.pk in recalled_ids([row]) or is_erased(row):
        return {}
    return dict(read_message(row).body)


def signed_file(found: Inquiry, sha256: bytes) -> Attachment | None:
    """The signed copy as a file of the letter: of its draft, or of the message it left or came with."""
    openings = found.steps.filter(step="open").values("uuid")
    went = Q(message__conversation_id=found.thread_id, message__uuid__in=openings)
    goes = Q(message=None, draft__uuid__in=openings, draft__conversation_id=found.thread_id)
    rows = Attachment.objects.filter(went | goes, sha256=sha256, removed_at=None, agency=found.agency)
    return rows.select_related("message", "draft").order_by("pk").first()


def addressees(tenure: Tenure) -> list[Post]:
    """Posts of other agencies that handle inquiries, those abroad first."""
    own = country_of(tenure.post_id)
    found: dict[str, Post] = {}
    for topic in (*OPENERS.values(), "inquiry"):
        for post in directory.who_handles(topic):
            if post.agency_id != tenure.post.agency_id:
                found[post.pk] = post
    return sorted(found.values(), key=lambda post: (post.agency.country == own, post.pk))


def posts_abroad(tenure: Tenure) -> list[Post]:
    """Posts of other countries that handle inquiries."""
    own = country_of(tenure.post_id)
    return [post for post in addressees(tenure) if post.agency.country != own]


def inside_posts(tenure: Tenure) -> list[Post]:
    """The other posts of the same agency that handle inquiries."""
    return [post for post in competent_posts(tenure) if post.agency_id == tenure.post.agency_id]


def competent_posts(tenure: Tenure) -> list[Post]:
    """Posts of this side that handle inquiries: one of them may be competent where this one is not."""
    own = country_of(tenure.post_id)
    found: dict[str, Post] = {}
    for topic in (*OPENERS.values(), "inquiry"):
        found |= {post.pk: post for post in directory.who_handles(topic) if post.agency.country == own}
    return [found[pk] for pk in sorted(found) if pk != tenure.post_id]


def of_conversations(conversations: list[int]) -> dict[int, Inquiry]:
    """Conversation → its inquiry here."""
    rows = Inquiry.objects.filter(conversation__in=conversations)
    return {one.conversation_id: one for one in rows if one.conversation_id is not None}


def of_conversation(conversation: Conversation) -> Inquiry | None:
    """The inquiry of a thread, or None."""
    return Inquiry.objects.filter(conversation=conversation).first()


def find_inquiries(tenure: Tenure, text: str, limit: int) -> list[Hit]:
    """Inquiries by their number here or there, or by the agency's own case number."""
    from django.urls import reverse

    from contraparte.inquiries.wording import FAMILIES

    wanted = Q(case_number__icontains=text) | Q(their_reference__iexact=text)
    number = text.rpartition("-")[2]
    if text.upper().startswith("I-") and number.isdigit() and len(number) < 10:
        wanted |= Q(pk=int(number))
    return [
        Hit(one.reference, FAMILIES[one.family], reverse("inquiries:inquiry", args=[one.pk]))
        for one in inquiries_of(tenure).filter(wanted)[:limit]
    ]


def taken_up_by(conversations: Iterable[int]) -> dict[int, int]:
    """Conversation of a lead → that of the formal request made from it, on whichever side this is."""
    rows = Inquiry.objects.filter(lead__conversation__in=list(conversations), conversation__isnull=False)
    pairs = rows.order_by("pk").values_list("lead__conversation_id", "conversation_id")
    return {lead: formal for lead, formal in pairs if lead is not None and formal is not None}
