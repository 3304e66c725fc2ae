"""Two nodes of the bench on loopback, each with its home, its web process, its worker and one to take commands."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from bench.node import PARTIES

LONGEST_STOP_S = 30


class Node:
    """One node; processes are started when asked for."""

    def __init__(self, home: Path, country: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.country, self.agency, self.home = country, PARTIES[country], home
        self.url = f"http://127.0.0.1:{self.port}"
        home.mkdir(parents=True)
        (home / "node.toml").write_text(
            f'[node]\nname = "{country}"\noperator = "{self.agency}"\nurl = "{self.url}"\n', "utf-8"
        )
        self._desk = self._start()
        self.running: list[subprocess.Popen[str]] = []

    def _start(self, *words: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "bench.node", str(self.home), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "CONTRAPARTE_HOME": str(self.home)},
        )

    def ask(self, name: str, *arguments: Any) -> Any:
        """Have the node do one thing in its own process."""
        assert self._desk.stdin is not None and self._desk.stdout is not None
        self._desk.stdin.write(json.dumps([name, arguments]) + "\n")
        self._desk.stdin.flush()
        answer = self._desk.stdout.readline()
        if not answer:
            raise SystemExit(f"node {self.country} ended while doing {name}")
        return json.loads(answer)

    def serve(self, port: int = 0) -> None:
        """Start the web process and wait until it listens: at `port` where something stands in front of it."""
        process = self._start("serve", f"127.0.0.1:{port or self.port}")
        assert process.stdout is not None
        if not process.stdout.readline():
            raise SystemExit(f"node {self.country} does not serve")
        self.running.append(process)

    def work(self) -> None:
        """Start the worker."""
        self.running.append(self._start("work"))

    def memory_mib(self) -> float:
        """Resident memory of the node's processes and their children, in MiB."""
        return sum(process.memory_info().rss for one in self.running for process in _family(one)) / 2**20

    def cpu_s(self) -> dict[str, float]:
        """Seconds of processor each part of the node has used: the releasing process, the web process, the worker."""
        parts = dict(zip(("release", "web", "worker"), (self._desk, *self.running), strict=False))
        return {name: sum(sum(p.cpu_times()[:2]) for p in _family(process)) for name, process in parts.items()}

    def stop(self) -> None:
        """Stop everything, politely and then not."""
        assert self._desk.stdin is not None
        self._desk.stdin.close()
        for process in self.running:
            process.send_signal(signal.SIGTERM)
        for process in (self._desk, *self.running):
            try:
                process.wait(LONGEST_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _family(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    parent = psutil.Process(process.pid)
    return [parent, *parent.children(recursive=True)]


@contextmanager
def two_nodes() -> Iterator[tuple[Node, Node]]:
    """A Mexican and a US node that know each other and share an accord; nothing of them is started yet."""
    folder = Path(os.environ["CONTRAPARTE_HOME"])
    nodes = Node(folder / "mx", "mx"), Node(folder / "us", "us")
    try:
        told = [node.ask("keys", node.country, node.url) for node in nodes]
        for node in nodes:
            node.ask("load", told)
        signed = nodes[1].ask("sign", "us", nodes[0].ask("sign", "mx", None))
        for node in nodes:
            node.ask("adopt", signed)
        yield nodes
    finally:
        for node in nodes:
            node.stop()
