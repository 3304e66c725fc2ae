"""Signed notes, checkpoints and cosignatures in the C2SP formats, so that other people's tools read our logs (P5.1).

    c2sp.org/signed-note       text, blank line, signature lines; verifier keys `name+hash+key`
    c2sp.org/tlog-checkpoint   a note whose text is origin, size, root
    c2sp.org/tlog-cosignature  a witness's timestamped signature, type 0x04, over "cosignature/v1"

Which revisions are followed: docs/adr/0020. Readers are strict: each value has one spelling and every input a bound.
"""

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from contraparte.protocol import limits
from contraparte.protocol.errors import NoteMalformedError, NoteUnverifiedError
from contraparte.protocol.tlog import HASH_BYTES, MAX_TREE_SIZE

_DASH: Final = "\u2014 "
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_MAX_TIMESTAMP: Final = (1 << 63) - 1
_COSIGNATURE_BYTES: Final = 8 + 64


class SignatureType(IntEnum):
    """The byte that tells what a key of a note signs (C2SP signed-note, "Signature types")."""

    ED25519 = 0x01
    COSIGNATURE = 0x04


def parse_base64(text: str, field: str) -> bytes:
    """Bytes behind standard Base 64 with padding, one spelling only. Raises NoteMalformedError."""
    try:
        data = b64decode(text, validate=True)
    except ValueError as error:
        raise NoteMalformedError(field=field, reason="base64") from error
    if b64encode(data).decode() != text:
        raise NoteMalformedError(field=field, reason="base64")
    return data


def parse_decimal(text: str, field: str, maximum: int = MAX_TREE_SIZE) -> int:
    """A number without sign or leading zeroes, at most `maximum`. Raises NoteMalformedError."""
    if not _DECIMAL.fullmatch(text) or int(text) > maximum:
        raise NoteMalformedError(field=field, reason="decimal")
    return int(text)


def parse_hash(text: str, field: str) -> bytes:
    """A SHA-256 hash in Base 64. Raises NoteMalformedError."""
    data = parse_base64(text, field)
    if len(data) != HASH_BYTES:
        raise NoteMalformedError(field=field, reason="hash_length")
    return data


def check_key_name(name: str, field: str = "key_name") -> str:
    """A key name: not empty, no Unicode space, no plus sign. Raises NoteMalformedError."""
    if not name or "+" in name or any(char.isspace() for char in name) or _CONTROL.search(name):
        raise NoteMalformedError(field=field, reason="key_name")
    return name


@lru_cache(maxsize=512)
def _parsed(raw: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(raw)


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who, by which key, and the bytes after the key id."""

    name: str
    key_id: bytes
    data: bytes

    def line(self) -> str:
        """The line with its newline."""
        return f"{_DASH}{self.name} {b64encode(self.key_id + self.data).decode()}\n"

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read one line without its newline. Raises NoteMalformedError."""
        name, blank, encoded = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not blank:
            raise NoteMalformedError(field="signature", reason="line")
        data = parse_base64(encoded, "signature")
        if len(data) < 5:
            raise NoteMalformedError(field="signature", reason="length")
        return cls(check_key_name(name), data[:4], data[4:])


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A key that verifies notes: name, type and the 32 bytes of an Ed25519 public key."""

    name: str
    type: SignatureType
    raw: bytes

    @property
    def key_id(self) -> bytes:
        """SHA-256(name ‖ newline ‖ type ‖ key), the first four bytes."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.type]) + self.raw).digest()[:4]

    def __str__(self) -> str:
        """As other tools take it: `name+hash+key`."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(bytes([self.type]) + self.raw).decode()}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `name+hash+key`. Raises NoteMalformedError, also for types this protocol does not use."""
        name, _, rest = text.partition("+")
        hash_hex, plus, encoded = rest.partition("+")
        if not plus or not re.fullmatch("[0-9a-f]{8}", hash_hex):
            raise NoteMalformedError(field="verifier_key", reason="form")
        data = parse_base64(encoded, "verifier_key")
        if not data or data[0] not in list(SignatureType):
            raise NoteMalformedError(field="verifier_key", reason="unsupported_type")
        if len(data) != 33:
            raise NoteMalformedError(field="verifier_key", reason="length")
        key = cls(check_key_name(name), SignatureType(data[0]), data[1:])
        if key.key_id.hex() != hash_hex:
            raise NoteMalformedError(field="verifier_key", reason="hash")
        return key

    def made(self, signature: Signature) -> bool:
        """Whether the line claims to be of this key; says nothing of its truth."""
        return signature.name == self.name and signature.key_id == self.key_id

    def verify(self, text: str, signature: Signature) -> int | None:
        """Check `signature` over a note's `text`; returns a cosignature's POSIX time. Raises NoteUnverifiedError."""
        message, signed, at = text.encode(), signature.data, None
        if self.type is SignatureType.COSIGNATURE:
            if len(signed) != _COSIGNATURE_BYTES:
                raise NoteUnverifiedError(name=self.name, reason="length")
            at, signed = int.from_bytes(signed[:8], "big"), signed[8:]
            if at > _MAX_TIMESTAMP:
                raise NoteUnverifiedError(name=self.name, reason="timestamp")
            message = cosignature_message(text, at)
        try:
            _parsed(self.raw).verify(signed, message)
        except (InvalidSignature, ValueError) as error:
            raise NoteUnverifiedError(name=self.name, reason="signature") from error
        return at


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends in a newline and its signature lines, in order."""

    text: str
    signatures: tuple[Signature, ...]

    def to_bytes(self) -> bytes:
        """The note as it travels."""
        return f"{self.text}\n{''.join(s.line() for s in self.signatures)}".encode()

    def with_signatures(self, more: Iterable[Signature]) -> "Note":
        """The same note with further signature lines, none of them twice."""
        return Note(self.text, tuple(dict.fromkeys((*self.signatures, *more))))

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a note; nothing in it is to be believed before `verify_note`. Raises NoteMalformedError."""
        if len(data) > limits.NOTE_BYTES:
            raise NoteMalformedError(field="note", reason="too_long")
        try:
            whole = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise NoteMalformedError(field="note", reason="utf8") from error
        if _CONTROL.search(whole):
            raise NoteMalformedError(field="note", reason="control_character")
        # The text may contain empty lines: the last one parts it from the signatures.
        text, blank, lines = whole.rpartition("\n\n")
        if not blank or not lines.endswith("\n"):
            raise NoteMalformedError(field="note", reason="form")
        found = lines[:-1].split("\n")
        if len(found) > limits.NOTE_SIGNATURES:
            raise NoteMalformedError(field="note", reason="too_many_signatures")
        return cls(text + "\n", tuple(Signature.parse(line) for line in found))


def sign_note(text: str, name: str, public: bytes, sign: Callable[[bytes], bytes]) -> Signature:
    """An Ed25519 signature line over `text` under `name`; `sign` is the private key's."""
    if not text.endswith("\n") or _CONTROL.search(text):
        raise NoteMalformedError(field="note", reason="form")
    key = VerifierKey(check_key_name(name), SignatureType.ED25519, public)
    return Signature(name, key.key_id, sign(text.encode()))


def cosignature_message(text: str, at: int) -> bytes:
    """What a witness signs at the POSIX time `at`: two lines, then the checkpoint's text."""
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def cosign(text: str, name: str, public: bytes, sign: Callable[[bytes], bytes], at: int) -> Signature:
    """A witness's cosignature line over a checkpoint's `text` at the POSIX time `at`, in seconds."""
    if not 0 <= at <= _MAX_TIMESTAMP:
        raise NoteMalformedError(field="timestamp", reason="out_of_range")
    key = VerifierKey(check_key_name(name), SignatureType.COSIGNATURE, public)
    return Signature(name, key.key_id, at.to_bytes(8, "big") + sign(cosignature_message(text, at)))


def verify_note(note: Note, keys: Sequence[VerifierKey]) -> list[tuple[VerifierKey, int | None]]:
    """The keys among `keys` that signed, each with a cosignature's time.

    Lines of unknown keys do not count. Raises NoteUnverifiedError when a line of a known key is false, or none is of
    a known key.
    """
    signed: dict[VerifierKey, int | None] = {}
    for signature in note.signatures:
        for key in keys:
            if key.made(signature):
                signed[key] = key.verify(note.text, signature)
    if not signed:
        raise NoteUnverifiedError(name="", reason="no_known_key")
    return list(signed.items())


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's head: origin line, number of leaves, root; extension lines of others' logs are kept."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The note text that is signed."""
        lines = (self.origin, str(self.size), b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a note's text. Raises NoteMalformedError."""
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
            raise NoteMalformedError(field="checkpoint", reason="form")
        origin, size, root = lines[:3]
        if len(origin) > limits.ORIGIN_CHARS:
            raise NoteMalformedError(field="origin", reason="too_long")
        return cls(origin, parse_decimal(size, "size"), parse_hash(root, "root"), tuple(lines[3:-1]))


def read_checkpoint(data: bytes, keys: Sequence[VerifierKey]) -> tuple[Checkpoint, Note]:
    """A checkpoint signed by a log key named like its origin. NoteMalformedError, NoteUnverifiedError."""
    note = Note.parse(data)
    head = Checkpoint.parse(note.text)
    verify_note(note, [key for key in keys if key.name == head.origin])
    return head, note
