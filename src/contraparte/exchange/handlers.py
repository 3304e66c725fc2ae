"""What arrives about items: first whether it may be said at all (`admit_*`), then what follows from it (`on_*`).

An `admit_*` runs before anything is kept: what it raises goes back as a signed refusal with its code, logged by both
sides, and changes nothing here (P4.4).
"""

import datetime
import logging
from typing import TypeVar

from django.db import transaction

from contraparte.directory import lineage
from contraparte.directory import queries as directory
from contraparte.exchange.holds import end_hold, keep_hold
from contraparte.exchange.items import held_item, is_originator, onward_of, opened_at, sent_item, was_sent_to
from contraparte.exchange.messages import (
    MAX_ONWARD,
    HoldLift,
    HoldPlace,
    Onward,
    PermissionAsk,
    PermissionGrant,
    PermissionRefuse,
    PermissionReport,
    PermissionRevoke,
    RecallAnswer,
    RecallOrder,
)
from contraparte.exchange.models import Hold, Message, Permission, Recall
from contraparte.exchange.permissions import end_permission, tell_later
from contraparte.exchange.recalls import answer_later, quarantine
from contraparte.exchange.registry import Arrived
from contraparte.exchange.rules.permissions import Kind
from contraparte.exchange.speaking import Saying, say
from contraparte.protocol.errors import (
    ContraparteError,
    ItemUnknownError,
    NodeError,
    PermissionExpiredError,
    PermissionPostError,
    PermissionStateError,
    PermissionUnknownError,
    PermissionWiderError,
    RecallPostError,
)
from contraparte.protocol.ids import agency_of
from contraparte.protocol.message import Message as Said

log = logging.getLogger(__name__)
T = TypeVar("T")
State, Side = Permission.State, Permission.Side


def _here(message: Said) -> str:
    return agency_of(message.recipient)


def _line(message: Said) -> frozenset[str]:
    """Under which agencies' names our record may stand: the one written to, and those it comes from (P1.8)."""
    return lineage.line_of(_here(message))


def _as(arrived: Arrived, kind: type[T]) -> T:
    assert isinstance(arrived.body, kind)
    return arrived.body


# --- permissions ---


def admit_ask(message: Said, now: datetime.datetime) -> None:
    """Only of an item this agency sent to that very post."""
    if sent_item(_here(message), message.body["item"], message.sender) is None:
        raise ItemUnknownError(item=message.body["item"])


def on_ask(arrived: Arrived) -> None:
    """A request stands on the desk of who sent the item."""
    body = _as(arrived, PermissionAsk)
    item = sent_item(arrived.row.agency, body.item, arrived.message.sender)
    if item is None:
        raise ItemUnknownError(item=body.item)
    Permission.objects.get_or_create(
        agency=arrived.conversation.agency,
        uuid=arrived.row.uuid,
        side=Side.GRANTER,
        item=item,
        defaults={
            "conversation": arrived.conversation, "other": arrived.message.sender, "kind": body.kind.value,
            "recipients": body.recipients, "purposes": body.purposes, "why": body.why, "until": body.until,
            "state": State.ASKED, "asked_at": arrived.row.at,
        },
    )  # fmt: skip


def _held(message: Said) -> Permission:
    """The permission an answer speaks of, from the post that may give it. Raises the refusal that fits."""
    rows = Permission.objects.filter(agency__in=_line(message), uuid=message.body["permission"], side=Side.HOLDER)
    row = rows.select_related("item").first()
    if row is None:
        raise PermissionUnknownError(permission=message.body["permission"])
    if not is_originator(message.sender, row.item):
        raise PermissionPostError(post=message.sender)
    if str(row.item.uuid) != message.body["item"]:
        raise PermissionUnknownError(permission=message.body["permission"])
    return row


def admit_grant(message: Said, now: datetime.datetime) -> None:
    """Only by the post that sent the item, in answer to a request, for no more than was asked, and not too late."""
    row, body = _held(message), PermissionGrant.model_validate(message.body)
    if row.state != State.ASKED:
        raise PermissionStateError(state=row.state)
    for field, given, asked in (
        ("recipients", body.recipients, row.recipients),
        ("purposes", body.purposes, row.purposes),
    ):
        if set(given) - set(asked) or (asked and not given):
            raise PermissionWiderError(field=field)
    if body.kind.value != row.kind or body.until > row.until:
        raise PermissionWiderError(field="kind" if body.kind.value != row.kind else "until")
    if body.until <= now:
        raise PermissionExpiredError(until=body.until)


def on_grant(arrived: Arrived) -> None:
    """The permission is held from now on."""
    body = _as(arrived, PermissionGrant)
    row = _held(arrived.message)
    if row.state == State.ASKED:
        row.state, row.decided_at, row.until = State.GRANTED, arrived.row.at, body.until
        row.recipients, row.purposes = body.recipients, body.purposes
        row.save(update_fields=["state", "decided_at", "until", "recipients", "purposes"])


def admit_refuse(message: Said, now: datetime.datetime) -> None:
    """Only by the post that sent the item, in answer to a request."""
    row = _held(message)
    if row.state != State.ASKED:
        raise PermissionStateError(state=row.state)


def on_refuse(arrived: Arrived) -> None:
    """The request has ended with no, and why."""
    body = _as(arrived, PermissionRefuse)
    row = _held(arrived.message)
    if row.state == State.ASKED:
        row.state, row.decided_at, row.ground, row.note = State.REFUSED, arrived.row.at, body.ground, body.note
        row.save(update_fields=["state", "decided_at", "ground", "note"])


def admit_revoke(message: Said, now: datetime.datetime) -> None:
    """Only by the post that sent the item. A number unknown here is a notice about an item that was passed on."""
    try:
        _held(message)
    except PermissionUnknownError:
        item = held_item(_here(message), message.body["item"], message.sender)
        if item is None:
            raise
        if not is_originator(message.sender, item):
            raise PermissionPostError(post=message.sender) from None


def on_revoke(arrived: Arrived) -> None:
    """The permission has ended; who relies on it is told by a job (`tell_end`)."""
    body = _as(arrived, PermissionRevoke)
    item = held_item(arrived.row.agency, body.item, arrived.message.sender)
    if item is None:
        raise ItemUnknownError(item=body.item)
    row, _ = Permission.objects.get_or_create(
        agency=arrived.conversation.agency,
        uuid=body.permission,
        side=Side.HOLDER,
        item=item,
        defaults={
            "conversation": arrived.conversation, "other": arrived.message.sender, "kind": body.kind.value,
            "until": arrived.row.at, "state": State.REVOKED, "revoked_at": arrived.row.at,
        },
    )  # fmt: skip
    if row.state != State.REVOKED:
        row.state, row.revoked_at = State.REVOKED, arrived.row.at
        row.save(update_fields=["state", "revoked_at"])
    tell_later(row, arrived.now)


def tell_end(pk: int, now: datetime.datetime) -> None:
    """The job: what rests on an ended permission ends too; who got the item by it is told, its sender who that is."""
    row = Permission.objects.select_related("item__content", "conversation__post__agency").get(pk=pk)
    for carried in row.carries.filter(state=State.GRANTED, side=Side.GRANTER):
        end_permission(carried, by=directory.service_tenure(carried.conversation.post), now=now)
    passed = onward_of(row.item) if row.kind == Kind.ONWARD else []
    for one in passed:
        _tell_onward(row, one, now)
    if row.asked_at is None:
        return  # a notice about an item that came by somebody else's permission: they report
    named, number = _onward(row, passed), str(row.uuid)
    body = PermissionReport(
        permission=number, item=str(row.item.uuid), onward=named[:MAX_ONWARD], unnamed=len(named[MAX_ONWARD:])
    )
    saying = Saying("permission.report/1", body, row.conversation, row.item, row.other)
    say(saying, by=directory.service_tenure(row.conversation.post), now=now)


def _tell_onward(row: Permission, one: Message, now: datetime.datetime) -> None:
    """Tell one post that the permission under which it got an item has ended; once each."""
    told = Message.objects.filter(
        conversation=one.conversation, direction="out", type="permission.revoke/1", recipient=one.recipient,
        in_reply_to=one.uuid,
    )  # fmt: skip
    if told.exists():
        return
    body = PermissionRevoke(permission=str(row.uuid), item=str(one.uuid), kind=Kind(row.kind))
    saying = Saying("permission.revoke/1", body, one.conversation, one, one.recipient, str(one.uuid))
    try:
        with transaction.atomic():
            say(saying, by=directory.service_tenure(one.conversation.post), now=now)
    except NodeError:
        raise  # not the message's fault: the whole job is tried again
    except ContraparteError as error:
        log.warning("the end of permission %s does not reach %s: %s", row.uuid, one.recipient, error.code)


def _onward(row: Permission, passed: list[Message]) -> list[Onward]:
    read = opened_at(passed)
    named = [Onward(post=one.recipient, opened_at=read.get(one.pk)) for one in passed]
    for carried in row.carries.all():
        named += [Onward.model_validate(one) for one in carried.onward]
    return named


def admit_report(message: Said, now: datetime.datetime) -> None:
    """Only of a permission this agency gave that post."""
    if _given(message) is None:
        raise PermissionUnknownError(permission=message.body["permission"])


def on_report(arrived: Arrived) -> None:
    """Who has the item and has read it; whoever permitted us to permit it is told as well."""
    body = _as(arrived, PermissionReport)
    row = _given(arrived.message)
    if row is None:
        raise PermissionUnknownError(permission=body.permission)
    row.onward = [one.model_dump(mode="json", exclude_none=True) for one in body.onward]
    row.save(update_fields=["onward"])
    for relied in row.relies_on.filter(state=State.REVOKED):
        tell_later(relied, arrived.now)


def _given(message: Said) -> Permission | None:
    rows = Permission.objects.filter(agency__in=_line(message), uuid=message.body["permission"], side=Side.GRANTER)
    return next((row for row in rows if lineage.holds_for(message.sender, row.other)), None)


# --- recalls ---


def admit_order(message: Said, now: datetime.datetime) -> None:
    """Only by the post that sent the item. An item nobody here knows yet may still come."""
    known = list(Message.objects.filter(agency__in=_line(message), uuid=message.body["item"]))
    if known and not any(row.direction == "in" and is_originator(message.sender, row) for row in known):
        raise RecallPostError(post=message.sender)


def on_order(arrived: Arrived) -> None:
    """The item is under lock from now on, whether it is here or still to come."""
    body = _as(arrived, RecallOrder)
    recall, is_new = Recall.objects.get_or_create(
        agency=arrived.row.agency,
        direction="in",
        item_uuid=body.item,
        other=arrived.message.sender,
        defaults={
            "conversation": arrived.conversation, "order": arrived.row.uuid, "reason": body.reason, "note": body.note,
            "at": arrived.row.at,
        },
    )  # fmt: skip
    if is_new:
        quarantine(recall, arrived.now)


def admit_answer(message: Said, now: datetime.datetime) -> None:
    """Only to an order of this agency, by who was ordered."""
    _ordered(message)


def on_answer(arrived: Arrived) -> None:
    """What the holder says became of it; whoever gave us the item is told as well. An older answer changes nothing."""
    body = _as(arrived, RecallAnswer)
    row, said_at = _ordered(arrived.message), arrived.message.created
    if row.answered_at is not None and row.answered_at > said_at:
        return
    row.outcome, row.answered_at, row.court, row.filed_on = body.outcome, said_at, body.court, body.filed_on
    row.opened_at, row.unnamed = body.opened_at, body.unnamed
    row.onward = [one.model_dump(mode="json", exclude_none=True) for one in body.onward]
    row.save(update_fields=["outcome", "answered_at", "court", "filed_on", "opened_at", "unnamed", "onward"])
    if row.passes_on is not None:
        answer_later(row.passes_on, arrived.now)


def _ordered(message: Said) -> Recall:
    rows = Recall.objects.filter(agency__in=_line(message), direction="out", item_uuid=message.body["item"])
    row = next((one for one in rows if _answers_for(message.sender, one)), None)
    if row is None:
        raise ItemUnknownError(item=message.body["item"])
    return row


def _answers_for(post: str, order: Recall) -> bool:
    """The post the order went to, who holds its work now, or the post whose thread came through that window."""
    return lineage.holds_for(post, order.other) or post == order.conversation.counterpart


# --- legal holds ---


def _party_item(message: Said) -> Message:
    """The item both posts have, whichever sent it."""
    here, item = _here(message), message.body["item"]
    found = held_item(here, item, message.sender) or sent_item(here, item, message.sender)
    if found is None or not (is_originator(message.sender, found) or was_sent_to(message.sender, found)):
        raise ItemUnknownError(item=item)
    return found


def admit_hold(message: Said, now: datetime.datetime) -> None:
    """Only by a post that has the item."""
    _party_item(message)


def on_hold(arrived: Arrived) -> None:
    """It is not deleted here either."""
    body = _as(arrived, HoldPlace)
    keep_hold(
        _party_item(arrived.message), body.hold, reason=body.reason[:16], review_on=body.review_on, by=None,
        now=arrived.now,
    )  # fmt: skip


def on_lift(arrived: Arrived) -> None:
    """The other side's hold has ended; our own, if any, stands."""
    body = _as(arrived, HoldLift)
    hold = Hold.objects.filter(
        agency__in=_line(arrived.message), uuid=body.hold, ours=False, item__uuid=body.item
    ).first()
    if hold is not None and hold.item.peer in lineage.line_of(agency_of(arrived.message.sender)):
        end_hold(hold, arrived.now)
