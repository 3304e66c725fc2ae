"""Tiles and proofs: every proof of a log of some tiles verifies, derived tiles can be lost, few queries are made."""

import threading

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from contraparte.ledger import tiles
from contraparte.ledger.actions import insert_leaves
from contraparte.ledger.models import Leaf, Log, Tile
from contraparte.protocol.errors import ProofError
from contraparte.protocol.tlog import (
    CompactRange,
    consistency_path,
    inclusion_path,
    leaf_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

pytestmark = pytest.mark.django_db(transaction=True)


def make_log(size: int) -> tuple[int, list[bytes]]:
    log = Log.objects.create(
        origin=f"mx.a/us.b/{2000 + size % 1000}",
        agency="mx.a",
        peer="us.b",
        year=2000 + size % 1000,
        mine=True,
        size=size,
        frontier=CompactRange().to_bytes(),
        note=b"",
    )
    datas = [b"leaf %d" % n for n in range(size)]
    with transaction.atomic():
        insert_leaves([(log.pk, n, data) for n, data in enumerate(datas)])
    return log.pk, [leaf_hash(data) for data in datas]


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 513])
def test_proofs_are_those_of_the_tree_in_memory(size):
    log_id, hashes = make_log(size)
    for index in {0, 1, size // 2, 254, 255, 256, size - 1} & set(range(size)):
        assert tiles.prove_inclusion(log_id, index, size) == inclusion_path(hashes, index)
    for old in {1, 2, size // 3, 255, 256, 257, size} & set(range(1, size + 1)):
        assert tiles.prove_consistency(log_id, old, size) == consistency_path(hashes, old)


def test_every_earlier_size_of_a_log_of_three_levels_is_provable():
    size = 256 * 256 + 300
    log_id, hashes = make_log(size)
    root = CompactRange()
    root.extend(hashes)
    for index, at in ((0, 1), (0, size), (65535, 65536), (65536, size), (40_000, 65_000), (size - 1, size)):
        verify_inclusion(hashes[index], index, at, tiles.prove_inclusion(log_id, index, at), tiles.root_at(log_id, at))
    for old, new in ((1, size), (256, 65536), (65535, 65537), (65536, size), (12_345, 54_321)):
        edge = CompactRange()
        edge.extend(hashes[:old])
        verify_consistency(old, new, edge.root(), tiles.root_at(log_id, new), tiles.prove_consistency(log_id, old, new))
    assert tiles.root_at(log_id, size) == root.root()
    assert sorted(Tile.objects.values_list("level").distinct()) == [(0,), (1,), (2,)]


def test_tiles_can_be_thrown_away_and_derived_again():
    log_id, _ = make_log(1000)
    tiles.sync_tiles(log_id)
    before = list(Tile.objects.order_by("level", "index").values_list("level", "index", "data"))
    assert tiles.rebuild_tiles(log_id) == 4
    assert list(Tile.objects.order_by("level", "index").values_list("level", "index", "data")) == before


def test_tiles_grow_with_the_log_and_a_slower_process_does_not_narrow_them():
    log_id, hashes = make_log(256)
    tiles.sync_tiles(log_id)
    with transaction.atomic():
        insert_leaves([(log_id, n, b"leaf %d" % n) for n in range(256, 900)])
    Log.objects.update(size=900)
    tiles.sync_tiles(log_id)
    upper = Tile.objects.get(level=1)
    assert len(bytes(upper.data)) == 3 * 32
    tiles._upsert(log_id, [(1, 0, bytes(upper.data)[:32])])
    assert bytes(Tile.objects.get(level=1).data) == bytes(upper.data)
    assert bytes(upper.data)[:32] == root_of(hashes)


def test_several_processes_may_derive_at_once():
    log_id, _ = make_log(5000)
    failures = []

    def derive() -> None:
        try:
            tiles.sync_tiles(log_id)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test must see it
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=derive) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert Tile.objects.filter(level=0).count() == 19
    assert len(bytes(Tile.objects.get(level=1).data)) == 19 * 32


def test_a_proof_takes_at_most_two_queries():
    log_id, _ = make_log(3000)
    tiles.sync_tiles(log_id)
    for index in (0, 2999):
        with CaptureQueriesContext(connection) as asked:
            tiles.prove_inclusion(log_id, index, 3000)
        assert len(asked) <= 2


def test_a_served_tile_has_the_hashes_of_its_place():
    log_id, hashes = make_log(700)
    assert tiles.read_tile(log_id, 0, 1) == b"".join(hashes[256:512])
    assert tiles.read_tile(log_id, 0, 2, 17) == b"".join(hashes[512:529])
    assert tiles.read_tile(log_id, 0, 0, 3) == b"".join(hashes[:3])
    assert tiles.read_tile(log_id, 1, 0, 2) == root_of(hashes[:256]) + root_of(hashes[256:512])
    assert tiles.read_tile(log_id, 0, 2, 189) is None
    assert tiles.read_tile(log_id, 1, 0, 3) is None


def test_a_missing_leaf_stops_the_deriving():
    log_id, _ = make_log(600)
    Leaf.objects.filter(log_id=log_id, index=300).delete()
    with pytest.raises(ProofError):
        tiles.sync_tiles(log_id)


@pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (0, 0)])
def test_a_leaf_outside_the_size_is_not_proven(index, size):
    log_id, _ = make_log(5)
    with pytest.raises(ProofError):
        tiles.prove_inclusion(log_id, index, size)
