"""`ledger fsck` names what was changed behind a real node's back; a proof taken out verifies where nothing else is."""

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.trio import CLI, Trio, contraparte, copy_home, edited, fsck, read_rows

pytestmark = pytest.mark.timeout(900)

OURS, THEIRS = "mx.fge-son/us.ntc/2026", "us.ntc/mx.fge-son/2026"
MESSAGE = f"(SELECT min(id) FROM exchange_message WHERE direction = 'out' AND log_origin = '{OURS}')"


def log(origin: str) -> str:
    return f"(SELECT id FROM ledger_log WHERE origin = '{origin}')"


def flip(database: Any, table: str, column: str, where: str) -> None:
    """Change the last bit of one value; a text stays a text, a blob a blob."""
    rows = database.execute(f"SELECT {column} FROM {table} WHERE {where}").fetchall()
    assert len(rows) == 1, f"{table} has {len(rows)} rows where {where}"
    value = rows[0][0]
    raw = bytearray(value.encode() if isinstance(value, str) else value)
    raw[-1] ^= 1
    new = raw.decode() if isinstance(value, str) else bytes(raw)
    database.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", [new])


def run(*statements: str) -> Callable[[Any], None]:
    def change(database: Any) -> None:
        for statement in statements:
            assert database.execute(statement).rowcount > 0, statement

    return change


@dataclass(frozen=True)
class Change:
    """Something done to the file, and what fsck must find: the beginning of a code, in which log, at which leaf."""

    name: str
    change: Callable[[Any], None]
    code: str
    origin: str = OURS
    index: int | None = None

    def __str__(self) -> str:
        return self.name


CHANGES = [
    Change("a bit of a leaf", lambda db: flip(db, "ledger_leaf", "data", f'log_id = {log(OURS)} AND "index" = 3'),
           "leaf.", index=3),
    Change("a leaf removed", run(f'DELETE FROM ledger_leaf WHERE log_id = {log(OURS)} AND "index" = 5'), "leaf.",
           index=5),
    Change("a bit of a mirrored leaf",
           lambda db: flip(db, "ledger_leaf", "data", f'log_id = {log(THEIRS)} AND "index" = 7'), "leaf.",
           origin=THEIRS, index=7),
    Change("the head's size", run(f"UPDATE ledger_log SET size = size - 1 WHERE origin = '{OURS}'"), ""),
    Change("the head's note", lambda db: flip(db, "ledger_log", "note", f"origin = '{OURS}'"), "log.note"),
    Change("the head's frontier", lambda db: flip(db, "ledger_log", "frontier", f"origin = '{OURS}'"), "log.frontier"),
    Change("a checkpoint's root",
           lambda db: flip(db, "ledger_checkpoint", "root", f"log_id = {log(OURS)} AND size = (SELECT max(size) FROM "
                           f"ledger_checkpoint WHERE log_id = {log(OURS)})"), "checkpoint."),
    Change("a message's envelope hash", lambda db: flip(db, "exchange_message", "envelope_hash", f"id = {MESSAGE}"),
           "message.envelope_hash.changed"),
    Change("a message's id", run(f"UPDATE exchange_message SET uuid = '{'0' * 32}' WHERE id = {MESSAGE}"),
           "message.uuid.changed"),
    Change("what a message said",
           lambda db: flip(db, "exchange_content", "presentation", f"message_id = {MESSAGE}"),
           "message.content.changed"),
    Change("a release removed", run(f"DELETE FROM exchange_release WHERE message_id = {MESSAGE}"),
           "message.release.missing"),
    Change("a message removed", run(f"DELETE FROM exchange_message WHERE id = {MESSAGE}"), "leaf.message.missing"),
    Change("a message's type", run(f"UPDATE exchange_message SET type = 'trace.cancel/1' WHERE id = {MESSAGE}"),
           "message.type.changed"),
    Change("a message's sender", run(f"UPDATE exchange_message SET sender = 'mx.fge-son/audit' WHERE id = {MESSAGE}"),
           "message.sender.changed"),
    Change("a message turned round", run(f"UPDATE exchange_message SET direction = 'in' WHERE id = {MESSAGE}"),
           "message.direction.changed"),
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_fsck_names_what_was_changed_behind_the_nodes_back(traced: Trio, change: Change, tmp_path: Path) -> None:
    node = traced.nodes["mx"]
    home = copy_home(node, tmp_path / "home")
    with edited(home / "node.sqlite3") as database:
        change.change(database)
    status, report = fsck(node, home)
    assert status == 1
    assert not report["ok"]
    found = [
        one for one in report["findings"] if one["code"].startswith(change.code) and one["origin"] == change.origin
    ]
    assert found, report["findings"]
    if change.index is not None:
        assert change.index in {one["index"] for one in found}
        assert report["first_bad_leaf"] == {"origin": change.origin, "index": change.index}


def test_fsck_finds_a_guard_that_was_changed_or_knows_more(traced: Trio, tmp_path: Path) -> None:
    node = traced.nodes["mx"]
    home = copy_home(node, tmp_path / "home")
    assert fsck(node, home)[0] == 0, "the copy itself is sound"
    file = home / "guard" / OURS.replace("/", "~")
    file.write_bytes(b"\x55" * file.stat().st_size)
    status, report = fsck(node, home)
    assert status == 1
    assert ("guard.unreadable", OURS) in {(one["code"], one["origin"]) for one in report["findings"]}


def verify(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """`contraparte tlog verify` in a folder that holds a proof and a policy, with no node in sight."""
    bare = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ} | {"HOME": str(folder)}
    return subprocess.run(
        [*CLI, "tlog", "verify", *words], cwd=folder, env=bare, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_proof_verifies_offline_with_nothing_but_the_policy(traced: Trio, tmp_path: Path) -> None:
    node = traced.nodes["mx"]
    rows = read_rows(node, f"SELECT uuid FROM exchange_message WHERE direction = 'out' AND log_origin = '{OURS}'")
    ids = ["-".join((u[:8], u[8:12], u[12:16], u[16:20], u[20:])) for u in (row["uuid"] for row in rows[:2])]
    there = tmp_path / "elsewhere"
    there.mkdir()
    proved = contraparte("ledger", "prove", ids[0], "-o", there / "one.tlog-proof", "--log", OURS, node=node)
    assert proved.returncode == 0, proved.stderr
    written = contraparte("ledger", "policy", "--log", OURS, "-o", there / "policy", node=node)
    assert written.returncode == 0, written.stderr

    good = verify(there, "one.tlog-proof", "--policy", "policy", "--message-id", ids[0], "--json")
    assert good.returncode == 0, good.stdout + good.stderr
    told = json.loads(good.stdout)
    assert (told["ok"], told["origin"], told["leaf"]["message_id"]) == (True, OURS, ids[0])
    assert told["witnesses"], "the other side has cosigned the head"

    assert verify(there, "one.tlog-proof", "--policy", "policy", "--message-id", ids[1]).returncode == 1
    other = traced.nodes["us"]
    assert contraparte("ledger", "policy", "--log", THEIRS, "-o", there / "other", node=other).returncode == 0
    assert verify(there, "one.tlog-proof", "--policy", "other").returncode == 1, "another log's keys"
    text = (there / "one.tlog-proof").read_text("utf-8")
    lines = text.split("\n")
    place = next(number for number, line in enumerate(lines) if line.startswith("index "))
    lines[place] = f"index {int(lines[place].removeprefix('index ')) + 1}"
    (there / "forged.tlog-proof").write_text("\n".join(lines), "utf-8")
    assert verify(there, "forged.tlog-proof", "--policy", "policy").returncode == 1
