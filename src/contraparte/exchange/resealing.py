"""Sealing a released message again, for a key that took the place of the one it was sealed to or by (P3.4).

The message stays the same, id and digest with it: only the envelope is another. A leaf of its own cites the release,
and the hash of the envelope that was replaced is kept, for a receipt may still speak of it.
"""

import datetime
import hashlib
import logging
from typing import Any

from contraparte.directory import keyring
from contraparte.exchange.commitments import commitment
from contraparte.exchange.models import Content, Message, Resealing
from contraparte.exchange.writing import writing
from contraparte.ledger import actions as ledger
from contraparte.protocol.encoding import instant
from contraparte.protocol.envelope import Header, envelope_hash, seal
from contraparte.protocol.keys import Purpose

log = logging.getLogger(__name__)


def resealing_facts(row: Message, at: datetime.datetime) -> dict[str, Any]:
    """What the leaf of a resealing commits to."""
    return {"at": instant(at), "digest": bytes(row.digest).hex()}


def reseal(row: Message, *, now: datetime.datetime) -> bool:
    """Put the message into a new envelope; False where this node knows of no other key yet, or it is settled by now.

    Called when the receiver puts it off for a retired key. The gate is not asked again: not one byte of what it
    decided on changes, and the agency it goes to is the same.
    """
    content = Content.objects.get(pk=row.pk)
    header = Header.parse(bytes(content.header))
    sealing_key = keyring.sealing_key_of(row.peer, now=now)
    signing_key = keyring.private_key(row.agency, Purpose.TRANSPORT, now=now)
    if (sealing_key.kid, signing_key.kid) == (header.sealing_kid, header.signing_kid):
        return False
    envelope = seal(
        bytes(content.presentation),
        message_id=str(row.uuid),
        sender=row.agency,
        recipient=row.peer,
        sealing_key=sealing_key,
        signing_key=signing_key,
        attachments=header.attachments,
    )
    fresh = envelope_hash(envelope)
    with writing(row.agency):
        # Only in place of that very envelope: another worker may have been here, or a receipt.
        changed = Message.objects.filter(
            pk=row.pk, envelope_hash=row.envelope_hash, state__in=(Message.State.QUEUED, Message.State.EXPIRED)
        ).update(envelope_hash=fresh)
        if not changed:
            return False
        leaf = ledger.append(
            [
                ledger.Entry(
                    agency=row.agency,
                    peer=row.peer,
                    kind=ledger.Kind.MESSAGE_RESEALED,
                    direction=ledger.Direction.OUT,
                    message_id=str(row.uuid),
                    envelope_hash=fresh,
                    commitment=commitment(resealing_facts(row, now)),
                    signature_hash=hashlib.sha256(envelope.signature).digest(),
                    references=(bytes(row.leaf_hash),),
                    at=now,
                )
            ],
            now=now,
        )[0]
        Resealing.objects.create(
            message=row,
            replaced=bytes(row.envelope_hash),
            log_origin=leaf.origin,
            log_index=leaf.index,
            leaf_hash=leaf.leaf_hash,
            at=now,
        )
        Content.objects.filter(pk=row.pk).update(
            header=envelope.header, ciphertext=envelope.ciphertext, signature=envelope.signature
        )
    log.info("%s sealed again for %s", row.uuid, row.peer)
    return True
