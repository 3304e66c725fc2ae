"""How a directory's files are fetched: over HTTP, or from a folder for what is published here or came on a drive.

The port is python-tuf's `FetcherInterface`; the length of each file is bounded by who asks (`download_bytes`).
"""

import time
from collections.abc import Iterator
from pathlib import Path

from requests import Response, Session
from requests.adapters import HTTPAdapter
from tuf.api.exceptions import DownloadError, DownloadHTTPError
from tuf.ngclient.fetcher import FetcherInterface
from urllib3 import Retry
from urllib3.exceptions import HTTPError

from contraparte.directory import store

CONNECT_S = 5.0  # seconds to get a connection
READ_S = 15.0  # seconds between two pieces
WHOLE_S = 120.0  # seconds for one file: a peer that drips bytes must not hold the worker
PIECE_BYTES = 64 * 1024
# A server may close a kept connection at the very moment it is used again: asked once more, on a new one.
AGAIN = Retry(total=1, redirect=0, status=0, other=0, respect_retry_after_header=False)


class PlainSession(Session):
    """Asks the address it is given and no other: no redirects, no proxy or password files of the environment.

    requests reads a redirect's whole body even where none is followed, and a peer can send one without end: here no
    answer counts as a redirect.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False

    def get_redirect_target(self, resp: Response) -> None:
        """Nowhere."""
        return


def pieces(answer: Response, seconds: float) -> Iterator[bytes]:
    """The body as it comes, uninterpreted. Raises ConnectionError once it takes longer than `seconds`.

    Each piece is what one read brings: a peer that drips byte after byte is noticed at the next byte.
    """
    ends = time.monotonic() + seconds
    while piece := answer.raw.read1(PIECE_BYTES, decode_content=False):
        if time.monotonic() > ends:
            raise ConnectionError(f"longer than {seconds:.0f} s")
        yield piece


class HttpFetcher(FetcherInterface):
    """Fetches by HTTP from the pinned address."""

    def __init__(self) -> None:
        self.session = PlainSession()
        self.session.headers["Accept-Encoding"] = "identity"
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, HTTPAdapter(max_retries=AGAIN))

    def _fetch(self, url: str) -> Iterator[bytes]:
        return self._pieces(url)

    def _pieces(self, url: str) -> Iterator[bytes]:
        try:
            with self.session.get(url, stream=True, timeout=(CONNECT_S, READ_S)) as answer:
                if answer.status_code != 200:
                    raise DownloadHTTPError(f"{url} answered {answer.status_code}", answer.status_code)
                yield from pieces(answer, WHOLE_S)
        except (OSError, HTTPError) as error:  # requests' own errors are OSError
            raise DownloadError(f"{url} could not be fetched: {type(error).__name__}") from error


class FolderFetcher(FetcherInterface):
    """Reads a published directory from `folder` (with `metadata/` and `targets/` in it) instead of the network."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _fetch(self, url: str) -> Iterator[bytes]:
        kind = "metadata" if "/metadata/" in url else "targets"
        file = store.published_file(self.folder, kind, url.partition(f"/{kind}/")[2])
        if file is None:
            raise DownloadHTTPError(f"{url} is not in the folder", 404)
        return iter([file.read_bytes()])
