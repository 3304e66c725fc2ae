"""Files in pouches: each share of a file is a part of its own, taken in by the door of the road (P4.5, P3.5).

    sender      for each message that waits: from where an answer said the other side is, else from the start
    receiver    the envelope announces its files ─▶ their shares are added ─▶ whole ones are proven ─▶ it is accepted

A pouch that was cut off while it was read is read again: a share that is here already changes nothing. What does not
fit into one pouch goes into the next, once the answer to this one has said how far it came. Memory holds one share.
"""

import re
from collections.abc import Callable, Iterator

from contraparte.exchange import arriving, files
from contraparte.exchange.models import Attachment, Message, Outbox, Shipment
from contraparte.exchange.pouch_files import Opened, Writer
from contraparte.protocol import limits, pouch
from contraparte.protocol.envelope import Header
from contraparte.protocol.errors import (
    AttachmentLostError,
    AttachmentUnexpectedError,
    ContraparteError,
    NodeError,
    PouchMalformedError,
)

_NAME = re.compile(r"([a-z0-9.-]+)/([a-z0-9.-]+)/([0-9a-f-]{36})/([0-9]{1,4})/([0-9]{1,15})", re.ASCII)
SHARES = limits.POUCH_PARTS // 2  # parts of a pouch that files may take: 8 GiB


def add_shares(writer: Writer, operator: str, most: int = SHARES) -> int:
    """Write what the other node lacks of the files of waiting messages; returns how many messages have more to come."""
    left, last = 0, 0
    while True:
        rows = Outbox.objects.filter(operator=operator, pk__gt=last).select_related("message__content").order_by("pk")
        row = rows.filter(message__attachments__isnull=False).first()
        if row is None:
            return left
        last = row.pk
        for name, share in _shares(row.message):
            if most == 0:
                left += 1
                break
            writer.add(pouch.SHARE, pouch.pack_files([(name, share)]), 1)
            most -= 1


def _shares(message: Message) -> Iterator[tuple[str, bytes]]:
    """The shares of a message's files under the names they cross with, from where the other side is."""
    told = Shipment.objects.filter(message=message).first()
    begun, offset = (told.position, told.offset) if told is not None else (0, 0)
    for position, sealed in enumerate(Header.parse(bytes(message.content.header)).attachments):
        if position < begun:
            continue
        at = offset if position == begun else 0
        row = Attachment.objects.filter(message=message, sealed_sha256=bytes.fromhex(sealed.sha256)).first()
        while at < sealed.size:
            share = files.read_piece(row.file, at, limits.ATTACHMENT_PIECE_BYTES) if row and row.file else b""
            if not share:
                raise AttachmentLostError
            yield f"{message.peer}/{message.agency}/{message.uuid}/{position}/{at}", share
            at += len(share)


def take_shares(read: Opened, refuse: Callable[[str], object]) -> int:
    """Add every share to its file and prove what is whole by then; returns how many bytes of shares were read.

    What is no share is told to `refuse`; one of a file that nobody announced, or that is here whole, changes nothing.
    """
    taken = 0
    for part, data in read.parts():
        if part.kind != pouch.SHARE:
            continue
        try:
            for name, share in pouch.unpack_files(data):
                place, offset = _place(name)
                arriving.receive_piece(place, offset, share, peer=read.manifest.sender)
                taken += len(share)
        except AttachmentUnexpectedError:
            continue
        except NodeError:
            raise
        except ContraparteError as error:
            refuse(error.code)
    arriving.prove_whole()
    return taken


def _place(name: str) -> tuple[arriving.Place, int]:
    read = _NAME.fullmatch(name)
    if read is None:
        raise PouchMalformedError(reason="share")
    recipient, sender, message_id, position, offset = read.groups()
    return arriving.Place(recipient, sender, message_id, int(position)), int(offset)
