"""Proofs of entries in the logs of others, as this node has mirrored and cosigned them."""

from contraparte.ledger import queries, tiles, witness
from contraparte.protocol.errors import LogUnknownError
from contraparte.protocol.notes import Note, Signature
from contraparte.protocol.tlog_proof import TlogProof


def is_cosigned(origin: str, index: int) -> bool:
    """Whether the log's counterpart has cosigned a head above this entry: the peer for ours, this node for a mirror."""
    try:
        log = queries.log_of(origin)
    except LogUnknownError:
        return False
    if log.mine:
        return index < queries.cosigned_size(log)
    last = witness.last_cosigned(origin)
    return last is not None and index < last.size <= log.size


def cosigned_head(origin: str) -> bytes:
    """The greatest cosigned head of a log written here, else the last one."""
    log = queries.log_of(origin)
    size = queries.cosigned_size(log)
    return queries.cosigned_note(log, size) if size else queries.latest_note(log)


def prove_anyhow(origin: str, index: int) -> TlogProof | None:
    """The proof of an entry in a log written or mirrored here; None where this node holds it not, or not yet.

    An entry of a mirrored log is proven under the head this node's own witness cosigned last, where that reaches it.
    """
    try:
        log = queries.log_of(origin)
    except LogUnknownError:
        return None
    if index >= log.size:
        return None
    last = None if log.mine else witness.last_cosigned(origin)
    if last is None or not index < last.size <= log.size:
        return queries.prove(origin, index)
    leaf = queries.leaf_at(origin, index)
    note = Note.parse(last.note).with_signatures([Signature.parse(last.line.removesuffix("\n"))])
    return TlogProof(index, tuple(tiles.prove_inclusion(log.pk, index, last.size)), note.to_bytes(), leaf.data)
