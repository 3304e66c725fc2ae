"""kill -9 of any process at any moment of S6, fifty times: nothing lost, nothing done twice (invariant 4).

Requests are released one after the other so that work is under way at every kill. A killer in a thread of its own draws
process and moment from a seed; whatever it ends is started again at once.
"""

import os
import random
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil  # type: ignore[import-untyped]
import pytest
import requests

from contraparte.node import demo_summary
from tests.acceptance import audit
from tests.acceptance.trio import Trio, fsck, kill_group, read_rows, wait_until

pytestmark = pytest.mark.timeout(900)

KILLS = 50
SEED = 12
# Seconds between kills: short against the life of a trace, long enough for a process to come up again.
PAUSE_S = (0.1, 1.6)
# Traces under way at a time; each takes some dozen messages over four posts.
AT_A_TIME = 2


@dataclass(frozen=True)
class Kill:
    """What was ended, and how many traces were under way just before."""

    node: str
    kind: str
    what: str
    under_way: int


@dataclass(eq=False)
class Killer(threading.Thread):
    """Ends processes at random moments while there is work."""

    trio: Trio
    rng: random.Random
    done: list[Kill] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    broken: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(name="killer", daemon=True)

    def run(self) -> None:
        try:
            while len(self.done) < KILLS and not self.over.wait(self.rng.uniform(*PAUSE_S)):
                self.revive()
                if under_way := open_traces(self.trio):
                    self._kill_one(under_way)
        except Exception as error:  # noqa: BLE001 (the test must hear of it)
            self.broken.append(error)

    def _kill_one(self, under_way: int) -> None:
        every = [(name, kind) for name in self.trio.nodes for kind in ("serve", "worker")]
        for name, kind in self.rng.sample(every, len(every)):
            if self._is_at_work(name, kind):
                what = self.rng.choice(["all", "master", "child"]) if kind == "serve" else "all"
                self._kill(name, kind, what)
                self.done.append(Kill(name, kind, what, under_way))
                return

    def _is_at_work(self, name: str, kind: str) -> bool:
        """Whether the process has come up: killing one that is only starting would hit nothing."""
        node = self.trio.nodes[name]
        process = node.running[kind]
        if process.poll() is not None:
            return False
        if kind == "worker":
            log = (node.logs / "worker.log").read_text("utf-8", "replace")
            return log.count("the worker is at work") == self.starts[name]
        if not psutil.Process(process.pid).children():
            return False
        try:
            return requests.get(f"{node.url}/peer/messages", timeout=0.5).status_code == 405
        except requests.RequestException:
            return False

    @property
    def starts(self) -> dict[str, int]:
        """How often each worker was started."""
        return {name: 1 + sum(k.node == name and k.kind == "worker" for k in self.done) for name in self.trio.nodes}

    def _kill(self, name: str, kind: str, what: str) -> None:
        node = self.trio.nodes[name]
        process = node.running[kind]
        if what == "child":
            # The web process itself; its master starts another.
            children = psutil.Process(process.pid).children()
            os.kill(self.rng.choice(children).pid, signal.SIGKILL)
            return
        if what == "all":
            kill_group(process)
        else:
            # The master alone: its child must notice, and give the port free.
            process.kill()
            process.wait()
        node.start(kind)

    def revive(self) -> None:
        """Start again a server that found its port still held by the orphan of the one before."""
        for node in self.trio.nodes.values():
            if node.running["serve"].poll() is not None:
                node.start("serve")


def open_traces(trio: Trio) -> int:
    """Traces that have been asked for and not answered, as the asking node's database says at this moment."""
    counted = "SELECT count(*) AS n FROM traces_trace WHERE standing = 'own' AND state <> 'concluded'"
    return int(read_rows(trio.nodes["mx"], counted)[0]["n"])


def test_fifty_kills_lose_nothing_and_do_nothing_twice(new_trio: Callable[[int], Trio]) -> None:
    trio = new_trio(SEED)
    trio.found_and_record()
    killer = Killer(trio, random.Random(SEED))
    killer.start()

    released, wanted = 0, 24

    def all_concluded() -> bool:
        nonlocal released
        assert not killer.broken, killer.broken
        asked = open_traces(trio)
        # No faster than the kills, but never without work.
        is_time = len(killer.done) * wanted >= (released - AT_A_TIME) * KILLS
        if released < wanted and (asked == 0 or (asked < AT_A_TIME and is_time)):
            released += trio.do("mx", "release_requests", at_most=1)["opened"]
        trio.play_persons()
        return released == wanted and open_traces(trio) == 0

    try:
        wait_until("every trace ended in spite of the kills", all_concluded, within_s=600)
    finally:
        killer.over.set()
        killer.join()

    assert len(killer.done) == KILLS, f"the work ended after {len(killer.done)} kills"
    assert all(kill.under_way > 0 for kill in killer.done)
    assert {(kill.node, kill.kind) for kill in killer.done} == {
        (node, kind) for node in trio.nodes for kind in ("serve", "worker")
    }
    killer.revive()

    wait_until("nothing is on the road and every head cosigned", trio.is_quiet, within_s=200)
    assert demo_summary.disagreements(trio.world, trio.do("mx", "results")) == {}
    assert audit.faults(trio.nodes.values()) == []
    for node in trio.nodes.values():
        assert fsck(node)[0] == 0, node.name
