"""The shared harness: which tests are run again on PostgreSQL.

`store` is put on every test that touches the database, so that nobody forgets it; acceptance tests, which reach the
database through processes of their own, carry it by hand and start their nodes on what `--db` says. `browser` is put on
every test that drives Chromium: a page looks the same whatever lies below it, so one pass drives it.
"""

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.utils import translation
from hypothesis import settings as hypothesis_settings

from tests import emptying

# How long an example takes is no test here: timings belong to `make bench`.
hypothesis_settings.register_profile("contraparte", deadline=None)
hypothesis_settings.load_profile("contraparte")


def _without_waiting_for_the_disk(connection: BaseDatabaseWrapper, **_: object) -> None:
    """Nodes are killed in tests, the machine is not: what the system holds for the disk is as good as written.

    Nodes that tests start in processes of their own wait for it as they always do.
    """
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=OFF")


DATABASE_FIXTURES = {
    "db",
    "transactional_db",
    "django_db_reset_sequences",
    "django_db_serialized_rollback",
    "live_server",
}


def pytest_configure(config: pytest.Config) -> None:
    emptying.use()
    connection_created.connect(_without_waiting_for_the_disk)
    config.addinivalue_line("markers", "store: touches the database; runs on SQLite and on PostgreSQL")
    config.addinivalue_line("markers", "browser: drives Chromium; runs in one of the two passes")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        if names & DATABASE_FIXTURES or item.get_closest_marker("django_db"):
            item.add_marker(pytest.mark.store)
        if "chromium" in names:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(autouse=True)
def _own_language() -> None:
    """A request leaves its language behind in the thread; each test begins in the node's own."""
    translation.deactivate()
