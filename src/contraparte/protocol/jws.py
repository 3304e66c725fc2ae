"""The one JWS profile of the protocol: compact, alg `Ed25519` (RFC 9864), exact `typ`, a `kid`, nothing else (P1.5).

Written on `cryptography`: the profile leaves nothing to negotiate, joserfc doubles the cost of a signature, and it
verifies by its own idea of a header; the tests hold both to the same bytes (ADR 0010). Bytes are verified as they were
sent: a header is parsed, never re-serialised.
"""

from collections.abc import Callable
from functools import lru_cache

from contraparte.protocol import limits
from contraparte.protocol.encoding import base64url_ascii, compact_json, parse_base64url, parse_object
from contraparte.protocol.errors import BoundExceededError, EncodingInvalidError, SignatureHeaderError
from contraparte.protocol.ids import AgencyId
from contraparte.protocol.keys import PrivateKey, PublicKey, Purpose, parse_kid

ALG = "Ed25519"
_SIGNATURE_BYTES = 64

Resolve = Callable[[str], PublicKey]
"""Finds a public key by its id in the directory, or raises; nothing in a message can bring a key of its own."""


@lru_cache(maxsize=4096)
def _written_header(typ: str, kid: str) -> bytes:
    return base64url_ascii(compact_json({"alg": ALG, "kid": kid, "typ": typ}))


@lru_cache(maxsize=4096)
def _kid_in(header: bytes, typ: str) -> str:
    """The key id in an encoded header that is otherwise exactly what the profile asks."""
    members = parse_object(parse_base64url(header, "header"), "header")
    for member, expected in (("alg", ALG), ("typ", typ)):
        if members.pop(member, None) != expected:
            raise SignatureHeaderError(member=member, expected=expected)
    kid = members.pop("kid", None)
    if members:  # also b64, crit, jwk, x5c: nothing that changes the meaning of the rest
        raise SignatureHeaderError(member=min(members), expected="absent")
    parse_kid(kid)
    return str(kid)


def kid_of(header: bytes, typ: str) -> str:
    """The `kid` of an encoded protected header. BoundExceededError, EncodingInvalidError, SignatureHeaderError."""
    if len(header) > limits.JWS_HEADER_BYTES:
        raise BoundExceededError(what="signature header", limit=limits.JWS_HEADER_BYTES, read=len(header))
    return _kid_in(header, typ)


def sign(payload: bytes, typ: str, key: PrivateKey) -> tuple[bytes, bytes]:
    """Encoded header and encoded signature over an already encoded payload."""
    header = _written_header(typ, key.kid)
    return header, base64url_ascii(key.sign(header + b"." + payload))


def verify(header: bytes, payload: bytes, signature: bytes, key: PublicKey) -> None:
    """Check an encoded signature over an encoded payload. EncodingInvalidError, SignatureInvalidError."""
    raw = parse_base64url(signature, "signature")
    if len(raw) != _SIGNATURE_BYTES:
        raise EncodingInvalidError(what="signature", reason="length")
    key.verify(raw, header + b"." + payload)


def sign_compact(payload: bytes, typ: str, key: PrivateKey) -> bytes:
    """`header.payload.signature` over raw payload bytes."""
    encoded = base64url_ascii(payload)
    header, signature = sign(encoded, typ, key)
    return header + b"." + encoded + b"." + signature


def read_compact(token: bytes, typ: str, purpose: Purpose, resolve: Resolve) -> tuple[bytes, AgencyId]:
    """Raw payload and signing agency of a compact JWS made with a key of `purpose`."""
    parts = token.split(b".")
    if len(parts) != 3:
        raise EncodingInvalidError(what="signature", reason="parts")
    header, payload, signature = parts
    key = resolve(kid_of(header, typ))
    key.require(purpose)
    verify(header, payload, signature, key)
    return parse_base64url(payload, "payload"), key.agency


def sign_detached(payload: bytes, typ: str, key: PrivateKey) -> bytes:
    """`header..signature` (RFC 7515, appendix F) over raw payload bytes."""
    header, signature = sign(base64url_ascii(payload), typ, key)
    return header + b".." + signature


def split_detached(token: bytes, typ: str) -> tuple[bytes, bytes, str]:
    """Encoded header, encoded signature and key id of a detached JWS."""
    parts = token.split(b".")
    if len(parts) != 3 or parts[1]:
        raise EncodingInvalidError(what="signature", reason="parts")
    return parts[0], parts[2], kid_of(parts[0], typ)


def verify_detached(token: bytes, payload: bytes, typ: str, key: PublicKey) -> None:
    """Check a detached JWS by `key` over raw payload bytes. SignatureHeaderError, SignatureInvalidError."""
    header, signature, kid = split_detached(token, typ)
    if kid != key.kid:
        raise SignatureHeaderError(member="kid", expected=key.kid)
    verify(header, base64url_ascii(payload), signature, key)
