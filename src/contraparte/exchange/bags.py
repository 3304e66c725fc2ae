"""Writing a BagIt bag (RFC 8493) into a folder or a zip file, one file after the other.

Own, because it is three lists and the `bagit` package changes the working directory of the whole process, which a
server with threads cannot have; the tests hold what is written here to that package (ADR 0089).
"""

import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from contraparte.protocol.errors import PouchFileError

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


@dataclass
class Bag:
    """A bag in the making. `path` ends in .zip for an archive; it must not exist. What is not finished leaves nothing.

    `made` is the time that stands in the archive, so that the same content gives the same bytes.
    """

    path: Path
    made: datetime
    sizes: dict[str, tuple[int, str]] = field(default_factory=dict)
    _folder: Path | None = None
    _archive: zipfile.ZipFile | None = None
    _partial: Path = field(init=False)

    def __enter__(self) -> Self:
        if self.path.exists():
            raise PouchFileError(file=self.path.name)
        try:
            if self.path.suffix == ".zip":
                descriptor, name = tempfile.mkstemp(dir=self.path.parent, prefix=".package-")
                self._archive = zipfile.ZipFile(os.fdopen(descriptor, "wb"), "w", zipfile.ZIP_DEFLATED)
            else:
                name = tempfile.mkdtemp(dir=self.path.parent, prefix=".package-")
                self._folder = Path(name)
        except OSError as error:
            raise PouchFileError(file=self.path.name) from error
        self._partial = Path(name)
        return self

    def add(self, name: str, data: bytes) -> None:
        """One file of the payload, under `data/`."""
        self.sizes[f"data/{name}"] = (len(data), hashlib.sha256(data).hexdigest())
        self._write(f"data/{name}", data)

    def add_pieces(self, name: str, pieces: Iterable[bytes]) -> None:
        """One file of the payload of any size, written while it is read."""
        digest, size = hashlib.sha256(), 0
        with self._opened(f"data/{name}") as handle:
            for piece in pieces:
                digest.update(piece)
                size += len(piece)
                handle.write(piece)
        self.sizes[f"data/{name}"] = (size, digest.hexdigest())

    def finish(self, info: Mapping[str, str]) -> None:
        """The bag's own files, then its name."""
        told = {**info, "Payload-Oxum": f"{sum(size for size, _ in self.sizes.values())}.{len(self.sizes)}"}
        told["Bag-Software-Agent"] = "Contraparte"
        tags = {
            "bagit.txt": DECLARATION,
            "bag-info.txt": "".join(f"{name}: {value}\n" for name, value in told.items()).encode(),
            "manifest-sha256.txt": _manifest({name: sha256 for name, (_, sha256) in self.sizes.items()}),
        }
        tags["tagmanifest-sha256.txt"] = _manifest(
            {name: hashlib.sha256(data).hexdigest() for name, data in tags.items()}
        )
        for name, data in tags.items():
            self._write(name, data)
        if self._archive is not None:
            handle = self._archive.fp
            self._archive.close()
            if handle is not None:
                handle.close()
        self._partial.rename(self.path)

    def _write(self, name: str, data: bytes) -> None:
        if self._archive is not None:
            self._archive.writestr(self._entry(name, zipfile.ZIP_DEFLATED), data)
            return
        with self._opened(name) as handle:
            handle.write(data)

    def _opened(self, name: str) -> IO[bytes]:
        """A file of the bag to write into; in an archive it is stored as it is, for most large files are packed."""
        if self._archive is not None:
            return self._archive.open(self._entry(name, zipfile.ZIP_STORED), "w", force_zip64=True)
        assert self._folder is not None
        file = self._folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        return file.open("wb")

    def _entry(self, name: str, how: int) -> zipfile.ZipInfo:
        at = self.made.astimezone(UTC)
        entry = zipfile.ZipInfo(
            f"{self.path.stem}/{name}", (max(at.year, 1980), at.month, at.day, at.hour, at.minute, at.second)
        )
        entry.compress_type, entry.external_attr = how, 0o644 << 16
        return entry

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            return
        if self._archive is not None and (handle := self._archive.fp) is not None:
            self._archive.close()
            handle.close()
        if self._folder is not None:
            shutil.rmtree(self._partial, ignore_errors=True)
        else:
            self._partial.unlink(missing_ok=True)


def _manifest(hashes: Mapping[str, str]) -> bytes:
    return "".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes)).encode()
