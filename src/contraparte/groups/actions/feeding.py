"""The calendar's address of a tenure: made, found by the hash of its secret, ended (ADR 0111).

Whoever has the address reads when the holder's groups meet, and nothing else, for as long as the tenure runs.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from contraparte.directory import queries as directory
from contraparte.directory.models import Tenure
from contraparte.exchange.writing import writing
from contraparte.groups.models import CalendarFeed
from contraparte.protocol.errors import TenureEndedError

SECRET_MAX = 100  # characters; longer than any secret
USE_NOTED_EVERY = timedelta(minutes=10)  # calendar programmes ask often; a write for each would be dearer than the read


def make_feed(*, by: Tenure, now: datetime) -> tuple[CalendarFeed, str]:
    """A new address for the tenure `by`, and its secret, which is kept nowhere. One made before ends with that.

    Raises TenureEndedError.
    """
    if by.person_id is None or not directory.is_running(by, now):
        raise TenureEndedError(tenure=str(by.pk))
    secret = secrets.token_urlsafe(32)
    with writing():
        end_feed(by=by, now=now)
        row = CalendarFeed.objects.create(secret_hash=_hash(secret), tenure=by, made_at=now)
    return row, secret


def end_feed(*, by: Tenure, now: datetime) -> bool:
    """End the address of a tenure at once. False where it has none."""
    return bool(CalendarFeed.objects.filter(tenure=by, ended_at=None).update(ended_at=now))


def find_feed(secret: str, *, now: datetime) -> CalendarFeed | None:
    """The live address with that secret; None where it ended, or the tenure or its person's access did."""
    if len(secret) > SECRET_MAX:
        return None
    rows = CalendarFeed.objects.select_related("tenure__post__agency", "tenure__person")
    row = rows.filter(secret_hash=_hash(secret), ended_at=None).first()
    if row is None or row.tenure.person is None or not row.tenure.person.is_active:
        return None
    if not directory.is_running(row.tenure, now):
        return None
    if row.used_at is None or now - row.used_at >= USE_NOTED_EVERY:
        CalendarFeed.objects.filter(pk=row.pk).update(used_at=now)
    return row


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
