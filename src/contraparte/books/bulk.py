"""Settings of the process while many rows pass through it."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

ROWS_BETWEEN: Final = 500_000  # allocations between two searches for cycles; rows hold none


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Let Python look for reference cycles seldom: with millions of live tuples it takes a third of the time."""
    before = gc.get_threshold()
    gc.set_threshold(ROWS_BETWEEN, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
