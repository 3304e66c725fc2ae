"""Sending the bytes of files to nodes that wait for them, beside the outbox (P3.5).

    deferred(attachment.missing, offset) ─▶ `begin`: a shipment ─▶ pieces, one signed request each, a slice a turn
    the last piece is acknowledged ─▶ the envelope goes again, at once

Messages have lanes of their own and wait for no file but those of their own conversation. Every answer says how much
the other side has, so a cut, a lost answer or a second worker costs one piece.
"""

import datetime
import json
import logging
import random
from collections.abc import Callable

from django.db.models import Q

from contraparte.directory import queries as directory
from contraparte.exchange import files
from contraparte.exchange.models import Attachment, Message, Outbox, Shipment
from contraparte.exchange.rules.backoff import delay_s
from contraparte.exchange.transport import send_signed
from contraparte.exchange.wake import wake_worker
from contraparte.exchange.writing import writing
from contraparte.protocol import limits
from contraparte.protocol.attachments import SealedFile
from contraparte.protocol.encoding import parse_object
from contraparte.protocol.envelope import Header
from contraparte.protocol.errors import (
    AttachmentLostError,
    AttachmentUnexpectedError,
    ContraparteError,
    PeerAnswerError,
)
from contraparte.protocol.receipts import Statement

log = logging.getLogger(__name__)

SLICE_BYTES = 64 * 1024 * 1024  # of one file in one turn, before another has its turn
LEASE = datetime.timedelta(seconds=300)  # longer than a slice takes to a peer that answers at all
ANSWER_BYTES = 4096
MEDIA_TYPE = "application/octet-stream"

Send = Callable[[str, str, bytes, str], tuple[int, bytes]]
Clock = Callable[[], datetime.datetime]


def begin(message: Message, told: Statement, *, now: datetime.datetime) -> None:
    """Note what the other side waits for. An answer that names no file of the message is passed over."""
    position, offset = told.extra.get("attachment"), told.extra.get("offset")
    named = _files(message)
    if type(position) is not int or type(offset) is not int or not 0 <= position < len(named):
        return
    if not 0 <= offset <= named[position].size:
        return
    with writing():
        Shipment.objects.update_or_create(
            message=message, defaults={"position": position, "offset": offset, "due": now, "code": ""}
        )
        wake_worker()


def ship_once(*, clock: Clock, send: Send = send_signed, slice_bytes: int = SLICE_BYTES) -> bool:
    """One slice of the file that has waited longest; False where nothing is due."""
    claimed = _claim(clock())
    if claimed is None:
        return False
    before = claimed.offset
    try:
        _ship(claimed, clock, send, slice_bytes)
    except ContraparteError as error:
        # A road that breaks again and again and yet carries something is gone on with at once.
        _put_off(claimed, error, clock(), tries=claimed.tries if claimed.offset == before else 0)
    return True


def waiting(now: datetime.datetime) -> bool:
    """Whether a shipment is due and free. A read, so that an idle worker takes no write lock."""
    return _due(now).exists()


def forget_leases() -> None:
    """Drop every lease: only for the one worker of a node on SQLite, which knows that no other is running."""
    with writing():
        Shipment.objects.filter(lease_until__isnull=False).update(lease_until=None)


def _due(now: datetime.datetime):  # type: ignore[no-untyped-def]
    return Shipment.objects.filter(Q(lease_until=None) | Q(lease_until__lte=now), due__lte=now)


def _claim(now: datetime.datetime) -> Shipment | None:
    if not waiting(now):
        return None
    with writing():
        found = _due(now).select_for_update(skip_locked=True, of=("self",)).order_by("due", "pk")
        row = found.select_related("message__content").first()
        if row is not None:
            Shipment.objects.filter(pk=row.pk).update(lease_until=now + LEASE)
        return row


def _files(message: Message) -> tuple[SealedFile, ...]:
    return Header.parse(bytes(message.content.header)).attachments


def _ship(shipment: Shipment, clock: Clock, send: Send, slice_bytes: int) -> None:
    message = shipment.message
    outbox = Outbox.objects.filter(pk=message.pk).first()
    if outbox is None:
        with writing():
            Shipment.objects.filter(pk=shipment.pk).delete()
        return
    sealed = _files(message)[shipment.position]
    stored = Attachment.objects.filter(message=message, sealed_sha256=bytes.fromhex(sealed.sha256)).first()
    if stored is None or not stored.file:
        raise AttachmentLostError
    url = directory.route_of(outbox.operator).url.rstrip("/")
    base = f"{url}/peer/attachments/{message.peer}/{message.agency}/{message.uuid}/{shipment.position}"
    offset, end = shipment.offset, shipment.offset + slice_bytes
    while offset < min(end, sealed.size):
        piece = files.read_piece(stored.file, offset, limits.ATTACHMENT_PIECE_BYTES)
        if not piece:
            raise AttachmentLostError
        reached = _send_piece(f"{base}/{offset}", piece, sealed.size, send)
        if reached == offset:
            raise PeerAnswerError(reason="attachment offset")
        offset = reached
        shipment.offset = offset
    _note_progress(shipment, sealed.size, clock())


def _send_piece(address: str, piece: bytes, size: int, send: Send) -> int:
    """Send one piece; returns how much the other side has by then."""
    status, told = send("POST", address, piece, MEDIA_TYPE)
    if len(told) > ANSWER_BYTES:
        raise PeerAnswerError(reason="too long")
    if status == 400 and AttachmentUnexpectedError.code.encode() in told:
        raise AttachmentUnexpectedError
    if status != 200:
        raise PeerAnswerError(reason=f"status {status}")
    reached = parse_object(told, "attachment answer").get("offset")
    if type(reached) is not int or not 0 <= reached <= size:
        raise PeerAnswerError(reason="attachment offset")
    return reached


def _note_progress(shipment: Shipment, size: int, now: datetime.datetime) -> None:
    with writing():
        if shipment.offset >= size:
            Shipment.objects.filter(pk=shipment.pk).delete()
            Outbox.objects.filter(pk=shipment.pk).update(due=now)
        else:
            Shipment.objects.filter(pk=shipment.pk).update(
                offset=shipment.offset, lease_until=None, due=now, tries=0, code=""
            )
        wake_worker()


def _put_off(shipment: Shipment, error: ContraparteError, now: datetime.datetime, *, tries: int) -> None:
    """Wait after a failure, longer each time; what the other side knows nothing of is told it again by the envelope."""
    log.warning("a file of %s waits: %s", shipment.message.uuid, error.code)
    with writing():
        if isinstance(error, AttachmentUnexpectedError):
            Shipment.objects.filter(pk=shipment.pk).delete()
            Outbox.objects.filter(pk=shipment.pk).update(due=now)
        else:
            pause = datetime.timedelta(seconds=delay_s(tries, random.random()))  # noqa: S311  (jitter)
            Shipment.objects.filter(pk=shipment.pk).update(
                offset=shipment.offset, lease_until=None, due=now + pause, tries=tries + 1, code=error.code
            )
        wake_worker()


def answer(offset: int) -> bytes:
    """How the receiving side answers a piece."""
    return json.dumps({"offset": offset}).encode()
