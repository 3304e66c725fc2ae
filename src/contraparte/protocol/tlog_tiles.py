"""Addresses and entry bundles of a tiled log (C2SP tlog-tiles), shared by those who serve and those who read one.

tile/<L>/<N>[.p/<W>]       up to 256 hashes of level L
tile/entries/<N>[.p/<W>]   up to 256 leaves, each with its length in two bytes before it
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from contraparte.protocol import limits
from contraparte.protocol.errors import NoteMalformedError

WIDTH: Final = 256
ENTRIES: Final = -1
"""The level of an entry bundle in `TilePath`; its address says "entries"."""

_PATH = re.compile(
    r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII
)
_MAX_GROUPS: Final = 6


class TilePath(NamedTuple):
    """One tile: level (or ENTRIES), its number in the level, and how many of its 256 places are meant."""

    level: int
    number: int
    width: int = WIDTH

    def __str__(self) -> str:
        """The address below a log's prefix: `tile/0/x001/x234/067` or `tile/entries/000.p/17`."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        digits = str(self.number)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        number = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{number}{partial}"

    @classmethod
    def parse(cls, text: str) -> "TilePath":
        """Read an address. Raises NoteMalformedError for any spelling but the one."""
        found = _PATH.fullmatch(text) if len(text) <= limits.REQUEST_URL_CHARS else None
        if not found or found[2].count("/") >= _MAX_GROUPS:
            raise NoteMalformedError(field="tile", reason="path")
        width = WIDTH if found[3] is None else int(found[3])
        path = cls(ENTRIES if found[1] == "entries" else int(found[1]), int(re.sub("[x/]", "", found[2])), width)
        if str(path) != text or width > WIDTH:
            raise NoteMalformedError(field="tile", reason="path")
        return path


def encode_bundle(leaves: Sequence[bytes]) -> bytes:
    """Leaves in order as an entry bundle."""
    return b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in leaves)


def decode_bundle(data: bytes, width: int) -> list[bytes]:
    """Exactly `width` leaves of at most 300 bytes out of a bundle. Raises NoteMalformedError."""
    if len(data) > limits.BUNDLE_BYTES:
        raise NoteMalformedError(field="bundle", reason="too_long")
    leaves: list[bytes] = []
    at = 0
    while at < len(data) and len(leaves) < width:
        length = int.from_bytes(data[at : at + 2], "big")
        leaf = data[at + 2 : at + 2 + length]
        if len(leaf) != length or length > limits.LEAF_BYTES or at + 2 > len(data):
            raise NoteMalformedError(field="bundle", reason="entry")
        leaves.append(leaf)
        at += 2 + length
    if len(leaves) != width or at != len(data):
        raise NoteMalformedError(field="bundle", reason="width")
    return leaves
