"""The door for programs: no session, no cookie, no page machinery on what comes to /api/."""

from collections.abc import Callable

from django.core.handlers.exception import convert_exception_to_response
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import resolve
from django.utils import timezone, translation
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

from contraparte.protocol.errors import ApiBodyError, ApiBrokenError, ApiMethodError, ApiMissingError, ContraparteError
from contraparte.web.api.answers import PROBLEM, problem
from contraparte.web.api.doors import DEEPEST

Responder = Callable[[HttpRequest], HttpResponse]
PREFIX = "/api/"


class ApiDoor:
    """Answer /api/ at once, in the language of Accept-Language and in UTC; everything else goes on to the pages."""

    def __init__(self, get_response: Responder) -> None:
        self.get_response = get_response
        self.answer: Responder = convert_exception_to_response(self._answer)  # type: ignore[assignment]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        with translation.override(language_of(request)), timezone.override("UTC"):
            answer = _as_problem(self.answer(request))
            answer["Content-Language"] = translation.get_language() or "en"
        answer["Cache-Control"] = "no-store"
        answer["Vary"] = "Authorization, Accept-Language"
        return answer

    def _answer(self, request: HttpRequest) -> HttpResponse:
        try:
            match = resolve(request.path_info)
        except Http404:
            return problem(ApiMissingError())
        request.resolver_match = match
        return match.func(request, *match.args, **match.kwargs)


def _as_problem(answer: HttpResponse) -> HttpResponse:
    """What Django and the library refuse or break at by themselves, as a problem: never a page, never a traceback."""
    if answer.status_code < 400 or answer.get("Content-Type") == PROBLEM:
        return answer
    told: ContraparteError = ApiBrokenError()
    if answer.status_code == 400:
        told = ApiBodyError(most=DEEPEST)
    elif answer.status_code == 404:
        told = ApiMissingError()
    elif answer.status_code == 405:
        told = ApiMethodError(allowed=answer.get("Allow", ""))
    found = problem(told)
    if "Allow" in answer:
        found["Allow"] = answer["Allow"]
    return found


def language_of(request: HttpRequest) -> str:
    """The first language of Accept-Language that this node speaks, else English."""
    for wanted, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        try:
            return get_supported_language_variant(wanted)
        except LookupError:
            continue
    return "en"
