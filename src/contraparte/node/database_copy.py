"""A consistent copy of a node's database while the node works, and the way back.

SQLite: its own online backup, checked. PostgreSQL: COPY of every table in one REPEATABLE READ snapshot, which needs
no pg_dump of the server's version; the first line of each file names the columns.
"""

import json
import shutil
from pathlib import Path
from typing import Any

PIECE = 1 << 20


class BackupDamagedError(Exception):
    """A copy is not what it should be: nothing of it is used."""


def copy_database(folder: Path) -> None:
    """A consistent copy of the open node's database: SQLite's own backup, or all tables of one PostgreSQL snapshot."""
    from django.db import connection

    folder.mkdir()
    if connection.vendor == "sqlite":
        _copy_sqlite(Path(connection.settings_dict["NAME"]), folder / "node.sqlite3")
    else:
        _copy_tables(folder)


def _copy_sqlite(source: Path, target: Path) -> None:
    """SQLite's online backup from a connection of its own: writers go on, the copy is of one moment."""
    from pysqlite3 import dbapi2

    reading = dbapi2.connect(f"file:{source}?mode=ro", uri=True)
    writing = dbapi2.connect(str(target))
    try:
        reading.backup(writing)
        writing.execute("PRAGMA journal_mode=DELETE")
        # Written anew: what was erased, and older wordings of drafts, may still lie in pages nobody uses (P5.5).
        writing.execute("VACUUM")
        wrong = writing.execute("PRAGMA quick_check(1)").fetchone()[0]
        if wrong != "ok":
            raise BackupDamagedError(f"the database itself is damaged: {wrong}")
    finally:
        writing.close()
        reading.close()


def _copy_tables(folder: Path) -> None:
    """COPY of every table in one REPEATABLE READ snapshot; needs no pg_dump of the server's version."""
    import psycopg

    with psycopg.connect(**_connection_parameters()) as reading:
        reading.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reading.read_only = True
        with reading.cursor() as cursor:
            for table in _tables():
                columns = _columns(cursor, table)
                statement = psycopg.sql.SQL("COPY {} ({}) TO STDOUT").format(_name(table), _names(columns))
                with (folder / f"{table}.copy").open("wb") as handle, cursor.copy(statement) as rows:
                    handle.write((json.dumps(columns) + "\n").encode())
                    for piece in rows:
                        handle.write(bytes(piece))


def _tables() -> list[str]:
    """Every table Django keeps in this database but the record of migrations, which the new node writes itself."""
    from django.db import connection

    return sorted(set(connection.introspection.django_table_names(only_existing=True, include_views=False)))


def _columns(cursor: Any, table: str) -> list[str]:
    cursor.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        " AND attgenerated = '' ORDER BY attnum",
        [f'"{table}"'],
    )
    return [name for (name,) in cursor.fetchall()]


def _name(table: str) -> Any:
    from psycopg import sql

    return sql.Identifier(table)


def _names(columns: list[str]) -> Any:
    from psycopg import sql

    return sql.SQL(", ").join(sql.Identifier(column) for column in columns)


def _connection_parameters() -> dict[str, Any]:
    from django.db import connection

    parameters = connection.get_connection_params()
    return {
        name: parameters[name]
        for name in ("dbname", "user", "password", "host", "port", "options")
        if name in parameters
    }


def heads_in(folder: Path) -> dict[str, int]:
    """The sizes of the logs as the copy has them, for a person to compare before a restore."""
    from django.db import connection

    if connection.vendor == "sqlite":
        from pysqlite3 import dbapi2

        copy = dbapi2.connect(f"file:{folder / 'node.sqlite3'}?mode=ro", uri=True)
        try:
            return dict(copy.execute("SELECT origin, size FROM ledger_log WHERE mine ORDER BY origin").fetchall())
        finally:
            copy.close()
    with (folder / "ledger_log.copy").open(encoding="utf-8") as handle:
        columns = json.loads(handle.readline())
        rows = [dict(zip(columns, line.rstrip("\n").split("\t"), strict=True)) for line in handle]
    return {row["origin"]: int(row["size"]) for row in rows if row["mine"] == "t"}


def load_tables(home: Path) -> None:
    """Fill the open node's empty PostgreSQL database from `home`/database, in one transaction; then remove the files.

    Foreign keys are checked at the end of the transaction, so tables may come in any order. Sequences are set behind
    the largest number used. Raises BackupDamagedError when the database holds agencies already.
    """
    import psycopg
    from django.core.management import call_command
    from psycopg import sql

    call_command("migrate", verbosity=0, interactive=False)
    folder = home / "database"
    with psycopg.connect(**_connection_parameters()) as writing, writing.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM directory_agency")
        row = cursor.fetchone()
        if row is None or row[0]:
            raise BackupDamagedError("the database is not empty; name an empty one")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        files = sorted(folder.glob("*.copy"))
        tables = sql.SQL(", ").join(_name(file.stem) for file in files)
        cursor.execute(sql.SQL("TRUNCATE {}").format(tables))
        for file in files:
            with file.open("rb") as handle:
                columns = json.loads(handle.readline())
                statement = sql.SQL("COPY {} ({}) FROM STDIN").format(_name(file.stem), _names(columns))
                with cursor.copy(statement) as rows:
                    while piece := handle.read(PIECE):
                        rows.write(piece)
            _set_sequence(cursor, file.stem, columns)
    shutil.rmtree(folder)


def _set_sequence(cursor: Any, table: str, columns: list[str]) -> None:
    """Have the next row numbered behind the last; tables with ids of text have no sequence."""
    from psycopg import sql

    if "id" not in columns:
        return
    cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [f'"{table}"'])
    sequence = cursor.fetchone()[0]
    if sequence:
        statement = sql.SQL("SELECT setval(%s, (SELECT coalesce(max(id), 0) + 1 FROM {}), false)")
        cursor.execute(statement.format(_name(table)), [sequence])
