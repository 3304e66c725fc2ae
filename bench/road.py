"""The full road between two nodes: released by policy, sealed, logged, delivered, accepted, receipt back and stored.

Both nodes, each with web process and worker, and the releasing process share the machine. The floor is the bare
primitives of both ends on one core, times the cores. Counted from both databases at the end: nothing lost, nothing
twice.
"""

import os
import time
from collections.abc import Iterator

from bench.messages import parties, sample
from bench.pair import Node, two_nodes
from bench.primitives import bare_receive, bare_send
from bench.rows import Row, Size, percentile, rate
from contraparte.protocol.message import issue

COUNT = {Size.QUICK: 10_240, Size.FULL: 600_000}
SINGLE = {Size.QUICK: 60, Size.FULL: 1_000}
BATCH = 256
LONGEST_S = 1_800


def measure(size: Size) -> Iterator[Row]:
    """Messages per second over the whole road, then one message at a time."""
    known = parties()
    presentation = issue(sample(known, 1), known.message_key)
    receive, send = rate(bare_receive(known, presentation)), rate(bare_send(known, presentation))
    floor = (os.cpu_count() or 1) / (1 / receive + 1 / send)
    with two_nodes() as (sender, receiver):
        for node in (sender, receiver):
            node.serve()
            node.work()
        # Conversations are opened before: what is measured is the message, released by policy to receipt stored.
        sender.ask("open", f"{receiver.agency}/desk", BATCH)
        sender.ask("release", BATCH, BATCH)
        wait_until_settled(sender)

        memory = sender.memory_mib() + receiver.memory_mib()
        before = cpu_of(sender, receiver)
        started = time.perf_counter()
        released_in = sender.ask("release", COUNT[size], BATCH)
        wait_until_settled(sender)
        spent = time.perf_counter() - started
        after = cpu_of(sender, receiver)
        grown = sender.memory_mib() + receiver.memory_mib() - memory
        ours, theirs = sender.ask("counts"), receiver.ask("counts")
        got = sum(number for state, number in theirs.items() if state.startswith("in."))
        assert ours["out.sent"] == got == BATCH + COUNT[size], (ours, theirs)
        yield Row(
            f"full road, {COUNT[size]:,} messages, both nodes here",
            COUNT[size] / spent,
            "messages/s",
            floor,
            "bare primitives of both ends on all cores",
            goal="at least 1,000/s",
            note=f"Releasing alone took {released_in:.1f} s of {spent:.1f} s. Lost 0, doubled 0 (counted in both "
            f"databases). Memory of both nodes grew by {grown:.0f} MiB. "
            f"Where the time goes, in ms of processor a message: {where_it_goes(before, after, COUNT[size])}.",
        )
        yield one_by_one(sender, SINGLE[size])


def cpu_of(sender: Node, receiver: Node) -> dict[str, float]:
    """Seconds of processor used so far by each process of both nodes."""
    nodes = {"sender": sender, "receiver": receiver}
    return {f"{side} {part}": spent for side, node in nodes.items() for part, spent in node.cpu_s().items()}


def where_it_goes(before: dict[str, float], after: dict[str, float], count: int) -> str:
    """Milliseconds of processor for each message, by process, the most first."""
    used = {name: (spent - before.get(name, 0.0)) * 1000 / count for name, spent in after.items()}
    parts = [f"{name} {ms:.2f}" for name, ms in sorted(used.items(), key=lambda part: -part[1]) if ms >= 0.005]
    return f"{', '.join(parts)}; together {sum(used.values()):.2f} on {os.cpu_count()} cores"


def one_by_one(sender: Node, count: int) -> Row:
    """One message at a time at rest: from before the release to the stored receipt."""
    spent = []
    for _ in range(count):
        started = time.perf_counter()
        sender.ask("release", 1, 1)
        wait_until_settled(sender)
        spent.append((time.perf_counter() - started) * 1000)
    return Row(
        "one message at rest, release to stored receipt, p99",
        percentile(spent, 0.99),
        "ms",
        percentile(spent, 0.5),
        "its own median",
        goal="p99 under 50 ms",
        more_is_better=False,
    )


def wait_until_settled(sender: Node) -> None:
    """Until the sender holds a receipt for everything it released."""
    deadline = time.monotonic() + LONGEST_S
    while sender.ask("is_waiting"):
        if time.monotonic() > deadline:
            raise SystemExit("the road stands still")
        time.sleep(0.002)
