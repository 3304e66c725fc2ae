"""One writer at a time, without polling and without deadlock: every write of the exchange goes through `writing()`.

SQLite makes a second writer sleep and retry; with several threads and processes that costs hundreds of
milliseconds at the tail. A lock in the process and one on a file in the home make writers queue instead.

PostgreSQL locks rows itself. But one transaction locks turns, then log heads, then turns again (a handler that
answers, and the next), another the same rows in another order; so whoever writes for an agency first takes that
agency's lock, several in the order of their names. Agencies of one node do not wait for each other.
"""

import fcntl
import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection, transaction

_in_process = threading.Lock()


@contextmanager
def writing(*agencies: str) -> Iterator[None]:
    """A transaction that waited for its turn. Inside a running transaction it is part of that one.

    `agencies` are those whose turns, logs or receipts will be written. A caller that locks rows of its own and then
    sends should name its agency here, first of all, else PostgreSQL may find a deadlock and undo one of the two.
    """
    if connection.vendor != "sqlite":
        with transaction.atomic():
            _lock_agencies(agencies)
            yield
    elif connection.in_atomic_block:
        with transaction.atomic():
            yield
    else:
        with _in_process, _file_lock(), transaction.atomic():
            yield


def _lock_agencies(agencies: tuple[str, ...]) -> None:
    """Advisory locks that end with the transaction; taking one twice is nothing."""
    names = sorted(set(agencies))
    if not names:
        return
    with connection.cursor() as cursor:
        # In a statement of its own for each, for PostgreSQL does not promise the order within one.
        for name in names:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_lock_number(name)])


def _lock_number(agency: str) -> int:
    """64 bits of a hash: two agencies with one number would only wait for each other."""
    return int.from_bytes(hashlib.sha256(f"contraparte:{agency}".encode()).digest()[:8], "big", signed=True)


@contextmanager
def _file_lock() -> Iterator[None]:
    # A descriptor per turn: flock belongs to the open file, so threads and processes both wait on it.
    descriptor = os.open(settings.HOME.folder("run") / "write.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
