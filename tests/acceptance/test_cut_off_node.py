"""P4.5 on real nodes: with every socket closed, requests and receipts cross as files; then the road takes over.

Only the public doors are used: `contraparte exchange export` and `import`, the workers, and SQL that reads.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contraparte.node import demo_acts
from contraparte.node.demo_nodes import Node
from tests.acceptance.trio import Trio, contraparte, fsck, read_rows, wait_until

pytestmark = [pytest.mark.store, pytest.mark.timeout(600)]
TRACES = 3


def told(*words: str | Path, node: Node, code: int = 0) -> dict[str, Any]:
    """What a command of the node answers as JSON; it ends with `code`."""
    ran = contraparte("exchange", *words, "--json", node=node)
    assert ran.returncode == code, ran.stderr
    return dict(json.loads(ran.stdout)) if ran.stdout else {"refused": ran.stderr}


def states(node: Node, direction: str, peer: str = "us.ntc") -> set[str]:
    found = f"SELECT state FROM exchange_message WHERE direction = '{direction}' AND peer = '{peer}'"
    return {row["state"] for row in read_rows(node, found)}


def is_settled(trio: Trio) -> bool:
    names = ("outbox", "unhandled", "receipts_due", "uncosigned")
    return not any(one[name] for one in trio.progress().values() for name in names)


def work_until(node: Node, what: str, look: Callable[[], bool]) -> None:
    """Let the node's worker do it, with nobody to talk to."""
    node.start("worker")
    wait_until(what, look)
    node.stop()


def test_requests_and_receipts_cross_by_file_while_every_socket_is_closed(
    new_trio: Callable[[int], Trio], tmp_path: Path
) -> None:
    trio = new_trio(7)
    mx, us, others = (trio.nodes[name] for name in ("mx", "us", "custodians"))
    demo_acts.found_nodes(trio.demo, trio.cast)
    demo_acts.record_guns(trio.demo)
    for node in trio.nodes.values():
        node.stop()
    trio.do("mx", "release_requests", at_most=TRACES)
    assert states(mx, "out") == {"queued"}

    pouch, answer = tmp_path / "requests.pouch", tmp_path / "requests.answer"
    made = told("export", pouch, "--to", "us.ntc", node=mx)
    assert (made["number"], made["to"]) == (1, "us.ntc") and made["messages"] >= TRACES
    assert "pouch.recipient" in told("import", pouch, node=others, code=1)["refused"]
    cut = tmp_path / "cut.pouch"
    cut.write_bytes(pouch.read_bytes()[:-1])
    assert "pouch.damaged" in told("import", cut, node=us, code=1)["refused"]

    taken = told("import", pouch, "--answer", answer, node=us)
    assert taken["accepted"] == made["messages"] and not taken["refused"] and not taken["missing"]
    assert taken["directories"] == {"mx": "not newer", "us": "not newer"}
    again = told("import", pouch, "--answer", answer, node=us)
    assert again["again"] and again["accepted"] == taken["accepted"]
    assert states(mx, "out") == {"queued"}, "making a pouch marks nothing as sent"
    assert told("import", answer, node=mx)["receipts"] == made["messages"]
    assert states(mx, "out") == {"sent"}

    work_until(us, "the centre has handled the requests", lambda: states(us, "in", "mx.fge-son") == {"handled"})
    back, confirmed = tmp_path / "receipts.pouch", tmp_path / "receipts.answer"
    sent_back = told("export", back, "--to", "mx.fge-son", node=us)
    assert sent_back["receipts"] >= made["messages"]
    kept = told("import", back, "--answer", confirmed, node=mx)
    assert kept["receipts"] == sent_back["receipts"] and kept["accepted"] == sent_back["messages"]
    told("import", confirmed, node=us)
    owed = "SELECT count(*) AS n FROM exchange_receipt WHERE ours AND due IS NOT NULL AND peer = 'mx.fge-son'"
    assert read_rows(us, owed)[0]["n"] == 0
    delivered = "SELECT count(*) AS n FROM exchange_receipt WHERE NOT ours AND kind = 'delivered' AND peer = 'us.ntc'"
    assert read_rows(mx, delivered)[0]["n"] == made["messages"]
    for node in (mx, us):
        code, report = fsck(node)
        assert code == 0, report

    for node in trio.nodes.values():
        node.start("serve")
        node.start("worker")
    wait_until("the road has taken over and both logs are cosigned", lambda: is_settled(trio), within_s=240)
    assert states(mx, "out") == {"sent"}
