"""fsck finds and names each single change of a column made behind the product's back, and nothing where all is well."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection

from contraparte.ledger import actions, guard, incidents, registry, witness
from contraparte.ledger.fsck import check_ledger
from contraparte.ledger.mirror import mirror_round
from contraparte.ledger.models import Checkpoint, Cosignature, HeadSeen, Incident, Leaf, Log, Tile
from contraparte.ledger.registry import Finding
from contraparte.ledger.rounds import witness_round
from contraparte.ledger.rules.leaves import Direction, Kind
from contraparte.ledger.tiles import sync_tiles
from contraparte.ledger.witness import Request
from tests.ledger.conftest import NOW, SONORA, TRACING
from tests.ledger.peer import leaf

pytestmark = pytest.mark.django_db(transaction=True)
OURS = f"{SONORA}/{TRACING}/2026"
THEIRS = f"{TRACING}/{SONORA}/2026"


@pytest.fixture
def world(log_entries, entry, peer):
    """Two logs of three tiles each, cosigned, mirrored, with messages that crossed both ways, and last year's log."""
    log_entries(5, now=NOW.replace(year=2024))
    sent = [entry() for _ in range(3)]
    received = [entry(kind=Kind.MESSAGE_ACCEPTED, direction=Direction.IN) for _ in range(3)]
    log_entries(300)
    log_entries(200)
    from django.db import transaction

    with transaction.atomic():
        actions.append([*sent, *received], now=NOW)
    log_entries(270)
    peer.log()
    for message in sent:
        peer.accept(message.message_id, message.envelope_hash)
    for message in received:
        peer.add(
            leaf(
                Kind.MESSAGE_RELEASED,
                Direction.OUT,
                message_id=uuid.UUID(message.message_id).bytes,
                envelope_hash=message.envelope_hash,
            )
        )
    peer.add(*[leaf(Kind.MESSAGE_DELIVERED) for _ in range(600)])
    witness_round(OURS, peer, now=NOW)
    mirror_round(SONORA, TRACING, peer, now=NOW)
    answer = witness.add_checkpoint(Request(0, (), peer.heads[THEIRS]).to_bytes(), caller=TRACING, now=NOW)
    assert answer.status == 200
    for log in Log.objects.all():
        sync_tiles(log.pk)
    incidents.record(incidents.UNCOSIGNED, OURS, {"cosigned_size": 0}, now=NOW)
    return peer


def codes(report) -> set[str]:
    return {finding.code for finding in report.findings}


def test_a_sound_ledger_gives_no_finding_and_counts_what_it_saw(world):
    report = check_ledger()
    assert report.findings == []
    assert report.ok and report.first_bad_leaf is None
    assert report.logs == 3
    assert report.leaves == Leaf.objects.count() == 6 + 777 + 607
    assert report.checkpoints == Checkpoint.objects.count()
    assert report.tiles == Tile.objects.count() == 2 + 1 + 3 + 1
    assert report.matched == 6


def bent(value):
    """Another value of the same type, as near as can be."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, bytes | memoryview):
        data = bytearray(value)
        data[len(data) // 2] ^= 1
        return bytes(data)
    if isinstance(value, dict):
        return {**value, "more": 1}
    if isinstance(value, str):
        return value[:-1] + ("1" if value[-1] != "1" else "2")
    return value + timedelta(seconds=1)


LOG = ["origin", "agency", "peer", "year", "mine", "size", "frontier", "note", "closed"]
CHECKPOINT = ["size", "root", "note", "hashes"]


def leaf_row(origin: str, index: int):
    return lambda: Leaf.objects.filter(log__origin=origin, index=index)


def tile_row(origin: str, level: int, index: int):
    return lambda: Tile.objects.filter(log__origin=origin, level=level, index=index)


def checkpoint_row(origin: str, size: int):
    return lambda: Checkpoint.objects.filter(log__origin=origin, size=size)


ROWS = [
    ("log", lambda: Log.objects.filter(origin=OURS), LOG),
    ("closed log", lambda: Log.objects.filter(year=2024), ["year", "size", "frontier", "note", "closed"]),
    ("mirrored log", lambda: Log.objects.filter(origin=THEIRS), LOG),
    ("leaf", leaf_row(OURS, 260), ["data"]),
    ("leaf at the edge", leaf_row(OURS, 776), ["data", "index"]),
    ("first leaf", leaf_row(OURS, 0), ["data"]),
    ("mirrored leaf", leaf_row(THEIRS, 5), ["data"]),
    ("mirrored leaf at the edge", leaf_row(THEIRS, 606), ["data", "index"]),
    ("checkpoint", checkpoint_row(OURS, 301), CHECKPOINT),
    ("last checkpoint", checkpoint_row(OURS, 777), CHECKPOINT),
    ("mirrored checkpoint", checkpoint_row(THEIRS, 607), CHECKPOINT),
    ("tile", tile_row(OURS, 0, 1), ["data"]),
    ("last tile", tile_row(OURS, 0, 2), ["level", "index", "data"]),
    ("upper tile", tile_row(OURS, 1, 0), ["level", "index", "data"]),
    ("mirrored tile", tile_row(THEIRS, 0, 1), ["data"]),
    ("cosignature", Cosignature.objects.all, ["size", "witness", "line", "at"]),
    ("head seen", HeadSeen.objects.all, ["origin", "size", "root", "note"]),
    ("incident", Incident.objects.all, ["code", "origin", "agency", "evidence", "fingerprint"]),
]
COLUMNS = [pytest.param(rows, column, id=f"{name}-{column}") for name, rows, columns in ROWS for column in columns]


@pytest.mark.parametrize(("rows", "column"), COLUMNS)
def test_each_single_column_changed_is_found(world, rows, column):
    (value,) = rows().values_list(column, flat=True)
    assert rows().update(**{column: bent(value)}) == 1
    report = check_ledger()
    assert not report.ok


@pytest.mark.parametrize("index", [0, 1, 255, 256, 300, 301, 505, 506, 507, 511, 512, 776])
def test_the_one_changed_leaf_is_named_wherever_it_stands(world, index):
    row = Leaf.objects.filter(log__origin=OURS, index=index)
    data = bytearray(row.get().data)
    data[-1] ^= 1
    row.update(data=bytes(data))
    report = check_ledger()
    assert [(f.code, f.index) for f in report.findings if f.code == "leaf.changed"] == [("leaf.changed", index)]
    assert (report.first_bad_leaf.origin, report.first_bad_leaf.index) == (OURS, index)
    assert codes(report) == {"leaf.changed"}


@pytest.fixture
def long_logs(log_entries, peer):
    """More than one page of leaves in each log, with batches across the pages' edge."""
    for count in (5000, 5000, 300):
        log_entries(count)
    peer.add(*[leaf(Kind.MESSAGE_DELIVERED)] * 9000)
    mirror_round(SONORA, TRACING, peer, now=NOW)
    sync_tiles(Log.objects.get(origin=OURS).pk)
    return peer


def change(origin: str, index: int) -> None:
    row = Leaf.objects.filter(log__origin=origin, index=index)
    data = bytearray(row.get().data)
    data[-1] ^= 1
    row.update(data=bytes(data))


def test_a_log_of_several_pages_is_sound_and_each_changed_leaf_of_it_is_named(long_logs):
    report = check_ledger()
    assert report.ok and report.leaves == 10_301 + 9001
    for index in (4999, 6000, 8191, 8192, 10_300):
        change(OURS, index)
        assert [(f.code, f.index) for f in check_ledger().findings] == [("leaf.changed", index)]
        change(OURS, index)
    for index in (3, 8192, 9000):
        change(THEIRS, index)
        report = check_ledger()
        assert (report.first_bad_leaf.origin, report.first_bad_leaf.index) == (THEIRS, index)
        change(THEIRS, index)
    Checkpoint.objects.filter(log__origin=OURS, size=10_001).delete()
    assert not check_ledger().ok


def test_several_changed_leaves_are_each_named(world):
    for index in (700, 40, 41, 302):
        row = Leaf.objects.filter(log__origin=OURS, index=index)
        data = bytearray(row.get().data)
        data[-1] ^= 1
        row.update(data=bytes(data))
    report = check_ledger()
    assert [f.index for f in report.findings] == [40, 41, 302, 700]
    assert report.first_bad_leaf.index == 40


def test_a_changed_leaf_is_named_by_its_tile_when_the_checkpoint_was_changed_with_it(world):
    row = Leaf.objects.filter(log__origin=OURS, index=300)
    data = bytearray(row.get().data)
    data[-1] ^= 1
    row.update(data=bytes(data))
    Checkpoint.objects.filter(log__origin=OURS, size=301).update(hashes=b"")
    assert check_ledger().first_bad_leaf.index == 300


@pytest.mark.parametrize("index", [0, 100, 300, 776])
def test_a_missing_leaf_is_named(world, index):
    Leaf.objects.filter(log__origin=OURS, index=index).delete()
    report = check_ledger()
    assert (report.first_bad_leaf.code, report.first_bad_leaf.index) == ("leaf.missing", index)


def test_a_leaf_behind_the_head_is_named(world):
    last = Leaf.objects.get(log__origin=OURS, index=776)
    Leaf.objects.create(log=last.log, index=777, data=last.data)
    report = check_ledger()
    assert (report.first_bad_leaf.code, report.first_bad_leaf.index) == ("leaf.beyond_head", 777)


def test_two_leaves_exchanged_are_both_named(world):
    rows = Leaf.objects.filter(log__origin=OURS, index__in=(302, 303)).order_by("index")
    one, other = (bytes(row.data) for row in rows)
    Leaf.objects.filter(log__origin=OURS, index=302).update(data=other)
    Leaf.objects.filter(log__origin=OURS, index=303).update(data=one)
    assert [f.index for f in check_ledger().findings if f.code == "leaf.changed"] == [302, 303]


@pytest.mark.parametrize("model", [Tile, Checkpoint])
def test_a_missing_row_in_the_middle_is_found(world, model):
    if model is Tile:
        model.objects.filter(log__origin=OURS, level=0, index=1).delete()
    else:
        model.objects.filter(log__origin=OURS, size=501).delete()
    assert not check_ledger().ok


def test_a_guard_that_holds_more_or_another_history_is_found(world, keyring):
    from contraparte.ledger import heads

    guard.advance([(OURS, heads.sign_head(OURS, 900, bytes(32)))])
    assert "guard.above" in codes(check_ledger())
    guard._file(OURS).unlink()
    guard.advance([(OURS, heads.sign_head(OURS, 501, bytes(32)))])
    assert "guard.forked" in codes(check_ledger())
    guard._file(OURS).write_bytes(b"x" * 8192)
    assert "guard.unreadable" in codes(check_ledger())


def test_a_guard_of_a_log_the_database_has_lost_is_found(world, keyring):
    from contraparte.ledger import heads

    guard.advance([(OURS.replace("2026", "2024"), heads.sign_head(OURS.replace("2026", "2024"), 9, bytes(32)))])
    assert "guard.above" in codes(check_ledger())


def test_a_changed_witness_store_is_found(world):
    for column, value in (("size", 5), ("root", bytes(32)), ("note", b"x"), ("line", "x"), ("at", 5), ("origin", OURS)):
        with witness._store() as store:
            (before,) = store.execute(f"SELECT {column} FROM cosigned").fetchone()
            store.execute(f"UPDATE cosigned SET {column} = ?", [value])
        assert codes(check_ledger()) & {"witness.columns", "witness.invalid"}
        with witness._store() as store:
            store.execute(f"UPDATE cosigned SET {column} = ?", [before])
    assert check_ledger().ok


def test_a_peer_that_accepted_another_envelope_is_found(world, entry, log_entries):
    message_id = str(uuid.uuid4())
    log_entries(1, message_id=message_id, envelope_hash=bytes(32))
    world.accept(message_id, bytes([1]) * 32)
    mirror_round(SONORA, TRACING, world, now=NOW)
    (finding,) = check_ledger().findings
    assert (finding.code, finding.origin) == ("sides.envelope_differs", THEIRS)
    assert message_id in finding.detail


def test_a_peer_that_accepted_what_was_never_released_is_found(world):
    world.accept(str(uuid.uuid4()), bytes(32))
    mirror_round(SONORA, TRACING, world, now=NOW)
    assert codes(check_ledger()) == {"sides.never_released"}


def test_what_the_mirror_has_not_reached_yet_is_no_finding_but_what_it_passed_is(world, log_entries):
    log_entries(1, kind=Kind.MESSAGE_ACCEPTED, direction=Direction.IN)
    assert check_ledger().ok
    world.add(leaf(Kind.MESSAGE_DELIVERED, at=NOW + timedelta(hours=1)))
    mirror_round(SONORA, TRACING, world, now=NOW)
    assert codes(check_ledger()) == {"sides.never_released"}


def test_a_message_sealed_anew_is_matched_by_either_envelope(world, log_entries):
    message_id = str(uuid.uuid4())
    log_entries(1, message_id=message_id, envelope_hash=bytes(32))
    log_entries(1, message_id=message_id, envelope_hash=bytes([2]) * 32, kind=Kind.MESSAGE_RESEALED)
    world.accept(message_id, bytes([2]) * 32)
    mirror_round(SONORA, TRACING, world, now=NOW)
    report = check_ledger()
    assert report.ok and report.matched == 7


def test_what_other_rooms_registered_is_checked_too(world):
    registry.register_cross_check("test", lambda: [Finding("message.no_leaf", OURS, None, "of a test")])
    try:
        assert codes(check_ledger()) == {"message.no_leaf"}
    finally:
        registry._cross_checks.pop("test")


@pytest.mark.parametrize(
    ("table", "column", "code"),
    [
        ("ledger_leaf", "data", "leaf.type"),
        ("ledger_log", "note", "row.type"),
        ("ledger_log", "size", "row.type"),
        ("ledger_checkpoint", "root", "row.type"),
        ("ledger_tile", "data", "row.type"),
        ("ledger_cosignature", "line", "row.type"),
    ],
)
def test_a_value_of_another_type_is_found_where_the_database_lets_it_in(world, table, column, code):
    """SQLite keeps text where bytes belong; PostgreSQL refuses the change itself."""
    other = "x'00'" if column == "line" else "'text'"
    change = f"UPDATE {table} SET {column} = {other}"
    if connection.vendor == "postgresql":
        # Text that PostgreSQL takes for bytes arrives as bytes and is found like any other change.
        if column not in {"size", "line"}:
            with connection.cursor() as cursor:
                cursor.execute(change)
            assert not check_ledger().ok
        return
    with connection.cursor() as cursor:
        cursor.execute(change)
    report = check_ledger()
    assert code in codes(report)
    assert report.first_bad_leaf is not None or table != "ledger_leaf"


def test_a_log_whose_name_was_made_unreadable_is_found_and_the_others_are_still_checked(world):
    Log.objects.filter(origin=OURS).update(origin="nobody's")
    report = check_ledger()
    assert "log.columns" in codes(report) and report.leaves == 6 + 607


def test_the_check_changes_nothing(world):
    def everything():
        with connection.cursor() as cursor:
            found = []
            for name in ("log", "leaf", "checkpoint", "tile", "cosignature", "headseen", "incident"):
                cursor.execute(f"SELECT * FROM ledger_{name}")
                found.append(sorted(map(repr, cursor.fetchall())))
            return found

    before = everything()
    check_ledger()
    assert everything() == before
