"""What the log explorer shows: heads of both sides, the last cross-check, entries, and a proof step by step.

Nothing here shows content: a log entry has none. A tenure sees the logs between its own agency and others, its own
and the mirrored ones.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from contraparte.desk.words import ENTRIES
from contraparte.directory.models import Agency, Tenure
from contraparte.exchange.models import Message
from contraparte.ledger import heads
from contraparte.ledger import queries as ledger
from contraparte.ledger.models import Cosignature, Incident, Log
from contraparte.ledger.queries import PlacedLeaf
from contraparte.ledger.rules.leaves import Leaf
from contraparte.protocol.errors import NoteUnverifiedError, ProofError
from contraparte.protocol.notes import Checkpoint as Head
from contraparte.protocol.notes import Note, Signature, SignatureType, VerifierKey
from contraparte.protocol.tlog import leaf_hash, node_hash, verify_inclusion
from contraparte.protocol.tlog_proof import TlogProof


@dataclass(frozen=True, slots=True)
class HeadShown:
    """The head of one log: its last entry's time, up to where its peer has cosigned, and when it last did."""

    log: Log
    at: datetime | None
    cosigned_size: int
    cosigned_at: datetime | None

    @property
    def uncosigned(self) -> int:
        """Entries above the last cosigned head."""
        return max(0, self.log.size - self.cosigned_size)


@dataclass(frozen=True, slots=True)
class Pair:
    """Both logs between this agency and one other."""

    peer: str
    peer_agency: Agency | None
    mine: HeadShown | None
    theirs: HeadShown | None
    incidents: list[Incident]
    is_here: bool  # the other agency lives on this node too: nothing is mirrored


@dataclass(frozen=True, slots=True)
class Row:
    """One entry in a list."""

    index: int
    kind: str
    direction: str
    message_id: str
    at: datetime
    is_cosigned: bool


@dataclass(frozen=True, slots=True)
class StepShown:
    """One step of an inclusion proof: hash the sibling on its side."""

    number: int
    side: str
    sibling: str
    result: str


@dataclass(frozen=True, slots=True)
class Signer:
    """One signature line under a head: whose, whether it is a cosignature, whether it holds, when it was given."""

    name: str
    is_cosignature: bool
    is_valid: bool
    at: datetime | None


@dataclass(frozen=True, slots=True)
class ProofShown:
    """A proof as it is shown and handed to the browser to verify for itself."""

    log: Log
    leaf: PlacedLeaf
    said: Leaf
    kind: str
    message: Message | None
    size: int
    root: str
    steps: list[StepShown]
    is_valid: bool
    level: str
    note: str
    signers: list[Signer]
    payload: dict[str, Any]


def logs_of(tenure: Tenure) -> QuerySet[Log]:
    """Logs of the tenure's agency and the mirrors of what its peers keep about it."""
    agency = tenure.post.agency_id
    return Log.objects.filter(Q(agency=agency, mine=True) | Q(peer=agency, mine=False))


def pairs_of(tenure: Tenure) -> list[Pair]:
    """Every relation of this agency, by peer, the logs of the latest year."""
    agency = tenure.post.agency_id
    latest: dict[tuple[str, bool], Log] = {}
    for log in logs_of(tenure).order_by("year", "origin"):
        latest[log.peer if log.mine else log.agency, log.mine] = log
    peers = sorted({peer for peer, _ in latest})
    known = {row.pk: row for row in Agency.objects.filter(pk__in=peers)}
    incidents = list(Incident.objects.filter(settled_at=None)[:100])
    return [
        Pair(
            peer=peer,
            peer_agency=known.get(peer),
            mine=_head(latest.get((peer, True))),
            theirs=_head(latest.get((peer, False))),
            incidents=[one for one in incidents if {agency, peer} & {one.agency} and peer in one.origin],
            is_here=peer in known and known[peer].operator == tenure.post.agency.operator,
        )
        for peer in peers
    ]


def _head(log: Log | None) -> HeadShown | None:
    if log is None:
        return None
    last = ledger.leaf_at(log.origin, log.size - 1).read() if log.size else None
    cosigned = Cosignature.objects.filter(log=log).order_by("-size").first()
    # A mirror is verified entry by entry before it is stored, so the whole of it is cross-checked.
    size = cosigned.size if cosigned else (0 if log.mine else log.size)
    return HeadShown(log, last.at if last else None, size, cosigned.at if cosigned else None)


def rows_of(log: Log, *, before: int | None) -> list[Row]:
    """Up to a hundred entries below `before`, newest first."""
    cosigned = ledger.cosigned_size(log)
    rows = []
    for leaf in ledger.leaves_page(log.origin, before=before):
        said = leaf.read()
        rows.append(
            Row(
                index=leaf.index,
                kind=kind_words(said),
                direction=str(said.direction),
                message_id=_uuid(said.message_id),
                at=said.at,
                is_cosigned=leaf.index < cosigned,
            )
        )
    return rows


def kind_words(said: Leaf) -> str:
    """What an entry records; a kind of a later version shows its number."""
    return str(ENTRIES.get(said.kind, said.kind)) if said.kind else f"#{said.kind_number}"


def proof_of(log: Log, index: int) -> ProofShown:
    """The proof of one entry, computed and verified here. Raises LogUnknownError for an index the log lacks."""
    leaf = ledger.leaf_at(log.origin, index)
    proof = ledger.prove(log.origin, index)
    note = Note.parse(proof.checkpoint)
    head = Head.parse(note.text)
    keys = _keys(log)
    said = leaf.read()
    message = _message(log, index)
    return ProofShown(
        log=log,
        leaf=leaf,
        said=said,
        kind=kind_words(said),
        message=message,
        size=head.size,
        root=head.root.hex(),
        steps=_steps(leaf.hash, index, head.size, proof.path),
        is_valid=_is_valid(leaf, index, head, proof.path),
        level=ledger.level_of(log, index),
        note=proof.checkpoint.decode(),
        signers=_signers(note, keys),
        payload=_payload(proof, head, note, keys),
    )


def _message(log: Log, index: int) -> Message | None:
    return Message.objects.filter(log_origin=log.origin, log_index=index).first() if log.mine else None


def _is_valid(leaf: PlacedLeaf, index: int, head: Head, path: tuple[bytes, ...]) -> bool:
    try:
        verify_inclusion(leaf_hash(leaf.data), index, head.size, list(path), head.root)
    except ProofError:
        return False
    return True


def _steps(start: bytes, index: int, size: int, path: tuple[bytes, ...]) -> list[StepShown]:
    """The way from leaf to root: on which side each sibling stands, and the hash after it (RFC 9162, 2.1.3.2)."""
    found, node, last, current = [], index, size - 1, start
    for number, sibling in enumerate(path, 1):
        left = bool(node & 1) or node == last
        if left:
            current = node_hash(sibling, current)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            current = node_hash(current, sibling)
        node, last = node >> 1, last >> 1
        found.append(StepShown(number, "left" if left else "right", sibling.hex(), current.hex()))
    return found


def _keys(log: Log) -> list[VerifierKey]:
    """Keys that may have signed or cosigned heads of this log, from the trusted directory."""
    return [*heads.log_keys(log.origin), *heads.witness_keys(log.peer)]


def _signers(note: Note, keys: list[VerifierKey]) -> list[Signer]:
    """Every signature line, and whether a trusted key made it; a cosignature comes with its time."""
    found = []
    for line in note.signatures:
        key = next((one for one in keys if one.made(line)), None)
        found.append(
            Signer(line.name, key is not None and key.type is SignatureType.COSIGNATURE, *_checked(note, key, line))
        )
    return found


def _checked(note: Note, key: VerifierKey | None, line: Signature) -> tuple[bool, datetime | None]:
    if key is None:
        return False, None
    try:
        at = key.verify(note.text, line)
    except NoteUnverifiedError:
        return False, None
    return True, datetime.fromtimestamp(at, UTC) if at is not None else None


def _payload(proof: TlogProof, head: Head, note: Note, keys: list[VerifierKey]) -> dict[str, Any]:
    """What the browser needs to verify everything by itself; hex throughout."""
    return {
        "leaf": (proof.extra or b"").hex(),
        "index": proof.index,
        "size": head.size,
        "path": [step.hex() for step in proof.path],
        "root": head.root.hex(),
        "text": note.text,
        "signatures": [{"name": one.name, "key": one.key_id.hex(), "data": one.data.hex()} for one in note.signatures],
        "keys": [
            {"name": one.name, "key": one.key_id.hex(), "type": int(one.type), "raw": one.raw.hex()} for one in keys
        ],
    }


def _uuid(raw: bytes | None) -> str:
    return str(UUID(bytes=raw)) if raw else ""
