"""Traces for programs: recoveries recorded with their guns, requests drafted, answers read; by the pages' own actions.

A recovery is typed as the form of the pages has it. A gun is a row under a key the program chooses: sent again it
replaces what was typed there, so it needs no Idempotency-Key. `etag` of a row, sent as If-Match, keeps somebody else's
typing from being replaced. What a tracing centre and a custodian decide is in `walk_api.py`.
"""

from typing import Any

from django.utils import timezone
from ninja import Router, Schema

from contraparte.exchange.models import Draft
from contraparte.exchange.writing import writing
from contraparte.protocol.errors import ApiFieldError
from contraparte.traces import queries
from contraparte.traces.actions.comparing import resolve_same_gun
from contraparte.traces.actions.hearing import adopt_request
from contraparte.traces.actions.recording import import_rows, record_event, save_gun_row
from contraparte.traces.actions.requesting import (
    cancel_trace,
    may_resubmit,
    open_traces,
    resubmit_trace,
    revise_trace,
    sent_state,
)
from contraparte.traces.forms import EventForm, GunForm, ReasonForm, SameGunForm
from contraparte.traces.models import Event, Gun, Trace
from contraparte.traces.rules.recovery import TypedGun
from contraparte.web.api.answers import once, page_of, posted, require_known, require_match, require_valid, tag_of
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


class Table(Schema):
    """Many guns as typed, without keys: a key follows from what a row says."""

    rows: list[dict[str, str]]


class Decision(Schema):
    """Whether two rows are one gun, which serial is true where they differ, and why."""

    is_same: bool
    true_serial: str = ""
    reason: str


class Mended(Schema):
    """A gun as mended, and what is new."""

    fields: dict[str, str]
    why: str


class Why(Schema):
    """Why a trace is given up."""

    reason: str


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
    """One recovery with its guns as typed, their gaps, what may be the same gun, and the trace of each."""
    found = queries.event(request.tenure, pk)
    guns = queries.guns_of(found)
    warned = queries.warnings_for(request.tenure, guns)
    return _recovery(found) | {
        "guns": [_gun(row) | {"warnings": [one.warning.pk for one in warned.get(row.pk, ())]} for row in guns]
    }


@router.put("/recoveries/{int:pk}/guns/{key}", auth=Opens("traces.record", "write"))
def save_gun(request: ApiRequest, pk: int, key: str, told: GunTold) -> dict[str, Any]:
    """Save a gun under a key of one's own; what is missing is a gap, what is wrong is refused under its name."""
    found = queries.event(request.tenure, pk)
    if len(key) > KEY_MAX or "\0" in key:
        raise ApiFieldError(field="key", fields={"key": ["length"]})
    require_known(told.fields, set(TypedGun.__dataclass_fields__))
    with writing():
        if "If-Match" in request.headers:
            Event.objects.select_for_update(of=("self",)).get(pk=found.pk)  # the lock of its rows
            row = queries.gun(request.tenure, pk, key)
            require_match(request, _tag(row) if row is not None else "")
        saved = save_gun_row(found, key, told.fields, by=request.tenure, now=timezone.now())
    return {"gun": saved.row_key, "etag": _tag(saved)}


@router.post("/recoveries/{int:pk}/import", auth=Opens("traces.record", "write"))
def import_guns(request: ApiRequest, pk: int, told: Table) -> dict[str, Any]:
    """Save many rows at once; each that is wrong is named and stops no other. The same rows again add nothing."""
    found = queries.event(request.tenure, pk)
    for row in told.rows:
        require_known(row, set(TypedGun.__dataclass_fields__))
    report = import_rows(found, told.rows, by=request.tenure, now=timezone.now())
    refused = [(one.row, words_of(one.error)) for one in report.refused]
    return {
        "saved": [one.row_key for one in report.saved],
        "refused": [{"row": row, "code": words.code, "field": words.field} for row, words in refused],
    }


@router.get("/same-gun/{int:pk}", auth=Opens("traces.decide", "read"))
def show_warning(request: ApiRequest, pk: int) -> dict[str, Any]:
    """Two rows that may be one gun: the own one in full, of another agency's only the post."""
    found = queries.warning(request.tenure, pk)
    return {
        "id": found.warning.pk,
        "state": found.warning.state,
        "likeness": found.warning.likeness,
        "own": _gun(found.own) | {"recovery": found.own.event_id},
        "other_post": found.other_post,
        "other": _gun(found.other_gun) | {"recovery": found.other_gun.event_id} if found.other_gun else None,
    }


@router.post("/same-gun/{int:pk}", auth=Opens("traces.decide", "write"))
def decide_warning(request: ApiRequest, pk: int, told: Decision) -> dict[str, Any]:
    """Say whether they are one gun, with a reason; then one row follows the other. Wants an Idempotency-Key."""
    found = queries.warning(request.tenure, pk)
    form = SameGunForm(posted(told.dict() | {"is_same": "yes" if told.is_same else "no"}))
    require_valid(form)
    read = form.cleaned_data

    def act() -> dict[str, Any]:
        row = resolve_same_gun(
            found.warning, is_same=told.is_same, true_serial=read["true_serial"], reason=read["reason"],
            by=request.tenure, now=timezone.now(),
        )  # fmt: skip
        return {"warning": row.pk, "state": row.state}

    return once(request, act)


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
    return page_of(queries.traces_of(request.tenure), cursor, _trace)


@router.get("/traces/{int:pk}", auth=Opens("traces.view", "read"))
def show_trace(request: ApiRequest, pk: int) -> dict[str, Any]:
    """One trace: what was asked, who owes the next step, the answer under its marking and what was withheld of it."""
    found = queries.trace(request.tenure, pk)
    waiting = queries.waiting_on(found)
    own = found.standing == Trace.Standing.OWN
    ways = {
        "resubmit": own and may_resubmit(found),
        "revise": own and sent_state(found) == Trace.State.DRAFTED,
        "cancel": own and found.is_open and found.conversation_id is not None,
        "adopt": not own and found.adopted_as_id is None,
    }
    is_open_draft = found.draft is not None and found.draft.state != Draft.State.RELEASED
    return _trace(found) | {
        "draft": found.draft_id if is_open_draft else None,
        "asked": found.request.get("gun", {}),
        "waits_on": {"holder": waiting.holder, "due_at": waiting.due_at} if waiting else None,
        "result": found.result,
        "withheld": [{"pointer": pointer, "reason": reason} for pointer, reason in found.result_withheld],
        "marking": found.marking,
        "time_to_crime_days": found.time_to_crime_days,
        "ways": [name for name, is_open in ways.items() if is_open],
        "adopted_as": found.adopted_as_id,
        "duplicate_of": found.duplicate_of_id,
    }


@router.post("/traces/{int:pk}/resubmit", auth=Opens("traces.open", "write"))
def resubmit(request: ApiRequest, pk: int, told: Mended) -> dict[str, Any]:
    """Ask again in the same thread, with the gun as mended; it waits for release. Wants an Idempotency-Key."""
    found = queries.trace(request.tenure, pk)
    form = GunForm(posted(told.fields | {"why": told.why}))
    require_known(told.fields, set(TypedGun.__dataclass_fields__))
    require_valid(form)
    typed = {name: value for name, value in form.cleaned_data.items() if name != "why"}
    why = form.cleaned_data["why"]
    return once(request, lambda: _opened(resubmit_trace(found, typed, why=why, by=request.tenure, now=timezone.now())))


@router.post("/traces/{int:pk}/revise", auth=Opens("traces.open", "write"))
def revise(request: ApiRequest, pk: int) -> dict[str, Any]:
    """Write the draft anew from the rows as they stand."""
    return _opened(revise_trace(queries.trace(request.tenure, pk), by=request.tenure, now=timezone.now()))


@router.post("/traces/{int:pk}/cancel", auth=Opens("traces.open", "write"))
def cancel(request: ApiRequest, pk: int, told: Why) -> dict[str, Any]:
    """Give a trace up: its draft is discarded, or the centre is told. Wants an Idempotency-Key."""
    found = queries.trace(request.tenure, pk)
    form = ReasonForm(posted(told.dict()))
    require_valid(form)
    reason = form.cleaned_data["reason"]
    return once(request, lambda: _opened(cancel_trace(found, reason=reason, by=request.tenure, now=timezone.now())))


@router.post("/traces/{int:pk}/adopt", auth=Opens("traces.decide", "write"))
def adopt(request: ApiRequest, pk: int) -> dict[str, Any]:
    """Take over a request this post has a copy of. Wants an Idempotency-Key."""
    found = queries.trace(request.tenure, pk)
    return once(request, lambda: _opened(adopt_request(found, by=request.tenure, now=timezone.now())))


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
    return {
        "key": row.row_key,
        "etag": _tag(row),
        "typed": row.typed,
        "gaps": [{"field": name, "code": why, "stops": stops} for name, why, stops in row.gaps],
        "true_serial": row.true_serial,
        "is_duplicate": row.duplicate_of_id is not None,
        "trace": trace.pk if trace else None,
    }


def _tag(row: Gun) -> str:
    return tag_of([row.pk, row.typed, row.true_serial])


def _opened(row: Trace) -> dict[str, Any]:
    return {"trace": row.pk, "draft": row.draft_id, "state": sent_state(row)}


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
