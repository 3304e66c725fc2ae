"""A small world per test."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contraparte.directory import view
from tests.exchange import small_world
from tests.exchange.small_world import SmallWorld


@pytest.fixture
def world(transactional_db: None, settings: Any, tmp_path: Path) -> SmallWorld:
    """Empty tables, an empty home: the guard of another test's logs would rightly refuse this one's."""
    settings.NODE_OPERATOR = small_world.OPERATOR
    settings.HOME = replace(settings.HOME, path=tmp_path)
    view.forget()
    small_world.handled.clear()
    del small_world.handler[1:]
    return small_world.make_small_world()
