"""Accepting messages through the real inbox over HTTP: one web process, SQLite, batches, durable before the answer.

The floor is the bare primitives for messages of the same size (two signature checks, one opening, one decode) without
HTTP, database, log or receipts; see `primitives`.
"""

import math
from collections.abc import Iterator

from bench.messages import parties, sample
from bench.pair import two_nodes
from bench.primitives import bare_receive
from bench.rows import Row, Size, rate
from contraparte.protocol.message import issue

BATCH = 256
COUNT = {Size.QUICK: 5_120, Size.FULL: 51_200}


def measure(size: Size) -> Iterator[Row]:
    """Messages accepted per second, with what was counted in the database afterwards."""
    count = COUNT[size]
    known = parties()
    floor = rate(bare_receive(known, issue(sample(known, 1), known.message_key)), seconds=1.0)
    with two_nodes() as (sender, receiver):
        sender.ask("open", f"{receiver.agency}/desk", BATCH)
        sender.ask("release", count, BATCH)
        packed = sender.ask("pack", BATCH)
        receiver.serve()
        spent = sender.ask("post", receiver.url, packed)
        again = sender.ask("post", receiver.url, packed)
        held = receiver.ask("counts")
        assert held["in.accepted"] == count, held
        yield Row(
            f"accept {count:,} messages over HTTP, batches of {BATCH}",
            count / spent,
            "messages/s",
            floor,
            "two Ed25519 checks, one HPKE open, one JSON decode",
            goal="at least 0.5 of the floor",
            note=f"{math.ceil(count / BATCH)} requests, each one commit and one flush; {held['leaves']:,} leaves.",
        )
        yield Row(f"answer {count:,} repeats with their stored receipts", count / again, "messages/s")
