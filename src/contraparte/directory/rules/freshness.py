"""How old the trusted view of a directory may be, and what each age allows (P1.7)."""

from datetime import datetime, timedelta
from enum import StrEnum

GRACE = timedelta(days=30)  # P1.7: after that many days past expiry a node accepts nothing


class Freshness(StrEnum):
    """FRESH: everything. STALE: receive and send control types, release nothing. EXPIRED: accept nothing."""

    FRESH = "fresh"
    STALE = "stale"
    EXPIRED = "expired"


def judge(expires_at: datetime | None, now: datetime) -> Freshness:
    """The freshness of one country's view; a view never loaded is EXPIRED."""
    if expires_at is None or now >= expires_at + GRACE:
        return Freshness.EXPIRED
    return Freshness.FRESH if now < expires_at else Freshness.STALE


def worst(judged: list[Freshness]) -> Freshness:
    """The worst of several; none at all is EXPIRED, for then nothing is trusted."""
    order = [Freshness.FRESH, Freshness.STALE, Freshness.EXPIRED]
    return max(judged, key=order.index, default=Freshness.EXPIRED)
