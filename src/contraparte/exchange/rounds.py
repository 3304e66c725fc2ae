"""What the worker does by the clock: heads cosigned and mirrored, directories renewed.

A log is taken up when it has grown since its last round, and once an hour anyhow (P5.3); one of a year gone by until
its last head is cosigned. A peer out of reach is asked again soon, then more and more rarely, up to a minute.
"""

import datetime
import logging
import time

from contraparte.directory import client, publisher
from contraparte.exchange import registry
from contraparte.exchange.transport import LedgerTransport
from contraparte.ledger.mirror import mirror_round
from contraparte.ledger.models import Log
from contraparte.ledger.queries import cosigned_size
from contraparte.ledger.registry import peers
from contraparte.ledger.rounds import Outcome, check_heads, compare_heads, witness_round
from contraparte.protocol.errors import ContraparteError

log = logging.getLogger(__name__)

LEDGER_EVERY_S = 2.0
DIRECTORY_EVERY_S = 600.0
PUBLICATION_EVERY_S = 6 * 3600.0
ANYHOW_S = 3600.0
AGAIN_S = 60.0  # a peer out of reach costs a timeout for each of its logs, and other work of the clock waits for it

Seen = dict[str, tuple[int, float]]
"""Origin → size at the last round, or how many rounds have failed since then, as a negative number; and when."""
_seen: Seen = {}


def install() -> None:
    """Tell the worker."""
    registry.register_periodic("ledger", LEDGER_EVERY_S, lambda now: exchange_heads(now=now))
    registry.register_periodic("directory", DIRECTORY_EVERY_S, refresh_directories)
    registry.register_periodic("publication", PUBLICATION_EVERY_S, lambda now: publisher.renew_all(now=now))


def check_at_start(*, now: datetime.datetime) -> None:
    """Hold every log to the guard, then to what its peer has cosigned (P5.2). What is wrong is an incident."""
    check_heads(now=now)
    compare_heads(LedgerTransport(), now=now)


def exchange_heads(*, now: datetime.datetime, seen: Seen | None = None) -> int:
    """Get logs that have grown cosigned, and copy what their peers have logged; returns how many were taken up."""
    remembered = _seen if seen is None else seen
    transport, taken = LedgerTransport(), 0
    for row in Log.objects.filter(mine=True, size__gt=0).order_by("origin"):
        size, at = remembered.get(row.origin, (0, -ANYHOW_S))
        if time.monotonic() - at < _pause_s(size, row.size) or (row.closed and cosigned_size(row) >= row.size):
            continue
        try:
            outcome = witness_round(row.origin, transport, now=now)
            if not peers().is_local(row.peer):
                mirror_round(row.agency, row.peer, transport, now=now)
        except (OSError, ContraparteError) as error:
            log.warning("%s: %s", row.origin, error)
            remembered[row.origin] = (min(size, 0) - 1, time.monotonic())
            continue
        # Reached and yet not answered is to be asked again soon, not in an hour.
        unanswered = outcome is Outcome.UNANSWERED
        remembered[row.origin] = (min(size, 0) - 1 if unanswered else row.size, time.monotonic())
        taken += 1
    return taken


def _pause_s(seen: int, size: int) -> float:
    """Seconds to leave a log of `size` alone after a round at size `seen`, or after -`seen` failed rounds."""
    if seen < 0:
        return float(min(AGAIN_S, LEDGER_EVERY_S * 2 ** min(-seen, 10)))
    return ANYHOW_S if seen == size else 0.0


def refresh_directories(now: datetime.datetime) -> None:
    """Renew the trusted views; what fails is recorded there and raises no alarm here."""
    for country, error in client.refresh_all(now=now).items():
        if error is not None:
            log.warning("directory of %s not renewed: %s", country, error)
