"""A package as path → bytes, from a folder or a zip file: for the commands that verify one, and nothing else here.

Files are read one at a time, each within its bound. Names that climb, links, repeated names and archives that unpack to
more than they say are refused before anything is judged.
"""

import hashlib
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from contraparte.protocol import limits
from contraparte.protocol.errors import BoundExceededError, PackageUnreadableError

READ_BYTES = 1024 * 1024  # held in memory at a time
_DAMAGED = (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError, ValueError)
"""What reading a damaged archive may raise."""


class Folder(Mapping[str, bytes]):
    """A bag that lies in a folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._names: list[str] = []
        for file in sorted(path.rglob("*")):
            if file.is_symlink() or not (file.is_file() or file.is_dir()):
                raise PackageUnreadableError(reason=f"not a plain file: {file.name}")
            if file.is_file():
                self._names.append(file.relative_to(path).as_posix())
        _check_count(len(self._names))

    def __getitem__(self, name: str) -> bytes:
        if name not in self._names:
            raise KeyError(name)
        with (self._path / name).open("rb") as handle:
            return _bounded(handle.read(limits.PACKAGE_FILE_BYTES + 1))

    def measure(self, name: str, most: int) -> tuple[int, str]:
        """Size and SHA-256 of a file, read in pieces up to `most` bytes."""
        with (self._path / name).open("rb") as handle:
            return _measured(handle, most)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Archive(Mapping[str, bytes]):
    """A bag in a zip file, in one folder of it (RFC 8493, 4.2)."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise PackageUnreadableError(reason="no zip file") from error
        names = [entry.filename for entry in self._zip.infolist() if not entry.is_dir()]
        _check_count(len(names))
        roots = {name.partition("/")[0] for name in names}
        if len(set(names)) != len(names) or len(roots) != 1 or any(_climbs(name) for name in names):
            raise PackageUnreadableError(reason="names in the zip file")
        (self._root,) = roots
        self._names = sorted(name.partition("/")[2] for name in names)

    def __getitem__(self, name: str) -> bytes:
        try:
            with self._zip.open(f"{self._root}/{name}") as handle:
                return _bounded(handle.read(limits.PACKAGE_FILE_BYTES + 1))
        except _DAMAGED as error:
            raise PackageUnreadableError(reason=f"{name}: {type(error).__name__}") from error

    def measure(self, name: str, most: int) -> tuple[int, str]:
        """Size and SHA-256 of a file, read in pieces up to `most` bytes."""
        try:
            with self._zip.open(f"{self._root}/{name}") as handle:
                return _measured(handle, most)
        except _DAMAGED as error:
            raise PackageUnreadableError(reason=f"{name}: {type(error).__name__}") from error

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def open_package(path: Path) -> Mapping[str, bytes]:
    """The files of a package, whichever way it was written. PackageUnreadableError."""
    return Folder(path) if path.is_dir() else Archive(path)


def _measured(handle: IO[bytes], most: int) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    while piece := handle.read(min(READ_BYTES, most - size)):
        digest.update(piece)
        size += len(piece)
    return size, digest.hexdigest()


def _climbs(name: str) -> bool:
    return "\\" in name or "\0" in name or any(step in {"", ".", ".."} for step in name.split("/"))


def _check_count(count: int) -> None:
    if count > limits.PACKAGE_FILES:
        raise BoundExceededError(what="package", limit=limits.PACKAGE_FILES, read=count)


def _bounded(data: bytes) -> bytes:
    if len(data) > limits.PACKAGE_FILE_BYTES:
        raise BoundExceededError(what="package file", limit=limits.PACKAGE_FILE_BYTES, read=len(data))
    return data
