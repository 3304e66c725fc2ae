"""Words that must be gone: where in the database any of them still stands, whatever table or column it is."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import models
from django.utils import timezone

from contraparte.exchange.models import Message
from contraparte.exchange.retention import erase_item

BASE64 = re.compile(rb"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{16,}(?=[~.]|$)")
READABLE = (models.CharField, models.TextField, models.JSONField, models.BinaryField)


def cells_with(words: Iterable[str]) -> set[tuple[str, str, Any]]:
    """(table, column, key of the row) of every cell that shows one of these words, in whatever case."""
    wanted = [word.casefold() for word in words]
    found = set()
    for model in apps.get_models(include_auto_created=True):
        columns = [one.attname for one in model._meta.concrete_fields if isinstance(one, READABLE)]
        for row in model._base_manager.values("pk", *columns):
            for name in columns:
                shown = _text(row[name]).casefold()
                if any(word in shown for word in wanted):
                    found.add((model._meta.db_table, name, row["pk"]))
    return found


def _text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        raw = bytes(value)
        # What SD-JWTs disclose stands in them as base64url.
        parts = [urlsafe_b64decode(part + b"=" * (-len(part) % 4)) for part in BASE64.findall(raw)]
        return b"\n".join([raw, *parts]).decode("utf-8", "ignore")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def erase_everything() -> int:
    """The time of every message of both sides is over; returns how many were erased."""
    now = timezone.now()
    rows = Message.objects.select_related("content", "conversation").order_by("pk")
    return sum(erase_item(row, now=now) for row in rows)
