"""Nodes for the tests of this folder. `traced` is one finished S6 run whose nodes stay up for many tests."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.trio import Databases, Trio


@pytest.fixture(scope="session", autouse=True)
def _compile_once() -> Iterator[None]:
    """Nodes are many processes: each would compile the whole package again where nothing compiled may be kept."""
    kept = os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    yield
    if kept is not None:
        os.environ["PYTHONDONTWRITEBYTECODE"] = kept


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    is_postgres = request.config.getoption("--db") == "postgres"
    made = Databases(os.environ["DATABASE_URL"] if is_postgres else "")
    yield made
    made.drop()


@pytest.fixture(scope="session")
def traced(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Trio]:
    """World 1 after all its traces have ended; nothing is under way. Tests leave its records as they are."""
    trio = Trio.of(tmp_path_factory.mktemp("s6") / "demo", 1, databases)
    try:
        yield trio.run_with_copies()
    finally:
        trio.stop()


@pytest.fixture
def new_trio(tmp_path: Path, databases: Databases) -> Iterator[Callable[[int], Trio]]:
    """`new_trio(seed)` gives nodes of their own, not yet founded; they are stopped after the test."""
    made: list[Trio] = []

    def make(seed: int) -> Trio:
        made.append(Trio.of(tmp_path / f"world-{seed}", seed, databases))
        return made[-1]

    yield make
    for trio in made:
        trio.stop()
