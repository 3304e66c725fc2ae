"""Outcomes for programs: the same forms, queries and actions as the pages, in JSON."""

from typing import Any

from django.utils import timezone
from ninja import Router, Schema

from contraparte.outcomes import queries
from contraparte.outcomes.actions import stating
from contraparte.outcomes.forms import ConfirmForm, ReasonForm, ReportForm
from contraparte.outcomes.models import Outcome
from contraparte.outcomes.rules.kinds import Contribution
from contraparte.protocol.errors import ApiFieldError
from contraparte.web.api.answers import once, page_of, posted, require_valid
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


class Why(Schema):
    """Why it is contested."""

    reason: str


@router.get("/outcomes", auth=Opens("outcomes.view", "read"))
def list_outcomes(request: ApiRequest, cursor: str = "") -> dict[str, Any]:
    """The outcomes of the post in the order of their numbers."""
    return page_of(queries.outcomes_of(request.tenure), cursor, _told)


@router.get("/outcomes/{int:pk}", auth=Opens("outcomes.view", "read"))
def show_outcome(request: ApiRequest, pk: int) -> dict[str, Any]:
    """One outcome: its facts, how it stands, who said what."""
    row = queries.outcome(request.tenure, pk)
    words = [
        {"act": word.act, "by_us": word.by_reporter == row.is_ours, "at": word.message.at}
        for word in queries.words_of(row)
    ]
    return _told(row) | {"words": words}


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
                row,
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
    row = queries.outcome(request.tenure, pk)
    form = ReasonForm(posted(told.dict()))
    require_valid(form)
    reason = form.cleaned_data["reason"]
    return once(
        request, lambda: _state(stating.contest_outcome(row, reason=reason, by=request.tenure, now=timezone.now()))
    )


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
