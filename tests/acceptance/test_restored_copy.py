"""A node put back to an older copy of its database signs nothing any more, says so, and asks its peers (P5.2, P5.4)."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contraparte.node.demo_nodes import DemoFailedError, Hands, Node
from tests.acceptance.liar import Liar
from tests.acceptance.trio import Trio, contraparte, copy_home, read_rows, row_counts, serve_copy

pytestmark = pytest.mark.timeout(900)

LOG = "mx.fge-son/us.ntc/2026"
# What a release or an acceptance would add to.
RECORDS = (
    "exchange_message",
    "exchange_release",
    "exchange_outbox",
    "exchange_receipt",
    "ledger_leaf",
    "ledger_checkpoint",
)


def records(node: Node) -> dict[str, int]:
    counts = row_counts(node)
    return {name: counts[name] for name in RECORDS}


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Callable[[Trio, Path], Node]]:
    """`serving(trio, home)` serves a copy of the Mexican node on a port of its own until the test ends."""
    made: list[Node] = []

    def serve(trio: Trio, home: Path) -> Node:
        (tmp_path / "logs").mkdir(exist_ok=True)
        made.append(serve_copy(trio.nodes["mx"], home, tmp_path / "logs"))
        return made[-1]

    yield serve
    for node in made:
        node.stop()


def assert_signs_nothing(trio: Trio, home: Path, logs: Path) -> None:
    """Releasing fails with the code of a ledger turned back, and nothing of it is written."""
    node = Node("older", home, logs, 0)
    hands = Hands.of(node)
    try:
        hands.do("open")
        before = records(node)
        with pytest.raises(DemoFailedError, match=r"ledger\.rolled_back"):
            hands.do("release_requests", at_most=1)
        assert records(node) == before
    finally:
        hands.close()


def test_an_older_database_under_its_guard_releases_and_accepts_nothing(
    traced: Trio, tmp_path: Path, serving: Callable[[Trio, Path], Node]
) -> None:
    mx = traced.nodes["mx"]
    home = copy_home(mx, tmp_path / "home")
    (home / "node.sqlite3").write_bytes(traced.older.joinpath("node.sqlite3").read_bytes())

    told = contraparte("node", "status", node=mx, home=home)
    assert told.returncode == 1
    assert f"the guard knows a later head of {LOG}" in " ".join(told.stdout.split())

    assert_signs_nothing(traced, home, tmp_path)

    node = serving(traced, home)
    liar = Liar(traced, node.url, mx.url)
    before = records(node)
    answer = liar.send(liar.sealed(liar.said()))
    assert (answer.status, answer.code) == (503, "ledger.rolled_back")
    assert records(node) == before


def test_a_restored_older_backup_stays_shut_after_its_peers_have_spoken(traced: Trio, tmp_path: Path) -> None:
    mx, home = traced.nodes["mx"], tmp_path / "home"
    made = contraparte("node", "restore", traced.backup, "--keys", traced.keys, node=mx, home=home)
    assert made.returncode == 0, made.stderr
    assert "node rejoin" in made.stdout

    def assert_shut() -> None:
        for kind in ("serve", "worker"):
            started = contraparte("node", kind, node=mx, home=home)
            assert started.returncode == 1
            assert "node rejoin" in started.stderr

    assert_shut()
    asked = contraparte("node", "rejoin", node=mx, home=home)
    assert asked.returncode == 1
    assert f"{LOG}: us.ntc holds" in asked.stdout
    assert "stays shut" in asked.stderr
    assert_shut()
    told = contraparte("node", "status", node=mx, home=home)
    assert told.returncode == 1
    assert f"the guard knows a later head of {LOG}" in " ".join(told.stdout.split())
    assert_signs_nothing(traced, home, tmp_path)


def test_a_backup_as_new_as_its_peers_know_rejoins_and_goes_on(
    traced: Trio, tmp_path: Path, serving: Callable[[Trio, Path], Node]
) -> None:
    mx, home = traced.nodes["mx"], tmp_path / "home"
    saved = contraparte("node", "backup", tmp_path / "now.backup", "--keys-to", tmp_path / "keys", node=mx)
    assert saved.returncode == 0, saved.stderr
    made = contraparte("node", "restore", tmp_path / "now.backup", "--keys", tmp_path / "keys", node=mx, home=home)
    assert made.returncode == 0, made.stderr
    asked = contraparte("node", "rejoin", node=mx, home=home)
    assert asked.returncode == 0, asked.stdout + asked.stderr
    told = contraparte("node", "status", node=mx, home=home)
    assert told.returncode == 0, told.stdout

    node = serving(traced, home)
    liar = Liar(traced, node.url, mx.url)
    assert liar.send(liar.sealed(liar.said())).told == ["accepted"]
    counted = "SELECT count(*) AS n FROM exchange_message"
    assert read_rows(node, counted)[0]["n"] == read_rows(mx, counted)[0]["n"] + 1
