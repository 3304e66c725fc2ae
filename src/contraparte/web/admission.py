"""The door itself: what a request must have shown, checked again at every request.

A tenure that ended, a person made inactive or a second factor removed closes the door at the next click:
nothing about rights is remembered in the session but which post was chosen.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from contraparte.directory import queries as directory
from contraparte.web.permissions import READ, WRITE, Declaration, Door, declaration_of, may, refused

if TYPE_CHECKING:
    from contraparte.directory.models import Tenure

POST_KEY = "tenure"
ONE_TIME_KEY = "one_time"

# Views of libraries cannot carry a decorator; these, by name, are all that is routed.
LIBRARY_DOORS: dict[str, Door] = {
    "account_login": Door.PUBLIC,
    "account_logout": Door.ENROLLING,
    "account_inactive": Door.PUBLIC,
    "account_reauthenticate": Door.ENROLLING,
    "account_change_password": Door.PERSON,
    "mfa_index": Door.ENROLLING,
    "mfa_authenticate": Door.PUBLIC,
    "mfa_reauthenticate": Door.ENROLLING,
    "mfa_activate_totp": Door.ENROLLING,
    "mfa_deactivate_totp": Door.PERSON,
    "mfa_view_recovery_codes": Door.PERSON,
    "mfa_generate_recovery_codes": Door.PERSON,
    "mfa_download_recovery_codes": Door.PERSON,
    "mfa_list_webauthn": Door.ENROLLING,
    "mfa_add_webauthn": Door.ENROLLING,
    "mfa_remove_webauthn": Door.PERSON,
    "mfa_login_webauthn": Door.PUBLIC,
    "mfa_reauthenticate_webauthn": Door.ENROLLING,
}

Responder = Callable[[HttpRequest], HttpResponseBase]


def admit(request: HttpRequest, declaration: Declaration) -> HttpResponse | None:
    """None lets the request in; otherwise the answer that turns it away."""
    if request.method not in declaration.methods:
        return HttpResponseNotAllowed(sorted(declaration.methods))
    if declaration.door is Door.PUBLIC:
        return None
    if not request.user.is_authenticated:
        return send_to(request, reverse("account_login"), come_back=True)
    if declaration.door is Door.ENROLLING:
        return None
    if not has_second_factor(request):
        return send_to(request, reverse("web:second_factor"))
    return None if declaration.door is Door.PERSON else _admit_tenure(request, declaration.permission)


def _admit_tenure(request: HttpRequest, permission: str) -> HttpResponse | None:
    tenure: Tenure | None = getattr(request, "tenure", None)
    if tenure is None and getattr(request, "tenures", None):
        return send_to(request, reverse("web:choose_post"), come_back=True)
    decision = may(tenure, permission)
    return None if decision else refused(request, decision)


def has_second_factor(request: HttpRequest) -> bool:
    """Whether the person holds a passkey or a code generator; a one-time link of a demo node stands for both."""
    from allauth.mfa.models import Authenticator

    if settings.DEMO and request.session.get(ONE_TIME_KEY):
        return True
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return Authenticator.objects.filter(user_id=request.user.pk, type__in=kinds).exists()


def send_to(request: HttpRequest, address: str, *, come_back: bool = False) -> HttpResponse:
    """Send the browser elsewhere, also from inside an htmx fragment; `come_back` names this page as `next`."""
    if come_back and request.method in READ:
        address = f"{address}?{urlencode({'next': request.get_full_path()})}"
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def choose_tenure(request: HttpRequest, tenure: "Tenure") -> None:
    """Act for the post of `tenure` from the next request on."""
    request.session[POST_KEY] = str(tenure.id)


class CurrentTenure:
    """Set `request.tenure` and `request.tenures` from what is true now, and the clock of the post's place.

    One active tenure is taken without asking; of several, the one the session chose. A chosen tenure that has
    ended is forgotten and nothing is taken in its place: the person chooses again.
    """

    def __init__(self, get_response: Responder) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        held: list[Tenure] = []
        if request.user.is_authenticated:
            held = list(directory.active_tenures(request.user, timezone.now()))
        request.tenures = held  # type: ignore[attr-defined]
        request.tenure = _chosen(request, held)  # type: ignore[attr-defined]
        with timezone.override(zone_of(request.tenure)):  # type: ignore[attr-defined]
            return self.get_response(request)


def _chosen(request: HttpRequest, held: "list[Tenure]") -> "Tenure | None":
    wanted = request.session.get(POST_KEY) if request.user.is_authenticated else None
    if wanted is None:
        return held[0] if len(held) == 1 else None
    found = next((tenure for tenure in held if tenure.id == UUID(wanted)), None)
    if found is None:
        del request.session[POST_KEY]
    return found


def zone_of(tenure: "Tenure | None") -> str:
    """The time zone a post works in: its own where the directory names one, else the node's."""
    zone = tenure.post.time_zone if tenure is not None else "UTC"
    return str(settings.HOME.time_zone if zone == "UTC" else zone)


class DenyUndeclared:
    """Refuse any view without a declaration; views of libraries are declared by name above."""

    def __init__(self, get_response: Responder) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: object, kwargs: object
    ) -> HttpResponseBase | None:
        if declaration_of(view) is not None:
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        door = LIBRARY_DOORS.get(name)
        if door is None:
            return render(request, "web/undeclared.html", status=403)
        return admit(request, Declaration(door, READ | WRITE))
