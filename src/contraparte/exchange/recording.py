"""The one transaction of acceptance: order, leaves, rows and receipts for a whole batch (P4.1, P5.2)."""

import datetime
import hashlib
import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from contraparte.directory import keyring, lineage
from contraparte.exchange import registry
from contraparte.exchange.addressing import is_its_post, present_holder
from contraparte.exchange.bulk import as_time, as_uuid, insert_rows
from contraparte.exchange.commitments import commitment
from contraparte.exchange.composing import worthless_after
from contraparte.exchange.models import FOLDED, Content, Conversation, Job, Message, Receipt, ReceiptHead, Refusal, Turn
from contraparte.exchange.releasing import MESSAGE_COLUMNS
from contraparte.exchange.turns import TurnKey, advance_turns
from contraparte.ledger import actions as ledger
from contraparte.protocol import receipts as protocol
from contraparte.protocol.encoding import instant
from contraparte.protocol.errors import ConversationPartyError, MessageSequenceError, OrderGapError
from contraparte.protocol.ids import agency_of
from contraparte.protocol.keys import Purpose
from contraparte.protocol.message import Message as ProtocolMessage
from contraparte.protocol.receipts import Statement, sign_batch

if TYPE_CHECKING:
    from contraparte.exchange.inbox import Item

RECEIPT_COLUMNS = (
    "agency", "message_id", "uuid", "peer", "kind", "ours", "statement", "head_id", "position", "count", "path",
    "at", "due",
)  # fmt: skip
HANDLE = "handle"
URGENCIES = ("routine", "urgent", "at_hand")
MOST_REFUSED = 1000  # numbers in a row; a longer gap is no run of refusals, and must cost nothing to look at
LARGEST_SEQ = 2**31 - 1  # what the column holds; a larger number can only ever be refused or put off

Threads = dict[tuple[str, uuid.UUID], Conversation]


def record_batch(items: Sequence["Item"], now: datetime.datetime) -> None:
    """Accept, refuse or put off each new item; must run inside a transaction of `writing()`.

    On return every item but the deferred has its signed receipt. The caller holds the locks of the receiving agencies
    and has made sure under them that what it calls new is new.
    """
    threads = _existing_threads(items)
    turns = _lock_turns(threads)
    accepted, refused = _in_order(items, threads, turns)
    appended = ledger.append([_leaf(item, now) for item in (*accepted, *refused)], now=now)
    leaves = {id(item): leaf for item, leaf in zip((*accepted, *refused), appended, strict=True)}
    _open_threads(accepted, threads, now)
    ids = _insert_messages(accepted, threads, leaves, now)
    _save_turns(accepted, threads, turns)
    _sign_and_keep(accepted, refused, ids, leaves, now)
    insert_rows(
        Job,
        ("lane", "key", "subject", "due", "tries", "code"),
        [(HANDLE, _lane_key(item, threads), ids[id(item)], as_time(now), 0, "") for item in accepted],
    )


def _lane_key(item: "Item", threads: Threads) -> str:
    """Jobs of one key run in order: those of a conversation, and apart from them its control messages (P4.1)."""
    key = str(threads[_thread_key(item)].pk)
    return f"control {key}" if item.message is not None and item.message.seq is None else key


def _thread_key(item: "Item") -> tuple[str, uuid.UUID]:
    assert item.message is not None
    return item.header.recipient, uuid.UUID(item.message.conversation)


def _existing_threads(items: Sequence["Item"]) -> Threads:
    wanted = {_thread_key(item) for item in items if item.message is not None}
    rows = list(Conversation.objects.filter(uuid__in={thread for _, thread in wanted}))
    found = {
        (row.agency, row.uuid): row for row in rows if (row.agency, row.uuid) in wanted and row.close_code != FOLDED
    }
    if lineage.events():
        _add_moved_threads(items, rows, found)
    return found


def _add_moved_threads(items: Sequence["Item"], rows: Sequence[Conversation], found: Threads) -> None:
    """What is addressed to an old post belongs to the thread its successor keeps (P1.8)."""
    for item in items:
        if item.message is None or _thread_key(item) in found:
            continue
        agency, thread = _thread_key(item)
        line = lineage.line_of(agency)
        for row in rows:
            if (
                row.uuid == thread
                and row.agency in line
                and row.close_code != FOLDED
                and lineage.holds_for(row.post_id, item.message.recipient)
            ):
                found[agency, thread] = row


def _turn_key(item: "Item", thread: Conversation) -> TurnKey:
    """Numbers run by sending and receiving agency: what comes for an old one goes on in its own row (P2.1)."""
    own = item.header.recipient
    return thread.pk, item.header.sender, "" if thread.agency == own else own


def _lock_turns(threads: Threads) -> dict[TurnKey, Turn]:
    rows = (
        Turn.objects.select_for_update()
        .filter(direction="in", conversation_id__in=[thread.pk for thread in threads.values()])
        .order_by("id")
    )
    return {(row.conversation_id, row.peer, row.own): row for row in rows}


def _in_order(
    items: Sequence["Item"], threads: Threads, turns: dict[TurnKey, Turn]
) -> tuple[list["Item"], list["Item"]]:
    """Split the new items into accepted and refused; an item that came too early is put off (P4.1)."""
    last: dict[tuple[str, uuid.UUID, str], int] = {}
    accepted, refused = [], []
    for item in items:
        if item.known or item.deferral or item.conflict:
            continue
        if item.refusal:
            refused.append(item)
            continue
        assert item.message is not None
        agency, thread_uuid = _thread_key(item)
        sender = item.header.sender
        thread = threads.get((agency, thread_uuid))
        # Only to the post whose thread it is: holders of another post must not read it there.
        turn = turns.get(_turn_key(item, thread)) if thread else None
        if thread and not (is_its_post(item.message, thread) and (turn or _is_party(item, thread))):
            item.refusal = ConversationPartyError.code
            refused.append(item)
            continue
        key = (agency, thread_uuid, sender)
        reached = last.get(key, turn.seq if turn else 0)
        seq = item.message.seq
        if seq is not None:
            if seq <= reached:
                item.refusal = MessageSequenceError.code
                refused.append(item)
                continue
            if seq > reached + 1 and not _all_refused(item, reached):
                item.deferral = OrderGapError.code
                continue
            last[key] = seq
        accepted.append(item)
    return accepted, refused


def _is_party(item: "Item", thread: Conversation) -> bool:
    """Whether an agency that has not yet written in this thread may: its counterpart, whoever was written to in it,
    and who copies the post in.
    """
    assert item.message is not None
    sender = item.header.sender
    if item.message.copy_of is not None or agency_of(thread.counterpart) == sender:
        return True
    if lineage.events() and sender in {agency_of(thread.counterpart), agency_of(item.message.sender)}:
        past = thread.moves.filter(side="other").values_list("was", flat=True)
        if any(agency_of(was) == sender for was in past):
            return True
        if lineage.holds_for(item.message.sender, thread.counterpart):
            return True
    return Turn.objects.filter(conversation=thread, peer=sender, direction="out").exists()


def _all_refused(item: "Item", reached: int) -> bool:
    """Whether every number between the last accepted one and this one was refused for good."""
    assert item.message is not None and item.message.seq is not None
    first, last = reached + 1, item.message.seq - 1
    if last - first >= MOST_REFUSED:
        return False
    refused = Refusal.objects.filter(
        agency=item.header.recipient,
        peer=item.header.sender,
        conversation=item.message.conversation,
        seq__range=(first, last),
    )
    return refused.values("seq").distinct().count() == last - first + 1


def acceptance_facts(digest: bytes, at: datetime.datetime) -> dict[str, Any]:
    """What the leaf of an acceptance commits to. The digest stands for all the message says of itself."""
    return {"at": instant(at), "digest": digest.hex()}


def _leaf(item: "Item", now: datetime.datetime) -> ledger.Entry:
    from contraparte.exchange.inbox import signature_hash

    facts = acceptance_facts(item.digest, now)
    if item.refusal:
        facts["code"] = item.refusal
    return ledger.Entry(
        agency=item.header.recipient,
        peer=item.header.sender,
        kind=ledger.Kind.MESSAGE_REJECTED if item.refusal else ledger.Kind.MESSAGE_ACCEPTED,
        direction=ledger.Direction.IN,
        message_id=item.header.message_id,
        envelope_hash=item.hash,
        commitment=commitment(facts),
        signature_hash=signature_hash(item.envelope),
        at=now,
    )


def _open_threads(accepted: Sequence["Item"], threads: Threads, now: datetime.datetime) -> None:
    missing: Threads = {}
    for item in accepted:
        key = _thread_key(item)
        if key not in threads and key not in missing:
            assert item.message is not None
            kind = item.message.type.partition(".")[0]
            agency, post = present_holder(item.message.recipient, kind, key[1], now)
            missing[key] = Conversation(
                agency=agency, uuid=key[1], post_id=post, counterpart=item.message.sender, kind=kind, opened_at=now
            )
    threads.update(zip(missing, Conversation.objects.bulk_create(missing.values()), strict=True))
    _name_threads(accepted, threads)


def _name_threads(accepted: Sequence["Item"], threads: Threads) -> None:
    """A thread opened by a control message that was first is called after its first message with content."""
    nouns = registry.control_nouns()
    for item in accepted:
        thread = threads[_thread_key(item)]
        assert item.message is not None
        if item.message.seq is not None and thread.kind in nouns:
            thread.kind = item.message.type.partition(".")[0]
            Conversation.objects.filter(pk=thread.pk).update(kind=thread.kind)


def _insert_messages(
    accepted: Sequence["Item"], threads: Threads, leaves: dict[int, ledger.Appended], now: datetime.datetime
) -> dict[int, int]:
    at, rows = as_time(now), []
    for item in accepted:
        message, leaf = item.message, leaves[id(item)]
        assert message is not None
        rows.append(
            (
                item.header.recipient, "in", item.header.sender, as_uuid(message.id), threads[_thread_key(item)].pk,
                message.seq, message.type, message.sender, message.recipient,
                as_uuid(message.in_reply_to) if message.in_reply_to else None,
                as_uuid(message.copy_of) if message.copy_of else None, urgency_of(message),
                item.digest, item.hash, Message.State.ACCEPTED.value, "", as_time(message.created),
                as_time(worthless_after(message)), at, leaf.origin, leaf.index, leaf.leaf_hash,
            )
        )  # fmt: skip
    found = insert_rows(Message, MESSAGE_COLUMNS, rows, returning="id")
    ids = {id(item): row[0] for item, row in zip(accepted, found, strict=True)}
    insert_rows(
        Content,
        ("message_id", "presentation", "header", "ciphertext", "signature"),
        [
            (
                ids[id(item)],
                item.presentation,
                item.envelope.header,
                hashlib.sha256(item.envelope.ciphertext).digest(),
                item.envelope.signature,
            )
            for item in accepted
        ],
    )
    return ids


def urgency_of(message: ProtocolMessage) -> str:
    """How urgent the sender says it is; a word this release does not know counts as routine."""
    said = message.extra.get("urgency")
    return said if said in URGENCIES else URGENCIES[0]


def _save_turns(accepted: Sequence["Item"], threads: Threads, turns: dict[TurnKey, Turn]) -> None:
    reached: dict[TurnKey, int] = {}
    for item in accepted:
        assert item.message is not None
        key = _turn_key(item, threads[_thread_key(item)])
        reached[key] = max(reached.get(key, 0), item.message.seq or 0)
    fresh = [key for key in reached if key not in turns]
    Turn.objects.bulk_create(
        [
            Turn(conversation_id=pk, peer=peer, own=own, direction="in", seq=reached[pk, peer, own])
            for pk, peer, own in fresh
        ]
    )
    advance_turns({key: seq for key, seq in reached.items() if key in turns and seq > turns[key].seq}, "in")


def _sign_and_keep(
    accepted: Sequence["Item"],
    refused: Sequence["Item"],
    ids: dict[int, int],
    leaves: dict[int, ledger.Appended],
    now: datetime.datetime,
) -> None:
    """One signature per receiving agency over all its statements, and the receipts kept for repeats (P4.3)."""
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in (*accepted, *refused):
        groups[item.header.recipient].append(item)
    rows: list[tuple[Any, ...]] = []
    owners: list[Item] = []
    for receiver, group in groups.items():
        statements = [
            Statement(
                kind="rejected" if item.refusal else "accepted",
                message_id=item.header.message_id,
                digest=item.digest,
                envelope_hash=item.hash,
                receiver=receiver,
                sender=item.header.sender,
                log_origin=leaves[id(item)].origin,
                index=leaves[id(item)].index,
                leaf_hash=leaves[id(item)].leaf_hash,
                code=item.refusal or None,
                at=now,
                extra=item.extra if item.refusal else {},
            )
            for item in group
        ]
        signed = sign_batch(statements, keyring.private_key(receiver, Purpose.TRANSPORT))
        head = ReceiptHead.objects.create(jws=signed[0].head)
        for item, statement, receipt in zip(group, statements, signed, strict=True):
            item.receipt = receipt
            owners.append(item)
            rows.append(receipt_row(receiver, statement, receipt, head.pk, ids.get(id(item)), ours=True))
    found = insert_rows(Receipt, RECEIPT_COLUMNS, rows, returning="id")
    insert_rows(
        Refusal,
        ("agency", "peer", "uuid", "digest", "envelope_hash", "code", "at", "receipt_id", "conversation", "seq"),
        [
            (
                item.header.recipient, item.header.sender, as_uuid(item.header.message_id), item.digest, item.hash,
                item.refusal, as_time(now), row[0],
                as_uuid(item.message.conversation) if item.message else None,
                item.message.seq if item.message and (item.message.seq or 0) <= LARGEST_SEQ else None,
            )
            for item, row in zip(owners, found, strict=True)
            if item.refusal
        ],
    )  # fmt: skip


def receipt_row(
    agency: str,
    statement: Statement,
    receipt: protocol.Receipt,
    head_id: int,
    message_id: int | None,
    *,
    ours: bool,
    due: datetime.datetime | None = None,
) -> tuple[Any, ...]:
    """A receipt as the values of `RECEIPT_COLUMNS`. `agency` is whose record it is, the peer is the other side."""
    return (
        agency,
        message_id,
        as_uuid(statement.message_id),
        statement.sender if ours else statement.receiver,
        statement.kind,
        ours,
        receipt.statement,
        head_id,
        receipt.index,
        receipt.count,
        b"".join(receipt.path),
        as_time(statement.at),
        as_time(due) if due else None,
    )
