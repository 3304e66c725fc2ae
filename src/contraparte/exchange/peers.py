"""The door for other nodes: who is asking, and their batches of envelopes and receipts (P4).

No session, no cookie, no CSRF token: a request is believed for its signature by a node's operator (RFC 9421).
Errors are told as `{"code": …}` and nothing more.
"""

import functools
import json
import logging
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from contraparte.directory import keyring
from contraparte.directory import queries as directory
from contraparte.exchange import arriving, shipping
from contraparte.exchange.inbox import accept_batch
from contraparte.exchange.receipts import keep_receipts
from contraparte.protocol import limits
from contraparte.protocol.errors import (
    AgencyUnknownError,
    BatchMalformedError,
    BoundExceededError,
    ContraparteError,
    NodeError,
    PeerUnprovenError,
)
from contraparte.protocol.http_signatures import verify_request
from contraparte.protocol.keys import PublicKey, Purpose
from contraparte.protocol.receipts import MEDIA_TYPE as RECEIPTS_TYPE
from contraparte.protocol.receipts import decode_receipts, encode_receipts

log = logging.getLogger(__name__)

View = Callable[..., HttpResponse]


def refuse(error: ContraparteError, status: int) -> HttpResponse:
    """The coded refusal a peer gets. Its params stay here: they might tell more than a stranger should know."""
    return HttpResponse(json.dumps({"code": error.code}), status=status, content_type="application/problem+json")


def from_peer(*methods: str) -> Callable[[View], View]:
    """Let only a node listed in a trusted directory through; `request.peer` is the agency that operates it."""

    def decorate(view: View) -> View:
        @csrf_exempt
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            if request.method not in methods:
                return HttpResponse(status=405, headers={"Allow": ", ".join(methods)})
            try:
                request.peer = _proven_peer(request)  # type: ignore[attr-defined]
            except BoundExceededError as error:
                return refuse(error, 413)
            except ContraparteError as error:
                log.info("refused %s: %s", request.path, error.code)
                return refuse(PeerUnprovenError(reason=error.code), 401)
            try:
                return view(request, *args, **kwargs)
            except NodeError as error:
                log.error("cannot answer %s: %s", request.path, error)
                return refuse(error, 503)
            except ContraparteError as error:
                return refuse(error, 400)

        guarded.answers_peers = True  # type: ignore[attr-defined]
        return guarded

    return decorate


def signed_by_peer(view: View) -> View:
    """`from_peer` for the ledger's own views, which read and post."""
    return from_peer("GET", "HEAD", "POST")(view)


def _proven_peer(request: HttpRequest) -> str:
    body = request.batch = _bounded_body(request)  # type: ignore[attr-defined]
    key = verify_request(
        request.method or "",
        settings.NODE_URL.rstrip("/") + request.get_full_path(),
        {name.lower(): value for name, value in request.headers.items()},
        body,
        _transport_key,
        timezone.now(),
    )
    if directory.route_of(key.agency).operator != key.agency:
        raise AgencyUnknownError(agency=key.agency)
    return key.agency


def _transport_key(kid: str) -> PublicKey:
    key = keyring.accepting_key(kid)
    if key.purpose is not Purpose.TRANSPORT:
        raise PeerUnprovenError(reason="purpose")
    return key


def _bounded_body(request: HttpRequest) -> bytes:
    """The body, if it says how long it is and keeps within bounds; judged before a byte is read."""
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise BatchMalformedError(reason="content-length") from None
    if length > limits.BATCH_BYTES:
        raise BoundExceededError(what="batch", limit=limits.BATCH_BYTES, read=length)
    try:
        body = request.read(length) if length > 0 else b""
    except UnreadablePostError:
        raise BatchMalformedError(reason="cut") from None
    if len(body) != max(length, 0):
        raise BatchMalformedError(reason="cut")
    # The ledger's views know nothing of this door and ask `request.body`, which Django refuses after a read.
    request._body = body
    return body


@from_peer("POST")
def receive_messages(request: HttpRequest) -> HttpResponse:
    """POST a batch of envelopes; the answer holds a signed receipt for each, in order."""
    receipts = accept_batch(request.batch, peer=request.peer, now=timezone.now())  # type: ignore[attr-defined]
    return HttpResponse(encode_receipts(receipts), content_type=RECEIPTS_TYPE)


@from_peer("POST")
def receive_piece(
    request: HttpRequest, *, recipient: str, sender: str, uuid: uuid.UUID, position: int, offset: int
) -> HttpResponse:
    """POST a piece of a sealed file; the answer says how many bytes of it are here by then (P3.5)."""
    place = arriving.Place(recipient, sender, str(uuid), position)
    reached = arriving.receive_piece(place, offset, request.batch, peer=request.peer)  # type: ignore[attr-defined]
    return HttpResponse(shipping.answer(reached), content_type="application/json")


@from_peer("POST")
def receive_receipts(request: HttpRequest) -> HttpResponse:
    """POST receipts about messages this node sent; 204 once they are stored."""
    keep_receipts(decode_receipts(request.batch), peer=request.peer)  # type: ignore[attr-defined]
    return HttpResponse(status=204)
