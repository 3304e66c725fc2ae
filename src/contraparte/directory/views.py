"""The published directory, for anybody who asks: GET and HEAD of files by exact name, no session, no query."""

from hashlib import sha256

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.views.decorators.http import require_safe

from contraparte.directory import store

_YEAR_S = 31_536_000


@require_safe
def metadata(request: HttpRequest, country: str, name: str) -> HttpResponse:
    """A TUF metadata file. Versioned names never change; `timestamp.json` is asked for anew each time."""
    return _serve(request, country, "metadata", name)


@require_safe
def target(request: HttpRequest, country: str, name: str) -> HttpResponse:
    """A target file; its name holds its hash, so it never changes."""
    return _serve(request, country, "targets", name)


def _serve(request: HttpRequest, country: str, kind: str, name: str) -> HttpResponse:
    file = store.published_file(store.published_folder(country), kind, name) if store.is_country(country) else None
    if file is None:
        return HttpResponse(b"no such file\n", status=404, content_type="text/plain")
    data = file.read_bytes()
    etag = f'"{sha256(data).hexdigest()}"'
    answer = (
        HttpResponseNotModified()
        if request.headers.get("If-None-Match") == etag
        else HttpResponse(data, content_type="application/json")
    )
    answer["ETag"] = etag
    answer["Cache-Control"] = "no-cache" if name == "timestamp.json" else f"public, max-age={_YEAR_S}, immutable"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
