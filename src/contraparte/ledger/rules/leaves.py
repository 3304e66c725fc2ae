"""The layout of a ledger leaf: a fixed CBOR array, at most 300 bytes, without content (P5.1).

    [ 1, kind, direction, message id, envelope hash, commitment, signature hash, references, retention, minute ]

docs/protocol/ledger.md describes every field; the registry of kinds there and here is the same (a test compares them).
Each leaf has one spelling, so `LAYOUT` recognises a leaf by a regular expression: an audit of a million leaves must
not cost a CBOR parser's time.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final

import cbor2

from contraparte.protocol import limits
from contraparte.protocol.errors import LeafInvalidError

VERSION: Final = 1
MAX_MINUTE: Final = int(datetime(9999, 12, 31, 23, 59, tzinfo=UTC).timestamp()) // 60


class Kind(StrEnum):
    """What happened, noun:verb in the past tense. Its number in a leaf is in KIND_NUMBERS and never given twice."""

    LOG_OPENED = "log:opened"
    MESSAGE_RELEASED = "message:released"
    MESSAGE_ACCEPTED = "message:accepted"
    MESSAGE_REJECTED = "message:rejected"
    MESSAGE_DELIVERED = "message:delivered"
    MESSAGE_OPENED = "message:opened"
    MESSAGE_USED = "message:used"
    MESSAGE_DELETED = "message:deleted"
    MESSAGE_RESEALED = "message:resealed"
    MESSAGE_ERASED = "message:erased"
    HOLD_PLACED = "hold:placed"
    HOLD_LIFTED = "hold:lifted"
    NODE_RECOVERED = "node:recovered"
    MESSAGE_RECALLED = "message:recalled"
    RELEASE_REVIEWED = "release:reviewed"
    DISCLOSURE_CONFIRMED = "disclosure:confirmed"


KIND_NUMBERS: Final[dict[Kind, int]] = {
    Kind.LOG_OPENED: 1,
    Kind.MESSAGE_RELEASED: 2,
    Kind.MESSAGE_ACCEPTED: 3,
    Kind.MESSAGE_REJECTED: 4,
    Kind.MESSAGE_DELIVERED: 5,
    Kind.MESSAGE_OPENED: 6,
    Kind.MESSAGE_USED: 7,
    Kind.MESSAGE_DELETED: 8,
    Kind.MESSAGE_RESEALED: 9,
    Kind.MESSAGE_ERASED: 10,
    Kind.HOLD_PLACED: 11,
    Kind.HOLD_LIFTED: 12,
    Kind.NODE_RECOVERED: 13,
    Kind.MESSAGE_RECALLED: 14,
    Kind.RELEASE_REVIEWED: 15,
    Kind.DISCLOSURE_CONFIRMED: 16,
}
_KINDS: Final = {number: kind for kind, number in KIND_NUMBERS.items()}


class Direction(StrEnum):
    """Which way the message went, seen from the log's agency."""

    NONE = "none"
    OUT = "out"
    IN = "in"


_DIRECTION_NUMBERS: Final = {Direction.NONE: 0, Direction.OUT: 1, Direction.IN: 2}
_DIRECTIONS: Final = {number: direction for direction, number in _DIRECTION_NUMBERS.items()}
_NULL: Final = b"\xf6"
_HEADS: Final = {
    (kind, direction): bytes([0x8A, VERSION, kind, number])
    for kind in KIND_NUMBERS.values()
    for direction, number in _DIRECTION_NUMBERS.items()
}

_RETENTION: Final = re.compile(r"[\x20-\x7e]*")
MESSAGE_ID_AT: Final = 5
"""Where a leaf's message id begins, counted from 0; counted from 1, as SQL does, the 0x50 before it stands there."""
_HASH = rb"\x58\x20.{32}"
_HASH_OR_NULL = rb"(?:\xf6|" + _HASH + rb")"
_REFERENCES = b"|".join(
    re.escape(bytes([0x80 + count])) + (b"(?:" + _HASH + b"){%d}" % count)
    for count in range(limits.LEAF_REFERENCES + 1)
)
_RETENTIONS = b"|".join(
    re.escape(bytes([0x60 + length])) + rb"[\x20-\x7e]{%d}" % length for length in range(limits.RETENTION_CHARS + 1)
)
# Group 1 is the kind's number: one byte, the registry stays below 24.
LAYOUT: Final = re.compile(
    rb"\x8a\x01([\x00-\x17])[\x00-\x02](?:\xf6|\x50.{16})"
    + _HASH_OR_NULL * 3
    + b"(?:"
    + _REFERENCES
    + b")(?:"
    + _RETENTIONS
    + b")"
    + rb"(?:[\x00-\x17]|\x18[\x18-\xff]|\x19(?!\x00)..|\x1a(?!\x00\x00)....)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """What one leaf says. Hashes are 32 bytes, the message id 16; `at` is kept to the minute."""

    kind_number: int
    direction: Direction
    message_id: bytes | None
    envelope_hash: bytes | None
    commitment: bytes | None
    signature_hash: bytes | None
    references: tuple[bytes, ...]
    retention: str
    at: datetime

    @property
    def kind(self) -> Kind | None:
        """What happened, or None for a number that a later version gave."""
        return _KINDS.get(self.kind_number)

    def to_bytes(self) -> bytes:
        """The leaf as it is hashed. Raises LeafInvalidError for what does not fit the layout."""
        return encode_leaf(
            self.kind_number,
            self.direction,
            self.message_id,
            self.envelope_hash,
            self.commitment,
            self.signature_hash,
            self.references,
            self.retention,
            whole_minute(self.at),
        )


def _hash(field: str, value: bytes | None) -> bytes:
    if value is None:
        return _NULL
    if type(value) is not bytes or len(value) != 32:
        raise LeafInvalidError(field=field, reason="hash_length")
    return b"\x58\x20" + value


@lru_cache(maxsize=256)
def _retention(text: str) -> bytes:
    if len(text) > limits.RETENTION_CHARS or not _RETENTION.fullmatch(text):
        raise LeafInvalidError(field="retention", reason="form")
    return bytes([0x60 + len(text)]) + text.encode("ascii")


@lru_cache(maxsize=256)
def _unsigned(value: int) -> bytes:
    if not 0 <= value <= MAX_MINUTE:
        raise LeafInvalidError(field="at", reason="out_of_range")
    for limit, head, width in ((0x18, b"", 1), (1 << 8, b"\x18", 1), (1 << 16, b"\x19", 2)):
        if value < limit:
            return head + value.to_bytes(width, "big")
    return b"\x1a" + value.to_bytes(4, "big")


def encode_leaf(  # noqa: PLR0917 - the ten fields of the layout, in its order; called once for every message
    kind_number: int,
    direction: Direction,
    message_id: bytes | None,
    envelope_hash: bytes | None,
    commitment: bytes | None,
    signature_hash: bytes | None,
    references: Sequence[bytes],
    retention: str,
    minute: int,
) -> bytes:
    """The bytes of a leaf: CBOR written by hand, because only the hashes change (a test holds it to a CBOR library).

    Raises LeafInvalidError for what does not fit the layout.
    """
    if message_id is not None and len(message_id) != 16:
        raise LeafInvalidError(field="message_id", reason="form")
    if len(references) > limits.LEAF_REFERENCES or None in references:
        raise LeafInvalidError(field="references", reason="number")
    cited = b"\x80"
    if references:
        cited = bytes([0x80 + len(references)]) + b"".join([_hash("references", reference) for reference in references])
    return b"".join(
        (
            _HEADS[kind_number, direction],
            _NULL if message_id is None else b"\x50" + message_id,
            _hash("envelope_hash", envelope_hash),
            _hash("commitment", commitment),
            _hash("signature_hash", signature_hash),
            cited,
            _retention(retention),
            _unsigned(minute),
        )
    )


def whole_minute(at: datetime) -> int:
    """Minutes since 1970 in UTC: the coarse time of a leaf. Raises LeafInvalidError for a time without zone."""
    if at.tzinfo is None:
        raise LeafInvalidError(field="at", reason="no_time_zone")
    return int(at.timestamp()) // 60


def message_id_bytes(message_id: str) -> bytes:
    """The 16 bytes of a message id in its text form. Raises LeafInvalidError."""
    try:
        data = bytes.fromhex(message_id.replace("-", ""))
    except ValueError as error:
        raise LeafInvalidError(field="message_id", reason="form") from error
    if len(data) != 16:
        raise LeafInvalidError(field="message_id", reason="form")
    return data


def message_id_text(data: bytes) -> str:
    """The text form of a message id's 16 bytes."""
    text = data.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def parse_leaf(data: bytes) -> Leaf:
    """Read a leaf, ours or a peer's: only the one spelling of each value. Raises LeafInvalidError."""
    if not LAYOUT.fullmatch(data):
        raise LeafInvalidError(field="leaf", reason="layout")
    fields = cbor2.loads(data)
    _, kind, direction, message_id, envelope_hash, commitment, signature_hash, references, retention, minute = fields
    if minute > MAX_MINUTE:
        raise LeafInvalidError(field="at", reason="out_of_range")
    return Leaf(
        kind_number=kind,
        direction=_DIRECTIONS[direction],
        message_id=message_id,
        envelope_hash=envelope_hash,
        commitment=commitment,
        signature_hash=signature_hash,
        references=tuple(references),
        retention=retention,
        at=datetime.fromtimestamp(minute * 60, UTC),
    )
