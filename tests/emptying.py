"""Emptying the database after a test that commits, for all rooms: only what the test filled.

Django truncates every table and announces all of them anew, some hundred tables after each of some thousand tests; on
two cores that took minutes of the whole run. The result is the same: every table of ours is empty, sequences go on.
"""

from functools import lru_cache

from django.db import connections, transaction
from django.test import TransactionTestCase

#: Filled once by Django itself when the database is made, and by its own flush again.
KEPT = frozenset({"django_content_type", "auth_permission"})


@lru_cache(maxsize=4)
def tables(alias: str) -> tuple[str, ...]:
    """The tables of all models."""
    names = connections[alias].introspection.django_table_names(only_existing=True, include_views=False)
    return tuple(sorted(set(names) - KEPT))


def empty_tables(alias: str) -> list[str]:
    """Delete all rows; gives the tables that held any. Foreign keys are checked at the end, when all is gone."""
    connection = connections[alias]
    quote = connection.ops.quote_name
    asked = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {quote(name)})" for name in tables(alias))
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        cursor.execute(asked)
        filled = [row[0] for row in cursor.fetchall()]
        for name in filled:
            cursor.execute(f"DELETE FROM {quote(name)}")
    return filled


def _after_the_test(case: TransactionTestCase) -> None:
    for alias in case._databases_names(include_mirrors=False):
        empty_tables(alias)


def use() -> None:
    """Have Django's test case empty tables this way."""
    TransactionTestCase._fixture_teardown = _after_the_test  # type: ignore[method-assign]
