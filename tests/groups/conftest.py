"""A small world per test in which accords let groups speak."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from contraparte.directory import view
from tests.desk.conftest import browser_of as browser_of  # noqa: PLC0414  (the fixture, under its own name)
from tests.exchange.small_world import OPERATOR
from tests.groups.group_world import GroupWorld, make_group_world


@pytest.fixture
def world(transactional_db: None, settings: Any, tmp_path: Path) -> GroupWorld:
    """Empty tables and an empty home, so that no other test's guard refuses it."""
    settings.NODE_OPERATOR = OPERATOR
    settings.HOME = replace(settings.HOME, path=tmp_path)
    view.forget()
    return make_group_world()


@pytest.fixture
def on_its_clock(world: GroupWorld, monkeypatch: pytest.MonkeyPatch) -> GroupWorld:
    """The same world for pages: they ask Django what time it is, and are told the world's."""
    monkeypatch.setattr(timezone, "now", lambda: world.now)
    return world
