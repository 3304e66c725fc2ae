"""Many envelopes in one request (P4.1): length-prefixed, no encoding of the bytes, nothing read beyond a bound.

    batch    = magic "CPB1" ‖ u32 count ‖ envelope × count
    envelope = u32 length ‖ header ‖ u32 length ‖ ciphertext ‖ u32 length ‖ signature

All numbers are big-endian. A batch has one spelling: no bytes to spare, no empty parts.
"""

from collections.abc import Sequence
from typing import Final

from contraparte.protocol import limits
from contraparte.protocol.envelope import Envelope
from contraparte.protocol.errors import BatchMalformedError, BoundExceededError

MEDIA_TYPE: Final = "application/vnd.contraparte.batch"
MAGIC: Final = b"CPB1"
_LENGTH = 4
_BOUNDS: Final = (
    ("envelope header", limits.HEADER_BYTES),
    ("ciphertext", limits.CIPHERTEXT_BYTES),
    ("envelope signature", limits.SIGNATURE_BYTES),
)


def encode_batch(envelopes: Sequence[Envelope]) -> bytes:
    """The bytes of 1 to 256 envelopes. BoundExceededError where a reader would refuse them."""
    if not 0 < len(envelopes) <= limits.BATCH_ENVELOPES:
        raise BoundExceededError(what="batch", limit=limits.BATCH_ENVELOPES, read=len(envelopes))
    parts = [MAGIC, len(envelopes).to_bytes(_LENGTH, "big")]
    for envelope in envelopes:
        for part, (what, limit) in zip(
            (envelope.header, envelope.ciphertext, envelope.signature), _BOUNDS, strict=True
        ):
            if not 0 < len(part) <= limit:
                raise BoundExceededError(what=what, limit=limit, read=len(part))
            parts += (len(part).to_bytes(_LENGTH, "big"), part)
    batch = b"".join(parts)
    if len(batch) > limits.BATCH_BYTES:
        raise BoundExceededError(what="batch bytes", limit=limits.BATCH_BYTES, read=len(batch))
    return batch


def encoded_size(envelope: Envelope) -> int:
    """Bytes one envelope takes in a batch: for whoever fills batches up to `limits.BATCH_BYTES`."""
    return 3 * _LENGTH + len(envelope.header) + len(envelope.ciphertext) + len(envelope.signature)


def decode_batch(raw: bytes) -> list[Envelope]:
    """The envelopes of a batch, unverified. BatchMalformedError, BoundExceededError."""
    if len(raw) > limits.BATCH_BYTES:
        raise BoundExceededError(what="batch bytes", limit=limits.BATCH_BYTES, read=len(raw))
    start = len(MAGIC) + _LENGTH
    if raw[: len(MAGIC)] != MAGIC or len(raw) < start:
        raise BatchMalformedError(reason="magic")
    count = int.from_bytes(raw[len(MAGIC) : start], "big")
    if not 0 < count <= limits.BATCH_ENVELOPES:
        raise BoundExceededError(what="batch", limit=limits.BATCH_ENVELOPES, read=count)
    envelopes = []
    for _ in range(count):
        parts = []
        for what, limit in _BOUNDS:
            part_start = start + _LENGTH
            length = int.from_bytes(raw[start:part_start], "big")
            if not 0 < length <= limit:
                raise BoundExceededError(what=what, limit=limit, read=length)
            start = part_start + length
            if start > len(raw):
                raise BatchMalformedError(reason="cut")
            parts.append(raw[part_start:start])
        envelopes.append(Envelope(*parts))
    if start != len(raw):
        raise BatchMalformedError(reason="bytes to spare")
    return envelopes
