"""Receipts as records: what the other side signed about our messages, and what we sign about theirs (P4.3).

`accepted` and `rejected` come back with the batch; `delivered`, `opened` and `used` are signed later, kept with a
due date and sent along by the worker until the other side has them.
"""

import datetime
import logging
from collections import defaultdict
from collections.abc import Sequence

from contraparte.directory import keyring
from contraparte.directory import queries as directory
from contraparte.exchange.bulk import insert_rows
from contraparte.exchange.clockwork import note_acceptances
from contraparte.exchange.commitments import commitment
from contraparte.exchange.models import Incident, Message, Outbox, Receipt, ReceiptHead
from contraparte.exchange.recording import RECEIPT_COLUMNS, receipt_row
from contraparte.exchange.wake import wake_worker
from contraparte.exchange.writing import writing
from contraparte.ledger import actions as ledger
from contraparte.protocol import receipts as protocol
from contraparte.protocol.errors import ReceiptMismatchError
from contraparte.protocol.keys import Purpose
from contraparte.protocol.receipts import Statement, sign_batch

log = logging.getLogger(__name__)

KINDS_LATER = {
    "delivered": ledger.Kind.MESSAGE_DELIVERED,
    "opened": ledger.Kind.MESSAGE_OPENED,
    "used": ledger.Kind.MESSAGE_USED,
    "deleted": ledger.Kind.MESSAGE_DELETED,
}


def sign_later_receipts(kind: str, messages: Sequence[Message], *, now: datetime.datetime) -> None:
    """State that received messages were delivered to their post, opened or used; once each, however often called.

    Must run inside a transaction. Writes a leaf for each and one signature per receiving agency.
    """
    done = set(Receipt.objects.filter(message__in=messages, ours=True, kind=kind).values_list("message_id", flat=True))
    groups: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        if message.pk not in done and message.direction == "in":
            groups[message.agency].append(message)
    for agency, group in groups.items():
        appended = ledger.append([_later_leaf(kind, message, now) for message in group], now=now)
        statements = [
            Statement(
                kind=kind,
                message_id=str(message.uuid),
                digest=bytes(message.digest),
                envelope_hash=bytes(message.envelope_hash),
                receiver=agency,
                sender=message.peer,
                log_origin=leaf.origin,
                index=leaf.index,
                leaf_hash=leaf.leaf_hash,
                code=None,
                at=now,
            )
            for message, leaf in zip(group, appended, strict=True)
        ]
        signed = sign_batch(statements, keyring.private_key(agency, Purpose.TRANSPORT))
        head = ReceiptHead.objects.create(jws=signed[0].head)
        insert_rows(
            Receipt,
            RECEIPT_COLUMNS,
            [
                receipt_row(agency, statement, receipt, head.pk, message.pk, ours=True, due=now)
                for message, statement, receipt in zip(group, statements, signed, strict=True)
            ],
        )
        wake_worker()


def _later_leaf(kind: str, message: Message, now: datetime.datetime) -> ledger.Entry:
    return ledger.Entry(
        agency=message.agency,
        peer=message.peer,
        kind=KINDS_LATER[kind],
        direction=ledger.Direction.IN,
        message_id=str(message.uuid),
        envelope_hash=bytes(message.envelope_hash),
        commitment=commitment({"digest": bytes(message.digest).hex(), "kind": kind}),
        signature_hash=None,
        at=now,
    )


def keep_receipts(receipts: Sequence[protocol.Receipt], *, peer: str) -> dict[str, Statement]:
    """Store what the node of agency `peer` signed about our messages, and settle the outbox by it.

    Returns message id → statement. Each statement must be signed by an agency of that node and speak of a message
    this node sent, with its very bytes; else ReceiptMismatchError and nothing is stored.
    """
    statements = [protocol.verify_receipt(receipt, keyring.public_key) for receipt in receipts]
    for statement in statements:
        if directory.route_of(statement.receiver).operator != peer:
            raise ReceiptMismatchError(message_id=statement.message_id)
    with writing(*{statement.sender for statement in statements}):
        rows = _sent_rows(statements)
        for statement in statements:
            _require_ours(statement, rows)
        lasting = [
            (receipt, statement)
            for receipt, statement in zip(receipts, statements, strict=True)
            if statement.kind != "deferred"
        ]
        _settle(_store(lasting, rows), rows)
    return {statement.message_id: statement for statement in statements}


Rows = dict[tuple[str, str, str], Message]


def _sent_rows(statements: Sequence[Statement]) -> Rows:
    found = Message.objects.filter(direction="out", uuid__in={statement.message_id for statement in statements})
    return {(row.agency, row.peer, str(row.uuid)): row for row in found}


def _row(rows: Rows, statement: Statement) -> Message:
    return rows[statement.sender, statement.receiver, statement.message_id]


def _require_ours(statement: Statement, rows: Rows) -> None:
    row = rows.get((statement.sender, statement.receiver, statement.message_id))
    if row is None or not _was_sealed_as(row, statement.envelope_hash):
        raise ReceiptMismatchError(message_id=statement.message_id)
    if statement.kind not in {"deferred", "rejected"} and bytes(row.digest) != statement.digest:
        raise ReceiptMismatchError(message_id=statement.message_id)


def _was_sealed_as(row: Message, envelope_hash: bytes) -> bool:
    """Whether the message left in this envelope, the present one or one that was replaced (P3.4)."""
    if bytes(row.envelope_hash) == envelope_hash:
        return True
    return any(bytes(earlier.replaced) == envelope_hash for earlier in row.resealings.all())


def _store(lasting: Sequence[tuple[protocol.Receipt, Statement]], rows: Rows) -> list[Statement]:
    """Keep each receipt once; returns the statements that are new and contradict nothing said before (P4.3).

    What contradicts is an incident: the first such receipt is kept beside the others as evidence and moves nothing.
    """
    wanted = [_row(rows, statement).pk for _, statement in lasting]
    held: dict[int | None, list[bytes]] = defaultdict(list)
    for message_id, said in Receipt.objects.filter(message_id__in=wanted, ours=False).values_list(
        "message_id", "statement"
    ):
        held[message_id].append(bytes(said))
    heads: dict[bytes, int] = {}
    fresh, new = [], []
    for receipt, statement in lasting:
        row = _row(rows, statement)
        before = held[row.pk]
        if receipt.statement in before:
            continue
        if any(protocol.contradicts(Statement.parse(said), statement) for said in before):
            if not _note_contradiction(row, statement):
                continue
        elif any(Statement.parse(said).kind == statement.kind for said in before):
            continue  # said again in other words that change nothing, `opened` twice
        else:
            new.append(statement)
        before.append(receipt.statement)
        if receipt.head not in heads:
            heads[receipt.head] = ReceiptHead.objects.create(jws=receipt.head).pk
        fresh.append(receipt_row(row.agency, statement, receipt, heads[receipt.head], row.pk, ours=False))
    insert_rows(Receipt, RECEIPT_COLUMNS, fresh)
    return new


def _note_contradiction(row: Message, statement: Statement) -> bool:
    """Note the incident; False where it was noted before."""
    log.error("%s contradicts itself about %s", row.peer, row.uuid)
    _, is_first = Incident.objects.get_or_create(
        agency=row.agency,
        peer=row.peer,
        uuid=row.uuid,
        code="receipt.contradiction",
        defaults={"at": statement.at},
    )
    return is_first


#: Not settled yet: also one that was given up while its envelope was still on the road.
UNSETTLED = (Message.State.QUEUED, Message.State.EXPIRED)


def _settle(new: Sequence[Statement], rows: Rows) -> None:
    """Move our messages on by what was said of them.

    Only `accepted` and `rejected` settle one. `delivered` without an `accepted` means that the receipt of that was
    lost: the message stays in the outbox, and sending it again brings the receipt both sides are to hold.
    """
    accepted = []
    for statement in new:
        row = _row(rows, statement)
        if row.state not in UNSETTLED:
            continue
        if statement.kind == "accepted":
            accepted.append((row, statement.at))
        elif statement.kind == "rejected":
            if row.state == Message.State.QUEUED:
                row.state = Message.State.REJECTED
            row.code = statement.code or ""
            row.save(update_fields=["state", "code"])
            Outbox.objects.filter(pk=row.pk).delete()
    if accepted:
        ids = [row.pk for row, _ in accepted]
        Message.objects.filter(pk__in=ids).update(state=Message.State.SENT, code="")
        Outbox.objects.filter(pk__in=ids).delete()
        note_acceptances(accepted)


def outgoing_receipts(operator: str, *, now: datetime.datetime, limit: int) -> list[Receipt]:
    """Receipts we owe to the node of `operator`, the oldest first."""
    agencies = [agency.pk for agency in directory.agencies_of_operator(operator)]
    rows = Receipt.objects.filter(ours=True, due__lte=now, peer__in=agencies).select_related("head")
    return list(rows.order_by("due", "id")[:limit])
