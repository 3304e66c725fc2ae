"""Telling the worker that there is something to do, without polling.

A worker listens on a datagram socket in the home's `run` folder (several workers: one socket each); whoever commits
work sends an empty datagram to each. A lost datagram costs at most `FALLBACK_S`, for the truth is in the tables.
"""

import contextlib
import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from django.conf import settings
from django.db import connection, transaction

#: Seconds after which a worker looks even if nobody has called: for work committed on another machine.
FALLBACK_S = 1.0
#: Bytes of a path in a socket's address, its closing NUL left out.
LONGEST_ADDRESS = 107


def _sockets() -> list[Path]:
    return sorted(settings.HOME.folder("run").glob("wake-*.sock"))


def wake_worker() -> None:
    """Call every worker of this home, after the running transaction commits."""
    if connection.in_atomic_block:
        # Robust: the work is committed, and whoever committed it must not hear of a bell that does not ring.
        transaction.on_commit(call_workers, robust=True)
    else:
        call_workers()


def call_workers() -> None:
    """Ring now."""
    for address in _sockets():
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as caller:
            caller.setblocking(False)
            try:
                with _address(address) as reachable:
                    caller.sendto(b"", reachable)
            except (ConnectionRefusedError, FileNotFoundError):
                address.unlink(missing_ok=True)  # a worker that was killed left its socket behind
            except OSError:
                continue  # its queue is full, so it is awake; or it cannot be reached, and looks by itself


@contextlib.contextmanager
def _address(path: Path) -> Iterator[str]:
    """A socket's address. It has room for 107 bytes (unix(7)): a longer path goes by way of its open folder."""
    if len(os.fsencode(path)) <= LONGEST_ADDRESS:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


class Bell:
    """What a worker waits on. `wait` returns at once when somebody has called since the last wait."""

    def __init__(self) -> None:
        self._path = settings.HOME.folder("run") / f"wake-{os.getpid()}-{secrets.token_hex(4)}.sock"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with _address(self._path) as address:
            self._socket.bind(address)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def wait(self, seconds: float) -> bool:
        """Wait for a call for at most `seconds`; True if one came. Calls that piled up count as one."""
        self._socket.settimeout(max(seconds, 0.001))
        try:
            self._socket.recv(1)
        except TimeoutError:
            return False
        self._socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self._socket.recv(1)
        return True
