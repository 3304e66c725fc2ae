"""A large file between two nodes over a road that is cut twenty times: time, memory of both sides, hashes at both ends.

Beside it, on the same disk: `cp` of the file and the bare cipher over it, once sealing and once opening.
"""

import hashlib
import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.cuts import breaking_road, free_port
from bench.pair import Node, two_nodes
from bench.rows import Row, Size, seconds_of
from contraparte.protocol.attachments import FileOpener, FileSealer, new_key
from contraparte.protocol.ids import new_id

#: Twenty cuts want twenty pieces of 4 MiB at least, or every piece is cut.
MIB = {Size.QUICK: 128, Size.FULL: 5 * 1024}
#: Mebibytes instead of those above: for a look at another size.
OTHER_SIZE = "BENCH_ATTACHMENT_MIB"
CUTS = 20
WARM_MIB = 8
PIECE = 1024 * 1024
LONGEST_S = 7_200


def measure(size: Size) -> Iterator[Row]:
    """One file, released on one node and accepted, proven, on the other."""
    mib = int(os.environ.get(OTHER_SIZE, MIB[size]))
    folder = Path(os.environ["CONTRAPARTE_HOME"])
    source = folder / "file.bin"
    sha256 = write_file(source, mib)
    floor = seconds_of(lambda: shutil.copyfile(source, folder / "copy.bin")) + bare_cipher(source)
    (folder / "copy.bin").unlink()
    with two_nodes() as (sender, receiver):
        inner = free_port()
        step = mib * PIECE // CUTS
        # The first bytes on the road are those that warm both nodes up; the cuts begin behind them.
        cuts = [2 * WARM_MIB * PIECE + step // 2 + number * step for number in range(CUTS)]
        with breaking_road(receiver.port, inner, cuts) as road:
            sender.serve()
            receiver.serve(inner)
            sender.work()
            receiver.work()
            warm = folder / "warm.bin"
            for number in range(2):
                write_file(warm, WARM_MIB)
                sender.ask("send_file", f"{receiver.agency}/desk", str(warm))
                wait_for_files(receiver, number + 1)
            watch = MemoryWatch(sender, receiver)
            taking_in = sender.ask("send_file", f"{receiver.agency}/desk", str(source))
            started = time.perf_counter()
            held = wait_for_files(receiver, 3)
            crossing = time.perf_counter() - started
            grown = watch.stop()
            assert road.made == CUTS, road.made
        assert held[-1]["sha256"] == sha256 and held[-1]["size"] == mib * PIECE, held[-1]
        assert sender.ask("file_faults") == receiver.ask("file_faults") == []
    yield Row(
        f"a file of {mib:,} MiB, both nodes here, {CUTS} cuts",
        mib / (taking_in + crossing),
        "MiB/s",
        mib / floor,
        "cp and the bare cipher both ways, one after the other",
        goal="hashes equal at both ends",
        note=f"Taken in and sealed in {taking_in:.1f} s, then {crossing:.1f} s from release to acceptance with every "
        f"byte proven. {CUTS} connections reset in the middle of a request. The audit of both nodes finds no fault.",
    )
    for side, growth in zip(("sending", "receiving"), grown, strict=True):
        yield Row(
            f"memory, {side} node, during that file",
            growth,
            "MiB more",
            goal="below 128 MiB more",
            note="Peak of web process and worker together over what they held after two small files.",
            more_is_better=False,
        )


def write_file(path: Path, mib: int) -> str:
    """A file of bytes that no compression shortens; returns its hash."""
    digest, seed = hashlib.sha256(), os.urandom(PIECE)
    with path.open("wb") as handle:
        for number in range(mib):
            piece = number.to_bytes(8, "big") + seed[8:]
            digest.update(piece)
            handle.write(piece)
    return digest.hexdigest()


def bare_cipher(path: Path) -> float:
    """Seconds to seal and to open a file, hashes included, nothing kept."""
    key, message_id = new_key(), new_id()
    started = time.perf_counter()
    sealer, opener = FileSealer(key, message_id, 1), FileOpener(key, message_id, 1)
    with path.open("rb") as handle:
        while piece := handle.read(PIECE):
            opener.update(sealer.update(piece))
    opener.update(sealer.finish())
    opener.finish(size=sealer.size, sha256=sealer.sha256, sealed_sha256=sealer.sealed_sha256)
    return time.perf_counter() - started


def wait_for_files(node: Node, count: int) -> list[dict[str, Any]]:
    """The files of accepted messages, as soon as there are so many."""
    until, pause = time.monotonic() + LONGEST_S, threading.Event()
    while time.monotonic() < until:
        held: list[dict[str, Any]] = [one for one in node.ask("files") if one["direction"] == "in"]
        if len(held) >= count:
            return held
        pause.wait(0.1)
    raise SystemExit(f"{count} files did not arrive in {LONGEST_S} s")


class MemoryWatch:
    """Looks at the memory of nodes all the time; the peak counts."""

    def __init__(self, *nodes: Node) -> None:
        self._nodes = nodes
        self._before = [node.memory_mib() for node in nodes]
        self._peaks = list(self._before)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._ended.wait(0.05):
            self._peaks = [max(peak, node.memory_mib()) for peak, node in zip(self._peaks, self._nodes, strict=True)]

    def stop(self) -> list[float]:
        """MiB each node grew by at most."""
        self._ended.set()
        self._thread.join()
        return [peak - before for peak, before in zip(self._peaks, self._before, strict=True)]
