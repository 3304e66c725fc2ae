"""Requests to other nodes: signed, bounded, over TLS 1.3 (P4.1).

One connection pool per process. A node on this machine may be spoken to without TLS; any other may not.
"""

import ssl
import threading
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from contraparte.directory import keyring
from contraparte.directory.fetching import PlainSession, pieces
from contraparte.protocol import limits
from contraparte.protocol.errors import PeerAnswerError, PeerInsecureError, PeerUnreachableError
from contraparte.protocol.http_signatures import sign_request
from contraparte.protocol.keys import Purpose

# Seconds to get a connection, between two pieces of an answer, and for the whole of its body.
CONNECT_S, READ_S, WHOLE_S = 5.0, 60.0, 300.0
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_local = threading.local()


class _Tls13(HTTPAdapter):
    """The usual adapter, but nothing older than TLS 1.3."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        super().init_poolmanager(*args, ssl_context=context, **kwargs)


def _session() -> PlainSession:
    session = getattr(_local, "session", None)
    if session is None:
        session = _local.session = PlainSession()
        session.mount("https://", _Tls13())
    return session


def require_secure(url: str) -> None:
    """Raise PeerInsecureError unless `url` is https, or http on this very machine."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise PeerInsecureError(url=url)


def send_signed(
    method: str, url: str, body: bytes = b"", content_type: str = "application/octet-stream"
) -> tuple[int, bytes]:
    """Send a request signed by this node's operator; returns status and body, at most RECEIPTS_BYTES of it.

    Raises PeerUnreachableError where no answer came, PeerAnswerError where it was too long.
    """
    require_secure(url)
    key = keyring.private_key(settings.NODE_OPERATOR, Purpose.TRANSPORT)
    headers = {"content-type": content_type} if body else {}
    headers |= sign_request(method, url, headers, body, key, timezone.now())
    try:
        with _session().request(
            method,
            url,
            data=body,
            headers=headers,
            timeout=(CONNECT_S, READ_S),
            stream=True,
        ) as answer:
            told = bytearray()
            for piece in pieces(answer, WHOLE_S):
                told += piece
                if len(told) > limits.RECEIPTS_BYTES:
                    raise PeerAnswerError(reason="too long")
    except (OSError, HTTPError) as error:  # requests' own errors are OSError
        raise PeerUnreachableError(url=url, reason=type(error).__name__) from error
    return answer.status_code, bytes(told)


class LedgerTransport:
    """The port through which the ledger speaks to its peers."""

    def get(self, url: str) -> tuple[int, bytes]:
        """Status and body. Raises OSError where no answer came."""
        return self._send("GET", url, b"")

    def post(self, url: str, body: bytes) -> tuple[int, bytes]:
        """Status and body. Raises OSError where no answer came."""
        return self._send("POST", url, body)

    def _send(self, method: str, url: str, body: bytes) -> tuple[int, bytes]:
        try:
            return send_signed(method, url, body)
        except PeerUnreachableError as error:
            raise OSError(str(error)) from error
