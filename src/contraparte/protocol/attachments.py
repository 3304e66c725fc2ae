"""Files beside the envelope: how a message describes them, and how they are sealed in chunks (P3.5).

The description stands in `Message.attachments`, inside the signature, and bears the file's own fresh key. The sealed
file is one stream of `cobblestone` with AES-256-GCM (C2SP chunked-encryption): salt and key commitment in front, then
chunks of 16 KiB that bear their place, and a last one that says so. A chunk that was changed, cut off, moved or taken
from another file does not open. Its context ties a stream to its message: id ‖ number of the file.

Nothing here reads a file: bytes go in and come out in pieces, so memory does not grow with size.
"""

import hashlib
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Self

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag

from contraparte.protocol import limits
from contraparte.protocol.encoding import base64url, check_text, parse_base64url
from contraparte.protocol.errors import (
    AttachmentChangedError,
    AttachmentMalformedError,
    BoundExceededError,
    EncodingInvalidError,
)

CIPHER: Final = "cobblestone-256"
KEY_BYTES: Final = 32
_HASH_BYTES: Final = 32
_CHUNK: Final = 16 * 1024
_FRONT: Final = 24 + 32  # salt, key commitment
_TAG: Final = 16
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MEMBERS: Final = frozenset({"number", "name", "media_type", "size", "sha256", "cipher", "key", "sealed"})


class SealedFile(NamedTuple):
    """A sealed file as the envelope's header names it: SHA-256 in hex and size in bytes, of the ciphertext."""

    sha256: str
    size: int


def sealed_size(size: int) -> int:
    """Bytes of the ciphertext of a file of `size` bytes."""
    return _FRONT + size + _TAG * (size // _CHUNK + 1)


SEALED_LEAST: Final = sealed_size(0)
"""Bytes of the ciphertext of nothing; every file that may cross is larger."""
SEALED_MOST: Final = sealed_size(limits.ATTACHMENT_BYTES)


@dataclass(frozen=True, slots=True)
class FileDescription:
    """One file of a message. `sha256` is of what is in it, `sealed_sha256` of its ciphertext; 32 bytes each.

    `number` is the file's own within its message. AttachmentMalformedError names the field.
    """

    number: int
    name: str
    media_type: str
    size: int
    sha256: bytes
    key: bytes
    sealed_sha256: bytes
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if type(self.number) is not int or not 0 <= self.number <= limits.ATTACHMENT_NUMBER:
            raise AttachmentMalformedError(field="number")
        if not is_name(self.name):
            raise AttachmentMalformedError(field="name")
        if not is_media_type(self.media_type):
            raise AttachmentMalformedError(field="media_type")
        if type(self.size) is not int or not 0 < self.size <= limits.ATTACHMENT_BYTES:
            raise AttachmentMalformedError(field="size")
        for name, length in (("sha256", _HASH_BYTES), ("key", KEY_BYTES), ("sealed_sha256", _HASH_BYTES)):
            if len(getattr(self, name)) != length:
                raise AttachmentMalformedError(field=name)
        if len(self.extra) > limits.EXTRA_MEMBERS or not _MEMBERS.isdisjoint(self.extra):
            raise AttachmentMalformedError(field="extra")

    @property
    def sealed(self) -> SealedFile:
        """How the header names it."""
        return SealedFile(self.sealed_sha256.hex(), sealed_size(self.size))

    def to_json(self) -> dict[str, Any]:
        """The description as it is signed; unknown members are written again."""
        return {
            "number": self.number,
            "name": self.name,
            "media_type": self.media_type,
            "size": self.size,
            "sha256": self.sha256.hex(),
            "cipher": CIPHER,
            "key": base64url(self.key),
            "sealed": self.sealed_sha256.hex(),
            **self.extra,
        }

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> Self:
        """Read a description. AttachmentMalformedError names the field."""
        if entry.get("cipher") != CIPHER:
            raise AttachmentMalformedError(field="cipher")
        return cls(
            number=entry.get("number", -1),
            name=entry.get("name", ""),
            media_type=entry.get("media_type", ""),
            size=entry.get("size", 0),
            sha256=_hash(entry, "sha256"),
            key=_key(entry),
            sealed_sha256=_hash(entry, "sealed"),
            extra={name: value for name, value in entry.items() if name not in _MEMBERS},
        )


def _hash(entry: Mapping[str, Any], name: str) -> bytes:
    read = entry.get(name)
    if type(read) is not str or not _HEX.fullmatch(read):
        raise AttachmentMalformedError(field=name)
    return bytes.fromhex(read)


def _key(entry: Mapping[str, Any]) -> bytes:
    read = entry.get("key")
    if type(read) is not str or not read.isascii():
        raise AttachmentMalformedError(field="key")
    try:
        return parse_base64url(read.encode("ascii"), "key")
    except EncodingInvalidError as error:
        raise AttachmentMalformedError(field="key") from error


def files_of(attachments: Iterable[Mapping[str, Any]]) -> tuple[FileDescription, ...]:
    """The files a message describes, each under a number of its own. AttachmentMalformedError."""
    files = tuple(FileDescription.from_json(entry) for entry in attachments)
    if len({file.number for file in files}) != len(files):
        raise AttachmentMalformedError(field="number")
    return files


def is_name(read: object) -> bool:
    """Whether a file may be called so: one line without folders, controls or marks that turn the writing round."""
    if type(read) is not str or not 0 < len(read) <= limits.ATTACHMENT_NAME_CHARS:
        return False
    try:
        check_text(read)
    except EncodingInvalidError:
        return False
    return read.isprintable() and not {"/", "\\"} & set(read) and read.strip() == read and read.strip(".") != ""


def is_media_type(read: object) -> bool:
    """Whether it is a media type in lower case, without parameters."""
    return type(read) is str and len(read) <= limits.ATTACHMENT_TYPE_CHARS and bool(_MEDIA_TYPE.fullmatch(read))


def new_key() -> bytes:
    """A key for one file and no other."""
    return Cobblestone256Encryptor.generate_key()


def _context(message_id: str, number: int) -> bytes:
    return uuid.UUID(message_id).bytes + number.to_bytes(4, "big")


class FileSealer:
    """Seals one file piece by piece, and counts and hashes what goes in and what comes out."""

    def __init__(self, key: bytes, message_id: str, number: int) -> None:
        self._cipher = Cobblestone256Encryptor(key, _context(message_id, number))
        self._clear, self._sealed = hashlib.sha256(), hashlib.sha256()
        self.size = 0

    def update(self, piece: bytes) -> bytes:
        """Ciphertext so far. BoundExceededError for more than any file may hold."""
        self.size += len(piece)
        if self.size > limits.ATTACHMENT_BYTES:
            raise BoundExceededError(what="attachment", limit=limits.ATTACHMENT_BYTES, read=self.size)
        self._clear.update(piece)
        return self._out(self._cipher.update(piece))

    def finish(self) -> bytes:
        """The rest, with the chunk that says it is the last."""
        return self._out(self._cipher.finalize())

    def _out(self, sealed: bytes) -> bytes:
        self._sealed.update(sealed)
        return sealed

    @property
    def sha256(self) -> bytes:
        """Of what went in."""
        return self._clear.digest()

    @property
    def sealed_sha256(self) -> bytes:
        """Of what came out."""
        return self._sealed.digest()


class FileOpener:
    """Opens one file piece by piece. What `update` gives is proven chunk by chunk, the file only by `finish`."""

    def __init__(self, key: bytes, message_id: str, number: int) -> None:
        self._cipher = Cobblestone256Decryptor(key, _context(message_id, number))
        self._clear, self._sealed = hashlib.sha256(), hashlib.sha256()
        self._size = 0

    def update(self, piece: bytes) -> bytes:
        """Plaintext of every chunk that is whole by now. AttachmentChangedError."""
        self._sealed.update(piece)
        return self._out(lambda: self._cipher.update(piece))

    def finish(self, *, size: int, sha256: bytes, sealed_sha256: bytes) -> bytes:
        """The last plaintext, if the stream ended where it was sealed to end and is the one described.

        AttachmentChangedError otherwise.
        """
        rest = self._out(self._cipher.finalize)
        described = (size, sha256, sealed_sha256)
        if (self._size, self._clear.digest(), self._sealed.digest()) != described:
            raise AttachmentChangedError
        return rest

    def _out(self, opened: Any) -> bytes:
        try:
            clear: bytes = opened()
        except InvalidTag as error:
            raise AttachmentChangedError from error
        self._size += len(clear)
        self._clear.update(clear)
        return clear

    @property
    def sealed_sha256(self) -> bytes:
        """Of the ciphertext read so far."""
        return self._sealed.digest()
