"""Every address of the node, found by walking the resolver, so that a new room is guarded the day it has pages."""

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

SAMPLES: dict[str, str] = {
    "int": "1",
    "str": "x",
    "slug": "x",
    "path": "x",
    "uuid": str(uuid.UUID(int=1)),
}
PLACE = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")


@dataclass(frozen=True, slots=True)
class Route:
    """One address: `name` with its namespace, the pattern as written, the view behind it."""

    name: str
    pattern: str
    view: Callable[..., Any]

    def path(self, **values: object) -> str:
        """An address that this route answers; places without a value get a sample of their kind."""

        def fill(place: re.Match[str]) -> str:
            return str(values.get(place["name"], SAMPLES.get(place["kind"] or "str", "x")))

        return "/" + PLACE.sub(fill, self.pattern)

    @property
    def places(self) -> list[str]:
        return [place["name"] for place in PLACE.finditer(self.pattern)]


def _walk(resolver: URLResolver, prefix: str, namespace: str) -> Iterator[Route]:
    for entry in resolver.url_patterns:
        assert isinstance(entry.pattern, RoutePattern), f"{entry} is no plain path and cannot be guarded"
        pattern = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield Route(f"{namespace}{entry.name}", pattern, entry.callback)
        else:
            yield from _walk(entry, pattern, f"{namespace}{entry.namespace}:" if entry.namespace else namespace)


ROUTES = list(_walk(get_resolver(), "", ""))
PEER_ROUTES = [route for route in ROUTES if route.pattern.startswith("peer/")]
DIRECTORY_ROUTES = [route for route in ROUTES if route.pattern.startswith("directory/")]
API_ROUTES = [route for route in ROUTES if route.pattern.startswith("api/")]  # guarded in test_api.py
PAGE_ROUTES = [route for route in ROUTES if not route.pattern.startswith(("peer/", "directory/", "api/"))]
