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
        for field in model._meta.concrete_fields:
            if type(field) in _TYPES:
                found += _check_column(model, field)
    return found


def _check_column(model: type[models.Model], field: "models.Field[object, object]") -> Iterable[Finding]:
    allowed = [*_TYPES[type(field)], *(["null"] if field.null else [])]
    table, is_leaf = model._meta.db_table, model is Leaf
    place = '(SELECT origin FROM ledger_log WHERE id = log_id), "index"' if is_leaf else "'', rowid"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {place} FROM {table} "  # noqa: S608 - names of models
            f'WHERE typeof("{field.column}") NOT IN ({", ".join(["%s"] * len(allowed))}) ORDER BY 2 LIMIT 1',
            allowed,
        )
        rows = cursor.fetchall()
    for origin, number in rows:
        if is_leaf and field.column == "data":
            yield Finding("leaf.type", origin, number, "not bytes")
        else:
            yield Finding("row.type", origin or table, None, f"{table}.{field.column} of row {number}")
