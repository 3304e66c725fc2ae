"""The API as one: rooms bring their routers, and everything an operation raises becomes a problem in words."""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from contraparte.protocol.errors import ApiBodyError, ApiFieldError, ApiMissingError, ContraparteError
from contraparte.web.api.answers import problem
from contraparte.web.api.doors import DEEPEST, nothing
from contraparte.web.registry import API_ROUTERS

VERSION = "1"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: method, address with places as `{int:pk}`, door, what it does."""

    method: str
    path: str
    door: Any
    told: str


@cache
def mounted() -> NinjaAPI:
    """Every registered router under one roof. No page of the library is routed: no docs, no schema address."""
    api = NinjaAPI(
        title="Contraparte", version=VERSION, urls_namespace="api", docs_url=None, openapi_url=None, auth=nothing
    )
    api.add_exception_handler(ContraparteError, _refused)
    api.add_exception_handler(Http404, _missing)
    api.add_exception_handler(ValidationError, _invalid)
    api.add_exception_handler(HttpError, _unreadable)
    for module in API_ROUTERS:
        api.add_router("", import_module(module).router)
    return api


def patterns() -> list[URLPattern | URLResolver]:
    """The addresses of the operations; the library's own start page is left out."""
    found, _app, _namespace = mounted().urls
    return [entry for entry in found if getattr(entry, "name", "") != "api-root"]


def operations() -> list[Operation]:
    """Every operation with the door it declares, in the order of addresses."""
    found = [
        Operation(method, f"/api/v1{path}", one.auth_callbacks[0], (one.view_func.__doc__ or "").strip())
        for bound in mounted()._get_bound_routers()
        for path, view in bound.path_operations.items()
        for one in view.operations
        for method in one.methods
    ]
    return sorted(found, key=lambda one: (one.path, one.method))


def _refused(request: HttpRequest, error: ContraparteError | type[ContraparteError]) -> HttpResponse:
    return problem(error if isinstance(error, ContraparteError) else error())


def _missing(request: HttpRequest, error: Http404 | type[Http404]) -> HttpResponse:
    return problem(ApiMissingError())


def _invalid(request: HttpRequest, error: ValidationError | type[ValidationError]) -> HttpResponse:
    told = error.errors if isinstance(error, ValidationError) else []
    fields = {".".join(map(str, one["loc"][2:] or one["loc"][1:])): [str(one["type"])] for one in told}
    return problem(ApiFieldError(field=next(iter(fields), ""), fields=fields))


def _unreadable(request: HttpRequest, error: HttpError | type[HttpError]) -> HttpResponse:
    return problem(ApiBodyError(most=DEEPEST))
