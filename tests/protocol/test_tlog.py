"""Proofs of a transparency log: public vectors, every small tree, every small change, and what is no proof at all."""

import hashlib
import json
from base64 import b64decode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contraparte.protocol.errors import ProofError
from contraparte.protocol.tlog import (
    EMPTY_ROOT,
    CompactRange,
    consistency_path,
    inclusion_path,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

VECTORS = json.loads((Path(__file__).parent / "vectors" / "transparency_dev_merkle.json").read_text())
LARGEST = 40
LEAVES = [leaf_hash(bytes([n])) for n in range(LARGEST)]
ROOTS = [root_of(LEAVES[:n]) for n in range(LARGEST + 1)]


def is_proof(verify, *args) -> bool:
    try:
        verify(*args)
    except ProofError:
        return False
    return True


def reference_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + reference_root(leaves[:k]) + reference_root(leaves[k:])).digest()


@pytest.mark.parametrize("case", VECTORS["inclusion"], ids=lambda case: case["desc"])
def test_public_vector_of_an_inclusion_proof(case):
    args = (
        b64decode(case["leafHash"]),
        case["leafIdx"],
        case["treeSize"],
        [b64decode(step) for step in case["proof"]],
        b64decode(case["root"]),
    )
    assert is_proof(verify_inclusion, *args) is not case["wantErr"]


@pytest.mark.parametrize("case", VECTORS["consistency"], ids=lambda case: case["desc"])
def test_public_vector_of_a_consistency_proof(case):
    args = (
        case["size1"],
        case["size2"],
        b64decode(case["root1"]),
        b64decode(case["root2"]),
        [b64decode(step) for step in case["proof"]],
    )
    assert is_proof(verify_consistency, *args) is not case["wantErr"]


def test_public_leaves_give_the_public_roots():
    leaves = [leaf_hash(b64decode(leaf)) for leaf in VECTORS["leaves"]]
    for size, root in enumerate(VECTORS["roots"], 1):
        assert root_of(leaves[:size]) == b64decode(root)


@pytest.mark.parametrize("size", range(LARGEST + 1))
def test_every_way_to_the_root_of_a_small_tree_is_the_same(size):
    one_by_one, at_once = CompactRange(), CompactRange()
    for leaf in LEAVES[:size]:
        one_by_one.append(leaf)
    at_once.extend(LEAVES[:size])
    assert ROOTS[size] == reference_root(LEAVES[:size]) == one_by_one.root() == at_once.root()
    assert one_by_one.to_bytes() == at_once.to_bytes()


@pytest.mark.parametrize("size", range(1, LARGEST + 1))
def test_every_leaf_of_a_small_tree_is_proven_at_its_place_only(size):
    for index in range(size):
        proof = inclusion_path(LEAVES[:size], index)
        verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])
        for other in range(size + 3):
            if other != index:
                assert not is_proof(verify_inclusion, LEAVES[index], other, size, proof, ROOTS[size])
        for other in range(LARGEST + 2):
            # The path does not always tell two sizes apart, but then the root does.
            if other != size and other <= LARGEST:
                assert not is_proof(verify_inclusion, LEAVES[index], index, other, proof, ROOTS[other])


@pytest.mark.parametrize("size", range(1, LARGEST + 1))
def test_every_beginning_of_a_small_tree_is_proven_as_itself_only(size):
    for old in range(1, size + 1):
        proof = consistency_path(LEAVES[:size], old)
        verify_consistency(old, size, ROOTS[old], ROOTS[size], proof)
        for other in range(1, size + 1):
            if other != old:
                assert not is_proof(verify_consistency, other, size, ROOTS[old], ROOTS[size], proof)
                assert not is_proof(verify_consistency, old, size, ROOTS[other], ROOTS[size], proof)
        for other in range(old, LARGEST + 1):
            if other != size:
                assert not is_proof(verify_consistency, old, size, ROOTS[old], ROOTS[other], proof)
                assert not is_proof(verify_consistency, old, other, ROOTS[old], ROOTS[other], proof)


def flipped(data: bytes, bit: int) -> bytes:
    return data[: bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1 :]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 21, 40])
def test_no_flipped_bit_survives(size):
    for index in {0, size // 2, size - 1}:
        proof = inclusion_path(LEAVES[:size], index)
        for bit in range(256):
            assert not is_proof(verify_inclusion, flipped(LEAVES[index], bit), index, size, proof, ROOTS[size])
            assert not is_proof(verify_inclusion, LEAVES[index], index, size, proof, flipped(ROOTS[size], bit))
            for n, step in enumerate(proof):
                wrong = [*proof[:n], flipped(step, bit), *proof[n + 1 :]]
                assert not is_proof(verify_inclusion, LEAVES[index], index, size, wrong, ROOTS[size])
    for old in {1, size // 2 or 1, size}:
        proof = consistency_path(LEAVES[:size], old)
        for bit in range(256):
            assert not is_proof(verify_consistency, old, size, flipped(ROOTS[old], bit), ROOTS[size], proof)
            assert not is_proof(verify_consistency, old, size, ROOTS[old], flipped(ROOTS[size], bit), proof)
            for n, step in enumerate(proof):
                wrong = [*proof[:n], flipped(step, bit), *proof[n + 1 :]]
                assert not is_proof(verify_consistency, old, size, ROOTS[old], ROOTS[size], wrong)


@pytest.mark.parametrize("size", range(1, LARGEST + 1))
def test_no_missing_added_or_exchanged_hash_survives(size):
    for index in range(size):
        proof = inclusion_path(LEAVES[:size], index)
        for wrong in _bent(proof):
            assert not is_proof(verify_inclusion, LEAVES[index], index, size, wrong, ROOTS[size])
    for old in range(1, size + 1):
        proof = consistency_path(LEAVES[:size], old)
        for wrong in _bent(proof):
            assert not is_proof(verify_consistency, old, size, ROOTS[old], ROOTS[size], wrong)


def _bent(proof: list[bytes]) -> list[list[bytes]]:
    bent = [proof[:n] + proof[n + 1 :] for n in range(len(proof))]
    bent += [[*proof[:n], extra, *proof[n:]] for n in range(len(proof) + 1) for extra in (LEAVES[0], EMPTY_ROOT)]
    bent += [[*proof[:n], proof[n + 1], proof[n], *proof[n + 2 :]] for n in range(len(proof) - 1)]
    return [one for one in bent if one != proof]


GOOD_INCLUSION = (LEAVES[2], 2, 5, inclusion_path(LEAVES[:5], 2), ROOTS[5])
GOOD_CONSISTENCY = (3, 5, ROOTS[3], ROOTS[5], consistency_path(LEAVES[:5], 3))


@pytest.mark.parametrize(
    "wrong", [None, True, -1, 1.0, "2", b"2", 1 << 63, bytearray(32), bytes(31), bytes(33), [None]]
)
@pytest.mark.parametrize("place", range(5))
def test_arguments_of_another_type_or_length_are_refused(place, wrong):
    for verify, good in ((verify_inclusion, GOOD_INCLUSION), (verify_consistency, GOOD_CONSISTENCY)):
        assert is_proof(verify, *good)
        with pytest.raises(ProofError):
            verify(*good[:place], wrong, *good[place + 1 :])


@pytest.mark.parametrize("step", [None, "x", bytes(31), bytes(33), bytearray(32), 7])
def test_a_step_that_is_no_hash_is_refused(step):
    with pytest.raises(ProofError):
        verify_inclusion(*GOOD_INCLUSION[:3], [*GOOD_INCLUSION[3][:-1], step], GOOD_INCLUSION[4])


def test_an_endless_proof_is_refused_at_once():
    with pytest.raises(ProofError):
        verify_inclusion(LEAVES[0], 0, 1 << 62, [bytes(32)] * 10_000, ROOTS[1])


def test_nothing_is_consistent_with_the_empty_tree_but_by_its_reader():
    with pytest.raises(ProofError):
        verify_consistency(0, 5, EMPTY_ROOT, ROOTS[5], [])


@given(st.integers(), st.integers(), st.lists(st.binary(max_size=40), max_size=8), st.binary(max_size=40))
def test_only_a_proof_error_comes_out(index, size, proof, root):
    with pytest.raises(ProofError):
        verify_inclusion(LEAVES[0], index, size, proof, root)
    if index != size:
        with pytest.raises(ProofError):
            verify_consistency(index, size, LEAVES[0], root, proof)


@given(st.lists(st.integers(1, 700), max_size=8))
def test_a_compact_range_does_not_depend_on_how_it_was_fed(portions):
    leaves = [leaf_hash(n.to_bytes(4, "big")) for n in range(sum(portions))]
    fed, at = CompactRange(), 0
    for portion in portions:
        fed.extend(leaves[at : at + portion])
        at += portion
    assert fed.root() == root_of(leaves)
    assert CompactRange.from_bytes(fed.to_bytes()).root() == fed.root()


@given(st.binary(max_size=200))
def test_a_compact_range_reads_its_own_bytes_only(data):
    try:
        edge = CompactRange.from_bytes(data)
    except ProofError:
        return
    assert edge.to_bytes() == data


def test_leaf_and_node_hashes_cannot_be_taken_for_each_other():
    assert leaf_hash(LEAVES[0] + LEAVES[1]) != node_hash(LEAVES[0], LEAVES[1])
