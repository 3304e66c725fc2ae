"""The other side is told who answers for a post: by the post's service, by itself, without naming a person (P1.4).

    somebody is named, or access ends ─▶ worker, within a minute ─▶ post.handover/1 to every post with an open
    conversation ─▶ kept there, shown on the conversation and in the directory

A later change of the same post (somebody is appointed, the acting person leaves) is told in the same way.
"""

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from contraparte.directory import continuity, leaving
from contraparte.directory import queries as directory
from contraparte.directory.models import Departure
from contraparte.directory.rules.leaving import Standing, Step
from contraparte.exchange.messages import PostHandover
from contraparte.exchange.models import Conversation, Message
from contraparte.exchange.registry import Arrived, register_periodic
from contraparte.exchange.speaking import Saying, say
from contraparte.exchange.writing import writing
from contraparte.protocol.errors import ContraparteError, DeparturePostError, NodeError
from contraparte.protocol.message import Message as Said

log = logging.getLogger(__name__)

EVERY_S = 60.0
MOST_TOLD = 500  # posts told of one change
TYPE = "post.handover/1"


def install() -> None:
    """Have the worker look for days that have come and for changes nobody was told of."""
    register_periodic("handover", EVERY_S, follow_departures)


def follow_departures(now: datetime) -> int:
    """Close what has come to its day and tell what has changed; returns how many counterparts were told."""
    with writing():
        leaving.close_due(now)
        leaving.follow_ended(now)
    told = 0
    for departure in continuity.settled_departures():
        stands = _untold(departure, now)
        if stands is not None:
            told += _tell(departure, stands, now)
    return told


def _untold(departure: Departure, now: datetime) -> Standing | None:
    """How the post stands, where the other side does not know."""
    stands = continuity.standing_of(departure.post, now)
    last = departure.steps.filter(step=Step.COUNTERPART_NOTIFIED.value).last()
    return None if last is not None and last.detail == stands.value else stands


def _tell(departure: Departure, stands: Standing, now: datetime) -> int:
    """One word to each post with an open conversation, in the newest of them; what one is not told stops no other.

    Where there are some and none could be told, it is not written down as told, and tried again.
    """
    post = departure.post
    newest: dict[str, Conversation] = {}
    # A thread in which nothing has crossed is not known there; a notice must not be what opens it.
    crossed = Message.objects.filter(conversation=OuterRef("pk"))
    rows = Conversation.objects.filter(Exists(crossed), post=post, closed_at=None).select_related("post__agency")
    for row in rows.order_by("opened_at", "pk"):
        newest[row.counterpart] = row
    body = PostHandover(post=post.pk, standing=stands.value, since=_since(departure, now))
    told = 0
    with writing(post.agency_id):
        for counterpart, thread in sorted(newest.items())[:MOST_TOLD]:
            try:
                with transaction.atomic():
                    say(Saying(TYPE, body, thread, None, counterpart), by=directory.service_tenure(post), now=now)
                told += 1
            except NodeError:
                raise  # a key or a disk, not the accord: tried again in a minute, nothing written
            except ContraparteError as error:
                log.warning("%s is not told how %s stands: %s", counterpart, post.pk, error.code)
        if told or not newest:
            leaving.note_told(departure, stands.value, now=now)
    return told


def _since(departure: Departure, now: datetime) -> datetime:
    """When it came to stand so: at the step that changed it, or now where something later did."""
    if departure.steps.filter(step=Step.COUNTERPART_NOTIFIED.value).exists():
        return now
    changed = departure.steps.filter(step__in=(Step.ASSIGNED.value, Step.ACCESS_ENDED.value)).last()
    return changed.at if changed is not None else now


def admit_handover(message: Said, now: datetime) -> None:
    """Only the post itself says who answers for it."""
    if message.body["post"] != message.sender:
        raise DeparturePostError(post=message.body["post"])


def on_handover(arrived: Arrived) -> None:
    """Kept: the newest word of a post about itself."""
    body = arrived.body
    assert isinstance(body, PostHandover)
    leaving.keep_notice(
        arrived.message.sender,
        standing=Standing(body.standing),
        since=body.since,
        said_at=arrived.message.created,
    )
