"""Recording what a log must never do: go back, fork, be refused by its witness. Evidence is signed notes."""

import hashlib
import json
import logging
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime

from contraparte.ledger.models import HeadSeen, Incident
from contraparte.ledger.rules.origins import parse_origin
from contraparte.protocol.notes import Checkpoint, Note

log = logging.getLogger("contraparte.ledger")

ROLLED_BACK = "ledger.rolled_back"
FORKED = "ledger.forked"
UNCOSIGNED = "ledger.uncosigned"
PEER_ROLLED_BACK = "ledger.peer.rolled_back"
PEER_FORKED = "ledger.peer.forked"
PEER_MALFORMED = "ledger.peer.malformed"
PEER_REFUSES = "ledger.peer.refuses"


def record(code: str, origin: str, evidence: Mapping[str, str | int | bytes], *, now: datetime) -> Incident:
    """Keep an incident once, however often it is met; bytes in `evidence` are kept in Base 64."""
    kept = {name: b64encode(value).decode() if isinstance(value, bytes) else value for name, value in evidence.items()}
    fingerprint = hashlib.sha256(json.dumps([code, origin, kept], sort_keys=True).encode()).hexdigest()
    incident, fresh = Incident.objects.get_or_create(
        fingerprint=fingerprint,
        defaults={
            "code": code,
            "origin": origin,
            "agency": parse_origin(origin).agency,
            "evidence": kept,
            "at": now,
        },
    )
    if fresh:
        log.error("incident %s in log %s", code, origin)
    return incident


def keep_head(note: bytes, *, now: datetime) -> None:
    """Keep a verified head of anybody's log, by whatever way it came. A fork of one kept before is an incident."""
    head = Checkpoint.parse(Note.parse(note).text)
    HeadSeen.objects.get_or_create(origin=head.origin, size=head.size, root=head.root, defaults={"note": note})
    for other in HeadSeen.objects.filter(origin=head.origin, size=head.size).exclude(root=head.root):
        record(
            PEER_FORKED,
            head.origin,
            {"one": min(note, bytes(other.note)), "other": max(note, bytes(other.note))},
            now=now,
        )
