"""One-time sign-in links: only on a demo node, only on this machine.

A link stands for password and second factor together, which is why a node outside `settings.DEMO` neither makes
nor honours one, and why a request from another machine is answered as if the address did not exist.
"""

import hashlib
import ipaddress
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest
from django.urls import reverse

from contraparte.directory.queries import is_running
from contraparte.protocol.errors import OneTimeLinkRefusedError
from contraparte.web.admission import ONE_TIME_KEY, choose_tenure
from contraparte.web.models import OneTimeLink

if TYPE_CHECKING:
    from contraparte.directory.models import Person, Tenure

LIFE = timedelta(hours=12)
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def make_one_time_link(
    person: "Person", *, tenure: "Tenure | None" = None, lands_on: str = "/", now: datetime, life: timedelta = LIFE
) -> str:
    """An absolute address that signs `person` in once, acting for the post of `tenure`.

    Raises OneTimeLinkRefusedError unless this is a demo node whose address is on loopback.
    """
    if not (settings.DEMO and _is_loopback_name(settings.NODE_URL)):
        raise OneTimeLinkRefusedError
    token = secrets.token_urlsafe(32)
    OneTimeLink.objects.create(
        token_hash=_hash(token), person=person, tenure=tenure, lands_on=lands_on, expires_at=now + life
    )
    return settings.NODE_URL.rstrip("/") + reverse("web:one_time", args=[token])


def enter_by_link(request: HttpRequest, token: str, *, now: datetime) -> str:
    """Sign in by `token` and return where to go. The token is spent by one UPDATE, so two clicks cannot share it.

    Raises OneTimeLinkRefusedError for anything else, without saying which of it was wrong.
    """
    if not (settings.DEMO and comes_from_loopback(request)):
        raise OneTimeLinkRefusedError
    live = OneTimeLink.objects.filter(token_hash=_hash(token), used_at=None, expires_at__gt=now)
    if live.update(used_at=now) != 1:
        raise OneTimeLinkRefusedError
    link = OneTimeLink.objects.select_related("person", "tenure").get(token_hash=_hash(token))
    if not link.person.is_active or (link.tenure is not None and not is_running(link.tenure, now)):
        raise OneTimeLinkRefusedError
    request.session.flush()
    login(request, link.person, backend=BACKEND)
    request.session[ONE_TIME_KEY] = True
    if link.tenure is not None:
        choose_tenure(request, link.tenure)
    return link.lands_on


def comes_from_loopback(request: HttpRequest) -> bool:
    """Whether the request comes from this machine, and not through a proxy that would hide where from."""
    if any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP")):
        return False
    address = str(request.META.get("REMOTE_ADDR", ""))
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _is_loopback_name(url: str) -> bool:
    from urllib.parse import urlsplit

    host = urlsplit(url).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
