"""Files on their way in: announced by a proven envelope, filled piece by piece, compared, then accepted (P3.5).

    envelope proven, opened, judged ─▶ `expect`: a row for each file it names ─▶ deferred(attachment.missing, offset)
    pieces ─▶ `receive_piece`: only of what was announced, only at its end, never beyond its size
    whole ─▶ `prove_whole` (the worker): hash of the ciphertext, every chunk, hash of what is in it
    the same envelope again ─▶ accepted: `adopt` ties the files to the message, in the transaction of acceptance

How much is here is the length of the file and nothing else, so a cut anywhere costs the piece that was under way.
"""

import datetime
import hashlib
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import transaction

from contraparte.directory import queries as directory
from contraparte.exchange import custody, files, registry
from contraparte.exchange.composing import worthless_after
from contraparte.exchange.models import Arrival, Attachment, Message
from contraparte.exchange.wake import wake_worker
from contraparte.exchange.writing import writing
from contraparte.protocol import limits
from contraparte.protocol.attachments import FileOpener, files_of, sealed_size
from contraparte.protocol.errors import (
    AgencyUnknownError,
    AttachmentChangedError,
    AttachmentLostError,
    AttachmentMissingError,
    AttachmentRoomError,
    AttachmentUnexpectedError,
    AttachmentUnprovenError,
    BoundExceededError,
)
from contraparte.protocol.message import Message as Said

if TYPE_CHECKING:
    from contraparte.exchange.inbox import Item

log = logging.getLogger(__name__)

RESERVE_BYTES = 1024**3  # kept free for the database and its log
SHARE = 2  # one agency's announced files get at most 1/SHARE of what is free beyond the reserve
MOST_ANNOUNCED = 2048  # files of one agency that may be on their way at a time: each costs a look at its length
TIDY_EVERY_S = 600.0
ORPHAN_S = 24 * 3600.0  # seconds a file without a row may lie: whoever writes one has a row for it long before


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a message has to wait for its files; `extra` goes into the receipt, for its sender."""

    code: str
    extra: Mapping[str, Any]


class Place(NamedTuple):
    """Which file: of which message, between which agencies, the how manieth its header names."""

    recipient: str
    sender: str
    message_id: str
    position: int


def install() -> None:
    """Tell the worker."""
    registry.register_periodic("attachments", TIDY_EVERY_S, tidy)


def expect(message: Said, *, digest: bytes) -> Wait | None:
    """Whether a message waits for its files, and what for; None once every byte of all is here and proven.

    The caller has proven the sender, opened the message and would accept it otherwise. Raises AttachmentChangedError
    where the bytes that came are the sender's own and do not hold what the message says.
    """
    described = files_of(message.attachments)
    if not described:
        return None
    ends = message.recipient.partition("/")[0], message.sender.partition("/")[0]
    rows = _announced(ends, message, digest)
    if len(rows) != len(described):
        if not _has_room(ends, sum(file.sealed.size for file in described)):
            return Wait(AttachmentRoomError.code, {})
        rows = _announce(ends, message, digest)
    if any(row.state == Arrival.State.FALSE for row in rows):
        raise AttachmentChangedError
    for row in rows:
        if row.state == Arrival.State.OPEN:
            length = files.length_of(row.file)
            if length < sealed_size(row.size):
                return Wait(AttachmentMissingError.code, {"attachment": row.position, "offset": length})
            _note_whole(row)  # its last piece was written, and the node ended before it could say so
    if any(row.state == Arrival.State.WHOLE for row in rows):
        wake_worker()
        return Wait(AttachmentUnprovenError.code, {})
    return None


def _announced(ends: tuple[str, str], message: Said, digest: bytes) -> list[Arrival]:
    rows = Arrival.objects.filter(agency=ends[0], peer=ends[1], uuid=message.id, digest=digest)
    return list(rows.order_by("position"))


def _has_room(ends: tuple[str, str], wanted: int) -> bool:
    """Whether files of `wanted` bytes more fit, beside what is announced and what one sender may take."""
    announced = Arrival.objects.filter(peer=ends[1])
    if announced.count() >= MOST_ANNOUNCED:
        return False
    waiting, of_peer = _outstanding(Arrival.objects.all()), _outstanding(announced)
    free = files.room() - RESERVE_BYTES
    return waiting + wanted <= free and (of_peer + wanted) * SHARE <= free


def _outstanding(rows: Any) -> int:
    return sum(
        max(0, sealed_size(size) - files.length_of(name))
        for size, name in rows.filter(state=Arrival.State.OPEN).values_list("size", "file")
    )


def _announce(ends: tuple[str, str], message: Said, digest: bytes) -> list[Arrival]:
    """A row for each file. What its author announced before under this id, with another digest, gives way."""
    with writing(ends[0]):
        earlier = list(Arrival.objects.select_for_update().filter(agency=ends[0], peer=ends[1], uuid=message.id))
        if earlier and bytes(earlier[0].digest) == digest:
            return _announced(ends, message, digest)
        _remove(earlier)
        Arrival.objects.bulk_create(
            Arrival(
                agency=ends[0],
                peer=ends[1],
                uuid=message.id,
                digest=digest,
                context=message.copy_of or message.id,
                position=position,
                number=file.number,
                size=file.size,
                sha256=file.sha256,
                key=file.key,
                sealed_sha256=file.sealed_sha256,
                file=files.new_name(),
                expires=worthless_after(message),
            )
            for position, file in enumerate(files_of(message.attachments))
        )
        return _announced(ends, message, digest)


def receive_piece(place: Place, offset: int, piece: bytes, *, peer: str) -> int:
    """Add a piece of a file from the node of agency `peer`; returns how many bytes of it are here by then.

    A piece that does not begin where the file ends changes nothing: the answer says where to go on. Raises
    AttachmentUnexpectedError for a file nobody announced, or bytes beyond its end; BoundExceededError.
    """
    if len(piece) > limits.ATTACHMENT_PIECE_BYTES:
        raise BoundExceededError(what="attachment piece", limit=limits.ATTACHMENT_PIECE_BYTES, read=len(piece))
    row = _open_arrival(place, peer)
    size = sealed_size(row.size)
    if row.state != Arrival.State.OPEN:
        return size
    if offset + len(piece) > size:
        raise AttachmentUnexpectedError
    length = files.append(row.file, offset, piece, size=size)
    if length == size:
        _note_whole(row)
    return length


def _note_whole(row: Arrival) -> None:
    with writing():
        Arrival.objects.filter(pk=row.pk, state=Arrival.State.OPEN).update(state=Arrival.State.WHOLE)
        wake_worker()
    row.state = Arrival.State.WHOLE


def _open_arrival(place: Place, peer: str) -> Arrival:
    try:
        operator = directory.route_of(place.sender).operator
    except AgencyUnknownError:
        raise AttachmentUnexpectedError from None
    row = Arrival.objects.filter(
        agency=place.recipient, peer=place.sender, uuid=place.message_id, position=place.position
    ).first()
    if row is None or operator != peer:
        raise AttachmentUnexpectedError
    return row


def prove_whole() -> int:
    """Compare every whole file with what was signed, outside any transaction; returns how many were looked at."""
    rows = list(Arrival.objects.filter(state=Arrival.State.WHOLE).order_by("pk"))
    for row in rows:
        _prove(row)
    return len(rows)


def _prove(row: Arrival) -> None:
    try:
        if _sealed_hash(row) != bytes(row.sealed_sha256):
            # Not what its sender signed, so it was spoilt on the way or on this disk: it comes again from the start.
            log.error("a file of %s came changed; it is asked for again", row.uuid)
            _settle(row, Arrival.State.OPEN, again=True)
            return
        opener = FileOpener(bytes(row.key), str(row.context), row.number)
        for piece in files.read(_path(row)):
            opener.update(piece)
        opener.finish(size=row.size, sha256=bytes(row.sha256), sealed_sha256=bytes(row.sealed_sha256))
    except AttachmentLostError:
        _settle(row, Arrival.State.OPEN, again=True)
    except AttachmentChangedError:
        log.error("a file of %s is not what its message says", row.uuid)
        _settle(row, Arrival.State.FALSE)
    else:
        files.keep(row.file)
        _settle(row, Arrival.State.PROVEN)


def _path(row: Arrival) -> Any:
    kept = files.kept(row.file)
    return kept if kept.exists() else files.arriving(row.file)


def _sealed_hash(row: Arrival) -> bytes:
    digest = hashlib.sha256()
    for piece in files.read(_path(row)):
        digest.update(piece)
    return digest.digest()


def _settle(row: Arrival, state: str, *, again: bool = False) -> None:
    with writing():
        changed = Arrival.objects.filter(pk=row.pk, state=Arrival.State.WHOLE)
        if changed.update(state=state, **({"file": files.new_name()} if again else {})) and (
            again or state == Arrival.State.FALSE
        ):
            transaction.on_commit(lambda: files.drop(row.file))


def hold_back_unproven(items: Sequence["Item"]) -> None:
    """Ask again under the locks of acceptance: files may have been tidied away since the message was examined."""
    for item in items:
        if item.message is None or not item.message.attachments or not item.is_new or item.refusal:
            continue
        rows = Arrival.objects.filter(
            agency=item.header.recipient, peer=item.header.sender, uuid=item.message.id, digest=item.digest
        )
        if rows.filter(state=Arrival.State.PROVEN).count() != len(item.message.attachments):
            item.deferral = AttachmentMissingError.code


def adopt(items: Sequence["Item"], *, now: datetime.datetime) -> None:
    """Tie proven files to the messages that were accepted, and forget those of refused ones; same transaction."""
    for item in items:
        if item.message is None or not item.message.attachments or not item.is_new or item.receipt is None:
            continue
        ends = {"agency": item.header.recipient, "peer": item.header.sender, "uuid": item.message.id}
        rows = list(Arrival.objects.select_for_update().filter(**ends).order_by("position"))
        if item.refusal:
            _remove(rows)
            continue
        message = Message.objects.get(direction="in", **ends)
        described = files_of(item.message.attachments)
        adopted = Attachment.objects.bulk_create(
            Attachment(
                agency=message.agency,
                message=message,
                number=file.number,
                name=file.name,
                media_type=file.media_type,
                size=file.size,
                sha256=file.sha256,
                key=file.key,
                sealed_sha256=file.sealed_sha256,
                file=row.file,
                added_at=now,
            )
            for file, row in zip(described, rows, strict=True)
        )
        custody.note_received(adopted, message, at=now)
        Arrival.objects.filter(pk__in=[row.pk for row in rows]).delete()


def _remove(rows: Sequence[Arrival]) -> None:
    Arrival.objects.filter(pk__in=[row.pk for row in rows]).delete()
    for row in rows:
        transaction.on_commit(lambda gone=row.file: files.drop(gone))  # type: ignore[misc]


def tidy(now: datetime.datetime) -> int:
    """Remove what came in part and whose message is worth nothing any more, and files nobody has a row for."""
    with writing():
        overdue = list(Arrival.objects.select_for_update().filter(expires__lte=now))
        _remove(overdue)
    before = time.time() - ORPHAN_S
    for folder in (files.ARRIVING, files.KEPT):
        for name in files.names_older_than(folder, before):
            if not _is_known(name):
                files.drop(name)
    return len(overdue)


def _is_known(name: str) -> bool:
    return (
        Arrival.objects.filter(file=name).exists()
        or Attachment.objects.filter(file=name).exists()
        or registry.is_owned_file(name)
    )
