"""Outcomes and feedback for programs: the same forms, queries and actions as the pages, in JSON.

A correction replaces facts, so it names the ETag of those it was made from as If-Match. A word on an outcome honours
If-Match where it is sent: then nobody confirms facts that were corrected meanwhile.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router, Schema

from contraparte.exchange import actions as exchange
from contraparte.exchange.models import Obligation
from contraparte.outcomes import queries
from contraparte.outcomes.actions import stating, using
from contraparte.outcomes.forms import ConfirmForm, CorrectForm, FeedbackForm, InformForm, ReasonForm, ReportForm
from contraparte.outcomes.models import Feedback, Outcome
from contraparte.outcomes.rules.kinds import Contribution
from contraparte.outcomes.rules.lifecycle import State, allowed
from contraparte.protocol.errors import ApiFieldError
from contraparte.web.api.answers import once, page_of, posted, require_match, require_valid, tag_of
from contraparte.web.api.doors import ApiRequest, Opens

router = Router(tags=["outcomes"])


class Report(Schema):
    """A real event, as the form of the pages has it; `quantity` in digits, as text."""

    kind: str
    happened_on: str
    region: str = ""
    what: str = ""
    quantity: str = ""
    unit: str = ""
    ours: list[str] = []
    yours: list[str] = []
    victim: bool = False


class Confirmation(Schema):
    """Our part in it; `same_as` names an outcome known here that is the same event."""

    contribution: list[str] = []
    same_as: str = ""
    victim: bool = False


class Correction(Schema):
    """The facts as they are now, and what has changed."""

    kind: str
    happened_on: str
    reason: str
    region: str = ""
    what: str = ""
    quantity: str = ""
    unit: str = ""
    ours: list[str] = []
    yours: list[str] = []
    overturned_on: str = ""


class Why(Schema):
    """Why it is contested or taken back."""

    reason: str


class Informed(Schema):
    """The day on which a victim was informed."""

    told_on: str


class UseTold(Schema):
    """What became of an answer: `used:` or `not:` with its code, and in words."""

    code: str
    note: str = ""


@router.get("/outcomes", auth=Opens("outcomes.view", "read"))
def list_outcomes(request: ApiRequest, cursor: str = "") -> dict[str, Any]:
    """The outcomes of the post in the order of their numbers."""
    return page_of(queries.outcomes_of(request.tenure), cursor, _told)


@router.get("/outcomes/{int:pk}", auth=Opens("outcomes.view", "read"))
def show_outcome(request: ApiRequest, pk: int, response: HttpResponse) -> dict[str, Any]:
    """One outcome: its facts, how it stands, who said what, which steps are open, which others may be the same."""
    row = queries.outcome(request.tenure, pk)
    exchange.note_opened(row.conversation, by=request.tenure, now=timezone.now())
    response["ETag"] = _tag(row)
    duty = getattr(row, "victim_duty", None)
    words = [
        {"act": word.act, "by_us": word.by_reporter == row.is_ours, "at": word.message.at}
        for word in queries.words_of(row)
    ]
    return _told(row) | {
        "words": words,
        "steps": sorted(allowed(State(row.state), is_reporter=row.is_ours)),
        "alike": [{"id": one.pk, "uuid": str(one.uuid), "counterpart": one.counterpart} for one in queries.alike(row)],
        "marking": row.marking,
        "victim": {"opened_at": duty.opened_at, "told_on": duty.told_on} if duty is not None else None,
    }


@router.post("/conversations/{int:pk}/outcomes", auth=Opens("outcomes.report", "write"))
def report_outcome(request: ApiRequest, pk: int, told: Report) -> dict[str, Any]:
    """Report what came of a conversation. Leaves at once. Wants an Idempotency-Key."""
    about = queries.conversation(request.tenure, pk)
    form = ReportForm(posted(told.dict()))
    require_valid(form)
    facts, victim = form.facts(), form.cleaned_data["victim"]
    return once(
        request,
        lambda: _state(stating.report_outcome(about, facts, by=request.tenure, now=timezone.now(), victim=victim)),
    )


@router.post("/outcomes/{int:pk}/confirm", auth=Opens("outcomes.decide", "write"))
def confirm_outcome(request: ApiRequest, pk: int, told: Confirmation) -> dict[str, Any]:
    """Confirm what the other side reported. Wants an Idempotency-Key."""
    row = queries.outcome(request.tenure, pk)
    form = ConfirmForm(posted(told.dict()), alike=[(str(one.uuid), "") for one in queries.alike(row)])
    require_valid(form)
    read = form.cleaned_data
    if told.same_as and "same_as" not in read:  # nothing is alike, so the form does not ask
        raise ApiFieldError(field="same_as", fields={"same_as": ["unknown"]})
    return once(
        request,
        lambda: _state(
            stating.confirm_outcome(
                _as_read(request, row),
                contribution=frozenset(map(Contribution, read["contribution"])),
                same_as=read.get("same_as", ""),
                victim=read["victim"],
                by=request.tenure,
                now=timezone.now(),
            )
        ),
    )


@router.post("/outcomes/{int:pk}/contest", auth=Opens("outcomes.decide", "write"))
def contest_outcome(request: ApiRequest, pk: int, told: Why) -> dict[str, Any]:
    """Contest what the other side reported. Wants an Idempotency-Key."""
    return _with_reason(request, pk, told, stating.contest_outcome)


@router.post("/outcomes/{int:pk}/correct", auth=Opens("outcomes.report", "write"))
def correct_outcome(request: ApiRequest, pk: int, told: Correction) -> dict[str, Any]:
    """Replace the facts of our report; they are to be confirmed again. Wants an Idempotency-Key, and If-Match."""
    row = queries.outcome(request.tenure, pk)
    form = CorrectForm(posted(told.dict()))
    require_valid(form)
    facts, reason = form.facts(), form.cleaned_data["reason"]

    def act() -> dict[str, Any]:
        read = _as_read(request, row, must=True)
        return _state(stating.correct_outcome(read, facts, reason=reason, by=request.tenure, now=timezone.now()))

    return once(request, act)


@router.post("/outcomes/{int:pk}/retract", auth=Opens("outcomes.report", "write"))
def retract_outcome(request: ApiRequest, pk: int, told: Why) -> dict[str, Any]:
    """Take our report back; final, and it counts nowhere. Wants an Idempotency-Key."""
    return _with_reason(request, pk, told, stating.retract_outcome)


@router.post("/outcomes/{int:pk}/victim", auth=Opens("outcomes.report", "write"))
def inform_victim(request: ApiRequest, pk: int, told: Informed) -> dict[str, Any]:
    """Note when a victim was informed; stays here. Wants an Idempotency-Key."""
    row = queries.outcome(request.tenure, pk)
    form = InformForm(posted(told.dict()))
    require_valid(form)
    day = form.cleaned_data["told_on"]

    def act() -> dict[str, Any]:
        stating.note_victim_told(row, told_on=day, by=request.tenure, now=timezone.now())
        return {"outcome": row.pk, "told_on": day.isoformat()}

    return once(request, act)


@router.get("/feedback/owed", auth=Opens("outcomes.view", "read"))
def list_feedback_owed(request: ApiRequest) -> dict[str, Any]:
    """Answers whose use we owe a word on, and answers of ours nobody has spoken of; the oldest first, 200 of each."""
    return {
        "owed": [_owed(one, one.step.holder) for one in queries.feedback_owed(request.tenure)],
        "awaited": [_owed(one, one.step.message.sender) for one in queries.feedback_awaited(request.tenure)],
    }


@router.get("/feedback", auth=Opens("outcomes.view", "read"))
def list_feedback(request: ApiRequest, cursor: str = "") -> dict[str, Any]:
    """What was said of answers, by this post and about its own, in the order of their numbers."""
    return page_of(queries.feedback_given(request.tenure), cursor, _feedback)


@router.post("/feedback/{int:pk}", auth=Opens("outcomes.feedback", "write"))
def give_feedback(request: ApiRequest, pk: int, told: UseTold) -> dict[str, Any]:
    """Say what became of the answer that ended a step. Leaves at once. Wants an Idempotency-Key."""
    step: Obligation = queries.owed_step(request.tenure, pk)
    form = FeedbackForm(posted(told.dict()))
    require_valid(form)
    note = form.cleaned_data["note"]

    def act() -> dict[str, Any]:
        said = using.give_feedback(
            step, used=form.used, not_used=form.not_used, note=note, by=request.tenure, now=timezone.now()
        )
        return {"feedback": said.pk}

    return once(request, act)


def _with_reason(request: ApiRequest, pk: int, told: Why, action: Callable[..., Outcome]) -> dict[str, Any]:
    row = queries.outcome(request.tenure, pk)
    form = ReasonForm(posted(told.dict()))
    require_valid(form)
    reason = form.cleaned_data["reason"]
    return once(
        request, lambda: _state(action(_as_read(request, row), reason=reason, by=request.tenure, now=timezone.now()))
    )


def _as_read(request: ApiRequest, row: Outcome, *, must: bool = False) -> Outcome:
    """The row, locked, if it still is what the caller has read. Raises ApiOutdatedError."""
    held = Outcome.objects.select_for_update(of=("self",)).select_related("conversation").get(pk=row.pk)
    if must or "If-Match" in request.headers:
        require_match(request, _tag(held))
    return held


def _tag(row: Outcome) -> str:
    return tag_of([row.pk, row.version, row.state, row.changed_at])


def _owed(one: queries.Owed, answered_by: str) -> dict[str, Any]:
    return {
        "step": one.step.pk,
        "conversation": one.step.conversation_id,
        "request": str(one.step.message.uuid),
        "post": answered_by,
        "answered_at": one.step.closed_at,
        "due_at": one.due_at,
    }


def _feedback(row: Feedback) -> dict[str, Any]:
    return {
        "id": row.pk,
        "conversation": row.request.conversation_id,
        "request": str(row.request.uuid),
        "is_ours": row.is_ours,
        "is_used": row.is_used,
        "code": row.code,
        "note": row.note,
        "at": row.at,
    }


def _told(row: Outcome) -> dict[str, Any]:
    return {
        "id": row.pk,
        "uuid": str(row.uuid),
        "is_ours": row.is_ours,
        "state": row.state,
        "version": row.version,
        "facts": row.facts,
        "post": row.post_id,
        "counterpart": row.counterpart,
        "opened_at": row.opened_at,
        "conversation": row.conversation_id,
        "about": row.about_id,
    }


def _state(row: Outcome) -> dict[str, Any]:
    return {"outcome": row.pk, "state": row.state}
