"""A file crosses between two real nodes: connections reset, processes killed, every byte proven."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bench.attachments import write_file
from bench.cuts import breaking_road, free_port
from bench.pair import Node, two_nodes

from tests.acceptance.trio import wait_until

MIB = 1024 * 1024


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Node, Node]]:
    monkeypatch.setenv("CONTRAPARTE_HOME", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with two_nodes() as both:
        yield both


def kill(node: Node, which: int) -> None:
    """SIGKILL to a process of the node; `which` counts in the order they were started."""
    process = node.running.pop(which)
    process.kill()
    process.wait()


def arrived(node: Node) -> list[dict[str, object]]:
    return [one for one in node.ask("files") if one["direction"] == "in"]


def partly_here(node: Node, least: int) -> bool:
    return sum(file.stat().st_size for file in (node.home / "arriving").glob("*")) >= least


def test_a_file_crosses_whole_over_cuts_and_killed_processes(nodes: tuple[Node, Node], tmp_path: Path) -> None:
    sender, receiver = nodes
    inner, sha256 = free_port(), write_file(tmp_path / "file.bin", 40)
    with breaking_road(receiver.port, inner, [5 * MIB, 11 * MIB, 17 * MIB]) as road:
        sender.serve()
        receiver.serve(inner)
        sender.work()
        receiver.work()
        sender.ask("send_file", f"{receiver.agency}/desk", str(tmp_path / "file.bin"))
        wait_until("some of the file has come", lambda: partly_here(receiver, 12 * MIB))
        assert not arrived(receiver)
        kill(sender, 1)
        kill(receiver, 1)
        sender.work()
        receiver.work()
        [held] = wait_until("the file is accepted", lambda: arrived(receiver), within_s=180)
        assert (held["sha256"], held["size"], road.made) == (sha256, 40 * MIB, 3)
        wait_until("the sender knows", lambda: sender.ask("counts").get("out.sent") == 1, within_s=120)
    assert sender.ask("file_faults") == receiver.ask("file_faults") == []
    [sealed] = (receiver.home / "attachments").glob("*")
    [own] = (sender.home / "attachments").glob("*")
    assert sealed.read_bytes() == own.read_bytes() and not list((receiver.home / "arriving").glob("*"))
    # One changed byte on the disk, and the audit names it.
    raw = bytearray(sealed.read_bytes())
    raw[-1] ^= 1
    sealed.write_bytes(raw)
    assert receiver.ask("file_faults") == ["attachment.file.changed"]
