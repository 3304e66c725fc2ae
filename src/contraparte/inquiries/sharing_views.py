"""A draft shown to the other side before it is sent, and the word on it. Parse, call one action, answer."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contraparte.inquiries import presenting
from contraparte.inquiries.actions.sharing import comment_on_draft, share_draft, take_up
from contraparte.inquiries.models import Inquiry
from contraparte.inquiries.queries import own_inquiry
from contraparte.inquiries.views import thread_page
from contraparte.inquiries.wording import VERDICTS
from contraparte.protocol.errors import ContraparteError
from contraparte.web.permissions import PageRequest, require_post
from contraparte.web.wording import status_of, words_of


class ShareForm(forms.Form):
    """What is asked of the other side about a draft."""

    question = forms.CharField(
        label=gettext_lazy("Question to the other side"), max_length=8000, required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip

    send_on_to = forms.CharField(label=gettext_lazy("To be sent on to"), max_length=106, required=False)


class CommentForm(forms.Form):
    """The word of this side on a draft."""

    verdict = forms.ChoiceField(label=gettext_lazy("Is it complete for us?"), choices=list(VERDICTS.items()))
    text = forms.CharField(
        label=gettext_lazy("What is missing or unclear"), max_length=8000, required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )  # fmt: skip


@require_post("inquiries.ask")
def share(request: PageRequest, pk: int) -> HttpResponse:
    """Show what is typed so far to the other side; it waits for its release like all else."""
    found = own_inquiry(request.tenure, pk, Inquiry.Side.INITIATOR)
    form = ShareForm(request.POST)
    if not form.is_valid():
        return thread_page(request, found, share_form=form, status=422)
    try:
        draft = share_draft(found, **form.cleaned_data, by=request.tenure, now=timezone.now())
    except ContraparteError as refusal:
        words = words_of(refusal)
        if words.field in form.fields:
            form.add_error(words.field, f"{words.title} {words.remedy}")
        return thread_page(request, found, error=refusal, share_form=form, status=status_of(refusal))
    return redirect(presenting.release_url(draft))


@require_post("inquiries.step")
def comment(request: PageRequest, pk: int) -> HttpResponse:
    """Say whether a draft that was shown is complete for this side."""
    found = own_inquiry(request.tenure, pk, Inquiry.Side.RESPONDER)
    form = CommentForm(request.POST)
    if not form.is_valid():
        return thread_page(request, found, comment_form=form, status=422)
    told = form.cleaned_data
    try:
        comment_on_draft(found, verdict=told["verdict"], text=told["text"], by=request.tenure, now=timezone.now())
    except ContraparteError as refusal:
        words = words_of(refusal)
        if words.field in form.fields:
            form.add_error(words.field, f"{words.title} {words.remedy}")
        return thread_page(request, found, error=refusal, comment_form=form, status=status_of(refusal))
    messages.success(request, _("Your word on the draft is sealed, logged and on its way."))
    return redirect("inquiries:inquiry", found.pk)


@require_post("inquiries.ask")
def take(request: PageRequest, pk: int) -> HttpResponse:
    """Take a shown draft up as a request of one's own, to be sent on."""
    found = own_inquiry(request.tenure, pk, Inquiry.Side.RESPONDER)
    try:
        made = take_up(found, by=request.tenure, now=timezone.now())
    except ContraparteError as refusal:
        return thread_page(request, found, error=refusal, status=status_of(refusal))
    messages.success(request, _("Taken up. Its author is told; read it through, then draft it for release."))
    return redirect("inquiries:edit", made.pk)
