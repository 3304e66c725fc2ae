"""Pages of the tracing centre, of the custodian's own person, and the figures."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from contraparte.desk.queries import parties_of
from contraparte.protocol.errors import ContraparteError
from contraparte.traces import figures, queries
from contraparte.traces.actions.custody import candidates_of, confirm_link, decline_link
from contraparte.traces.actions.stopping import refuse_trace
from contraparte.traces.actions.walking import assisted_hop
from contraparte.traces.custodians import named
from contraparte.traces.forms import AssistedForm, ReasonForm, TaskForm
from contraparte.traces.models import CustodianTask, Walk
from contraparte.traces.presenting import gun_words, marking_words
from contraparte.traces.rules.codes import DECLINE_CODES
from contraparte.traces.rules.walk import HopState
from contraparte.traces.views import _blame
from contraparte.traces.wording import RESULTS, result_words
from contraparte.web.permissions import PageRequest, form_page, page


@page("traces.view")
def walk(request: PageRequest, pk: int) -> HttpResponse:
    """One request as the centre walks it."""
    found = queries.walk(request.tenure, pk)
    path, passed = queries.path_of_walk(found), queries.passed(found.conversation_id, found.agency)
    return render(
        request,
        "traces/walk.html",
        {
            "walk": found,
            "path": path,
            "result": result_words(found.code),
            "gun": gun_words(found.asked),
            "mended": gun_words(found.gun) if found.gun != found.asked else None,
            "passed": passed,
            "posts": parties_of([found.requester, *(one.row.sender for one in passed)]),
            "marking_words": marking_words(found.marking),
            "is_open": found.state == Walk.State.WALKING,
        },
    )


@form_page("traces.assist")
def assist(request: PageRequest, pk: int, index: int) -> HttpResponse:
    """Enter a custodian's answer given by telephone, fax or page image."""
    found = queries.hop(request.tenure, pk, index)
    form = AssistedForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        log = {name: form.cleaned_data[name] for name in ("answered_by", "at", "means", "note")}
        try:
            assisted_hop(found, form.link_answer(), call_log=log, by=request.tenure, now=timezone.now())
        except ContraparteError as refusal:
            _blame(form, refusal)
        else:
            return redirect("traces:walk", pk)
    context = {
        "hop": found,
        "walk": found.walk,
        "named": named(found.licence, found.custodian),
        "gun": gun_words(found.walk.gun),
        "form": form,
        "is_waiting": found.state in (HopState.TO_CALL, HopState.COUNT_ASKED, HopState.LINK_ASKED),
    }
    return render(request, "traces/assist.html", context, status=422 if form.errors else 200)


@form_page("traces.assist")
def refuse(request: PageRequest, pk: int) -> HttpResponse:
    """Refuse a request that is being walked, with a reason."""
    found = queries.walk(request.tenure, pk)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        refuse_trace(found, reason=form.cleaned_data["reason"], by=request.tenure, now=timezone.now())
        return redirect("traces:walk", pk)
    return render(request, "traces/refuse.html", {"walk": found, "form": form}, status=422 if form.errors else 200)


@page("traces.custody")
def tasks(request: PageRequest) -> HttpResponse:
    """The questions to this custodian's book that a person decides."""
    state = CustodianTask.State.OPEN
    found = Paginator(queries.tasks(request.tenure, state=state), queries.PAGE).get_page(request.GET.get("page"))
    rows = [(task, gun_words(task.gun)) for task in found]
    return render(request, "traces/tasks.html", {"page": found, "rows": rows})


@form_page("traces.custody")
def task(request: PageRequest, uuid: UUID) -> HttpResponse:
    """One question: the gun and this book's candidates; never crime, place or person."""
    found = queries.task(request.tenure, uuid)
    is_open = found.state == CustodianTask.State.OPEN
    candidates = candidates_of(found, by=request.tenure, now=timezone.now()) if is_open else []
    form = TaskForm(request.POST or None, candidates=[(one.line_id, one.title) for one in candidates])
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            if form.line is not None:
                confirm_link(found, form.line, by=request.tenure, now=now)
            elif form.code is not None:
                decline_link(found, form.code, by=request.tenure, now=now)
        except ContraparteError as refusal:
            _blame(form, refusal)
        else:
            return redirect("traces:tasks")
    context = {
        "task": found,
        "gun": gun_words(found.gun),
        "candidates": candidates,
        "decline": [(f"code:{code.value}", RESULTS[code].short) for code in sorted(DECLINE_CODES)],
        "form": form,
        "is_open": is_open,
        "result": result_words(found.code),
    }
    return render(request, "traces/task.html", context, status=422 if form.errors else 200)


@page("traces.trends")
def trends(request: PageRequest) -> HttpResponse:
    """Figures without content: yield, results, bands, flows, times."""
    told = figures.of_agency(request.tenure)
    tables = [
        (_("How traces ended"), told.codes),
        (_("Time to crime"), told.bands),
        (_("From state of sale to state of recovery"), told.flows),
    ]
    return render(request, "traces/trends.html", {"figures": told, "tables": tables})
