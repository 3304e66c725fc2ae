"""The way of a request inside the agency before it leaves. Parse, call one action, answer."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contraparte.inquiries import queries
from contraparte.inquiries.actions.handing import hand_on, return_back
from contraparte.inquiries.models import Inquiry
from contraparte.inquiries.views import thread_page
from contraparte.protocol.errors import ContraparteError
from contraparte.web.permissions import PageRequest, require_post
from contraparte.web.wording import status_of, words_of


class HandForm(forms.Form):
    """To whom a request is handed on, or why it is returned."""

    to = forms.CharField(label=gettext_lazy("To the post"), max_length=106, required=False)
    note = forms.CharField(
        label=gettext_lazy("Comments"), max_length=8000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


@require_post("inquiries.ask")
def hand(request: PageRequest, pk: int) -> HttpResponse:
    """Hand a request to another post of the agency, or return it to the one that handed it over."""
    found = queries.own_inquiry(request.tenure, pk, Inquiry.Side.INITIATOR)
    form = HandForm(request.POST)
    if not form.is_valid():
        return thread_page(request, found, hand_form=form, status=422)
    told, now = form.cleaned_data, timezone.now()
    try:
        if request.POST.get("do") == "return":
            leg = return_back(found, note=told["note"], by=request.tenure, now=now)
        else:
            leg = hand_on(found, to=told["to"], note=told["note"], by=request.tenure, now=now)
    except ContraparteError as refusal:
        words = words_of(refusal)
        if words.field in form.fields:
            form.add_error(words.field, f"{words.title} {words.remedy}")
        return thread_page(request, found, error=refusal, hand_form=form, status=status_of(refusal))
    messages.success(request, _("It is with the post %(post)s now. You go on reading it.") % {"post": leg.end_id})
    return redirect("inquiries:inquiry", found.pk)
