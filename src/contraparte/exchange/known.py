"""What has been received before: the answer to a repeat is the stored receipt, byte for byte (P4.2)."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contraparte.exchange.models import Message, Receipt, Refusal
from contraparte.protocol import receipts as protocol

Key = tuple[str, str, str]  # receiving agency, sending agency, message id


@dataclass(frozen=True, slots=True)
class Known:
    """A message that was accepted or refused for good, and the receipt it got."""

    digest: bytes
    envelope_hash: bytes
    stored: Receipt

    def receipt(self) -> protocol.Receipt:
        """The receipt as it was signed then."""
        return as_signed(self.stored)


def as_signed(row: Receipt) -> protocol.Receipt:
    """A stored receipt in its signed form. The row must have its `head` loaded."""
    path = bytes(row.path)
    return protocol.Receipt(
        statement=bytes(row.statement),
        index=row.position,
        count=row.count,
        path=tuple(path[start : start + 32] for start in range(0, len(path), 32)),
        head=bytes(row.head.jws),
    )


def find_known(keys: Sequence[Key]) -> dict[Key, Known]:
    """Those of `keys` this node has answered for good. Three queries whatever the number of keys."""
    wanted = set(keys)
    ids = {uuid.UUID(message_id) for _, _, message_id in wanted}
    found: dict[Key, Known] = {}
    for refusal in Refusal.objects.filter(uuid__in=ids).select_related("receipt__head"):
        key = (refusal.agency, refusal.peer, str(refusal.uuid))
        if key in wanted:
            found[key] = Known(bytes(refusal.digest), bytes(refusal.envelope_hash), refusal.receipt)
    messages: dict[int, Any] = {}
    for row in Message.objects.filter(direction="in", uuid__in=ids).only(
        "id", "agency", "peer", "uuid", "digest", "envelope_hash"
    ):
        if (row.agency, row.peer, str(row.uuid)) in wanted:
            messages[row.pk] = row
    if messages:
        first = Receipt.objects.filter(message_id__in=messages, ours=True, kind="accepted").select_related("head")
        for receipt in first:
            row = messages[receipt.message_id or 0]
            found[row.agency, row.peer, str(row.uuid)] = Known(bytes(row.digest), bytes(row.envelope_hash), receipt)
    return found
