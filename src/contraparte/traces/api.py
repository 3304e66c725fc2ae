"""Traces for programs: recoveries recorded with their guns, requests drafted, answers read; by the pages' own actions.

A recovery is typed as the form of the pages has it. A gun is a row under a key the program chooses: sent again it
replaces what was typed there, so it needs no Idempotency-Key. What the walk of a tracing centre asks of people, and
decisions on two rows that may be one gun, stay on the pages.
"""

from typing import Any

from django.utils import timezone
from ninja import Router, Schema

from contraparte.exchange.models import Draft
from contraparte.protocol.errors import ApiFieldError
from contraparte.traces import queries
from contraparte.traces.actions.recording import record_event, save_gun_row
from contraparte.traces.actions.requesting import open_traces, sent_state
from contraparte.traces.forms import EventForm
from contraparte.traces.models import Event, Gun, Trace
from contraparte.traces.rules.recovery import TypedGun
from contraparte.web.api.answers import once, page_of, posted, require_known, require_valid
from contraparte.web.api.doors import ApiRequest, Opens
from contraparte.web.wording import words_of

router = Router(tags=["traces"])
KEY_MAX = 40  # characters of a row's key


class Recovery(Schema):
    """A recovery: the fields of its form."""

    fields: dict[str, str]


class GunTold(Schema):
    """A gun as typed: the fields of its row."""

    fields: dict[str, str]


@router.get("/recoveries", auth=Opens("traces.view", "read"))
def list_recoveries(request: ApiRequest, cursor: str = "") -> dict[str, Any]:
    """The recoveries of the post in the order of their numbers."""
    return page_of(queries.events(request.tenure), cursor, _recovery)


@router.post("/recoveries", auth=Opens("traces.record", "write"))
def create_recovery(request: ApiRequest, told: Recovery) -> dict[str, Any]:
    """Record a recovery; its guns follow. Wants an Idempotency-Key."""
    now = timezone.now()
    form = EventForm(posted(told.fields), tenure=request.tenure, now=now)
    require_known(told.fields, set(form.fields))
    require_valid(form)
    return once(request, lambda: {"recovery": record_event(form.event(), by=request.tenure, now=now).pk})


@router.get("/recoveries/{int:pk}", auth=Opens("traces.view", "read"))
def show_recovery(request: ApiRequest, pk: int) -> dict[str, Any]:
    """One recovery with its guns as typed, and the trace of each."""
    found = queries.event(request.tenure, pk)
    return _recovery(found) | {"guns": [_gun(row) for row in queries.guns_of(found)]}


@router.put("/recoveries/{int:pk}/guns/{key}", auth=Opens("traces.record", "write"))
def save_gun(request: ApiRequest, pk: int, key: str, told: GunTold) -> dict[str, Any]:
    """Save a gun under a key of one's own; what is missing is a gap, what is wrong is refused under its name."""
    found = queries.event(request.tenure, pk)
    if len(key) > KEY_MAX or "\0" in key:
        raise ApiFieldError(field="key", fields={"key": ["length"]})
    require_known(told.fields, set(TypedGun.__dataclass_fields__))
    return {"gun": save_gun_row(found, key, told.fields, by=request.tenure, now=timezone.now()).row_key}


@router.post("/recoveries/{int:pk}/open", auth=Opens("traces.open", "write"))
def open_recovery(request: ApiRequest, pk: int) -> dict[str, Any]:
    """Draft a request for every gun that may be sent; the others are named with a code. Wants an Idempotency-Key."""
    found = queries.event(request.tenure, pk)

    def act() -> dict[str, Any]:
        guns = [one for one in queries.guns_of(found) if not hasattr(one, "trace") and one.duplicate_of_id is None]
        opened = open_traces(guns, by=request.tenure, now=timezone.now())
        return {
            "traces": [{"trace": one.pk, "draft": one.draft_id} for one in opened.traces],
            "refused": [{"gun": gun.row_key, "code": words_of(why).code} for gun, why in opened.refused],
        }

    return once(request, act)


@router.get("/traces", auth=Opens("traces.view", "read"))
def list_traces(request: ApiRequest, cursor: str = "") -> dict[str, Any]:
    """The traces of the post, also those it has a copy of, in the order of their numbers."""
    return page_of(Trace.objects.filter(post_id=request.tenure.post_id), cursor, _trace)


@router.get("/traces/{int:pk}", auth=Opens("traces.view", "read"))
def show_trace(request: ApiRequest, pk: int) -> dict[str, Any]:
    """One trace: what was asked, who owes the next step, the answer under its marking and what was withheld of it."""
    found = queries.trace(request.tenure, pk)
    waiting = queries.waiting_on(found)
    is_open_draft = found.draft is not None and found.draft.state != Draft.State.RELEASED
    return _trace(found) | {
        "draft": found.draft_id if is_open_draft else None,
        "asked": found.request.get("gun", {}),
        "waits_on": {"holder": waiting.holder, "due_at": waiting.due_at} if waiting else None,
        "result": found.result,
        "withheld": [{"pointer": pointer, "reason": reason} for pointer, reason in found.result_withheld],
        "marking": found.marking,
        "time_to_crime_days": found.time_to_crime_days,
    }


def _recovery(row: Event) -> dict[str, Any]:
    return {
        "id": row.pk,
        "case_number": row.case_number,
        "recovered_on": row.recovered_on,
        "place": row.place,
        "counterpart": row.counterpart,
        "recorded_at": row.recorded_at,
    }


def _gun(row: Gun) -> dict[str, Any]:
    trace = getattr(row, "trace", None)
    return {"key": row.row_key, "typed": row.typed, "trace": trace.pk if trace else None}


def _trace(row: Trace) -> dict[str, Any]:
    return {
        "id": row.pk,
        "reference": row.reference,
        "centre_reference": row.centre_reference,
        "standing": row.standing,
        "state": sent_state(row),
        "code": row.code,
        "counterpart": row.counterpart,
        "requester": row.requester,
        "opened_at": row.opened_at,
        "concluded_at": row.concluded_at,
        "conversation": row.conversation_id,
    }
