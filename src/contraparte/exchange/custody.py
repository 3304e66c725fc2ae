"""The chain of custody of a file: what happened to it, who did it, when, where and why (ISO/IEC 27037).

Each event bears the hash of the bytes it was about. Hand-over itself is signed by both sides elsewhere: the message
with the file's hash by its sender, `accepted` and `delivered` over that message's digest by its receiver (P4.3).
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from contraparte.directory.models import Tenure
from contraparte.exchange.models import Attachment, CustodyEvent, Message, Receipt
from contraparte.protocol.ids import agency_of

#: Receipts in which the other side, or this one, signed that the file changed hands.
HANDED_OVER = ("accepted", "delivered", "opened")
#: What a post said of a file in a message of its own, which it signed.
SAID = frozenset({CustodyEvent.Kind.VERIFIED, CustodyEvent.Kind.SENT_BACK})


def note(
    attachments: Iterable[Attachment],
    kind: CustodyEvent.Kind,
    *,
    at: datetime.datetime,
    by: Tenure | None,
    place: str,
    reason: str,
) -> None:
    """Write one event for each file, in the caller's transaction."""
    CustodyEvent.objects.bulk_create(
        CustodyEvent(
            attachment=one, kind=kind, at=at, by=by, place=place, reason=reason[:200], sha256=bytes(one.sha256)
        )
        for one in attachments
    )


def purposes(marking: Any) -> str:
    """Why a file is in a draft: the purposes its marking names."""
    return ", ".join(sorted(marking.get("purposes", []))) if isinstance(marking, dict) else ""


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain. `signed_by` is the agency that signed it; empty for what the node noted itself."""

    kind: str
    at: datetime.datetime
    by: Tenure | None
    place: str
    reason: str
    signed_by: str = ""


def chains_of(attachments: Sequence[Attachment]) -> dict[int, list[Link]]:
    """Attachment row id → its chain, the earliest first. Two queries, however many files."""
    found: dict[int, list[Link]] = defaultdict(list)
    events = CustodyEvent.objects.filter(attachment__in=attachments).select_related("by__person", "by__post")
    for event in events:
        signer = agency_of(event.place) if event.kind in SAID else ""
        found[event.attachment_id].append(Link(event.kind, event.at, event.by, event.place, event.reason, signer))
    by_message: dict[int, list[Link]] = defaultdict(list)
    receipts = Receipt.objects.filter(
        message__in={one.message_id for one in attachments if one.message_id}, kind__in=HANDED_OVER
    )
    for receipt in receipts.select_related("message"):
        message = receipt.message
        assert message is not None
        signer = message.agency if receipt.ours else message.peer
        by_message[message.pk].append(
            Link(f"signed_{receipt.kind}", receipt.at, None, signer, str(message.uuid), signer)
        )
    for one in attachments:
        found[one.pk] = sorted([*found[one.pk], *by_message[one.message_id or 0]], key=lambda link: link.at)
    return found


def note_opened(messages: Sequence[Message], *, by: Tenure, at: datetime.datetime) -> None:
    """That a person of the post opened the messages these files came with."""
    files = Attachment.objects.filter(message__in=messages, removed_at=None).select_related("message")
    for one in files:
        assert one.message is not None
        note([one], CustodyEvent.Kind.OPENED, at=at, by=by, place=by.post_id, reason=str(one.message.uuid))


def note_released(attachments: Sequence[Attachment], message: Message, *, by: Tenure, at: datetime.datetime) -> None:
    """That the files left with a message, and who let it out."""
    note(attachments, CustodyEvent.Kind.RELEASED, at=at, by=by, place=message.sender, reason=str(message.uuid))


def note_received(attachments: Sequence[Attachment], message: Message, *, at: datetime.datetime) -> None:
    """That the files came in with a message, every byte proven."""
    note(
        attachments,
        CustodyEvent.Kind.RECEIVED,
        at=at,
        by=None,
        place=agency_of(message.recipient),
        reason=str(message.uuid),
    )
