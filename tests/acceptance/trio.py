"""Three real nodes for the tests of this folder: founded and driven by the demo's own driver, seen from outside.

A test drives them as people, peers and operators do (pages, sockets, command line, signals) and reads their databases
with plain SQL, through no code of the house.
"""

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import psycopg
import psycopg.rows
import pysqlite3
import requests
from rich.console import Console

from contraparte.node import demo, demo_acts, demo_cast
from contraparte.node.demo_nodes import Node, free_ports
from contraparte.node.demo_screen import Screen
from contraparte.node.world.build import World, build
from contraparte.node.world.firms import Status

BOOKS = 20_000  # the least the world allows
CLI = [sys.executable, "-m", "contraparte.node.cli"]
Row = dict[str, Any]
T = TypeVar("T")


def wait_until(what: str, look: Callable[[], T], *, within_s: float = 90.0, every_s: float = 0.1) -> T:
    """The first true answer of `look`; fails naming `what` when there is none in time."""
    deadline = time.monotonic() + within_s
    pause = threading.Event()
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s:.0f} s: {what}")
        pause.wait(every_s)
    return found


# --- databases ---


@dataclass
class Databases:
    """Where nodes keep their rows: in their folders, or in fresh databases of the run's PostgreSQL server."""

    server: str = ""
    made: list[str] = field(default_factory=list)

    def template(self) -> str:
        """A `database_url_template` for one set of nodes; empty on SQLite."""
        if not self.server:
            return ""
        name = f"acceptance_{uuid.uuid4().hex[:8]}"
        with psycopg.connect(self.server, autocommit=True) as connection:
            for node in demo_cast.NODES:
                connection.execute(f'CREATE DATABASE "{name}_{node}"')
                self.made.append(f"{name}_{node}")
        parts = urlsplit(self.server)
        return urlunsplit(parts._replace(path=f"/{name}_{{node}}"))

    def drop(self) -> None:
        """Remove every database made here."""
        if self.made:
            with psycopg.connect(self.server, autocommit=True) as connection:
                for name in self.made:
                    connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            self.made.clear()


def read_rows(node: Node, sql: str) -> list[Row]:
    """Rows of a node's database as plain values: uuids as 32 hex digits, blobs as bytes."""
    if node.database_url:
        with psycopg.connect(node.database_url, row_factory=psycopg.rows.dict_row) as connection:
            found = connection.execute(sql).fetchall()
    else:
        found = read_sqlite(node.home / "node.sqlite3", sql)
    return [{name: _plain(value) for name, value in row.items()} for row in found]


def read_sqlite(file: Path, sql: str) -> list[Row]:
    """Rows of a SQLite file, opened for reading only."""
    with contextlib.closing(pysqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=20)) as connection:
        connection.row_factory = pysqlite3.Row
        return [dict(row) for row in connection.execute(sql).fetchall()]


def _plain(value: Any) -> Any:
    if isinstance(value, uuid.UUID):
        return value.hex
    return bytes(value) if isinstance(value, memoryview) else value


# What pages write for themselves: sessions, rate limits, links. Everything else is the node's record.
OF_THE_SHELL = {"django_session", "web_cache", "web_onetimelink", "sqlite_sequence"}


def row_counts(node: Node) -> dict[str, int]:
    """How many rows each table of record holds."""
    tables = (
        "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
        if node.database_url
        else "SELECT name FROM sqlite_master WHERE type = 'table'"
    )
    names = sorted({row["name"] for row in read_rows(node, tables)} - OF_THE_SHELL)
    counted = " UNION ALL ".join(f"SELECT '{name}' AS name, count(*) AS n FROM \"{name}\"" for name in names)
    return {row["name"]: row["n"] for row in read_rows(node, counted)}


# --- nodes ---


@dataclass
class Trio:
    """The three nodes of one world."""

    demo: demo_acts.Demo
    cast: demo_cast.Cast
    summary: dict[str, Any] = field(default_factory=dict)
    older: Path = Path()
    backup: Path = Path()
    keys: Path = Path()

    @property
    def world(self) -> World:
        return self.demo.world

    @property
    def nodes(self) -> dict[str, Node]:
        return self.demo.nodes

    @property
    def papers(self) -> Path:
        """The books of custodians without a system."""
        return self.demo.root / "books" / Status.PAPER

    @classmethod
    def of(cls, root: Path, seed: int, databases: Databases) -> "Trio":
        """Nodes of a world, not yet founded."""
        root.mkdir(parents=True)
        nodes = demo.make_nodes(root, databases.template())
        made = demo_acts.Demo(root, build(seed, BOOKS), Screen(Console(file=io.StringIO())), nodes)
        return cls(made, demo_cast.cast_for(made.world, {name: node.url for name, node in nodes.items()}))

    def run(self) -> "Trio":
        """The whole of S6, as `contraparte demo` does it; servers and workers go on."""
        self.summary, _ = demo.run(self.demo)
        return self

    def found_and_record(self) -> None:
        """S6 up to its recorded guns, with every process at work: nothing has left yet."""
        demo_acts.found_nodes(self.demo, self.cast)
        demo_acts.fill_books(self.demo, self.world.write_books(self.demo.root / "books"))
        demo_acts.record_guns(self.demo)
        self.demo.everywhere(lambda node: node.start("worker"))

    def run_with_copies(self) -> "Trio":
        """The whole of S6 in two parts; between them the Mexican node is copied (`older`) and backed up."""
        self.found_and_record()
        self.do("mx", "release_requests", at_most=4)
        wait_until("the first traces have ended", self.is_quiet, within_s=240)
        mx = self.nodes["mx"]
        if not mx.database_url:
            self.older = copy_home(mx, self.demo.root / "older")
            self.backup, self.keys = self.demo.root / "mx.backup", self.demo.root / "mx.keys"
            made = contraparte("node", "backup", self.backup, "--keys-to", self.keys, node=mx)
            assert made.returncode == 0, made.stderr
        demo_acts.walk_traces(self.demo, self.papers)
        return self

    def is_quiet(self) -> bool:
        """Play the persons once; true when nothing is left to do on any node."""
        self.play_persons()
        return demo_acts.is_quiet(self.progress())

    def do(self, node: str, step: str, **arguments: Any) -> Any:
        """Have a node's own hands do something."""
        return self.demo.hands[node].do(step, **arguments)

    def play_persons(self) -> None:
        """What custodians' clerks and the analyst do when they are asked."""
        self.do("custodians", "answer_questions")
        self.do("us", "make_calls", papers=str(self.papers))

    def progress(self) -> dict[str, dict[str, int]]:
        """What waits on each node."""
        return {name: hands.do("progress") for name, hands in self.demo.hands.items()}

    def links(self, node: str) -> dict[str, str]:
        """A fresh one-time sign-in address of each person of a node, by username."""
        players = [player for player in self.cast.players if player.node == node]
        made = self.do(node, "links", players=[asdict(player) | {"label": player.username} for player in players])
        return dict(made)

    def stop(self) -> None:
        self.demo.stop()


def contraparte(
    *words: str | Path, node: Node | None = None, home: Path | None = None, within_s: int = 240
) -> "subprocess.CompletedProcess[str]":
    """Run `contraparte …`; with a node, on its home (or on `home`, a copy of it)."""
    at = ["--home", str(home or node.home)] if node else []
    environment = node.environment() if node else {k: v for k, v in os.environ.items() if k != "CONTRAPARTE_HOME"}
    return subprocess.run(
        [*CLI, *map(str, words), *at], env=environment, capture_output=True, text=True, timeout=within_s, check=False
    )


def fsck(node: Node, home: Path | None = None) -> tuple[int, dict[str, Any]]:
    """Exit code and report of `contraparte ledger fsck`."""
    ran = contraparte("ledger", "fsck", "--json", node=node, home=home)
    assert ran.stdout, ran.stderr
    return ran.returncode, json.loads(ran.stdout)


def copy_home(node: Node, to: Path) -> Path:
    """A node's folder as it stands, its SQLite database copied by SQLite itself while the node works."""
    leave = shutil.ignore_patterns("node.sqlite3*", "run", "books")
    shutil.copytree(node.home, to, ignore=leave)
    source = pysqlite3.connect(f"file:{node.home / 'node.sqlite3'}?mode=ro", uri=True, timeout=20)
    with contextlib.closing(source), contextlib.closing(pysqlite3.connect(str(to / "node.sqlite3"))) as target:
        source.backup(target)
    return to


def serve_copy(node: Node, home: Path, logs: Path) -> Node:
    """Serve a copy of a node (SQLite only) on a port of its own; to peers it calls itself as the first does."""
    (port,) = free_ports(1)
    copy = Node(f"copy of {node.name}", home, logs, port)
    copy.start("serve")
    wait_until("the copy serves", lambda: is_serving(copy), within_s=120)
    return copy


def is_serving(node: Node) -> bool:
    """Whether the server answers; fails when it has ended instead."""
    assert node.running["serve"].poll() is None, (node.logs / "serve.log").read_text("utf-8", "replace")[-2000:]
    try:
        return requests.get(f"{node.url}/healthz", timeout=5).status_code == 200
    except requests.RequestException:
        return False


@contextlib.contextmanager
def edited(file: Path) -> Iterator[Any]:
    """A SQLite database opened behind its node's back."""
    with contextlib.closing(pysqlite3.connect(str(file), timeout=20)) as connection:
        yield connection
        connection.commit()


def stop_worker(node: Node) -> None:
    """End a node's worker as its operator does; its server goes on."""
    process = node.running.pop("worker")
    process.terminate()
    process.wait(60)


def kill_group(process: "subprocess.Popen[bytes]") -> None:
    """kill -9 to a process and all it has started."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
