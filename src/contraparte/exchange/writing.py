"""One writer at a time on SQLite, without polling: every write of the exchange goes through `writing()`.

SQLite makes a second writer sleep and retry; with several threads and processes that costs hundreds of
milliseconds at the tail. A lock in the process and one on a file in the home make writers queue instead.
PostgreSQL locks rows itself, so there the context is a plain transaction.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection, transaction

_in_process = threading.Lock()


@contextmanager
def writing() -> Iterator[None]:
    """A transaction that waited for its turn. Inside a running transaction it is part of that one."""
    if connection.in_atomic_block or connection.vendor != "sqlite":
        with transaction.atomic():
            yield
        return
    with _in_process, _file_lock(), transaction.atomic():
        yield


@contextmanager
def _file_lock() -> Iterator[None]:
    # A descriptor per turn: flock belongs to the open file, so threads and processes both wait on it.
    descriptor = os.open(settings.HOME.folder("run") / "write.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
