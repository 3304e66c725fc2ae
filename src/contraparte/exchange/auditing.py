"""Messages held against the ledger: what `ledger fsck` asks of the exchange, and what a page shows of it.

Every message row must have its leaf, with the same id, envelope hash, direction and leaf hash; every leaf of a
released or accepted message must have its row; the stored content must still be what was digested and sealed, and
every column must say what its author signed.
"""

import hashlib
from collections.abc import Iterable, Iterator

from contraparte.exchange.models import Content, Message, Release, Resealing
from contraparte.exchange.reading import read_message
from contraparte.ledger.models import Leaf, Log
from contraparte.ledger.registry import Finding
from contraparte.ledger.rules.leaves import Kind, parse_leaf
from contraparte.protocol.errors import ContraparteError, LeafInvalidError
from contraparte.protocol.ids import agency_of
from contraparte.protocol.tlog import leaf_hash

PAGE = 500


def find_message_faults() -> Iterable[Finding]:
    """Every difference between message rows and leaves, named by log and index."""
    yield from _rows_without_leaf()
    yield from _leaves_without_row()
    yield from _resealings_changed()
    yield from _contents_changed()


def _pages(rows: "Iterable[int]") -> Iterator[list[int]]:
    page: list[int] = []
    for row in rows:
        page.append(row)
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page


def _rows_without_leaf() -> Iterator[Finding]:
    logs = {log.origin: log.pk for log in Log.objects.filter(mine=True)}
    for ids in _pages(list(Message.objects.order_by("pk").values_list("pk", flat=True))):
        # The leaf of a release tells the envelope as it was first sealed (P3.4).
        resealed = Resealing.objects.filter(message_id__in=ids).order_by("-pk").values_list("message_id", "replaced")
        first = {pk: bytes(replaced) for pk, replaced in resealed}
        for row in Message.objects.filter(pk__in=ids).order_by("pk"):
            leaf = Leaf.objects.filter(log_id=logs.get(row.log_origin, 0), index=row.log_index).first()
            if leaf is None:
                yield Finding("message.leaf.missing", row.log_origin, row.log_index, str(row.uuid))
                continue
            fault = _difference(row, bytes(leaf.data), first.get(row.pk, bytes(row.envelope_hash)))
            if fault:
                yield Finding(f"message.{fault}.changed", row.log_origin, row.log_index, str(row.uuid))


def _difference(row: Message, data: bytes, first_envelope: bytes) -> str:
    """Which column of a message row says something else than its leaf; empty where none does."""
    try:
        leaf = parse_leaf(data)
    except LeafInvalidError:
        return "leaf"
    kind = Kind.MESSAGE_RELEASED if row.direction == "out" else Kind.MESSAGE_ACCEPTED
    for name, said, logged in (
        ("leaf_hash", bytes(row.leaf_hash), leaf_hash(data)),
        ("uuid", row.uuid.bytes, leaf.message_id),
        ("envelope_hash", first_envelope, leaf.envelope_hash),
        ("direction", kind, leaf.kind),
    ):
        if said != logged:
            return name
    return ""


def _leaves_without_row() -> Iterator[Finding]:
    wanted = {Kind.MESSAGE_RELEASED, Kind.MESSAGE_ACCEPTED}
    for log in Log.objects.filter(mine=True).order_by("origin"):
        known = set(Message.objects.filter(log_origin=log.origin).values_list("log_index", flat=True))
        for start in range(0, log.size, PAGE):
            for leaf in Leaf.objects.filter(log=log, index__gte=start, index__lt=start + PAGE).order_by("index"):
                try:
                    kind = parse_leaf(bytes(leaf.data)).kind
                except LeafInvalidError:
                    continue  # named by the ledger's own check
                if kind in wanted and leaf.index not in known:
                    yield Finding("leaf.message.missing", log.origin, leaf.index)


def _resealings_changed() -> Iterator[Finding]:
    """The envelope a message has now is the one that the leaf of its last resealing tells."""
    last: dict[int, Resealing] = {}
    for one in Resealing.objects.select_related("message").order_by("pk"):
        last[one.message_id] = one
    for one in last.values():
        leaf = Leaf.objects.filter(log__origin=one.log_origin, log__mine=True, index=one.log_index).first()
        if leaf is None or not _tells(bytes(leaf.data), one):
            yield Finding("message.resealed.changed", one.log_origin, one.log_index, str(one.message.uuid))


def _tells(data: bytes, one: Resealing) -> bool:
    try:
        leaf = parse_leaf(data)
    except LeafInvalidError:
        return False
    told = (leaf.kind, leaf.message_id, leaf.envelope_hash, leaf_hash(data))
    message = one.message
    return told == (Kind.MESSAGE_RESEALED, message.uuid.bytes, bytes(message.envelope_hash), bytes(one.leaf_hash))


def _contents_changed() -> Iterator[Finding]:
    for ids in _pages(list(Message.objects.order_by("pk").values_list("pk", flat=True))):
        rows = Message.objects.filter(pk__in=ids).select_related("content", "conversation").in_bulk()
        released = set(Release.objects.filter(pk__in=ids).values_list("pk", flat=True))
        contents = {content.pk: content for content in Content.objects.filter(pk__in=ids)}
        for pk in ids:
            row, content = rows[pk], contents.get(pk)
            if content is None:
                yield Finding("message.content.missing", row.log_origin, row.log_index, str(row.uuid))
            elif hashlib.sha256(bytes(content.presentation)).digest() != bytes(row.digest):
                yield Finding("message.content.changed", row.log_origin, row.log_index, str(row.uuid))
            elif fault := _unsigned(row):
                yield Finding(f"message.{fault}.changed", row.log_origin, row.log_index, str(row.uuid))
            if row.direction == "out" and pk not in released:
                yield Finding("message.release.missing", row.log_origin, row.log_index, str(row.uuid))


def _unsigned(row: Message) -> str:
    """Which column of a message row says something else than its author signed; empty where none does."""
    try:
        signed = read_message(row)
    except ContraparteError:
        return "signature"
    ends = agency_of(signed.sender), agency_of(signed.recipient)
    for name, said, meant in (
        ("type", row.type, signed.type),
        ("sender", row.sender, signed.sender),
        ("recipient", row.recipient, signed.recipient),
        ("parties", (row.agency, row.peer), ends if row.direction == "out" else ends[::-1]),
        ("conversation", str(row.conversation.uuid), signed.conversation),
        ("seq", row.seq, signed.seq),
        ("in_reply_to", row.in_reply_to and str(row.in_reply_to), signed.in_reply_to),
        ("copy_of", row.copy_of and str(row.copy_of), signed.copy_of),
    ):
        if said != meant:
            return name
    return ""
