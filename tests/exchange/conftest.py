"""A small world per test."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contraparte.directory import view
from contraparte.exchange import gate
from tests.exchange import small_world
from tests.exchange.small_world import SmallWorld


@pytest.fixture
def world(transactional_db: None, settings: Any, tmp_path: Path) -> Iterator[SmallWorld]:
    """Whatever is committed here is committed: for threads, for doors, and for what happens after a commit."""
    with prepared(settings, tmp_path):
        yield small_world.make_small_world()


@pytest.fixture
def desk_world(db: None, settings: Any, tmp_path: Path) -> Iterator[SmallWorld]:
    """The same in one transaction that is undone: quicker, for what one person does after the other."""
    with prepared(settings, tmp_path):
        yield small_world.make_small_world()


@contextmanager
def prepared(settings: Any, home: Path) -> Iterator[None]:
    """An empty home of its own: the guard of another test's logs would rightly refuse this one's."""
    settings.NODE_OPERATOR = small_world.OPERATOR
    settings.HOME = replace(settings.HOME, path=home)
    view.forget()
    gate.forget_policies()
    small_world.handled.clear()
    del small_world.handler[1:]
    yield
    view.forget()
    gate.forget_policies()
