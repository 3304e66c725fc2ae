"""Opening a node's home for a command: the one way in for everything that is not the web server.

Outside the rooms on purpose: every room's commands need it and none may import the room above.
"""

import os
import sys
from pathlib import Path


def open_home(home: Path, *, migrate: bool = False) -> None:
    """Point Django at the node in `home` and set it up; once per process.

    `migrate` brings an empty or older database up to date (a home used for its books only needs no `node init`).
    A second call for another home is refused: two nodes are two processes.
    """
    home = home.absolute()
    opened = os.environ.get("CONTRAPARTE_OPENED")
    if opened and opened != f"{os.getpid()}:{home}" and opened.startswith(f"{os.getpid()}:"):
        sys.exit(f"this process has opened {opened.partition(':')[2]} already; two nodes are two processes")
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ["CONTRAPARTE_HOME"] = str(home)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "contraparte.node.settings")
    os.environ["CONTRAPARTE_OPENED"] = f"{os.getpid()}:{home}"

    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()
    if migrate:
        from django.core.management import call_command

        call_command("migrate", verbosity=0, interactive=False)
