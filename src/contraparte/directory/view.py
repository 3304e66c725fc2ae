"""What this process remembers of the trusted view, and how it learns that the view has changed.

Keys, routes and accords are asked for at every message, and change a few times a year. Each process keeps them until
the one row of `ViewNumber` has counted up; it looks at that row at most once in `RECHECK_S` seconds. So a change made
by another process counts here within that time, and one made by this process at once.
"""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from django.db import transaction
from django.db.models import F

from contraparte.directory.models import ViewNumber

RECHECK_S = 1.0  # seconds; how long a withdrawn key may still be taken for good by a running process

Value = TypeVar("Value")


class _Memory:
    """What was read under one number of the view."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.checked_at = time.monotonic()
        self.values: dict[Hashable, Any] = {}


_memory: _Memory | None = None
_lock = threading.Lock()


def _current() -> _Memory:
    global _memory  # noqa: PLW0603  (replaced as a whole, so that a slow reader never fills the new one with old rows)
    memory = _memory
    if memory is not None and time.monotonic() - memory.checked_at < RECHECK_S:
        return memory
    number = ViewNumber.objects.filter(pk=1).values_list("number", flat=True).first() or 0
    with _lock:
        if _memory is None or _memory.number != number:
            _memory = _Memory(number)
        _memory.checked_at = time.monotonic()
        return _memory


def remember(key: Hashable, read: Callable[[], Value]) -> Value:
    """The value of `key`, from memory or by `read`; what `read` raises is not remembered."""
    memory = _current()
    if key not in memory.values:
        memory.values[key] = read()
    return cast(Value, memory.values[key])


def forget() -> None:
    """Drop all that this process remembers; the next question reads the rows."""
    global _memory  # noqa: PLW0603
    with _lock:
        _memory = None


def mark_changed() -> None:
    """Inside the transaction that changes the view: count up, drop the memory now and again once it is committed."""
    row, _ = ViewNumber.objects.get_or_create(pk=1)
    ViewNumber.objects.filter(pk=row.pk).update(number=F("number") + 1)
    forget()
    transaction.on_commit(forget)
