"""Many rows at once: one INSERT for up to 128 rows, straight to the database (the hot path's share of the ORM).

Values come adapted by `Adapter`; columns are named by the caller, who owns the table's model.
"""

import datetime
import uuid
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import Model

ROWS_PER_STATEMENT = 128


@lru_cache(maxsize=256)
def _statement(table: str, columns: tuple[str, ...], rows: int, returning: str) -> str:
    row = f"({', '.join(['%s'] * len(columns))})"
    names = ", ".join(f'"{column}"' for column in columns)
    tail = f" RETURNING {returning}" if returning else ""
    # Table and column names come from the models' own code, never from input.
    return f'INSERT INTO "{table}" ({names}) VALUES {", ".join([row] * rows)}{tail}'  # noqa: S608


def insert_rows(
    model: type[Model], columns: Sequence[str], rows: Sequence[Sequence[Any]], returning: str = ""
) -> list[Any]:
    """Insert `rows` into the table of `model`; with `returning`, the named columns of each row, in the rows' order."""
    table, names, found = model._meta.db_table, tuple(columns), []
    with connection.cursor() as cursor:
        for start in range(0, len(rows), ROWS_PER_STATEMENT):
            part = rows[start : start + ROWS_PER_STATEMENT]
            cursor.execute(_statement(table, names, len(part), returning), [value for row in part for value in row])
            if returning:
                found.extend(cursor.fetchall())
    return found


def as_uuid(value: str | uuid.UUID) -> Any:
    """A UUID as the database in use keeps it."""
    if connection.vendor == "postgresql":
        return value if isinstance(value, uuid.UUID) else uuid.UUID(value)
    return value.hex if isinstance(value, uuid.UUID) else value.replace("-", "")


def as_time(value: datetime.datetime) -> Any:
    """An aware instant as the database in use keeps it."""
    return connection.ops.adapt_datetimefield_value(value)
