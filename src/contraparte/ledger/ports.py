"""What the rounds between nodes ask of the network; `exchange` implements it with signed requests (P4.1)."""

from typing import Protocol


class Transport(Protocol):
    """Signed requests to a peer's node. An unreachable peer is an OSError.

    Implementations bound the size of an answer at `limits.BUNDLE_BYTES` or more and follow no redirects.
    """

    def get(self, url: str) -> tuple[int, bytes]:
        """Status and body of a GET."""
        ...

    def post(self, url: str, body: bytes) -> tuple[int, bytes]:
        """Status and body of a POST."""
        ...
