"""A country's signed directory as files that travel by hand: the trusted view of this node, and taking one in (P4.5).

The files are those a publisher serves, under the same names, so that the other node runs its usual update on them: a
directory that came on a drive is trusted for its signatures like one that came over the network.
"""

import json
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from contraparte.directory import client, store
from contraparte.directory.models import Country
from contraparte.protocol.errors import ContraparteError

UNTRUSTED, NOT_NEWER, TAKEN = "untrusted", "not newer", "taken"


def trusted_countries() -> list[str]:
    """Countries of which this node holds verified metadata, in order."""
    ids = Country.objects.exclude(root_fingerprint="").order_by("pk").values_list("pk", flat=True)
    return [country for country in ids if (store.trusted_folder(country) / "current" / "timestamp.json").exists()]


def carried_files(country: str) -> Iterator[tuple[str, bytes]]:
    """Every file of the trusted view of a country: each root since the first, the metadata, the targets it names.

    Nothing for a country whose view this node has not from signed files.
    """
    current = store.trusted_folder(country) / "current"
    if not (current / "timestamp.json").exists():
        return
    for data in _roots(current):
        yield f"metadata/{_version(data)}.root.json", data
    for role in ("snapshot", "targets"):
        data = (current / f"{role}.json").read_bytes()
        yield f"metadata/{_version(data)}.{role}.json", data
    yield "metadata/timestamp.json", (current / "timestamp.json").read_bytes()
    yield from _targets(country, (current / "targets.json").read_bytes())


def _roots(current: Path) -> list[bytes]:
    """Every root kept, the first one first."""
    kept = [*(current / "root_history").glob("*.root.json"), current / "root.json"]
    by_version = {_version(data): data for data in (file.read_bytes() for file in kept)}
    return [by_version[version] for version in sorted(by_version)]


def _targets(country: str, metadata: bytes) -> Iterator[tuple[str, bytes]]:
    blobs = store.trusted_folder(country) / "blobs"
    for path, info in sorted(json.loads(metadata)["signed"]["targets"].items()):
        blob = blobs / str(info["hashes"].get("sha256"))
        if blob.is_file():  # others are kinds of file that this release does not read
            folder, _, name = path.rpartition("/")
            yield f"targets/{folder}{'/' if folder else ''}{blob.name}.{name}", blob.read_bytes()


def _version(data: bytes) -> int:
    return int(json.loads(data)["signed"]["version"])


def take_in(country: str, files: Iterable[tuple[str, bytes]], *, now: datetime) -> str:
    """Bring the view of a country up to date from carried files.

    Returns what came of it: `taken`, `not newer`, `untrusted` (no root of it is pinned here), or the code of the
    refusal; then nothing has changed but the recorded failure.
    """
    row = Country.objects.filter(pk=country).exclude(root_fingerprint="").first()
    if row is None:
        return UNTRUSTED
    with tempfile.TemporaryDirectory(prefix="contraparte-directory-") as name:
        folder = Path(name)
        for path, data in files:
            _lay(folder, path, data)
        if _is_not_newer(row, folder):
            return NOT_NEWER
        from contraparte.directory.fetching import FolderFetcher

        try:
            client.refresh(country, now=now, fetcher=FolderFetcher(folder))
        except ContraparteError as error:
            return error.code
    return TAKEN


def _lay(folder: Path, path: str, data: bytes) -> None:
    """Write a file where a publisher would have it; a name no publisher gives is left out."""
    kind, _, name = path.partition("/")
    if store.is_public_name(kind, name):
        file = folder / kind / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def _is_not_newer(row: Country, folder: Path) -> bool:
    """Whether the files claim no later state than this node knows: then they are an old pouch, and no attack.

    The claim is not verified, and need not be: it can only make this node leave things as they are.
    """
    try:
        timestamp: Any = json.loads((folder / "metadata" / "timestamp.json").read_bytes())
        claimed = int(timestamp["signed"]["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    roots = [int(file.name.partition(".")[0]) for file in (folder / "metadata").glob("*.root.json")]
    return claimed <= row.timestamp_version and max(roots, default=0) <= row.root_version
