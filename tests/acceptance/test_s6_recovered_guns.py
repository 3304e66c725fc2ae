"""S6: 25 recovered guns, traced by three real nodes, end as the world that made them knows to be true."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from contraparte.node import demo_cast, demo_summary
from contraparte.node.demo_nodes import Node
from contraparte.node.world.build import World, build
from tests.acceptance import audit
from tests.acceptance.trio import BOOKS, Databases, Trio, contraparte, fsck, read_rows

pytestmark = [pytest.mark.store, pytest.mark.timeout(900)]

# The last of them runs as `contraparte demo` itself.
SEEDS = {"sqlite": range(1, 10), "postgres": range(1, 2)}
DEMO_SEED = 10


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", SEEDS[metafunc.config.getoption("--db")])


def codes_in(node: Node) -> dict[str, str]:
    """How each recorded gun ended, by its row, as the node's database says."""
    rows = read_rows(
        node,
        "SELECT g.row_key, CASE WHEN g.duplicate_of_id IS NOT NULL THEN 'duplicate_of' ELSE t.code END AS code "
        "FROM traces_gun g LEFT JOIN traces_trace t ON t.gun_id = g.id",
    )
    return {row["row_key"]: row["code"] for row in rows}


def check_codes(world: World, found: dict[str, str]) -> Counter[str]:
    """Every gun ends under the code its world knows, in the numbers of S6; gives how many valid ones by code."""
    codes = {f"r{recovery.number:02d}": world.truth(recovery).code for recovery in world.recoveries}
    assert found == codes
    counted = Counter(codes.values())
    assert counted["serial_obliterated"] == 2
    assert counted["duplicate_of"] == 1
    valid = counted - Counter({"serial_obliterated": 2, "duplicate_of": 1})
    assert valid.total() == 22
    assert valid["purchaser_identified"] >= 12
    assert len(valid.keys() - {"purchaser_identified"}) >= 6
    return valid


def check_ledgers(nodes: Iterable[Node]) -> None:
    for node in nodes:
        status, report = fsck(node)
        assert (status, report["ok"], report["findings"]) == (0, True, []), node.name
        assert report["leaves"] > 0
        assert report["cross_checked"] > 0, "what one side released was held against what the other accepted"


def test_every_gun_ends_as_the_world_knows(
    seed: int, request: pytest.FixtureRequest, new_trio: Callable[[int], Trio]
) -> None:
    trio = request.getfixturevalue("traced") if seed == 1 else new_trio(seed).run()
    world = trio.world
    valid = check_codes(world, codes_in(trio.nodes["mx"]))
    found = trio.do("mx", "results")
    assert demo_summary.disagreements(world, found) == {}, "chains, purchasers and dates too"
    assert audit.faults(trio.nodes.values()) == []
    check_ledgers(trio.nodes.values())

    # Nothing planted: held against another world the same answers are wrong, and none of its purchasers is named.
    other = build(seed + 100, BOOKS)
    assert len(demo_summary.disagreements(other, found)) >= valid["purchaser_identified"]
    theirs = {other.truth(recovery).purchaser.split("; ")[-1] for recovery in other.recoveries} - {""}
    assert not theirs & {told["purchaser"] for told in found.values() if told.get("purchaser")}


def one(node: Node, sql: str) -> int:
    return int(read_rows(node, f"SELECT count(*) AS n FROM {sql}")[0]["n"])


def test_the_summary_for_programs_is_counted_from_the_databases(tmp_path: Path, databases: Databases) -> None:
    home, file = tmp_path / "demo", tmp_path / "demo.json"
    template = databases.template()
    more = ["--database-url-template", template] if template else []
    asked = ["--once", "--json", file, "--seed", str(DEMO_SEED), "--books", str(BOOKS), "--home", home, *more]
    ran = contraparte("demo", *asked, within_s=800)
    assert ran.returncode == 0, ran.stdout + ran.stderr

    told = json.loads(file.read_text("utf-8"))
    assert told.keys() == {"recoveries", "results", "messages", "receipts", "ledgers", "seconds"}
    assert told["messages"].keys() == {"released", "accepted", "duplicates", "lost"}
    assert told["ledgers"].keys() == {"cross_checked", "leaves"}
    assert told["seconds"]["total"] > 0

    nodes = [Node(name, home / name, home, 0, template.replace("{node}", name)) for name in demo_cast.NODES]
    codes = codes_in(next(node for node in nodes if node.name == "mx"))
    check_codes(build(DEMO_SEED, BOOKS), codes)
    assert told["recoveries"] == len(codes) == 25
    assert told["results"] == dict(Counter(codes.values()))
    assert told["messages"] == {
        "released": sum(one(node, "exchange_message WHERE direction = 'out'") for node in nodes),
        "accepted": sum(one(node, "exchange_message WHERE direction = 'in'") for node in nodes),
        "duplicates": 0,
        "lost": 0,
    }
    assert told["receipts"] == sum(one(node, "exchange_receipt WHERE NOT ours") for node in nodes)
    leaves = "ledger_leaf f JOIN ledger_log o ON o.id = f.log_id WHERE o.mine"
    assert told["ledgers"] == {"cross_checked": True, "leaves": sum(one(node, leaves) for node in nodes)}
    assert audit.faults(nodes) == []
    check_ledgers(nodes)
