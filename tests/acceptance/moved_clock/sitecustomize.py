"""A node whose clock a test moves: put this folder on PYTHONPATH, and `MOVED_CLOCK` names a file of seconds to add.

Python imports this at its start. The node itself has no such door: what is moved is the clock of Django, which is the
one every action is given its time from.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

if "MOVED_CLOCK" in os.environ:
    from django.utils import timezone

    ahead = Path(os.environ["MOVED_CLOCK"])

    def moved_now() -> datetime:
        """Now, as many seconds later as the file says at this moment."""
        return datetime.now(UTC) + timedelta(seconds=float(ahead.read_text("ascii")))

    timezone.now = moved_now
