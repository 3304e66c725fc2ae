"""Routing through a single window in the middle of a case, and back (P1.2): one thread, nothing lost."""

from datetime import datetime, timedelta

from django.utils import timezone

from contraparte.directory import actions as directory_actions
from contraparte.directory import queries as directory
from contraparte.directory.rules.accord import RIGHTS_OF_ITEMS, example
from contraparte.exchange.actions import send_all
from contraparte.exchange.items import is_recalled
from contraparte.exchange.models import Conversation, Message, Obligation, Recall
from contraparte.exchange.recalls import order_recall
from contraparte.protocol.encoding import canonical_json, instant
from contraparte.protocol.errors import ConversationPartyError
from tests.exchange.rights_world import ANNEX
from tests.exchange.small_world import CENTRE, SONORA, SmallWorld

HOUR = timedelta(hours=1)


def route_through(window: str, begins: datetime, ends: datetime) -> None:
    """A new accord by which notes to the centre go through a window, for a time."""
    types = ["note.*", *RIGHTS_OF_ITEMS]
    route = {
        "types": ["note.*"], "from": "mx", "to": CENTRE, "mode": "window", "window": window,
        "effective_from": instant(begins), "effective_until": instant(ends),
    }  # fmt: skip
    document = example(
        id="mx-us-window",
        effective_from="2026-06-01T00:00:00Z",
        permits=[{"types": types, "from": "mx", "to": "us"}, {"types": types, "from": "us", "to": "mx"}],
        routing=[route],
    )
    signed = directory_actions.sign_accord(canonical_json(document), country="mx")
    directory_actions.adopt_accord(directory_actions.sign_accord(signed, country="us"), now=timezone.now())


def say(world: SmallWorld, text: str, thread: Conversation, at: datetime, **more: str) -> Message:
    said = send_all([world.note(text, thread, **more)], now=at.replace(microsecond=0))[0]
    world.settle()
    return Message.objects.select_related("conversation", "content").get(uuid=said, direction="out")


def test_a_thread_goes_through_the_window_and_back_without_losing_a_message(desk_world: SmallWorld) -> None:
    now = timezone.now()
    route_through(ANNEX, now - 2 * HOUR, now - HOUR)
    thread = desk_world.conversation()
    direct = say(desk_world, "direct", thread, now - 3 * HOUR)
    through = say(desk_world, "through the window", thread, now - 1.5 * HOUR)
    again = say(desk_world, "direct again", thread, now)
    assert [row.recipient for row in (direct, through, again)] == [CENTRE, ANNEX, CENTRE]
    theirs = Conversation.objects.get(agency="us.ntc")
    assert (theirs.uuid, theirs.post_id, theirs.counterpart) == (thread.uuid, CENTRE, SONORA)
    assert list(theirs.messages.values_list("seq", "state")) == [(number, "handled") for number in (1, 2, 3)]
    assert set(theirs.obligations.values_list("holder", "post_id")) == {(CENTRE, CENTRE)}
    # The post answers what came through the window; both sides see the step end.
    say(desk_world, "here", theirs, now, type="note.answer/1", in_reply_to=str(through.uuid))
    assert not Obligation.objects.filter(message__uuid=through.uuid, closed_at=None).exists()
    assert not Message.objects.exclude(state__in=(Message.State.SENT, Message.State.HANDLED)).exists()


def test_a_thread_that_began_at_the_window_stays_with_it_when_the_route_ends(desk_world: SmallWorld) -> None:
    now = timezone.now()
    route_through(ANNEX, now - 2 * HOUR, now - HOUR)
    thread = desk_world.conversation()
    desk_world.services[ANNEX] = directory_actions.appoint_service(directory.post(ANNEX), now=now)
    say(desk_world, "to whom it concerns", thread, now - 1.5 * HOUR)
    thread.refresh_from_db()
    assert say(desk_world, "and more", thread, now).recipient == ANNEX
    theirs = Conversation.objects.get(agency="us.ntc")
    assert (theirs.post_id, theirs.messages.filter(state="handled").count()) == (ANNEX, 2)


def test_what_went_through_the_window_can_be_recalled(desk_world: SmallWorld) -> None:
    now = timezone.now()
    route_through(ANNEX, now - HOUR, now + HOUR)
    thread = desk_world.conversation()
    say(desk_world, "first", thread, now - 2 * HOUR)
    sent = say(desk_world, "a mistake", thread, now)
    order_recall(sent, reason="mistake", by=desk_world.officer, now=now)
    desk_world.settle()
    assert is_recalled(Message.objects.get(uuid=sent.uuid, direction="in"))
    assert Recall.objects.get(direction="out").outcome == "quarantined"


def test_what_is_addressed_past_the_thread_without_a_window_is_refused(desk_world: SmallWorld) -> None:
    thread = desk_world.conversation()
    say(desk_world, "first", thread, timezone.now())
    say(desk_world, "to somebody else", thread, timezone.now(), to=ANNEX)
    assert list(Message.objects.filter(recipient=ANNEX).values_list("state", "code")) == [
        (Message.State.REJECTED, ConversationPartyError.code)
    ]
