"""What must hold over the databases of all nodes once nothing is under way (invariants 1, 4 and 5).

Read with plain SQL; of the house only the layout of a leaf is used.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from contraparte.ledger.rules.leaves import Kind, parse_leaf
from contraparte.node.demo_nodes import Node
from contraparte.protocol.ids import agency_of
from contraparte.protocol.receipts import Statement
from contraparte.protocol.tlog import leaf_hash
from tests.acceptance.trio import Row, read_rows

MESSAGES = """
    SELECT m.id, m.agency, m.direction, m.peer, m.uuid, c.uuid AS conversation, m.seq, m.type, m.sender, m.recipient,
           m.in_reply_to, m.digest, m.envelope_hash, m.state, m.log_origin, m.log_index, m.leaf_hash, k.presentation
    FROM exchange_message m JOIN exchange_conversation c ON c.id = m.conversation_id
    JOIN exchange_content k ON k.message_id = m.id"""
RECEIPTS = "SELECT agency, uuid, peer, kind, ours, statement FROM exchange_receipt"
RELEASES = """
    SELECT m.uuid, m.copy_of, m.type, r.content_digest FROM exchange_release r
    JOIN exchange_message m ON m.id = r.message_id ORDER BY m.id"""
APPROVALS = """
    SELECT d.uuid, d.drafted_by_id, a.by_id, a.content_digest FROM exchange_approval a
    JOIN exchange_draft d ON d.id = a.draft_id"""
LEAVES = """
    SELECT o.origin, o.agency, o.peer, o.mine, f."index" AS place, f.data
    FROM ledger_leaf f JOIN ledger_log o ON o.id = f.log_id ORDER BY o.origin, f."index" """
WAITING = {
    "outbox": "SELECT count(*) AS n FROM exchange_outbox",
    "jobs": "SELECT count(*) AS n FROM exchange_job",
    "refusals": "SELECT count(*) AS n FROM exchange_refusal",
    "incidents of messages": "SELECT count(*) AS n FROM exchange_incident",
    "incidents of logs": "SELECT count(*) AS n FROM ledger_incident",
    "receipts still due": "SELECT count(*) AS n FROM exchange_receipt WHERE due IS NOT NULL",
}
WALKS = """
    SELECT w.their_reference, w.requester, w.state, c.uuid AS conversation FROM traces_walk w
    JOIN exchange_conversation c ON c.id = w.conversation_id"""


@dataclass
class Books:
    """All rows of all nodes, together."""

    messages: list[Row] = field(default_factory=list)
    receipts: list[Row] = field(default_factory=list)
    releases: list[Row] = field(default_factory=list)
    approvals: list[Row] = field(default_factory=list)
    leaves: list[Row] = field(default_factory=list)
    walks: list[Row] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, nodes: Iterable[Node]) -> "Books":
        found = cls()
        for node in nodes:
            found.messages += read_rows(node, MESSAGES)
            found.receipts += read_rows(node, RECEIPTS)
            found.releases += read_rows(node, RELEASES)
            found.approvals += read_rows(node, APPROVALS)
            found.leaves += read_rows(node, LEAVES)
            found.walks += read_rows(node, WALKS)
            found.waiting |= {f"{what} at {node.name}": read_rows(node, sql)[0]["n"] for what, sql in WAITING.items()}
        return found

    def side(self, direction: str) -> dict[str, Row]:
        """Messages of one direction by id. A second row of an id is kept under a name of its own."""
        rows: dict[str, Row] = {}
        for row in self.messages:
            if row["direction"] == direction:
                rows[row["uuid"] if row["uuid"] not in rows else f"{row['uuid']} again"] = row
        return rows


def faults(nodes: Iterable[Node]) -> list[str]:
    """Everything that does not hold, in words; empty where all is well."""
    books = Books.of(nodes)
    assert books.messages, "an audit of nothing proves nothing"
    return [fault for check in CHECKS for fault in check(books)]


def nothing_waits(books: Books) -> Iterator[str]:
    for what, count in books.waiting.items():
        if count:
            yield f"{count} {what}"


def nothing_is_lost_or_doubled(books: Books) -> Iterator[str]:
    out, come = books.side("out"), books.side("in")
    for uuid in out.keys() ^ come.keys():
        yield f"message {uuid} is {'lost' if uuid in out else 'accepted and was never released, or twice'}"
    for row in books.messages:
        if row["state"] != {"out": "sent", "in": "handled"}[row["direction"]]:
            yield f"message {row['uuid']} ({row['direction']}) is {row['state']}"


def both_sides_hold_the_same_events(books: Books) -> Iterator[str]:
    """Conversation by conversation: ids, digests, types, senders, recipients and numbers (invariant 5)."""
    threads: dict[tuple[str, frozenset[str]], dict[str, set[tuple[Any, ...]]]] = defaultdict(lambda: defaultdict(set))
    for row in books.messages:
        event = tuple(
            row[name]
            for name in ("uuid", "type", "seq", "sender", "recipient", "in_reply_to", "digest", "envelope_hash")
        )
        threads[row["conversation"], frozenset({row["agency"], row["peer"]})][row["agency"]].add(event)
    for (conversation, parties), sides in threads.items():
        if set(sides) != parties:
            yield f"conversation {conversation}: only {sorted(sides)} of {sorted(parties)} hold it"
        elif len({frozenset(events) for events in sides.values()}) != 1:
            yield f"conversation {conversation}: {sorted(parties)} hold different events"
    for row in books.messages:
        if hashlib.sha256(row["presentation"]).digest() != row["digest"]:
            yield f"message {row['uuid']} ({row['direction']}) is not what its digest says"


def numbers_have_no_gap(books: Books) -> Iterator[str]:
    turns: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for row in books.messages:
        if row["direction"] == "out" and row["seq"] is not None:
            turns[row["conversation"], row["agency"], row["peer"]].append(row["seq"])
    for (conversation, sender, receiver), numbers in turns.items():
        if sorted(numbers) != list(range(1, len(numbers) + 1)):
            yield f"conversation {conversation}, {sender} to {receiver}: numbers {sorted(numbers)}"


def every_message_has_one_release(books: Books) -> Iterator[str]:
    released = Counter(row["uuid"] for row in books.releases)
    sent = Counter(row["uuid"] for row in books.messages if row["direction"] == "out")
    if released != sent:
        yield f"releases and messages differ: {(released - sent) + (sent - released)}"


def every_request_was_approved_as_it_left(books: Books) -> Iterator[str]:
    """By another than its drafter, for the very content of the request and its copies (invariant 1)."""
    left: dict[str, list[bytes]] = defaultdict(list)
    for row in sorted(books.releases, key=lambda one: one["copy_of"] is not None):
        if row["type"] == "trace.request/1":
            left[row["copy_of"] or row["uuid"]].append(row["content_digest"])
    approved = {(row["uuid"], row["content_digest"]) for row in books.approvals if row["by_id"] != row["drafted_by_id"]}
    for uuid, contents in left.items():
        if (uuid, hashlib.sha256(b"".join(contents)).digest()) not in approved:
            yield f"request {uuid} left without the approval of another than its drafter"


def every_message_has_one_leaf_on_each_side(books: Books) -> Iterator[str]:
    logged: Counter[tuple[str, str, str]] = Counter()
    mine: dict[tuple[str, int], bytes] = {}
    for row in books.leaves:
        if not row["mine"]:
            continue
        mine[row["origin"], row["place"]] = row["data"]
        leaf = parse_leaf(row["data"])
        if leaf.message_id is not None:
            logged[leaf.message_id.hex(), row["agency"], str(leaf.kind)] += 1
    for row in books.messages:
        kind = Kind.MESSAGE_RELEASED if row["direction"] == "out" else Kind.MESSAGE_ACCEPTED
        if (count := logged[row["uuid"], row["agency"], str(kind)]) != 1:
            yield f"message {row['uuid']} has {count} leaves {kind} at {row['agency']}"
        data = mine.get((row["log_origin"], row["log_index"]))
        if (
            data is None
            or leaf_hash(data) != row["leaf_hash"]
            or parse_leaf(data).message_id != bytes.fromhex(row["uuid"])
        ):
            yield f"message {row['uuid']} points at another leaf"
    for row in books.leaves:
        if not row["mine"] and mine.get((row["origin"], row["place"])) != row["data"]:
            yield f"the mirror of {row['origin']} differs at {row['place']}"


def every_message_has_its_receipts(books: Books) -> Iterator[str]:
    """One `accepted` and one `delivered`, the same bytes at both ends, saying what the rows say."""
    held: dict[tuple[str, str, bool], dict[str, list[bytes]]] = defaultdict(lambda: defaultdict(list))
    for row in books.receipts:
        held[row["uuid"], row["agency"], bool(row["ours"])][row["kind"]].append(row["statement"])
    for row in books.messages:
        if row["direction"] != "in":
            continue
        ours, theirs = held[row["uuid"], row["agency"], True], held[row["uuid"], row["peer"], False]
        if ours != theirs:
            yield f"message {row['uuid']}: the two sides hold different receipts"
        for kind in ("accepted", "delivered"):
            if len(theirs[kind]) != 1:
                yield f"message {row['uuid']} has {len(theirs[kind])} receipts {kind}"
                continue
            said = Statement.parse(theirs[kind][0])
            if (said.digest, said.envelope_hash, said.receiver) != (row["digest"], row["envelope_hash"], row["agency"]):
                yield f"message {row['uuid']}: its receipt {kind} is about something else"


# A holder answers a recall again with what it has learned since from who got the item onward (P6.5).
SAID_AGAIN = {"recall.answer/1"}


def nothing_is_done_twice(books: Books) -> Iterator[str]:
    """One walk for each request, one answer for each question, one result to each party."""
    asked = [
        row
        for row in books.messages
        if row["direction"] == "out" and row["in_reply_to"] and row["type"] not in SAID_AGAIN
    ]
    answers = Counter((row["sender"], row["recipient"], row["type"], row["in_reply_to"]) for row in asked)
    for (sender, recipient, kind, question), count in answers.items():
        if count > 1:
            yield f"{sender} answered {question} of {recipient} {count} times by {kind}"
    requests = {
        row["uuid"]
        for row in books.messages
        if row["direction"] == "out" and row["type"] == "trace.request/1" and agency_of(row["recipient"]) == "us.ntc"
    }
    if len(books.walks) != len(requests):
        yield f"{len(books.walks)} walks for {len(requests)} requests"
    for row in books.walks:
        if row["state"] == "walking":
            yield f"the walk for {row['their_reference']} goes on"


CHECKS: tuple[Callable[[Books], Iterator[str]], ...] = (
    nothing_waits,
    nothing_is_lost_or_doubled,
    both_sides_hold_the_same_events,
    numbers_have_no_gap,
    every_message_has_one_release,
    every_request_was_approved_as_it_left,
    every_message_has_one_leaf_on_each_side,
    every_message_has_its_receipts,
    nothing_is_done_twice,
)
