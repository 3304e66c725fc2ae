"""What a tracing centre and a custodian decide, for programs: by the queries, forms and actions of their pages.

The centre walks a request by itself; a person enters what a custodian says by telephone, or refuses. A custodian's own
program is shown the gun and the lines of its own book that may be meant, and never the crime, the place or a person.
"""

from typing import Any
from uuid import UUID

from django.http import Http404
from django.utils import timezone
from ninja import Router, Schema

from contraparte.traces import figures, queries
from contraparte.traces.actions.custody import TaskCandidate, candidates_of, confirm_link, decline_link
from contraparte.traces.actions.stopping import refuse_trace
from contraparte.traces.actions.walking import assisted_hop
from contraparte.traces.forms import AssistedForm, ReasonForm, TaskForm
from contraparte.traces.models import CustodianTask, Hop, Walk
from contraparte.traces.rules.analytics import Spread
from contraparte.traces.rules.codes import DECLINE_CODES
from contraparte.web.api.answers import once, page_of, posted, require_known, require_valid
from contraparte.web.api.doors import ApiRequest, Opens

router = Router(tags=["traces"])
CALLED = ("answered_by", "at", "means", "note")  # the log of a call


class Refusal(Schema):
    """Why a request is refused; the requester reads it."""

    reason: str


class Assisted(Schema):
    """A custodian's answer by telephone, fax or page image: the fields of its form, `answer` among them."""

    fields: dict[str, str]


class Choice(Schema):
    """`line:` and the number of the line that is meant, or `code:` and why there is none."""

    choice: str


@router.get("/walks", auth=Opens("traces.view", "read"))
def list_walks(request: ApiRequest, cursor: str = "") -> dict[str, Any]:
    """The requests a tracing centre walks or has walked, in the order of their numbers."""
    return page_of(queries.walks_of(request.tenure), cursor, _walk)


@router.get("/walks/{int:pk}", auth=Opens("traces.view", "read"))
def show_walk(request: ApiRequest, pk: int) -> dict[str, Any]:
    """One walk: the gun as asked and as the books mended it, custodian by custodian; who is to be called."""
    found = queries.walk(request.tenure, pk)
    return _walk(found) | {
        "asked": found.asked,
        "gun": found.gun,
        "recovered_on": found.recovered_on,
        "marking": found.marking,
        "custodians": [_hop(one) for one in found.hops.order_by("index")],
    }


@router.post("/walks/{int:pk}/refuse", auth=Opens("traces.assist", "write"))
def refuse(request: ApiRequest, pk: int, told: Refusal) -> dict[str, Any]:
    """Refuse a request that is being walked. Leaves at once. Wants an Idempotency-Key."""
    found = queries.walk(request.tenure, pk)
    form = ReasonForm(posted(told.dict()))
    require_valid(form)
    reason = form.cleaned_data["reason"]
    return once(request, lambda: _state(refuse_trace(found, reason=reason, by=request.tenure, now=timezone.now())))


@router.post("/walks/{int:pk}/custodians/{int:index}", auth=Opens("traces.assist", "write"))
def assist(request: ApiRequest, pk: int, index: int, told: Assisted) -> dict[str, Any]:
    """Enter what a custodian answered when it was called, with the log of the call. Wants an Idempotency-Key."""
    found = queries.hop(request.tenure, pk, index)
    form = AssistedForm(posted(told.fields))
    require_known(told.fields, set(form.fields))
    require_valid(form)
    answer, log = form.link_answer(), {name: str(form.cleaned_data[name]) for name in CALLED}

    def act() -> dict[str, Any]:
        row = assisted_hop(found, answer, call_log=log, by=request.tenure, now=timezone.now())
        return _state(row.walk) | {"custodian": row.index}

    return once(request, act)


@router.get("/book-questions", auth=Opens("traces.custody", "read"))
def list_questions(request: ApiRequest, cursor: str = "", state: str = "open") -> dict[str, Any]:
    """The questions to this custodian's book that a person decides; `state` is open, linked or declined."""
    return page_of(queries.tasks(request.tenure, state=state), cursor, _task)


@router.get("/book-questions/{uuid}", auth=Opens("traces.custody", "read"))
def show_question(request: ApiRequest, uuid: str) -> dict[str, Any]:
    """One question: the gun, the lines of the own book that may be meant, and the codes of "none"."""
    found = _question(request, uuid)
    return _task(found) | {
        "candidates": [_candidate(one) for one in _candidates(request, found)],
        "codes": sorted(code.value for code in DECLINE_CODES),
    }


@router.post("/book-questions/{uuid}", auth=Opens("traces.custody", "write"))
def decide_question(request: ApiRequest, uuid: str, told: Choice) -> dict[str, Any]:
    """Say which line is meant, or why none is. Leaves at once. Wants an Idempotency-Key."""
    found = _question(request, uuid)

    def act() -> dict[str, Any]:
        now = timezone.now()
        form = TaskForm(
            posted(told.dict()), candidates=[(one.line_id, one.title) for one in _candidates(request, found)]
        )
        require_valid(form)
        if form.line is not None:
            return {"state": confirm_link(found, form.line, by=request.tenure, now=now).state}
        assert form.code is not None
        return {"state": decline_link(found, form.code, by=request.tenure, now=now).state}

    return once(request, act)


@router.get("/traces/figures", auth=Opens("traces.trends", "read"))
def show_figures(request: ApiRequest) -> dict[str, Any]:
    """Figures of the agency's traces without content; `count` is null where fewer than five stand behind it."""
    told = figures.of_agency(request.tenure)
    return {
        "first_pass": {
            "found": told.first_pass.numerator if told.first_pass.percent is not None else None,
            "of": told.first_pass.denominator if told.first_pass.percent is not None else None,
            "percent": told.first_pass.percent,
        },
        "results": [_bar(one) for one in told.codes],
        "time_to_crime": [_bar(one) for one in told.bands],
        "flows": [_bar(one) for one in told.flows],
        "whole_s": _spread(told.whole),
        "custodian_s": _spread(told.hops),
    }


def _question(request: ApiRequest, text: str) -> CustodianTask:
    try:
        uuid = UUID(text)
    except ValueError:
        raise Http404 from None
    return queries.task(request.tenure, uuid)


def _candidates(request: ApiRequest, found: CustodianTask) -> list[TaskCandidate]:
    """What may still be chosen; nothing once it is decided."""
    if found.state != CustodianTask.State.OPEN:
        return []
    return candidates_of(found, by=request.tenure, now=timezone.now())


def _walk(row: Walk) -> dict[str, Any]:
    return {
        "id": row.pk,
        "reference": row.reference,
        "their_reference": row.their_reference,
        "requester": row.requester,
        "priority": row.priority,
        "state": row.state,
        "code": row.code,
        "started_at": row.started_at,
        "concluded_at": row.concluded_at,
        "conversation": row.conversation_id,
    }


def _hop(row: Hop) -> dict[str, Any]:
    return {
        "index": row.index,
        "licence": row.licence,
        "post": row.custodian,
        "role": row.role,
        "state": row.state,
        "count": row.count,
        "lines": row.lines,
        "code": row.code,
        "is_assisted": row.is_assisted,
        "by_person": row.confirmed_by_person,
        "asked_at": row.asked_at,
        "linked_at": row.linked_at,
    }


def _task(row: CustodianTask) -> dict[str, Any]:
    return {
        "uuid": str(row.uuid),
        "state": row.state,
        "gun": row.description,
        "line": row.line,
        "code": row.code,
        "opened_at": row.opened_at,
        "due_at": row.due_at,
        "decided_at": row.decided_at,
    }


def _candidate(one: TaskCandidate) -> dict[str, Any]:
    return {
        "choice": f"line:{one.line_id}",
        "serial": one.serial,
        "maker": one.maker,
        "model": one.model,
        "calibre": one.calibre,
        "type": one.type,
        "percent": one.percent,
    }


def _state(row: Walk) -> dict[str, Any]:
    return {"walk": row.pk, "state": row.state, "code": row.code}


def _bar(one: figures.Bar) -> dict[str, Any]:
    return {"codes": list(one.codes), "label": str(one.label), "count": one.shown}


def _spread(told: Spread) -> dict[str, Any]:
    return {"median": told.median, "p90": told.p90}
