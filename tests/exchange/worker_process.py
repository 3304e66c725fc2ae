"""A worker in a process of its own, for tests that kill it: `python -m tests.exchange.worker_process <json>`.

It tells each message it is handed by a line on its standard output and then never returns from the handler, so that
whoever reads the line knows that it is in the middle, lease taken and transaction open.
"""

import json
import os
import sys
import threading
from dataclasses import replace
from pathlib import Path


def main() -> None:
    """Take up jobs of the database and home named in the first argument."""
    told = json.loads(sys.argv[1])
    os.environ["CONTRAPARTE_HOME"] = told["home"]
    os.environ["DJANGO_SETTINGS_MODULE"] = "contraparte.node.settings"
    from django.conf import settings

    settings.DATABASES["default"] |= told["database"]
    settings.HOME = replace(settings.HOME, path=Path(told["home"]))
    settings.NODE_OPERATOR = told["operator"]
    import django

    django.setup()
    from django.utils import timezone

    from contraparte.exchange import handling
    from tests.exchange import small_world

    def never_return(arrived: object) -> None:
        sys.stdout.write("inside\n")
        sys.stdout.flush()
        threading.Event().wait()

    small_world.handler.append(never_return)
    handling.handle_waiting(now=timezone.now())


if __name__ == "__main__":
    main()
