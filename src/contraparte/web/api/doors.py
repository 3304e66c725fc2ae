"""The door of the API: who calls, with which scope and permission, how often, with what kind of body.

Every operation declares `Opens(permission, scope)`; what declares nothing is refused (`nothing`). A token is read
from the Authorization header only. Cookies are not looked at, so no page of another site can call in a reader's name.
"""

import hashlib
import json
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone

from contraparte.protocol.errors import (
    ApiBodyError,
    ApiRateError,
    ApiRightError,
    ApiScopeError,
    ApiSizeError,
    ApiTokenRefusedError,
)
from contraparte.web.api.tokens import find_token
from contraparte.web.permissions import may

if TYPE_CHECKING:
    from contraparte.directory.models import Tenure
    from contraparte.web.models import ApiToken

DEEPEST = 12  # levels of a body; the deepest form has three
TOKEN_MAX = 200  # characters; longer than any token
REFUSALS_PER_MINUTE = 30  # by address
MINUTE_S = 60


class ApiRequest(HttpRequest):
    """The request an operation gets: it acts for `tenure`, by `token`."""

    tenure: "Tenure"
    token: "ApiToken"


class Opens:
    """What an operation asks of its caller. Called by ninja before anything of the call is read.

    With `takes_file` the body is a file, which the operation itself reads in pieces.
    """

    def __init__(self, permission: str, scope: str, *, takes_file: bool = False) -> None:
        self.permission = permission
        self.scope = scope
        self.takes_file = takes_file

    def __call__(self, request: HttpRequest) -> "Tenure":
        """The tenure that calls.

        Raises ApiTokenRefusedError, ApiRateError, ApiScopeError, ApiRightError, ApiSizeError, ApiBodyError.
        """
        token = _token_of(request)
        if self.scope not in token.scopes:
            raise ApiScopeError(scope=self.scope)
        if not may(token.tenure, self.permission):
            raise ApiRightError(permission=self.permission)
        count_call(f"api-calls-{token.pk}", settings.API_CALLS_PER_MINUTE)
        if request.method not in {"GET", "HEAD"} and not self.takes_file:
            require_readable(request)
        request.token, request.tenure = token, token.tenure  # type: ignore[attr-defined]
        return token.tenure


def nothing(request: HttpRequest) -> None:
    """The door of an operation that declares none: shut."""
    raise ApiTokenRefusedError


def _token_of(request: HttpRequest) -> "ApiToken":
    address = hashlib.sha256(str(request.META.get("REMOTE_ADDR", "")).encode()).hexdigest()[:16]
    refusals = f"api-refused-{address}"
    if int(cache.get(refusals, 0)) >= REFUSALS_PER_MINUTE:
        raise ApiRateError(most=REFUSALS_PER_MINUTE)
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    try:
        if kind != "Bearer" or not text or len(text) > TOKEN_MAX:
            raise ApiTokenRefusedError
        return find_token(text, now=timezone.now())
    except ApiTokenRefusedError:
        count_call(refusals, REFUSALS_PER_MINUTE)
        raise


def count_call(key: str, most: int) -> None:
    """Count one more within this minute. Raises ApiRateError above `most`."""
    if cache.add(key, 1, MINUTE_S):
        return
    try:
        seen = cache.incr(key)
    except ValueError:  # it ended between the two
        return
    if seen > most:
        raise ApiRateError(most=most)


def require_readable(request: HttpRequest) -> dict[str, Any]:
    """The body as one JSON object; an empty one is an empty object. Raises ApiSizeError, ApiBodyError."""
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    if not (length.isascii() and length.isdecimal()) or int(length) > settings.API_BODY_MAX:
        raise ApiSizeError(most=settings.API_BODY_MAX)
    text = request.body
    if not text:
        return {}
    try:
        told = json.loads(text.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise ApiBodyError(most=DEEPEST) from None
    if not isinstance(told, dict) or not _is_sound(told, DEEPEST):
        raise ApiBodyError(most=DEEPEST)
    return told


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _is_sound(value: Any, left: int) -> bool:
    """Whether it nests at most `left` levels deep and every text can be stored."""
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
    if isinstance(value, dict):
        return left > 0 and all(_is_sound(key, left) and _is_sound(one, left - 1) for key, one in value.items())
    if isinstance(value, list):
        return left > 0 and all(_is_sound(one, left - 1) for one in value)
    return True
