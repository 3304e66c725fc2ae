"""How a directory's files are fetched: over HTTP, or from a folder for what is published here or came on a drive.

The port is python-tuf's `FetcherInterface`; the length of each file is bounded by who asks (`download_bytes`).
"""

import time
from collections.abc import Iterator
from pathlib import Path

from requests import RequestException, Session
from tuf.api.exceptions import DownloadError, DownloadHTTPError
from tuf.ngclient.fetcher import FetcherInterface

from contraparte.directory import store

CONNECT_S = 5.0  # seconds to get a connection
READ_S = 15.0  # seconds between two pieces
WHOLE_S = 120.0  # seconds for one file: a peer that drips bytes must not hold the worker
PIECE_BYTES = 64 * 1024


class HttpFetcher(FetcherInterface):
    """Fetches by HTTP. No redirects, no proxy or password files of the environment: the address is the pinned one."""

    def __init__(self) -> None:
        self.session = Session()
        self.session.trust_env = False
        self.session.headers["Accept-Encoding"] = "identity"

    def _fetch(self, url: str) -> Iterator[bytes]:
        return self._pieces(url)

    def _pieces(self, url: str) -> Iterator[bytes]:
        ends = time.monotonic() + WHOLE_S
        try:
            with self.session.get(url, stream=True, allow_redirects=False, timeout=(CONNECT_S, READ_S)) as answer:
                if answer.status_code != 200:
                    raise DownloadHTTPError(f"{url} answered {answer.status_code}", answer.status_code)
                for piece in answer.iter_content(PIECE_BYTES):
                    if time.monotonic() > ends:
                        raise DownloadError(f"{url} took longer than {WHOLE_S:.0f} s")
                    yield piece
        except RequestException as error:
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
