"""To which thread a message belongs by its address: the post's own, its forerunner's, or the single window's.

An old identifier leads to who holds its work now (P1.8); what goes through the window of an agency joins the thread of
the post it is meant for (P1.2).
"""

import datetime
import uuid

from contraparte.directory import lineage
from contraparte.directory import queries as directory
from contraparte.exchange.models import Conversation, Message
from contraparte.protocol.ids import agency_of
from contraparte.protocol.message import Message as ProtocolMessage


def is_its_post(message: ProtocolMessage, thread: Conversation) -> bool:
    """Whether a message is addressed to the post whose thread it is, by whatever name."""
    recipient = message.recipient
    if recipient == thread.post_id or lineage.holds_for(thread.post_id, recipient):
        return True
    return agency_of(recipient) == thread.agency and _is_its_window(message, thread)


def _is_its_window(message: ProtocolMessage, thread: Conversation) -> bool:
    """Whether it came through the single window of the thread's agency: by the accord, or as others did before (P1.2).

    What is said later of something that came through the window (a recall, a hold) is addressed to the window too.
    """
    accord = directory.accord(message.accord.id)
    if accord.routing(message.type, message.sender, thread.post_id, message.created).via == message.recipient:
        return True
    return Message.objects.filter(conversation=thread, direction="in", recipient=message.recipient).exists()


def present_holder(recipient: str, kind: str, thread: uuid.UUID, now: datetime.datetime) -> tuple[str, str]:
    """Agency and post whose thread it is: the successor's from the first moment on, if it is at this node."""
    post = lineage.present_post(recipient, kind, now=now, since=now)
    agency = agency_of(post)
    if post == recipient or not directory.route_of(agency).is_local:
        return agency_of(recipient), recipient
    if Conversation.objects.filter(agency=agency, uuid=thread).exists():
        return agency_of(recipient), recipient
    return agency, post
