"""Migrations build exactly what the models say, and each can be undone."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from tests.guard.ground import HEIGHTS


def _ours() -> list[tuple[str, str]]:
    return sorted(key for key in MigrationLoader(None).disk_migrations if key[0] in HEIGHTS)


@pytest.mark.django_db
def test_models_and_migrations_say_the_same() -> None:
    told = StringIO()
    try:
        call_command("makemigrations", check=True, dry_run=True, stdout=told, stderr=told)
    except SystemExit as ended:
        assert ended.code == 0, told.getvalue()
    assert "No changes detected" in told.getvalue()


@pytest.mark.parametrize("key", _ours(), ids=".".join)
def test_every_step_of_a_migration_can_be_undone(key: tuple[str, str]) -> None:
    migration = MigrationLoader(None).disk_migrations[key]
    assert [operation.describe() for operation in migration.operations if not operation.reversible] == []


@pytest.mark.django_db(transaction=True)
def test_the_database_can_be_taken_down_and_built_again() -> None:
    before = set(connection.introspection.table_names())
    last = MigrationExecutor(connection).loader.graph.leaf_nodes()
    rooms = [(room, None) for room in HEIGHTS if room in {app for app, _ in last}]
    try:
        MigrationExecutor(connection).migrate(rooms)
        left = {name for name in connection.introspection.table_names() if name.split("_")[0] in HEIGHTS}
        assert not left
    finally:
        MigrationExecutor(connection).migrate(last)
    assert set(connection.introspection.table_names()) == before
