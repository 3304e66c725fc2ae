"""Pages about the API: the tokens of a person, made and revoked, and the document that describes the operations."""

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.cache import never_cache

from contraparte.protocol.errors import ContraparteError
from contraparte.web.api.tokens import MOST_DAYS, NAME_MAX, make_token, revoke_token, tokens_of
from contraparte.web.models import ApiToken
from contraparte.web.permissions import PageRequest, person_page
from contraparte.web.wording import status_of, words_of

SCOPE_NAMES = {
    "read": pgettext_lazy("scope", "read"),
    "write": _("write: draft, take steps, report"),
    "release": _("release: approve and send"),
}


class TokenForm(forms.Form):
    """A token as its holder asks for it."""

    name = forms.CharField(label=_("What it is for"), max_length=NAME_MAX)
    scopes = forms.MultipleChoiceField(
        label=_("It may"), choices=list(SCOPE_NAMES.items()), widget=forms.CheckboxSelectMultiple, initial=["read"]
    )
    days = forms.IntegerField(label=_("Days it lasts"), min_value=1, max_value=MOST_DAYS, initial=30)


@never_cache
@person_page
def tokens(request: PageRequest) -> HttpResponse:
    """The tokens of this person; POST makes one for the post acted for now and shows its text this once."""
    form = TokenForm(request.POST or None)
    made, text, words, status = None, "", None, 200
    if request.method == "POST":
        status = 422
        if form.is_valid() and request.tenure is not None:
            try:
                made, text = make_token(**form.cleaned_data, by=request.tenure, now=timezone.now())
            except ContraparteError as error:
                words, status = words_of(error), status_of(error)
            else:
                form, status = TokenForm(), 200
    rows = [
        {"token": row, "scopes": [SCOPE_NAMES[one] for one in row.scopes], "is_live": _is_live(row)}
        for row in tokens_of(request.user)[:100]
    ]
    context = {"form": form, "rows": rows, "made": made, "text": text, "words": words}
    return render(request, "web/api_tokens.html", context, status=status)


def _is_live(row: ApiToken) -> bool:
    return row.revoked_at is None and row.expires_at > timezone.now()


@person_page
def revoke(request: PageRequest, pk: int) -> HttpResponse:
    """End a token of one's own."""
    row = tokens_of(request.user).filter(pk=pk).first()
    if row is None or request.method != "POST":
        raise Http404
    revoke_token(row, now=timezone.now())
    return redirect("web:api_tokens")


@person_page
def openapi(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document of this node, for who is signed in."""
    from contraparte.web.api.mounting import mounted

    return JsonResponse(mounted().get_openapi_schema(path_prefix="/api/v1/"))
