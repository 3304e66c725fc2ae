"""The other side is told once who answers for what from when on: one message to each agency, whatever it shares (P1.8).

    a change counts ─▶ threads have passed ─▶ ONE post.succeeded/1 to each counterpart agency, in the newest of the
    threads both keep ─▶ kept there; on the desk of every post concerned for a month

The directory says the same to machines. This is for people: it stands in the log of both, and nobody looks for it.
"""

import logging
from collections import defaultdict
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from contraparte.directory import lineage
from contraparte.directory import queries as directory
from contraparte.directory.rules.lineage import Event
from contraparte.exchange.messages import MAX_NAMED, PostSucceeded
from contraparte.exchange.models import ChangeNotice, Conversation, Message, Moved
from contraparte.exchange.registry import Arrived, register_periodic
from contraparte.exchange.speaking import Saying, say
from contraparte.exchange.writing import writing
from contraparte.protocol.errors import ContraparteError, LineageForgedError, LineageUnknownError, NodeError
from contraparte.protocol.ids import agency_of
from contraparte.protocol.message import Message as Said

log = logging.getLogger(__name__)

TYPE = "post.succeeded/1"
EVERY_S = 60.0
Shared = dict[str, list[Conversation]]


def install() -> None:
    """Have the worker look for changes that counterparts were not told of."""
    register_periodic("lineage.told", EVERY_S, tell_changes)


def tell_changes(now: datetime) -> int:
    """Tell each counterpart agency of each change in effect that it was not told of yet; how many were."""
    told = 0
    for event in lineage.events():
        if event.effective > now:
            continue
        for peer, threads in sorted(_shared(event).items()):
            told += _tell(event, peer, threads, now)
    return told


def _shared(event: Event) -> Shared:
    """Counterpart agency → open threads of ours that this change moved, the newest last."""
    done = set(ChangeNotice.objects.filter(event_hash=event.hash, ours=True).values_list("peer", flat=True))
    moved = Moved.objects.filter(event_hash=event.hash, side=Moved.Side.OWN).values("conversation")
    # In a thread in which nothing has crossed nobody over there knows of it; a notice must not be what opens it.
    crossed = Message.objects.filter(conversation=OuterRef("pk"))
    rows = Conversation.objects.filter(Exists(crossed), pk__in=moved, closed_at=None).select_related("post__agency")
    found: Shared = defaultdict(list)
    for row in rows.order_by("opened_at", "pk"):
        peer = agency_of(row.counterpart)
        if peer not in done and peer != row.agency:
            found[peer].append(row)
    return found


def _tell(event: Event, peer: str, threads: list[Conversation], now: datetime) -> int:
    """One message in the newest thread, for all of them; what one is not told stops no other."""
    thread, rows = threads[-1], _rows(event, threads)
    said: dict[str, Any] = {
        "event": event.id,
        "event_hash": event.hash,
        "since": event.effective,
        "until": event.accepts_until,
    }
    with writing(*{row.agency for row in threads}):
        try:
            with transaction.atomic():
                saying = Saying(TYPE, PostSucceeded(**said, **rows), thread, None, thread.counterpart)
                number = say(saying, by=directory.service_tenure(thread.post), now=now)
                ChangeNotice.objects.create(
                    **said, agency=thread.agency, peer=peer, ours=True, message=number, rows=rows, at=now
                )
        except NodeError:
            raise  # a key or a disk, not the accord: tried again, nothing written
        except ContraparteError as error:
            log.warning("%s is not told of the change %s: %s", peer, event.id, error.code)
            return 0
    return 1


def _rows(event: Event, threads: list[Conversation]) -> dict[str, Any]:
    """Of the posts these threads touch: the old one, the new one, and whose desk it concerns over there."""
    moves = Moved.objects.filter(conversation__in=threads, event_hash=event.hash, side=Moved.Side.OWN)
    speaker, hearer = threads[-1].post_id, threads[-1].counterpart
    pairs = sorted(set(moves.values_list("was", "became")), key=lambda pair: (pair[1] != speaker, pair))
    concerned = sorted({row.counterpart for row in threads}, key=lambda post: (post != hearer, post))
    return {
        "was": [old for old, _ in pairs[:MAX_NAMED]],
        "became": [new for _, new in pairs[:MAX_NAMED]],
        "concerned": concerned[:MAX_NAMED],
        "more": len(pairs[MAX_NAMED:]) + len(concerned[MAX_NAMED:]),
    }


def admit_succeeded(message: Said, now: datetime) -> None:
    """Only of a change that counts here too, by who has the work now, of what it says itself, to the posts of one side.

    Raises LineageUnknownError, which puts it off while this view lags, and LineageForgedError.
    """
    said = PostSucceeded.model_validate(message.body)
    event = next((one for one in lineage.events() if one.hash == said.event_hash), None)
    if event is None:
        raise LineageUnknownError(event=said.event)
    is_true = (
        (said.event, said.since, said.until) == (event.id, event.effective, event.accepts_until)
        and len(said.was) == len(said.became)
        and all(new in event.targets(old) for old, new in zip(said.was, said.became, strict=True))
        and all(agency_of(post) == agency_of(message.recipient) for post in said.concerned)
        # Further changes may have followed before anybody was told.
        and any(lineage.holds_for(message.sender, post, now=now) for post in said.became)
    )
    if not is_true:
        raise LineageForgedError(event=event.id, country=event.country)


def on_succeeded(arrived: Arrived) -> None:
    """Kept once; on the desk of the posts concerned."""
    body = arrived.body
    assert isinstance(body, PostSucceeded)
    ChangeNotice.objects.get_or_create(
        event_hash=body.event_hash,
        agency=arrived.row.agency,
        peer=agency_of(arrived.message.sender),
        ours=False,
        defaults={
            "event": body.event, "message": arrived.row.uuid, "since": body.since, "until": body.until,
            "rows": {"was": body.was, "became": body.became, "concerned": body.concerned, "more": body.more},
            "at": arrived.row.at,
        },
    )  # fmt: skip
