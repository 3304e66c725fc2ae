"""Obligations: who owes whom the next step and until when, on the receipt times both sides hold (P8.1)."""

import datetime
from collections.abc import Sequence

from contraparte.directory import queries as directory
from contraparte.exchange import registry
from contraparte.exchange.models import Conversation, Message, Obligation
from contraparte.protocol.ids import country_of

Accepted = tuple[Message, datetime.datetime]


def note_acceptances(accepted: Sequence[Accepted]) -> None:
    """Start and end the clocks that these messages move; each comes with the time in its `accepted` receipt.

    Called once on each side with the same times, so both sides count the same. Idempotent. A copy moves no clock: the
    post it is copied to owes nothing by it.
    """
    asked, closing = [], []
    for message, at in accepted:
        if message.copy_of is not None:
            continue
        message_type = registry.message_type(message.type)
        if message_type.answers and message.in_reply_to:
            Obligation.objects.filter(
                agency=message.agency, message__uuid=message.in_reply_to, closed_at__isnull=True
            ).update(closed_at=at)
        if message_type.asks:
            asked.append(_obligation(message, message_type.asks, at))
        if message_type.closes:
            closing.append((message, at))
    Obligation.objects.bulk_create(asked, ignore_conflicts=True)
    for message, at in closing:
        Conversation.objects.filter(pk=message.conversation_id, closed_at__isnull=True).update(
            closed_at=at, close_code=message.type
        )


def _obligation(message: Message, stage: str, at: datetime.datetime) -> Obligation:
    accord = directory.accord_between(country_of(message.sender), country_of(message.recipient), now=at)
    return Obligation(
        agency=message.agency,
        message=message,
        post_id=message.sender if message.direction == "out" else message.recipient,
        conversation_id=message.conversation_id,
        stage=stage,
        holder=message.recipient,
        urgency=message.urgency,
        opened_at=at,
        due_at=directory.due_at(accord, message.type, message.urgency, message.recipient, at),
    )
