"""Pages of the post that recovers guns and asks for traces: parse, call one action or query, answer."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from contraparte.desk.queries import parties_of
from contraparte.exchange.models import Draft
from contraparte.protocol.errors import ContraparteError
from contraparte.traces import queries
from contraparte.traces.actions.comparing import resolve_same_gun
from contraparte.traces.actions.hearing import adopt_request
from contraparte.traces.actions.recording import Imported, import_rows, record_event, save_gun_row
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
from contraparte.traces.presenting import (
    conversation_url,
    gun_words,
    is_ready,
    marking_words,
    release_url,
    row_context,
    serial_reading,
)
from contraparte.traces.rows import read_file, read_table
from contraparte.traces.rules.codes import ResultCode
from contraparte.traces.rules.time_to_crime import band_of
from contraparte.traces.wording import BANDS, STATES, result_words
from contraparte.web.permissions import PageRequest, form_page, may, page, require_post
from contraparte.web.wording import status_of, words_of


@page("traces.view")
def desk(request: PageRequest) -> HttpResponse:
    """What this post traces, by clock; at a tracing centre also what it walks."""
    concluded = request.GET.get("show") == "answered"
    rows = queries.desk(request.tenure, concluded=concluded)
    walks = queries.walks(request.tenure, concluded=concluded)
    return render(
        request,
        "traces/desk.html",
        {
            "rows": rows,
            "walks": walks,
            "posts": parties_of(row.holder for row in (*rows, *walks)),
            "events": queries.events(request.tenure)[:8],
            "records_guns": queries.records_guns(request.tenure),
            "concluded": concluded,
            "states": STATES,
        },
    )


@page("traces.view")
def events(request: PageRequest) -> HttpResponse:
    """The recoveries of this post."""
    found = Paginator(queries.events(request.tenure), queries.PAGE).get_page(request.GET.get("page"))
    context = {"page": found, "records_guns": queries.records_guns(request.tenure)}
    return render(request, "traces/events.html", context)


@form_page("traces.record")
def new_event(request: PageRequest) -> HttpResponse:
    """Record a recovery; its guns follow on its own page."""
    now = timezone.now()
    form = EventForm(request.POST or None, tenure=request.tenure, now=now)
    if request.method == "POST" and form.is_valid():
        try:
            made = record_event(form.event(), by=request.tenure, now=now)
        except ContraparteError as refusal:
            _blame(form, refusal)
        else:
            return redirect("traces:event", made.pk)
    return render(request, "traces/event_form.html", {"form": form}, status=422 if form.errors else 200)


def _blame(form: Any, refusal: ContraparteError) -> None:
    """Put a refusal beside the field it names, with the way to mend it; what was typed stays."""
    words = words_of(refusal)
    name = words.field if words.field in form.fields else None
    form.add_error(name, f"{words.title} {words.remedy}")


@page("traces.view")
def event(request: PageRequest, pk: int) -> HttpResponse:
    """One recovery with its guns, row by row as typed."""
    return _event_page(request, queries.event(request.tenure, pk))


def _event_page(
    request: PageRequest,
    found: Event,
    *,
    imported: Imported | None = None,
    pasted: str = "",
    failed: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of a recovery; `failed` is a row that was refused, shown as typed in its place."""
    guns = queries.guns_of(found)
    warned = queries.warnings_for(request.tenure, guns)
    rows = [row_context(found, row, warned.get(row.pk, ())) for row in guns]
    fresh = row_context(found, None, ())
    if failed is not None:
        known = {row["key"] for row in rows}
        rows = [failed if row["key"] == failed["key"] else row for row in rows]
        fresh = failed if failed["key"] not in known else fresh
    context = {
        "event": found,
        "rows": rows,
        "fresh": fresh,
        **_drafting(request, found, guns, warned),
        "imported": imported,
        "report": [(one.row, words_of(one.error)) for one in imported.refused] if imported else [],
        "pasted": pasted,
        "marking_words": marking_words(found.marking),
    }
    return render(request, "traces/event.html", context, status=status)


def _drafting(
    request: PageRequest, event: Event, guns: list[Gun], warned: dict[int, list[queries.Warned]]
) -> dict[str, Any]:
    """What may be done with the guns of a recovery as they stand: how many can be asked for, which drafts wait."""
    others = [one.other_post for found in warned.values() for one in found]
    drafts = queries.open_drafts([row.trace for row in guns if hasattr(row, "trace")])
    return {
        "ready": sum(1 for row in guns if is_ready(row, warned.get(row.pk, ()))),
        "drafts": [(draft, release_url(draft)) for draft in drafts],
        "can_record": may(request.tenure, "traces.record").allowed,
        "posts": parties_of([event.counterpart, *others]),
    }


@require_post("traces.record")
def save_row(request: PageRequest, pk: int) -> HttpResponse:
    """Save one row and answer with it as it stands; wrong input answers with what was typed and what is wrong."""
    found = queries.event(request.tenure, pk)
    key = request.POST.get("row_key", "")
    typed = {name: value for name, value in request.POST.items() if isinstance(value, str)}
    try:
        saved = save_gun_row(found, key, typed, by=request.tenure, now=timezone.now())
    except ContraparteError as refusal:
        row = queries.gun(request.tenure, pk, key)
        context = row_context(found, row, (), typed=typed, refusal=refusal, row_key=key)
        if not request.htmx:
            return _event_page(request, found, failed=context, status=status_of(refusal))
        return render(request, "traces/row_status.html", {"row": context, "event": found}, status=status_of(refusal))
    if not request.htmx:
        return redirect("traces:event", pk)
    guns = queries.guns_of(found)
    warned = queries.warnings_for(request.tenure, guns)
    context = {
        "row": row_context(found, saved, warned.get(saved.pk, ())),
        "event": found,
        "fresh": None if request.POST.get("is_known") else row_context(found, None, ()),
        **_drafting(request, found, guns, warned),
    }
    return render(request, "traces/saved_row.html", context)


@page("traces.record")
def serial(request: PageRequest) -> HttpResponse:
    """How a serial field is read, while it is typed."""
    return render(request, "traces/serial.html", {"reading": serial_reading(request.GET.get("serial", "")[:200])})


@require_post("traces.record")
def import_guns(request: PageRequest, pk: int) -> HttpResponse:
    """Rows pasted from a spreadsheet or read from a CSV or XLSX file."""
    found = queries.event(request.tenure, pk)
    pasted = request.POST.get("rows", "")
    try:
        upload = request.FILES.get("file")
        table = read_file(str(upload.name), upload.read(2_000_001)) if upload is not None else read_table(pasted)
        report = import_rows(found, table, by=request.tenure, now=timezone.now())
    except ContraparteError as refusal:
        messages.error(request, f"{words_of(refusal).title} {words_of(refusal).remedy}")
        return _event_page(request, found, pasted=pasted, status=status_of(refusal))
    return _event_page(request, found, imported=report, pasted=pasted if report.refused else "")


@require_post("traces.open")
def open_all(request: PageRequest, pk: int) -> HttpResponse:
    """Draft a request for every gun of a recovery that may be sent."""
    found = queries.event(request.tenure, pk)
    guns = [gun for gun in queries.guns_of(found) if not hasattr(gun, "trace") and gun.duplicate_of_id is None]
    opened = open_traces(guns, by=request.tenure, now=timezone.now())
    if opened.traces:
        messages.success(request, _("Requests drafted: %(count)s.") % {"count": len(opened.traces)})
    for gun, refusal in opened.refused[:10]:
        messages.warning(
            request, _("Row %(row)s stays: %(why)s") % {"row": gun.position, "why": words_of(refusal).title}
        )
    return redirect("traces:event", pk)


@form_page("traces.decide")
def warning(request: PageRequest, pk: int) -> HttpResponse:
    """Two rows that may be one gun: own row in full, of another agency's only the post."""
    found = queries.warning(request.tenure, pk)
    posts = parties_of([found.other_post])
    form = SameGunForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            resolve_same_gun(
                found.warning,
                is_same=form.cleaned_data["is_same"] == "yes",
                true_serial=form.cleaned_data["true_serial"],
                reason=form.cleaned_data["reason"],
                by=request.tenure,
                now=timezone.now(),
            )
        except ContraparteError as refusal:
            _blame(form, refusal)
        else:
            return redirect("traces:event", found.own.event_id)
    context = {"found": found, "form": form, "posts": posts}
    return render(request, "traces/warning.html", context, status=422 if form.errors else 200)


@page("traces.view")
def trace(request: PageRequest, pk: int) -> HttpResponse:
    """One trace: the chain, who waits on whom, the answer under its marking."""
    return _trace_page(request, queries.trace(request.tenure, pk))


# Ends of a trace that no result told of.
ENDED_HERE = (ResultCode.CANCELLED, ResultCode.DUPLICATE_OF)
PROGRESS = (Trace.State.DRAFTED, Trace.State.SENT, Trace.State.ACKNOWLEDGED, Trace.State.CONCLUDED)


def _trace_page(request: PageRequest, found: Trace, *, form: Any = None, status: int = 200) -> HttpResponse:
    state = sent_state(found)
    code = ResultCode(found.code) if found.code else None
    may_open = may(request.tenure, "traces.open").allowed and found.standing == Trace.Standing.OWN
    again = may_resubmit(found)
    days = found.time_to_crime_days
    draft = found.draft if found.draft and found.draft.state != Draft.State.RELEASED else None
    described = found.request.get("gun", {})
    waiting, passed = queries.waiting_on(found), queries.passed(found.conversation_id, found.agency)
    adopter, _sep, their_number = found.adopted_by.partition(" ")
    named = [adopter, found.counterpart, found.requester, waiting.holder if waiting else ""]
    context = {
        "trace": found,
        "state": state,
        "progress": [(step, STATES[step]) for step in PROGRESS],
        "reached": PROGRESS.index(state) + 1 if state in PROGRESS else len(PROGRESS),
        "gun": gun_words(described or ({"serial": found.gun.shown_serial} if found.gun else {})),
        "result": result_words(found.code),
        "is_forgotten": bool(code) and not found.result and code not in ENDED_HERE,
        "path": queries.path_of_result(found),
        "found": queries.found_serial(described, found.result.get("gun")),
        "asked": found.gun.shown_serial if found.gun else described.get("serial", ""),
        "waiting": waiting,
        "passed": passed,
        "adopter": (adopter, their_number),
        "posts": parties_of([*named, *(one.row.sender for one in passed)]),
        "conversation_url": conversation_url(found.conversation_id),
        "purchaser": found.result.get("purchaser", {}),
        "withheld": found.result_withheld,
        "days": days,
        "band": BANDS[band_of(days)] if days is not None else "",
        "earlier": queries.earlier_traces(found.gun, request.tenure) if found.gun else [],
        "can_adopt": found.standing == Trace.Standing.COPY and found.adopted_as_id is None,
        "can_cancel": may_open and found.is_open and found.conversation_id is not None,
        "form": form or (GunForm(initial=found.gun.typed) if again and may_open and found.gun else None),
        "is_mending": form is not None,
        "release_url": release_url(draft) if draft and found.is_open else "",
        "marking_words": marking_words(found.marking),
    }
    return render(request, "traces/trace.html", context, status=status)


@require_post("traces.open")
def resubmit(request: PageRequest, pk: int) -> HttpResponse:
    """Ask again in the same thread, with the gun as mended."""
    found = queries.trace(request.tenure, pk)
    form = GunForm(request.POST)
    if form.is_valid():
        typed = {name: value for name, value in form.cleaned_data.items() if name != "why"}
        try:
            resubmit_trace(found, typed, why=form.cleaned_data["why"], by=request.tenure, now=timezone.now())
        except ContraparteError as refusal:
            _blame(form, refusal)
        else:
            return redirect("traces:trace", pk)
    return _trace_page(request, found, form=form, status=422)


@require_post("traces.open")
def revise(request: PageRequest, pk: int) -> HttpResponse:
    """Write the draft anew from the rows as they stand."""
    revise_trace(queries.trace(request.tenure, pk), by=request.tenure, now=timezone.now())
    return redirect("traces:trace", pk)


@form_page("traces.open")
def cancel(request: PageRequest, pk: int) -> HttpResponse:
    """Give a trace up, with a reason."""
    found = queries.trace(request.tenure, pk)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        cancel_trace(found, reason=form.cleaned_data["reason"], by=request.tenure, now=timezone.now())
        return redirect("traces:trace", pk)
    return render(request, "traces/cancel.html", {"trace": found, "form": form}, status=422 if form.errors else 200)


@require_post("traces.decide")
def adopt(request: PageRequest, pk: int) -> HttpResponse:
    """Take over a request this post has a copy of."""
    own = adopt_request(queries.trace(request.tenure, pk), by=request.tenure, now=timezone.now())
    return redirect("traces:trace", own.pk)
