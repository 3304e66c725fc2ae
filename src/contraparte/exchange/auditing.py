"""Messages held against the ledger: what `ledger fsck` asks of the exchange, and what a page shows of it.

    message row ─ its leaf ─ its commitment ─ what was decided, when, by whom
         │
         ├─ the stored bytes ─ what their author signed ─ every column that repeats it
         └─ receipts, outbox, jobs ─ the state it says it is in

and back: every leaf of a released, accepted or resealed message has its row. A page of messages costs a fixed number
of queries. A node works on while it is audited: what looks wrong is looked at a second time before it is told.
"""

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Max

from contraparte.directory.lineage import line_of
from contraparte.exchange import commitments
from contraparte.exchange.composing import worthless_after
from contraparte.exchange.models import Erasure, Job, Message, Outbox, PolicyText, Receipt, Release, Resealing
from contraparte.exchange.reading import read_message
from contraparte.exchange.recording import HANDLE, URGENCIES, acceptance_facts
from contraparte.exchange.releasing import release_facts
from contraparte.exchange.resealing import resealing_facts
from contraparte.exchange.retention import erasure_facts
from contraparte.ledger.models import Leaf as LeafRow
from contraparte.ledger.models import Log
from contraparte.ledger.registry import Finding
from contraparte.ledger.rules.leaves import Kind, Leaf, parse_leaf
from contraparte.protocol.errors import ContraparteError, LeafInvalidError, MessageExpiredError
from contraparte.protocol.ids import agency_of
from contraparte.protocol.message import content_digest
from contraparte.protocol.receipts import Statement
from contraparte.protocol.tlog import leaf_hash

PAGE = 200  # messages with their bytes, in memory at once
Place = tuple[str, int]


def find_message_faults() -> Iterable[Finding]:
    """Every difference between message rows, leaves, bytes and receipts, named by log and index. One per message."""
    if not commitments.is_kept() and Release.objects.exists():
        yield Finding("commitment.key.missing", "", None, "what leaves commit to cannot be checked")
    yield from _policies_changed()
    for ids in _pages():
        suspects = [pk for pk, _ in _faults(ids)]
        if suspects:
            yield from (finding for _, finding in _faults(suspects))
    yield from _leaves_without_row()


def _pages() -> Iterator[list[int]]:
    last = 0
    end = Message.objects.aggregate(last=Max("pk"))["last"] or 0
    while last < end:
        ids = list(Message.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:PAGE])
        if not ids:
            return
        yield ids
        last = ids[-1]


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What lies around one page of messages, fetched at once."""

    leaves: dict[Place, bytes]
    logs: dict[str, tuple[str, str]]  # origin → agency, peer
    resealings: dict[int, list[Resealing]]
    erasures: dict[int, Erasure]
    receipts: dict[int, list[tuple[bool, Statement]]]
    queued: set[int]
    waiting: set[int]
    commits: bool

    def of(self, place: Place) -> tuple[bytes, Leaf] | None:
        """The leaf at a place, as bytes and read; None where there is none of the known form."""
        data = self.leaves.get(place)
        if data is None:
            return None
        try:
            return data, parse_leaf(data)
        except LeafInvalidError:
            return None


def _surroundings(rows: Sequence[Message]) -> _Surroundings:
    ids = [row.pk for row in rows]
    resealings: dict[int, list[Resealing]] = defaultdict(list)
    for one in Resealing.objects.filter(message__in=ids).order_by("pk"):
        resealings[one.message_id].append(one)
    erasures = {one.message_id: one for one in Erasure.objects.filter(message__in=ids)}
    wanted: dict[str, set[int]] = defaultdict(set)
    places = [(row.log_origin, row.log_index) for row in rows]
    places += [(one.log_origin, one.log_index) for one in erasures.values()]
    places += [(one.log_origin, one.log_index) for several in resealings.values() for one in several]
    for origin, index in places:
        wanted[origin].add(index)
    logs = {log.origin: log for log in Log.objects.filter(mine=True, origin__in=wanted)}
    leaves: dict[Place, bytes] = {}
    for origin, log in logs.items():
        found = LeafRow.objects.filter(log=log, index__in=wanted[origin])
        leaves |= {(origin, index): bytes(data) for index, data in found.values_list("index", "data")}
    jobs = Job.objects.filter(lane=HANDLE, subject__in=ids).values_list("subject", flat=True)
    receipts: dict[int, list[tuple[bool, Statement]]] = defaultdict(list)
    for receipt in Receipt.objects.filter(message__in=ids).only("message_id", "ours", "statement").order_by("pk"):
        receipts[receipt.message_id or 0].append((receipt.ours, Statement.parse(bytes(receipt.statement))))
    return _Surroundings(
        leaves,
        {origin: (log.agency, log.peer) for origin, log in logs.items()},
        resealings,
        erasures,
        receipts,
        set(Outbox.objects.filter(pk__in=ids).values_list("pk", flat=True)),
        {subject for subject in jobs if subject is not None},
        commitments.is_kept(),
    )


def _faults(ids: Sequence[int]) -> list[tuple[int, Finding]]:
    """The first fault of each of these messages that has one."""
    rows = list(Message.objects.filter(pk__in=ids).select_related("content", "conversation", "release").order_by("pk"))
    around, found = _surroundings(rows), []
    for row in rows:
        fault = _fault(row, around)
        if fault:
            found.append((row.pk, Finding(fault, row.log_origin, row.log_index, str(row.uuid))))
    return found


def _fault(row: Message, around: _Surroundings) -> str:
    """What is wrong with one message, as a code; empty where nothing is."""
    held = around.of((row.log_origin, row.log_index))
    if held is None:
        return "message.leaf.missing"
    if not hasattr(row, "content"):
        return "message.content.missing"
    if row.direction == "out" and not hasattr(row, "release"):
        return "message.release.missing"
    return (
        _leaf_fault(row, around, *held)
        or _envelope_fault(row, around, held[1])
        or (_erasure_fault(row, around) if row.pk in around.erasures else _content_fault(row))
        or (_commitment_fault(row, held[1]) if around.commits else "")
        or _state_fault(row, around)
    )


def _first_difference(pairs: Iterable[tuple[str, Any, Any]]) -> str:
    return next((f"message.{name}.changed" for name, said, meant in pairs if said != meant), "")


def _leaf_fault(row: Message, around: _Surroundings, data: bytes, leaf: Leaf) -> str:
    is_out = row.direction == "out"
    return _first_difference(
        (
            ("leaf_hash", bytes(row.leaf_hash), leaf_hash(data)),
            ("uuid", row.uuid.bytes, leaf.message_id),
            ("direction", row.direction, leaf.direction.value),
            ("kind", leaf.kind, Kind.MESSAGE_RELEASED if is_out else Kind.MESSAGE_ACCEPTED),
            ("log_origin", (row.agency, row.peer), around.logs.get(row.log_origin)),
        )
    )


def _envelope_fault(row: Message, around: _Surroundings, first: Leaf) -> str:
    """Header, ciphertext and signature against the leaf of the envelope they were sealed in last (P3.3, P3.4)."""
    leaf, replaced = first, around.resealings.get(row.pk, [])
    for one in replaced:
        held = around.of((one.log_origin, one.log_index))
        told = held and (held[1].kind, held[1].message_id, held[1].references, leaf_hash(held[0]))
        meant = (Kind.MESSAGE_RESEALED, row.uuid.bytes, (bytes(row.leaf_hash),), bytes(one.leaf_hash))
        if held is None or told != meant or leaf.envelope_hash != bytes(one.replaced):
            return "message.resealed.changed"
        leaf = held[1]
        if around.commits and leaf.commitment != commitments.commitment(resealing_facts(row, one.at)):
            return "message.resealed.changed"
    content = row.content
    header, ciphertext = bytes(content.header), bytes(content.ciphertext)
    # Of what came in, and of what was erased, only the hash of the ciphertext is kept.
    is_whole = row.direction == "out" and row.pk not in around.erasures
    sealed = hashlib.sha256(ciphertext).digest() if is_whole else ciphertext
    return _first_difference(
        (
            ("envelope_hash", bytes(row.envelope_hash), leaf.envelope_hash),
            ("envelope", hashlib.sha256(len(header).to_bytes(4, "big") + header + sealed).digest(), leaf.envelope_hash),
            ("signature", hashlib.sha256(bytes(content.signature)).digest(), leaf.signature_hash),
        )
    )


def _content_fault(row: Message) -> str:
    """The stored bytes against their digest, and every column against what their author signed in them."""
    if hashlib.sha256(bytes(row.content.presentation)).digest() != bytes(row.digest):
        return "message.content.changed"
    try:
        signed = read_message(row)
    except ContraparteError:
        return "message.signature.changed"
    ends = agency_of(signed.sender), agency_of(signed.recipient)
    is_out = row.direction == "out"
    urgency = signed.extra.get("urgency", URGENCIES[0])
    fault = _first_difference(
        (
            ("type", row.type, signed.type),
            ("sender", row.sender, signed.sender),
            ("recipient", row.recipient, signed.recipient),
            ("parties", (row.agency, row.peer), ends if is_out else ends[::-1]),
            ("conversation", _thread(row), (signed.conversation, row.agency)),
            ("seq", row.seq, signed.seq),
            ("in_reply_to", _text(row.in_reply_to), signed.in_reply_to),
            ("copy_of", _text(row.copy_of), signed.copy_of),
            ("urgency", row.urgency, urgency if is_out or urgency in URGENCIES else URGENCIES[0]),
            ("created", row.created, signed.created),
            ("expires", row.expires, worthless_after(signed)),
        )
    )
    if not fault and is_out and bytes(row.release.content_digest) != content_digest(signed):
        return "message.release.changed"
    return fault


def _erasure_fault(row: Message, around: _Surroundings) -> str:
    """Erased content against the leaf that says so: nothing is left of it, and the columns it had vouched for stand."""
    erasure = around.erasures[row.pk]
    held = around.of((erasure.log_origin, erasure.log_index))
    told = held and (held[1].kind, held[1].message_id, held[1].references, leaf_hash(held[0]))
    meant = (Kind.MESSAGE_ERASED, row.uuid.bytes, (bytes(row.leaf_hash),), bytes(erasure.leaf_hash))
    if held is None or told != meant:
        return "message.erasure.changed"
    if bytes(row.content.presentation):
        return "message.erasure.undone"
    if around.commits and held[1].commitment != commitments.commitment(erasure_facts(row, erasure.at)):
        return "message.erasure.changed"
    return ""


def _thread(row: Message) -> tuple[str, str]:
    """Whose thread it is: the agency's own, or that of whoever has its work now (P1.8)."""
    agency = row.conversation.agency
    return str(row.conversation.uuid), row.agency if agency in line_of(row.agency) else agency


def _text(named: uuid.UUID | None) -> str | None:
    return None if named is None else str(named)


def _commitment_fault(row: Message, leaf: Leaf) -> str:
    """What the leaf commits to (P2.4): the decision and who let it out, or when it was accepted."""
    if row.direction == "in":
        facts = acceptance_facts(bytes(row.digest), row.at)
        return "" if leaf.commitment == commitments.commitment(facts) else "message.at.changed"
    release = row.release
    facts = release_facts(
        digest=bytes(row.digest),
        content_digest=bytes(release.content_digest),
        decision=release.decision,
        policy_hash=release.policy_hash,
        by=str(release.by_id),
        at=release.at,
    )
    if leaf.commitment != commitments.commitment(facts):
        return "message.release.changed"
    return "" if row.at == release.at else "message.at.changed"


def _state_fault(row: Message, around: _Surroundings) -> str:
    """The state against what says so: receipts of the other side and the outbox, or our own and the jobs."""
    said = [(ours, str(statement.kind)) for ours, statement in around.receipts.get(row.pk, [])]
    if row.direction == "out":
        states = _out_states(row, said, around)
    elif (True, "accepted") not in said:
        return "message.receipt.missing"
    else:
        states = _in_states(row, said, around)
    # Why a message failed is this node's own note; all other codes stand somewhere else too.
    code = "" if row.state == Message.State.FAILED else row.code
    return "" if (row.state, code) in states else "message.state.changed"


def _out_states(row: Message, said: list[tuple[bool, str]], around: _Surroundings) -> set[tuple[str, str]]:
    refusals = [s.code or "" for ours, s in around.receipts.get(row.pk, []) if not ours and s.kind == "rejected"]
    is_queued = row.pk in around.queued
    states: set[tuple[str, str]] = set()
    if (False, "accepted") in said and not is_queued:
        states.add((Message.State.SENT, ""))
    if refusals and not is_queued:
        states |= {(state, refusals[0]) for state in (Message.State.REJECTED, Message.State.EXPIRED)}
    if not refusals and is_queued:
        states |= {(Message.State.QUEUED, ""), (Message.State.EXPIRED, MessageExpiredError.code)}
    return states


def _in_states(row: Message, said: list[tuple[bool, str]], around: _Surroundings) -> set[tuple[str, str]]:
    is_delivered, is_waiting = (True, "delivered") in said, row.pk in around.waiting
    if is_delivered:
        return set() if is_waiting else {(Message.State.HANDLED, "")}
    return {(Message.State.ACCEPTED, "")} if is_waiting else {(Message.State.FAILED, "")} if row.code else set()


def _policies_changed() -> Iterator[Finding]:
    """The rules of each decision are on record as they were."""
    kept = {policy.pk: policy.text for policy in PolicyText.objects.all()}
    for name, text in kept.items():
        if hashlib.sha256(text.encode()).hexdigest() != name:
            yield Finding("policy.text.changed", "", None, name)
    for name in Release.objects.order_by("policy_hash").values_list("policy_hash", flat=True).distinct():
        if name not in kept:
            yield Finding("policy.text.missing", "", None, name)


def _leaves_without_row() -> Iterator[Finding]:
    """Leaves that say a message passed of which there is no row, or not the one it is about."""
    tables: dict[Kind | None, type[Message] | type[Resealing] | type[Erasure]] = {
        Kind.MESSAGE_RELEASED: Message,
        Kind.MESSAGE_ACCEPTED: Message,
        Kind.MESSAGE_RESEALED: Resealing,
        Kind.MESSAGE_ERASED: Erasure,
    }
    for log in Log.objects.filter(mine=True).order_by("origin"):
        for start in range(0, log.size, PAGE):
            span = (start, start + PAGE - 1)
            known = {
                table: set(
                    table.objects.filter(log_origin=log.origin, log_index__range=span).values_list(
                        "log_index", flat=True
                    )
                )
                for table in (Message, Resealing, Erasure)
            }
            for index, data in LeafRow.objects.filter(log=log, index__range=span).values_list("index", "data"):
                try:
                    table = tables.get(parse_leaf(bytes(data)).kind)
                except LeafInvalidError:
                    continue  # named by the ledger's own check
                if table is not None and index not in known[table]:
                    yield Finding("leaf.message.missing", log.origin, index)
