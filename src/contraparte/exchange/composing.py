"""From what somebody wants to say to a message the gate has decided on: accord, redaction, expiry (P2, P6).

    Outgoing ──▶ accord permits it? directory fresh? ──▶ gate ──▶ withheld leaves removed ──▶ Composed

Nothing here writes or signs; `releasing` does.
"""

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from contraparte.directory import lineage
from contraparte.directory import queries as directory
from contraparte.directory.models import Tenure
from contraparte.directory.rules.accord import AccordView
from contraparte.exchange import gate, registry
from contraparte.exchange.models import Attachment, Conversation
from contraparte.exchange.rules.classes import without
from contraparte.exchange.rules.decisions import Approvals, Decision, Hold, Released, Withhold
from contraparte.exchange.sources import draw_on
from contraparte.protocol.attachments import FileDescription
from contraparte.protocol.errors import (
    AccordSuspendedError,
    DirectoryStaleError,
    PostSucceededError,
    ReleaseHeldError,
    ReleaseWithheldError,
)
from contraparte.protocol.ids import agency_of, country_of, new_nonce
from contraparte.protocol.marking import Marking
from contraparte.protocol.message import AccordRef, Message, Withheld, content_digest

#: Days after which an undelivered message is worth nothing any more: the receiver's clock bound (P4.4).
LIFETIME = datetime.timedelta(days=30)

NO_APPROVALS = Approvals()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What a post wants to say to another. `body` is the plain JSON form of its type's payload."""

    conversation: Conversation
    type: str
    sender: str
    recipient: str
    body: dict[str, Any]
    marking: Marking
    by: Tenure
    uuid: str
    automatic: bool = False
    in_reply_to: str | None = None
    supersedes: str | None = None
    copy_of: str | None = None
    urgency: str = "routine"
    redactions: tuple[tuple[str, str], ...] = ()
    files: tuple[Attachment, ...] = ()
    approvals: Approvals = NO_APPROVALS
    sources: tuple[int, ...] = ()  # rows of the items it quotes or forwards


@dataclass(frozen=True, slots=True)
class Composed:
    """A message ready but for its sequence number, with the decision on it."""

    outgoing: Outgoing
    message: Message
    decision: Decision
    content_digest: bytes
    accord: AccordView


def compose(outgoing: Outgoing, *, now: datetime.datetime) -> Composed:
    """Put the message together as it would leave now, and ask the gate.

    Raises AccordTypeForbiddenError where no accord carries this type between the two, MessageTypeUnknownError.
    What is addressed to an old post goes to who holds its work now; an old post itself says nothing any more
    (PostSucceededError, P1.8). A refusal by policy is no error here: it is the `decision`.
    """
    outgoing = _to_present_holder(outgoing, now)
    message_type = registry.message_type(outgoing.type)
    accord = directory.accord_between(country_of(outgoing.sender), country_of(outgoing.recipient), now=now)
    outgoing = _through_window(outgoing, accord, now)
    drawn = draw_on(outgoing.sources, outgoing.marking, outgoing.recipient, now=now)
    outgoing = replace(outgoing, marking=drawn.marking)
    chosen = frozenset(pointer for pointer, _ in outgoing.redactions)
    body = without(outgoing.body, chosen)
    decision = gate.decide(
        gate.Question(
            message_type=outgoing.type,
            sender=outgoing.sender,
            recipient=outgoing.recipient,
            accord=accord.id,
            body=body,
            marking=outgoing.marking,
            automatic=outgoing.automatic,
            copy=outgoing.copy_of is not None,
            urgency=outgoing.urgency,
            approvals=outgoing.approvals,
            files=bool(outgoing.files),
        )
    )
    kept = message_type.keeps_back(outgoing.body, outgoing.copy_of or outgoing.uuid) if message_type.keeps_back else ()
    if drawn.reasons or kept:
        decision = Withhold(
            decision.policies,
            decision.policy_hash,
            decision.fields,
            reasons=(*getattr(decision, "reasons", ()), *drawn.reasons, *kept),
        )
    elif drawn.permissions:
        decision = replace(decision, policies=(*decision.policies, *drawn.permissions))
    kept_back = {f.pointer: ",".join(f.policies) for f in decision.fields if not f.disclosed}
    body = without(body, frozenset(kept_back))
    if (kept_back or chosen) and isinstance(decision, Released | Hold) and not _is_whole(message_type, body):
        # The other side would refuse it for good, and rightly: what its type requires is not in it.
        decision = Withhold(decision.policies, decision.policy_hash, decision.fields, reasons=("body.incomplete",))
    withheld = [
        Withheld(pointer, reason) for pointer, reason in sorted({**dict(outgoing.redactions), **kept_back}.items())
    ]
    message = Message(
        id=outgoing.uuid,
        nonce=new_nonce(),
        conversation=str(outgoing.conversation.uuid),
        seq=None,
        type=outgoing.type,
        sender=outgoing.sender,
        recipient=outgoing.recipient,
        accord=AccordRef(accord.id, accord.hash),
        created=now,
        expires=now + LIFETIME,
        in_reply_to=outgoing.in_reply_to,
        supersedes=outgoing.supersedes,
        copy_of=outgoing.copy_of,
        marking=outgoing.marking,
        body=body,
        attachments=tuple(describe(file).to_json() for file in outgoing.files),
        withheld=tuple(withheld),
        extra={"urgency": outgoing.urgency} if outgoing.urgency != "routine" else {},
    )
    return Composed(outgoing, message, decision, content_digest(message), accord)


def _to_present_holder(outgoing: Outgoing, now: datetime.datetime) -> Outgoing:
    if lineage.is_passed_on(outgoing.sender, now):
        raise PostSucceededError(post=outgoing.sender, successor=lineage.present_post(outgoing.sender, now=now))
    kind = outgoing.conversation.kind
    recipient = lineage.present_post(outgoing.recipient, kind, now=now, since=now)
    return outgoing if recipient == outgoing.recipient else replace(outgoing, recipient=recipient)


def _through_window(outgoing: Outgoing, accord: AccordView, now: datetime.datetime) -> Outgoing:
    """Addressed to the single window of the other side, where the accord routes so; the thread stays the same (P1.2).

    A window on the sender's own side is a matter of its house: who may send is said by `permits`.
    """
    accord.require_type(outgoing.type, outgoing.sender, outgoing.recipient)
    via = accord.routing(outgoing.type, outgoing.sender, outgoing.recipient, now).via
    if via is None or outgoing.copy_of is not None or country_of(via) == country_of(outgoing.sender):
        return outgoing
    window = lineage.present_post(via, outgoing.conversation.kind, now=now, since=now)
    accord.require_type(outgoing.type, outgoing.sender, window)
    return replace(outgoing, recipient=window)


def _is_whole(message_type: registry.MessageType, body: dict[str, Any]) -> bool:
    """Whether what is left of a body is still of its type's form."""
    try:
        message_type.body.model_validate(body)
    except ValidationError:
        return False
    return True


def compose_with_copies(outgoing: Outgoing, *, now: datetime.datetime) -> list[Composed]:
    """The message and one more for each post the accord copies in, each decided on its own (P1.2, P2.3)."""
    first = compose(outgoing, now=now)
    composed = [first]
    for named in first.accord.routing(outgoing.type, outgoing.sender, outgoing.recipient, now).copy_to:
        post = lineage.present_post(named, outgoing.conversation.kind, now=now, since=now)
        if agency_of(post) in {agency_of(outgoing.sender), agency_of(outgoing.recipient)}:
            continue
        copy = replace(outgoing, recipient=post, uuid=copy_id(outgoing.uuid, post), copy_of=outgoing.uuid)
        composed.append(compose(copy, now=now))
    return composed


def describe(row: Attachment) -> FileDescription:
    """A stored file as its message describes it (P3.5)."""
    return FileDescription(
        number=row.number,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        sha256=bytes(row.sha256),
        key=bytes(row.key),
        sealed_sha256=bytes(row.sealed_sha256),
    )


def worthless_after(message: Message) -> datetime.datetime:
    """When a message expires; one that does not say so when its receiver would no longer take it (P4.4)."""
    return message.expires or message.created + LIFETIME


def copy_id(original: str, post: str) -> str:
    """The id of the copy of a message to `post`: the same however often it is composed."""
    derived = bytearray(uuid.uuid5(uuid.UUID(original), post).bytes)
    derived[6] = (derived[6] & 0x0F) | 0x40  # the protocol wants version 4 in form
    return str(uuid.UUID(bytes=bytes(derived)))


def require_road_open(composed: Sequence[Composed], *, now: datetime.datetime) -> None:
    """Raise unless it may leave now: directory fresh (P1.7), no accord suspended (P1.3), gate says release.

    Control types carry no content: they pass a suspension, and leave under the last trusted view.
    """
    for accord_id in {one.accord.id for one in composed if not registry.is_control(one.message.type)}:
        if directory.is_suspended(accord_id):
            raise AccordSuspendedError(accord=accord_id)
    for one in composed:
        between = directory.freshness_between(one.message.sender, one.message.recipient, now)
        if between is not directory.Freshness.FRESH and not registry.is_control(one.message.type):
            behind = directory.least_fresh(one.message.sender, one.message.recipient, now)
            raise DirectoryStaleError(country=behind)
        decision = one.decision
        if isinstance(decision, Withhold):
            raise ReleaseWithheldError(reasons=[*decision.reasons, *decision.policies], recipient=one.message.recipient)
        if not isinstance(decision, Released):
            raise ReleaseHeldError(needs=list(getattr(decision, "needs", ())), recipient=one.message.recipient)
