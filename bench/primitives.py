"""The bare steps of accepting a message, and ours around them: what the protocol's own code adds to the primitives.

The floor is what no implementation of P2 and P3 can leave out, called on `cryptography` directly for the same bytes:
two signature checks (envelope, message) and one opening; for sending, two signatures and one sealing.
"""

import hashlib
import json
from collections.abc import Callable, Iterator

from bench.messages import Parties, parties, sample
from bench.rows import Row, Size, rate
from contraparte.protocol.envelope import Envelope, Header, open_envelope, seal, verify
from contraparte.protocol.message import issue, read


def measure(size: Size) -> Iterator[Row]:
    """Messages per second of one process, both ways."""
    seconds = 1.0 if size is Size.QUICK else 5.0
    known = parties()
    presentation = issue(sample(known, 1), known.message_key)
    envelope = _sealed(known, presentation)

    def receive() -> int:
        header = Header.parse(envelope.header)
        verify(envelope, header, known.transport_key.public())
        read(open_envelope(envelope, header, known.sealing_key), known.resolve)
        return 1

    def send() -> int:
        _sealed(known, issue(sample(known, 1), known.message_key))
        return 1

    yield Row(
        "verify, open and read one message of 15 fields",
        rate(receive, seconds=seconds),
        "messages/s",
        rate(bare_receive(known, presentation), seconds=seconds),
        "two Ed25519 checks, one HPKE open, one JSON decode",
        goal="the protocol's share of accepting",
    )
    yield Row(
        "issue and seal one message of 15 fields",
        rate(send, seconds=seconds),
        "messages/s",
        rate(bare_send(known, presentation), seconds=seconds),
        "two Ed25519 signatures, one HPKE seal, one JSON encode",
        goal="the protocol's share of releasing",
    )


def _sealed(known: Parties, presentation: bytes) -> Envelope:
    return seal(
        presentation,
        message_id=known.message_id,
        sender=known.sender,
        recipient=known.recipient,
        sealing_key=known.sealing_key.public(),
        signing_key=known.transport_key,
    )


def bare_receive(known: Parties, presentation: bytes) -> Callable[[], int]:
    """The same number of bytes through the primitives only."""
    signing, public, suite, private, info = known.bare()
    token = presentation.split(b"~")[0]
    payload = json.dumps({str(number): presentation[number : number + 40].hex() for number in range(40)}).encode()
    first, second = signing.sign(token), signing.sign(hashlib.sha256(presentation).digest())
    sealed = suite.encrypt(presentation, public, info=info)

    def work() -> int:
        hashlib.sha256(sealed).digest()
        signing.public_key().verify(second, hashlib.sha256(presentation).digest())
        opened = suite.decrypt(sealed, private, info=info)
        signing.public_key().verify(first, opened.split(b"~", 1)[0])
        json.loads(payload)
        return 1

    return work


def bare_send(known: Parties, presentation: bytes) -> Callable[[], int]:
    """The same, the other way."""
    signing, public, suite, _, info = known.bare()
    token = presentation.split(b"~")[0]
    content = {str(number): presentation[number : number + 40].hex() for number in range(40)}

    def work() -> int:
        json.dumps(content)
        signing.sign(token)
        sealed = suite.encrypt(presentation, public, info=info)
        signing.sign(hashlib.sha256(sealed).digest())
        return 1

    return work
