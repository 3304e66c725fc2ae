"""Crashing on purpose: at the n-th write of an operation, or just after its commit."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


class CrashError(Exception):
    """Nobody in the house catches this by name: it stands for the process going away."""


WRITES = ("INSERT", "UPDATE", "DELETE")


@contextmanager
def crash_at_write(number: int) -> Iterator[None]:
    """Raise CrashError in place of the write statement of that number, counted from 0."""
    seen = 0

    def execute(run: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal seen
        if sql.lstrip().upper().startswith(WRITES):
            if seen == number:
                raise CrashError
            seen += 1
        return run(sql, params, many, context)

    with connection.execute_wrapper(execute):
        yield


def crash_everywhere(operation: Callable[[], Any], after_each: Callable[[], None]) -> int:
    """Try `operation` with a crash at its first write, its second, … until it comes through; returns the crashes."""
    for number in range(200):
        try:
            with crash_at_write(number):
                operation()
        except CrashError:
            after_each()
        else:
            after_each()
            return number
    raise AssertionError("it never came through")
