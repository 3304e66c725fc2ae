"""Feedback: what became of an answer. Owed by the post that asked, once, by a date both sides work out alike."""

from datetime import datetime, timedelta

from contraparte.directory import queries as directory
from contraparte.directory.lineage import line_of
from contraparte.directory.models import Tenure
from contraparte.exchange import actions as exchange
from contraparte.exchange.models import Message, Obligation
from contraparte.exchange.receipts import sign_later_receipts
from contraparte.exchange.registry import Arrived
from contraparte.exchange.writing import writing
from contraparte.outcomes import answers
from contraparte.outcomes.messages import FeedbackGive
from contraparte.outcomes.models import Feedback
from contraparte.outcomes.rules.uses import IN_WORDS, NotUsed, Used
from contraparte.outcomes.saying import marking_of
from contraparte.protocol.errors import (
    AccordMissingError,
    FeedbackGivenError,
    FeedbackNotOwedError,
    OutcomeFieldError,
)
from contraparte.protocol.ids import country_of

TYPE = "feedback.give/1"
#: Where the accord sets no clock for feedback.
DEFAULT_TIME = timedelta(days=90)


def due_of(step: Obligation) -> datetime | None:
    """Until when the asker owes a word on the answer that ended `step`; None while it is not answered."""
    if step.closed_at is None:
        return None
    asker = step.message.sender
    try:
        accord = directory.accord_between(country_of(asker), country_of(step.holder), now=step.closed_at)
    except AccordMissingError:
        return step.closed_at + DEFAULT_TIME
    if accord.clock(TYPE) is None:
        return step.closed_at + DEFAULT_TIME
    return directory.due_at(accord, TYPE, None, asker, step.closed_at)


def give_feedback(
    step: Obligation, *, used: Used | None, not_used: NotUsed | None, note: str, by: Tenure, now: datetime
) -> Feedback:
    """Say what became of an answer. `used` brings its sender the signed receipt of that kind, too (P4.3).

    Raises OutcomeFieldError, FeedbackNotOwedError, FeedbackGivenError.
    """
    if (used is None) == (not_used is None):
        raise OutcomeFieldError(field="code", read="")
    if not_used in IN_WORDS and not note.strip():
        raise OutcomeFieldError(field="note", read="")
    request = step.message
    if by.post_id != step.post_id or request.direction != "out" or not answers.is_owed_feedback(step):
        raise FeedbackNotOwedError
    with writing(step.agency):
        if Feedback.objects.filter(agency=step.agency, request=request).exists():
            raise FeedbackGivenError
        sent = exchange.send(
            TYPE,
            FeedbackGive(request=str(request.uuid), used=used, not_used=not_used, note=note.strip()),
            conversation=step.conversation,
            marking=marking_of(step.conversation),
            by=by,
            now=now,
        )
        if used is not None:
            got = Message.objects.filter(
                agency=step.agency, direction="in", conversation=step.conversation, in_reply_to=request.uuid
            )
            sign_later_receipts("used", list(got), now=now)
        row = Message.objects.get(agency=step.agency, direction="out", uuid=sent)
        return _keep(request, row, used or not_used, is_used=used is not None, note=note.strip(), is_ours=True, at=now)


def hear_feedback(arrived: Arrived) -> None:
    """What the asker says of our answer. Raises FeedbackNotOwedError, OutcomeFieldError, FeedbackGivenError."""
    body = arrived.body
    assert isinstance(body, FeedbackGive)
    if arrived.is_copy:
        return
    if (body.used is None) == (body.not_used is None):
        raise OutcomeFieldError(field="code", read="")
    request = Message.objects.filter(
        direction="in", conversation=arrived.conversation, uuid=body.request,
        peer__in=line_of(arrived.row.peer), copy_of=None,
    ).first()  # fmt: skip
    if request is None:
        raise FeedbackNotOwedError
    kept = _keep(
        request, arrived.row, body.used or body.not_used, is_used=body.used is not None, note=body.note,
        is_ours=False, at=arrived.row.at,
    )  # fmt: skip
    if kept.message_id != arrived.row.pk:
        raise FeedbackGivenError


def _keep(
    request: Message,
    row: Message,
    code: Used | NotUsed | None,
    *,
    is_used: bool,
    note: str,
    is_ours: bool,
    at: datetime,
) -> Feedback:
    assert code is not None
    kept, _ = Feedback.objects.get_or_create(
        agency=row.agency,
        request=request,
        defaults={
            "message": row, "is_used": is_used, "code": code.value, "note": note, "is_ours": is_ours, "at": at,
        },
    )  # fmt: skip
    return kept
