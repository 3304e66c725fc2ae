"""Obligations: who owes whom the next step and until when, on the receipt times both sides hold (P8.1)."""

import datetime

from contraparte.directory import queries as directory
from contraparte.exchange import registry
from contraparte.exchange.models import Conversation, Message, Obligation
from contraparte.protocol.ids import country_of


def note_acceptance(message: Message, *, at: datetime.datetime, urgency: str) -> None:
    """Start or end the clocks that this message moves; `at` is the time in its `accepted` receipt.

    Called once on each side with the same time, so both sides count the same. Idempotent. A copy moves no clock: the
    post it is copied to owes nothing by it.
    """
    if message.copy_of is not None:
        return
    message_type = registry.message_type(message.type)
    if message_type.answers and message.in_reply_to:
        Obligation.objects.filter(
            agency=message.agency, message__uuid=message.in_reply_to, closed_at__isnull=True
        ).update(closed_at=at)
    if message_type.asks:
        accord = directory.accord_between(country_of(message.sender), country_of(message.recipient), now=at)
        Obligation.objects.get_or_create(
            agency=message.agency,
            message=message,
            defaults={
                "post_id": message.sender if message.direction == "out" else message.recipient,
                "conversation_id": message.conversation_id,
                "stage": message_type.asks,
                "holder": message.recipient,
                "urgency": urgency,
                "opened_at": at,
                "due_at": directory.due_at(accord, message.type, urgency, message.recipient, at),
            },
        )
    if message_type.closes:
        Conversation.objects.filter(pk=message.conversation_id, closed_at__isnull=True).update(
            closed_at=at, close_code=message.type
        )
