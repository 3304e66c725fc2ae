"""Private keys of the agencies this node hosts: one file each in the home's `keys` folder, readable by nobody else."""

import os
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.conf import settings

from contraparte.protocol.encoding import canonical_json, parse_object
from contraparte.protocol.errors import ContraparteError, LocalKeyMissingError
from contraparte.protocol.ids import parse_agency_id
from contraparte.protocol.keys import PrivateKey, Purpose, parse_kid

FORMAT = "contraparte-key/1"
_SUFFIX = ".key"


def folder() -> Path:
    """Where the private keys of this node lie."""
    path: Path = settings.HOME.folder("keys")
    return path


def _file_of(kid: str) -> Path:
    parse_kid(kid)  # nothing that is no key id may become part of a path
    return folder() / (kid.replace("#", "__") + _SUFFIX)


def keep_all(keys: Iterable[PrivateKey]) -> None:
    """Write each key to its own file with mode 0600 and make them last: files first, then the folder, by fsync."""
    for key in keys:
        data = canonical_json(
            {
                "format": FORMAT,
                "kid": key.kid,
                "agency": key.agency,
                "purpose": key.purpose.value,
                "raw": b64encode(key.raw).decode(),
            }
        )
        _write_private(_file_of(key.kid), data)
    descriptor = os.open(folder(), os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_private(file: Path, data: bytes) -> None:
    """Create `file` and fsync it; an existing key is never written over."""
    beside = file.with_suffix(f".{os.getpid()}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        os.link(beside, file)
    finally:
        beside.unlink()


def load(kid: str) -> PrivateKey:
    """The private key with that id. Raises LocalKeyMissingError, also for a file that is damaged."""
    file = _file_of(kid)
    try:
        value = parse_object(file.read_bytes(), "key file")
        return PrivateKey(value["kid"], value["agency"], Purpose(value["purpose"]), b64decode(value["raw"]))
    except (OSError, KeyError, ValueError, TypeError, ContraparteError) as error:
        raise LocalKeyMissingError(kid=kid, file=file.name) from error


def kids_of(agency: str) -> Iterator[str]:
    """Ids of the private keys held here for an agency, in the order of their names."""
    for file in sorted(folder().glob(f"{parse_agency_id(agency)}__*{_SUFFIX}")):
        yield file.name.removesuffix(_SUFFIX).replace("__", "#")


def hosted_agencies() -> list[str]:
    """Agencies of which this node holds any private key, in order."""
    names = (file.name.partition("__")[0] for file in folder().glob(f"*__*{_SUFFIX}"))
    return sorted(set(names))
