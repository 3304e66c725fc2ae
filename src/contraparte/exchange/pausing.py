"""Clocks of threads that a change of agency moved stand still while both sides have agreed that they do (P1.8).

The agreement is a statement both countries have signed; which threads a change moved both sides read from it alike. So
each works out the same from what both hold, and without the second signature every clock runs on.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from django.db.models import Exists, OuterRef

from contraparte.directory import lineage
from contraparte.directory import lineage_statements as statements
from contraparte.exchange.models import FOLDED, Conversation, Message, Moved
from contraparte.exchange.rules.pauses import Span

Stops = dict[int, list[Span]]


def paused_threads(now: datetime, among: Collection[int] | None = None) -> Stops:
    """Thread → the agreed pauses that have begun, of every thread moved by a change of which a pause was spoken.

    Threads whose pause was withdrawn are in it with none: their clocks go back to what they were.
    """
    known = statements.pauses()
    if not known:
        return {}
    rows = Moved.objects.filter(event_hash__in=known)
    if among is not None:
        rows = rows.filter(conversation__in=among)
    found: dict[int, set[str]] = defaultdict(set)
    for pk, number in rows.values_list("conversation_id", "event_hash"):
        found[pk].add(number)
    for pk, number in _taken_in(known, among):
        found[pk].add(number)
    return {
        pk: [(one.begins, one.until) for number in numbers for one in known[number] if one.begins <= now]
        for pk, numbers in found.items()
    }


def _taken_in(known: Collection[str], among: Collection[int] | None) -> list[tuple[int, str]]:
    """Threads into which a change has folded another record that held the same thread: moved by it as well.

    Not where the old body had but a copy of it: for the other side nothing has moved then.
    """
    held = Message.objects.filter(conversation=OuterRef("pk"), copy_of=None)
    found = []
    for event in lineage.events():
        if event.hash not in known:
            continue
        gone = Conversation.objects.filter(close_code=FOLDED, post_id__in=event.successors)
        uuids = gone.filter(Exists(held), closed_at__gte=event.effective).values("uuid")
        twins = Conversation.objects.filter(uuid__in=uuids, agency__in=event.document.after)
        twins = twins.exclude(close_code=FOLDED)
        if among is not None:
            twins = twins.filter(pk__in=among)
        found += [(pk, event.hash) for pk in twins.values_list("pk", flat=True)]
    return found
