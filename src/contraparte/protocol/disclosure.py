"""Selective disclosure after RFC 9901, as far as a message needs it (P2.3).

Each leaf of a body stands behind a salted digest: a scalar or an empty container that is a member of an object, and
every element of an array whatever it is (its own leaves once more inside, recursively). Objects that are members of
objects stay in clear, so the structure is kept. Digest: SHA-256 of the encoded disclosure.

`digests_of` and `disclosed` know nothing of signatures or of our profile: the examples of RFC 9901 run through them.
Section numbers below are those of RFC 9901.
"""

import hashlib
from collections.abc import Callable, Iterator
from os import urandom
from typing import Any

from contraparte.protocol import limits
from contraparte.protocol.encoding import (
    base64url,
    base64url_ascii,
    check_text,
    compact_json,
    parse_base64url,
    parse_json,
    quoted,
)
from contraparte.protocol.errors import BoundExceededError, DisclosureInvalidError, EncodingInvalidError

DIGESTS = "_sd"
ELEMENT = "..."
ALGORITHM = "_sd_alg"
SHA_256 = "sha-256"
RESERVED = frozenset({DIGESTS, ELEMENT})

_SALT_CHARS = 24
"""144 bits: more than the 128 that section 9.3 recommends, and a whole number of base64 groups."""
_SALTS_AT_ONCE = 32
_BODY_DEPTH = limits.JSON_DEPTH - 4
"""Levels below the body: the rest is for the payload, the body itself and the digests it gets."""


def _salts() -> Iterator[str]:
    """Fresh salts (9.3), drawn from the system and encoded in lots."""
    while True:
        drawn = base64url(urandom(_SALTS_AT_ONCE * _SALT_CHARS * 3 // 4))
        for start in range(0, len(drawn), _SALT_CHARS):
            yield drawn[start : start + _SALT_CHARS]


def _spelled(value: Any) -> str:
    """A leaf as JSON, refused where the other side would refuse to read it."""
    kind = type(value)
    if kind is str:
        check_text(value)
        return quoted(value)
    if value is None or kind is bool:
        return "null" if value is None else ("true" if value else "false")
    if kind is int or kind is float:
        if not -limits.JSON_NUMBER <= value <= limits.JSON_NUMBER:  # NaN fails too
            raise BoundExceededError(what="number", limit=limits.JSON_NUMBER, read=repr(value)[:32])
        return repr(value)
    if kind is dict or kind is list:
        return compact_json(value, "body").decode("utf-8")
    raise EncodingInvalidError(what="body", reason=kind.__name__)


class _Hiding:
    """One walk over a body: what it leaves in clear, and the disclosures in the order of the walk."""

    __slots__ = ("disclosures", "salts")

    def __init__(self) -> None:
        self.disclosures: list[bytes] = []
        self.salts = _salts()

    def _hide(self, inner: str) -> str:
        """A disclosure `[salt, inner…]` is kept; its digest is returned (4.2.1 to 4.2.3)."""
        spelled = f'["{next(self.salts)}",{inner}]'.encode()
        encoded = base64url_ascii(spelled)
        if len(encoded) > limits.DISCLOSURE_BYTES:
            raise BoundExceededError(what="disclosure", limit=limits.DISCLOSURE_BYTES, read=len(encoded))
        self.disclosures.append(encoded)
        return base64url(hashlib.sha256(encoded).digest())

    def members(self, value: dict[str, Any], depth: int) -> dict[str, Any]:
        if depth < 0:
            raise BoundExceededError(what="body depth", limit=limits.JSON_DEPTH, read=limits.JSON_DEPTH + 1)
        clear: dict[str, Any] = {}
        hidden: list[str] = []
        for name, member in value.items():
            _check_name(name)
            kind = type(member)
            if member and kind is dict:
                clear[name] = self.members(member, depth - 1)
            elif member and kind is list:
                clear[name] = self.elements(member, depth - 1)
            else:
                hidden.append(self._hide(f"{quoted(name)},{_spelled(member)}"))
        if hidden:
            hidden.sort()  # the order of the members must not show (4.2.4.1)
            clear[DIGESTS] = hidden
        return clear

    def elements(self, value: list[Any], depth: int) -> list[dict[str, str]]:
        if depth < 0:
            raise BoundExceededError(what="body depth", limit=limits.JSON_DEPTH, read=limits.JSON_DEPTH + 1)
        hidden = []
        for element in value:
            kind = type(element)
            inner = element
            if element and kind is dict:
                inner = self.members(element, depth - 1)
            elif element and kind is list:
                inner = self.elements(element, depth - 1)
            hidden.append({ELEMENT: self._hide(_spelled(inner))})
        return hidden


def _check_name(name: Any) -> None:
    if type(name) is not str or name in RESERVED:
        raise DisclosureInvalidError(reason="reserved name")
    if len(name) > limits.JSON_KEY_CHARS:
        raise BoundExceededError(what="member name", limit=limits.JSON_KEY_CHARS, read=len(name))
    check_text(name)


def digests_of(body: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """The body with a digest for each leaf and array element, and the encoded disclosures.

    DisclosureInvalidError for a reserved name, BoundExceededError, EncodingInvalidError for what is no JSON.
    """
    hiding = _Hiding()
    try:
        clear = hiding.members(body, _BODY_DEPTH)
    except UnicodeEncodeError as error:
        raise EncodingInvalidError(what="body", reason="text") from error
    if len(hiding.disclosures) > limits.DISCLOSURES:
        raise BoundExceededError(what="disclosures", limit=limits.DISCLOSURES, read=len(hiding.disclosures))
    return clear, hiding.disclosures


def _digest_of(encoded: bytes) -> str:
    return base64url(hashlib.sha256(encoded).digest())


def read_disclosures(encoded: list[bytes]) -> dict[str, list[Any]]:
    """Contents of the disclosures by digest, sizes checked before parsing (7.1, step 3.1)."""
    if len(encoded) > limits.DISCLOSURES:
        raise BoundExceededError(what="disclosures", limit=limits.DISCLOSURES, read=len(encoded))
    contents: dict[str, list[Any]] = {}
    sha256 = hashlib.sha256
    for disclosure in encoded:
        if len(disclosure) > limits.DISCLOSURE_BYTES:
            raise BoundExceededError(what="disclosure", limit=limits.DISCLOSURE_BYTES, read=len(disclosure))
        parts = parse_json(parse_base64url(disclosure, "disclosure"), "disclosure")
        if type(parts) is not list or len(parts) not in (2, 3) or type(parts[0]) is not str:
            raise DisclosureInvalidError(reason="malformed")
        contents[base64url(sha256(disclosure).digest())] = parts
    if len(contents) != len(encoded):
        raise DisclosureInvalidError(reason="duplicate disclosure")
    return contents


class _Disclosing:
    """One walk over a payload: digests are replaced by what was disclosed, and each is met once."""

    __slots__ = ("contents", "met", "used")

    def __init__(self, contents: dict[str, list[Any]]) -> None:
        self.contents = contents
        self.met: set[str] = set()
        self.used = 0

    def _found(self, digest: Any, parts: int) -> list[Any] | None:
        """The disclosure behind a digest, or None where it was not disclosed (7.1, steps 3.3.1 to 3.3.3)."""
        if type(digest) is not str:
            raise DisclosureInvalidError(reason="malformed digest")
        if digest in self.met:  # 7.1, step 4
            raise DisclosureInvalidError(reason="duplicate digest")
        self.met.add(digest)
        if len(self.met) > limits.DIGESTS:
            raise BoundExceededError(what="digests", limit=limits.DIGESTS, read=len(self.met))
        found = self.contents.get(digest)
        if found is not None:
            if len(found) != parts:
                raise DisclosureInvalidError(reason="malformed")
            self.used += 1
        return found

    def value(self, value: Any, depth: int) -> Any:
        if type(value) is dict:
            return self.members(value, depth)
        if type(value) is list:
            return self.elements(value, depth)
        return value

    def members(self, value: dict[str, Any], depth: int) -> dict[str, Any]:
        if depth < 0:
            raise BoundExceededError(what="disclosed depth", limit=limits.JSON_DEPTH, read=limits.JSON_DEPTH + 1)
        clear: dict[str, Any] = {}
        for name, member in value.items():
            if name == ELEMENT:
                raise DisclosureInvalidError(reason="reserved name")
            if name != DIGESTS:
                kind = type(member)
                clear[name] = self.value(member, depth - 1) if kind is dict or kind is list else member
        digests = value.get(DIGESTS, ())
        if type(digests) is not list and DIGESTS in value:
            raise DisclosureInvalidError(reason="malformed digest")
        for digest in digests:
            found = self._found(digest, 3)
            if found is None:
                continue
            _, name, member = found
            if type(name) is not str or name in RESERVED:
                raise DisclosureInvalidError(reason="reserved name")
            if name in clear:
                raise DisclosureInvalidError(reason="name already there")
            if len(name) > limits.JSON_KEY_CHARS:
                raise BoundExceededError(what="member name", limit=limits.JSON_KEY_CHARS, read=len(name))
            kind = type(member)
            clear[name] = self.value(member, depth - 1) if kind is dict or kind is list else member
        return clear

    def elements(self, value: list[Any], depth: int) -> list[Any]:
        if depth < 0:
            raise BoundExceededError(what="disclosed depth", limit=limits.JSON_DEPTH, read=limits.JSON_DEPTH + 1)
        clear = []
        for element in value:
            if type(element) is dict and ELEMENT in element:
                if len(element) != 1:
                    raise DisclosureInvalidError(reason="reserved name")
                found = self._found(element[ELEMENT], 2)
                if found is not None:
                    clear.append(self.value(found[1], depth - 1))
            else:
                clear.append(self.value(element, depth - 1))
        return clear


def disclosed(payload: dict[str, Any], encoded: list[bytes]) -> dict[str, Any]:
    """The payload with everything disclosed put in its place, and every digest gone (7.1, step 3).

    Refuses unreferenced disclosures, duplicate digests, duplicate disclosures, reserved and repeated names
    (DisclosureInvalidError), and whatever passes a bound, counted over nested disclosures too.
    """
    walk = _Disclosing(read_disclosures(encoded))
    clear = walk.members(payload, limits.JSON_DEPTH)
    if walk.used != len(encoded):  # 7.1, step 5
        raise DisclosureInvalidError(reason="unreferenced disclosure")
    return clear


def has_digests(value: Any) -> bool:
    """Whether a reserved name occurs anywhere in a value (our profile allows them in the body only)."""
    if type(value) is dict:
        if not RESERVED.isdisjoint(value):
            return True
        value = value.values()
    elif type(value) is not list:
        return False
    for member in value:
        kind = type(member)
        if (kind is dict or kind is list) and has_digests(member):
            return True
    return False


def kept_disclosures(body: dict[str, Any], encoded: list[bytes], keep: Callable[[str], bool]) -> list[bytes]:
    """The disclosures whose pointers `keep` accepts, in their order; what lies inside a dropped element goes too.

    `body` is the signed body, digests and all. Pointers (RFC 6901) start at the body and count array
    elements as signed.
    """
    contents = read_disclosures(encoded)
    kept: set[str] = set()

    def hidden(digest: str, pointer: str, inner: Any) -> None:
        if keep(pointer):
            kept.add(digest)
            visit(inner, pointer)

    def visit(value: Any, pointer: str) -> None:
        if type(value) is dict:
            for name, member in value.items():
                if name != DIGESTS:
                    visit(member, f"{pointer}/{_escaped(name)}")
            for digest in value.get(DIGESTS, ()):
                if digest in contents:
                    _, name, member = contents[digest]
                    hidden(digest, f"{pointer}/{_escaped(name)}", member)
        elif type(value) is list:
            for index, element in enumerate(value):
                if type(element) is dict and ELEMENT in element:
                    digest = element[ELEMENT]
                    if digest in contents:
                        hidden(digest, f"{pointer}/{index}", contents[digest][1])
                else:
                    visit(element, f"{pointer}/{index}")

    visit(body, "")
    return [disclosure for disclosure in encoded if _digest_of(disclosure) in kept]


def _escaped(name: str) -> str:
    """A member name as a reference token of a JSON pointer (RFC 6901, 3)."""
    return name.replace("~", "~0").replace("/", "~1")
