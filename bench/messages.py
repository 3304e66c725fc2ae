"""Two agencies and a message of ordinary size: fifteen leaves, as a trace request has."""

import datetime
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from contraparte.protocol import ids
from contraparte.protocol.keys import PrivateKey, PublicKey, Purpose, generate
from contraparte.protocol.marking import Marking
from contraparte.protocol.message import AccordRef, Message

BODY: dict[str, Any] = {
    "reference": "CI-FGE-2026-0001",
    "priority": "routine",
    "crime": "robbery",
    "firearm": {
        "serial": "AB1234567",
        "maker": "Example Arms",
        "type": "P",
        "calibre": "9x19",
        "model": "M17",
        "country": "US",
        "importer": "",
    },
    "recovered": {"on": "2026-03-02", "state": "MX-SON", "municipality": "Hermosillo"},
    "marks": ["PROOF", "EX 9"],
}


@dataclass(frozen=True, slots=True)
class Parties:
    """Sender and receiver with their keys, as a directory would give them."""

    sender: str
    recipient: str
    message_id: str
    message_key: PrivateKey
    transport_key: PrivateKey
    sealing_key: PrivateKey

    def resolve(self, kid: str) -> PublicKey:
        """The public key of this id."""
        return {key.kid: key.public() for key in (self.message_key, self.transport_key)}[kid]

    def bare(self) -> tuple[Ed25519PrivateKey, Any, Suite, Any, bytes]:
        """The same keys as `cryptography` has them: signing key, sealing pair, suite and an info of a header's size."""
        suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
        return self.message_key.parsed, self.sealing_key.public().parsed, suite, self.sealing_key.parsed, bytes(512)


def parties() -> Parties:
    """Fresh keys for both."""
    sender, recipient = "mx.fge-son", "us.ntc"
    return Parties(
        sender,
        recipient,
        ids.new_id(),
        generate(sender, Purpose.MESSAGE),
        generate(sender, Purpose.TRANSPORT),
        generate(recipient, Purpose.SEAL),
    )


def sample(known: Parties, seq: int) -> Message:
    """A trace request as it would be released now."""
    now = datetime.datetime.now(datetime.UTC)
    return Message(
        id=known.message_id,
        nonce=ids.new_nonce(),
        conversation=ids.new_id(),
        seq=seq,
        type="trace.request/1",
        sender=f"{known.sender}/firearms",
        recipient=f"{known.recipient}/desk",
        accord=AccordRef("mx-us", "ab" * 32),
        created=now,
        expires=now + datetime.timedelta(days=30),
        in_reply_to=None,
        supersedes=None,
        copy_of=None,
        marking=Marking.from_json(
            {"handling": ["H1"], "purposes": ["trace"], "circle": ["mx", "us"], "evidence": "intelligence"}
        ),
        body=BODY,
    )
