"""Jobs, worker, wake and lanes: what was acknowledged is processed, once, whoever dies on the way (invariant 4)."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from contraparte.directory import actions as directory_actions
from contraparte.exchange import actions, delivery, handling, jobs, registry, worker
from contraparte.exchange.models import Conversation, Job, Lane, Message, Outbox, Receipt
from contraparte.exchange.recording import HANDLE
from contraparte.exchange.wake import Bell, call_workers, wake_worker
from contraparte.exchange.writing import writing
from contraparte.node.home import Home
from contraparte.protocol.errors import DraftFieldError, LocalKeyMissingError, WorkerRunningError
from tests.exchange import small_world
from tests.exchange.small_world import CENTRE, FEDERAL, OPERATOR, SONORA, SmallWorld

MINUTE = timedelta(minutes=1)
PATIENCE_S = 60.0  # how long a test waits for an event that must come


def states(direction: str = "in") -> Counter[str]:
    return Counter(Message.objects.filter(direction=direction).values_list("state", flat=True))


def one_arrived(world: SmallWorld, count: int = 1) -> list[str]:
    """So many notes for the centre, each in a thread of its own, accepted and not yet handled."""
    threads = [world.conversation(FEDERAL, CENTRE) for _ in range(count)]
    sent = actions.send_all([world.note(f"{i}", thread) for i, thread in enumerate(threads)], now=timezone.now())
    world.deliver()
    return sent


# --- jobs ---


def test_jobs_of_a_key_are_claimed_one_by_one_in_their_order(desk_world: SmallWorld) -> None:
    now = timezone.now()
    for subject, key in ((1, "a"), (2, "a"), (3, "b"), (4, ""), (5, "")):
        jobs.enqueue("lane", subject, due=now, key=key)
    assert [job.subject for job in jobs.claim("lane", now=now, limit=9)] == [1, 3, 4, 5]
    assert jobs.claim("lane", now=now, limit=9) == []
    jobs.finish(list(Job.objects.filter(subject=1).values_list("pk", flat=True)))
    assert [job.subject for job in jobs.claim("lane", now=now, limit=9)] == [2]


def test_a_job_that_waits_lets_the_next_of_its_key_wait_behind_it(desk_world: SmallWorld) -> None:
    now = timezone.now()
    for subject, key in ((1, "a"), (2, "a"), (3, "b")):
        jobs.enqueue("lane", subject, due=now, key=key)
    first = jobs.claim("lane", now=now, limit=1)[0]
    soon = now + MINUTE / 2
    jobs.put_off(first.id, until=soon, code="later")
    assert [job.subject for job in jobs.claim("lane", now=now, limit=9)] == [3]
    assert [job.subject for job in jobs.claim("lane", now=soon, limit=9)] == [1]


def test_no_more_are_claimed_than_asked_for_however_the_database_plans(desk_world: SmallWorld) -> None:
    now = timezone.now()
    for subject in range(1, 6):
        jobs.enqueue("lane", subject, due=now, key=str(subject))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for plan in ("hashjoin", "mergejoin", "hashagg", "sort", "material"):
                cursor.execute(f"SET LOCAL enable_{plan} = off")
    assert [job.subject for job in jobs.claim("lane", now=now, limit=2)] == [1, 2]
    assert [job.subject for job in jobs.claim("lane", now=now, limit=2)] == [3, 4]


def test_an_expired_lease_is_claimed_again_and_the_slow_worker_finds_that_it_is(desk_world: SmallWorld) -> None:
    now = timezone.now()
    jobs.enqueue("lane", 1, due=now)
    slow = jobs.claim("lane", now=now, limit=1)
    assert jobs.claim("lane", now=now + jobs.LEASE - timedelta(seconds=1), limit=1) == []
    fast = jobs.claim("lane", now=now + jobs.LEASE, limit=1)
    assert [job.id for job in fast] == [job.id for job in slow]
    with writing():
        assert jobs.hold(slow) == [] and jobs.hold(fast) == fast


def test_a_room_above_has_its_jobs_run_and_run_again_when_they_break(
    desk_world: SmallWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []

    def run(subject: int, now: datetime) -> None:
        if subject == 13 and not done:
            raise ZeroDivisionError
        done.append(subject)

    monkeypatch.setattr(registry, "_job_kinds", {})
    registry.register_job("tests.lane", run)
    now = timezone.now()
    for subject in (13, 14):
        jobs.enqueue("tests.lane", subject, due=now)
    assert handling.run_jobs(now=now) == 2 and done == [14]
    assert Job.objects.get().code == "job.ZeroDivisionError"
    assert handling.run_jobs(now=now + timedelta(hours=1)) == 1 and done == [14, 13]
    assert not Job.objects.exists()


# --- handling ---


def test_a_handler_that_breaks_blocks_nobody_and_is_tried_again(world: SmallWorld) -> None:
    bad, *good = one_arrived(world, 5)
    broken = {"times": 2}

    def handle(arrived: registry.Arrived) -> None:
        if arrived.message.id == bad and broken["times"]:
            broken["times"] -= 1
            # what it wrote before it broke must be gone with it
            Conversation.objects.filter(pk=arrived.conversation.pk).update(close_code="half done")
            raise ZeroDivisionError
        small_world.handled.append(arrived)

    small_world.handler.append(handle)
    now = timezone.now()
    world.handle()
    assert {one.message.id for one in small_world.handled} == set(good)
    assert states() == {"handled": 4, "accepted": 1}
    assert not Conversation.objects.filter(close_code="half done").exists()
    world.handle(now + timedelta(hours=2))
    world.handle(now + timedelta(hours=4))
    assert states() == {"handled": 5} and len(small_world.handled) == 5


def test_what_breaks_every_time_is_shown_as_failed_and_can_be_tried_by_hand(world: SmallWorld) -> None:
    one_arrived(world)
    small_world.handler.append(lambda arrived: 1 / 0)  # type: ignore[arg-type, return-value]
    for tries in range(handling.TRIES):
        assert states() == {"accepted": 1}
        world.handle(timezone.now() + tries * timedelta(hours=2))
    row = Message.objects.get(direction="in")
    assert (row.state, row.code) == (Message.State.FAILED, "handler.ZeroDivisionError")
    assert not Job.objects.exists() and not Receipt.objects.filter(kind="delivered").exists()
    small_world.handler.pop()
    handling.retry_failed(row, now=timezone.now())
    handling.retry_failed(row, now=timezone.now())
    assert Job.objects.count() == 1
    world.handle()
    assert states() == {"handled": 1} and len(small_world.handled) == 1


def test_what_a_handler_refuses_is_failed_with_its_code_at_once(world: SmallWorld) -> None:
    one_arrived(world, 2)

    def refuse(arrived: registry.Arrived) -> None:
        raise DraftFieldError(field="text")

    small_world.handler.append(refuse)
    world.handle()
    assert set(Message.objects.filter(direction="in").values_list("state", "code")) == {("failed", "draft.field")}


def test_what_the_node_is_to_blame_for_waits_as_long_as_it_takes(world: SmallWorld) -> None:
    one_arrived(world)

    def without_key(arrived: registry.Arrived) -> None:
        raise LocalKeyMissingError(agency="us.ntc", purpose="message")

    small_world.handler.append(without_key)
    now = timezone.now()
    for hours in range(0, 4 * handling.TRIES, 2):
        world.handle(now + timedelta(hours=hours))
    assert states() == {"accepted": 1}
    small_world.handler.pop()
    world.handle(now + timedelta(days=9))
    assert states() == {"handled": 1}


def test_a_worker_killed_in_the_middle_of_a_handler_leaves_nothing_and_its_jobs_are_taken_over(
    world: SmallWorld, settings: Any
) -> None:
    one_arrived(world, 3)
    named = ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT")
    told = {
        "home": str(settings.HOME.path),
        "operator": OPERATOR,
        "database": {name: str(connection.settings_dict[name]) for name in named},
    }
    with subprocess.Popen(
        [sys.executable, "-m", "tests.exchange.worker_process", json.dumps(told)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "inside\n"
        assert Job.objects.filter(lease_until__isnull=False).count() == 3
        process.send_signal(signal.SIGKILL)
        assert process.wait(PATIENCE_S) == -signal.SIGKILL
    assert states() == {"accepted": 3}
    world.handle()
    assert small_world.handled == [], "a lease is a lease until it ends"
    world.handle(timezone.now() + jobs.LEASE)
    assert states() == {"handled": 3} and len(small_world.handled) == 3


def test_many_workers_handle_each_message_once(world: SmallWorld) -> None:
    sent = one_arrived(world, 24)
    lock, seen = threading.Lock(), Counter[str]()

    def handle(arrived: registry.Arrived) -> None:
        with lock:
            seen[arrived.message.id] += 1

    small_world.handler.append(handle)

    def work() -> None:
        while handling.handle_waiting(now=timezone.now(), limit=3):
            continue

    in_threads([work] * 4)
    world.handle()
    assert seen == Counter(sent) and states() == {"handled": 24}


def in_threads(targets: list[Callable[[], None]]) -> None:
    """Run all at once; what one of them raises is raised here."""
    barrier, raised = threading.Barrier(len(targets)), []

    def run(target: Callable[[], None]) -> None:
        try:
            barrier.wait(PATIENCE_S)
            target()
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(target,)) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert not any(thread.is_alive() for thread in threads)
    if raised:
        raise raised[0]


# --- the worker itself ---


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """No work by the clock, no network at start."""
    monkeypatch.setattr(registry, "_periodic", {})
    monkeypatch.setattr(worker, "check_at_start", lambda now: None)


class Running:
    """`worker.run` in a thread; left, it has stopped."""

    def __init__(self) -> None:
        self.stop, self.raised = threading.Event(), list[BaseException]()
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            worker.run(self.stop)
        except WorkerRunningError as error:
            self.raised.append(error)
        finally:
            connection.close()

    def __enter__(self) -> "Running":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        wake_worker()
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()


def test_a_running_worker_delivers_and_handles_what_is_committed(
    world: SmallWorld, quiet: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived, send = threading.Semaphore(0), world.wire.send
    monkeypatch.setattr(delivery, "deliver_once", partial(delivery.deliver_once, send=send))
    small_world.handler.append(lambda one: arrived.release())
    with Running() as running:
        for i in range(3):
            actions.send_all([world.note(f"{i}")], now=timezone.now())
        for _ in range(6):
            assert arrived.acquire(timeout=PATIENCE_S)
    assert running.raised == []
    world.settle()
    assert states() == {"handled": 6} and states("out") == {"sent": 6}
    assert not Lane.objects.exclude(owner="").exists(), "a worker that stops gives its lanes back"


def test_a_second_worker_is_refused_on_sqlite_and_welcome_on_postgresql(world: SmallWorld, quiet: None) -> None:
    with worker._only_worker():
        second = Running()
        second.stop.set()
        with second:
            second.thread.join(PATIENCE_S)
    assert bool(second.raised) == (connection.vendor == "sqlite")


def test_a_worker_on_sqlite_takes_up_at_once_what_a_dead_one_held(world: SmallWorld) -> None:
    one_arrived(world)
    jobs.claim(HANDLE, now=timezone.now(), limit=1)
    delivery.take_lane(OPERATOR, owner="dead", now=timezone.now())
    with worker._only_worker():
        freed = jobs.waiting(HANDLE, now=timezone.now()) and not Lane.objects.exclude(owner="").exists()
    assert freed == (connection.vendor == "sqlite"), "on PostgreSQL another may be alive, so leases must end"


def test_delivery_that_breaks_in_an_unforeseen_way_rests(
    world: SmallWorld, quiet: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, seen = [], threading.Event()

    def explode(*_: object) -> tuple[int, bytes]:
        calls.append(1)
        seen.set()
        raise ZeroDivisionError

    monkeypatch.setattr(delivery, "deliver_once", partial(delivery.deliver_once, send=explode))
    with Running():
        actions.send_all([world.note("x")], now=timezone.now())
        assert seen.wait(PATIENCE_S)
    lane = Lane.objects.get()
    assert lane.last_code == "delivery.ZeroDivisionError" and lane.resume_at is not None
    assert lane.failures == len(calls) <= 5 and states("out") == {"queued": 2}


def test_a_bell_rings_for_every_listener_and_not_after_it_is_gone(world: SmallWorld, settings: Any) -> None:
    with Bell() as first, Bell() as second:
        wake_worker()
        wake_worker()
        assert first.wait(PATIENCE_S) and second.wait(PATIENCE_S)
        assert not first.wait(0.001), "calls that piled up count as one"
    left_behind = settings.HOME.folder("run") / "wake-1-dead.sock"
    left_behind.touch()
    wake_worker()  # nobody listens, and nobody is told
    assert list(settings.HOME.folder("run").glob("wake-*")) == [left_behind] or not left_behind.exists()


def test_a_bell_rings_in_a_home_whose_path_is_longer_than_a_sockets_address(tmp_path: Path, settings: Any) -> None:
    deep = tmp_path / ("a" * 90) / ("b" * 90)
    deep.mkdir(parents=True)
    settings.HOME = Home(path=deep)
    with Bell() as bell:
        call_workers()
        assert bell.wait(PATIENCE_S)
    assert not list(settings.HOME.folder("run").glob("wake-*"))


def test_a_bell_rings_after_the_commit_and_not_before(world: SmallWorld) -> None:
    with Bell() as bell:
        with writing():
            wake_worker()
            assert not bell.wait(0.001)
        assert bell.wait(PATIENCE_S)


# --- lanes ---


def test_a_lane_rests_longer_after_each_failure_and_starts_afresh_after_an_answer(world: SmallWorld) -> None:
    actions.send_all([world.note("x")], now=timezone.now())
    now = timezone.now()
    world.wire.faults = ["failed"] * 12
    pauses = []
    for _ in range(12):
        assert delivery.take_lane(OPERATOR, owner="me", now=now)
        delivery.deliver_once(OPERATOR, now=now, clock=partial(next, repeat(now)), send=world.wire.send)
        delivery.leave_lane(OPERATOR, owner="me")
        lane = Lane.objects.get()
        assert lane.resume_at is not None and delivery.due_operators(now) == []
        pauses.append((lane.resume_at - now).total_seconds())
        now = lane.resume_at
        assert delivery.due_operators(now) == [OPERATOR]
    assert pauses[0] <= 0.5 and max(pauses) > 100 and pauses[-1] > pauses[0]
    world.deliver(now)
    lane.refresh_from_db()
    assert (lane.failures, lane.resume_at, lane.last_code) == (0, None, "") and states("out") == {"sent": 2}


def test_one_worker_at_a_time_holds_a_lane_and_a_lease_ends(world: SmallWorld) -> None:
    now = timezone.now()
    assert delivery.take_lane(OPERATOR, owner="one", now=now)
    assert not delivery.take_lane(OPERATOR, owner="two", now=now)
    assert delivery.keep_lane(OPERATOR, owner="one", now=now + delivery.RENEW)
    assert not delivery.take_lane(OPERATOR, owner="two", now=now + delivery.LEASE)
    assert delivery.take_lane(OPERATOR, owner="two", now=now + delivery.RENEW + delivery.LEASE)
    assert not delivery.keep_lane(OPERATOR, owner="one", now=now + delivery.LEASE)
    delivery.leave_lane(OPERATOR, owner="one")
    assert not delivery.take_lane(OPERATOR, owner="three", now=now + delivery.LEASE)


def test_receipts_owed_are_delivered_when_the_road_is_open_again(world: SmallWorld) -> None:
    one_arrived(world)
    world.handle()
    world.wire.faults = ["failed"]
    world.deliver()
    assert Receipt.objects.filter(kind="delivered", due__isnull=False).count() == 1
    assert delivery.due_operators(timezone.now() + MINUTE) == [OPERATOR]
    world.deliver()
    assert Receipt.objects.filter(kind="delivered", due__isnull=True).count() == 2


def test_a_peer_that_refuses_one_receipt_gets_the_others_and_all_messages(
    world: SmallWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = one_arrived(world, 9)
    world.handle()
    actions.send_all([world.note("after", world.conversation(FEDERAL, CENTRE))], now=timezone.now())
    send = world.wire.send

    def without_the_first(method: str, url: str, body: bytes, content_type: str) -> tuple[int, bytes]:
        if url.endswith("/peer/receipts") and first.encode() in body:
            return 400, b'{"code": "receipt.mismatch"}'
        return send(method, url, body, content_type)

    monkeypatch.setattr(world.wire, "send", without_the_first)
    world.deliver()
    assert states("out") == {"sent": 10}
    owed = Receipt.objects.get(kind="delivered", due__isnull=False)
    assert str(owed.uuid) == first
    monkeypatch.setattr(world.wire, "send", send)
    world.deliver(timezone.now() + delivery.REFUSED_AGAIN)
    assert not Receipt.objects.filter(kind="delivered", due__isnull=False).exists()


def test_one_envelope_a_peer_will_not_read_holds_up_no_other(
    world: SmallWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = [world.conversation(FEDERAL, CENTRE) for _ in range(9)]
    sent = actions.send_all([world.note(f"{i}", thread) for i, thread in enumerate(threads)], now=timezone.now())
    send = world.wire.send

    def without_the_fifth(method: str, url: str, body: bytes, content_type: str) -> tuple[int, bytes]:
        if url.endswith("/peer/messages") and sent[4].encode() in body:
            return 400, b'{"code": "batch.malformed"}'
        return send(method, url, body, content_type)

    monkeypatch.setattr(world.wire, "send", without_the_fifth)
    world.deliver()
    assert states("out") == {"sent": 8, "queued": 1}
    row = Outbox.objects.get()
    assert (str(row.message.uuid), row.code) == (sent[4], delivery.BATCH_REFUSED) and row.due > timezone.now() - MINUTE
    monkeypatch.setattr(world.wire, "send", send)
    world.deliver(timezone.now() + timedelta(hours=1))
    assert states("out") == {"sent": 9}


def test_a_peer_that_refuses_everything_rests(world: SmallWorld) -> None:
    one_arrived(world, 0)
    threads = [world.conversation(FEDERAL, CENTRE) for _ in range(20)]
    actions.send_all([world.note(f"{i}", thread) for i, thread in enumerate(threads)], now=timezone.now())
    asked = []

    def refuse(*args: Any) -> tuple[int, bytes]:
        asked.append(args)
        return 400, b"no"

    delivery.take_lane(OPERATOR, owner="me", now=timezone.now())
    assert not delivery.deliver_once(OPERATOR, now=timezone.now(), clock=timezone.now, send=refuse).more
    assert len(asked) < 40 and Lane.objects.get().failures == 1 and states("out") == {"queued": 20}


def test_a_suspended_accord_holds_what_is_queued_and_loses_nothing(world: SmallWorld) -> None:
    thread = world.conversation(FEDERAL, CENTRE)
    actions.send_all([world.note("before", thread)], now=timezone.now())
    directory_actions.suspend_accord("mx-us-traces", country="us", now=timezone.now())
    world.deliver()
    assert Outbox.objects.get().code == "accord.suspended"
    for country in ("us", "mx"):
        directory_actions.resume_accord("mx-us-traces", country=country, now=timezone.now())
    world.deliver(timezone.now() + timedelta(minutes=2))
    assert states("out") == {"sent": 1}


def test_who_sends_and_who_is_sent_to_on_one_node_do_not_mix(world: SmallWorld) -> None:
    one_arrived(world)
    world.settle()
    assert {(row.agency, row.direction) for row in Message.objects.all()} == {("mx.fgr", "out"), ("us.ntc", "in")}
    assert django_settings.NODE_OPERATOR == OPERATOR and SONORA not in {row.sender for row in Message.objects.all()}
