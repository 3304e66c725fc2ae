"""The processes of the demo: for each node a web server, a worker and a pair of hands, started, watched and stopped."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO, Any

COMMAND = [sys.executable, "-m", "contraparte.node.cli", "node"]
# Seconds a process is given to finish what is under way.
STOP_S = 30
# Times a process that died is started again before the demo gives up.
RESTARTS = 5


class DemoFailedError(Exception):
    """A step of the demo did not do what it should; the text names node, step and where its log lies."""


@dataclass
class Hands:
    """A process that has opened one node's home and obeys (`demo_hand.obey`). One command at a time."""

    node: "Node"
    log: IO[bytes]
    process: "subprocess.Popen[str]"
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, node: "Node") -> "Hands":
        """Start hands for a node."""
        log = (node.logs / f"hands-{len(list(node.logs.iterdir()))}.log").open("ab")
        process = subprocess.Popen(  # noqa: S603 (this very program, no shell, arguments of our own)
            [*COMMAND, "demo-hand", "--home", str(node.home)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env=node.environment(),
            start_new_session=True,
        )  # fmt: skip
        return cls(node, log, process)

    def do(self, step: str, /, *, progress: Callable[[int], None] | None = None, **arguments: Any) -> Any:
        """Have a command done; `progress` hears its counts. Raises DemoFailedError."""
        assert self.process.stdin is not None and self.process.stdout is not None
        with self._lock:
            try:
                self.process.stdin.write(json.dumps({"do": step, "with": arguments}) + "\n")
                self.process.stdin.flush()
            except BrokenPipeError:
                raise self._failed(step, "the process has ended") from None
            for line in self.process.stdout:
                answer = json.loads(line)
                if "progress" in answer:
                    if progress:
                        progress(answer["progress"])
                elif "error" in answer:
                    raise self._failed(step, f"{answer['error']}: {answer['text']}")
                else:
                    return answer["result"]
        raise self._failed(step, "the process has ended")

    def _failed(self, step: str, why: str) -> DemoFailedError:
        return DemoFailedError(f"node {self.node.name}, step {step}: {why} (log: {self.log.name})")

    def close(self) -> None:
        """End the process by ending its input."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        _wait(self.process)
        self.log.close()


@dataclass
class Node:
    """One node of the demo: a home, an address, and its processes."""

    name: str
    home: Path
    logs: Path
    port: int
    database_url: str = ""
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    restarts: int = 0

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """The environment of its processes: nothing of another node's home or database."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("CONTRAPARTE_", "DATABASE_URL"))}
        return kept | ({"DATABASE_URL": self.database_url} if self.database_url else {}) | {"PYTHONUNBUFFERED": "1"}

    def start(self, kind: str) -> None:
        """Start its `serve` or `worker`; a server is awaited until it listens."""
        arguments = ["--bind", f"127.0.0.1:{self.port}"] if kind == "serve" else []
        with (self.logs / f"{kind}.log").open("ab") as log:
            self.running[kind] = subprocess.Popen(  # noqa: S603 (as above)
                [*COMMAND, kind, "--home", str(self.home), *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment(), start_new_session=True,
            )  # fmt: skip
        (self.logs / f"{kind}.pid").write_text(str(self.running[kind].pid), "ascii")

    def await_answering(self, pause: Callable[[float], None]) -> None:
        """Return once the server answers a request, whatever it says. Raises DemoFailedError where it has died."""
        while True:
            if self.running["serve"].poll() is not None:
                raise DemoFailedError(f"node {self.name}: the server did not start (log: {self.logs / 'serve.log'})")
            asked = HTTPConnection("127.0.0.1", self.port, timeout=STOP_S)
            try:
                asked.request("HEAD", "/directory/")
                asked.getresponse()
            except (OSError, HTTPException):
                pause(0.1)
            else:
                return
            finally:
                asked.close()

    def look_after(self) -> None:
        """Start again what has died. Raises DemoFailedError when that happens too often."""
        for kind, process in list(self.running.items()):
            if process.poll() is not None:
                self.restarts += 1
                if self.restarts > RESTARTS:
                    raise DemoFailedError(f"node {self.name}: {kind} keeps dying (log: {self.logs / f'{kind}.log'})")
                self.start(kind)

    def stop(self) -> None:
        """Stop worker and server; what is under way is finished."""
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        for process in self.running.values():
            _wait(process)
        self.running.clear()


def _wait(process: "subprocess.Popen[Any]") -> None:
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_ports(count: int) -> list[int]:
    """Loopback ports nobody listens on just now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


def end_left_over(root: Path) -> int:
    """End processes that a demo in this folder left behind when it was killed; gives how many.

    Each is known by its number and by its own command line, which names a home in this very folder.
    """
    ended = 0
    for file in root.glob("logs/*/*.pid"):
        number = file.read_text("ascii")
        try:
            told = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(part.startswith(str(root).encode() + b"/") for part in told):
            os.kill(int(number), signal.SIGTERM)
            ended += 1
    return ended
