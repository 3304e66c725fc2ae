"""Writing a BagIt bag (RFC 8493) into a folder or a zip file, one file after the other.

Own, because it is three lists and the `bagit` package changes the working directory of the whole process, which a
server with threads cannot have; the tests hold what is written here to that package (ADR 0089).
"""

import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

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
        if self._folder is not None:
            file = self._folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        elif self._archive is not None:
            at = self.made.astimezone(UTC)
            entry = zipfile.ZipInfo(
                f"{self.path.stem}/{name}", (max(at.year, 1980), at.month, at.day, at.hour, at.minute, at.second)
            )
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            self._archive.writestr(entry, data)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            return
        if self._folder is not None:
            shutil.rmtree(self._partial, ignore_errors=True)
        else:
            self._partial.unlink(missing_ok=True)


def _manifest(hashes: Mapping[str, str]) -> bytes:
    return "".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes)).encode()
