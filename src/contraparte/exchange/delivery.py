"""Delivering the outbox: batches, in order per conversation, again and again until a receipt is here (P4.1).

    lane of a node leased ─▶ oldest due rows ─▶ POST ─▶ receipts verified ─▶ outbox rows removed
                                              └─ no answer ─▶ the whole lane waits, longer each time

A crash anywhere costs a repeat, and a repeat gets the stored receipt.
"""

import datetime
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Exists, F, OuterRef, Q

from contraparte.directory import queries as directory
from contraparte.exchange.known import as_signed
from contraparte.exchange.models import Lane, Message, Outbox, Receipt
from contraparte.exchange.receipts import keep_receipts, outgoing_receipts
from contraparte.exchange.resealing import reseal
from contraparte.exchange.rules.backoff import SOON_S, delay_s
from contraparte.exchange.shipping import begin as begin_shipment
from contraparte.exchange.transport import send_signed
from contraparte.exchange.writing import writing
from contraparte.protocol import limits
from contraparte.protocol.envelope import Envelope
from contraparte.protocol.errors import (
    AttachmentMissingError,
    ContraparteError,
    KeyRetiredError,
    PeerAnswerError,
    ReceiptMismatchError,
)
from contraparte.protocol.frames import MEDIA_TYPE as BATCH_TYPE
from contraparte.protocol.frames import encode_batch, encoded_size
from contraparte.protocol.receipts import MEDIA_TYPE as RECEIPTS_TYPE
from contraparte.protocol.receipts import Statement, decode_receipts, encode_receipts

log = logging.getLogger(__name__)

LEASE = datetime.timedelta(seconds=120)  # longer than the longest exchange with a peer
RENEW = datetime.timedelta(seconds=30)  # a lease is renewed between batches when this much of it has gone
REFUSED_AGAIN = datetime.timedelta(minutes=10)
REFUSED_AS_A_WHOLE = (400, 413)  # the peer understood the request and takes none of it
MOST_REFUSED = 8  # rows found guilty one by one in a turn
BATCH_REFUSED = "batch.refused"

Send = Callable[[str, str, bytes, str], tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one turn at a lane did: envelopes and receipts acknowledged, and whether more may be waiting."""

    messages: int
    receipts: int
    more: bool


def due_operators(now: datetime.datetime) -> list[str]:
    """Nodes that something is due to, and whose lane neither rests nor is held by another worker."""
    waiting = set(Outbox.objects.filter(due__lte=now).values_list("operator", flat=True).distinct())
    owed = Receipt.objects.filter(due__isnull=False, due__lte=now).values_list("peer", flat=True).distinct()
    waiting |= {directory.route_of(agency).operator for agency in owed}
    resting = set(
        Lane.objects.filter(operator__in=waiting)
        .filter(Q(lease_until__gt=now) | Q(resume_at__gt=now))
        .values_list("operator", flat=True)
    )
    return sorted(waiting - resting)


def take_lane(operator: str, *, owner: str, now: datetime.datetime) -> bool:
    """Lease the lane of a node to `owner`; False where another worker holds it."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now) | Q(owner=owner)
    with writing():
        Lane.objects.get_or_create(operator=operator)
        return bool(Lane.objects.filter(free, operator=operator).update(owner=owner, lease_until=now + LEASE))


def keep_lane(operator: str, *, owner: str, now: datetime.datetime) -> bool:
    """Renew the lease where part of it has gone; False where another worker has taken the lane over."""
    lease_until = Lane.objects.filter(operator=operator, owner=owner).values_list("lease_until", flat=True).first()
    if lease_until is None:
        return False
    if lease_until > now + LEASE - RENEW:
        return True
    with writing():
        return bool(Lane.objects.filter(operator=operator, owner=owner).update(lease_until=now + LEASE))


def leave_lane(operator: str, *, owner: str) -> None:
    """Give the lane back."""
    with writing():
        Lane.objects.filter(operator=operator, owner=owner).update(lease_until=None, owner="")


def forget_leases() -> None:
    """Drop every lease: only for the one worker of a node on SQLite, which knows that no other is running."""
    with writing():
        Lane.objects.update(lease_until=None, owner="")


def deliver_once(
    operator: str, *, now: datetime.datetime, clock: Callable[[], datetime.datetime], send: Send = send_signed
) -> Delivered:
    """One batch of envelopes and one of receipts to a node. The caller holds its lane."""
    url = directory.route_of(operator).url.rstrip("/")
    try:
        messages = _deliver_messages(operator, url, now, clock, send)
        receipts = _deliver_receipts(operator, url, now, send)
    except ContraparteError as error:
        rest(operator, error.code, clock())
        log.warning("%s: %s", operator, error)
        return Delivered(0, 0, False)
    if messages or receipts:
        _note_answer(operator, clock())
    return Delivered(messages, receipts, bool(messages or receipts))


def _batch(operator: str, now: datetime.datetime) -> list[Outbox]:
    """The oldest due rows that fit one request; behind a row that waits, its conversation waits too.

    Control types go first and wait for nothing, and nothing waits for them (P4.1).
    """
    earlier = Outbox.objects.filter(
        conversation_id=OuterRef("conversation_id"),
        peer=OuterRef("peer"),
        pk__lt=OuterRef("pk"),
        due__gt=now,
        overtakes=False,
    )
    due = Outbox.objects.filter(operator=operator, due__lte=now).select_related("message__content").order_by("pk")
    first = list(due.filter(overtakes=True)[: limits.BATCH_ENVELOPES])
    then = due.filter(overtakes=False).exclude(Exists(earlier))[: limits.BATCH_ENVELOPES - len(first)]
    chosen, size = [], 0
    for row in (*first, *then):
        size += encoded_size(_envelope(row.message))
        if size > limits.BATCH_BYTES - 1024:
            break
        chosen.append(row)
    return chosen


def _envelope(message: Message) -> Envelope:
    content = message.content
    return Envelope(bytes(content.header), bytes(content.ciphertext), bytes(content.signature))


def _deliver_messages(
    operator: str, url: str, now: datetime.datetime, clock: Callable[[], datetime.datetime], send: Send
) -> int:
    def attempt(rows: list[Outbox]) -> bool:
        body = encode_batch([_envelope(row.message) for row in rows])
        status, told = send("POST", f"{url}/peer/messages", body, BATCH_TYPE)
        if status in REFUSED_AS_A_WHOLE:
            log.warning("%s refuses a batch of %d: %r", operator, len(rows), told[:120])
            return False
        if status != 200:
            raise PeerAnswerError(reason=f"status {status}")
        try:
            outcomes = keep_receipts(decode_receipts(told), peer=operator)
        except ReceiptMismatchError as error:
            log.warning("%s: %s", operator, error)
            return False
        if not _put_off_unsettled(rows, outcomes, clock()):
            raise PeerAnswerError(reason="no receipt for any envelope")
        return True

    rows = _batch(operator, now)
    refused = _in_parts(rows, attempt)
    _put_off([(row, _later(row.tries), BATCH_REFUSED) for row in refused], clock())
    _require_willing(refused)
    return len(rows)


Row = TypeVar("Row", Outbox, Receipt)


def _in_parts(rows: list[Row], attempt: Callable[[list[Row]], bool]) -> list[Row]:
    """Have `attempt` take all rows; where it refuses a part, halve it, so that one bad row holds up no other.

    Returns those refused alone. After several of these the others are left for another time: it may be the peer.
    """
    waiting: list[list[Row]] = [rows] if rows else []
    refused: list[Row] = []
    while waiting and len(refused) < MOST_REFUSED:
        part = waiting.pop(0)
        if attempt(part):
            continue
        if len(part) == 1:
            refused += part
        else:
            waiting[:0] = [part[: len(part) // 2], part[len(part) // 2 :]]
    return refused


def _require_willing(refused: Sequence[Outbox] | Sequence[Receipt]) -> None:
    """A peer that refuses one thing after the other is no better than one that does not answer: its lane rests."""
    if len(refused) >= MOST_REFUSED:
        raise PeerAnswerError(reason=BATCH_REFUSED)


def _later(tries: int) -> float:
    return delay_s(tries, random.random())  # noqa: S311  (jitter)


def _put_off(rows: Sequence[tuple[Outbox, float, str]], now: datetime.datetime) -> None:
    """Try each row again so many seconds later, and say why."""
    if not rows:
        return
    with writing():
        for row, seconds, code in rows:
            Outbox.objects.filter(pk=row.pk).update(
                due=now + datetime.timedelta(seconds=seconds), code=code, tries=F("tries") + 1
            )


def _put_off_unsettled(rows: list[Outbox], outcomes: dict[str, Statement], now: datetime.datetime) -> int:
    """Wait with what was deferred or not answered; returns how many rows got any answer."""
    waiting = []
    for row in rows:
        outcome = outcomes.get(str(row.message.uuid))
        if outcome is None:
            waiting.append((row, 1.0, "receipt.missing"))
        elif outcome.kind == "deferred":
            code = outcome.code or ""
            if code == AttachmentMissingError.code:
                begin_shipment(row.message, outcome, now=now)
            if code == KeyRetiredError.code and reseal(row.message, now=now):
                waiting.append((row, 0.0, code))
            else:
                waiting.append((row, SOON_S.get(code) or _later(row.tries), code))
    _put_off(waiting, now)
    return sum(str(row.message.uuid) in outcomes for row in rows)


def _deliver_receipts(operator: str, url: str, now: datetime.datetime, send: Send) -> int:
    def attempt(rows: list[Receipt]) -> bool:
        body = encode_receipts([as_signed(row) for row in rows])
        status, told = send("POST", f"{url}/peer/receipts", body, RECEIPTS_TYPE)
        if status in REFUSED_AS_A_WHOLE:
            log.error("%s refuses %d receipts: %r", operator, len(rows), told[:120])
            return False
        if status != 204:
            raise PeerAnswerError(reason=f"status {status}")
        with writing():
            Receipt.objects.filter(pk__in=[row.pk for row in rows]).update(due=None)
        return True

    rows = outgoing_receipts(operator, now=now, limit=limits.RECEIPTS // 4)
    refused = _in_parts(rows, attempt)
    if refused:
        # Refused, not unheard: these must not hold up what else is owed to that node.
        with writing():
            Receipt.objects.filter(pk__in=[row.pk for row in refused]).update(due=now + REFUSED_AGAIN)
    _require_willing(refused)
    return len(rows)


def rest(operator: str, code: str, now: datetime.datetime) -> None:
    """No answer: the lane waits, longer after each failure in a row."""
    failures = Lane.objects.filter(operator=operator).values_list("failures", flat=True).first() or 0
    pause = datetime.timedelta(seconds=_later(failures))
    with writing():
        Lane.objects.filter(operator=operator).update(failures=F("failures") + 1, resume_at=now + pause, last_code=code)


def _note_answer(operator: str, now: datetime.datetime) -> None:
    with writing():
        Lane.objects.filter(operator=operator).update(failures=0, resume_at=None, last_ok_at=now, last_code="")
