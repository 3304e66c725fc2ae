"""The job table: claimed in batches by one statement, leased, taken over when a worker dies.

Jobs of one lane and key run one after the other, in the order they were made. A job runs once: what it does, that it
is done and a fresh look at who holds it are one transaction. A worker that was killed leaves nothing of it; one that
was slower than its lease finds that another has taken over (`hold`).
"""

import datetime
from dataclasses import dataclass

from django.db import connection

from contraparte.exchange.bulk import as_time
from contraparte.exchange.models import Job
from contraparte.exchange.wake import wake_worker
from contraparte.exchange.writing import writing

LEASE = datetime.timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job this worker may do until its lease ends."""

    id: int
    key: str
    subject: int
    tries: int


def claim(lane: str, *, now: datetime.datetime, limit: int) -> list[Claimed]:
    """Lease up to `limit` due jobs of a lane, the oldest first and at most one of each key.

    What is picked stands apart from what is changed, and is asked once: as a part of the condition PostgreSQL may ask
    for it again at each row, and then takes more than `limit`.
    """
    table = Job._meta.db_table
    skip = " FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    statement = f"""
        WITH picked AS MATERIALIZED (
            SELECT job.id FROM {table} job
            WHERE job.lane = %s AND job.due <= %s AND (job.lease_until IS NULL OR job.lease_until <= %s)
              AND NOT EXISTS (
                SELECT 1 FROM {table} before
                WHERE before.lane = job.lane AND before.key = job.key AND job.key <> '' AND before.id < job.id)
            ORDER BY job.id LIMIT %s{skip})
        UPDATE {table} SET lease_until = %s, tries = tries + 1 WHERE id IN (SELECT id FROM picked)
        RETURNING id, key, subject, tries
    """  # noqa: S608 - the table's name comes from its model
    with writing(), connection.cursor() as cursor:
        cursor.execute(statement, [lane, as_time(now), as_time(now), limit, as_time(now + LEASE)])
        rows = cursor.fetchall()
    return sorted((Claimed(*row) for row in rows), key=lambda job: job.id)


def hold(claimed: list[Claimed]) -> list[Claimed]:
    """Those of `claimed` that are still this worker's, locked until the transaction ends.

    Every claim counts `tries` up, so the number says whose the job is: another worker's claim after an expired lease
    has another. Must run in the transaction that does the work.
    """
    rows = Job.objects.select_for_update().filter(pk__in=[job.id for job in claimed]).order_by("pk")
    held = dict(rows.values_list("pk", "tries"))
    return [job for job in claimed if held.get(job.id) == job.tries]


def enqueue(lane: str, subject: int, *, due: datetime.datetime, key: str = "") -> None:
    """Add a job; it becomes visible with the caller's transaction, and the worker is called then."""
    Job.objects.create(lane=lane, key=key, subject=subject, due=due)
    wake_worker()


def finish(ids: list[int]) -> None:
    """Remove jobs that are done, in the transaction that did them."""
    Job.objects.filter(pk__in=ids).delete()


def put_off(job_id: int, *, until: datetime.datetime, code: str) -> None:
    """Let a job wait after a failure; the next of its key waits behind it."""
    Job.objects.filter(pk=job_id).update(due=until, lease_until=None, code=code)


def forget_leases() -> None:
    """Drop every lease: only for the one worker of a node on SQLite, which knows that no other is running."""
    with writing():
        Job.objects.filter(lease_until__isnull=False).update(lease_until=None)


def waiting(lane: str, *, now: datetime.datetime) -> bool:
    """Whether a job of the lane is due and free. A read, so that an idle worker takes no write lock."""
    due = Job.objects.filter(lane=lane, due__lte=now)
    return due.filter(lease_until__isnull=True).exists() or due.filter(lease_until__lte=now).exists()
