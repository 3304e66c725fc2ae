"""Keys, messages and strategies that the protocol tests share."""

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from contraparte.protocol import ids
from contraparte.protocol.attachments import FileDescription
from contraparte.protocol.errors import KeyUnknownError
from contraparte.protocol.keys import PrivateKey, PublicKey, Purpose, generate
from contraparte.protocol.marking import Evaluation, Marking
from contraparte.protocol.message import AccordRef, Message

SENDER, RECIPIENT = "mx.fge-son", "us.atf-ntc"
FIREARMS, TRACING = f"{SENDER}/firearms", f"{RECIPIENT}/tracing"
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)

MESSAGE_KEY = generate(SENDER, Purpose.MESSAGE)
TRANSPORT_KEY = generate(SENDER, Purpose.TRANSPORT)
SEALING_KEY = generate(RECIPIENT, Purpose.SEAL)
RECEIPT_KEY = generate(RECIPIENT, Purpose.TRANSPORT)
KEYS = {key.kid: key.public() for key in (MESSAGE_KEY, TRANSPORT_KEY, SEALING_KEY, RECEIPT_KEY)}

MARKING = Marking(
    handling=frozenset({"H1"}),
    purposes=frozenset({"firearm.trace"}),
    circle=frozenset({SENDER, RECIPIENT}),
    retention_until=date(2030, 1, 1),
    evaluation=Evaluation("B", 2),
)
BODY: dict[str, Any] = {
    "firearm": {"maker": "Ñandú", "serial": "AB123", "marks": ["left", "right"], "parts": [{"slide": "X1"}, []]},
    "rows": [[1, 2], []],
    "note": "",
    "score": 0.5,
    "empty": {},
    "found": None,
    "obliterated": False,
}


def resolve(kid: str) -> PublicKey:
    """A directory of these keys."""
    if kid not in KEYS:
        raise KeyUnknownError(kid=kid)
    return KEYS[kid]


def other_key(purpose: Purpose, agency: str = SENDER) -> PrivateKey:
    """A key that no directory knows."""
    return generate(agency, purpose)


def a_message(**members: Any) -> Message:
    defaults: dict[str, Any] = {
        "id": ids.new_id(),
        "nonce": ids.new_nonce(),
        "conversation": ids.new_id(),
        "seq": 1,
        "type": "trace.request/1",
        "sender": FIREARMS,
        "recipient": TRACING,
        "accord": AccordRef("mx-us-firearms", "ab" * 32),
        "created": NOW,
        "expires": None,
        "in_reply_to": None,
        "supersedes": None,
        "copy_of": None,
        "marking": MARKING,
        "body": BODY,
    }
    return Message(**(defaults | members))


def a_file(**members: Any) -> FileDescription:
    defaults: dict[str, Any] = {
        "number": 7,
        "name": "frame, left side.jpg",
        "media_type": "image/jpeg",
        "size": 40_000,
        "sha256": b"\x01" * 32,
        "key": b"\x02" * 32,
        "sealed_sha256": b"\x03" * 32,
    }
    return FileDescription(**(defaults | members))


# Text that may cross: no NUL (PostgreSQL), no halves of surrogate pairs.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
names = texts.filter(lambda name: name not in ("_sd", "..."))
numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-(2.0**53) + 1, 2.0**53 - 1, allow_nan=False)
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=12
)
bodies = st.dictionaries(names, values, max_size=6)


def mutations(valid: bytes) -> st.SearchStrategy[bytes]:
    """Bytes near valid ones: cut, changed, doubled, spliced."""
    places = st.integers(0, len(valid))
    changed = st.builds(lambda at, put: valid[:at] + put + valid[at + len(put) :], places, st.binary(max_size=4))
    spliced = st.builds(lambda a, b: valid[:a] + valid[b:], places, places)
    inserted = st.builds(lambda at, put: valid[:at] + put + valid[at:], places, st.binary(min_size=1, max_size=4))
    return changed | spliced | inserted
