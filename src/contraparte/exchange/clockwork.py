"""Obligations: who owes whom the next step and until when, on the receipt times both sides hold (P8.1)."""

import datetime
import uuid
from collections.abc import Sequence

from django.db.models import Q

from contraparte.directory import queries as directory
from contraparte.directory.lineage import events, line_of
from contraparte.exchange import registry
from contraparte.exchange.models import Conversation, Message, Obligation, Receipt
from contraparte.exchange.pausing import Stops, paused_threads
from contraparte.exchange.rules.pauses import Span, length
from contraparte.protocol.errors import AccordMissingError
from contraparte.protocol.ids import agency_of, country_of

Accepted = tuple[Message, datetime.datetime]


def note_acceptances(accepted: Sequence[Accepted]) -> None:
    """Start and end the clocks that these messages move; each comes with the time in its `accepted` receipt.

    Called on each side with the same times, so both sides count the same. Idempotent, and in either order: an answer
    may be here before the receipt of the request is. A copy moves no clock: the post it is copied to owes nothing by
    it. A type this release does not know moves none either.
    """
    asked, closing = [], []
    for message, at in accepted:
        message_type = registry.find_type(message.type)
        if message.copy_of is not None or message_type is None:
            continue
        if message_type.answers and message.in_reply_to:
            _end(message.agency, message.in_reply_to, message.sender, at)
        if message_type.asks:
            asked.append(_obligation(message, message_type.asks, message.recipient, at))
        elif message_type.promises and message.in_reply_to:
            asked.append(_obligation(message, message_type.promises, message.sender, at))
        if message_type.closes:
            closing.append((message, at))
    Obligation.objects.bulk_create(asked, ignore_conflicts=True)
    _end_what_is_answered([obligation.message for obligation in asked])
    moving = registry.moving_nouns()
    now = max((at for _, at in accepted), default=None)
    stops = paused_threads(now, {one.conversation_id for one, _ in accepted}) if now is not None else {}
    _settle(
        {one.conversation_id for one, _ in accepted if one.type.partition(".")[0] in moving}
        | _moved({obligation.message.conversation_id for obligation in asked})
        | stops.keys(),
        stops,
    )
    for message, at in closing:
        Conversation.objects.filter(pk=message.conversation_id, closed_at__isnull=True).update(
            closed_at=at, close_code=message.type
        )
        Obligation.objects.filter(_open_or_later(at), conversation=message.conversation_id).update(closed_at=at)
    _end_what_is_closed([obligation.message for obligation in asked])


def _end(agency: str, request: uuid.UUID, answered_by: str, at: datetime.datetime) -> None:
    """End the clock of a request by an answer of the agency that owed it; nobody else's answer ends it."""
    owed = Q()
    for body in line_of(agency_of(answered_by)):
        owed |= Q(holder__startswith=f"{body}/")
    Obligation.objects.filter(_open_or_later(at), owed, agency__in=line_of(agency), message__uuid=request).update(
        closed_at=at
    )


def _open_or_later(at: datetime.datetime) -> Q:
    """What ends first ends a step, whichever of two ends that crossed is heard of first."""
    return Q(closed_at__isnull=True) | Q(closed_at__gt=at)


def _end_what_is_answered(asked: Sequence[Message]) -> None:
    """End clocks whose answer was faster than the receipt of the request (which was lost, and came again)."""
    if not asked:
        return
    answers = Receipt.objects.filter(
        kind="accepted",
        message__conversation__in={request.conversation_id for request in asked},
        message__in_reply_to__in={request.uuid for request in asked},
        message__copy_of__isnull=True,
        message__type__in=[known.name for known in registry.message_types() if known.answers],
    )
    told = answers.order_by("at").values_list("message__agency", "message__in_reply_to", "message__sender", "at")
    for agency, request, answered_by, at in told:
        if request is not None:
            _end(agency, request, answered_by, at)


def release_steps(conversation: Conversation, *, at: datetime.datetime) -> None:
    """End every step owed in a conversation since before `at`: a time both sides compute from what both hold."""
    rows = Obligation.objects.filter(_open_or_later(at), conversation=conversation, opened_at__lte=at)
    rows.update(closed_at=at)


def _moved(conversations: set[int]) -> set[int]:
    """Of these conversations, those in which something stops or ends the clocks of others: it may be here already."""
    if not conversations:
        return set()
    rows = Receipt.objects.filter(
        kind="accepted",
        message__conversation__in=conversations,
        message__copy_of__isnull=True,
        message__type__in=[known.name for known in registry.message_types() if known.pauses or known.releases],
    )
    return set(rows.values_list("message__conversation", flat=True))


def _settle(conversations: set[int], stops: Stops) -> None:
    """Work out anew what pauses and releases do to the clocks of these conversations (P8.1).

    From all that was accepted in them and nothing else, so that it does not matter in which order receipts came.
    """
    releasing = [known.name for known in registry.message_types() if known.releases]
    for pk in sorted(conversations):
        ends = Receipt.objects.filter(
            kind="accepted", message__conversation=pk, message__copy_of__isnull=True, message__type__in=releasing
        )
        released = sorted((at, message) for at, message in ends.values_list("at", "message_id"))
        rows = list(Obligation.objects.filter(conversation=pk).select_related("message"))
        for row in rows:
            # What the releasing message itself asks for is owed after it.
            end = next((at for at, by in released if by != row.message_id and at >= row.opened_at), None)
            if end is not None and (row.closed_at is None or end < row.closed_at):
                row.closed_at = end
        for row in rows:
            _pause(row, rows, stops.get(pk, []))
        Obligation.objects.bulk_update(rows, ["closed_at", "due_at", "extended", "paused_until"])


def follow_pauses(now: datetime.datetime) -> int:
    """Stop and start the clocks of threads that changes of agency moved, as both sides agreed; how many steps moved.

    In one go, and written only where something is another: the worker asks often (P1.8).
    """
    stops = paused_threads(now)
    steps: dict[int, list[Obligation]] = {}
    for row in Obligation.objects.filter(conversation__in=stops).select_related("message"):
        steps.setdefault(row.conversation_id, []).append(row)
    changed = []
    for pk, rows in steps.items():
        for row in rows:
            before = (row.extended, row.paused_until)
            _pause(row, rows, stops[pk])
            if before != (row.extended, row.paused_until):
                changed.append(row)
    Obligation.objects.bulk_update(changed, ["due_at", "extended", "paused_until"])
    return len(changed)


def settle_clocks(conversation: int, now: datetime.datetime) -> None:
    """Work out one thread's clocks anew: what moved it has been undone, say."""
    _settle({conversation}, paused_threads(now, {conversation}))


def _pause(row: Obligation, others: Sequence[Obligation], stops: Sequence[Span]) -> None:
    """Move the deadline of a step by the time in which its clock stood still.

    That is while the other side owed a clarification, each pause capped, and in agreed `stops`; what lies in both
    counts once.
    """
    extended, until = datetime.timedelta(0), None
    spans: list[Span] = []
    for other in others:
        known = registry.find_type(other.message.type)
        if known is None or known.pauses is None or agency_of(other.holder) == agency_of(row.holder):
            continue
        start = max(other.opened_at, row.opened_at)
        ends = [end for end in (other.closed_at, row.closed_at) if end is not None]
        if not ends:
            extended, until = extended + known.pauses, start + known.pauses
            spans.append((start, until))
        elif min(ends) > start:
            extended += min(min(ends) - start, known.pauses)
            spans.append((start, start + min(min(ends) - start, known.pauses)))
    agreed = [(max(begins, row.opened_at), min(ends, row.closed_at or ends)) for begins, ends in stops]
    extended += length(agreed, spans)
    if row.closed_at is None and agreed:
        last = max(ends for _, ends in agreed)
        until = max(until or last, last)
    if row.due_at is not None:
        row.due_at += extended - row.extended
    row.extended, row.paused_until = extended, until


def _end_what_is_closed(asked: Sequence[Message]) -> None:
    """End clocks whose conversation was closed by a message before the receipt of the request came (again)."""
    closed = Conversation.objects.filter(
        pk__in={request.conversation_id for request in asked},
        closed_at__isnull=False,
        close_code__in=[known.name for known in registry.message_types() if known.closes],
    )
    for pk, at in closed.values_list("pk", "closed_at"):
        if at is not None:
            Obligation.objects.filter(_open_or_later(at), conversation=pk, message__in=asked).update(closed_at=at)


def _obligation(message: Message, stage: str, holder: str, at: datetime.datetime) -> Obligation:
    agency, own = message.agency, message.sender if message.direction == "out" else message.recipient
    if (events() or message.direction == "in") and own != message.conversation.post_id:
        # It came through the window, or the thread has passed to another post while it was on its way (P1.2, P1.8).
        holder = message.conversation.post_id if holder == own else holder
        agency, own = message.conversation.agency, message.conversation.post_id
    return Obligation(
        agency=agency,
        message=message,
        post_id=own,
        conversation_id=message.conversation_id,
        stage=stage,
        holder=holder,
        urgency=message.urgency,
        opened_at=at,
        due_at=_due_at(message, holder, at),
    )


def _due_at(message: Message, holder: str, at: datetime.datetime) -> datetime.datetime | None:
    try:
        accord = directory.accord_between(country_of(message.sender), country_of(message.recipient), now=at)
    except AccordMissingError:
        return None  # it ended between release and acceptance: the step is owed, no clock runs for it
    return directory.due_at(accord, message.type, message.urgency, holder, at)
