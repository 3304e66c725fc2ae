"""Pouches as files: written part by part, read only after every byte was compared with the manifest (P4.5).

Memory holds one part at a time, whatever the size of the file. A file that is being written has another name until it
is whole; one that is there already is never written over.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from contraparte.protocol import pouch
from contraparte.protocol.errors import PouchDamagedError, PouchFileError, PouchMalformedError
from contraparte.protocol.pouch import Manifest, Part

PIECE_BYTES = 1024 * 1024

Progress = Callable[[int], None]
"""Told how many more bytes are done."""


def nobody(done: int) -> None:
    """The progress that nobody looks at."""


@dataclass
class Writer:
    """Collects the parts of a pouch beside the place where it will lie; what is not finished leaves nothing behind."""

    file: Path
    replace: bool = False
    parts: list[Part] = field(default_factory=list)
    _spool: IO[bytes] = field(init=False)

    def __enter__(self) -> Self:
        if self.file.exists() and not self.replace:
            raise PouchFileError(file=self.file.name)
        try:
            self._spool = tempfile.TemporaryFile(dir=self.file.parent, prefix=".pouch-")
        except OSError as error:
            raise PouchFileError(file=self.file.name) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._spool.close()

    def add(self, kind: str, data: bytes, count: int, country: str = "") -> None:
        """One more part."""
        self.parts.append(Part(kind, len(data), count, hashlib.sha256(data).digest(), country))
        self._spool.write(data)

    def prepare(self, head: bytes) -> tuple[Path, bytes]:
        """The whole file under another name, and its SHA-256. `head` is the sealed manifest of these parts."""
        digest = hashlib.sha256()
        descriptor, name = tempfile.mkstemp(dir=self.file.parent, prefix=".pouch-")
        beside = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as handle:
                handle.write(head)
                digest.update(head)
                self._spool.seek(0)
                while piece := self._spool.read(PIECE_BYTES):
                    handle.write(piece)
                    digest.update(piece)
                handle.flush()
                os.fsync(handle.fileno())
        except OSError:
            beside.unlink(missing_ok=True)
            raise
        return beside, digest.digest()

    def publish(self, beside: Path) -> None:
        """Give the prepared file its name."""
        try:
            if self.replace:
                beside.replace(self.file)
                return
            os.link(beside, self.file)
        except FileExistsError as error:
            raise PouchFileError(file=self.file.name) from error
        except OSError:  # a drive without links
            shutil.move(beside, self.file)
        finally:
            beside.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Opened:
    """A file whose bytes are those its manifest names. `token` is the signed manifest, unverified."""

    handle: IO[bytes]
    token: bytes
    manifest: Manifest
    sha256: bytes
    start: int

    def parts(self) -> Iterator[tuple[Part, bytes]]:
        """Each part in order, compared once more with its hash: the file may lie on a drive that lies."""
        self.handle.seek(self.start)
        for number, part in enumerate(self.manifest.parts, 1):
            data = self.handle.read(part.size)
            if hashlib.sha256(data).digest() != part.sha256:
                raise PouchDamagedError(part=number)
            yield part, data


@contextlib.contextmanager
def opened(file: Path, progress: Progress = nobody) -> Iterator[Opened]:
    """Read a file to its end and hold every byte to its manifest. PouchMalformedError, PouchDamagedError.

    `part` of a PouchDamagedError is the number of the part, 0 for bytes beyond the last.
    """
    try:
        handle = file.open("rb")
    except OSError as error:
        raise PouchMalformedError(reason="unreadable") from error
    with handle:
        whole = hashlib.sha256()
        prefix = handle.read(pouch.PREFIX_BYTES)
        length = pouch.manifest_length(prefix)
        token = handle.read(length)
        if len(token) != length:
            raise PouchMalformedError(reason="cut")
        manifest = pouch.peek_manifest(token)
        whole.update(prefix + token)
        for number, part in enumerate(manifest.parts, 1):
            _compare(handle, part, number, whole, progress)
        if handle.read(1):
            raise PouchDamagedError(part=0)
        yield Opened(handle, token, manifest, whole.digest(), pouch.PREFIX_BYTES + length)


def _compare(handle: IO[bytes], part: Part, number: int, whole: "hashlib._Hash", progress: Progress) -> None:
    digest, left = hashlib.sha256(), part.size
    while left:
        piece = handle.read(min(PIECE_BYTES, left))
        if not piece:
            raise PouchDamagedError(part=number)
        digest.update(piece)
        whole.update(piece)
        left -= len(piece)
        progress(len(piece))
    if digest.digest() != part.sha256:
        raise PouchDamagedError(part=number)
