"""Trusting other directories: the first root by fingerprint, every later state by the TUF client workflow (P1.1, P1.7).

An update is tried on a copy. Only when all of it has verified (signatures, versions, expiry, every target file, every
shape, every new key) do the rows and the trusted files change; anything else leaves both as they were and is recorded.

    1 copy the trusted metadata      4 fetch the targets named, bounded, by hash
    2 python-tuf: root, timestamp,   5 read and check them as a register
      snapshot, targets              6 in one transaction: rows, then the link to the new metadata
    3 not below what the rows know
"""

import hashlib
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import transaction

from contraparte.directory import loading, publisher, store
from contraparte.directory.models import Alarm, Country
from contraparte.directory.rules.register import (
    ACCORDS,
    AGENCIES,
    KEYS,
    LINEAGE,
    LOGS,
    SUSPENSIONS,
    Register,
    check_address,
)
from contraparte.protocol import limits
from contraparte.protocol.errors import (
    ContraparteError,
    DirectoryRejectedError,
    DirectoryUnreachableError,
    DirectoryUntrustedError,
    RootFingerprintError,
)

if TYPE_CHECKING:
    from tuf.api.metadata import TargetFile
    from tuf.ngclient.fetcher import FetcherInterface

_log = logging.getLogger(__name__)
_PINNED = "pinned.root.json"
# What code raises that meets a value nobody thought of: such a directory is refused, and the others are read.
FAULTS_OF_READING = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def trust_root(country: str, root: bytes, fingerprint: str, *, url: str, now: datetime) -> Country:
    """Pin the first root of a country, if it is the one whose fingerprint was handed over in person (P1.7).

    `fingerprint`: 64 hex digits, blanks and colons do not count. `url`: the node that publishes it.
    Raises RootFingerprintError, AddressInsecureError, DirectoryRejectedError for a root that is not signed by its own
    threshold.
    """
    address = check_address(url.rstrip("/"))
    expected = fingerprint.lower().translate(str.maketrans("", "", " :\n\t"))
    read = publisher.fingerprint(root)
    if read != expected:
        raise RootFingerprintError(country=country, expected=expected[:64], read=read)
    _check_root(country, root)
    known = Country.objects.filter(pk=country).first()
    if known is not None and known.root_fingerprint not in {"", read}:
        raise RootFingerprintError(country=country, expected=known.root_fingerprint, read=read)
    store.write_file(store.trusted_folder(country) / _PINNED, root, mode=0o600)
    row, _ = Country.objects.update_or_create(
        pk=country, defaults={"url": address, "root_fingerprint": read, "refreshed_at": None}
    )
    return row


def refresh(country: str, *, now: datetime, fetcher: "FetcherInterface | None" = None) -> Country:
    """Bring one country's view up to date.

    Without `fetcher`: from the folder where this node publishes that country itself, else from the country's address.
    Raises DirectoryUntrustedError, DirectoryUnreachableError, DirectoryRejectedError; nothing has changed then but
    the recorded failure.
    """
    row = Country.objects.filter(pk=country).first()
    pinned = store.trusted_folder(country) / _PINNED
    if row is None or not pinned.exists():
        raise DirectoryUntrustedError(country=country)
    try:
        with store.alone(store.trusted_folder(country)), store.staging(country) as area:
            return _update(row, area, pinned.read_bytes(), fetcher or _default_fetcher(country), now)
    except DirectoryUnreachableError as error:
        _record(row, error, now, alarm=False)
        raise
    except ContraparteError as error:
        _record(row, error, now, alarm=True)
        raise
    except FAULTS_OF_READING as error:
        _log.exception("directory of %s", country)
        rejected = DirectoryRejectedError(country=country, reason=type(error).__name__)
        _record(row, rejected, now, alarm=True)
        raise rejected from error


def refresh_all(*, now: datetime) -> dict[str, ContraparteError | None]:
    """Refresh every trusted country; one that fails does not keep the others. For the worker's job."""
    outcome: dict[str, ContraparteError | None] = {}
    for country in Country.objects.exclude(root_fingerprint="").values_list("pk", flat=True):
        try:
            refresh(country, now=now)
            outcome[country] = None
        except ContraparteError as error:
            _log.warning("directory of %s: %s", country, error.code)
            outcome[country] = error
    return outcome


def _default_fetcher(country: str) -> "FetcherInterface":
    from contraparte.directory.fetching import FolderFetcher, HttpFetcher

    published = store.published_folder(country)
    return FolderFetcher(published) if (published / "metadata" / "timestamp.json").exists() else HttpFetcher()


def _update(row: Country, area: Path, pinned: bytes, fetcher: "FetcherInterface", now: datetime) -> Country:
    targets = verified_targets(row, area, pinned, fetcher, now)
    parts = {role: _signed(area / f"{role}.json") for role in ("root", "timestamp", "snapshot", "targets")}
    root, timestamp = parts["root"], parts["timestamp"]
    register = Register.parse(row.pk, targets)
    with transaction.atomic():
        seen = Country.objects.select_for_update().get(pk=row.pk)
        if root.version == seen.root_version and timestamp.version < seen.timestamp_version:
            # The files were lost or put back, or another machine was faster; the rows remember what was seen.
            # A new root may begin anew on purpose: that is how a country recovers from a stolen timestamp key.
            raise DirectoryRejectedError(country=row.pk, reason="older than what this node has seen")
        country = loading.load_register(
            register,
            now=now,
            root_vouches=_root_vouches(root),
            root_version=root.version,
            timestamp_version=timestamp.version,
            targets_version=parts["targets"].version,
            expires_at=min(part.expires for part in parts.values()),
        )
        store.make_current(row.pk, area)
    return country


def verified_targets(
    row: Country, area: Path, pinned: bytes, fetcher: "FetcherInterface", now: datetime
) -> dict[str, bytes]:
    """Run the TUF client workflow on `area` and bring in the target files. Translates python-tuf's errors."""
    from tuf.api.exceptions import DownloadError, DownloadLengthMismatchError, RepositoryError
    from tuf.ngclient import Updater, UpdaterConfig

    base = f"{row.url}/directory/{row.pk}/"
    config = UpdaterConfig(
        snapshot_max_length=limits.DIRECTORY_METADATA_BYTES, targets_max_length=limits.DIRECTORY_METADATA_BYTES
    )
    try:
        updater = Updater(
            str(area), f"{base}metadata/", None, f"{base}targets/", fetcher=fetcher, config=config, bootstrap=pinned
        )
        # The house reads no clock in the middle of things: expiry is judged at the caller's `now`.
        updater._trusted_set.reference_time = now
        updater.refresh()
        infos = _wanted(row.pk, _signed(area / "targets.json").targets)
        return {path: _blob(row.pk, updater, info) for path, info in infos.items()}
    except DownloadLengthMismatchError as error:
        raise DirectoryRejectedError(country=row.pk, reason="a file is longer than it may be") from error
    except DownloadError as error:
        raise DirectoryUnreachableError(country=row.pk, url=row.url) from error
    except RepositoryError as error:
        raise DirectoryRejectedError(country=row.pk, reason=f"{type(error).__name__}: {error}"[:200]) from error


def _wanted(country: str, infos: dict[str, "TargetFile"]) -> dict[str, "TargetFile"]:
    """The targets this release reads; others are left where they are. Refuses too many, too long, without SHA-256."""
    wanted = {
        path: info
        for path, info in infos.items()
        if path in {AGENCIES, KEYS, LOGS} or path.startswith((ACCORDS, SUSPENSIONS, LINEAGE))
    }
    too_long = any(info.length > limits.DIRECTORY_TARGET_BYTES for info in wanted.values())
    whole = sum(info.length for info in wanted.values())
    if too_long or whole > limits.DIRECTORY_REFRESH_BYTES or len(wanted) > limits.DIRECTORY_TARGETS:
        raise DirectoryRejectedError(country=country, reason="more or longer target files than allowed")
    if any(list(info.hashes) != ["sha256"] for info in wanted.values()):
        raise DirectoryRejectedError(country=country, reason="a target file without SHA-256 alone")
    return wanted


def _blob(country: str, updater: Any, info: "TargetFile") -> bytes:
    """A verified target file, from the blobs kept before or from the publisher. Its name is its hash."""
    file = store.trusted_folder(country) / "blobs" / _hex(info.hashes["sha256"])
    if updater.find_cached_target(info, str(file)) is None:
        updater.download_target(info, str(file))
    data = file.read_bytes()
    info.verify_length_and_hashes(data)
    return data


def _hex(text: str) -> str:
    """A hash as a file name: hashed again unless it is plain hex, for it comes from somebody else's file."""
    plain = len(text) == 64 and all(letter in "0123456789abcdef" for letter in text)
    return text if plain else hashlib.sha256(text.encode()).hexdigest()


def version_of(file: Path) -> int:
    """The version of a metadata file."""
    return int(_signed(file).version)


def _signed(file: Path) -> Any:
    from tuf.api.metadata import Metadata

    return Metadata.from_bytes(file.read_bytes()).signed


def _check_root(country: str, data: bytes) -> None:
    from tuf.api.exceptions import RepositoryError
    from tuf.api.metadata import Metadata, Root

    try:
        root = Metadata[Root].from_bytes(data)
        if root.signed.type != "root":
            raise DirectoryRejectedError(country=country, reason="not a root file")
        root.signed.verify_delegate("root", root.signed_bytes, root.signatures)
    except RepositoryError as error:
        raise DirectoryRejectedError(country=country, reason=f"{type(error).__name__}"[:200]) from error


def _root_vouches(root: Any) -> Callable[[bytes, dict[str, str]], bool]:
    """Judge signatures of root keys over bytes by the root's own threshold (P1.5)."""
    from securesystemslib.exceptions import UnverifiedSignatureError
    from securesystemslib.signer import Signature

    def vouches(data: bytes, signatures: dict[str, str]) -> bool:
        role = root.roles["root"]
        good = 0
        for keyid in set(signatures) & set(role.keyids):
            try:
                root.keys[keyid].verify_signature(Signature(keyid, signatures[keyid]), data)
                good += 1
            except UnverifiedSignatureError:
                continue
        return bool(good >= role.threshold)

    return vouches


def _record(row: Country, error: ContraparteError, now: datetime, *, alarm: bool) -> None:
    """Keep why a refresh failed; people are alarmed once for each reason, not at every try."""
    text = str(error)[:300]
    before = Country.objects.filter(pk=row.pk).values_list("failure", flat=True).first()
    Country.objects.filter(pk=row.pk).update(failure=text)
    if alarm and before != text:
        Alarm.objects.create(country=row, code=error.code, subject=text[:200], at=now)
