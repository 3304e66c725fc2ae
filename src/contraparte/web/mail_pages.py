"""The page on which a person wishes word by mail, and ends it."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.mail.message import sanitize_address
from django.http import HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from contraparte.web.mailing import end_mail, wish_mail, wish_of
from contraparte.web.permissions import PageRequest, may, person_page


class MailForm(forms.Form):
    """Where the mail goes."""

    address = forms.EmailField(
        label=gettext_lazy("Mail address"), max_length=254,
        help_text=gettext_lazy("It stays on this node and is used for nothing else."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"invalid": gettext_lazy("This is no mail address. Write it as name@example.org.")},
    )  # fmt: skip

    def clean_address(self) -> str:
        """An address that a mail can bear: what passes for one may still hide a line break in an encoded word."""
        read = str(self.cleaned_data["address"])
        try:
            sanitize_address(read, "utf-8")
        except ValueError as error:
            raise forms.ValidationError(self.fields["address"].error_messages["invalid"]) from error
        return read


@never_cache
@person_page
def mail(request: PageRequest) -> HttpResponse:
    """Whether word goes out by mail, and where to; POST wishes it. Raises MailOffError."""
    wish = wish_of(request.user)
    initial = {"address": wish.address if wish else request.user.email}
    form = MailForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        wish_mail(request.user, form.cleaned_data["address"], now=timezone.now())
        messages.success(request, _("Kept. A mail comes when something waits."))
        return redirect("web:mail")
    context = {
        "form": form, "wish": wish, "is_on": settings.MAIL.is_on, "hours": settings.MAIL.every_hours,
        "fault": settings.MAIL.fault if may(request.tenure, "mail.watch") else "",
    }  # fmt: skip
    return render(request, "web/mail.html", context, status=422 if form.errors else 200)


@person_page
def end(request: PageRequest) -> HttpResponse:
    """Send none any more, and forget the address."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if end_mail(request.user):
        messages.success(request, _("Ended. No mail is sent any more, and the address is forgotten."))
    return redirect("web:mail")
