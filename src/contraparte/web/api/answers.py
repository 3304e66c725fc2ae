"""Answers of the API: problems as JSON (RFC 9457), lists by cursor, entity tags, repeats of a call."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import HttpRequest, JsonResponse, QueryDict
from django.utils import timezone

from contraparte.exchange.writing import writing
from contraparte.protocol.errors import (
    ApiBodyError,
    ApiBrokenError,
    ApiFieldError,
    ApiLengthError,
    ApiMethodError,
    ApiMissingError,
    ApiOutdatedError,
    ApiRateError,
    ApiRepeatError,
    ApiSizeError,
    ApiTokenRefusedError,
    ContraparteError,
)
from contraparte.web.api.doors import ApiRequest, require_readable
from contraparte.web.models import ApiReply
from contraparte.web.wording import status_of, words_of

ROWS = 100  # of one page of a list
PROBLEM = "application/problem+json"
KEY = re.compile(r"[A-Za-z0-9_-]{8,80}")
REPEATS_KEPT = timedelta(days=1)

STATUSES: dict[type[ContraparteError], int] = {
    ApiTokenRefusedError: 401,
    ApiMissingError: 404,
    ApiOutdatedError: 412,
    ApiSizeError: 413,
    ApiBodyError: 400,
    ApiLengthError: 411,
    ApiMethodError: 405,
    ApiBrokenError: 500,
    ApiRateError: 429,
}


def problem(error: ContraparteError) -> JsonResponse:
    """The refusal in the caller's language: code, what is wrong, how to mend it, the field to blame."""
    words = words_of(error)
    status = STATUSES.get(type(error)) or status_of(error)
    told: dict[str, Any] = {
        "type": f"urn:contraparte:error:{error.code}",
        "code": error.code,
        "title": words.title,
        "detail": words.remedy,
        "status": status,
    }
    if words.field:
        told["field"] = words.field
    if "fields" in error.params:
        told["fields"] = error.params["fields"]
    answer = JsonResponse(told, status=status, content_type=PROBLEM)
    if status == 401:
        answer["WWW-Authenticate"] = "Bearer"
    if status == 429:
        answer["Retry-After"] = "60"
    return answer


def require_valid(*forms: BaseForm, prefix: str = "") -> None:
    """Raise ApiFieldError naming every field that a form cannot read."""
    wrong = {f"{prefix}{name}": [str(one) for one in told] for form in forms for name, told in form.errors.items()}
    if wrong:
        raise ApiFieldError(field=next(iter(wrong)), fields=wrong)


def require_known(fields: dict[str, Any], known: set[str]) -> None:
    """A field nobody reads would be lost in silence."""
    unknown = sorted(fields.keys() - known)
    if unknown:
        raise ApiFieldError(field=unknown[0], fields={name: ["unknown"] for name in unknown})


def posted(fields: dict[str, Any]) -> QueryDict:
    """Fields as a form posts them."""
    data = QueryDict(mutable=True)
    for name, value in fields.items():
        if isinstance(value, list):
            data.setlist(name, value)
        elif value is not False:
            data[name] = "on" if value is True else value
    return data


def page_of(rows: QuerySet[Any], cursor: str, tell: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """One page of a list in the order of its numbers, which never changes; `next` is the cursor of the page after."""
    after = int(cursor) if cursor.isascii() and cursor.isdecimal() and len(cursor) < 16 else 0
    if cursor and str(after) != cursor:
        raise ApiFieldError(field="cursor", fields={"cursor": []})
    found = list(rows.filter(pk__gt=after).order_by("pk")[: ROWS + 1])
    shown = found[:ROWS]
    return {"items": [tell(row) for row in shown], "next": str(shown[-1].pk) if len(found) > ROWS else None}


def tag_of(value: object) -> str:
    """The entity tag of what was told."""
    told = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return f'"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'


def require_match(request: HttpRequest, tag: str) -> None:
    """Raise ApiOutdatedError unless the caller changes what it has read."""
    if request.headers.get("If-Match") != tag:
        raise ApiOutdatedError


def require_key(request: ApiRequest) -> str:
    """The Idempotency-Key of the call. Raises ApiRepeatError where there is none, or it is malformed."""
    key = request.headers.get("Idempotency-Key", "")
    if not KEY.fullmatch(key):
        raise ApiRepeatError
    return key


def is_repeat(request: ApiRequest) -> bool:
    """Whether a call with this key has made something before; `once` says whether it was the same call."""
    return ApiReply.objects.filter(token=request.token, key=require_key(request)).exists()


def once(
    request: ApiRequest, act: Callable[[], dict[str, Any]], *, told: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Do `act` once for an Idempotency-Key, in one transaction with the note of it; a repeat is told the same.

    `act` returns names and numbers, never content: it is kept for a day. `told` stands for a body that is no JSON.
    Raises ApiRepeatError.
    """
    key = require_key(request)
    now = timezone.now()
    said = [request.method, request.get_full_path(), require_readable(request) if told is None else told]
    call = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    with writing(request.tenure.post.agency_id):
        ApiReply.objects.filter(at__lt=now - REPEATS_KEPT).delete()
        row, is_new = ApiReply.objects.get_or_create(
            token=request.token, key=key, defaults={"call_hash": call, "at": now}
        )
        if not is_new:
            if row.call_hash != call:
                raise ApiRepeatError
            return dict(row.reply)
        row.reply = act()
        row.save(update_fields=["reply"])
    return dict(row.reply)
