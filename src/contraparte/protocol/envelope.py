"""The envelope: a header in clear, the sealed presentation, and the sending agency's signature over both (P3).

The header says only what carrying needs: nothing of a case or a person. It is kept as the bytes that came, is the
`info` of the seal, and so cannot be exchanged. Order for a reader: parse the header, verify, and only then open.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from contraparte.protocol import ids, jws, limits
from contraparte.protocol.attachments import SEALED_LEAST, SEALED_MOST, SealedFile, files_of
from contraparte.protocol.encoding import base64url, compact_json, parse_base64url, parse_object
from contraparte.protocol.errors import (
    BoundExceededError,
    EnvelopeMalformedError,
    EnvelopeMismatchError,
    EnvelopeUnopenableError,
)
from contraparte.protocol.keys import PrivateKey, PublicKey, Purpose, parse_kid
from contraparte.protocol.message import Message, digest

TYP: Final = "cp-envelope+jws"
VERSION: Final = 1

_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_HASH = re.compile(r"[0-9a-f]{64}")
_DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True)
class Envelope:
    """What travels: header bytes exactly as signed, ciphertext (encapsulation first), detached JWS."""

    header: bytes
    ciphertext: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Header:
    """A parsed header (P3.1). `sender` and `recipient` are agencies; `digest` is the message digest (P2.1), which is
    salted and tells nothing; `size` is the ciphertext's, in bytes; `attachments` are the sealed files beside it (P3.5).
    """

    version: int
    message_id: str
    digest: bytes
    sender: str
    recipient: str
    signing_kid: str
    sealing_kid: str
    size: int
    attachments: tuple[SealedFile, ...] = ()

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read header bytes; members of later versions are allowed and stay in the bytes.

        BoundExceededError, EncodingInvalidError, IdentifierInvalidError, EnvelopeMalformedError naming the field.
        """
        if len(raw) > limits.HEADER_BYTES:
            raise BoundExceededError(what="envelope header", limit=limits.HEADER_BYTES, read=len(raw))
        members = parse_object(raw, "envelope header")
        if type(members.get("version")) is not int or members["version"] != VERSION:
            raise EnvelopeMalformedError(field="version")
        size = members.get("size")
        if type(size) is not int or not limits.SEAL_OVERHEAD_BYTES <= size <= limits.CIPHERTEXT_BYTES:
            raise EnvelopeMalformedError(field="size")
        return cls(
            version=VERSION,
            message_id=ids.parse_uuid(members.get("id"), "id"),
            digest=_parse_digest(members.get("digest")),
            sender=ids.parse_agency_id(members.get("sender"), "sender"),
            recipient=ids.parse_agency_id(members.get("recipient"), "recipient"),
            signing_kid=_parse_own_kid(members, "signing", Purpose.TRANSPORT, "sender"),
            sealing_kid=_parse_own_kid(members, "sealing", Purpose.SEAL, "recipient"),
            size=size,
            attachments=_parse_files(members.get("attachments", [])),
        )


def _parse_digest(read: Any) -> bytes:
    if type(read) is not str or not read.isascii():
        raise EnvelopeMalformedError(field="digest")
    raw = parse_base64url(read.encode("ascii"), "digest")
    if len(raw) != _DIGEST_BYTES:
        raise EnvelopeMalformedError(field="digest")
    return raw


def _parse_own_kid(members: dict[str, Any], name: str, purpose: Purpose, party: str) -> str:
    """A key id whose agency is the named party and whose purpose fits."""
    kid = members.get(name)
    agency, found, _ = parse_kid(kid)
    if found is not purpose or agency != members[party]:
        raise EnvelopeMalformedError(field=name)
    return str(kid)


def _parse_files(read: Any) -> tuple[SealedFile, ...]:
    """Hash and size of each sealed file; members of later versions stay in the bytes."""
    if type(read) is not list or len(read) > limits.ATTACHMENTS:
        raise EnvelopeMalformedError(field="attachments")
    files = []
    for entry in read:
        sha256, size = (entry.get("sha256"), entry.get("size")) if type(entry) is dict else (None, None)
        if type(sha256) is not str or not _HASH.fullmatch(sha256):
            raise EnvelopeMalformedError(field="attachments")
        if type(size) is not int or not SEALED_LEAST < size <= SEALED_MOST:
            raise EnvelopeMalformedError(field="attachments")
        files.append(SealedFile(sha256, size))
    return tuple(files)


def seal(
    presentation: bytes,
    *,
    message_id: str,
    sender: str,
    recipient: str,
    sealing_key: PublicKey,
    signing_key: PrivateKey,
    attachments: Sequence[SealedFile] = (),
) -> Envelope:
    """Seal a presentation to the recipient agency and sign the envelope (P3.1 to P3.3).

    `sender` and `recipient` may be posts; only their agencies go into the header. KeyPurposeError for a key of another
    agency or purpose.
    """
    sender, recipient = ids.agency_of(sender), ids.agency_of(recipient)
    sealing_key.require(Purpose.SEAL, recipient)
    signing_key.public().require(Purpose.TRANSPORT, sender)
    members: dict[str, Any] = {
        "version": VERSION,
        "id": ids.parse_uuid(message_id),
        "digest": base64url(digest(presentation)),
        "sender": sender,
        "recipient": recipient,
        "signing": signing_key.kid,
        "sealing": sealing_key.kid,
        "size": len(presentation) + limits.SEAL_OVERHEAD_BYTES,
    }
    if attachments:
        told = [{"sha256": one.sha256, "size": one.size} for one in attachments]
        _parse_files(told)
        members["attachments"] = told
    header = compact_json(members, "envelope header")
    ciphertext = _SUITE.encrypt(presentation, sealing_key.parsed, info=header)
    payload = _hash(header, ciphertext)
    return Envelope(header, ciphertext, jws.sign_detached(payload, TYP, signing_key))


def _hash(header: bytes, ciphertext: bytes) -> bytes:
    sealed = hashlib.sha256(ciphertext).digest()
    return hashlib.sha256(len(header).to_bytes(4, "big") + header + sealed).digest()


def envelope_hash(envelope: Envelope) -> bytes:
    """SHA-256(u32 length of header ‖ header ‖ SHA-256(ciphertext)) (P3.3)."""
    return _hash(envelope.header, envelope.ciphertext)


def verify(envelope: Envelope, header: Header, signing_key: PublicKey) -> None:
    """Check the sending agency's signature before anything is opened (P3.3).

    `header` is `Header.parse(envelope.header)`, `signing_key` the directory's key for `header.signing_kid`.
    EnvelopeMismatchError, KeyPurposeError, SignatureHeaderError, SignatureInvalidError.
    """
    if len(envelope.ciphertext) != header.size:
        raise EnvelopeMismatchError(field="size")
    if len(envelope.signature) > limits.SIGNATURE_BYTES:
        raise BoundExceededError(what="envelope signature", limit=limits.SIGNATURE_BYTES, read=len(envelope.signature))
    if signing_key.kid != header.signing_kid:
        raise EnvelopeMismatchError(field="signing")
    signing_key.require(Purpose.TRANSPORT, header.sender)
    jws.verify_detached(envelope.signature, envelope_hash(envelope), TYP, signing_key)


def open_envelope(envelope: Envelope, header: Header, private: PrivateKey) -> bytes:
    """The presentation in a verified envelope; its digest is the header's (P3.3).

    EnvelopeMismatchError for another key than the header names, EnvelopeUnopenableError where the seal does not open.
    """
    if private.kid != header.sealing_kid:
        raise EnvelopeMismatchError(field="sealing")
    try:
        presentation: bytes = _SUITE.decrypt(envelope.ciphertext, private.parsed, info=envelope.header)
    except (InvalidTag, ValueError) as error:
        raise EnvelopeUnopenableError(kid=private.kid) from error
    if digest(presentation) != header.digest:
        raise EnvelopeMismatchError(field="digest")
    return presentation


def require_match(header: Header, message: Message) -> None:
    """The message inside is the one the header names: id, sending and receiving agency, sealed files (P3.3, P3.5).

    The digest was compared when the envelope was opened. EnvelopeMismatchError names the field;
    AttachmentMalformedError for a file the message does not describe.
    """
    if message.id != header.message_id:
        raise EnvelopeMismatchError(field="id")
    if ids.agency_of(message.sender) != header.sender:
        raise EnvelopeMismatchError(field="sender")
    if ids.agency_of(message.recipient) != header.recipient:
        raise EnvelopeMismatchError(field="recipient")
    if tuple(file.sealed for file in files_of(message.attachments)) != header.attachments:
        raise EnvelopeMismatchError(field="attachments")
