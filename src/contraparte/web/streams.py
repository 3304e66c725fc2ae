"""Long answers end with the right to read them: whoever leaves in the middle of a download gets no further byte."""

import time
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from django.utils import timezone

from contraparte.directory import queries as directory
from contraparte.directory.models import Tenure
from contraparte.protocol.errors import TenureEndedError

RECHECK_S = 0.5
PIECE_BYTES = 256 * 1024


def while_in_post(pieces: Iterable[bytes], by: Tenure, *, every_s: float = RECHECK_S) -> Iterator[bytes]:
    """The pieces as long as the tenure runs; asked again every `every_s` seconds.

    Raises TenureEndedError in the middle, so the answer stays shorter than it said and no browser takes it for whole.
    """
    asked = time.monotonic()
    for piece in pieces:
        if time.monotonic() - asked >= every_s:
            if not directory.still_runs(by, timezone.now()):
                raise TenureEndedError(tenure=str(by.pk))
            asked = time.monotonic()
        yield piece


def pieces_of(handle: BinaryIO) -> Iterator[bytes]:
    """An open file in pieces; it is closed at the end."""
    with handle:
        while piece := handle.read(PIECE_BYTES):
            yield piece
