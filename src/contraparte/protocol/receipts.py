"""Receipts: signed statements about one message, many under one signature (P4.3).

A batch of statements is signed once: the JWS covers the RFC 6962 Merkle root over their bytes and their number. Each
receipt carries its statement, its Merkle path and that JWS, and so proves itself alone, in a court file or after the
rest of the batch is gone. Statement bytes are kept as they were signed and stored as they came: a repeat of a message
is answered with the same bytes. One module, though long: statement, proof and the two layouts are one format.

    receipt = magic "CPR1" ‖ u32 index ‖ u32 count ‖ u16 length ‖ statement ‖ u16 length ‖ head ‖
              u8 hashes ‖ 32 × hashes
    answer  = magic "CPA1" ‖ u16 heads ‖ (u16 length ‖ head)… ‖ u32 receipts ‖
              (u16 head ‖ u32 index ‖ u32 count ‖ u16 length ‖ statement ‖ u8 hashes ‖ 32 × hashes)…
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, Self

from contraparte.protocol import ids, jws, limits
from contraparte.protocol.encoding import (
    base64url,
    canonical_json,
    check_json,
    instant,
    parse_base64url,
    parse_instant,
    parse_object,
)
from contraparte.protocol.errors import (
    BoundExceededError,
    ProofError,
    ReceiptInvalidError,
    ReceiptMalformedError,
)
from contraparte.protocol.keys import PrivateKey, PublicKey, Purpose
from contraparte.protocol.tlog import leaf_hash, node_hash, verify_inclusion

TYP: Final = "cp-receipts+jwt"
MEDIA_TYPE: Final = "application/vnd.contraparte.receipts"
_RECEIPT_MAGIC: Final = b"CPR1"
_ANSWER_MAGIC: Final = b"CPA1"
_HASH_BYTES: Final = 32
_CODE = re.compile(r"[a-z][a-z0-9_-]*(?:\.[a-z0-9_-]+)*")


class ReceiptKind(StrEnum):
    """What happened to a message at its receiver (P4.3)."""

    ACCEPTED = "accepted"
    """Durably committed and logged."""
    REJECTED = "rejected"
    """Refused for good, with a code; the mended message has a new id."""
    DEFERRED = "deferred"
    """Not now, with a code; unlogged, and to be tried again with the same id."""
    DELIVERED = "delivered"
    """Reached the post's desk."""
    OPENED = "opened"
    USED = "used"
    DELETED = "deleted"


_VERDICTS: Final = frozenset({ReceiptKind.ACCEPTED, ReceiptKind.REJECTED})
_CODED: Final = frozenset({ReceiptKind.REJECTED, ReceiptKind.DEFERRED})
_AFTER_ACCEPTANCE: Final = frozenset(
    {ReceiptKind.ACCEPTED, ReceiptKind.DELIVERED, ReceiptKind.OPENED, ReceiptKind.USED, ReceiptKind.DELETED}
)
_MEMBERS: Final = frozenset(
    {"kind", "id", "digest", "envelope", "receiver", "sender", "log", "index", "leaf", "code", "at"}
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement by `receiver` about a message of `sender` (both agencies). `kind` becomes a ReceiptKind.

    `digest` and `envelope_hash` are 32 bytes. `log_origin`, `index` and `leaf_hash` name the ledger leaf: all three or
    none; `accepted` has them, `deferred` never. `code` belongs to `rejected` and `deferred` alone.
    """

    kind: str
    message_id: str
    digest: bytes
    envelope_hash: bytes
    receiver: str
    sender: str
    log_origin: str | None
    index: int | None
    leaf_hash: bytes | None
    code: str | None
    at: datetime
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "kind", ReceiptKind(self.kind))
        except ValueError as error:
            raise ReceiptMalformedError(field="kind") from error
        ids.parse_uuid(self.message_id, "id")
        ids.parse_agency_id(self.receiver, "receiver")
        ids.parse_agency_id(self.sender, "sender")
        for name in ("digest", "envelope_hash"):
            if len(getattr(self, name)) != _HASH_BYTES:
                raise ReceiptMalformedError(field=name)
        self._check_log()
        if (self.code is not None) != (self.kind in _CODED):
            raise ReceiptMalformedError(field="code")
        if self.code is not None and (len(self.code) > limits.CODE_CHARS or not _CODE.fullmatch(self.code)):
            raise ReceiptMalformedError(field="code")
        if self.at.tzinfo is None:
            raise ReceiptMalformedError(field="at")
        if len(self.extra) > limits.EXTRA_MEMBERS or not _MEMBERS.isdisjoint(self.extra):
            raise ReceiptMalformedError(field="extra")

    def _check_log(self) -> None:
        named = sum(value is not None for value in (self.log_origin, self.index, self.leaf_hash))
        must = self.kind is ReceiptKind.ACCEPTED
        may = self.kind is not ReceiptKind.DEFERRED
        if named not in (0, 3) or (must and not named) or (named and not may):
            raise ReceiptMalformedError(field="log")
        if self.log_origin is None or self.index is None or self.leaf_hash is None:
            return
        origin = self.log_origin
        if not 0 < len(origin) <= limits.ORIGIN_CHARS or not origin.isprintable() or "+" in origin or " " in origin:
            raise ReceiptMalformedError(field="log")
        if not 0 <= self.index <= limits.JSON_NUMBER:
            raise ReceiptMalformedError(field="index")
        if len(self.leaf_hash) != _HASH_BYTES:
            raise ReceiptMalformedError(field="leaf")

    def to_bytes(self) -> bytes:
        """Canonical JSON, absent members left out; unknown members are written again."""
        members: dict[str, Any] = {
            "kind": str(self.kind),
            "id": self.message_id,
            "digest": base64url(self.digest),
            "envelope": base64url(self.envelope_hash),
            "receiver": self.receiver,
            "sender": self.sender,
            "at": instant(self.at),
        }
        if self.leaf_hash is not None:
            members |= {"log": self.log_origin, "index": self.index, "leaf": base64url(self.leaf_hash)}
        if self.code is not None:
            members["code"] = self.code
        if self.extra:
            check_json(dict(self.extra), "receipt")
            members |= self.extra
        raw = canonical_json(members, "receipt")
        if len(raw) > limits.STATEMENT_BYTES:
            raise BoundExceededError(what="receipt statement", limit=limits.STATEMENT_BYTES, read=len(raw))
        return raw

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """The statement in these bytes, which are the only ones it has. ReceiptMalformedError names the field."""
        if len(raw) > limits.STATEMENT_BYTES:
            raise BoundExceededError(what="receipt statement", limit=limits.STATEMENT_BYTES, read=len(raw))
        members = parse_object(raw, "receipt")
        take = members.pop
        leaf = take("leaf", None)
        statement = cls(
            kind=_text(take("kind", None), "kind"),
            message_id=take("id", None),
            digest=_hash(take("digest", None), "digest"),
            envelope_hash=_hash(take("envelope", None), "envelope"),
            receiver=take("receiver", None),
            sender=take("sender", None),
            log_origin=_optional(take("log", None), str, "log"),
            index=_optional(take("index", None), int, "index"),
            leaf_hash=None if leaf is None else _hash(leaf, "leaf"),
            code=_optional(take("code", None), str, "code"),
            at=parse_instant(take("at", None), "at"),
            extra=members,
        )
        if statement.to_bytes() != raw:
            raise ReceiptMalformedError(field="spelling")
        return statement


def _text(read: Any, name: str) -> str:
    if type(read) is not str:
        raise ReceiptMalformedError(field=name)
    return read


def _optional(read: Any, kind: type, name: str) -> Any:
    if read is not None and type(read) is not kind:
        raise ReceiptMalformedError(field=name)
    return read


def _hash(read: Any, name: str) -> bytes:
    if not _text(read, name).isascii():
        raise ReceiptMalformedError(field=name)
    raw = parse_base64url(read.encode("ascii"), name)
    if len(raw) != _HASH_BYTES:
        raise ReceiptMalformedError(field=name)
    return raw


@dataclass(frozen=True, slots=True)
class Receipt:
    """A statement's bytes, its place among `count`, its Merkle path, and the JWS over root and count."""

    statement: bytes
    index: int
    count: int
    path: tuple[bytes, ...]
    head: bytes

    def __post_init__(self) -> None:
        if not 0 < self.count <= limits.RECEIPTS or not 0 <= self.index < self.count:
            raise ReceiptMalformedError(field="index")
        if len(self.path) > limits.RECEIPT_PATH or any(len(node) != _HASH_BYTES for node in self.path):
            raise ReceiptMalformedError(field="path")
        for what, part, limit in (
            ("receipt statement", self.statement, limits.STATEMENT_BYTES),
            ("receipt head", self.head, limits.RECEIPT_HEAD_BYTES),
        ):
            if not 0 < len(part) <= limit:
                raise BoundExceededError(what=what, limit=limit, read=len(part))

    def to_bytes(self) -> bytes:
        """The receipt on its own, as it is stored and exported."""
        return b"".join(
            (_RECEIPT_MAGIC, *_place(self), *_prefixed(self.statement), *_prefixed(self.head), *_path(self.path))
        )

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """A receipt from `to_bytes`, unverified. ReceiptMalformedError, BoundExceededError."""
        cursor = _Cursor(raw, _RECEIPT_MAGIC)
        index, count = cursor.number(4), cursor.number(4)
        statement, head, path = cursor.prefixed(), cursor.prefixed(), cursor.path()
        cursor.end()
        return cls(statement, index, count, path, head)


def _place(receipt: Receipt) -> tuple[bytes, bytes]:
    return receipt.index.to_bytes(4, "big"), receipt.count.to_bytes(4, "big")


def _prefixed(part: bytes) -> tuple[bytes, bytes]:
    return len(part).to_bytes(2, "big"), part


def _path(path: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return (len(path).to_bytes(1, "big"), *path)


class _Cursor:
    """Reads forward through bytes and refuses to read beyond them."""

    __slots__ = ("at", "raw")

    def __init__(self, raw: bytes, magic: bytes) -> None:
        self.raw, self.at = raw, 0
        if self.take(len(magic)) != magic:
            raise ReceiptMalformedError(field="magic")

    def take(self, length: int) -> bytes:
        part = self.raw[self.at : self.at + length]
        if len(part) != length:
            raise ReceiptMalformedError(field="length")
        self.at += length
        return part

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def prefixed(self) -> bytes:
        return self.take(self.number(2))

    def path(self) -> tuple[bytes, ...]:
        hashes = self.number(1)
        if hashes > limits.RECEIPT_PATH:
            raise ReceiptMalformedError(field="path")
        return tuple(self.take(_HASH_BYTES) for _ in range(hashes))

    def end(self) -> None:
        if self.at != len(self.raw):
            raise ReceiptMalformedError(field="length")


def _levels(leaves: list[bytes]) -> list[list[bytes]]:
    """All levels of the RFC 6962 tree, leaves first; a last node without partner moves up as it is."""
    levels = [leaves]
    while len(levels[-1]) > 1:
        below = levels[-1]
        above = [node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)]
        levels.append(above + below[len(below) & ~1 :])
    return levels


def _path_in(levels: list[list[bytes]], index: int) -> tuple[bytes, ...]:
    path = []
    for level in levels[:-1]:
        if (sibling := index ^ 1) < len(level):
            path.append(level[sibling])
        index >>= 1
    return tuple(path)


def sign_batch(statements: Sequence[Statement], key: PrivateKey) -> list[Receipt]:
    """Sign 1 to 1024 statements of one receiving agency with one signature (P4.3).

    KeyPurposeError unless `key` is that agency's transport key. Receipts come in the order of the statements.
    """
    if not 0 < len(statements) <= limits.RECEIPTS:
        raise BoundExceededError(what="receipts", limit=limits.RECEIPTS, read=len(statements))
    for receiver in {statement.receiver for statement in statements}:
        key.public().require(Purpose.TRANSPORT, receiver)
    raws = [statement.to_bytes() for statement in statements]
    levels = _levels([leaf_hash(raw) for raw in raws])
    root = levels[-1][0]
    head = jws.sign_compact(canonical_json({"count": len(raws), "root": base64url(root)}), TYP, key)
    return [Receipt(raw, index, len(raws), _path_in(levels, index), head) for index, raw in enumerate(raws)]


@lru_cache(maxsize=256)
def _signed_root(head: bytes, key: PublicKey) -> tuple[int, bytes]:
    """Count and root under a head that `key` signed. Cached: a batch's head is verified once."""
    payload, _ = jws.read_compact(head, TYP, Purpose.TRANSPORT, lambda _: key)
    members = parse_object(payload, "receipt head")
    count = members.get("count")
    if type(count) is not int:
        raise ReceiptMalformedError(field="count")
    return count, _hash(members.get("root"), "root")


def verify_receipt(receipt: Receipt, resolve: jws.Resolve) -> Statement:
    """The statement of a receipt that the receiving agency's transport key signed (P4.3).

    ReceiptInvalidError where root, count or signer do not fit; SignatureInvalidError, KeyPurposeError; and what
    `resolve` raises for unknown keys.
    """
    header, _, _ = receipt.head.partition(b".")
    key = resolve(jws.kid_of(header, TYP))
    count, root = _signed_root(receipt.head, key)
    if count != receipt.count:
        raise ReceiptInvalidError(reason="count")
    try:
        verify_inclusion(leaf_hash(receipt.statement), receipt.index, count, receipt.path, root)
    except ProofError as error:
        raise ReceiptInvalidError(reason="path") from error
    statement = Statement.parse(receipt.statement)
    key.require(Purpose.TRANSPORT, statement.receiver)
    return statement


def encode_receipts(receipts: Sequence[Receipt]) -> bytes:
    """The answer to a batch: receipts in order, each distinct head once. An empty answer is allowed."""
    if len(receipts) > limits.RECEIPTS:
        raise BoundExceededError(what="receipts", limit=limits.RECEIPTS, read=len(receipts))
    heads = {head: number for number, head in enumerate(dict.fromkeys(receipt.head for receipt in receipts))}
    parts = [_ANSWER_MAGIC, len(heads).to_bytes(2, "big")]
    for head in heads:
        parts += _prefixed(head)
    parts.append(len(receipts).to_bytes(4, "big"))
    for receipt in receipts:
        parts.append(heads[receipt.head].to_bytes(2, "big"))
        parts += (*_place(receipt), *_prefixed(receipt.statement), *_path(receipt.path))
    raw = b"".join(parts)
    if len(raw) > limits.RECEIPTS_BYTES:
        raise BoundExceededError(what="receipts bytes", limit=limits.RECEIPTS_BYTES, read=len(raw))
    return raw


def decode_receipts(raw: bytes) -> list[Receipt]:
    """The receipts of an answer, unverified. ReceiptMalformedError, BoundExceededError."""
    if len(raw) > limits.RECEIPTS_BYTES:
        raise BoundExceededError(what="receipts bytes", limit=limits.RECEIPTS_BYTES, read=len(raw))
    cursor = _Cursor(raw, _ANSWER_MAGIC)
    heads = [cursor.prefixed() for _ in range(cursor.number(2))]
    receipts = []
    if (count := cursor.number(4)) > limits.RECEIPTS:
        raise BoundExceededError(what="receipts", limit=limits.RECEIPTS, read=count)
    for _ in range(count):
        number = cursor.number(2)
        if number >= len(heads):
            raise ReceiptMalformedError(field="head")
        index, total = cursor.number(4), cursor.number(4)
        receipts.append(Receipt(cursor.prefixed(), index, total, cursor.path(), heads[number]))
    cursor.end()
    if encode_receipts(receipts) != raw:  # heads unused, repeated or out of order
        raise ReceiptMalformedError(field="head")
    return receipts


def contradicts(first: Statement, second: Statement) -> bool:
    """Whether one receiver cannot honestly have signed both: an incident (P4.3).

    True where two statements give one log position two leaves or two messages, and where for one message of one sender
    (a) two different messages were accepted under one id,
    (b) one message got two verdicts, or one verdict in two wordings (a repeat returns the same bytes),
    (c) a message was rejected and yet delivered, opened, used or deleted.
    Statements may be given in either order.
    """
    if first.receiver != second.receiver:
        return False
    about_one = (first.sender, first.message_id) == (second.sender, second.message_id)
    one_leaf = first.log_origin is not None and (first.log_origin, first.index) == (second.log_origin, second.index)
    if one_leaf and (first.leaf_hash != second.leaf_hash or not about_one):
        return True
    if not about_one:
        return False
    if first.digest != second.digest:
        return first.kind in _AFTER_ACCEPTANCE and second.kind in _AFTER_ACCEPTANCE
    if first.kind in _VERDICTS and second.kind in _VERDICTS:
        return first.to_bytes() != second.to_bytes()
    pair = {first.kind, second.kind}
    return ReceiptKind.REJECTED in pair and not pair.isdisjoint(_AFTER_ACCEPTANCE)
