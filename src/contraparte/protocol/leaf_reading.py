"""What a ledger leaf says, read by the verifier for itself after docs/protocol/ledger.md, not by the writer's code."""

from datetime import UTC, datetime
from typing import Any

_KINDS = (
    "log:opened",
    "message:released",
    "message:accepted",
    "message:rejected",
    "message:delivered",
    "message:opened",
    "message:used",
    "message:deleted",
    "message:resealed",
    "message:erased",
    "hold:placed",
    "hold:lifted",
    "node:recovered",
    "message:recalled",
    "release:reviewed",
    "disclosure:confirmed",
)
_MAX_MINUTE = int(datetime(9999, 12, 31, 23, 59, tzinfo=UTC).timestamp()) // 60
_FIELDS = ("envelope_hash", "commitment", "signature_hash")


def read_leaf(data: bytes) -> dict[str, Any]:
    """What a leaf of this protocol says, as text; nothing for a leaf of another log."""
    import cbor2

    try:
        fields = cbor2.loads(data)
    except (cbor2.CBORError, ValueError):
        return {}
    if not _is_ours(fields):
        return {}
    _, kind, direction, message_id, *hashes, references, retention, minute = fields
    told: dict[str, Any] = {"kind": _KINDS[kind - 1] if 1 <= kind <= len(_KINDS) else f"kind {kind}"}
    told["direction"] = ("none", "out", "in")[direction] if direction in (0, 1, 2) else str(direction)
    if message_id:
        text = message_id.hex()
        told["message_id"] = "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
    told.update({name: value.hex() for name, value in zip(_FIELDS, hashes, strict=True) if value})
    if references:
        told["references"] = [reference.hex() for reference in references]
    if retention:
        told["retention"] = retention
    told["at"] = datetime.fromtimestamp(minute * 60, UTC).isoformat()
    return told


def _is_ours(fields: Any) -> bool:
    """Whether a decoded leaf has the ten fields of version 1, each of its type."""
    if not isinstance(fields, list) or len(fields) != 10 or fields[0] != 1:
        return False
    _, kind, direction, *hashes, references, retention, minute = fields
    numbers = all(type(number) is int and 0 <= number <= _MAX_MINUTE for number in (kind, direction, minute))
    whole = all(one is None or isinstance(one, bytes) for one in hashes)
    return (
        numbers
        and whole
        and isinstance(retention, str)
        and isinstance(references, list)
        and all(isinstance(reference, bytes) for reference in references)
    )
