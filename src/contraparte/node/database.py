"""The current SQLite in place of the one Python was built with.

Imported before anything that imports `sqlite3`: releases before 3.51.3 have a rare race that can
corrupt a database in WAL mode (sqlite.org/wal.html, "WAL-reset bug"), so a node refuses to start on one.
"""

import sys

import pysqlite3
from pysqlite3 import dbapi2

MINIMUM_SQLITE = (3, 51, 3)

sys.modules["sqlite3"] = pysqlite3
sys.modules["sqlite3.dbapi2"] = dbapi2


def require_current_sqlite() -> None:
    """Refuse to go on with a SQLite older than `MINIMUM_SQLITE`. Raises SystemExit."""
    if dbapi2.sqlite_version_info < MINIMUM_SQLITE:
        wanted = ".".join(map(str, MINIMUM_SQLITE))
        raise SystemExit(
            f"contraparte needs SQLite {wanted} or newer and found {dbapi2.sqlite_version}; "
            "install the pysqlite3 wheel named in requirements.lock."
        )


require_current_sqlite()
