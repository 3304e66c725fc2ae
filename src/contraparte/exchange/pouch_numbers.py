"""The book of pouches: which numbers this node has given and seen, one small file each in the home (P4.5, ADR 0088).

    HOME/pouches/out/<agency>/0000000007.json     made for the node of that agency: hash, receipts carried
    HOME/pouches/out/<agency>/0000000007.heard    its answer has been taken in
    HOME/pouches/in/<agency>/0000000007.answer    the answer to it, where it was taken in by a page
    HOME/pouches/in/<agency>/0000000007.json      taken in from the node of that agency: hash, predecessor

A number is taken by creating its file, which two processes cannot both do. Nothing here decides what a message is: a
lost book costs numbers, never a message.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from contraparte.protocol.ids import parse_agency_id

DIGITS = 16  # as many as a JSON number of the protocol may have
OUT, IN = "out", "in"


@dataclass(frozen=True, slots=True)
class Entry:
    """One numbered pouch: SHA-256 of the file, of the one it follows, and the receipts of ours it carried (row ids)."""

    number: int
    sha256: str
    previous: str = ""
    receipts: tuple[int, ...] = ()


def _folder(direction: str, agency: str) -> Path:
    parse_agency_id(agency)  # nothing that is no agency may become part of a path
    base: Path = settings.HOME.folder("pouches")
    return base / direction / agency


def _file(direction: str, agency: str, number: int) -> Path:
    return _folder(direction, agency) / f"{number:0{DIGITS}d}.json"


@contextmanager
def alone(direction: str, agency: str) -> Iterator[None]:
    """Hold one direction with one agency for this process."""
    folder = _folder(direction, agency)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def numbers(direction: str, agency: str) -> list[int]:
    """Every number in the book, ascending."""
    return sorted(int(file.stem) for file in _folder(direction, agency).glob("*.json"))


def entry(direction: str, agency: str, number: int) -> Entry | None:
    """The pouch of that number, None where there was none."""
    try:
        read: dict[str, Any] = json.loads(_file(direction, agency, number).read_bytes())
    except FileNotFoundError:
        return None
    return Entry(number, read["sha256"], read.get("previous", ""), tuple(read.get("receipts", ())))


def write(direction: str, agency: str, made: Entry) -> None:
    """Enter a pouch, and make it last. Raises FileExistsError where the number is taken."""
    told = {"sha256": made.sha256, "previous": made.previous, "receipts": list(made.receipts)}
    _create(_file(direction, agency, made.number), json.dumps(told).encode())


def note_heard(agency: str, number: int) -> bool:
    """Note that the pouch of that number was answered; False where that was noted before."""
    try:
        _create(_file(OUT, agency, number).with_suffix(".heard"), b"")
    except FileExistsError:
        return False
    return True


def unheard(agency: str) -> list[int]:
    """Numbers given to pouches that nobody has answered yet, ascending."""
    return [one for one in numbers(OUT, agency) if not _file(OUT, agency, one).with_suffix(".heard").exists()]


def answer_file(agency: str, number: int) -> Path:
    """Where the answer to a pouch is kept for whoever takes it along."""
    file = _file(IN, agency, number).with_suffix(".answer")
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return file


def gaps(known: list[int]) -> list[tuple[int, int]]:
    """First and last number of each run that is missing below the highest known one; `known` ascends."""
    found, expected = [], 1
    for number in known:
        if number > expected:
            found.append((expected, number - 1))
        expected = number + 1
    return found


def _create(file: Path, data: bytes) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.{os.getpid()}.new")
    with beside.open("wb") as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())
    try:
        os.link(beside, file)
    finally:
        beside.unlink()
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
