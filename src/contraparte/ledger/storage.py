"""The part of fsck about storage: SQLite keeps a value of any type in any column, so a change may be one of type."""

from collections.abc import Iterable
from typing import Final

from django.db import connection, models

from contraparte.ledger.models import Checkpoint, Cosignature, HeadSeen, Incident, Leaf, Log, Tile
from contraparte.ledger.registry import Finding

_TYPES: Final[dict[type[models.Field], tuple[str, ...]]] = {
    models.BinaryField: ("blob",),
    models.BigAutoField: ("integer",),
    models.BigIntegerField: ("integer",),
    models.IntegerField: ("integer",),
    models.SmallIntegerField: ("integer",),
    models.ForeignKey: ("integer",),
    models.BooleanField: ("integer",),
    models.CharField: ("text",),
    models.TextField: ("text",),
    models.JSONField: ("text",),
    models.DateTimeField: ("text",),
}


def check_types() -> list[Finding]:
    """Columns that hold a value of another type than the model says; PostgreSQL refuses such a change by itself."""
    if connection.vendor != "sqlite":
        return []
    found: list[Finding] = []
    for model in (Log, Leaf, Checkpoint, Tile, Cosignature, HeadSeen, Incident):
        wrong = {field.column: _wrong_type(field) for field in model._meta.concrete_fields if type(field) in _TYPES}
        # One scan for each table; only a table with a finding is looked at column by column.
        if _first_row(model, " OR ".join(wrong.values())) is not None:
            found += [finding for column, test in wrong.items() for finding in _check_column(model, str(column), test)]
    return found


def _wrong_type(field: "models.Field[object, object]") -> str:
    allowed = [*_TYPES[type(field)], *(["null"] if field.null else [])]
    return f"""typeof("{field.column}") NOT IN ({", ".join(f"'{name}'" for name in allowed)})"""


def _first_row(model: type[models.Model], test: str) -> tuple[str, int] | None:
    place = '(SELECT origin FROM ledger_log WHERE id = log_id), "index"' if model is Leaf else "'', rowid"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {place} FROM {model._meta.db_table} WHERE {test} ORDER BY 2 LIMIT 1")  # noqa: S608
        row: tuple[str, int] | None = cursor.fetchone()
    return row


def _check_column(model: type[models.Model], column: str, test: str) -> Iterable[Finding]:
    row = _first_row(model, test)
    if row is None:
        return
    origin, number = row
    if model is Leaf and column == "data":
        yield Finding("leaf.type", origin, number, "not bytes")
    else:
        table = model._meta.db_table
        yield Finding("row.type", origin or table, None, f"{table}.{column} of row {number}")
