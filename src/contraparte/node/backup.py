"""Backup and restore of a node: one file whose every part is named and hashed in a manifest.

    manifest.json          what this is, when and of which node; name, size and SHA-256 of every other part
    node.toml              the settings
    database/node.sqlite3  a consistent copy made by SQLite itself, while the node works
    database/<table>.copy  on PostgreSQL: the rows of each table, all read in one snapshot
    directory/…            trusted metadata and what this node publishes
    policies/…             policies of this node
    pouches/…              numbers of pouches carried by hand
    attachments/…          files of messages and drafts, sealed; their keys are in the database

Left out on purpose: `keys/` (a backup that holds them opens every message; `save_keys` writes them apart, for
another safe), `guard/` and `witness.sqlite3` (they exist to contradict an old copy, so they must not travel with it),
`books/` (indexes; made again from the lines), `arriving/` (files on their way, which come again), `run/`.

A restored copy therefore has no guard and signs nothing below what its peers have seen (P5.4).
"""

import contextlib
import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO

from contraparte.node.database_copy import PIECE, BackupDamagedError, copy_database, heads_in
from contraparte.node.founding import require_empty
from contraparte.node.home import CONFIG_NAME

FORMAT = "contraparte-backup/1"
MANIFEST = "manifest.json"
ATTACHMENTS = "attachments"
COPIED = ("directory", "directory-published", "policies", "pouches")
FOLDERS = (*COPIED, ATTACHMENTS)
KEY_FOLDER = "keys"
# The largest manifest read: some thousand parts; a larger one is not of this program.
MANIFEST_BYTES = 4_000_000
# Marks a home made from a copy, until its peers were asked how far it had signed.
RESTORED = "restored.json"


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a backup."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds and where it came from. `heads` are the sizes of the logs it knows."""

    node: str
    operator: str
    made_at: str
    vendor: str
    heads: dict[str, int]
    migrations: tuple[str, ...]
    parts: tuple[Part, ...]

    def to_bytes(self) -> bytes:
        """The manifest as written."""
        document = {
            "format": FORMAT, "node": self.node, "operator": self.operator, "made_at": self.made_at,
            "vendor": self.vendor, "heads": self.heads, "migrations": list(self.migrations),
            "parts": [{"name": part.name, "size": part.size, "sha256": part.sha256} for part in self.parts],
        }  # fmt: skip
        return json.dumps(document, indent=1, sort_keys=True).encode()

    @classmethod
    def parse(cls, data: bytes) -> "Manifest":
        """Read a manifest. Raises BackupDamagedError for anything that is not one."""
        try:
            document = json.loads(data)
            if document["format"] != FORMAT:
                raise BackupDamagedError(f"the format is {document['format']!r}, not {FORMAT!r}")
            parts = tuple(Part(_safe(row["name"]), int(row["size"]), str(row["sha256"])) for row in document["parts"])
            return cls(
                str(document["node"]), str(document["operator"]), str(document["made_at"]), str(document["vendor"]),
                {str(origin): int(size) for origin, size in document["heads"].items()},
                tuple(map(str, document["migrations"])), parts,
            )  # fmt: skip
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BackupDamagedError(f"the manifest cannot be read: {error}") from error


def _safe(name: str) -> str:
    """A name that stays below the home. Raises BackupDamagedError."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\\" in name or str(path) != name:
        raise BackupDamagedError(f"{name!r} is no name of a part")
    if path.parts[0] not in {"database", CONFIG_NAME, *FOLDERS}:
        raise BackupDamagedError(f"{name!r} is no part of a backup")
    return name


def back_up(target: Path, *, now: datetime) -> Manifest:
    """Write a backup of the open node to `target`, which must not exist; the node may go on working.

    The file appears under its name only when it is whole and on the disk.
    """
    from django.conf import settings
    from django.db import connection

    home: Path = settings.HOME.path
    if target.exists():
        raise FileExistsError(f"{target} exists; a backup never replaces another")
    with tempfile.TemporaryDirectory(prefix="backup-", dir=settings.HOME.folder("run")) as name:
        work = Path(name)
        copy_database(work / "database")
        parts = [(f"database/{file.name}", file) for file in sorted((work / "database").iterdir())]
        parts += [*_files(home), *_attachments(home, work)]
        manifest = Manifest(
            settings.NODE_NAME, settings.NODE_OPERATOR, now.isoformat(), connection.vendor, heads_in(work / "database"),
            _applied(), tuple(Part(part, file.stat().st_size, _hash(file)) for part, file in parts),
        )  # fmt: skip
        _write_tar(target, manifest.to_bytes(), parts)
    return manifest


def _files(home: Path) -> Iterator[tuple[str, Path]]:
    if (home / CONFIG_NAME).exists():
        yield CONFIG_NAME, home / CONFIG_NAME
    for folder in COPIED:
        for file in sorted((home / folder).rglob("*")) if (home / folder).is_dir() else []:
            if file.is_file() and not file.is_symlink():
                yield file.relative_to(home).as_posix(), file


def _attachments(home: Path, work: Path) -> Iterator[tuple[str, Path]]:
    """Sealed files under second names of their own: one taken out of a draft meanwhile does not break the backup."""
    (work / ATTACHMENTS).mkdir()
    for file in sorted((home / ATTACHMENTS).glob("*")) if (home / ATTACHMENTS).is_dir() else []:
        with contextlib.suppress(FileNotFoundError):
            os.link(file, work / ATTACHMENTS / file.name)
            yield f"{ATTACHMENTS}/{file.name}", work / ATTACHMENTS / file.name


def _write_tar(target: Path, manifest: bytes, parts: list[tuple[str, Path]]) -> None:
    """The manifest first, so that a reader knows what must follow."""
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with partial.open("xb") as handle:
            os.fchmod(handle.fileno(), 0o600)
            with tarfile.open(fileobj=handle, mode="w") as tar:
                _add(tar, MANIFEST, io.BytesIO(manifest), len(manifest))
                for name, file in parts:
                    with file.open("rb") as source:
                        _add(tar, name, source, file.stat().st_size)
            handle.flush()
            os.fsync(handle.fileno())
        os.link(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def _add(tar: tarfile.TarFile, name: str, source: IO[bytes], size: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    tar.addfile(entry, source)


def _hash(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _applied() -> tuple[str, ...]:
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    return tuple(sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations()))


# --- restoring ---


def verify(source: Path) -> Manifest:
    """Read a backup from end to end. Raises BackupDamagedError unless every part is there, whole and nothing else."""
    try:
        with tarfile.open(source, "r:") as tar:
            return _verify_parts(tar)
    except (tarfile.TarError, EOFError) as error:
        raise BackupDamagedError(f"{source} cannot be read to its end: {error}") from error


def _verify_parts(tar: tarfile.TarFile) -> Manifest:
    first = tar.next()
    if first is None or first.name != MANIFEST or first.size > MANIFEST_BYTES:
        raise BackupDamagedError("the file does not begin with a manifest")
    manifest = Manifest.parse(_open(tar, first).read())
    expected = list(manifest.parts)
    for entry in iter(tar.next, None):
        part = expected.pop(0) if expected else None
        if part is None or entry.name != part.name or not entry.isreg():
            raise BackupDamagedError(f"{entry.name!r} is not where the manifest has it")
        digest = hashlib.sha256()
        stream = _open(tar, entry)
        while piece := stream.read(PIECE):
            digest.update(piece)
        if entry.size != part.size or digest.hexdigest() != part.sha256:
            raise BackupDamagedError(f"{entry.name} is not what was backed up")
    if expected:
        raise BackupDamagedError(f"{expected[0].name} is missing")
    return manifest


def _open(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> IO[bytes]:
    stream = tar.extractfile(entry)
    if stream is None:
        raise BackupDamagedError(f"{entry.name!r} is no file")
    return stream


def restore(source: Path, home: Path, *, keys: Path | None = None, now: datetime) -> Manifest:
    """Make the node of a verified backup in `home`, which must be empty or absent; appears whole or not at all.

    `keys` is the file `save_keys` wrote; without it the node reads and receives nothing until its keys are put back.
    On PostgreSQL the caller then fills the empty database (`database_copy.load_tables`).
    Raises BackupDamagedError, HomeTakenError.
    """
    require_empty(home)
    manifest = verify(source)
    home.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{home.name}-", dir=home.parent))
    try:
        with tarfile.open(source, "r:") as tar:
            tar.next()
            for part in manifest.parts:
                entry = tar.next()
                if entry is None:
                    raise BackupDamagedError(f"{part.name} is missing")
                _extract(tar, entry, work / part.name)
        if manifest.vendor == "sqlite":
            (work / "database" / "node.sqlite3").rename(work / "node.sqlite3")
            (work / "database").rmdir()
        if keys is not None:
            load_keys(keys, work)
        document = {
            "from": source.name,
            "made_at": manifest.made_at,
            "restored_at": now.isoformat(),
            "heads": manifest.heads,
        }
        (work / RESTORED).write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", "utf-8")
        _sync(work)
        if home.exists():
            home.rmdir()
        work.rename(home)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    return manifest


def _extract(tar: tarfile.TarFile, entry: tarfile.TarInfo, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        shutil.copyfileobj(_open(tar, entry), handle, PIECE)
        handle.flush()
        os.fsync(handle.fileno())


def _sync(folder: Path) -> None:
    for path in (*(child for child in folder.rglob("*") if child.is_dir()), folder):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


# --- keys, apart ---


def save_keys(target: Path, home: Path) -> int:
    """Write the private keys to a file of their own, 0600; gives how many. Keep it where no backup lies."""
    files = sorted(file for file in (home / KEY_FOLDER).iterdir() if file.is_file())
    if target.exists():
        raise FileExistsError(f"{target} exists; nothing is replaced")
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        with tarfile.open(fileobj=handle, mode="w") as tar:
            for file in files:
                with file.open("rb") as source:
                    _add(tar, f"{KEY_FOLDER}/{file.name}", source, file.stat().st_size)
        handle.flush()
        os.fsync(handle.fileno())
    return len(files)


def load_keys(source: Path, home: Path) -> None:
    """Put keys saved apart into a home. Raises BackupDamagedError for anything in the file that is no key."""
    (home / KEY_FOLDER).mkdir(mode=0o700, exist_ok=True)
    try:
        with tarfile.open(source, "r:") as tar:
            for entry in iter(tar.next, None):
                path = PurePosixPath(entry.name)
                if not entry.isreg() or len(path.parts) != 2 or path.parts[0] != KEY_FOLDER or path.name in ("..", "."):
                    raise BackupDamagedError(f"{entry.name!r} is no key")
                _extract(tar, entry, home / KEY_FOLDER / path.name)
    except (tarfile.TarError, EOFError) as error:
        raise BackupDamagedError(f"{source} cannot be read to its end: {error}") from error
