"""Publishing one country's directory as a TUF repository (P1.1).

Root keys are offline: they lie in a folder the caller names (a drive in a safe; the demo's own folder) and are read
only to make a root. The three online roles sign with keys in the node's key folder. `timestamp.json` is written last:
until then a reader sees the directory as it was.

| role      | good for | renewed                                                                  |
|-----------|----------|--------------------------------------------------------------------------|
| root      | 365 days | by people, with the threshold of root keys                               |
| targets   | 90 days  | at each publication, else when a third of its time is left               |
| snapshot  | 30 days  | likewise                                                                 |
| timestamp | 7 days   | daily by a job; if it stops, every node in the world goes stale in a week |
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from contraparte.directory import keyfiles, store
from contraparte.directory.rules.register import KeyEntry, Register
from contraparte.directory.rules.succession import ROOT_PREFIX, vouching_bytes
from contraparte.protocol.errors import DirectoryRejectedError, DirectoryUntrustedError, LocalKeyMissingError

GOOD_FOR = {
    "root": timedelta(days=365),
    "targets": timedelta(days=90),
    "snapshot": timedelta(days=30),
    "timestamp": timedelta(days=7),
}
RENEW_TIMESTAMP_AFTER = timedelta(days=1)
ONLINE = ("targets", "snapshot", "timestamp")

Signer = Any  # securesystemslib's CryptoSigner, imported inside functions for its weight


@dataclass(frozen=True, slots=True)
class Published:
    """The state of a published directory: versions, and when the first of its parts expires."""

    country: str
    root_version: int
    targets_version: int
    timestamp_version: int
    expires_at: datetime


def create_directory(country: str, *, root_folder: Path, now: datetime, root_keys: int = 3, threshold: int = 2) -> str:
    """Make root and online keys and the first root of a country. Returns the root's fingerprint to hand over.

    Raises ValueError for a threshold above the number of keys or a directory that exists already.
    """
    from tuf.api.metadata import Metadata, Root

    if not 1 <= threshold <= root_keys:
        raise ValueError("the threshold lies between 1 and the number of root keys")
    folder = store.published_folder(country)
    with store.alone(folder):
        if (folder / "metadata" / "1.root.json").exists():
            raise ValueError(f"a directory of {country} is published here already")
        signers = [_make_key(root_folder / f"{country}-root-{number + 1}.pem") for number in range(root_keys)]
        root = Root(version=1, expires=_until(now, "root"), consistent_snapshot=True)
        for signer in signers:
            root.add_key(signer.public_key, "root")
        root.roles["root"].threshold = threshold
        for role in ONLINE:
            root.add_key(_make_key(_online_file(country, role)).public_key, role)
        data = _sign(Metadata(root), signers)
        store.write_file(folder / "metadata" / "1.root.json", data)
    return fingerprint(data)


def fingerprint(root: bytes) -> str:
    """SHA-256 of a root file, in hex: what two people compare when they meet (P1.7)."""
    return sha256(root).hexdigest()


def first_root(country: str) -> bytes:
    """The root others pin. Raises DirectoryUntrustedError where nothing is published here."""
    file = store.published_folder(country) / "metadata" / "1.root.json"
    if not file.exists():
        raise DirectoryUntrustedError(country=country)
    return file.read_bytes()


def publish(register: Register, *, now: datetime) -> Published:
    """Publish `register` as the next version; an equal one only renews what is about to expire.

    Raises DocumentMalformedError for a register a reader would refuse, LocalKeyMissingError without the online keys.
    """
    targets = register.targets()
    Register.parse(register.country, targets)
    with store.alone(store.published_folder(register.country)):
        return _write(register.country, targets, now)


def renew(country: str, *, now: datetime) -> Published:
    """Sign anew what is about to expire; for a daily job. The content stays as it is."""
    with store.alone(store.published_folder(country)):
        return _write(country, None, now)


def renew_all(*, now: datetime) -> list[Published]:
    """Renew every directory this node publishes. For the worker's daily job."""
    found = sorted(store.published_folder("xx").parent.glob("*/metadata/timestamp.json"))
    return [renew(file.parent.parent.name, now=now) for file in found]


def current_register(country: str) -> Register:
    """What is published now, to make the next register from; an empty one before the first publication."""
    folder = store.published_folder(country)
    first_root(country)
    signed = _read(folder, "targets")
    if signed is None:
        return Register(country)
    return Register.parse(
        country, {path: _target_file(folder, path, info).read_bytes() for path, info in signed.targets.items()}
    )


def rotate_root(
    country: str, *, root_folder: Path, now: datetime, fresh_root: bool = False, fresh_online: bool = False
) -> int:
    """Sign the next root, with new root keys or new online keys if asked for. Returns its version.

    It bears the signatures of the root before and of its own, so who trusts the one comes to trust the other.
    """
    from tuf.api.metadata import Metadata, Root

    folder = store.published_folder(country)
    with store.alone(folder):
        root = _root(folder)
        old = _root_signers(country, root, root_folder)
        signers = old
        root.version += 1
        root.expires = _until(now, "root")
        if fresh_root:
            count = len(root.roles["root"].keyids)
            signers = [_make_key(root_folder / f"{country}-root-v{root.version}-{n + 1}.pem") for n in range(count)]
            _swap_keys(root, "root", signers)
        if fresh_online:
            for role in ONLINE:
                file = _online_file(country, role)
                file.rename(file.with_suffix(f".before-{root.version}"))
                _swap_keys(root, role, [_make_key(file)])
        data = _sign(Metadata[Root](root), {id(signer): signer for signer in (*old, *signers)}.values())
        store.write_file(folder / "metadata" / f"{root.version}.root.json", data)
        if fresh_online:
            _write(country, None, now, anew=True)
    return int(root.version)


def vouch_by_root(entry: KeyEntry, country: str, *, root_folder: Path) -> KeyEntry:
    """The entry with the root keys' signatures: for a key whose predecessor is lost or compromised (P1.5)."""
    data = vouching_bytes(entry.kid, entry.public().raw)
    signers = _root_signers(country, _root(store.published_folder(country)), root_folder)
    added = {f"{ROOT_PREFIX}{one.public_key.keyid}": one.sign(data).signature for one in signers}
    return entry.model_copy(update={"vouched": {**entry.vouched, **added}})


def _write(country: str, targets: dict[str, bytes] | None, now: datetime, *, anew: bool = False) -> Published:
    """Write what has changed or nears its end: target files, then targets, snapshot, and the timestamp last."""
    from tuf.api.metadata import MetaFile, Snapshot, TargetFile, Targets, Timestamp

    folder = store.published_folder(country)
    first_root(country)
    signed: Any = _read(folder, "targets")
    if targets is not None:
        infos = {path: TargetFile.from_data(path, data, ["sha256"]) for path, data in targets.items()}
        changed = signed is None or signed.targets != infos
        for path, data in targets.items():
            if not (file := _target_file(folder, path, infos[path])).exists():
                store.write_file(file, data)
    else:
        if signed is None:
            raise DirectoryRejectedError(country=country, reason="nothing is published yet")
        infos, changed = signed.targets, False
    changed |= anew
    if changed or _nears_end(signed, now):
        signed = Targets(version=(signed.version + 1) if signed else 1, expires=_until(now, "targets"), targets=infos)
        _write_role(country, folder, signed, f"{signed.version}.targets.json")
        changed = True
    snapshot: Any = _read(folder, "snapshot")
    if changed or _nears_end(snapshot, now):
        version = (snapshot.version + 1) if snapshot else 1
        snapshot = Snapshot(version=version, expires=_until(now, "snapshot"))
        snapshot.meta["targets.json"] = MetaFile(version=signed.version)
        _write_role(country, folder, snapshot, f"{snapshot.version}.snapshot.json")
        changed = True
    timestamp: Any = _read(folder, "timestamp")
    if changed or timestamp.expires - now < GOOD_FOR["timestamp"] - RENEW_TIMESTAMP_AFTER:
        version = (timestamp.version + 1) if timestamp else 1
        timestamp = Timestamp(version=version, expires=_until(now, "timestamp"))
        timestamp.snapshot_meta = MetaFile(version=snapshot.version)
        _write_role(country, folder, timestamp, "timestamp.json")
    root = _root(folder)
    ends = min(part.expires for part in (root, signed, snapshot, timestamp))
    return Published(country, root.version, signed.version, timestamp.version, ends)


def _write_role(country: str, folder: Path, signed: Any, name: str) -> None:
    from tuf.api.metadata import Metadata

    signer = _load_key(_online_file(country, signed.type))
    store.write_file(folder / "metadata" / name, _sign(Metadata(signed), [signer]))


def _read(folder: Path, role: str) -> Any:
    """What is published of a role now, found from the timestamp down, so that a torn publication is not seen."""
    from tuf.api.metadata import Metadata

    file = folder / "metadata" / "timestamp.json"
    if not file.exists():
        return None
    load: Any = Metadata.from_file
    timestamp: Any = load(str(file)).signed
    if role == "timestamp":
        return timestamp
    snapshot: Any = load(str(folder / "metadata" / f"{timestamp.snapshot_meta.version}.snapshot.json")).signed
    if role == "snapshot":
        return snapshot
    return load(str(folder / "metadata" / f"{snapshot.meta['targets.json'].version}.targets.json")).signed


def _root(folder: Path) -> Any:
    from tuf.api.metadata import Metadata

    names = (file.name for file in (folder / "metadata").glob("*.root.json"))
    newest = max(int(name.partition(".")[0]) for name in names)
    return Metadata.from_file(str(folder / "metadata" / f"{newest}.root.json")).signed


def _target_file(folder: Path, path: str, info: Any) -> Path:
    below, slash, name = path.rpartition("/")
    return folder / "targets" / f"{below}{slash}{info.hashes['sha256']}.{name}"


def _nears_end(signed: Any, now: datetime) -> bool:
    return bool(signed is None or signed.expires - now < GOOD_FOR[signed.type] / 3)


def _until(now: datetime, role: str) -> datetime:
    return (now + GOOD_FOR[role]).astimezone(UTC).replace(microsecond=0)


def _sign(metadata: Any, signers: Iterable[Signer]) -> bytes:
    from tuf.api.serialization.json import JSONSerializer

    for signer in signers:
        metadata.sign(signer, append=True)
    data: bytes = metadata.to_bytes(JSONSerializer(compact=True))
    return data


def _online_file(country: str, role: str) -> Path:
    return keyfiles.folder() / f"directory-{country}-{role}.pem"


def _make_key(file: Path) -> Signer:
    from securesystemslib.signer import CryptoSigner

    signer = CryptoSigner.generate_ed25519()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if file.exists():
        raise ValueError(f"{file.name} exists already")
    store.write_file(file, signer.private_bytes, mode=0o600)
    return signer


def _load_key(file: Path) -> Signer:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from securesystemslib.signer import CryptoSigner

    try:
        return CryptoSigner(load_pem_private_key(file.read_bytes(), None))
    except (OSError, ValueError) as error:
        raise LocalKeyMissingError(kid=file.name) from error


def _root_signers(country: str, root: Any, root_folder: Path) -> list[Signer]:
    """Those signers in the folder that the present root names. Raises LocalKeyMissingError below the threshold."""
    found = [_load_key(file) for file in sorted(root_folder.glob(f"{country}-root-*.pem"))]
    named = [signer for signer in found if signer.public_key.keyid in root.roles["root"].keyids]
    if len(named) < root.roles["root"].threshold:
        raise LocalKeyMissingError(kid=f"{country} root", field="root_folder")
    return named


def _swap_keys(root: Any, role: str, signers: list[Signer]) -> None:
    for keyid in list(root.roles[role].keyids):
        root.revoke_key(keyid, role)
    for signer in signers:
        root.add_key(signer.public_key, role)
