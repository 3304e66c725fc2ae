"""A simulated server of a directory: implements python-tuf's fetcher port, and may lie like an attacker."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

from tuf.api.exceptions import DownloadError, DownloadHTTPError
from tuf.ngclient.fetcher import FetcherInterface

Files = dict[str, bytes]


def files_of(folder: Path) -> Files:
    """Everything a published folder serves now, by path below it."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*.json")}


class Mirror(FetcherInterface):
    """Serves `files`. `endless` names a path that never stops; `cut` one whose connection breaks half-way."""

    def __init__(self, files: Files) -> None:
        self.files = dict(files)
        self.endless = ""
        self.cut = ""
        self.asked: list[str] = []
        self.sent_bytes = 0

    def change(self, path: str, change: Callable[[bytes], bytes]) -> "Mirror":
        self.files[path] = change(self.files[path])
        return self

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = url.split("/directory/", 1)[1].partition("/")[2]
        self.asked.append(path)
        if path not in self.files:
            raise DownloadHTTPError(url, 404)
        return self._pieces(path)

    def _pieces(self, path: str) -> Iterator[bytes]:
        data = self.files[path]
        if path == self.endless:
            for _ in itertools.count():
                self.sent_bytes += 65536
                yield b" " * 65536
        if path == self.cut:
            yield data[: len(data) // 2]
            raise DownloadError("cut")
        yield data
