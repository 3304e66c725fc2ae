"""Appending: indices without gaps, one signature for each log and batch, the year, and what a rollback leaves."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from contraparte.ledger import guard
from contraparte.ledger.actions import append, opening_reference
from contraparte.ledger.heads import read_head
from contraparte.ledger.models import Checkpoint, Leaf, Log
from contraparte.ledger.rules.leaves import Direction, Kind, parse_leaf
from contraparte.protocol.errors import LeafInvalidError, LocalKeyMissingError
from contraparte.protocol.tlog import CompactRange, leaf_hash, root_of
from tests.ledger.conftest import NOW, SONORA, TRACING

pytestmark = pytest.mark.django_db(transaction=True)
ORIGIN = "mx.fge-son/us.ntc/2026"


def logged(entries, now=NOW):
    with transaction.atomic():
        return append(entries, now=now)


def test_the_first_batch_opens_the_log_and_stands_behind_its_opening_leaf(keyring, entry):
    appended = logged([entry(), entry()])
    assert [(a.origin, a.index) for a in appended] == [(ORIGIN, 1), (ORIGIN, 2)]
    leaves = [parse_leaf(bytes(leaf.data)) for leaf in Leaf.objects.order_by("index")]
    assert [leaf.kind for leaf in leaves] == [Kind.LOG_OPENED, Kind.MESSAGE_RELEASED, Kind.MESSAGE_RELEASED]
    assert leaves[0].references == ()


def test_head_frontier_checkpoint_and_leaves_tell_the_same_root(keyring, entry):
    for count in (1, 3, 7):
        appended = logged([entry() for _ in range(count)])
    log = Log.objects.get()
    hashes = [leaf_hash(bytes(leaf.data)) for leaf in Leaf.objects.order_by("index")]
    assert log.size == len(hashes) == 12
    head, _ = read_head(ORIGIN, bytes(log.note))
    assert head.root == root_of(hashes) == CompactRange.from_bytes(bytes(log.frontier)).root()
    assert hashes[appended[-1].index] == appended[-1].leaf_hash
    assert [c.size for c in Checkpoint.objects.order_by("size")] == [2, 5, 12]


def test_one_signature_is_made_for_each_log_of_a_batch(keyring, entry):
    signed = []
    key = keyring.private[SONORA, "log"]

    class Counting:
        def sign(self, data: bytes) -> bytes:
            signed.append(data)
            return key.sign(data)

        public = key.public

    keyring.private[SONORA, "log"] = Counting()
    appended = logged([entry(peer=peer) for peer in (TRACING, "us.atf", TRACING, "us.atf", TRACING)])
    assert len(signed) == 2
    assert [a.index for a in appended] == [1, 1, 2, 2, 3]
    assert [a.origin for a in appended[:2]] == [ORIGIN, "mx.fge-son/us.atf/2026"]


def test_a_rolled_back_transaction_leaves_no_leaf_no_head_and_no_guard(keyring, entry, home):
    with pytest.raises(RuntimeError), transaction.atomic():
        append([entry()], now=NOW)
        raise RuntimeError
    assert not Log.objects.exists() and not Leaf.objects.exists()
    assert guard.read(ORIGIN) is None


def test_the_guard_holds_the_committed_head(keyring, entry):
    logged([entry()])
    assert (guard.read(ORIGIN).size, guard.read_note(ORIGIN)) == (2, bytes(Log.objects.get().note))


def test_appending_outside_a_transaction_is_refused(keyring, entry):
    with pytest.raises(transaction.TransactionManagementError):
        append([entry()], now=NOW)


def test_two_batches_of_one_transaction_follow_each_other(keyring, entry):
    with transaction.atomic():
        append([entry()], now=NOW)
        second = append([entry()], now=NOW)
    assert second[0].index == 2
    assert guard.read(ORIGIN).size == 3


def test_a_new_year_opens_a_log_that_cites_the_final_head_of_the_old_one(keyring, entry):
    logged([entry()], datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC))
    final = bytes(Log.objects.get(year=2026).note)
    appended = logged([entry()], datetime(2027, 1, 1, tzinfo=UTC))
    assert (appended[0].origin, appended[0].index) == ("mx.fge-son/us.ntc/2027", 1)
    opening = parse_leaf(bytes(Leaf.objects.get(log__year=2027, index=0).data))
    assert opening.references == (opening_reference(final),)
    assert Log.objects.get(year=2026).closed


def test_a_clock_behind_the_new_year_does_not_reopen_the_old_log(keyring, entry):
    logged([entry()], datetime(2026, 12, 31, tzinfo=UTC))
    logged([entry()], datetime(2027, 1, 1, tzinfo=UTC))
    assert logged([entry()], datetime(2026, 12, 31, 23, tzinfo=UTC))[0].origin.endswith("/2027")


def test_the_year_is_the_one_of_the_append_in_utc(keyring, entry):
    west = datetime.fromisoformat("2026-12-31T18:00:00-07:00")
    assert logged([entry(at=NOW)], west)[0].origin.endswith("/2027")


@pytest.mark.parametrize(
    "told",
    [
        {"envelope_hash": b"short"},
        {"references": (bytes(32),) * 5},
        {"retention": "a retention class that is a text"},
        {"retention": "ñ"},
        {"message_id": "not an id"},
    ],
)
def test_what_does_not_fit_the_layout_is_refused_and_changes_nothing(keyring, entry, told):
    logged([entry()])
    with pytest.raises(LeafInvalidError):
        logged([entry(), entry(**told)])
    assert Log.objects.get().size == Leaf.objects.count() == 2


def test_the_longest_leaf_fits(keyring, entry):
    logged([entry(references=(bytes(32),) * 4, retention="r" * 16, direction=Direction.IN)])
    assert max(len(bytes(leaf.data)) for leaf in Leaf.objects.all()) <= 300


def test_an_agency_without_a_log_key_here_logs_nothing(keyring, entry):
    with pytest.raises(LocalKeyMissingError):
        logged([entry(agency="mx.stranger")])
    assert not Log.objects.exists()


def test_writers_at_once_leave_no_gap_and_no_double(keyring, entry):
    """max(index)+1 without the head's lock passes on SQLite and fails on PostgreSQL."""
    threads, batches, size = 6, 8, 5
    found, failures = [], []

    def write(number: int) -> None:
        peers = (TRACING, "us.atf") if number % 2 else ("us.atf", TRACING)
        try:
            for _ in range(batches):
                found.extend(logged([entry(peer=peers[n % 2]) for n in range(size)]))
        except Exception as error:  # noqa: BLE001 - whatever it is, the test must see it
            failures.append(error)
        finally:
            connection.close()

    running = [threading.Thread(target=write, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert not failures
    assert len({(a.origin, a.index) for a in found}) == threads * batches * size
    for log in Log.objects.all():
        indices = list(Leaf.objects.filter(log=log).order_by("index").values_list("index", flat=True))
        assert indices == list(range(log.size))
        assert guard.read(log.origin).size == log.size
        hashes = [leaf_hash(bytes(leaf.data)) for leaf in Leaf.objects.filter(log=log).order_by("index")]
        for checkpoint in Checkpoint.objects.filter(log=log):
            assert bytes(checkpoint.root) == root_of(hashes[: checkpoint.size])
