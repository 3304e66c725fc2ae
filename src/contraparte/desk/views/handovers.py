"""One hand-over: the steps, the pack as page and PDF, the note of who leaves, the word of who takes over."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contraparte.desk import handovers
from contraparte.desk.pack_printing import print_pack
from contraparte.directory import leaving
from contraparte.directory.models import Departure
from contraparte.directory.rules.leaving import NOTE_CHARS, Step, may_take
from contraparte.protocol.errors import ContraparteError
from contraparte.web.finding import or_404
from contraparte.web.permissions import PageRequest, page, require_post
from contraparte.web.wording import status_of, words_of


class NoteForm(forms.Form):
    """What the successor should know."""

    note = forms.CharField(
        label=gettext_lazy("Note for who takes over"), max_length=NOTE_CHARS,
        help_text=gettext_lazy("Only what the post needs; it is printed with the inventory. Private matters stay out."),
        widget=forms.Textarea(attrs={"rows": 6, "maxlength": NOTE_CHARS}),
    )  # fmt: skip


@page("handover.view")
def show(request: PageRequest, pk: int) -> HttpResponse:
    """The hand-over as it stands."""
    return _page(request, handovers.departure_for(request.tenure, pk))


@page("handover.view")
def pdf(request: PageRequest, pk: int) -> HttpResponse:
    """The pack on paper, in both languages."""
    departure = handovers.departure_for(request.tenure, pk)
    pack = or_404(handovers.latest_pack(departure))
    done = departure.steps.filter(step=Step.ACKNOWLEDGED.value).first()
    data = print_pack(departure, pack, acknowledged_at=done.at if done is not None else None)
    name = f"{departure.post_id.replace('/', '-')}-{pack.made_at:%Y%m%d}-{pack.sha256[:8]}.pdf"
    headers = {
        "Content-Disposition": content_disposition_header(True, name) or "attachment",
        "Cache-Control": "private, no-store",
    }
    return HttpResponse(data, content_type="application/pdf", headers=headers)


@require_post("handover.take")
def renew(request: PageRequest, pk: int) -> HttpResponse:
    """Take the inventory again."""
    departure = handovers.departure_for(request.tenure, pk)
    return _act(
        request,
        departure,
        lambda: leaving.make_pack(departure, by=request.tenure, now=timezone.now()),
        _("The inventory is of this minute."),
    )


@require_post("handover.take")
def write(request: PageRequest, pk: int) -> HttpResponse:
    """Keep the note of who leaves."""
    departure, form = handovers.departure_for(request.tenure, pk), NoteForm(request.POST)
    if not form.is_valid():
        return _page(request, departure, form=form, status=422)
    note = form.cleaned_data["note"]
    return _act(
        request,
        departure,
        lambda: leaving.write_note(departure, note, by=request.tenure, now=timezone.now()),
        _("The note is kept."),
        form,
    )


@require_post("handover.take")
def acknowledge(request: PageRequest, pk: int) -> HttpResponse:
    """The successor has it."""
    departure = handovers.departure_for(request.tenure, pk)
    return _act(
        request,
        departure,
        lambda: leaving.acknowledge_hand_over(departure, by=request.tenure, now=timezone.now()),
        _("Taken over. It stands on record."),
    )


def _act(
    request: PageRequest,
    departure: Departure,
    action: Callable[[], object],
    told: str,
    form: NoteForm | None = None,
) -> HttpResponse:
    try:
        action()
    except ContraparteError as error:
        words = words_of(error)
        if form is not None and words.field in form.fields:
            form.add_error(words.field, words.remedy)
        return _page(request, departure, form=form, error=error, status=status_of(error))
    messages.success(request, told)
    return redirect("desk:handover", departure.pk)


def _page(
    request: PageRequest,
    departure: Departure,
    *,
    form: NoteForm | None = None,
    error: ContraparteError | None = None,
    status: int = 200,
) -> HttpResponse:
    pack, done = handovers.latest_pack(departure), leaving.steps_done(departure)
    agency, _slash, name = departure.post_id.partition("/")
    is_own = departure.tenure_id == request.tenure.pk
    context = {
        "departure": departure,
        "agency_id": agency,
        "name": name,
        "pack": pack,
        "sections": handovers.sections_shown(pack) if pack is not None else [],
        "steps": handovers.step_lines(departure),
        "can_note": is_own and may_take(Step.NOTE, done),
        "can_renew": may_take(Step.INVENTORY, done),
        "can_acknowledge": departure.successor_id == request.tenure.pk and may_take(Step.ACKNOWLEDGED, done),
        "form": form or NoteForm(initial={"note": departure.note}),
        "words": words_of(error) if error is not None else None,
    }
    return render(request, "desk/handover.html", context, status=status)
