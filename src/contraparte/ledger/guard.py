"""The guard: the last signed head of each log in a file of its own, outside the database and its backups (P5.2).

A database restored from an older copy does not know what it has signed since; the guard does, and then nothing is
signed any more (P5.4). What an attacker who owns this folder can do: remove a file, and so hide a roll-back from this
node alone. Peers hold the cosigned head and say so (`witness.compare_heads`).

The file of a log holds its checkpoint note. It is replaced in one step, file and folder are fsynced, it never goes
back, and a lock file makes that true for several processes of one machine.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from contraparte.protocol.errors import LedgerForkedError, NoteMalformedError
from contraparte.protocol.notes import Checkpoint, Note


def folder() -> Path:
    """HOME/guard, made on first use."""
    from django.conf import settings

    return Path(settings.HOME.folder("guard"))


def _file(origin: str) -> Path:
    # Neither slash nor dot-dot can come in: an origin is of agency ids and a year.
    return folder() / origin.replace("/", "~")


@contextmanager
def _locked() -> Iterator[None]:
    descriptor = os.open(folder() / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _parse(data: bytes, origin: str) -> Checkpoint:
    head = Checkpoint.parse(Note.parse(data).text)
    if head.origin != origin:
        raise NoteMalformedError(field="guard", reason="origin")
    return head


def read(origin: str) -> Checkpoint | None:
    """The head the guard holds for a log, or None. Raises NoteMalformedError for a file that is not whole."""
    try:
        data = _file(origin).read_bytes()
    except FileNotFoundError:
        return None
    return _parse(data, origin)


def read_note(origin: str) -> bytes | None:
    """The signed note the guard holds for a log, or None."""
    try:
        return _file(origin).read_bytes()
    except FileNotFoundError:
        return None


def origins() -> list[str]:
    """Every log the guard holds a head of."""
    return sorted(file.name.replace("~", "/") for file in folder().iterdir() if not file.name.startswith("."))


def advance(notes: Iterable[tuple[str, bytes]]) -> None:
    """Hold these signed heads, given as (origin, note), and return only when they are on the disk.

    A smaller head than the one held is passed over: another process was faster. Raises LedgerForkedError for another
    root of the same size, OSError when the disk refuses.
    """
    with _locked():
        for origin, note in notes:
            head, held = _parse(note, origin), read(origin)
            if held is not None and held.size == head.size and held.root != head.root:
                raise LedgerForkedError(origin=origin, size=head.size)
            if held is None or held.size < head.size:
                _replace(_file(origin), note)
        descriptor = os.open(folder(), os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _replace(file: Path, data: bytes) -> None:
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())
    fresh.replace(file)
