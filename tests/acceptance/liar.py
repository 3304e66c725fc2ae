"""A peer that holds real keys and lies: the tracing centre's, taken from its own folder, used against the Mexican node.

What it sends over the socket is signed as RFC 9421 asks unless a test says otherwise; nothing of the sending side's
code but the formats is used.
"""

import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import requests

from contraparte.node.demo_nodes import Node
from contraparte.protocol.envelope import Envelope, seal
from contraparte.protocol.frames import MEDIA_TYPE, encode_batch
from contraparte.protocol.http_signatures import sign_request
from contraparte.protocol.ids import agency_of, new_id, new_nonce
from contraparte.protocol.keys import PrivateKey, PublicKey, Purpose
from contraparte.protocol.message import Message, issue, read
from contraparte.protocol.receipts import Statement, decode_receipts
from tests.acceptance.trio import Trio, read_rows

LIAR, VICTIM, NEIGHBOUR = "us.ntc", "mx.fge-son", "us.custodians"


def now() -> datetime:
    return datetime.now(UTC)


def private_key(node: Node, agency: str, purpose: Purpose) -> PrivateKey:
    """A key out of a node's folder."""
    (file,) = (node.home / "keys").glob(f"{agency}__{purpose.value}-*.key")
    told = json.loads(file.read_bytes())
    return PrivateKey(told["kid"], told["agency"], Purpose(told["purpose"]), b64decode(told["raw"]))


def public_keys(node: Node) -> dict[str, PublicKey]:
    """Every key of the directories as a node has verified them."""
    rows = read_rows(node, "SELECT kid, agency_id, purpose, raw FROM directory_key")
    return {
        row["kid"]: PublicKey(row["kid"], row["agency_id"], Purpose(row["purpose"]), row["raw"], None, None)
        for row in rows
    }


@dataclass
class Answered:
    """What came back: the status, the code of a refusal of the whole request, or one statement an envelope."""

    status: int
    body: bytes

    @property
    def code(self) -> str:
        return str(json.loads(self.body)["code"])

    @property
    def statements(self) -> list[Statement]:
        assert self.status == 200, (self.status, self.body[:200])
        return [Statement.parse(receipt.statement) for receipt in decode_receipts(self.body)]

    @property
    def told(self) -> list[str]:
        """`accepted`, or the code of what was refused or put off."""
        return [one.code or one.kind for one in self.statements]


def flipped(raw: bytes, at: int) -> bytes:
    """The same with one bit of one byte changed."""
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def post_batch(url: str, body: bytes, key: PrivateKey, *, signed: bytes | None = None) -> Answered:
    """POST a batch to a node by its own address, under the signature of a request with the body `signed`."""
    target, headers = f"{url}/peer/messages", {"content-type": MEDIA_TYPE}
    headers |= sign_request("POST", target, headers, body if signed is None else signed, key, now())
    answer = requests.post(target, data=body, headers=headers, timeout=60)
    return Answered(answer.status_code, answer.content)


class Liar:
    """The tracing centre's keys before one running node, which answers at `at` and calls itself `known_as`."""

    def __init__(self, trio: Trio, at: str, known_as: str) -> None:
        self.at, self.known_as = at, known_as
        own = trio.nodes["us"]
        self.message_key = private_key(own, LIAR, Purpose.MESSAGE)
        self.transport_key = private_key(own, LIAR, Purpose.TRANSPORT)
        self.neighbours_key = private_key(trio.nodes["custodians"], NEIGHBOUR, Purpose.TRANSPORT)
        keys = public_keys(own)
        self.sealing_key = next(key for key in keys.values() if key.agency == VICTIM and key.purpose is Purpose.SEAL)
        sent = read_rows(
            own,
            "SELECT k.presentation FROM exchange_message m JOIN exchange_content k ON k.message_id = m.id "
            f"WHERE m.direction = 'out' AND m.type = 'trace.acknowledge/1' AND m.recipient LIKE '{VICTIM}/%' LIMIT 1",
        )
        self.honest: Message = read(sent[0]["presentation"], keys.__getitem__)

    def said(self, **other: Any) -> Message:
        """A message as the centre would sign it, in a conversation of its own, that no node has seen."""
        fresh = {
            "id": new_id(), "nonce": new_nonce(), "conversation": new_id(), "seq": 1, "created": now(),
            "in_reply_to": None,
        }  # fmt: skip
        return replace(self.honest, **{**fresh, **other})

    def sealed(self, message: Message, **other: Any) -> Envelope:
        """Signed and sealed but for what `other` says."""
        presentation = other.pop("presentation", None) or issue(message, self.message_key)
        named = {
            "message_id": message.id, "sender": LIAR, "recipient": agency_of(message.recipient),
            "sealing_key": self.sealing_key, "signing_key": self.transport_key,
        }  # fmt: skip
        return seal(presentation, **{**named, **other})

    def request(
        self, body: bytes, *, path: str = "/peer/messages", key: PrivateKey | None = None, at: datetime | None = None
    ) -> dict[str, str]:
        """Headers of a signed POST of `body`."""
        headers = {"content-type": MEDIA_TYPE}
        target = self.known_as + path
        return headers | sign_request("POST", target, headers, body, key or self.transport_key, at or now())

    def post(self, body: bytes, headers: dict[str, str], *, path: str = "/peer/messages") -> Answered:
        """Send exactly this."""
        answer = requests.post(self.at + path, data=body, headers=headers, timeout=60)
        return Answered(answer.status_code, answer.content)

    def send(self, *envelopes: Envelope) -> Answered:
        """Send a well-signed batch."""
        body = encode_batch(list(envelopes))
        return self.post(body, self.request(body))


Lie = Callable[[Liar], Envelope]
