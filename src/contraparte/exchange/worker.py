"""The worker: handles what was accepted, delivers what was released, does what the clock asks.

Five loops, each in a thread of its own, woken by a call (`wake`) or by their own next due time:

    handle    accepted messages → features
    deliver   one turn per node that something is due to, several nodes at a time
    ship      bytes of files, beside the messages they belong to
    prove     files that are whole, compared with what was signed
    periodic  ledger rounds, directory refresh, clocks

SQLite knows one worker per node, held by a lock on a file; PostgreSQL any number.
"""

import fcntl
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from django.conf import settings
from django.db import close_old_connections, connection
from django.utils import timezone

from contraparte.exchange import arriving, delivery, handling, jobs, registry, shipping
from contraparte.exchange.rounds import check_at_start
from contraparte.exchange.wake import FALLBACK_S, Bell
from contraparte.protocol.errors import WorkerRunningError

log = logging.getLogger(__name__)

DELIVERIES_AT_ONCE = 4


def run(stop: threading.Event) -> None:
    """Work until `stop` is set, then finish what is under way. Raises WorkerRunningError for a second one on SQLite."""
    with _only_worker(), Bell() as bell:
        called = [threading.Event() for _ in range(4)]
        deliveries = _Deliveries(called[1], stop)
        loops = [
            threading.Thread(target=_loop, args=(stop, called[0], _handle), name="handle"),
            threading.Thread(target=_loop, args=(stop, called[1], deliveries.start), name="deliver"),
            threading.Thread(target=_loop, args=(stop, called[2], _ship), name="ship"),
            threading.Thread(target=_loop, args=(stop, called[3], _prove), name="prove"),
            threading.Thread(target=_periodic, args=(stop,), name="periodic"),
        ]
        for loop in loops:
            loop.start()
        while not stop.is_set():
            if bell.wait(FALLBACK_S):
                for event in called:
                    event.set()
        for event in called:
            event.set()
        for loop in loops:
            loop.join()
        # Before the lock on the home is given back: what is under way is this worker's.
        deliveries.close()


def run_until_idle(limit: int = 10_000) -> int:
    """Handle and deliver in this thread until nothing is due; returns the turns. For tests and for cut-off nodes."""
    deliveries = _Deliveries(threading.Event(), threading.Event())
    try:
        for turn in range(limit):
            handled = _handle()
            delivered = deliveries.take_all()
            moved = _prove() + _ship()
            if not handled and not delivered and not moved:
                return turn
    finally:
        deliveries.close()
    return limit


@contextmanager
def _only_worker() -> Iterator[None]:
    if connection.vendor != "sqlite":
        yield
        return
    descriptor = os.open(settings.HOME.folder("run") / "worker.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WorkerRunningError(home=str(settings.HOME.path)) from None
        # Whoever held a lease is gone, or it would hold the lock: what was under way may be taken up at once.
        delivery.forget_leases()
        jobs.forget_leases()
        shipping.forget_leases()
        yield
    finally:
        os.close(descriptor)


def _loop(stop: threading.Event, called: threading.Event, turn: Callable[[], bool]) -> None:
    """Take turns while there is something to do; then wait for a call, or look again after a while."""
    while not stop.is_set():
        called.clear()
        try:
            busy = turn()
        except Exception:
            log.exception("a turn of %s failed", threading.current_thread().name)
            busy = False
        if not busy:
            close_old_connections()
            called.wait(FALLBACK_S)
    connection.close()


def _handle() -> bool:
    now = timezone.now()
    return bool(handling.handle_waiting(now=now) + handling.run_jobs(now=now))


def _ship() -> bool:
    return shipping.ship_once(clock=timezone.now)


def _prove() -> bool:
    return bool(arriving.prove_whole())


class _Deliveries:
    """Turns at the lanes of all nodes that something is due to, several at a time."""

    def __init__(self, called: threading.Event, stop: threading.Event) -> None:
        # Not the process id alone: two machines may bear one name, and two runs of one process must not share a lane.
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._called = called
        self._stop = stop
        self._pool = ThreadPoolExecutor(DELIVERIES_AT_ONCE, thread_name_prefix="deliver")
        self._busy: set[str] = set()
        self._lock = threading.Lock()

    def start(self) -> bool:
        """Start a turn for every free lane, in the pool. Never busy itself: each turn calls when it ends."""
        for name in delivery.due_operators(timezone.now()):
            with self._lock:
                if name in self._busy:
                    continue
                self._busy.add(name)
            self._pool.submit(self._turn_in_pool, name)
        return False

    def take_all(self) -> bool:
        """Take a turn at every free lane here and now; whether anything was sent."""
        # Every lane gets its turn, so no short cut at the first that was busy.
        return sum(self._turn(name) for name in delivery.due_operators(timezone.now())) > 0

    def close(self) -> None:
        """Wait for the turns under way; those not begun are dropped, their rows stay due."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _turn_in_pool(self, operator: str) -> None:
        try:
            self._turn(operator)
        except Exception as error:
            log.exception("delivery to %s failed", operator)
            self._rest_after(operator, error)
        finally:
            close_old_connections()
            with self._lock:
                self._busy.discard(operator)
            self._called.set()

    def _rest_after(self, operator: str, error: Exception) -> None:
        """What nobody foresaw must not be tried again at full speed."""
        try:
            delivery.rest(operator, f"delivery.{type(error).__name__}"[:80], timezone.now())
        except Exception:
            log.exception("the lane to %s cannot rest", operator)
            self._stop.wait(FALLBACK_S)

    def _turn(self, operator: str) -> bool:
        if not delivery.take_lane(operator, owner=self._owner, now=timezone.now()):
            return False
        sent = False
        try:
            while not self._stop.is_set() and delivery.keep_lane(operator, owner=self._owner, now=timezone.now()):
                if not delivery.deliver_once(operator, now=timezone.now(), clock=timezone.now).more:
                    break
                sent = True
        finally:
            delivery.leave_lane(operator, owner=self._owner)
        return sent


def _periodic(stop: threading.Event) -> None:
    due: dict[str, float] = {}
    try:
        check_at_start(now=timezone.now())
    except Exception:
        log.exception("the heads could not be checked at start")
    pause_s = 0.0
    while not stop.wait(max(pause_s, 0.0)):
        for name, (every_s, work) in registry.periodic().items():
            if stop.is_set() or time.monotonic() < due.get(name, 0.0):
                continue
            try:
                work(timezone.now())
            except Exception:
                log.exception("periodic work %s failed", name)
            due[name] = time.monotonic() + every_s
        close_old_connections()
        pause_s = min(due.values(), default=time.monotonic() + FALLBACK_S) - time.monotonic()
    connection.close()
