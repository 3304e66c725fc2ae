"""Opening a node that was made from a copy, once its peers have said how far it had signed (P5.2, P5.4).

The guard did not travel with the copy, so only peers know. Each is asked for the highest head it holds of each log
this node may have written with it. One later head than the copy's goes into the guard: then that log is never signed
below it again, and the node stays shut until what is missing has been fetched from the peers.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from contraparte.ledger.ports import Transport
from contraparte.node.backup import RESTORED


@dataclass(frozen=True, slots=True)
class Rejoined:
    """How it went: logs asked about, whether the node may start, and a line for each thing found."""

    asked: int
    may_start: bool
    reasons: tuple[str, ...]


def _mark() -> Path:
    from django.conf import settings

    return Path(settings.HOME.path) / RESTORED


def is_shut() -> bool:
    """Whether the open node was made from a copy and has not rejoined."""
    return _mark().exists()


def rejoin(transport: Transport, *, without: frozenset[str] = frozenset(), now: datetime) -> Rejoined:
    """Ask every peer about every log; remove the mark when all have answered and none knows a later head.

    Incidents found are recorded by the ledger. A peer that does not answer keeps the node shut, for silence proves
    nothing, unless it is named in `without`: then its logs rest on what it says when it is back (`witness_round`).
    """
    from contraparte.directory.models import Agency
    from contraparte.ledger import rounds

    reasons: list[str] = []
    asked = 0
    for peer in Agency.objects.filter(is_local=False).order_by("pk"):
        if peer.operator in without or peer.pk in without:
            continue
        answered, found = _ask(peer.pk, transport, now)
        asked += answered
        reasons += found
    if not reasons:
        reasons = [f"{incident.origin}: {incident.code}" for incident in rounds.compare_heads(transport, now=now)]
    if not reasons:
        rounds.check_heads(now=now)
        _mark().unlink(missing_ok=True)
    return Rejoined(asked, not reasons, tuple(reasons))


def _ask(peer: str, transport: Transport, now: datetime) -> tuple[int, list[str]]:
    """What one peer holds of the logs that agencies of this node write with it: answers, and what speaks against us."""
    from contraparte.directory import queries
    from contraparte.ledger import guard, heads, rounds
    from contraparte.ledger.models import Log
    from contraparte.ledger.rules.origins import Origin
    from contraparte.protocol.errors import ContraparteError

    sizes = dict(Log.objects.filter(mine=True, peer=peer).values_list("origin", "size"))
    found: list[str] = []
    answered = 0
    for local in queries.local_agencies():
        origin = str(Origin(local.pk, peer, now.year))
        try:
            status, note = transport.get(rounds.peer_url(peer, f"witnessed/{origin}"))
            if status not in (200, 404):
                return answered, [*found, f"{peer} answers {status} about {origin}"]
            answered += 1
            if status == 404:
                continue
            head, _ = heads.read_head(origin, note)
        except (OSError, ContraparteError) as error:
            return answered, [*found, f"{peer} is out of reach or answers badly: {error}"]
        if head.size > sizes.get(origin, 0):
            guard.advance([(origin, note)])
            found.append(f"{origin}: {peer} holds {head.size} leaves, this copy {sizes.get(origin, 0)}")
    return answered, found
