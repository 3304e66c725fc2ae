"""Posts of the reader's agency: who holds each, who is leaving, who takes over, how fast people go."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contraparte.desk import handovers
from contraparte.directory import leaving
from contraparte.directory.models import Person, Post, Tenure
from contraparte.protocol.errors import ContraparteError, DepartureFieldError
from contraparte.web.permissions import PageRequest, page, require_post
from contraparte.web.wording import status_of, words_of

NOW = "now"


class LeaveForm(forms.Form):
    """Who leaves, and when."""

    tenure = forms.ChoiceField(label=gettext_lazy("Who leaves"))
    leaves_at = forms.DateTimeField(
        label=gettext_lazy("Access ends on"), required=False, widget=forms.DateTimeInput(
            attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=gettext_lazy("Day and time of the post. From then on nothing opens any more."),
    )  # fmt: skip

    def __init__(self, *args: Any, leavable: list[Tenure], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.leavable = {str(one.pk): one for one in leavable}
        field = self.fields["tenure"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(key, str(one.person)) for key, one in self.leavable.items()]


@page("posts.view")
def show_all(request: PageRequest) -> HttpResponse:
    """Every post of the agency."""
    now = timezone.now()
    context = {
        "lines": handovers.post_lines(request.tenure.post.agency_id, now),
        "agency": request.tenure.post.agency,
        "erosion": handovers.erosion_for(request.tenure, now),
    }
    return render(request, "desk/posts.html", context)


@page("posts.view")
def show(request: PageRequest, agency: str, name: str) -> HttpResponse:
    """One post: who holds it now, who is leaving."""
    return _page(request, handovers.post_for(request.tenure, agency, name))


@require_post("posts.leave")
def announce(request: PageRequest, agency: str, name: str) -> HttpResponse:
    """Say that somebody leaves, on a day or now."""
    post, now = handovers.post_for(request.tenure, agency, name), timezone.now()
    form = LeaveForm(request.POST, leavable=handovers.leavable(post, request.tenure, now))
    if not form.is_valid():
        return _page(request, post, form=form, status=422)
    at_once = request.POST.get("do") == NOW
    try:
        if not at_once and (form.cleaned_data["leaves_at"] is None or form.cleaned_data["leaves_at"] <= now):
            raise DepartureFieldError(field="leaves_at")
        day = now if at_once else form.cleaned_data["leaves_at"]
        held = form.leavable[form.cleaned_data["tenure"]]
        leaving.announce_leaving(held, leaves_at=day, by=request.tenure, now=now)
    except ContraparteError as error:
        words = words_of(error)
        if words.field in form.fields:
            form.add_error(words.field, words.remedy)
        return _page(request, post, form=form, error=error, status=status_of(error))
    messages.success(request, _("Access has ended.") if at_once else _("Announced. The inventory has been taken."))
    return redirect("web:home") if at_once and held.pk == request.tenure.pk else redirect("desk:post", agency, name)


@require_post("handover.assign")
def assign(request: PageRequest, pk: int) -> HttpResponse:
    """Name who takes over."""
    departure = handovers.departure_of_agency(request.tenure, pk)
    chosen = request.POST.get("successor", "")
    person = Person.objects.filter(pk=int(chosen)).first() if chosen.isdecimal() and len(chosen) < 19 else None
    try:
        if person is None:
            raise DepartureFieldError(field="successor")
        leaving.assign_successor(departure, person, by=request.tenure, now=timezone.now())
    except ContraparteError as error:
        return _page(request, departure.post, error=error, status=status_of(error))
    messages.success(request, _("The successor is named. The other side is told today."))
    return _to_post(departure.post)


@require_post("posts.leave")
def end(request: PageRequest, pk: int) -> HttpResponse:
    """End the access of who leaves now."""
    departure = handovers.departure_of_agency(request.tenure, pk)
    try:
        leaving.end_access(departure, by=request.tenure, now=timezone.now())
    except ContraparteError as error:
        return _page(request, departure.post, error=error, status=status_of(error))
    messages.success(request, _("Access has ended."))
    return redirect("web:home") if departure.tenure_id == request.tenure.pk else _to_post(departure.post)


def _to_post(post: Post) -> HttpResponse:
    agency, _slash, name = post.pk.partition("/")
    return redirect("desk:post", agency, name)


def _page(
    request: PageRequest,
    post: Post,
    *,
    form: LeaveForm | None = None,
    error: ContraparteError | None = None,
    status: int = 200,
) -> HttpResponse:
    now = timezone.now()
    may_leave = handovers.leavable(post, request.tenure, now)
    agency, _slash, name = post.pk.partition("/")
    context = {
        "post": post,
        "agency_id": agency,
        "name": name,
        "line": handovers.line_of(post, now),
        "leavings": handovers.leavings_of(post, request.tenure, now),
        "can_announce": bool(may_leave),
        "form": form or LeaveForm(leavable=may_leave),
        "words": words_of(error) if error is not None else None,
    }
    return render(request, "desk/post.html", context, status=status)
