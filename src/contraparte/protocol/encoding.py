"""The three spellings the protocol uses: strict JSON, unpadded base64url, and instants in UTC.

Each value has one spelling, and anything else is refused: padding, spare bits, duplicate members, NaN, NUL, halves of
surrogate pairs. Two readers then never see two messages in the same bytes (P2.5).
"""

import json
import re
from binascii import Error as BinasciiError
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from json.encoder import encode_basestring
from typing import Any, NoReturn

from contraparte.protocol import limits
from contraparte.protocol.errors import BoundExceededError, EncodingInvalidError

_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_+/=", b"+/!!!")  # the other alphabet and padding become what strict mode refuses
_PADDING = (b"", b"", b"==", b"=")
_LAST = (b"", b"", b"AQgw", b"AEIMQUYcgkosw048")  # last characters that leave no spare bits, by length modulo 4
_STRUCTURE = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?Z", re.ASCII)

quoted: Callable[[str], str] = encode_basestring
"""A string as JSON, quotes included (the C encoder itself: the hot path calls it once for each leaf)."""


def base64url(data: bytes) -> str:
    """Unpadded base64url (RFC 7515, 2)."""
    return base64url_ascii(data).decode("ascii")


def base64url_ascii(data: bytes) -> bytes:
    """The same as bytes: what is signed and hashed never becomes text."""
    return b2a_base64(data, newline=False).rstrip(b"=").translate(_TO_URL)


def parse_base64url(text: bytes, what: str) -> bytes:
    """Bytes behind the one canonical spelling; EncodingInvalidError for padding, spaces or spare bits."""
    spare = len(text) & 3
    if spare == 0 or (spare > 1 and text[-1] in _LAST[spare]):
        try:
            return a2b_base64(text.translate(_FROM_URL) + _PADDING[spare], strict_mode=True)
        except BinasciiError as error:
            raise EncodingInvalidError(what=what, reason="base64url") from error
    raise EncodingInvalidError(what=what, reason="base64url")


def _refuse_constant(name: str) -> NoReturn:
    raise EncodingInvalidError(what="number", reason=name)


def _whole(text: str) -> int:
    if len(text) <= limits.JSON_NUMBER_CHARS and -limits.JSON_NUMBER <= (value := int(text)) <= limits.JSON_NUMBER:
        return value
    raise BoundExceededError(what="number", limit=limits.JSON_NUMBER, read=text[: limits.JSON_NUMBER_CHARS])


def _broken(text: str) -> float:
    value = float(text) if len(text) <= limits.JSON_NUMBER_CHARS else float("inf")
    if abs(value) <= limits.JSON_NUMBER:
        return value
    raise BoundExceededError(what="number", limit=limits.JSON_NUMBER, read=text[: limits.JSON_NUMBER_CHARS])


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise EncodingInvalidError(what="json", reason="duplicate member")
    for name in found:
        if len(name) > limits.JSON_KEY_CHARS:
            raise BoundExceededError(what="member name", limit=limits.JSON_KEY_CHARS, read=len(name))
    return found


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=_whole, parse_float=_broken, parse_constant=_refuse_constant
)
_scan: Callable[[str, int], tuple[Any, int]] = _DECODER.scan_once  # type: ignore[attr-defined]
"""The C scanner itself: no blanks before or after, and no second pass to find them."""
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_CANONICAL_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)


def _check_depth(raw: bytes) -> None:
    """Before parsing: a scan only when there are more brackets than allowed levels."""
    if raw.count(b"[") + raw.count(b"{") <= limits.JSON_DEPTH:
        return
    depth = 0
    for token in _STRUCTURE.finditer(raw):
        mark = raw[token.start()]
        if mark in b"[{":
            depth += 1
            if depth > limits.JSON_DEPTH:
                raise BoundExceededError(what="json depth", limit=limits.JSON_DEPTH, read=depth)
        elif mark in b"]}":
            depth -= 1


def check_text(text: str) -> None:
    """Refuse NUL, which PostgreSQL cannot keep, and halves of surrogate pairs, which are no text."""
    if "\0" in text:
        raise EncodingInvalidError(what="text", reason="NUL")
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise EncodingInvalidError(what="text", reason="surrogate")


def _check_texts(value: Any) -> None:
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, dict):
        for name, member in value.items():
            check_text(name)
            _check_texts(member)
    elif isinstance(value, list):
        for member in value:
            _check_texts(member)


def parse_json(raw: bytes, what: str) -> Any:
    """A value from strict JSON; the caller has bounded the size. BoundExceededError, EncodingInvalidError."""
    _check_depth(raw)
    try:
        text = raw.decode("utf-8")
        value, end = _scan(text, 0)
    except (ValueError, RecursionError, StopIteration) as error:
        raise EncodingInvalidError(what=what, reason="json") from error
    if end != len(text):
        raise EncodingInvalidError(what=what, reason="json")
    if "\\u" in text:  # only an escape can bring in a NUL or half a pair
        _check_texts(value)
    return value


def parse_object(raw: bytes, what: str) -> dict[str, Any]:
    """The same, for an object."""
    value = parse_json(raw, what)
    if type(value) is dict:
        return value
    raise EncodingInvalidError(what=what, reason="object expected")


def _encoded(encoder: json.JSONEncoder, value: Any, what: str) -> bytes:
    try:
        return encoder.encode(value).encode("utf-8")
    except (ValueError, TypeError, RecursionError) as error:
        raise EncodingInvalidError(what=what, reason="json") from error


def compact_json(value: Any, what: str = "json") -> bytes:
    """Compact JSON, members in the order given."""
    return _encoded(_ENCODER, value, what)


def canonical_json(value: Any, what: str = "json") -> bytes:
    """Compact JSON with sorted members: the same value gives the same bytes."""
    return _encoded(_CANONICAL_ENCODER, value, what)


def check_json(value: Any, what: str, depth: int = limits.JSON_DEPTH) -> None:
    """Refuse a Python value that `parse_json` would not give back: for what this node writes itself."""
    kind = type(value)
    if depth <= 0 and kind in (dict, list):
        raise BoundExceededError(what=what, limit=limits.JSON_DEPTH, read=limits.JSON_DEPTH + 1)
    if kind is str:
        check_text(value)
    elif kind is dict:
        for name, member in value.items():
            if type(name) is not str:
                raise EncodingInvalidError(what=what, reason="member name")
            if len(name) > limits.JSON_KEY_CHARS:
                raise BoundExceededError(what="member name", limit=limits.JSON_KEY_CHARS, read=len(name))
            check_text(name)
            check_json(member, what, depth - 1)
    elif kind is list:
        for member in value:
            check_json(member, what, depth - 1)
    elif kind is int or kind is float:
        if not -limits.JSON_NUMBER <= value <= limits.JSON_NUMBER:  # NaN fails too
            raise BoundExceededError(what="number", limit=limits.JSON_NUMBER, read=str(value)[:32])
    elif value is not None and kind is not bool:
        raise EncodingInvalidError(what=what, reason=kind.__name__)


def instant(at: datetime) -> str:
    """An aware datetime as RFC 3339 in UTC: `2026-02-03T04:05:06Z`, with six digits where it has a fraction."""
    if at.tzinfo is None:
        raise EncodingInvalidError(what="instant", reason="no time zone")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def parse_instant(text: object, what: str) -> datetime:
    """The instant behind the one spelling `instant` writes."""
    if type(text) is str and _INSTANT.fullmatch(text) and not text.endswith(".000000Z"):
        try:
            return datetime.fromisoformat(text)
        except ValueError as error:
            raise EncodingInvalidError(what=what, reason="instant") from error
    raise EncodingInvalidError(what=what, reason="instant")


def plain(value: Any) -> Any:
    """A JSON value with mappings and tuples turned into dicts and lists, all of them copies."""
    if isinstance(value, Mapping):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [plain(member) for member in value]
    return value
