"""A small world per test in which traces have been answered and accords let outcomes cross."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contraparte.directory import view
from tests.exchange.small_world import OPERATOR
from tests.outcomes.outcome_world import OutcomeWorld, make_outcome_world


@pytest.fixture
def new_world(transactional_db: None, settings: Any, tmp_path: Path) -> Callable[..., OutcomeWorld]:
    """Makes a world with further clocks: empty tables and an empty home, so that no other test's guard refuses it."""
    settings.NODE_OPERATOR = OPERATOR
    settings.HOME = replace(settings.HOME, path=tmp_path)
    view.forget()
    return make_outcome_world


@pytest.fixture
def world(new_world: Callable[..., OutcomeWorld]) -> OutcomeWorld:
    """The plain world."""
    return new_world()
