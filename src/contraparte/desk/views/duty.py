"""The duty roster of one's post: who is on duty now, the weekly pattern, days that differ."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contraparte.directory import duty
from contraparte.directory.models import Post, Substitute, Tenure
from contraparte.protocol.errors import ContraparteError
from contraparte.web.finding import or_404
from contraparte.web.permissions import PageRequest, may, page, require_post
from contraparte.web.templatetags.pages import named
from contraparte.web.wording import status_of, words_of

CLOCK = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class ShiftForm(forms.Form):
    """A new line of the roster."""

    weekday = forms.TypedChoiceField(
        label=gettext_lazy("Every week on"), required=False, coerce=int, empty_value=None,
        choices=[("", gettext_lazy("one day only, below")), *((number, name) for number, name in WEEKDAYS.items())],
    )  # fmt: skip
    day = forms.DateField(
        label=gettext_lazy("Only on"), required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("The lines of this day replace those of its weekday."),
    )  # fmt: skip
    begins = forms.TimeField(label=gettext_lazy("Begins"), widget=CLOCK)
    ends = forms.TimeField(
        label=gettext_lazy("Ends"), widget=CLOCK, help_text=gettext_lazy("An earlier time is on the next day.")
    )
    holder = forms.ChoiceField(label=gettext_lazy("On duty"), required=False)

    def __init__(self, *args: Any, serving: list[Tenure], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.serving = {str(one.pk): one for one in serving}
        field = self.fields["holder"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            ("", _("nobody: the day is left free")),
            *((key, str(one.person)) for key, one in self.serving.items()),
        ]

    def planned(self) -> dict[str, Any]:
        """What was typed, for `plan_shift`."""
        return {**self.cleaned_data, "holder": self.serving.get(self.cleaned_data["holder"])}


class SubstituteForm(forms.Form):
    """The post that stands in."""

    substitute = forms.ChoiceField(label=gettext_lazy("Substitute"), required=False)
    silence = forms.IntegerField(
        label=gettext_lazy("Minutes of silence before it stands in"), initial=60,
        help_text=gettext_lazy("From 15 minutes to 7 days (10,080)."),
    )  # fmt: skip

    def __init__(self, *args: Any, possible: list[Post], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.possible = {one.pk: one for one in possible}
        field = self.fields["substitute"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("none")), *((key, named(one)) for key, one in self.possible.items())]

    def named(self) -> dict[str, Any]:
        """What was typed, for `name_substitute`."""
        minutes = min(max(self.cleaned_data["silence"], 0), 10**6)
        return {
            "substitute": self.possible.get(self.cleaned_data["substitute"]),
            "silence": timedelta(minutes=minutes),
        }


@page("duty.view")
def show(request: PageRequest) -> HttpResponse:
    """The roster of the post."""
    return _page(request)


@require_post("duty.keep")
def plan(request: PageRequest) -> HttpResponse:
    """Add a line."""
    now = timezone.now()
    form = ShiftForm(request.POST, serving=list(duty.serving_at(request.tenure.post, now)))
    if not form.is_valid():
        return _page(request, form=form, status=422)
    try:
        duty.plan_shift(request.tenure.post, by=request.tenure, now=now, **form.planned())
    except ContraparteError as error:
        words = words_of(error)
        if words.field in form.fields:
            form.add_error(words.field, words.remedy)
        return _page(request, form=form, error=error, status=status_of(error))
    messages.success(request, _("The line stands in the roster."))
    return redirect("desk:duty")


@require_post("duty.keep")
def stand_in(request: PageRequest) -> HttpResponse:
    """Name the substitute, or none."""
    post = request.tenure.post
    form = SubstituteForm(request.POST, possible=duty.possible_substitutes(post))
    if not form.is_valid():
        return _page(request, substitute_form=form, status=422)
    try:
        duty.name_substitute(post, by=request.tenure, now=timezone.now(), **form.named())
    except ContraparteError as error:
        words = words_of(error)
        if words.field in form.fields:
            form.add_error(words.field, words.remedy)
        return _page(request, substitute_form=form, error=error, status=status_of(error))
    messages.success(request, _("The substitute is set."))
    return redirect("desk:duty")


@require_post("duty.keep")
def end(request: PageRequest, pk: int) -> HttpResponse:
    """Take a line out."""
    shift = or_404(duty.shift_of(request.tenure, pk))
    duty.end_shift(shift, by=request.tenure, now=timezone.now())
    messages.success(request, _("The line was taken out. It stays on record."))
    return redirect("desk:duty")


def _page(
    request: PageRequest,
    *,
    form: ShiftForm | None = None,
    substitute_form: SubstituteForm | None = None,
    error: ContraparteError | None = None,
    status: int = 200,
) -> HttpResponse:
    now, post = timezone.now(), request.tenure.post
    roster, known = duty.roster_of(post, now), duty.substitute_of(post)
    context = {
        "post": post,
        "now_on_duty": duty.on_duty(post, now),
        "weekly": [(shift, WEEKDAYS[shift.weekday]) for shift in roster if shift.weekday is not None],
        "dated": [shift for shift in roster if shift.day is not None],
        "form": form or ShiftForm(serving=list(duty.serving_at(post, now))),
        "substitute": known,
        "substitute_form": substitute_form
        or SubstituteForm(possible=duty.possible_substitutes(post), initial=_initial(known)),
        "can_keep": bool(may(request.tenure, "duty.keep")),
        "words": words_of(error) if error is not None else None,
    }
    return render(request, "desk/duty.html", context, status=status)


def _initial(known: Substitute | None) -> dict[str, Any]:
    if known is None:
        return {}
    return {"substitute": known.substitute_id, "silence": int(known.silence.total_seconds() // 60)}
