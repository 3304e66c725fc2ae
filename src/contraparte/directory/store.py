"""Where directories lie in a node's home, and how files in it are replaced without ever being half there.

directory/<country>/pinned.root.json   the first root, handed over in person
directory/<country>/current            link to the metadata of the last trusted view (every root since the first)
directory/<country>/blobs/<sha256>     target files of every view there was; old ones stay for ever (P1.7)
directory/published/<country>/         what this node itself publishes: metadata/ and targets/
"""

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

_COUNTRY = re.compile(r"[a-z]{2}")
_METADATA = re.compile(r"(timestamp|[1-9][0-9]{0,8}\.(root|snapshot|targets))\.json")
_TARGET = re.compile(r"((accords|suspensions|lineage)/)?[0-9a-f]{64}\.[a-z0-9][a-z0-9-]{0,63}\.json")


def is_country(text: str) -> bool:
    """Whether `text` is a country code as this house writes it."""
    return _COUNTRY.fullmatch(text) is not None


def trusted_folder(country: str) -> Path:
    """The folder of a country this node trusts."""
    if not is_country(country):
        raise ValueError("a country is two small letters")
    base: Path = settings.HOME.folder("directory")
    folder = base / country
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def published_folder(country: str) -> Path:
    """The folder of the directory this node publishes for a country; it may not exist."""
    if not is_country(country):
        raise ValueError("a country is two small letters")
    base: Path = settings.HOME.folder("directory")
    return base / "published" / country


def published_file(folder: Path, kind: str, name: str) -> Path | None:
    """The file behind a public path, None unless the name is exactly of the form the publisher writes.

    `kind` is `metadata` or `targets`. Names are matched whole, so nothing can climb out of `folder`.
    """
    if not is_public_name(kind, name):
        return None
    file = folder / kind / name
    return file if file.is_file() else None


def is_public_name(kind: str, name: str) -> bool:
    """Whether the publisher writes files of that name into its folder `kind`."""
    pattern = {"metadata": _METADATA, "targets": _TARGET}.get(kind)
    return pattern is not None and pattern.fullmatch(name) is not None


def write_file(file: Path, data: bytes, mode: int = 0o644) -> None:
    """Put `data` in the place of `file` at once, and make it last before anything that builds on it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".new-")
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        beside.chmod(mode)
        beside.replace(file)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    _make_last(file.parent)


def _make_last(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold `folder` for this process: one refresh or one publication of a country at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def staging(country: str) -> Iterator[Path]:
    """A copy of the trusted metadata to try an update on; thrown away unless `make_current` takes it.

    The caller holds the folder (`alone`), so anything a killed process left lying there is nobody's.
    """
    folder = trusted_folder(country)
    in_use = (folder / "current").resolve()
    for left in (*folder.glob(".staging-*"), *folder.glob("view-*")):
        if left.resolve() != in_use:
            shutil.rmtree(left, ignore_errors=True)
    area = Path(tempfile.mkdtemp(dir=folder, prefix=".staging-"))
    try:
        current = folder / "current"
        if current.exists():
            shutil.copytree(current, area, symlinks=True, dirs_exist_ok=True)
        yield area
    finally:
        shutil.rmtree(area, ignore_errors=True)


def make_current(country: str, area: Path) -> None:
    """Make the staged metadata the trusted one, by replacing one link."""
    folder = trusted_folder(country)
    before = (folder / "current").resolve()
    view = Path(tempfile.mkdtemp(dir=folder, prefix="view-"))
    view.rmdir()
    area.rename(view)
    for file in view.rglob("*.json"):
        with file.open("rb") as handle:
            os.fsync(handle.fileno())
    link = folder / ".current-new"
    link.unlink(missing_ok=True)
    link.symlink_to(view.name)
    link.replace(folder / "current")
    _make_last(folder)
    if before.name.startswith("view-") and before.parent == folder.resolve():
        shutil.rmtree(before, ignore_errors=True)
