"""Commitments to metadata: what a leaf says of a message without showing it (P5.1)."""

import hmac
import json
import os
import secrets
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from contraparte.protocol.errors import LocalKeyMissingError

FILE = "commitment.key"
KEY_BYTES = 32


def commitment(facts: dict[str, Any]) -> bytes:
    """HMAC-SHA256 over the facts, under a key that stands outside the log and the database."""
    return hmac.digest(_key(settings.HOME.folder("keys")), json.dumps(facts, sort_keys=True).encode(), "sha256")


def is_kept() -> bool:
    """Whether this home has its commitment key; a new one would explain no leaf written under the old."""
    return (settings.HOME.folder("keys") / FILE).exists()


@cache
def _key(folder: Path) -> bytes:
    """The node's commitment key, made on first use. Raises LocalKeyMissingError for a damaged file."""
    file = folder / FILE
    if not file.exists():
        _make(file)
    key = file.read_bytes()
    if len(key) != KEY_BYTES:
        raise LocalKeyMissingError(kid="commitment", file=file.name)
    return key


def _make(file: Path) -> None:
    """Whole or not at all, and never over an older one: without it no leaf of this node could be explained."""
    beside = file.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(secrets.token_bytes(KEY_BYTES))
            handle.flush()
            os.fsync(handle.fileno())
        try:
            os.link(beside, file)
        except FileExistsError:
            return  # another process was first; its key is the one
    finally:
        beside.unlink()
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
