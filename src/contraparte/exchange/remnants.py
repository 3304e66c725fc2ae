"""What erased words leave behind in a SQLite file, and how it goes: the file is written anew (P5.5).

    erased ─▶ the words still lie in freed pages, in gaps of pages in use, and in the write-ahead log
           ─▶ VACUUM writes every page anew ─▶ the log is emptied into the file and cut to nothing

How many erasures the file has been written anew after stands in the file itself (`user_version`), so a process that
died in between begins again. PostgreSQL does this in ways of its own.
"""

import logging
from typing import Any

from django.db import connection

from contraparte.exchange.models import Erasure

log = logging.getLogger(__name__)

# Writers wait while a file is written anew (0.5 s for 100 MB), and it stands in memory meanwhile: no larger one is.
MOST_BYTES = 512 * 1024 * 1024


def clear_remnants() -> bool:
    """Write the database file anew where something was erased since the last time; True where that was done.

    Must not run in a transaction. What other processes hold up is done at the next call.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return False
    erased = Erasure.objects.count()
    with connection.cursor() as cursor:
        is_due = erased != _number(cursor, "user_version") and _is_small_enough(cursor)
        if is_due:
            cursor.execute("VACUUM")
            cursor.execute(f"PRAGMA user_version = {erased:d}")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if cursor.fetchone()[0]:
            log.info("others read the database; its write-ahead log is emptied at the next round")
    return is_due


def _is_small_enough(cursor: Any) -> bool:
    size = _number(cursor, "page_count") * _number(cursor, "page_size")
    if size > MOST_BYTES:
        log.warning("a database of %d bytes is not written anew at work: remnants of erased words may stay in it", size)
    return size <= MOST_BYTES


def _number(cursor: Any, name: str) -> int:
    cursor.execute(f"PRAGMA {name}")
    return int(cursor.fetchone()[0])
