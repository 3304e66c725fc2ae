"""A node made from a copy asks its peers how far it had signed before it signs again (P5.2, P5.4)."""

import hashlib
import uuid
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from contraparte.directory.models import Agency
from contraparte.ledger import actions, guard, registry
from contraparte.ledger.models import Log
from contraparte.ledger.rules.leaves import Direction, Kind
from contraparte.node import rejoining, standing
from contraparte.node.backup import RESTORED
from contraparte.node.home import Home
from contraparte.protocol.errors import LedgerRolledBackError
from contraparte.protocol.keys import Purpose
from tests.ledger.conftest import SONORA, TRACING, KeyRing, Neighbours

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
ORIGIN = f"{SONORA}/{TRACING}/2026"


class Witness:
    """A peer that holds one head of ours, or is out of reach."""

    def __init__(self, note: bytes | None, *, is_reachable: bool = True) -> None:
        self.note = note
        self.is_reachable = is_reachable

    def get(self, url: str) -> tuple[int, bytes]:
        if not self.is_reachable:
            raise OSError("no route to host")
        assert url.endswith(f"witnessed/{ORIGIN}")
        return (200, self.note) if self.note else (404, b"")

    def post(self, url: str, body: bytes) -> tuple[int, bytes]:
        raise AssertionError("nothing is sent while rejoining")


def append(number: int) -> None:
    for _ in range(number):
        entry = actions.Entry(
            agency=SONORA,
            peer=TRACING,
            kind=Kind.MESSAGE_RELEASED,
            direction=Direction.OUT,
            message_id=str(uuid.uuid4()),
            envelope_hash=hashlib.sha256(uuid.uuid4().bytes).digest(),
            commitment=bytes(32),
            signature_hash=bytes(32),
            at=NOW,
        )
        with transaction.atomic():
            actions.append([entry], now=NOW)


@pytest.fixture
def copy(transactional_db, tmp_path, settings):
    """A node with three leaves in a copy of its database, whose peer has cosigned the copy's head and a later one."""
    settings.HOME = Home(path=tmp_path)
    actions._proven.clear()
    ring = KeyRing()
    for agency in (SONORA, TRACING):
        for purpose in (Purpose.LOG, Purpose.WITNESS):
            ring.make(agency, purpose)
    before = (registry._installed.keys, registry._installed.peers, registry._installed.signed)
    registry.install(keys=ring, peers=Neighbours(), signed=lambda view: view)
    for name, is_local in ((SONORA, True), (TRACING, False)):
        Agency.objects.create(
            id=name,
            country=name[:2],
            name_en=name,
            name_es=name,
            kind="x",
            operator=name,
            url="http://x",
            is_local=is_local,
        )
    append(3)
    old = {name: getattr(Log.objects.get(), name) for name in ("size", "frontier", "note")}
    append(2)
    newest = bytes(Log.objects.get().note)
    with connection.cursor() as cursor:
        cursor.execute('DELETE FROM ledger_leaf WHERE "index" >= %s', [old["size"]])
        cursor.execute("DELETE FROM ledger_checkpoint WHERE size > %s", [old["size"]])
    Log.objects.update(**old)
    for file in guard.folder().iterdir():
        file.unlink()
    actions._proven.clear()
    (tmp_path / RESTORED).write_text("{}")
    yield bytes(old["note"]), newest
    registry._installed.keys, registry._installed.peers, registry._installed.signed = before


def test_a_copy_as_old_as_its_peers_know_it_may_start(copy):
    held, _ = copy
    assert rejoining.is_shut()
    found = rejoining.rejoin(Witness(held), now=NOW)
    assert found.may_start
    assert not rejoining.is_shut()
    assert guard.read(ORIGIN).size == Log.objects.get().size
    append(1)


def test_an_older_copy_stays_shut_and_never_signs_below_what_its_peer_holds(copy):
    _, newest = copy
    found = rejoining.rejoin(Witness(newest), now=NOW)
    assert not found.may_start
    assert rejoining.is_shut()
    assert ORIGIN in found.reasons[0]
    with pytest.raises(LedgerRolledBackError):
        append(1)
    report = standing.standing(NOW)
    assert any("later head" in problem for problem in report["problems"])


def test_a_log_the_copy_has_never_heard_of_counts_too(copy):
    _, newest = copy
    with connection.cursor() as cursor:
        for table in ("leaf", "checkpoint", "log"):
            cursor.execute(f"DELETE FROM ledger_{table}")
    assert not rejoining.rejoin(Witness(newest), now=NOW).may_start
    with pytest.raises(LedgerRolledBackError):
        append(1)


def test_silence_keeps_the_node_shut_unless_a_person_accepts_it(copy):
    silent = Witness(None, is_reachable=False)
    assert not rejoining.rejoin(silent, now=NOW).may_start
    assert rejoining.is_shut()
    assert rejoining.rejoin(Witness(None), without=frozenset({TRACING}), now=NOW).may_start
