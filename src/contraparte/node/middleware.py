"""The door for peers: no session, no cookie, no page machinery on what other nodes send."""

from collections.abc import Callable

from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse
from django.urls import resolve

Responder = Callable[[HttpRequest], HttpResponse]


class PeerDoor:
    """Answer /peer/ and /directory/ at once, everything else through the whole middleware list."""

    PREFIXES = ("/peer/", "/directory/")

    def __init__(self, get_response: Responder) -> None:
        self.get_response = get_response
        self.answer_peer: Responder = convert_exception_to_response(self._answer)  # type: ignore[assignment]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(self.PREFIXES):
            return self.answer_peer(request)
        return self.get_response(request)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        match = resolve(request.path_info)
        request.resolver_match = match
        return match.func(request, *match.args, **match.kwargs)
