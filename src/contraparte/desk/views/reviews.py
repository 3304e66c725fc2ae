"""The review of what one officer released alone: what left, why it could not wait, and whether that was right."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contraparte.desk import queries, reviews
from contraparte.desk.words import URGENCY
from contraparte.exchange import one_officer
from contraparte.exchange.models import OneOfficerRelease
from contraparte.protocol.errors import ContraparteError
from contraparte.web.permissions import PageRequest, page, require_post
from contraparte.web.wording import status_of, words_of

UPHELD, NOT_UPHELD = "upheld", "not_upheld"


class ReviewForm(forms.Form):
    """The word of who reviews."""

    result = forms.ChoiceField(
        label=gettext_lazy("Result"),
        choices=[
            (UPHELD, gettext_lazy("Upheld: it was right to release it")),
            (NOT_UPHELD, gettext_lazy("Not upheld")),
        ],
    )
    note = forms.CharField(
        label=gettext_lazy("Remarks"), required=False, max_length=one_officer.REASON_CHARS,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": one_officer.REASON_CHARS, "class": "cp-short"}),
    )  # fmt: skip


@page("release.review")
def show(request: PageRequest, pk: int) -> HttpResponse:
    """The release as it stands."""
    return _page(request, reviews.release_for(request.tenure, pk), ReviewForm())


@require_post("release.review")
def decide(request: PageRequest, pk: int) -> HttpResponse:
    """Uphold the release, or not."""
    row, form = reviews.release_for(request.tenure, pk), ReviewForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form, status=422)
    upheld, note = form.cleaned_data["result"] == UPHELD, form.cleaned_data["note"]
    try:
        one_officer.review_release(row, upheld=upheld, note=note, by=request.tenure, now=timezone.now())
    except ContraparteError as error:
        words = words_of(error)
        if words.field in form.fields:
            form.add_error(words.field, words.remedy)
        return _page(request, reviews.release_for(request.tenure, pk), form, error=error, status=status_of(error))
    if upheld:
        messages.success(request, _("Reviewed and upheld. It stands in the log."))
    else:
        messages.success(
            request, _("Reviewed and not upheld. It stands in the log; the message can be recalled below.")
        )
    return redirect("desk:review", row.pk)


def _page(
    request: PageRequest,
    row: OneOfficerRelease,
    form: ReviewForm,
    *,
    error: ContraparteError | None = None,
    status: int = 200,
) -> HttpResponse:
    message = row.message
    context = {
        "lone": row,
        "form": form,
        "title": queries.titles_of([message.conversation], request.tenure)[message.conversation_id],
        "type_title": queries.type_title(message.type),
        "posts": queries.names_of([message.sender, message.recipient]),
        "urgency": URGENCY.get(message.urgency, message.urgency),
        "is_own": one_officer.is_own(row, request.tenure),
        "words": words_of(error) if error is not None else None,
    }
    return render(request, "desk/review.html", context, status=status)
