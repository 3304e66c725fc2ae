"""Keys of an agency, one for each purpose (P1.5).

Signing keys are Ed25519. Sealing keys are X-Wing (`MLKEM768_X25519`, draft-connolly-cfrg-xwing-kem): the private key is
a seed of 32 bytes, the public key the ML-KEM-768 key (1184 bytes) followed by the X25519 key (32 bytes).
A key id names agency, purpose and the first 64 bits of the public key's SHA-256, and a key whose bytes do not match its
id cannot be made. Parsed keys are kept beside the bytes: parsing costs as much as signing.
"""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from os import urandom
from typing import Any, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey, MLKEM768X25519PublicKey

from contraparte.protocol import limits
from contraparte.protocol.errors import (
    IdentifierInvalidError,
    KeyMalformedError,
    KeyPurposeError,
    SignatureInvalidError,
)
from contraparte.protocol.ids import AgencyId

PRIVATE_BYTES = 32
SIGNING_PUBLIC_BYTES = 32
MLKEM_PUBLIC_BYTES = 1184
SEALING_PUBLIC_BYTES = MLKEM_PUBLIC_BYTES + 32


class Purpose(StrEnum):
    """What a key may be used for; no key serves two."""

    MESSAGE = "message"
    TRANSPORT = "transport"
    """Envelope signatures, receipts and requests between nodes."""
    SEAL = "seal"
    LOG = "log"
    WITNESS = "witness"
    ACCORD = "accord"
    """Held by one agency for its country."""


_KID = re.compile(rf"([a-z]{{2}}(?:\.[a-z0-9-]{{1,{limits.SLUG_CHARS}}})?)#({'|'.join(Purpose)})-([0-9a-f]{{16}})")


def parse_kid(text: object) -> tuple[AgencyId, Purpose, str]:
    """Agency, purpose and fingerprint in a key id. IdentifierInvalidError."""
    if type(text) is str and len(text) <= limits.KID_CHARS and (found := _KID.fullmatch(text)):
        return found[1], Purpose(found[2]), found[3]
    raise IdentifierInvalidError(field="kid", read=str(text)[: limits.KID_CHARS])


def kid_for(agency: AgencyId, purpose: Purpose, public: bytes) -> str:
    """`{agency}#{purpose}-{first 16 hex digits of SHA-256(public key)}`."""
    return f"{agency}#{purpose}-{hashlib.sha256(public).hexdigest()[:16]}"


def _check_kid(kid: str, agency: AgencyId, purpose: Purpose, public: bytes) -> None:
    parse_kid(kid)
    if kid != kid_for(agency, purpose, public):
        raise KeyMalformedError(kid=kid)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key as the directory states it. `valid_from` and `valid_until` are aware, `None` means open."""

    kid: str
    agency: AgencyId
    purpose: Purpose
    raw: bytes
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    parsed: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_kid(self.kid, self.agency, self.purpose, self.raw)
        parsed: Ed25519PublicKey | MLKEM768X25519PublicKey
        try:
            if self.purpose is Purpose.SEAL:
                parsed = MLKEM768X25519PublicKey(
                    MLKEM768PublicKey.from_public_bytes(self.raw[:MLKEM_PUBLIC_BYTES]),
                    X25519PublicKey.from_public_bytes(self.raw[MLKEM_PUBLIC_BYTES:]),
                )
            else:
                parsed = Ed25519PublicKey.from_public_bytes(self.raw)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyMalformedError(kid=self.kid) from error
        object.__setattr__(self, "parsed", parsed)

    def verify(self, signature: bytes, data: bytes) -> None:
        """Check an Ed25519 signature. SignatureInvalidError; KeyPurposeError for a sealing key."""
        if self.purpose is Purpose.SEAL:
            raise KeyPurposeError(kid=self.kid, expected="a signing key")
        try:
            self.parsed.verify(signature, data)
        except InvalidSignature as error:
            raise SignatureInvalidError(kid=self.kid) from error

    def require(self, purpose: Purpose, agency: AgencyId | None = None) -> None:
        """KeyPurposeError unless the key is for `purpose` and, where given, of `agency`."""
        if self.purpose is not purpose:
            raise KeyPurposeError(kid=self.kid, expected=purpose.value)
        if agency is not None and self.agency != agency:
            raise KeyPurposeError(kid=self.kid, expected=agency)

    def is_valid_at(self, at: datetime) -> bool:
        """Whether `at` lies in the key's stated time. A compromised key is cut off by log index instead (P1.6)."""
        started = self.valid_from is None or self.valid_from <= at
        return started and (self.valid_until is None or at < self.valid_until)


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A private key: 32 bytes, an Ed25519 seed or an X-Wing seed. Its `repr` does not show them."""

    kid: str
    agency: AgencyId
    purpose: Purpose
    raw: bytes = field(repr=False)
    parsed: Any = field(init=False, repr=False, compare=False)
    _public: PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if type(self.raw) is not bytes or len(self.raw) != PRIVATE_BYTES:
            raise KeyMalformedError(kid=self.kid)
        parsed, public = _expand(self.purpose, self.raw)
        object.__setattr__(self, "parsed", parsed)
        object.__setattr__(self, "_public", PublicKey(self.kid, self.agency, self.purpose, public))

    @classmethod
    def of(cls, agency: AgencyId, purpose: Purpose, raw: bytes) -> Self:
        """The key with these 32 secret bytes; its id follows from them."""
        if len(raw) != PRIVATE_BYTES:
            raise KeyMalformedError(kid=f"{agency}#{purpose}")
        return cls(kid_for(agency, purpose, _expand(purpose, raw)[1]), agency, purpose, raw)

    def sign(self, data: bytes) -> bytes:
        """An Ed25519 signature of 64 bytes. KeyPurposeError for a sealing key."""
        if self.purpose is Purpose.SEAL:
            raise KeyPurposeError(kid=self.kid, expected="a signing key")
        signature: bytes = self.parsed.sign(data)
        return signature

    def public(self) -> PublicKey:
        """The public half, without dates: those are the directory's to state."""
        return self._public


def _expand(purpose: Purpose, raw: bytes) -> tuple[Ed25519PrivateKey | MLKEM768X25519PrivateKey, bytes]:
    """The parsed private key and the raw public key."""
    if purpose is not Purpose.SEAL:
        signing = Ed25519PrivateKey.from_private_bytes(raw)
        return signing, signing.public_key().public_bytes_raw()
    expanded = hashlib.shake_256(raw).digest(96)  # X-Wing, 5.2: d and z of ML-KEM, then the X25519 scalar
    mlkem = MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
    x25519 = X25519PrivateKey.from_private_bytes(expanded[64:])
    public = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
    return MLKEM768X25519PrivateKey(mlkem, x25519), public


def generate(agency: AgencyId, purpose: Purpose) -> PrivateKey:
    """A fresh key of an agency for one purpose."""
    return PrivateKey.of(agency, Purpose(purpose), urandom(PRIVATE_BYTES))
