"""What the clock asks of the outbox: messages whose time is over, agencies that have moved to another node."""

import datetime
import logging

from contraparte.directory import queries as directory
from contraparte.exchange import registry
from contraparte.exchange.models import Message, Outbox
from contraparte.exchange.wake import wake_worker
from contraparte.exchange.writing import writing
from contraparte.protocol.errors import AgencyUnknownError, MessageExpiredError

log = logging.getLogger(__name__)

EVERY_S = 15.0
PAGE = 500


def install() -> None:
    """Tell the worker."""
    registry.register_periodic("outbox", EVERY_S, tend_outbox)


def tend_outbox(now: datetime.datetime) -> None:
    """All of this module, one after the other."""
    expire_overdue(now)
    follow_routes()


def expire_overdue(now: datetime.datetime) -> int:
    """Mark what was never acknowledged within its time, so that a person sees it; returns how many.

    The row stays in the outbox: its number in the conversation is taken, and everything after it would wait for it at
    the other side for ever. Sent now, it is refused there as expired, which is logged by both and leaves no gap (P4.1).
    """
    total = 0
    while True:
        overdue = Message.objects.filter(outbox__isnull=False, state=Message.State.QUEUED, expires__lte=now)
        ids = list(overdue.values_list("pk", flat=True)[:PAGE])
        if not ids:
            return total
        with writing():
            total += Message.objects.filter(pk__in=ids, state=Message.State.QUEUED).update(
                state=Message.State.EXPIRED, code=MessageExpiredError.code
            )


def follow_routes() -> int:
    """Queue messages for the node that runs their recipient's agency now; returns how many were moved (P1.8)."""
    moved = 0
    for peer, operator in Outbox.objects.values_list("peer", "operator").distinct().order_by("peer", "operator"):
        try:
            current = directory.route_of(peer).operator
        except AgencyUnknownError:
            continue
        if current == operator:
            continue
        with writing():
            count = Outbox.objects.filter(peer=peer, operator=operator).update(operator=current)
            wake_worker()
        log.info("%d messages for %s go to the node of %s instead of %s", count, peer, current, operator)
        moved += count
    return moved
