"""A pouch: envelopes, receipts and signed metadata in one file, carried by hand to a node that was cut off (P4.5).

    pouch    = magic "CPP1" ‖ u32 length ‖ manifest ‖ part × n
    manifest = compact JWS (typ `cp-pouch+jwt`) by the transport key of the agency that runs the sending node
    files    = u32 number ‖ (u16 length ‖ name ‖ u32 length ‖ bytes) × number      parts with several files

The manifest numbers the pouch, cites the one before, and names each part in order with kind, size, count and SHA-256:
of a file that was cut short, changed or put together from two nothing is taken. What the parts say is not believed
because it came in a pouch; envelopes, receipts and metadata carry their own signatures.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, Self, cast

from contraparte.protocol import jws, limits
from contraparte.protocol.encoding import (
    base64url,
    canonical_json,
    instant,
    parse_base64url,
    parse_instant,
    parse_object,
)
from contraparte.protocol.errors import IdentifierInvalidError, PouchMalformedError, ProtocolError
from contraparte.protocol.ids import parse_agency_id
from contraparte.protocol.keys import PrivateKey, PublicKey, Purpose

TYP: Final = "cp-pouch+jwt"
FORMAT: Final = "contraparte-pouch/1"
MAGIC: Final = b"CPP1"
PREFIX_BYTES: Final = len(MAGIC) + 4
_HASH_BYTES: Final = 32
_COUNTRY = re.compile(r"[a-z]{2}")

Kind = Literal["pouch", "answer"]
MESSAGES, RECEIPTS, DIRECTORY, CHECKPOINTS = "messages", "receipts", "directory", "checkpoints"
SHARE: Final = "share"
PART_BYTES: Final = {
    MESSAGES: limits.BATCH_BYTES,
    RECEIPTS: limits.RECEIPTS_BYTES,
    DIRECTORY: limits.DIRECTORY_REFRESH_BYTES + limits.DIRECTORY_TARGET_BYTES,
    CHECKPOINTS: limits.POUCH_FILES * limits.NOTE_BYTES // 16,
    SHARE: limits.ATTACHMENT_PIECE_BYTES + 1024,
}
"""What each kind of part may measure; the first two as over HTTP."""
PART_COUNTS: Final = {
    MESSAGES: limits.BATCH_ENVELOPES,
    RECEIPTS: limits.RECEIPTS,
    DIRECTORY: limits.POUCH_FILES,
    CHECKPOINTS: limits.POUCH_FILES,
    SHARE: 1,
}
"""How many things each may hold."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its kind, how many bytes and things, their SHA-256, and the country of a directory."""

    kind: str
    size: int
    count: int
    sha256: bytes
    country: str = ""

    def __post_init__(self) -> None:
        if self.kind not in PART_BYTES:
            raise PouchMalformedError(reason="part kind")
        if type(self.size) is not int or not 0 < self.size <= PART_BYTES[self.kind]:
            raise PouchMalformedError(reason="part size")
        if type(self.count) is not int or not 0 < self.count <= PART_COUNTS[self.kind]:
            raise PouchMalformedError(reason="part count")
        if len(self.sha256) != _HASH_BYTES:
            raise PouchMalformedError(reason="part hash")
        if type(self.country) is not str or bool(self.country) != (self.kind == DIRECTORY):
            raise PouchMalformedError(reason="part country")
        if self.country and not _COUNTRY.fullmatch(self.country):
            raise PouchMalformedError(reason="part country")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a pouch says of itself. `sender` and `recipient` are the agencies that run the two nodes.

    `previous` is the SHA-256 of the file numbered one less, None where the numbering begins. An answer bears the number
    of the pouch it `answers` (by SHA-256), and the positions of the receipts in it that were `refused`.
    """

    kind: Kind
    number: int
    sender: str
    recipient: str
    made: datetime
    parts: tuple[Part, ...]
    previous: bytes | None = None
    answers: bytes | None = None
    refused: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in ("pouch", "answer"):
            raise PouchMalformedError(reason="kind")
        if type(self.number) is not int or not 0 < self.number <= limits.JSON_NUMBER:
            raise PouchMalformedError(reason="number")
        try:
            parse_agency_id(self.sender, "sender")
            parse_agency_id(self.recipient, "recipient")
        except IdentifierInvalidError as error:
            raise PouchMalformedError(reason=str(error.params["field"])) from error
        if len(self.parts) > limits.POUCH_PARTS or len(self.refused) > limits.POUCH_RECEIPTS:
            raise PouchMalformedError(reason="number of parts")
        if (self.kind == "answer") != (self.answers is not None) or (self.kind == "answer" and self.previous):
            raise PouchMalformedError(reason="answers")
        if self.refused and self.kind == "pouch":
            raise PouchMalformedError(reason="refused")
        if any(type(position) is not int or position < 0 for position in self.refused):
            raise PouchMalformedError(reason="refused")
        for name in ("previous", "answers"):
            value = getattr(self, name)
            if value is not None and len(value) != _HASH_BYTES:
                raise PouchMalformedError(reason=name)

    def count(self, kind: str) -> int:
        """How many things of that kind all parts hold together."""
        return sum(part.count for part in self.parts if part.kind == kind)

    def to_json(self) -> dict[str, Any]:
        """Members as they are signed; absent ones are left out."""
        members: dict[str, Any] = {
            "format": FORMAT,
            "kind": self.kind,
            "number": self.number,
            "sender": self.sender,
            "recipient": self.recipient,
            "made": instant(self.made),
            "parts": [_part_json(part) for part in self.parts],
        }
        for name in ("previous", "answers"):
            if (value := getattr(self, name)) is not None:
                members[name] = base64url(value)
        if self.refused:
            members["refused"] = list(self.refused)
        return members

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> Self:
        """Read members; those of later versions are allowed. PouchMalformedError."""
        if members.get("format") != FORMAT:
            raise PouchMalformedError(reason="format")
        parts, refused = members.get("parts"), members.get("refused", [])
        if type(parts) is not list or type(refused) is not list or len(parts) > limits.POUCH_PARTS:
            raise PouchMalformedError(reason="number of parts")
        return cls(
            kind=cast(Kind, members.get("kind")),
            number=cast(int, members.get("number")),
            sender=cast(str, members.get("sender")),
            recipient=cast(str, members.get("recipient")),
            made=parse_instant(members.get("made"), "made"),
            parts=tuple(_part(entry) for entry in parts),
            previous=_hash(members["previous"]) if "previous" in members else None,
            answers=_hash(members["answers"]) if "answers" in members else None,
            refused=tuple(refused),
        )


def _part_json(part: Part) -> dict[str, Any]:
    members = {"kind": part.kind, "size": part.size, "count": part.count, "sha256": base64url(part.sha256)}
    return members | ({"country": part.country} if part.country else {})


def _part(members: Any) -> Part:
    if type(members) is not dict:
        raise PouchMalformedError(reason="part")
    return Part(
        kind=str(members.get("kind")),
        size=cast(int, members.get("size")),
        count=cast(int, members.get("count")),
        sha256=_hash(members.get("sha256")),
        country=members.get("country", ""),
    )


def _hash(text: object) -> bytes:
    if type(text) is not str or not text.isascii():
        raise PouchMalformedError(reason="hash")
    return parse_base64url(text.encode("ascii"), "hash")


def seal_manifest(manifest: Manifest, key: PrivateKey) -> bytes:
    """The beginning of the file: magic, length and the manifest signed by the sender's transport key."""
    key.public().require(Purpose.TRANSPORT, manifest.sender)
    token = jws.sign_compact(canonical_json(manifest.to_json(), "pouch"), TYP, key)
    if len(token) > limits.POUCH_MANIFEST_BYTES:
        raise PouchMalformedError(reason="manifest too long")
    return MAGIC + len(token).to_bytes(4, "big") + token


def manifest_length(prefix: bytes) -> int:
    """How many bytes of manifest follow the first PREFIX_BYTES of a file. PouchMalformedError where it is no pouch."""
    length = int.from_bytes(prefix[len(MAGIC) :], "big")
    if len(prefix) != PREFIX_BYTES or prefix[: len(MAGIC)] != MAGIC:
        raise PouchMalformedError(reason="magic")
    if not 0 < length <= limits.POUCH_MANIFEST_BYTES:
        raise PouchMalformedError(reason="manifest too long")
    return length


def peek_manifest(token: bytes) -> Manifest:
    """What a manifest says, its signature not looked at: to find the metadata that may vouch for its key."""
    parts = token.split(b".")
    if len(parts) != 3:
        raise PouchMalformedError(reason="manifest")
    return _parsed(lambda: parse_base64url(parts[1], "pouch"))


def read_manifest(token: bytes, resolve: jws.Resolve) -> tuple[Manifest, PublicKey]:
    """The manifest and the key that signed it, which is the sender's transport key.

    PouchMalformedError; SignatureInvalidError, KeyPurposeError, and what `resolve` raises for unknown keys.
    """
    peek_manifest(token)
    found: list[PublicKey] = []

    def remember(kid: str) -> PublicKey:
        found.append(resolve(kid))
        return found[-1]

    payload, _ = jws.read_compact(token, TYP, Purpose.TRANSPORT, remember)
    manifest = _parsed(lambda: payload)
    found[-1].require(Purpose.TRANSPORT, manifest.sender)
    return manifest, found[-1]


def _parsed(payload: Any) -> Manifest:
    try:
        return Manifest.from_json(parse_object(payload(), "pouch"))
    except ProtocolError as error:
        raise PouchMalformedError(reason=error.code) from error


def pack_files(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Several named files as one part, in the order given."""
    parts: list[bytes] = []
    number = 0
    for name, data in files:
        encoded = name.encode("ascii")
        parts += (len(encoded).to_bytes(2, "big"), encoded, len(data).to_bytes(4, "big"), data)
        number += 1
    return b"".join((number.to_bytes(4, "big"), *parts))


def unpack_files(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """The files of a part; names are anybody's words and no paths. PouchMalformedError."""
    number, at = int.from_bytes(raw[:4], "big"), 4
    if len(raw) < 4 or number > limits.POUCH_FILES:
        raise PouchMalformedError(reason="number of files")
    for _ in range(number):
        name, at = _prefixed(raw, at, 2)
        data, at = _prefixed(raw, at, 4)
        if len(name) > limits.POUCH_NAME_CHARS or not name.isascii():
            raise PouchMalformedError(reason="file name")
        yield name.decode("ascii"), data
    if at != len(raw):
        raise PouchMalformedError(reason="bytes to spare")


def _prefixed(raw: bytes, at: int, width: int) -> tuple[bytes, int]:
    start = at + width
    end = start + int.from_bytes(raw[at:start], "big")
    if end > len(raw):
        raise PouchMalformedError(reason="cut")
    return raw[start:end], end
