"""The guard: the last signed head of each log in a file of its own, outside the database and its backups (P5.2).

A database restored from an older copy does not know what it has signed since; the guard does, and then nothing is
signed any more (P5.4). What an attacker who owns this folder can do: remove a file, and so hide a roll-back from this
node alone. Peers hold the cosigned head and say so (`witness.compare_heads`).

A log's file has two slots of 4 KiB, each with a checkpoint note and its SHA-256. A new head overwrites the older slot
and one fdatasync makes it durable: half the cost of replacing a file, because neither name nor length changes
(docs/adr/0022). A torn write leaves the other slot. The file is locked while it is written, so several processes of
one machine never turn it back.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from contraparte.protocol.errors import GuardUnreadableError, LedgerForkedError, NoteMalformedError
from contraparte.protocol.notes import Checkpoint, Note

SLOT_BYTES: Final = 4096
_DIGEST_BYTES: Final = 32


class _Held(NamedTuple):
    head: Checkpoint
    note: bytes
    slot: int


def folder() -> Path:
    """HOME/guard, made on first use."""
    from django.conf import settings

    return Path(settings.HOME.folder("guard"))


def _file(origin: str) -> Path:
    # Neither slash nor dot-dot can come in: an origin is of agency ids and a year.
    return folder() / origin.replace("/", "~")


def _slot(note: bytes) -> bytes:
    body = len(note).to_bytes(4, "big") + note
    if len(body) > SLOT_BYTES - _DIGEST_BYTES:
        raise NoteMalformedError(field="guard", reason="too_long")
    body = body.ljust(SLOT_BYTES - _DIGEST_BYTES, b"\0")
    return body + hashlib.sha256(body).digest()


def _read_slot(data: bytes, slot: int, origin: str) -> _Held | None:
    raw = data[slot * SLOT_BYTES : (slot + 1) * SLOT_BYTES]
    body = raw[:-_DIGEST_BYTES]
    if len(raw) != SLOT_BYTES or hashlib.sha256(body).digest() != raw[-_DIGEST_BYTES:]:
        return None
    note = body[4 : 4 + int.from_bytes(body[:4], "big")]
    head = Checkpoint.parse(Note.parse(note).text)
    return _Held(head, note, slot) if head.origin == origin else None


def _latest(data: bytes, origin: str) -> _Held | None:
    """The greater of the whole slots; None for a file just made. Raises GuardUnreadableError."""
    whole = [held for slot in (0, 1) if (held := _read_slot(data, slot, origin))]
    if not whole and data.strip(b"\0"):
        raise GuardUnreadableError(origin=origin)
    return max(whole, key=lambda held: held.head.size, default=None)


def _read(origin: str) -> _Held | None:
    try:
        return _latest(_file(origin).read_bytes(), origin)
    except FileNotFoundError:
        return None


def read(origin: str) -> Checkpoint | None:
    """The head the guard holds for a log, or None. Raises GuardUnreadableError."""
    held = _read(origin)
    return held.head if held else None


def read_note(origin: str) -> bytes | None:
    """The signed note the guard holds for a log, or None. Raises GuardUnreadableError."""
    held = _read(origin)
    return held.note if held else None


def origins() -> list[str]:
    """Every log the guard holds a head of."""
    return sorted(file.name.replace("~", "/") for file in folder().iterdir())


def advance(notes: Iterable[tuple[str, bytes]]) -> None:
    """Hold these signed heads, given as (origin, note), and return only when they are on the disk.

    A smaller head than the one held is passed over: another process was faster. Raises LedgerForkedError for another
    root of the same size, OSError when the disk refuses.
    """
    for origin, note in notes:
        _advance(origin, note)


def _advance(origin: str, note: bytes) -> None:
    head = Checkpoint.parse(Note.parse(note).text)
    file = _file(origin)
    fresh = not file.exists()
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        held = _latest(os.pread(descriptor, 2 * SLOT_BYTES, 0), origin)
        if held is not None and held.head.size == head.size and held.head.root != head.root:
            raise LedgerForkedError(origin=origin, size=head.size)
        if held is not None and held.head.size >= head.size:
            return
        if fresh:
            os.ftruncate(descriptor, 2 * SLOT_BYTES)
        # One call: a file system that is full has said so at ftruncate or says so here, and the other slot stays.
        if os.pwrite(descriptor, _slot(note), (1 - held.slot) * SLOT_BYTES if held else 0) != SLOT_BYTES:
            raise OSError(f"the guard of {origin} could not be written whole")
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
    if fresh:
        _sync_folder()


def _sync_folder() -> None:
    descriptor = os.open(folder(), os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
