"""Saying something about an item: a permission, a recall, a hold, in the conversation in which the item crossed.

These are acts of a person who decides, or of the post's service that does what must follow by itself. They pass the
gate and the log like anything else; the decision on them is who says them, so nothing is drafted first (ADR 0084).
"""

import datetime
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from contraparte.directory import lineage
from contraparte.directory import queries as directory
from contraparte.directory.models import Tenure
from contraparte.directory.queries import Role
from contraparte.exchange.composing import Outgoing, compose, require_road_open
from contraparte.exchange.models import FOLDED, Conversation, Message
from contraparte.exchange.reading import is_erased, read_message
from contraparte.exchange.releasing import release
from contraparte.protocol.errors import AccordMissingError, RightsRoleError, TenureEndedError
from contraparte.protocol.ids import country_of, new_id
from contraparte.protocol.marking import Marking

FREE_TEXT = ("why", "note")
DECIDES = (Role.AUTHORISER,)
ACTS = (Role.OFFICER, Role.AUTHORISER)


@dataclass(frozen=True, slots=True)
class Saying:
    """What is to be said: the payload, about which item (None: it is not here), to whom."""

    type: str
    body: BaseModel
    conversation: Conversation
    item: Message | None
    to: str
    in_reply_to: str | None = None


def say(saying: Saying, *, by: Tenure, now: datetime.datetime, message_id: str | None = None) -> str:
    """Send it at once, in the caller's transaction; returns the message id.

    Raises what a release raises: ReleaseHeldError where a policy wants an approval, AccordTypeForbiddenError.
    """
    conversation = living(saying.conversation)
    body: dict[str, Any] = saying.body.model_dump(mode="json", by_alias=True, exclude_none=True)
    body = {name: value for name, value in body.items() if value not in ("", [], 0)}
    if is_silenced(conversation.post_id, saying.to, now):
        body = {name: value for name, value in body.items() if name not in FREE_TEXT}
    outgoing = Outgoing(
        conversation=conversation,
        type=saying.type,
        sender=conversation.post_id,
        recipient=saying.to,
        body=body,
        marking=_marking(saying),
        by=by,
        uuid=message_id or new_id(),
        automatic=by.person_id is None,
        in_reply_to=saying.in_reply_to,
    )
    composed = compose(outgoing, now=now)
    require_road_open([composed], now=now)
    release([composed], now=now)
    return outgoing.uuid


def is_silenced(sender: str, recipient: str, now: datetime.datetime) -> bool:
    """Whether the accord between the two is suspended: then nothing in free words passes (P1.3)."""
    try:
        accord = directory.accord_between(country_of(sender), country_of(recipient), now=now)
    except AccordMissingError:
        return True
    return directory.is_suspended(accord.id)


def _marking(saying: Saying) -> Marking:
    """That of the item, for what is said of it may tell of it; between two posts that both have it."""
    between = frozenset({country_of(saying.conversation.post_id), country_of(saying.to)})
    item = saying.item
    if item is None or is_erased(item):
        return Marking(handling=frozenset({"H0"}), purposes=frozenset({"criminal_investigation"}), circle=between)
    marking = read_message(item).marking
    return replace(marking, circle=marking.circle | between, evaluation=None)


def living(conversation: Conversation) -> Conversation:
    """The record in which a thread goes on: its own, or that into which a change of agency has folded it (P1.8)."""
    if conversation.close_code != FOLDED:
        return conversation
    line = lineage.line_of(conversation.agency)
    rows = Conversation.objects.filter(uuid=conversation.uuid, agency__in=line).exclude(close_code=FOLDED)
    return rows.select_related("post__agency").first() or conversation


def require_right(by: Tenure, conversation: Conversation, roles: tuple[Role, ...], now: datetime.datetime) -> None:
    """Raise RightsRoleError unless a person of the post, or an authorising one of its agency, acts in such a role."""
    if not directory.is_running(by, now):
        raise TenureEndedError(tenure=str(by.pk))
    conversation = living(conversation)
    of_agency = by.post.agency_id == conversation.agency
    near = of_agency and (by.post_id == conversation.post_id or Role.AUTHORISER in by.roles)
    if not near or by.person_id is None or not set(roles) & set(by.roles):
        raise RightsRoleError(roles=[role.value for role in roles])
