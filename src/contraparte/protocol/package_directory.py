"""The signed directories in an evidence package: from the first root to the keys, without a network (P1.1, P1.7).

What is verified: each root by the threshold of the one before and by its own, timestamp, snapshot and targets by the
last root, each file by the metadata that names it. What is not: whether the metadata had expired when the package was
made; it is what that node trusted then, and a date does not make a key another's. That the first root is the country's
own is for a person: its fingerprint is compared with the one that was handed over.
"""

import hashlib
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from contraparte.protocol.encoding import parse_instant, parse_object
from contraparte.protocol.errors import ContraparteError
from contraparte.protocol.keys import PublicKey, parse_kid

FOLDER: Final = "data/directory/"
CHANGES: Final = "targets/lineage/"
_SIGNED: Final = frozenset({"accords", "suspensions", "lineage"})
_ROOT = re.compile(r"metadata/([1-9][0-9]{0,8})\.root\.json")

Blame = Callable[[str, str, str], None]
"""Told code, path and detail of what does not hold."""


@dataclass
class Directory:
    """What one country's metadata vouches for: keys by id; the SHA-256 of the first root in hex.

    `accord_keys` are those of the keys that sign for the country; `changes` are its signed changes of agency, by path.
    """

    country: str
    root: str = ""
    keys: dict[str, PublicKey] = field(default_factory=dict)
    accord_keys: dict[str, PublicKey] = field(default_factory=dict)
    changes: dict[str, bytes] = field(default_factory=dict)


def read_directory(country: str, files: Mapping[str, bytes], blame: Blame) -> Directory:
    """Verify the files of one country (paths below its folder); keys are there only where all of it holds."""
    found = Directory(country)
    base = f"{FOLDER}{country}/"
    roots = sorted((int(match[1]), name) for name in files if (match := _ROOT.fullmatch(name)))
    if not roots or roots[0][0] != 1:
        blame("directory.root.missing", base + "metadata/1.root.json", "")
        return found
    found.root = hashlib.sha256(files[roots[0][1]]).hexdigest()
    root = _last_root([name for _, name in roots], files, base, blame)
    if root is None:
        return found
    targets = _targets(root, files, base, blame)
    if targets is None:
        return found
    named = _named(targets)
    for name in sorted(named.keys() - files.keys()):
        blame("file.missing", base + name, "named by targets.json")
    for name in sorted(named.keys() & files.keys()):
        if hashlib.sha256(files[name]).hexdigest() != named[name]:
            blame("directory.target", base + name, "")
            return found
    register = next((name for name in named if re.fullmatch(r"targets/[0-9a-f]{64}\.keys\.json", name)), None)
    if register is not None and register in files:
        _read_keys(found, files[register], base + register, blame)
    found.changes = {base + name: files[name] for name in named if name in files and name.startswith(CHANGES)}
    return found


def _last_root(names: list[str], files: Mapping[str, bytes], base: str, blame: Blame) -> Any:
    """The last root, each verified by the one before it and by itself; None where one does not hold."""
    from tuf.api.exceptions import RepositoryError
    from tuf.api.metadata import Metadata

    trusted: Any = None
    for number, name in enumerate(names, 1):
        try:
            envelope: Any = Metadata.from_bytes(files[name])
            signed = envelope.signed
            if signed.type != "root" or signed.version != number:
                raise RepositoryError("version")
            for keys in (trusted or signed, signed):
                keys.verify_delegate("root", envelope.signed_bytes, envelope.signatures)
        except (RepositoryError, ValueError, KeyError) as error:
            blame("directory.signature", base + name, type(error).__name__)
            return None
        trusted = signed
    return trusted


def _targets(root: Any, files: Mapping[str, bytes], base: str, blame: Blame) -> Any:
    """The verified list of target files, through timestamp and snapshot; None where one does not hold."""
    from tuf.api.exceptions import RepositoryError
    from tuf.api.metadata import Metadata

    version, meta = 0, None
    for role in ("timestamp", "snapshot", "targets"):
        name = f"metadata/{version}.{role}.json" if version else f"metadata/{role}.json"
        if name not in files:
            blame("file.missing", base + name, "")
            return None
        try:
            envelope: Any = Metadata.from_bytes(files[name])
            signed = envelope.signed
            if signed.type != role or (version and signed.version != version):
                raise RepositoryError("version")
            root.verify_delegate(role, envelope.signed_bytes, envelope.signatures)
            if meta is not None:
                meta.verify_length_and_hashes(files[name])
            if role == "timestamp":
                meta = signed.snapshot_meta
            elif role == "snapshot":
                meta = signed.meta["targets.json"]
            version = meta.version if meta is not None else 0
        except (RepositoryError, ValueError, KeyError) as error:
            blame("directory.signature", base + name, type(error).__name__)
            return None
    return signed


def _named(targets: Any) -> dict[str, str]:
    """Path in the package → SHA-256, of the kinds of file this release reads."""
    named = {}
    for path, info in targets.targets.items():
        folder, _, name = path.rpartition("/")
        if folder in _SIGNED or (not folder and name in {"agencies.json", "keys.json", "logs.json"}):
            digest = str(info.hashes.get("sha256", ""))
            named[f"targets/{folder}{'/' if folder else ''}{digest}.{name}"] = digest
    return named


def _read_keys(found: Directory, data: bytes, path: str, blame: Blame) -> None:
    """The public keys of a register; a country speaks only for its own agencies."""
    try:
        register = parse_object(data, "keys")
        for entry in register["keys"]:
            agency, purpose, _ = parse_kid(entry["kid"])
            if agency[:2] != found.country:
                raise ValueError(agency)
            starts, ends = (
                parse_instant(entry[name], name) if entry.get(name) else None for name in ("valid_from", "valid_until")
            )
            raw = b64decode(entry["raw"], validate=True)
            found.keys[entry["kid"]] = PublicKey(entry["kid"], agency, purpose, raw, starts, ends)
        signing = set(register.get("accord_keys", []))
        found.accord_keys = {kid: key for kid, key in found.keys.items() if kid in signing}
    except (ContraparteError, KeyError, ValueError, TypeError, AttributeError) as error:
        found.keys.clear()
        found.accord_keys.clear()
        blame("directory.keys", path, type(error).__name__)
