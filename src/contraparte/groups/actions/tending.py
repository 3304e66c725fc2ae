"""What the clock alone changes: silence, lapses, meetings nobody recorded. The worker asks; nobody says a word."""

from datetime import datetime
from typing import Final

from contraparte.exchange.writing import writing
from contraparte.groups.holders import groups_to_follow
from contraparte.groups.models import Group
from contraparte.groups.recording import work_out

EVERY_S: Final = 60.0
AT_ONCE: Final = 50  # groups in one transaction


def follow_holders(now: datetime) -> int:
    """Work out anew groups that name a post whose work is another's now; how many."""
    done = 0
    for pk in groups_to_follow(now):
        with writing():
            work_out(Group.objects.select_for_update().get(pk=pk), now)
        done += 1
    return done


def tend_groups(now: datetime) -> int:
    """Work out anew groups whose time has come, or whose posts have passed their work on; how many."""
    done = follow_holders(now)
    while True:
        with writing():
            due = Group.objects.select_for_update().filter(changes_at__lte=now).order_by("changes_at", "pk")
            rows = list(due[:AT_ONCE])
            for row in rows:
                work_out(row, now)
        done += len(rows)
        if len(rows) < AT_ONCE:
            return done
