"""Proofs of entries in the logs of others, as this node has mirrored and cosigned them."""

from contraparte.ledger import queries, tiles, witness
from contraparte.protocol.errors import LogUnknownError
from contraparte.protocol.notes import Note, Signature
from contraparte.protocol.tlog_proof import TlogProof


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
