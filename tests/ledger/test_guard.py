"""The guard: a node restored from an older copy signs nothing, whichever way the copy came back."""

import multiprocessing
import shutil
import sqlite3
from pathlib import Path

import pytest
from django.db import connection, transaction

from contraparte.ledger import actions, guard, incidents, rounds
from contraparte.ledger.models import Checkpoint, Incident, Leaf, Log
from contraparte.protocol.errors import GuardUnreadableError, LedgerForkedError, LedgerRolledBackError
from contraparte.protocol.tlog import CompactRange
from tests.ledger.conftest import NOW, SONORA, TRACING

ORIGIN = f"{SONORA}/{TRACING}/2026"
stored = pytest.mark.django_db(transaction=True)


def note(size: int, keyring, leaves: int | None = None) -> bytes:
    """A head of so many leaves of the one history there is."""
    from contraparte.ledger import heads

    edge = CompactRange()
    edge.extend([bytes([n % 256]) * 32 for n in range(size if leaves is None else leaves)])
    return heads.sign_head(ORIGIN, size, edge.root())


def test_the_guard_never_goes_back(keyring):
    for size in (3, 9, 5, 9, 1):
        guard.advance([(ORIGIN, note(size, keyring))])
    assert guard.read(ORIGIN).size == 9
    assert guard.origins() == [ORIGIN]


def test_another_root_of_the_size_held_is_a_fork(keyring):
    guard.advance([(ORIGIN, note(9, keyring))])
    with pytest.raises(LedgerForkedError):
        guard.advance([(ORIGIN, note(9, keyring, leaves=8))])


@pytest.mark.parametrize("place", [10, 4000, 4096 + 10, 4096 + 4090])
def test_a_torn_slot_leaves_the_other_one(keyring, place):
    for size in (1, 2):
        guard.advance([(ORIGIN, note(size, keyring))])
    file = guard._file(ORIGIN)
    data = bytearray(file.read_bytes())
    data[place] ^= 1
    file.write_bytes(bytes(data))
    assert guard.read(ORIGIN).size in (1, 2)


def test_a_guard_that_cannot_be_read_lets_nothing_be_signed(keyring):
    guard._file(ORIGIN).write_bytes(b"x" * 8192)
    with pytest.raises(GuardUnreadableError):
        guard.read(ORIGIN)
    with pytest.raises(GuardUnreadableError):
        guard.advance([(ORIGIN, note(1, keyring))])


def test_the_guard_of_another_log_is_not_taken_for_this_one(keyring):
    guard.advance([(ORIGIN, note(1, keyring))])
    shutil.copy(guard._file(ORIGIN), guard._file(ORIGIN.replace("2026", "2027")))
    with pytest.raises(GuardUnreadableError):
        guard.read(ORIGIN.replace("2026", "2027"))


def _advance_many(notes: list[bytes], start) -> None:
    start.wait()
    for one in notes:
        guard.advance([(ORIGIN, one)])


def test_processes_at_once_end_at_the_highest_head(keyring):
    notes = [note(size, keyring) for size in range(1, 61)]
    context = multiprocessing.get_context("fork")
    start = context.Event()
    workers = [context.Process(target=_advance_many, args=(notes[n::3], start)) for n in range(3)]
    for worker in workers:
        worker.start()
    start.set()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert guard.read(ORIGIN).size == 60


def roll_back(size: int) -> None:
    """Bring the database back to an earlier head, as an older copy has it."""
    log = Log.objects.get(origin=ORIGIN)
    from contraparte.protocol.tlog import leaf_hash

    edge = CompactRange()
    edge.extend(
        [leaf_hash(bytes(leaf.data)) for leaf in Leaf.objects.filter(log=log, index__lt=size).order_by("index")]
    )
    Leaf.objects.filter(log=log, index__gte=size).delete()
    Checkpoint.objects.filter(log=log, size__gt=size).delete()
    log.size, log.frontier = size, edge.to_bytes()
    log.note = Checkpoint.objects.get(log=log, size=size).note
    log.save()


@stored
def test_rows_taken_back_make_the_node_refuse_to_sign(log_entries):
    log_entries(3)
    log_entries(3)
    roll_back(4)
    with pytest.raises(LedgerRolledBackError) as refused:
        log_entries(1)
    assert refused.value.params == {"origin": ORIGIN, "database_size": 4, "known_size": 7}
    assert Log.objects.get().size == 4
    (incident,) = rounds.check_heads(now=NOW)
    assert incident.code == incidents.ROLLED_BACK
    assert rounds.check_heads(now=NOW) == [incident] and Incident.objects.count() == 1


@stored
def test_a_database_without_the_log_does_not_begin_it_anew(log_entries, entry):
    log_entries(3)
    for model in (Leaf, Checkpoint, Log):
        model.objects.all().delete()
    with pytest.raises(LedgerRolledBackError):
        log_entries(1)
    assert [incident.code for incident in rounds.check_heads(now=NOW)] == [incidents.ROLLED_BACK]


@stored
def test_a_guard_left_behind_by_a_crash_is_proven_and_advanced(log_entries, home: Path):
    log_entries(3)
    kept = guard._file(ORIGIN).read_bytes()
    log_entries(3)
    guard._file(ORIGIN).write_bytes(kept)
    assert rounds.check_heads(now=NOW) == []
    assert guard.read(ORIGIN).size == 7
    guard._file(ORIGIN).write_bytes(kept)
    actions._proven.clear()
    log_entries(1)
    assert guard.read(ORIGIN).size == 8


@stored
@pytest.mark.parametrize("proven_before", [False, True])
def test_a_history_the_guard_has_not_seen_is_a_fork(log_entries, proven_before):
    log_entries(3)
    kept = guard._file(ORIGIN).read_bytes()
    guard._file(ORIGIN).unlink()
    for model in (Leaf, Checkpoint, Log):
        model.objects.all().delete()
    log_entries(3)
    log_entries(3)
    guard._file(ORIGIN).write_bytes(kept)
    if proven_before:
        actions._proven.add((str(guard.folder()), ORIGIN))
    with pytest.raises(LedgerForkedError):
        log_entries(1)
    assert [incident.code for incident in rounds.check_heads(now=NOW)] == [incidents.FORKED]


@stored
def test_a_disk_that_refuses_the_guard_keeps_the_reply_back_and_loses_nothing(log_entries, entry, home: Path):
    log_entries(1)
    guard._file(ORIGIN).unlink()
    guard._file(ORIGIN).mkdir()
    with pytest.raises(OSError, match="directory"), transaction.atomic():
        Log.objects.all()
        guard.advance([(ORIGIN, bytes(Log.objects.get().note))])
    guard._file(ORIGIN).rmdir()
    log_entries(1)
    assert guard.read(ORIGIN).size == 3


@stored
def test_a_real_copy_of_the_database_put_back_refuses_to_sign(log_entries, tmp_path):
    """The file itself on SQLite; on PostgreSQL its tables, as a restore of a dump brings them back."""
    log_entries(2)
    if connection.vendor == "sqlite":
        copy = tmp_path / "backup.sqlite3"
        with sqlite3.connect(copy) as target:
            connection.connection.backup(target)
        target.close()
        log_entries(5)
        connection.close()
        with sqlite3.connect(copy) as source, sqlite3.connect(connection.settings_dict["NAME"]) as target:
            source.backup(target)
        source.close()
        target.close()
    else:
        names = ("ledger_log", "ledger_leaf", "ledger_checkpoint")
        with connection.cursor() as cursor:
            for name in names:
                cursor.execute(f"CREATE TABLE kept_{name} AS TABLE {name}")
        log_entries(5)
        with connection.cursor() as cursor:
            for name in reversed(names):
                cursor.execute(f"DELETE FROM {name}")
            for name in names:
                cursor.execute(f"INSERT INTO {name} SELECT * FROM kept_{name}")
                cursor.execute(f"DROP TABLE kept_{name}")
    assert Log.objects.get().size == 3
    with pytest.raises(LedgerRolledBackError):
        log_entries(1)
    assert [incident.code for incident in rounds.check_heads(now=NOW)] == [incidents.ROLLED_BACK]
