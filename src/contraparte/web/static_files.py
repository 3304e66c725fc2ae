"""Addresses of static files that change when the file does, without a collecting step.

WhiteNoise serves each app's `static/` folder in place (finders), compressed twins included. `?v=` and the first digits
of the file's hash let browsers keep a file for a year and still see every change at once.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage


@lru_cache(maxsize=1024)
def _digest(name: str) -> str:
    found = finders.find(name)
    return hashlib.sha256(Path(found).read_bytes()).hexdigest()[:10] if found else ""


class VersionedFiles(StaticFilesStorage):
    """`{% static %}` with the file's version in the address; an unknown file keeps its plain address."""

    def url(self, name: str | None, force: bool = False) -> str:
        address: str = super().url(name)
        if settings.DEBUG:
            _digest.cache_clear()
        digest = _digest(name or "")
        return f"{address}?v={digest}" if digest else address
