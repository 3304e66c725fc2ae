"""Forgetting: content goes when its time is over, on each side; what proves that it passed stays (P5.5, P4.2).

    worked out once: last day ─▶ over, no hold, not under way ─▶ ONE transaction: leaf, bytes away, `deleted` receipt

Erased are the presentation, the ciphertext (its hash stays, which proves the envelope), what was drafted, open drafts
that draw on it, and what other rooms keep (`registry.register_keeper`, `register_eraser`). Rows, leaves, receipts and
the key of idempotency stay. After a round that erased something the file of SQLite is written anew (`remnants`).
"""

import datetime
import hashlib
import logging
from typing import Any

from django.db import connection
from django.db.models import Q

from contraparte.directory import lineage
from contraparte.directory import queries as directory
from contraparte.exchange import registry
from contraparte.exchange.attaching import erase_files_of_draft
from contraparte.exchange.commitments import commitment
from contraparte.exchange.models import (
    Content,
    DisclosureDuty,
    Draft,
    Erasure,
    Hold,
    Message,
    Outbox,
    Permission,
    Recall,
    Retention,
)
from contraparte.exchange.reading import is_erased, read_message
from contraparte.exchange.recalls import answer_again
from contraparte.exchange.receipts import sign_later_receipts
from contraparte.exchange.remnants import clear_remnants
from contraparte.exchange.rules.retention import is_over, keep_until, wordless
from contraparte.exchange.writing import writing
from contraparte.ledger import actions as ledger
from contraparte.protocol.encoding import instant
from contraparte.protocol.errors import ContraparteError

log = logging.getLogger(__name__)

EVERY_S = 3600.0
PAGE = 500  # messages looked at in one transaction
SETTLED = (
    Message.State.SENT,
    Message.State.REJECTED,
    Message.State.EXPIRED,
    Message.State.HANDLED,
    Message.State.FAILED,
)


def install() -> None:
    """Tell the worker."""
    registry.register_periodic("retention", EVERY_S, tend_retention)


def tend_retention(now: datetime.datetime) -> None:
    """All of this module, until nothing is left to do."""
    while note_retention(now):
        continue
    while erase_due(now):
        continue
    clear_remnants()


def note_retention(now: datetime.datetime) -> int:
    """Work out until when messages are kept that nobody has looked at yet; returns how many."""
    fresh = Message.objects.filter(retention=None, erasure=None, state__in=SETTLED).select_related("content")
    days = {row.pk: day for row in fresh.order_by("pk")[:PAGE] if (day := _last_day_of(row)) is not None}
    if days:
        with writing():
            Retention.objects.bulk_create(
                [Retention(message_id=pk, keep_until=day) for pk, day in days.items()], ignore_conflicts=True
            )
    return len(days)


def _last_day_of(row: Message) -> datetime.date | None:
    """The same, or None for what cannot be read: it stays for `ledger fsck` to name, and holds up no other."""
    if is_erased(row):
        return None
    try:
        return last_day(row)
    except ContraparteError as error:
        log.error("until when %s is kept cannot be told: %s", row.uuid, error.code)
        return None


def last_day(row: Message) -> datetime.date:
    """The last day a message's content is kept, from its signed marking and the accord it cites."""
    message = read_message(row)
    days = directory.accord(message.accord.id).retention_of(message.type)
    return keep_until(message.marking, row.at, days)


def erase_due(now: datetime.datetime) -> int:
    """Erase a page of what is over, not held and not under way; returns how many were erased."""
    today = now.astimezone(datetime.UTC).date()
    due = Message.objects.filter(retention__keep_until__lt=today, erasure=None, outbox=None, state__in=SETTLED)
    due = due.exclude(pk__in=Hold.objects.filter(lifted_at=None).values("item_id"))
    rows = list(due.select_related("content", "conversation").order_by("pk")[:PAGE])
    # The row that says so is this node's own note; what its author signed decides.
    days = [(row, _last_day_of(row)) for row in rows]
    return sum(erase_item(row, now=now) for row, day in days if day is not None and is_over(day, now))


def erase_item(row: Message, *, now: datetime.datetime) -> bool:
    """Erase one message's content; False where a hold, the road or another worker was faster."""
    with writing(row.agency):
        held = Hold.objects.filter(item=row, lifted_at=None).exists() or Outbox.objects.filter(pk=row.pk).exists()
        if held or Erasure.objects.filter(pk=row.pk).exists():
            return False
        _overwrite_what_is_deleted()
        _erase_what_it_told(row)
        content = Content.objects.select_for_update().get(pk=row.pk)
        leaf = ledger.append(
            [
                ledger.Entry(
                    agency=row.agency,
                    peer=row.peer,
                    kind=ledger.Kind.MESSAGE_ERASED,
                    direction=ledger.Direction(row.direction),
                    message_id=str(row.uuid),
                    envelope_hash=bytes(row.envelope_hash),
                    commitment=commitment(erasure_facts(row, now)),
                    signature_hash=None,
                    references=(bytes(row.leaf_hash),),
                    at=now,
                )
            ],
            now=now,
        )[0]
        sealed = bytes(content.ciphertext)
        content.ciphertext = hashlib.sha256(sealed).digest() if row.direction == "out" else sealed
        content.presentation = b""
        content.save(update_fields=["presentation", "ciphertext"])
        Erasure.objects.create(
            message=row, at=now, log_origin=leaf.origin, log_index=leaf.index, leaf_hash=leaf.leaf_hash
        )
        _erase_around(row, now)
        sign_later_receipts("deleted", [row], now=now)
        answer_again(row, now)
    return True


def _erase_around(row: Message, now: datetime.datetime) -> None:
    """What else says what the message said: its draft, open drafts that draw on it, words about it, other rooms."""
    gone: dict[str, Any] = {"body": {}, "redactions": [], "note": ""}
    for own in Draft.objects.filter(agency=row.agency, uuid=row.uuid):
        Draft.objects.filter(pk=own.pk).update(**gone, marking=wordless(own.marking))
    open_drafts = Draft.objects.filter(sources__item=row).exclude(
        state__in=(Draft.State.RELEASED, Draft.State.DISCARDED)
    )
    for draft in open_drafts:
        Draft.objects.filter(pk=draft.pk).update(**gone, state=Draft.State.DISCARDED, version=draft.version + 1)
    discarded = Draft.objects.filter(sources__item=row, state=Draft.State.DISCARDED)
    discarded.update(**gone)
    for draft in discarded:
        erase_files_of_draft(draft, now=now)
    _erase_words_about(row)
    registry.forget(row, now)
    for erase in registry.erasers():
        erase(row, now)


def _erase_words_about(row: Message) -> None:
    """What permissions, recalls and duties say goes with the item they are about, and with the message that said it."""
    line = lineage.line_of(row.agency)
    permissions, recalls = Permission.objects.filter(agency__in=line), Recall.objects.filter(agency__in=line)
    permissions.filter(item=row).update(why="", note="")
    recalls.filter(Q(item_uuid=row.uuid) | Q(order=row.uuid)).update(note="")
    permissions.filter(uuid=row.uuid).update(why="")
    if row.type.startswith("permission.refuse/") and row.in_reply_to is not None:
        permissions.filter(uuid=row.in_reply_to).update(note="")
    duties = DisclosureDuty.objects.filter(agency__in=line)
    duties.filter(Q(item=row) | Q(notice=row)).update(citation="", court="", dated=None)
    duties.filter(Q(item=row) | Q(objection=row.uuid)).update(objection_note="")


def _erase_what_it_told(row: Message) -> None:
    """What a holder said of our item, and rows keep, goes with the message that said it; codes and numbers stay.

    What a newer answer has put in its place stays until that one goes. Must run while the message can still be read.
    """
    if row.direction != "in" or row.type not in {"recall.answer/1", "permission.report/1"}:
        return
    said, line = read_message(row), lineage.line_of(row.agency)
    if row.type == "recall.answer/1":
        held = Recall.objects.filter(agency__in=line, direction="out", answered_at=row.created)
        held.filter(item_uuid=said.body["item"]).update(court="", filed_on=None, opened_at=None, onward=[])
    else:
        given = Permission.objects.filter(agency__in=line, side=Permission.Side.GRANTER)
        given.filter(uuid=said.body["permission"]).update(onward=[])


def _overwrite_what_is_deleted() -> None:
    """SQLite marks freed space only; from here on this connection writes zeros over it."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA secure_delete = ON")


def erasure_facts(row: Message, at: datetime.datetime) -> dict[str, Any]:
    """What the leaf of an erasure commits to: every column that the erased bytes had vouched for until then."""
    return {
        "at": instant(at),
        "digest": bytes(row.digest).hex(),
        "type": row.type,
        "sender": row.sender,
        "recipient": row.recipient,
        "parties": [row.agency, row.peer],
        "conversation": [str(row.conversation.uuid), row.conversation.agency],
        "seq": row.seq,
        "in_reply_to": str(row.in_reply_to or ""),
        "copy_of": str(row.copy_of or ""),
        "urgency": row.urgency,
        "created": instant(row.created),
        "expires": instant(row.expires),
    }
