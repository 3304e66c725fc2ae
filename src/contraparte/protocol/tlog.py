"""The arithmetic of a transparency log: RFC 6962 hashing, proofs and their verification, over bytes alone.

Two halves that share only the two hash functions below:

    verifying   verify_inclusion, verify_consistency      RFC 9162 sections 2.1.3.2 and 2.1.4.2, iterative
    building    root_of, inclusion_path, consistency_path RFC 6962 section 2.1, recursive, for small trees in memory
                CompactRange                              the right edge of a growing tree (P5.1)

A log with millions of leaves builds its proofs from tiles (`ledger/tiles.py`); they are verified here.
"""

import hashlib
from collections.abc import Sequence
from typing import Self

from contraparte.protocol.errors import ProofError

HASH_BYTES = 32
# A tree of more than 2**62 leaves does not exist; the bound keeps every integer of a proof in a signed 64-bit word.
MAX_TREE_SIZE = 1 << 62
EMPTY_ROOT = hashlib.sha256(b"").digest()

_sha256 = hashlib.sha256


def leaf_hash(data: bytes) -> bytes:
    """Hash of a leaf's data: SHA-256(0x00 ‖ data), 32 bytes."""
    return _sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node: SHA-256(0x01 ‖ left ‖ right), 32 bytes."""
    return _sha256(b"\x01" + left + right).digest()


# --- verifying ---


def _require_size(name: str, value: object) -> int:
    # bool is an int to Python and a mistake to everybody else.
    if type(value) is not int:
        raise ProofError(reason="not_an_integer", field=name)
    if not 0 <= value <= MAX_TREE_SIZE:
        raise ProofError(reason="out_of_range", field=name)
    return value


def _require_hash(name: str, value: object) -> bytes:
    if type(value) is not bytes:
        raise ProofError(reason="not_bytes", field=name)
    if len(value) != HASH_BYTES:
        raise ProofError(reason="hash_length", field=name)
    return value


def _require_proof(proof: object) -> list[bytes]:
    if not isinstance(proof, list | tuple):
        raise ProofError(reason="not_a_list", field="proof")
    if len(proof) > 2 * MAX_TREE_SIZE.bit_length():
        raise ProofError(reason="proof_length", field="proof")
    return [_require_hash("proof", step) for step in proof]


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Prove that the leaf with `leaf_hash` is number `index` (from 0) of the tree of `size` leaves under `root`.

    RFC 9162 section 2.1.3.2. Raises ProofError for anything that does not prove exactly that, wrong types included.
    """
    current = _require_hash("leaf_hash", leaf_hash)
    at, last = _require_size("index", index), _require_size("size", size) - 1
    wanted = _require_hash("root", root)
    steps = _require_proof(proof)
    if at > last:
        raise ProofError(reason="index_beyond_size", field="index")
    for step in steps:
        if last == 0:
            raise ProofError(reason="proof_length", field="proof")
        if at & 1 or at == last:
            current = node_hash(step, current)
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            current = node_hash(current, step)
        at >>= 1
        last >>= 1
    if last:
        raise ProofError(reason="proof_length", field="proof")
    if current != wanted:
        raise ProofError(reason="root_differs", field="root")


def verify_consistency(old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Prove that the tree of `old_size` leaves under `old_root` is the beginning of the one under `new_root`.

    RFC 9162 section 2.1.4.2. Between equal sizes the proof is empty and the roots are equal. From the empty tree
    there is nothing to prove and so no proof is accepted, as in the public vectors: whoever has seen nothing yet says
    so (the witness does). Raises ProofError for anything that does not prove exactly that, wrong types included.
    """
    first, second = _require_size("old_size", old_size), _require_size("new_size", new_size)
    steps = _require_proof(proof)
    if first == 0:
        raise ProofError(reason="nothing_to_prove", field="old_size")
    if first > second:
        raise ProofError(reason="sizes_go_back", field="old_size")
    if first == second:
        _verify_same(old_root, new_root, steps)
        return
    old, new = _require_hash("old_root", old_root), _require_hash("new_root", new_root)
    seen_old, seen_new = _roots_from_consistency(first, second, old, steps)
    if seen_old != old:
        raise ProofError(reason="root_differs", field="old_root")
    if seen_new != new:
        raise ProofError(reason="root_differs", field="new_root")


def _verify_same(old_root: object, new_root: object, steps: list[bytes]) -> None:
    """A tree continues itself. Only equality is looked at, not the length: nothing is hashed (public vectors)."""
    if type(old_root) is not bytes or type(new_root) is not bytes:
        raise ProofError(reason="not_bytes", field="old_root")
    if steps:
        raise ProofError(reason="proof_length", field="proof")
    if old_root != new_root:
        raise ProofError(reason="root_differs", field="new_root")


def _roots_from_consistency(first: int, second: int, old: bytes, steps: list[bytes]) -> tuple[bytes, bytes]:
    """Both roots as the proof has them, for 0 < first < second."""
    if not steps:
        raise ProofError(reason="proof_length", field="proof")
    # Where the old tree is one whole subtree of the new, the proof leaves its root out: the verifier has it.
    if first & (first - 1) == 0:
        steps = [old, *steps]
    at, last = first - 1, second - 1
    while at & 1:
        at >>= 1
        last >>= 1
    seen_old = seen_new = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise ProofError(reason="proof_length", field="proof")
        if at & 1 or at == last:
            seen_old, seen_new = node_hash(step, seen_old), node_hash(step, seen_new)
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            seen_new = node_hash(seen_new, step)
        at >>= 1
        last >>= 1
    if last:
        raise ProofError(reason="proof_length", field="proof")
    return seen_old, seen_new


# --- building, for trees that fit in memory ---


def _split(size: int) -> int:
    """The largest power of two below `size` (size ≥ 2): where RFC 6962 cuts a tree in two."""
    return 1 << (size - 1).bit_length() - 1


def pair_up(level: Sequence[bytes]) -> list[bytes]:
    """The nodes above a row of nodes, two and two; an odd last one has none above it."""
    # Not by node_hash: half of all hashing is done here, and a call would cost as much as the hash.
    return [_sha256(b"\x01" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]


def root_of(leaf_hashes: Sequence[bytes]) -> bytes:
    """Merkle root over leaf hashes in order; of none, SHA-256 of nothing."""
    if not leaf_hashes:
        return EMPTY_ROOT
    level = list(leaf_hashes)
    # An odd last node rises unchanged, which gives the same tree as RFC 6962's cut at a power of two.
    while len(level) > 1:
        alone = level[-1:] if len(level) & 1 else []
        level = [*pair_up(level), *alone]
    return level[0]


def inclusion_path(leaf_hashes: Sequence[bytes], index: int) -> list[bytes]:
    """Hashes that prove leaf `index` under `root_of(leaf_hashes)`, from the leaf upwards. Raises ProofError."""
    if not 0 <= index < len(leaf_hashes):
        raise ProofError(reason="index_beyond_size", field="index")
    path: list[bytes] = []
    level = list(leaf_hashes)
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            path.append(level[beside])
        paired = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) & 1:
            paired.append(level[-1])
        level, index = paired, index >> 1
    return path


def consistency_path(leaf_hashes: Sequence[bytes], old_size: int) -> list[bytes]:
    """Hashes that prove that the first `old_size` leaves begin this tree (RFC 6962, 2.1.2). Raises ProofError."""
    if not 0 <= old_size <= len(leaf_hashes):
        raise ProofError(reason="sizes_go_back", field="old_size")
    if old_size in (0, len(leaf_hashes)):
        return []

    def subproof(first: int, hashes: Sequence[bytes], *, known: bool) -> list[bytes]:
        if first == len(hashes):
            return [] if known else [root_of(hashes)]
        cut = _split(len(hashes))
        if first <= cut:
            return [*subproof(first, hashes[:cut], known=known), root_of(hashes[cut:])]
        return [*subproof(first - cut, hashes[cut:], known=False), root_of(hashes[:cut])]

    return subproof(old_size, leaf_hashes, known=True)


class CompactRange:
    """The right edge of a tree: the roots of its whole subtrees, largest first. Grows leaf by leaf in O(log n) space.

    Bytes: size as 8 bytes big-endian, then 32 bytes for each bit set in the size, the highest bit first.
    """

    __slots__ = ("_nodes", "size")

    def __init__(self) -> None:
        self.size = 0
        self._nodes: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        nodes, size = self._nodes, self.size
        while size & 1:
            leaf = _sha256(b"\x01" + nodes.pop() + leaf).digest()
            size >>= 1
        nodes.append(leaf)
        self.size += 1

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Add leaf hashes in order; whole subtrees of up to 256 at once, which halves the cost of an audit."""
        at, count = 0, len(leaves)
        while at < count:
            aligned = (self.size & -self.size).bit_length() - 1 if self.size else 8
            height = min(aligned, 8, (count - at).bit_length() - 1)
            nodes = leaves[at : at + (1 << height)]
            at += 1 << height
            while len(nodes) > 1:
                nodes = pair_up(nodes)
            self.add_subtree(nodes[0], height)

    def add_subtree(self, node: bytes, height: int) -> None:
        """Add the root of a whole subtree of 2**height leaves; the size is a multiple of that."""
        size = self.size >> height
        while size & 1:
            node = _sha256(b"\x01" + self._nodes.pop() + node).digest()
            size >>= 1
        self._nodes.append(node)
        self.size += 1 << height

    def root(self, *beyond: bytes) -> bytes:
        """Merkle root of everything added so far; of nothing, SHA-256 of nothing.

        `beyond` are roots of further whole subtrees, largest first, each smaller than those before: they are counted in
        without being added.
        """
        if not self._nodes and not beyond:
            return EMPTY_ROOT
        nodes = iter(reversed((*self._nodes, *beyond)))
        current = next(nodes)
        for node in nodes:
            current = node_hash(node, current)
        return current

    def copy(self) -> "CompactRange":
        """An equal range that grows on its own."""
        twin = CompactRange()
        twin.size, twin._nodes = self.size, list(self._nodes)
        return twin

    def to_bytes(self) -> bytes:
        """The range as bytes; `from_bytes` reads it back."""
        return self.size.to_bytes(8, "big") + b"".join(self._nodes)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote. Raises ProofError for any other length."""
        size = int.from_bytes(data[:8], "big")
        if len(data) < 8 or size > MAX_TREE_SIZE or len(data) != 8 + HASH_BYTES * size.bit_count():
            raise ProofError(reason="frontier_length", field="frontier")
        edge = cls()
        edge.size = size
        edge._nodes = [data[at : at + HASH_BYTES] for at in range(8, len(data), HASH_BYTES)]
        return edge
