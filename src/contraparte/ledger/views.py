"""What peers fetch of our logs and submit to our witness, in the forms of C2SP tlog-tiles and tlog-witness.

`exchange` includes `ledger.urls` below /peer/ledger/ and guards each view: only signed peers arrive, `request.peer` is
the agency whose key signed. A log is shown to its counterpart only; for everybody else it does not exist.
"""

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from contraparte.ledger import queries, registry, tiles, witness
from contraparte.ledger.models import Leaf, Log
from contraparte.ledger.rules.origins import parse_origin
from contraparte.protocol.errors import IdentifierInvalidError, LogUnknownError, NoteMalformedError
from contraparte.protocol.tlog_tiles import ENTRIES, WIDTH, TilePath, encode_bundle

_TEXT = "text/plain; charset=utf-8"
_BYTES = "application/octet-stream"
_FOR_EVER = "private, max-age=31536000, immutable"


def _caller(request: HttpRequest) -> str:
    caller: str = request.peer  # type: ignore[attr-defined]
    return caller


def _shown_log(request: HttpRequest, agency: str, peer: str, year: int) -> Log:
    try:
        log = queries.log_of(f"{agency}/{peer}/{year}")
    except LogUnknownError as error:
        raise Http404 from error
    if not log.mine or not log.size or not registry.peers().speaks_for(_caller(request), log.peer):
        raise Http404
    return log


def _method(request: HttpRequest, name: str) -> HttpResponse | None:
    if request.method == name:
        return None
    answer = HttpResponse(status=405)
    answer["Allow"] = name
    return answer


@registry.signed_only
def checkpoint(request: HttpRequest, agency: str, peer: str, year: int) -> HttpResponse:
    """The log's last signed head, with the cosignatures it has gathered."""
    if refused := _method(request, "GET"):
        return refused
    answer = HttpResponse(queries.latest_note(_shown_log(request, agency, peer, year)), content_type=_TEXT)
    answer["Cache-Control"] = "no-store"
    return answer


@registry.signed_only
def tile(request: HttpRequest, agency: str, peer: str, year: int, path: str) -> HttpResponse:
    """A tile of hashes or a bundle of leaves, by its address in the C2SP form."""
    if refused := _method(request, "GET"):
        return refused
    log = _shown_log(request, agency, peer, year)
    try:
        wanted = TilePath.parse(f"tile/{path}")
    except NoteMalformedError as error:
        raise Http404 from error
    level = max(wanted.level, 0)
    # Far beyond any log; also keeps the numbers below in what a database column holds.
    if wanted.number >= 1 << 40 or level > 7 or ((wanted.number * WIDTH + wanted.width) << (8 * level)) > log.size:
        raise Http404
    data = _bundle(log, wanted) if wanted.level == ENTRIES else tiles.read_tile(log.pk, *wanted)
    answer = HttpResponse(data or b"", content_type=_BYTES)
    answer["Cache-Control"] = _FOR_EVER
    return answer


def _bundle(log: Log, wanted: TilePath) -> bytes:
    start = wanted.number * WIDTH
    rows = Leaf.objects.filter(log=log, index__gte=start, index__lt=start + wanted.width).order_by("index")
    return encode_bundle([bytes(data) for data in rows.values_list("data", flat=True)])


@registry.signed_only
def add_checkpoint(request: HttpRequest) -> HttpResponse:
    """Have a head cosigned (C2SP tlog-witness)."""
    if refused := _method(request, "POST"):
        return refused
    # Whoever verified the request's signature has read its body.
    body = request.batch if hasattr(request, "batch") else request.body
    answer = witness.add_checkpoint(body, caller=_caller(request), now=timezone.now())
    return HttpResponse(answer.body, status=answer.status, content_type=answer.media_type)


@registry.signed_only
def witnessed(request: HttpRequest, agency: str, peer: str, year: int) -> HttpResponse:
    """The head of the caller's own log that this node cosigned last (P5.2)."""
    if refused := _method(request, "GET"):
        return refused
    try:
        origin = parse_origin(f"{agency}/{peer}/{year}")
    except IdentifierInvalidError as error:
        raise Http404 from error
    last = witness.last_cosigned(str(origin)) if registry.peers().speaks_for(_caller(request), agency) else None
    if last is None:
        raise Http404
    return HttpResponse(last.note, content_type=_TEXT)
