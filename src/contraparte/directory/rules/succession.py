"""Who vouches for a key that comes after another one of the same agency and purpose (P1.5).

Otherwise whoever holds a country's targets key alone could put its own key in an agency's place. A first key needs
nobody: the directory introduces the agency. Where an event says that the agency takes another's work, one of those it
comes from vouches for its first key (P1.8). A sealing key cannot sign, so a message key vouches for it.
"""

from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from contraparte.directory.rules.register import KeyEntry, Register
from contraparte.protocol.encoding import canonical_json
from contraparte.protocol.errors import ContraparteError, DirectoryRejectedError
from contraparte.protocol.keys import PrivateKey, PublicKey, Purpose, parse_kid


class Vouch(StrEnum):
    """Why a new key is believed."""

    FIRST = "first"
    PREDECESSOR = "predecessor"
    ROOT = "root"


ROOT_PREFIX = "root:"
"""Marks, in `vouched`, a signature by a TUF root key: `root:<key id>` to hex. Others are `<kid>` to hex."""


def vouching_bytes(kid: str, raw: bytes) -> bytes:
    """What is signed to vouch for a key: its id and its bytes, so that the promise fits no other."""
    return canonical_json({"format": "contraparte-key-succession/1", "kid": kid, "raw": raw.hex()})


def vouch(entry: KeyEntry, *signers: PrivateKey) -> KeyEntry:
    """The same entry with the signatures of older keys."""
    data = vouching_bytes(entry.kid, b64decode(entry.raw))
    added = {signer.kid: signer.sign(data).hex() for signer in signers}
    return entry.model_copy(update={"vouched": {**entry.vouched, **added}})


def check_succession(
    register: Register,
    known: Iterable[PublicKey],
    root_vouches: Callable[[bytes, dict[str, str]], bool],
    compromised: Iterable[str] = (),
    predecessors: Mapping[str, frozenset[str]] = MappingProxyType({}),
) -> dict[str, Vouch]:
    """Why each key that is new here is believed, by its id.

    `known`: all keys of the country seen before; `compromised`: ids of those once reported so, which a register that
    leaves them out does not make good again; `predecessors`: agency → those it comes from.
    Raises DirectoryRejectedError for one nobody vouches for.
    """
    trusted: dict[tuple[str, Purpose], dict[str, PublicKey]] = {}
    for key in known:
        trusted.setdefault((key.agency, key.purpose), {})[key.kid] = key
    introduced = set(trusted)
    stolen = set(compromised) | {entry.kid for entry in register.keys if entry.status == "compromised"}
    seen = {kid for keys in trusted.values() for kid in keys}
    waiting = [entry for entry in register.keys if entry.kid not in seen]
    found: dict[str, Vouch] = {}
    # A reader that was away for years meets a chain: each round believes those vouched for by one believed before.
    while waiting:
        believed = {}
        for entry in waiting:
            why = _why(entry, trusted, introduced, _Doubts(stolen, root_vouches, predecessors))
            if why:
                believed[entry.kid] = why
        if not believed:
            raise DirectoryRejectedError(country=register.country, reason=f"nobody vouches for {waiting[0].kid}")
        for entry in waiting:
            if entry.kid in believed:
                key = entry.public()
                trusted.setdefault((key.agency, key.purpose), {})[key.kid] = key
        waiting = [entry for entry in waiting if entry.kid not in believed]
        found.update(believed)
    return found


@dataclass(frozen=True, slots=True)
class _Doubts:
    stolen: set[str]
    root_vouches: Callable[[bytes, dict[str, str]], bool]
    predecessors: Mapping[str, frozenset[str]]


def _why(
    entry: KeyEntry,
    trusted: dict[tuple[str, Purpose], dict[str, PublicKey]],
    introduced: set[tuple[str, Purpose]],
    doubts: _Doubts,
) -> Vouch | None:
    """Why a key is believed, None while nobody vouches for it."""
    agency, purpose, _ = parse_kid(entry.kid)
    signs = Purpose.MESSAGE if purpose is Purpose.SEAL else purpose
    is_first = (agency, purpose) not in introduced
    older = dict(trusted.get((agency, signs), {})) if not is_first or purpose is Purpose.SEAL else {}
    come_from = [one for one in doubts.predecessors.get(agency, ()) if (one, signs) in introduced]
    if is_first:
        if not come_from:
            return Vouch.FIRST
        for one in come_from:
            older |= trusted[one, signs]
    data = vouching_bytes(entry.kid, b64decode(entry.raw))
    for kid, signature in entry.vouched.items():
        if kid in older and kid not in doubts.stolen and _verifies(older[kid], signature, data):
            return Vouch.PREDECESSOR
    by_root = {
        name.removeprefix(ROOT_PREFIX): value for name, value in entry.vouched.items() if name.startswith(ROOT_PREFIX)
    }
    return Vouch.ROOT if by_root and doubts.root_vouches(data, by_root) else None


def _verifies(key: PublicKey, signature: str, data: bytes) -> bool:
    try:
        key.verify(bytes.fromhex(signature), data)
    except (ContraparteError, ValueError):
        return False
    return True
