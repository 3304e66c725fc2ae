"""Giving accepted messages to their features, in conversation order (ARCHITECTURE: one way through the house).

A handler runs in a savepoint of its own; several share a commit, which also marks that they ran. Where it refuses on
purpose the message is marked FAILED with the code, for a person to look at; where it breaks it is tried again, then
marked; where the node or the moment is to blame (no key, accord suspended) it waits.

Jobs of other lanes (`registry.register_job`) run the same way, each in a transaction of its own.
"""

import datetime
import logging
import random
from collections.abc import Callable
from functools import cache

from django.db import transaction

from contraparte.directory import queries as directory
from contraparte.directory.models import Tenure
from contraparte.exchange import jobs, registry
from contraparte.exchange.clockwork import note_acceptances
from contraparte.exchange.items import is_recalled, recalled_ids
from contraparte.exchange.models import Message
from contraparte.exchange.reading import read_message
from contraparte.exchange.recalls import answer_again
from contraparte.exchange.receipts import sign_later_receipts
from contraparte.exchange.recording import HANDLE
from contraparte.exchange.rules.backoff import delay_s
from contraparte.exchange.writing import writing
from contraparte.protocol.errors import (
    AccordSuspendedError,
    ContraparteError,
    DirectoryStaleError,
    ItemRecalledError,
    NodeError,
)

log = logging.getLogger(__name__)

GROUP = 32  # messages that share a commit
TRIES = 6

ServiceOf = Callable[[str], Tenure]

#: What the message is not to blame for and a person need not look at: it is tried again for as long as it takes.
NOT_NOW = (NodeError, AccordSuspendedError, DirectoryStaleError)


def handle_waiting(*, now: datetime.datetime, limit: int = GROUP) -> int:
    """Handle up to `limit` accepted messages; returns how many were taken up."""
    if not jobs.waiting(HANDLE, now=now):
        return 0
    claimed = jobs.claim(HANDLE, now=now, limit=limit)
    if not claimed:
        return 0
    wanted = [job.subject for job in claimed]
    rows = Message.objects.select_related("content", "conversation__post__agency").in_bulk(wanted)
    with writing(*{row.agency for row in rows.values()}, *{row.conversation.agency for row in rows.values()}):
        held = [job for job in jobs.hold(claimed) if job.subject in rows]
        note_acceptances([(rows[job.subject], rows[job.subject].at) for job in held])
        # A post answers under one tenure for the length of this transaction.
        service_of = cache(directory.service_tenure)
        withdrawn = _recalled_among([rows[job.subject] for job in held])
        done = [job for job in held if _handle_job(job, rows[job.subject], service_of, withdrawn, now)]
        delivered = [rows[job.subject] for job in done]
        Message.objects.filter(pk__in=[row.pk for row in delivered]).update(state=Message.State.HANDLED)
        jobs.finish([job.id for job in done])
        sign_later_receipts("delivered", delivered, now=now)
        for row in delivered:
            if row.copy_of is not None:
                _try_again(row, now)
    return len(claimed)


def _try_again(copy: Message, now: datetime.datetime) -> None:
    """Copies of one thread come from both sides, each in its own order: an answer may come before what it answers.

    What a feature refused then is handed to it once more when a copy of the other side has come.
    """
    early = Message.objects.filter(
        conversation=copy.conversation_id, direction="in", state=Message.State.FAILED, copy_of__isnull=False
    ).exclude(sender=copy.sender)
    for row in early.order_by("pk"):
        Message.objects.filter(pk=row.pk).update(state=Message.State.ACCEPTED, code="")
        jobs.enqueue(HANDLE, row.pk, due=now, key=str(copy.conversation_id))


def _recalled_among(rows: list[Message]) -> Callable[[Message], bool]:
    """Asked once for a batch; of each where the batch itself may hold the order that recalls it."""
    if any(registry.is_control(row.type) for row in rows):
        return is_recalled
    found = recalled_ids(rows)
    return lambda row: row.pk in found


def _handle_job(
    job: jobs.Claimed,
    row: Message,
    service_of: ServiceOf,
    withdrawn: Callable[[Message], bool],
    now: datetime.datetime,
) -> bool:
    """One message in its savepoint; True where it reached its feature and is to be marked so."""
    try:
        with transaction.atomic():
            is_withdrawn = withdrawn(row)
            known = registry.find_type(row.type)
            if is_withdrawn and (known is None or not known.keeps_codes):
                # Its sender's recall was here first: it stays under lock and its feature never sees it (P4.1, P6.5).
                raise ItemRecalledError(item=str(row.uuid))
            _hand_over(row, service_of, now)
            if is_withdrawn:
                registry.forget(row, now)
                answer_again(row, now)
    except NOT_NOW as error:
        log.warning("message %s (%s) waits: %s", row.uuid, row.type, error.code)
        _put_off(job, error.code, now)
    except ContraparteError as error:
        log.warning("message %s (%s) not handled: %s", row.uuid, row.type, error.code)
        _give_up(job, row, error.code)
        if isinstance(error, ItemRecalledError):
            answer_again(row, now)
    except Exception as error:
        log.exception("message %s (%s) broke its handler", row.uuid, row.type)
        code = f"handler.{type(error).__name__}"[:80]
        if job.tries >= TRIES:
            _give_up(job, row, code)
        else:
            _put_off(job, code, now)
    else:
        return True
    return False


def _put_off(job: jobs.Claimed, code: str, now: datetime.datetime) -> None:
    pause = datetime.timedelta(seconds=delay_s(job.tries, random.random()))  # noqa: S311  (jitter)
    jobs.put_off(job.id, until=now + pause, code=code)


def _give_up(job: jobs.Claimed, row: Message, code: str) -> None:
    Message.objects.filter(pk=row.pk).update(state=Message.State.FAILED, code=code)
    jobs.finish([job.id])


def _hand_over(row: Message, service_of: ServiceOf, now: datetime.datetime) -> None:
    message_type = registry.message_type(row.type)
    message = read_message(row)
    message_type.handler(
        registry.Arrived(
            message=message,
            body=message_type.body.model_validate(message.body),
            conversation=row.conversation,
            row=row,
            now=now,
            by=service_of(row.conversation.post_id),
        )
    )


def retry_failed(row: Message, *, now: datetime.datetime) -> None:
    """Have a message that failed handled again, after whatever was wrong has been mended."""
    with writing():
        if Message.objects.filter(pk=row.pk, state=Message.State.FAILED).update(state=Message.State.ACCEPTED, code=""):
            jobs.enqueue(HANDLE, row.pk, due=now, key=str(row.conversation_id))


def run_jobs(*, now: datetime.datetime, limit: int = GROUP) -> int:
    """Run due jobs of all registered lanes; returns how many were taken up.

    A job that fails waits and is tried again, longer each time; the lane's other keys go on.
    """
    taken = 0
    for lane, run in registry.job_kinds().items():
        if not jobs.waiting(lane, now=now):
            continue
        for job in jobs.claim(lane, now=now, limit=limit):
            taken += 1
            try:
                with writing():
                    if jobs.hold([job]):
                        run(job.subject, now)
                        jobs.finish([job.id])
            except Exception as error:
                log.exception("job %s of lane %s failed", job.id, lane)
                code = error.code if isinstance(error, ContraparteError) else f"job.{type(error).__name__}"[:80]
                with writing():
                    if jobs.hold([job]):
                        _put_off(job, code, now)
    return taken
