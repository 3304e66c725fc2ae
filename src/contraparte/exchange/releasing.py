"""Release: seal, log, queue, as one transaction (PROTOCOL P2.4, P3, P5.2).

    Composed ─▶ sign and seal outside any lock, on a guess of the next `seq`
             ─▶ ONE transaction: lock the turns, check the guess, ledger leaves + checkpoint, rows, outbox
             ─▶ commit, guard (by the ledger), wake the worker

A wrong guess (somebody else released into the same conversation meanwhile) costs a second signature, never a gap.
"""

import datetime
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from contraparte.directory import keyring
from contraparte.directory import queries as directory
from contraparte.exchange import attaching, gate, registry
from contraparte.exchange.bulk import as_time, as_uuid, insert_rows
from contraparte.exchange.commitments import commitment
from contraparte.exchange.composing import Composed, worthless_after
from contraparte.exchange.models import Content, Message, Outbox, PolicyText, Release, Turn
from contraparte.exchange.turns import TurnKey, advance_turns
from contraparte.exchange.wake import wake_worker
from contraparte.exchange.writing import writing
from contraparte.ledger import actions as ledger
from contraparte.protocol.attachments import files_of
from contraparte.protocol.encoding import instant
from contraparte.protocol.envelope import Envelope, envelope_hash, seal
from contraparte.protocol.ids import agency_of, new_nonce
from contraparte.protocol.keys import Purpose
from contraparte.protocol.message import digest, issue

MESSAGE_COLUMNS = (
    *("agency", "direction", "peer", "uuid", "conversation_id", "seq", "type", "sender", "recipient"),
    *("in_reply_to", "copy_of", "urgency", "digest", "envelope_hash", "state", "code", "created", "expires", "at"),
    *("log_origin", "log_index", "leaf_hash"),
)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A composed message with its place in the conversation (None for a control type), signed and sealed."""

    composed: Composed
    seq: int | None
    presentation: bytes
    envelope: Envelope
    digest: bytes
    envelope_hash: bytes
    operator: str

    @property
    def turn(self) -> TurnKey:
        """Which counter its `seq` comes from."""
        return _turn_of(self.composed)


def release(
    composed: Sequence[Composed], *, now: datetime.datetime, alongside: Callable[[], None] | None = None
) -> list[int]:
    """Let decided messages out; returns the ids of their rows, in order.

    The caller has made sure that the road is open for each (`composing.require_road_open`). `alongside` runs in the
    same transaction: what it raises undoes the release.
    """
    guess = _turns([_turn_of(one) for one in composed if not registry.is_control(one.message.type)], lock=False)
    sealed = _seal_all(composed, dict(guess))
    with writing(*{agency_of(one.message.sender) for one in composed}):
        actual = _turns(list(guess), lock=True)
        if actual != guess:
            sealed = _seal_all(composed, dict(actual))
        ids = _write(sealed, now=now)
        if alongside is not None:
            alongside()
        wake_worker()
    return ids


def _turn_of(composed: Composed) -> TurnKey:
    return composed.outgoing.conversation.pk, agency_of(composed.message.recipient), ""


def _turns(keys: Sequence[TurnKey], *, lock: bool) -> dict[TurnKey, int]:
    """The last seq sent per conversation and peer; rows that are missing are made when locking."""
    wanted = dict.fromkeys(keys, 0)
    rows = Turn.objects.filter(direction="out", own="", conversation_id__in={pk for pk, _, _ in wanted})
    if lock:
        rows = rows.select_for_update().order_by("id")
        known = {(row.conversation_id, row.peer, row.own) for row in rows}
        missing = sorted(key for key in wanted if key not in known)
        if missing:
            Turn.objects.bulk_create(
                [Turn(conversation_id=pk, peer=peer, direction="out", seq=0) for pk, peer, _ in missing],
                ignore_conflicts=True,
            )
            rows = rows.all()
    for row in rows:
        if (row.conversation_id, row.peer, row.own) in wanted:
            wanted[row.conversation_id, row.peer, row.own] = row.seq
    return wanted


def _seal_all(composed: Sequence[Composed], last: dict[TurnKey, int]) -> list[Sealed]:
    sealed = []
    for one in composed:
        if registry.is_control(one.message.type):
            sealed.append(seal_one(one, None))
            continue
        key = _turn_of(one)
        last[key] = last.get(key, 0) + 1
        sealed.append(seal_one(one, last[key]))
    return sealed


def seal_one(composed: Composed, seq: int | None) -> Sealed:
    """Sign the message as number `seq` of its turn, or of none, and seal it to the recipient's agency (P2.3, P3.2)."""
    sender, recipient = agency_of(composed.message.sender), agency_of(composed.message.recipient)
    message = replace(composed.message, seq=seq, nonce=new_nonce())
    presentation = issue(message, keyring.private_key(sender, Purpose.MESSAGE))
    envelope = seal(
        presentation,
        message_id=message.id,
        sender=sender,
        recipient=recipient,
        sealing_key=keyring.sealing_key_of(recipient),
        signing_key=keyring.private_key(sender, Purpose.TRANSPORT),
        attachments=[file.sealed for file in files_of(message.attachments)],
    )
    return Sealed(
        composed,
        seq,
        presentation,
        envelope,
        digest(presentation),
        envelope_hash(envelope),
        directory.route_of(recipient).operator,
    )


def _write(sealed: Sequence[Sealed], *, now: datetime.datetime) -> list[int]:
    appended = ledger.append([_leaf(one, now) for one in sealed], now=now)
    at = as_time(now)
    rows = []
    for one, leaf in zip(sealed, appended, strict=True):
        message = one.composed.message
        rows.append(
            (
                agency_of(message.sender), "out", agency_of(message.recipient), as_uuid(message.id),
                one.composed.outgoing.conversation.pk, one.seq, message.type, message.sender, message.recipient,
                as_uuid(message.in_reply_to) if message.in_reply_to else None,
                as_uuid(message.copy_of) if message.copy_of else None, one.composed.outgoing.urgency,
                one.digest, one.envelope_hash, Message.State.QUEUED.value, "", as_time(message.created),
                as_time(worthless_after(message)), at, leaf.origin, leaf.index, leaf.leaf_hash,
            )
        )  # fmt: skip
    ids = [row[0] for row in insert_rows(Message, MESSAGE_COLUMNS, rows, returning="id")]
    insert_rows(
        Content,
        ("message_id", "presentation", "header", "ciphertext", "signature"),
        [
            (pk, one.presentation, one.envelope.header, one.envelope.ciphertext, one.envelope.signature)
            for pk, one in zip(ids, sealed, strict=True)
        ],
    )
    insert_rows(
        Release,
        ("message_id", "content_digest", "decision", "policy_hash", "by_id", "at"),
        [
            (
                pk,
                one.composed.content_digest,
                json.dumps(one.composed.decision.to_json()),
                one.composed.decision.policy_hash,
                as_uuid(one.composed.outgoing.by.pk),
                at,
            )
            for pk, one in zip(ids, sealed, strict=True)
        ],
    )
    insert_rows(
        Outbox,
        ("message_id", "operator", "conversation_id", "peer", "due", "tries", "code", "overtakes"),
        [
            (pk, one.operator, one.turn[0], one.turn[1], at, 0, "", one.seq is None)
            for pk, one in zip(ids, sealed, strict=True)
        ],
    )
    _bind_files(sealed, ids, now)
    _begin_with_window(sealed, ids, now)
    advance_turns({one.turn: one.seq for one in sealed if one.seq is not None}, "out")
    for policy_hash in {one.composed.decision.policy_hash for one in sealed}:
        _keep_policy_text(policy_hash, now)
    return ids


def _begin_with_window(sealed: Sequence[Sealed], ids: Sequence[int], now: datetime.datetime) -> None:
    """A thread whose first message goes through the single window is the window's, and stays so (P1.2)."""
    for one in sealed:
        message, thread = one.composed.message, one.composed.outgoing.conversation
        if message.recipient == thread.counterpart or message.copy_of is not None:
            continue
        routing = one.composed.accord.routing(message.type, message.sender, thread.counterpart, now)
        begins = not Message.objects.filter(conversation=thread).exclude(pk__in=ids).exists()
        if routing.via == message.recipient and begins:
            thread.counterpart = message.recipient
            thread.save(update_fields=["counterpart"])


def _bind_files(sealed: Sequence[Sealed], ids: Sequence[int], now: datetime.datetime) -> None:
    """The files that leave with each message (P3.5). Their bytes lie sealed already; nothing is read here."""
    with_files = {pk: one for pk, one in zip(ids, sealed, strict=True) if one.composed.outgoing.files}
    for row in Message.objects.filter(pk__in=with_files).order_by("pk") if with_files else ():
        outgoing = with_files[row.pk].composed.outgoing
        attaching.bind(outgoing.files, row, by=outgoing.by, now=now)


def _keep_policy_text(policy_hash: str, now: datetime.datetime) -> None:
    """The rules that decided, in the transaction of what they let out. One question by key for each batch."""
    if not PolicyText.objects.filter(pk=policy_hash).exists():
        text = gate.text_of(policy_hash)
        PolicyText.objects.get_or_create(hash=policy_hash, defaults={"text": text, "first_used_at": now})


def _leaf(one: Sealed, now: datetime.datetime) -> ledger.Entry:
    message = one.composed.message
    return ledger.Entry(
        agency=agency_of(message.sender),
        peer=agency_of(message.recipient),
        kind=ledger.Kind.MESSAGE_RELEASED,
        direction=ledger.Direction.OUT,
        message_id=message.id,
        envelope_hash=one.envelope_hash,
        commitment=commitment(
            release_facts(
                digest=one.digest,
                content_digest=one.composed.content_digest,
                decision=one.composed.decision.to_json(),
                policy_hash=one.composed.decision.policy_hash,
                by=str(one.composed.outgoing.by.pk),
                at=now,
            )
        ),
        signature_hash=hashlib.sha256(one.envelope.signature).digest(),
        at=now,
    )


def release_facts(
    *,
    digest: bytes,
    content_digest: bytes,
    decision: dict[str, Any],
    policy_hash: str,
    by: str,
    at: datetime.datetime,
) -> dict[str, Any]:
    """What the leaf of a release commits to: the whole decision, for which content, by whom, when (P2.4).

    The digest is of the presentation, and so stands for all the message says of itself.
    """
    return {
        "at": instant(at),
        "by": by,
        "content": content_digest.hex(),
        "decision": decision,
        "digest": digest.hex(),
        "policies": policy_hash,
    }
