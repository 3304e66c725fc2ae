"""Appending with a signed checkpoint, beside raw inserts of the same bytes; auditing, beside hashing.

One writer, SQLite with synchronous=FULL on the disk of the temporary folder, one commit a batch. The floor inserts the
same leaf bytes with sqlite3 directly: no hashing, no head, no signature, no guard.
"""

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from bench.nodes import CENTRE, NOW, SONORA, entries, open_empty_node
from bench.rows import Row, Size, seconds_of

BATCHES = (1, 64, 256)


def measure(size: Size) -> Iterator[Row]:
    """Leaves per second by batch; then the audit of all of them."""
    open_empty_node()
    from django.db import transaction

    from contraparte.ledger import actions
    from contraparte.ledger.models import Leaf

    total = {Size.QUICK: {1: 300, 64: 6_400, 256: 51_200}, Size.FULL: {1: 2_000, 64: 64_000, 256: 1_000_000}}[size]
    for batch in BATCHES:
        count = total[batch]
        made = [entries(batch) for _ in range(min(20, count // batch))]

        def append(batches: int = count // batch, made: list = made) -> None:  # type: ignore[type-arg]
            for number in range(batches):
                with transaction.atomic():
                    actions.append(made[number % len(made)], now=NOW)

        ours = count / seconds_of(append)
        leaves = [bytes(data) for data in Leaf.objects.order_by("-index").values_list("data", flat=True)[:batch]]
        yield Row(
            f"append leaves with a signed checkpoint, {batch} a batch",
            ours,
            "leaves/s",
            raw_inserts(leaves, count // batch),
            "raw SQLite insert of the same bytes",
            goal="at least 0.7" if batch > 1 else "",
        )
    yield from _audit(Leaf.objects.count())


def raw_inserts(leaves: list[bytes], batches: int) -> float:
    """Rows per second of the same bytes in the same batches, with the same durability."""
    file = Path(os.environ["CONTRAPARTE_HOME"]) / f"floor-{len(leaves)}.sqlite3"
    database = sqlite3.connect(file, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE leaf (log INTEGER, place INTEGER, data BLOB, PRIMARY KEY (log, place))")

    def insert() -> None:
        for number in range(batches):
            database.execute("BEGIN IMMEDIATE")
            start = number * len(leaves)
            database.executemany(
                "INSERT INTO leaf VALUES (1, ?, ?)", [(start + place, leaf) for place, leaf in enumerate(leaves)]
            )
            database.execute("COMMIT")

    spent = seconds_of(insert)
    database.close()
    return len(leaves) * batches / spent


def _audit(count: int) -> Iterator[Row]:
    from contraparte.ledger.fsck import check_ledger
    from contraparte.ledger.models import Leaf

    leaves = [bytes(data) for data in Leaf.objects.values_list("data", flat=True)[:100_000]]

    def bare() -> None:
        # A tree over n leaves hashes n leaves and n - 1 pairs.
        for leaf in leaves:
            hashlib.sha256(b"\0" + leaf).digest()
            hashlib.sha256(b"\1" + leaf[:64]).digest()

    floor = len(leaves) / seconds_of(bare)
    spent = seconds_of(check_ledger)
    yield Row(
        f"audit of {count:,} leaves ({SONORA} with {CENTRE})",
        count / spent,
        "leaves/s",
        floor,
        "bare SHA-256 of leaves and pairs",
        goal="at least 0.25 (under 4 times the hashing)",
    )
