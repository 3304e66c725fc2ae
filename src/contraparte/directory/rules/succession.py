"""Who vouches for a key that comes after another one of the same agency and purpose (P1.5).

Otherwise whoever holds a country's targets key alone could put its own key in an agency's place. A first key needs
nobody: the directory introduces the agency. A sealing key cannot sign, so the agency's message key vouches for it.
"""

from base64 import b64decode
from collections.abc import Callable, Iterable
from enum import StrEnum

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
    register: Register, known: Iterable[PublicKey], root_vouches: Callable[[bytes, dict[str, str]], bool]
) -> dict[str, Vouch]:
    """Why each key that is new here is believed, by its id.

    `known`: all keys of the country seen before. Raises DirectoryRejectedError for one nobody vouches for.
    """
    before: dict[tuple[str, Purpose], dict[str, PublicKey]] = {}
    for key in known:
        before.setdefault((key.agency, key.purpose), {})[key.kid] = key
    seen = {kid for keys in before.values() for kid in keys}
    withdrawn = {entry.kid for entry in register.keys if entry.status == "compromised"}
    found: dict[str, Vouch] = {}
    for entry in register.keys:
        if entry.kid in seen:
            continue
        agency, purpose, _ = parse_kid(entry.kid)
        older = before.get((agency, purpose), {})
        if not older:
            found[entry.kid] = Vouch.FIRST
            continue
        signers = before.get((agency, Purpose.MESSAGE), {}) if purpose is Purpose.SEAL else older
        trusted = {kid: key for kid, key in signers.items() if kid not in withdrawn}
        found[entry.kid] = _why(register.country, entry, trusted, root_vouches)
    return found


def _why(
    country: str,
    entry: KeyEntry,
    older: dict[str, PublicKey],
    root_vouches: Callable[[bytes, dict[str, str]], bool],
) -> Vouch:
    data = vouching_bytes(entry.kid, b64decode(entry.raw))
    for kid, signature in entry.vouched.items():
        if kid in older and _verifies(older[kid], signature, data):
            return Vouch.PREDECESSOR
    by_root = {
        name.removeprefix(ROOT_PREFIX): value for name, value in entry.vouched.items() if name.startswith(ROOT_PREFIX)
    }
    if by_root and root_vouches(data, by_root):
        return Vouch.ROOT
    raise DirectoryRejectedError(country=country, reason=f"nobody vouches for {entry.kid}")


def _verifies(key: PublicKey, signature: str, data: bytes) -> bool:
    try:
        key.verify(bytes.fromhex(signature), data)
    except (ContraparteError, ValueError):
        return False
    return True
