"""The two sides of one exchange, held against each other: what was accepted was released, in the same envelope."""

from dataclasses import dataclass, field
from typing import Final

from contraparte.ledger.models import Log
from contraparte.ledger.queries import leaf_at
from contraparte.ledger.registry import Finding
from contraparte.ledger.rules.leaves import message_id_text

SKEW_MIN: Final = 10
"""Minutes two clocks may differ before a release missing at the peer counts as missing."""


@dataclass(slots=True)
class Side:
    """What one log says was released and accepted: message id to envelope hash. Filled while the log is read.

    `wanted` is whether the counterpart's log is here to compare with; otherwise nothing is kept.
    """

    log: Log
    wanted: bool
    released: dict[bytes, bytes] = field(default_factory=dict)
    resealed: dict[bytes, set[bytes]] = field(default_factory=dict)
    accepted: dict[bytes, tuple[bytes, int]] = field(default_factory=dict)
    last_minute: int = 0

    @classmethod
    def of(cls, log: Log) -> "Side":
        """The side of a log, empty."""
        return cls(log, Log.objects.filter(agency=log.peer, peer=log.agency).exists())

    def envelopes(self, message_id: bytes) -> set[bytes]:
        """Hashes of every envelope this side sealed the message in."""
        first = self.released.get(message_id)
        return self.resealed.get(message_id, set()) | ({first} if first else set())


def check_sides(sides: list[Side]) -> tuple[list[Finding], int]:
    """Each log against its counterpart's, as far as both are here. Returns findings and how many messages matched."""
    found: list[Finding] = []
    matched = 0
    exchanges: dict[tuple[str, str], list[Side]] = {}
    for side in sides:
        exchanges.setdefault((side.log.agency, side.log.peer), []).append(side)
    for (agency, peer), ours in exchanges.items():
        theirs = exchanges.get((peer, agency))
        if theirs is None:
            continue
        problems, count = _compare(ours, theirs)
        found += problems
        matched += count
    return found, matched


def _compare(releasing: list[Side], accepting: list[Side]) -> tuple[list[Finding], int]:
    """What `accepting` says it accepted must have been released by `releasing`, over all years."""
    found: list[Finding] = []
    matched = 0
    complete_to = max(side.last_minute for side in releasing)
    for side in accepting:
        for message_id, (envelope_hash, index) in side.accepted.items():
            released = set().union(*(one.envelopes(message_id) for one in releasing))
            if envelope_hash in released:
                matched += 1
            elif released:
                found.append(_finding("sides.envelope_differs", side, index, message_id))
            elif _should_be_there(releasing, side, index, complete_to):
                found.append(_finding("sides.never_released", side, index, message_id))
    return found, matched


def _should_be_there(releasing: list[Side], side: Side, index: int, complete_to: int) -> bool:
    """A log written here is complete; a mirror is complete up to the time of its last leaf."""
    if all(one.log.mine for one in releasing):
        return True
    accepted_at = int(leaf_at(side.log.origin, index).read().at.timestamp()) // 60
    return complete_to > accepted_at + SKEW_MIN


def _finding(code: str, side: Side, index: int, message_id: bytes) -> Finding:
    return Finding(code, side.log.origin, index, f"message {message_id_text(message_id)}")
