"""Identifiers of agencies, posts, messages and conversations (P1.4, P2.1).

An agency is `mx.fge-son`: its country in two letters (ISO 3166-1, lower case), a dot and a slug. A post is
`mx.fge-son/firearms`: its agency, a slash and a slug. Messages and conversations are random UUIDs in lower case.
They are plain strings so that they go through databases and JSON as they are; these functions are the only gate.
"""

import re
import uuid
from os import urandom

from contraparte.protocol import limits
from contraparte.protocol.encoding import base64url
from contraparte.protocol.errors import IdentifierInvalidError

AgencyId = str
PostId = str
MessageId = str
ConversationId = str

_SLUG = rf"[a-z0-9-]{{1,{limits.SLUG_CHARS}}}"
_AGENCY = re.compile(rf"[a-z]{{2}}\.{_SLUG}")
_POST = re.compile(rf"[a-z]{{2}}\.{_SLUG}/{_SLUG}")
_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_TYPE = re.compile(r"[a-z][a-z0-9_-]*(?:\.[a-z][a-z0-9_-]*)+/[1-9][0-9]{0,2}")
_NONCE = re.compile(r"[A-Za-z0-9_-]{21}[AQgw]")
_SHOWN_CHARS = 80


def _matched(pattern: re.Pattern[str], text: object, field: str) -> str:
    if type(text) is str and pattern.fullmatch(text):
        return text
    read = text[:_SHOWN_CHARS] if isinstance(text, str) else type(text).__name__
    raise IdentifierInvalidError(field=field, read=read)


def parse_agency_id(text: object, field: str = "agency") -> AgencyId:
    """`mx.fge-son`, or IdentifierInvalidError naming `field`."""
    return _matched(_AGENCY, text, field)


def parse_post_id(text: object, field: str = "post") -> PostId:
    """`mx.fge-son/firearms`, or IdentifierInvalidError naming `field`."""
    return _matched(_POST, text, field)


def parse_uuid(text: object, field: str = "id") -> str:
    """A UUIDv4 in lower case with dashes, or IdentifierInvalidError naming `field`."""
    return _matched(_UUID4, text, field)


def parse_type(text: object, field: str = "type") -> str:
    """A message type `noun.verb/version` such as `trace.request/1`, or IdentifierInvalidError (P2.1)."""
    if type(text) is str and len(text) > limits.TYPE_CHARS:
        raise IdentifierInvalidError(field=field, read=text[:_SHOWN_CHARS])
    return _matched(_TYPE, text, field)


def parse_nonce(text: object, field: str = "nonce") -> str:
    """128 bits as 22 characters of base64url, or IdentifierInvalidError (P2.1)."""
    return _matched(_NONCE, text, field)


def agency_of(post: str) -> AgencyId:
    """The agency of a post; an agency's id is returned as it is."""
    agency, slash, _ = post.partition("/")
    if slash:
        _matched(_POST, post, "post")
    return parse_agency_id(agency)


def country_of(agency_or_post: str) -> str:
    """The two letters in front of an agency's or post's id."""
    return agency_of(agency_or_post)[:2]


def new_id() -> str:
    """A fresh message or conversation id."""
    return str(uuid.uuid4())


def new_nonce() -> str:
    """A fresh nonce of 128 bits."""
    return base64url(urandom(16))
