"""The folders of sealed files: `attachments/` holds what is whole, `arriving/` what is not yet (P3.5).

Every file is ciphertext under a name that tells nothing; its key lies in the database. A file is written once, in
`arriving/`, and moves to `attachments/` when it is whole, on the disk, and known for what it is. A backup takes the
second folder alone: what was on its way comes again.
"""

import contextlib
import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from contraparte.protocol.errors import AttachmentLostError

KEPT, ARRIVING = "attachments", "arriving"
READ_BYTES = 1024 * 1024  # held in memory at a time
_NAME = re.compile(r"[0-9a-f]{32}")


def new_name() -> str:
    """A name for a file to come."""
    return secrets.token_hex(16)


def kept(name: str) -> Path:
    """Where a whole file lies."""
    return _below(KEPT, name)


def arriving(name: str) -> Path:
    """Where a file lies that is not whole yet."""
    return _below(ARRIVING, name)


def _below(folder: str, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise AttachmentLostError
    path: Path = settings.HOME.folder(folder) / name
    return path


def length_of(name: str) -> int:
    """Bytes of a file that is on its way; 0 before the first."""
    try:
        return arriving(name).stat().st_size
    except FileNotFoundError:
        return 0


def kept_bytes(name: str) -> int | None:
    """Bytes of a whole file; None where it is not there."""
    try:
        return kept(name).stat().st_size
    except FileNotFoundError:
        return None


def append(name: str, offset: int, piece: bytes, *, size: int) -> int:
    """Add a piece to a file on its way and return its length by then; nothing is written unless `offset` is its end.

    Two requests for one file wait for each other. What would go beyond `size` is not written.
    """
    descriptor = os.open(arriving(name), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "ab", buffering=0) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        length = os.fstat(handle.fileno()).st_size
        if length != offset or length + len(piece) > size:
            return length
        view = memoryview(piece)
        while view:
            view = view[handle.write(view) :]
        if length + len(piece) == size:
            os.fsync(handle.fileno())
        return length + len(piece)


def keep(name: str) -> None:
    """Move a whole file to where whole files lie; done twice it is done once."""
    if not kept(name).exists():
        # A link, then the other name away: a crash between leaves both, and neither is lost.
        os.link(arriving(name), kept(name))
    _flush(kept(name).parent)
    arriving(name).unlink(missing_ok=True)


def drop(name: str) -> None:
    """Remove a file wherever it lies; one that is not there is gone already."""
    if name:
        kept(name).unlink(missing_ok=True)
        arriving(name).unlink(missing_ok=True)


def read(path: Path, offset: int = 0) -> Iterator[bytes]:
    """The bytes of a file in pieces. AttachmentLostError where it is not there."""
    with open_file(path) as handle:
        os.lseek(handle, offset, os.SEEK_SET)
        while piece := os.read(handle, READ_BYTES):
            yield piece


def read_piece(name: str, offset: int, most: int) -> bytes:
    """Up to `most` bytes of a whole file from `offset`. AttachmentLostError."""
    with open_file(kept(name)) as handle:
        return os.pread(handle, most, offset)


@contextlib.contextmanager
def open_file(path: Path) -> Iterator[int]:
    """A descriptor for reading. AttachmentLostError where there is no such file."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        raise AttachmentLostError from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def room() -> int:
    """Free bytes where the files lie."""
    return shutil.disk_usage(settings.HOME.folder(ARRIVING)).free


def names_older_than(folder: str, before_s: float) -> list[str]:
    """Names in a folder whose file was last written before that moment (seconds since 1970)."""
    found = []
    with os.scandir(settings.HOME.folder(folder)) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                if _NAME.fullmatch(entry.name) and entry.stat().st_mtime < before_s:
                    found.append(entry.name)
    return found


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
