"""What happens around every page: the reader's language, and words for what was refused."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import translation

from contraparte.protocol.errors import ContraparteError
from contraparte.web.wording import status_of, words_of

Responder = Callable[[HttpRequest], HttpResponseBase]


class ReaderLanguage:
    """A signed-in person reads in their own language until the switch at the top says otherwise (a cookie)."""

    def __init__(self, get_response: Responder) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        language = getattr(request.user, "language", None)
        if chosen is None and language in dict(settings.LANGUAGES):
            translation.activate(language)
            request.LANGUAGE_CODE = language
        response = self.get_response(request)
        response.headers.setdefault("Content-Language", translation.get_language() or settings.LANGUAGE_CODE)
        return response


class KeepPrivate:
    """What somebody signed in has seen is theirs: no shared cache keeps it, and signing out empties the browser's.

    Not `no-store`: going back to a form must find what was typed.
    """

    def __init__(self, get_response: Responder) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        was_in = request.user.is_authenticated
        response = self.get_response(request)
        if was_in:
            response.headers.setdefault("Cache-Control", "private, no-cache")
            if not request.user.is_authenticated:
                response.headers["Clear-Site-Data"] = '"cache"'
        return response


class TellProblems:
    """Turn a refusal nobody caught into a page (or a fragment for htmx) that says how to mend it."""

    def __init__(self, get_response: Responder) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """None leaves anything but a ContraparteError to Django."""
        if not isinstance(error, ContraparteError):
            return None
        template = "web/components/problem.html" if request.headers.get("HX-Request") else "web/problem_page.html"
        return render(request, template, {"words": words_of(error)}, status=status_of(error))
