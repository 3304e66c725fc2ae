"""Worlds of other rooms for the pages that need them. The browser itself is in `harness`."""

from tests.desk.conftest import browser_of, world

__all__ = ["browser_of", "world"]
