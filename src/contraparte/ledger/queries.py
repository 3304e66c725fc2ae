"""Reads of the ledger for pages, commands and receipts. None of them writes or locks."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection

from contraparte.ledger import tiles
from contraparte.ledger.models import Checkpoint, Cosignature, Incident, Leaf, Log
from contraparte.ledger.rules.leaves import MESSAGE_ID_AT, message_id_bytes, parse_leaf
from contraparte.ledger.rules.leaves import Leaf as LeafContent
from contraparte.protocol.errors import LogUnknownError, MessageNotLoggedError
from contraparte.protocol.notes import Note, Signature
from contraparte.protocol.tlog import leaf_hash
from contraparte.protocol.tlog_proof import TlogProof

PAGE = 100


@dataclass(frozen=True, slots=True)
class PlacedLeaf:
    """A leaf and where it stands."""

    origin: str
    index: int
    data: bytes

    @property
    def hash(self) -> bytes:
        """Its hash in the tree."""
        return leaf_hash(self.data)

    def read(self) -> LeafContent:
        """What it says. Raises LeafInvalidError."""
        return parse_leaf(self.data)


def log_of(origin: str) -> Log:
    """The log of that origin, written here or mirrored. Raises LogUnknownError."""
    found = Log.objects.filter(origin=origin).first()
    if found is None:
        raise LogUnknownError(origin=origin)
    return found


def logs(agency: str | None = None) -> list[Log]:
    """Logs written here and mirrored, of one agency or of all, by origin."""
    rows = Log.objects.order_by("origin")
    return list(rows.filter(agency=agency) if agency else rows)


def leaf_at(origin: str, index: int) -> PlacedLeaf:
    """One leaf. Raises LogUnknownError, also for an index the log has not reached."""
    row = Leaf.objects.filter(log=log_of(origin), index=index).first()
    if row is None:
        raise LogUnknownError(origin=f"{origin}#{index}")
    return PlacedLeaf(origin, index, bytes(row.data))


def leaves_page(origin: str, *, before: int | None = None, limit: int = PAGE) -> list[PlacedLeaf]:
    """Up to `limit` leaves below index `before` (or the last ones), newest first."""
    rows = Leaf.objects.filter(log=log_of(origin)).order_by("-index")
    if before is not None:
        rows = rows.filter(index__lt=before)
    return [PlacedLeaf(origin, row.index, bytes(row.data)) for row in rows[: min(limit, PAGE)]]


def leaves_of(message_id: str, *, mine_only: bool = True) -> list[PlacedLeaf]:
    """Every leaf about a message, by log and index.

    Reads through all leaves (a third of a second for a million): a page takes the index from the message's row.
    """
    place = f"substr(leaf.data, {MESSAGE_ID_AT}, 17)"
    query = (
        'SELECT log.origin, leaf."index", leaf.data FROM ledger_leaf leaf '  # noqa: S608 - fixed names
        f"JOIN ledger_log log ON log.id = leaf.log_id WHERE {place} = %s "
        f'{"AND log.mine " if mine_only else ""}ORDER BY log.origin, leaf."index"'
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [b"\x50" + message_id_bytes(message_id)])
        rows = cursor.fetchall()
    return [PlacedLeaf(origin, index, bytes(data)) for origin, index, data in rows]


def cosigned_size(log: Log) -> int:
    """Size of the greatest head of a log that its peer has cosigned, 0 for none."""
    found = Cosignature.objects.filter(log=log).order_by("-size").first()
    return found.size if found else 0


def level_of(log: Log, index: int) -> str:
    """`cosigned` where the peer has cosigned a head above this leaf, else `local` (P5.3)."""
    return "cosigned" if index < cosigned_size(log) else "local"


def cosigned_note(log: Log, size: int) -> bytes:
    """The checkpoint of that size with the cosignatures it has gathered."""
    row = Checkpoint.objects.get(log=log, size=size)
    lines = Cosignature.objects.filter(log=log, size=size).order_by("witness").values_list("line", flat=True)
    return Note.parse(bytes(row.note)).with_signatures(Signature.parse(line.rstrip("\n")) for line in lines).to_bytes()


def latest_note(log: Log) -> bytes:
    """The log's last checkpoint with the cosignatures it has gathered."""
    return cosigned_note(log, log.size) if log.size else b""


def prove(origin: str, index: int) -> TlogProof:
    """The proof file of a leaf: under the greatest cosigned head above it, else under the last head."""
    log, leaf = log_of(origin), leaf_at(origin, index)
    size = cosigned_size(log)
    if index >= size:
        size = log.size
    path = tiles.prove_inclusion(log.pk, index, size)
    return TlogProof(index, tuple(path), cosigned_note(log, size), leaf.data)


def prove_message(message_id: str, *, kinds: Iterable[str] = (), origin: str | None = None) -> list[TlogProof]:
    """Proof files of the leaves about a message, in order, of all kinds or some. Raises MessageNotLoggedError."""
    wanted = set(kinds)
    found = [
        leaf
        for leaf in leaves_of(message_id)
        if (not wanted or leaf.read().kind in wanted) and origin in (None, leaf.origin)
    ]
    if not found:
        raise MessageNotLoggedError(message_id=message_id)
    return [prove(leaf.origin, leaf.index) for leaf in found]


def open_incidents(limit: int = PAGE) -> list[Incident]:
    """Incidents nobody has settled, newest first."""
    return list(Incident.objects.filter(settled_at=None)[:limit])
