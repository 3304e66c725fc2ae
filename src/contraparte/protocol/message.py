"""The message: who asks whom for what, under which accord and marking, signed by the sending agency (P2).

A presentation is `<issuer-signed JWT>~<disclosure>~…~`, as bytes that are signed, hashed and stored exactly as they
are. Members of the body are disclosable one by one, all others stand in clear inside the signature. A `Message` that
exists is well formed: its constructor checks what `read` and `issue` need. Members this version does not know are
kept in `extra` and written again (invariant 9).
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from contraparte.protocol import ids, jws, limits
from contraparte.protocol.disclosure import (
    ALGORITHM,
    SHA_256,
    digests_of,
    disclosed,
    has_digests,
    kept_disclosures,
)
from contraparte.protocol.encoding import (
    base64url_ascii,
    canonical_json,
    check_json,
    compact_json,
    instant,
    parse_base64url,
    parse_instant,
    parse_object,
)
from contraparte.protocol.errors import (
    BoundExceededError,
    DisclosureInvalidError,
    MessageClockError,
    MessageExpiredError,
    MessageMalformedError,
)
from contraparte.protocol.keys import PrivateKey, Purpose
from contraparte.protocol.marking import Marking

TYP: Final = "cp-message+sd-jwt"

_ACCORD_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
_ACCORD_HASH = re.compile(r"[0-9a-f]{64}")
_POINTER = re.compile(r"(?:/(?:[^~/\x00]|~[01])*)+")
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class AccordRef:
    """The accord a message was written under: its id and the SHA-256 of its document, in hex (P1.2)."""

    id: str
    hash: str

    def __post_init__(self) -> None:
        if type(self.id) is not str or not _ACCORD_ID.fullmatch(self.id):
            raise MessageMalformedError(field="accord.id", reason="form")
        if type(self.hash) is not str or not _ACCORD_HASH.fullmatch(self.hash):
            raise MessageMalformedError(field="accord.hash", reason="form")


@dataclass(frozen=True, slots=True)
class Withheld:
    """A body member that the sender took out before signing: JSON pointer (RFC 6901) in the draft, and why."""

    pointer: str
    reason: str

    def __post_init__(self) -> None:
        pointer, reason = self.pointer, self.reason
        if type(pointer) is not str or len(pointer) > limits.POINTER_CHARS or not _POINTER.fullmatch(pointer):
            raise MessageMalformedError(field="withheld.pointer", reason="form")
        if type(reason) is not str or not 0 < len(reason) <= limits.REASON_CHARS or not reason.isprintable():
            raise MessageMalformedError(field="withheld.reason", reason="form")


@dataclass(frozen=True, slots=True)
class Message:
    """One message (P2.1). Instants are aware; `seq` is None for control types, which overtake (P4.1).

    `copy_of` is the id of the message this is a copy of, where the accord routes a copy to a third post.
    """

    id: str
    nonce: str
    conversation: str
    seq: int | None
    type: str
    sender: str
    recipient: str
    accord: AccordRef
    created: datetime
    expires: datetime | None
    in_reply_to: str | None
    supersedes: str | None
    copy_of: str | None
    marking: Marking
    body: dict[str, Any]
    attachments: tuple[Mapping[str, Any], ...] = ()
    withheld: tuple[Withheld, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ids.parse_uuid(self.id, "id")
        ids.parse_nonce(self.nonce)
        ids.parse_uuid(self.conversation, "conversation")
        ids.parse_type(self.type)
        ids.parse_post_id(self.sender, "sender")
        ids.parse_post_id(self.recipient, "recipient")
        for name in ("in_reply_to", "supersedes", "copy_of"):
            if (named := getattr(self, name)) is not None:
                ids.parse_uuid(named, name)
        if self.seq is not None and (type(self.seq) is not int or not 0 < self.seq <= limits.JSON_NUMBER):
            raise MessageMalformedError(field="seq", reason="range")
        if self.created.tzinfo is None or (self.expires is not None and self.expires.tzinfo is None):
            raise MessageMalformedError(field="created", reason="no time zone")
        if self.expires is not None and self.expires <= self.created:
            raise MessageMalformedError(field="expires", reason="before created")
        if type(self.body) is not dict:
            raise MessageMalformedError(field="body", reason="object expected")
        for name, count, limit in (
            ("attachments", len(self.attachments), limits.ATTACHMENTS),
            ("withheld", len(self.withheld), limits.WITHHELD),
            ("extra", len(self.extra), limits.EXTRA_MEMBERS),
        ):
            if count > limit:
                raise BoundExceededError(what=name, limit=limit, read=count)
        if self.extra and not _MEMBERS.isdisjoint(self.extra):
            raise MessageMalformedError(field="extra", reason="known member")
        for entry in self.withheld:
            if _is_present(self.body, entry.pointer):
                raise MessageMalformedError(field="withheld", reason="present in body")


_REQUIRED: Final = ("id", "nonce", "conversation", "type", "sender", "recipient")
_OPTIONAL: Final = ("in_reply_to", "supersedes", "copy_of")
_MEMBERS: Final = frozenset(
    {*_REQUIRED, *_OPTIONAL, "seq", "accord", "created", "expires", "marking", "body", "attachments", "withheld"}
    | {ALGORITHM, "_sd", "..."}
)
_NOT_APPROVED: Final = ("id", "nonce", "seq", "created", "expires")
_NOT_APPROVED_OF_A_FILE: Final = frozenset({"number", "cipher", "key", "sealed"})


def _is_present(body: dict[str, Any], pointer: str) -> bool:
    """Whether a pointer leads somewhere. Behind an array nothing is said: taking out elements shifts the others."""
    value: Any = body
    for token in pointer[1:].split("/"):
        if type(value) is not dict:
            return False
        value = value.get(token.replace("~1", "/").replace("~0", "~"), _ABSENT)
        if value is _ABSENT:
            return False
    return True


def _members(message: Message) -> dict[str, Any]:
    """Everything but the body, as it is signed; absent members are left out, never null."""
    members: dict[str, Any] = {name: getattr(message, name) for name in _REQUIRED}
    for name in (*_OPTIONAL, "seq"):
        if (value := getattr(message, name)) is not None:
            members[name] = value
    members["accord"] = {"id": message.accord.id, "hash": message.accord.hash}
    members["created"] = instant(message.created)
    if message.expires is not None:
        members["expires"] = instant(message.expires)
    members["marking"] = message.marking.to_json()
    if message.attachments:
        members["attachments"] = [dict(entry) for entry in message.attachments]
    if message.withheld:
        members["withheld"] = [{"pointer": entry.pointer, "reason": entry.reason} for entry in message.withheld]
    if message.extra:
        members |= message.extra
    return members


def issue(message: Message, key: PrivateKey) -> bytes:
    """Sign a message for its recipient with fresh salts: a presentation with every disclosure (P2.3).

    KeyPurposeError unless `key` is the sending agency's message key. What `read` would refuse is refused here.
    """
    key.public().require(Purpose.MESSAGE, ids.agency_of(message.sender))
    payload = _members(message)
    if message.attachments or message.extra:
        _check_free_members(message)
    payload["body"], disclosures = digests_of(message.body)
    payload[ALGORITHM] = SHA_256
    encoded = base64url_ascii(compact_json(payload, "message"))
    header, signature = jws.sign(encoded, TYP, key)
    presentation = b"~".join((b"%b.%b.%b" % (header, encoded, signature), *disclosures, b""))
    if len(presentation) > limits.PRESENTATION_BYTES:
        raise BoundExceededError(what="message", limit=limits.PRESENTATION_BYTES, read=len(presentation))
    return presentation


def _check_free_members(message: Message) -> None:
    free = [message.extra, *(dict(entry) for entry in message.attachments)]
    check_json(free, "message", limits.JSON_DEPTH - 2)
    if has_digests(free):
        raise DisclosureInvalidError(reason="reserved name")


def _split(presentation: bytes) -> tuple[bytes, bytes, bytes, list[bytes]]:
    """Header, payload, signature and disclosures, all still encoded."""
    if len(presentation) > limits.PRESENTATION_BYTES:
        raise BoundExceededError(what="message", limit=limits.PRESENTATION_BYTES, read=len(presentation))
    token, *disclosures = presentation.split(b"~")
    if not disclosures or disclosures.pop():  # a last part that is not empty would be a key binding
        raise MessageMalformedError(field="presentation", reason="end")
    parts = token.split(b".")
    if len(parts) != 3:
        raise MessageMalformedError(field="presentation", reason="parts")
    return parts[0], parts[1], parts[2], disclosures


def read(presentation: bytes, resolve: jws.Resolve) -> Message:
    """Verify and read a presentation: bounds, exact typ and alg, signature of the sender's message key, disclosures.

    `resolve` finds keys by id in the directory and raises for unknown ones. The clock is judged by `check_clock`, the
    key's cut-off by whoever knows the log (P1.6).
    """
    header, encoded, signature, disclosures = _split(presentation)
    key = resolve(jws.kid_of(header, TYP))
    key.require(Purpose.MESSAGE)
    jws.verify(header, encoded, signature, key)
    payload = parse_object(parse_base64url(encoded, "message"), "message")
    if payload.pop(ALGORITHM, None) != SHA_256:
        raise DisclosureInvalidError(reason="algorithm")
    body = payload.pop("body", None)
    if type(body) is not dict:
        raise MessageMalformedError(field="body", reason="object expected")
    if has_digests(payload):
        raise DisclosureInvalidError(reason="reserved name")
    message = _message(payload, disclosed(body, disclosures))
    key.require(Purpose.MESSAGE, ids.agency_of(message.sender))
    return message


def _message(payload: dict[str, Any], body: dict[str, Any]) -> Message:
    take = payload.pop
    members = {name: take(name, None) for name in _REQUIRED}
    for name in (*_OPTIONAL, "seq"):
        value = take(name, _ABSENT)
        if value is None:
            raise MessageMalformedError(field=name, reason="null")
        members[name] = None if value is _ABSENT else value
    expires = take("expires", _ABSENT)
    return Message(
        **members,
        accord=_accord(take("accord", None)),
        created=parse_instant(take("created", None), "created"),
        expires=None if expires is _ABSENT else parse_instant(expires, "expires"),
        marking=Marking.from_json(take("marking", None)),
        body=body,
        attachments=_attachments(take("attachments", _ABSENT)),
        withheld=_withheld(take("withheld", _ABSENT)),
        extra=payload,
    )


def _accord(read_value: Any) -> AccordRef:
    if type(read_value) is not dict or read_value.keys() != {"id", "hash"}:
        raise MessageMalformedError(field="accord", reason="members")
    return AccordRef(read_value["id"], read_value["hash"])


def _objects(read_value: Any, name: str, limit: int) -> list[dict[str, Any]]:
    """A list of one to `limit` objects, or none where the member is absent."""
    if read_value is _ABSENT:
        return []
    if type(read_value) is not list or not read_value or any(type(entry) is not dict for entry in read_value):
        raise MessageMalformedError(field=name, reason="list of objects expected")
    if len(read_value) > limit:
        raise BoundExceededError(what=name, limit=limit, read=len(read_value))
    return read_value


def _attachments(read_value: Any) -> tuple[Mapping[str, Any], ...]:
    return tuple(_objects(read_value, "attachments", limits.ATTACHMENTS))


def _withheld(read_value: Any) -> tuple[Withheld, ...]:
    entries = _objects(read_value, "withheld", limits.WITHHELD)
    if any(entry.keys() != {"pointer", "reason"} for entry in entries):
        raise MessageMalformedError(field="withheld", reason="members")
    return tuple(Withheld(entry["pointer"], entry["reason"]) for entry in entries)


def digest(presentation: bytes) -> bytes:
    """SHA-256 of the exact presentation, disclosures included (P2.1)."""
    return hashlib.sha256(presentation).digest()


def content_digest(message: Message) -> bytes:
    """SHA-256 of what an approval covers: all but `id`, `nonce`, `seq`, `created` and `expires` (P2.4, P6.3).

    Of a file: name, media type, size and hash of what is in it, not how it was sealed (P3.5).
    """
    members = _members(message)
    for name in _NOT_APPROVED:
        members.pop(name, None)
    if message.attachments:
        members["attachments"] = [
            {name: value for name, value in entry.items() if name not in _NOT_APPROVED_OF_A_FILE}
            for entry in message.attachments
        ]
    members["body"] = message.body
    return hashlib.sha256(canonical_json(members, "message")).digest()


def check_clock(message: Message, now: datetime) -> None:
    """Refuse a message made more than 5 minutes ahead or 30 days behind, or expired (P4.4)."""
    ahead, behind = timedelta(seconds=limits.CREATED_AHEAD_S), timedelta(seconds=limits.CREATED_BEHIND_S)
    if not now - behind <= message.created <= now + ahead:
        raise MessageClockError(created=message.created, now=now)
    if message.expires is not None and message.expires <= now:
        raise MessageExpiredError(expires=message.expires, now=now)


def drop_disclosures(presentation: bytes, keep: Callable[[str], bool]) -> bytes:
    """The same signed message with only the body members whose JSON pointer `keep` accepts, for permitted onward use.

    An element of an array that is dropped takes along what lies in it. The signature stays valid, the digest of the
    presentation is another. The presentation was read before: signatures are not checked again.
    """
    header, encoded, signature, disclosures = _split(presentation)
    body = parse_object(parse_base64url(encoded, "message"), "message").get("body")
    if type(body) is not dict:
        raise MessageMalformedError(field="body", reason="object expected")
    disclosed(body, disclosures)
    kept = kept_disclosures(body, disclosures, keep)
    return b"~".join((b"%b.%b.%b" % (header, encoded, signature), *kept, b""))
