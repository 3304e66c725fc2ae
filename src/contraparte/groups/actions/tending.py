"""What the clock alone changes: silence, lapses, meetings nobody recorded. The worker asks; nobody says a word."""

from datetime import datetime
from typing import Final

from contraparte.exchange.writing import writing
from contraparte.groups.models import Group
from contraparte.groups.recording import work_out

EVERY_S: Final = 60.0
AT_ONCE: Final = 50  # groups in one transaction


def tend_groups(now: datetime) -> int:
    """Work out anew the groups whose time has come. Returns how many."""
    done = 0
    while True:
        with writing():
            due = Group.objects.select_for_update().filter(changes_at__lte=now).order_by("changes_at", "pk")
            rows = list(due[:AT_ONCE])
            for row in rows:
                work_out(row, now)
        done += len(rows)
        if len(rows) < AT_ONCE:
            return done
