"""Inclusion and consistency proofs of a large log, cold: nothing cached by us, each from the database.

The peer is pymerkle 7, the usual Merkle library of Python, on a tree of the same leaves in its own SQLite store.
"""

import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.nodes import CENTRE, NOW, SONORA, entries, open_empty_node
from bench.rows import Row, Size, percentile

LEAVES = {Size.QUICK: 100_000, Size.FULL: 1_000_000}
PROOFS = {Size.QUICK: 300, Size.FULL: 2_000}
PEER_PROOFS = 5


def measure(size: Size) -> Iterator[Row]:
    """p99 of inclusion and of consistency proofs, in milliseconds."""
    open_empty_node()
    from django.db import connection, transaction

    from contraparte.ledger import actions, tiles
    from contraparte.ledger.models import Leaf, Log

    count, proofs = LEAVES[size], PROOFS[size]
    made = [entries(256) for _ in range(20)]
    for number in range(count // 256):
        with transaction.atomic():
            actions.append(made[number % len(made)], now=NOW)
    log = Log.objects.get(agency=SONORA, peer=CENTRE, mine=True)
    tiles.sync_tiles(log.pk)
    log.refresh_from_db()
    total = Leaf.objects.filter(log=log).count()
    draw = random.Random(6962)
    connection.close()

    inclusion = [_ms(lambda: tiles.prove_inclusion(log.pk, draw.randrange(total), total)) for _ in range(proofs)]
    consistency = [_ms(lambda: tiles.prove_consistency(log.pk, draw.randrange(1, total), total)) for _ in range(proofs)]
    peer = peer_inclusion([bytes(d) for d in Leaf.objects.filter(log=log).values_list("data", flat=True)], draw)
    yield Row(
        f"inclusion proof at {total:,} leaves, p99",
        percentile(inclusion, 0.99),
        "ms",
        peer,
        "pymerkle 7, cold, median",
        goal="p99 under 2 ms cold",
        more_is_better=False,
    )
    yield Row(
        f"consistency proof at {total:,} leaves, p99",
        percentile(consistency, 0.99),
        "ms",
        peer,
        "pymerkle 7 inclusion, cold, median",
        goal="p99 under 2 ms cold",
        more_is_better=False,
    )


def _ms(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def peer_inclusion(leaves: list[bytes], draw: random.Random) -> float:
    """Median milliseconds of the peer's inclusion proof, its tree opened anew for each (cold)."""
    from pymerkle import SqliteTree

    file = Path(os.environ["CONTRAPARTE_HOME"]) / "pymerkle.db"
    with SqliteTree(str(file), algorithm="sha256") as tree:
        tree.append_entries(leaves)
    spent = []
    for _ in range(PEER_PROOFS):
        with SqliteTree(str(file), algorithm="sha256") as tree:
            place = draw.randrange(1, len(leaves))
            spent.append(_ms(lambda tree=tree, place=place: tree.prove_inclusion(place, len(leaves))))
    return percentile(spent, 0.5)
