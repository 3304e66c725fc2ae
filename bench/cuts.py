"""A road that breaks: it stands in front of a node and cuts the connection after so many bytes, again and again."""

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator, Sequence

PIECE = 64 * 1024
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: what is under way is lost, as by a pulled plug


class BreakingRoad:
    """Listens at `port` and passes everything on to `target`, both on loopback, but for the cuts.

    `cuts` are numbers of bytes from client to server, over all connections; at each the connection that carries that
    byte is reset on both ends. `made` counts them.
    """

    def __init__(self, port: int, target: int, cuts: Sequence[int]) -> None:
        self._target, self._cuts, self._passed = target, sorted(cuts), 0
        self.made = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._listener.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                for ends, counts in (((client, server), True), ((server, client), False)):
                    threading.Thread(target=self._carry, args=(*ends, counts), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, counts: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(PIECE):
                if counts and self._breaks_at(len(piece)):
                    for end in (source, sink):
                        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                        end.shutdown(socket.SHUT_RDWR)
                    break
                sink.sendall(piece)
        for end in (source, sink):
            end.close()

    def _breaks_at(self, length: int) -> bool:
        with self._lock:
            self._passed += length
            if not self._cuts or self._passed < self._cuts[0]:
                return False
            self._cuts.pop(0)
            self.made += 1
            return True


@contextlib.contextmanager
def breaking_road(port: int, target: int, cuts: Sequence[int]) -> Iterator[BreakingRoad]:
    """A road that is open for the length of the block."""
    road = BreakingRoad(port, target, cuts)
    try:
        yield road
    finally:
        road.close()


def free_port() -> int:
    """A port nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
