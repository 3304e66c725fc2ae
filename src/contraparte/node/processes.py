"""The two kinds of process of a node: web servers and workers.

On SQLite a node has one web process with threads and one worker; on PostgreSQL any number of both, on any number of
machines. The parent of the web processes never holds a database connection: a SQLite handle must not be forked.
"""

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

THREADS = 8
# Seconds that requests under way are given when the server is told to stop.
GRACEFUL_S = 20
# Seconds after which a web process that answers nobody is replaced.
TIMEOUT_S = 60


def default_bind(url: str) -> str:
    """Where a node whose public address is `url` listens: the same port on loopback, a proxy in front for https."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return "127.0.0.1:8000"
    return f"{parts.hostname or '127.0.0.1'}:{parts.port or 80}"


def serve(*, bind: str, url: str, workers: int | None = None, announce: Callable[[str], None]) -> None:
    """Answer pages and peers until told to stop (SIGTERM, SIGINT); requests under way are finished.

    The home is open already. `announce` hears the address once the socket listens. Raises SystemExit for more than
    one process on SQLite.
    """
    from django.conf import settings
    from django.db import connection, connections
    from gunicorn.app.base import BaseApplication

    is_sqlite = connection.vendor == "sqlite"
    if is_sqlite and workers not in (None, 1):
        sys.exit("on SQLite a node has one web process; move it to PostgreSQL for more")
    connections.close_all()
    run = settings.HOME.folder("run")

    options = {
        "bind": bind,
        "workers": 1 if is_sqlite else workers or max(2, min(4, os.cpu_count() or 1)),
        "worker_class": "gthread",
        "threads": THREADS,
        "timeout": TIMEOUT_S,
        "graceful_timeout": GRACEFUL_S,
        "keepalive": 15,
        "worker_tmp_dir": str(run),
        "control_socket_disable": True,
        "loglevel": "warning",
        "proc_name": f"contraparte {settings.NODE_NAME}",
        "when_ready": lambda server: announce(url),
        "post_worker_init": lambda worker: settle_memory(),
    }

    class Server(BaseApplication):
        """gunicorn with these options and this application."""

        def load_config(self) -> None:
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            from contraparte.node.wsgi import application

            return application

    Server().run()


def settle_memory() -> None:
    """Tell the collector that what is loaded by now stays.

    Else it looks through the whole program in the middle of a page, whenever a page has made enough of its own: a
    reading of ten years of words does, and then waits for a tenth of a second and more.
    """
    gc.collect()
    gc.freeze()


def work() -> None:
    """Deliver, handle and keep time until told to stop; what is under way is finished. The home is open already."""
    from contraparte.exchange import worker

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    worker.run(stop)


def require_ready() -> None:
    """Exit with a sentence when the node may not start: a copy that has not rejoined, or an older database."""
    from contraparte.node import rejoining

    if rejoining.is_shut():
        sys.exit("this node was made from a copy: run `contraparte node rejoin` before it starts (P5.4)")
    pending = pending_migrations()
    if pending:
        sys.exit(
            f"the database lacks {len(pending)} migrations ({', '.join(pending[:3])} …): run `contraparte node migrate`"
        )


def pending_migrations() -> list[str]:
    """Migrations of this release that the database has not seen, as `app.name`."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
