"""A server that answers as a hostile or a tired one may; its address is the fixture `rude`."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

PIECE = b"x" * 1000


class _Rude(BaseHTTPRequestHandler):
    """`/ok` 1,000 bytes; `/cut` ten of them, `/drip` one after the other; `/long` bytes without end.

    `/redirect` leads to `/ok`, `/endless` too, with a body without end. `/once` is `/ok` on a connection that is kept,
    and closed as soon as it is used again.
    """

    protocol_version = "HTTP/1.1"
    is_tired = False

    def do_GET(self) -> None:  # the name the standard library asks for
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.close_connection = self.is_tired
        if not self.is_tired:
            getattr(self, self.path[1:])()

    do_POST = do_GET

    def ok(self) -> None:
        self._head(200, len(PIECE))
        self.wfile.write(PIECE)

    def once(self) -> None:
        self.ok()
        self.is_tired = True

    def cut(self) -> None:
        self._head(200, len(PIECE))
        self.wfile.write(PIECE[:10])
        self.close_connection = True

    def redirect(self) -> None:
        self._head(302, 0)

    def endless(self) -> None:
        self._head(302)
        self._until_gone(PIECE * 1000, 0)

    def long(self) -> None:
        self._head(200)
        self._until_gone(PIECE * 1000, 0)

    def drip(self) -> None:
        self._head(200, len(PIECE))
        self._until_gone(b"x", 0.05)

    def _head(self, status: int, length: int | None = None) -> None:
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/ok")
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    server: "_Server"

    def _until_gone(self, piece: bytes, pause: float) -> None:
        """Until who asked has hung up, or the server ends."""
        try:
            while not self.server.ends.wait(pause):
                self.wfile.write(piece)
        except OSError:
            self.close_connection = True

    def log_message(self, *args: Any) -> None:
        return


class _Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Rude)
        self.ends = threading.Event()


@pytest.fixture
def rude() -> Iterator[str]:
    server = _Server()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.ends.set()
    server.shutdown()
    thread.join()
    server.server_close()
