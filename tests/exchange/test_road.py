"""Release, delivery, acceptance, receipts: the road from end to end, and what it does when it is cut."""

from collections import Counter

import pytest
from django.utils import timezone

from contraparte.exchange import actions
from contraparte.exchange.models import Content, Job, Message, Outbox, Receipt, Release
from contraparte.ledger.models import Log
from tests.exchange import small_world
from tests.exchange.small_world import CENTRE, FEDERAL, SONORA, SmallWorld


def states(direction: str) -> Counter[str]:
    return Counter(Message.objects.filter(direction=direction).values_list("state", flat=True))


def test_a_message_arrives_once_with_receipts_and_a_leaf_on_each_side(world: SmallWorld) -> None:
    sent = actions.send_all([world.note("first")], now=timezone.now())[0]
    world.settle()
    # to the centre, and as a copy to the federal office, as the accord routes it
    assert states("out") == {"sent": 2}
    assert states("in") == {"handled": 2}
    assert Outbox.objects.count() == 0 and Job.objects.count() == 0
    arrived = Message.objects.get(direction="in", uuid=sent)
    left = Message.objects.get(direction="out", uuid=sent)
    assert bytes(arrived.digest) == bytes(left.digest) and bytes(arrived.envelope_hash) == bytes(left.envelope_hash)
    assert Release.objects.filter(message=left).count() == 1
    assert {(r.ours, r.kind) for r in Receipt.objects.filter(uuid=sent)} == {
        (ours, kind) for ours in (True, False) for kind in ("accepted", "delivered")
    }
    # each log: its opening leaf, the message, and (where it was received) its delivery to the post
    assert dict(Log.objects.filter(mine=True).values_list("agency", "size")) == {
        "mx.fge-son": 2,
        "us.ntc": 3,
        "mx.fgr": 3,
    }
    assert [(one.message.recipient, one.is_copy) for one in small_world.handled] == [(CENTRE, False), (FEDERAL, True)]


@pytest.mark.parametrize("fault", ["failed", "done_but_reply_lost"])
def test_no_message_is_lost_or_handled_twice_when_the_road_is_cut(world: SmallWorld, fault: str) -> None:
    actions.send_all([world.note(f"note {i}") for i in range(5)], now=timezone.now())
    world.wire.faults = [fault]
    world.deliver()
    assert states("out") == {"queued": 10}
    world.settle()
    assert states("out") == {"sent": 10}
    assert states("in") == {"handled": 10}
    assert len(small_world.handled) == 10


def test_a_repeat_gets_the_stored_receipts_byte_for_byte(world: SmallWorld) -> None:
    actions.send_all([world.note(f"note {i}") for i in range(3)], now=timezone.now())
    world.deliver()
    url, body = world.wire.requests[0]
    first, again = world.wire._answer(url, body), world.wire._answer(url, body)
    assert first == again
    assert Message.objects.filter(direction="in").count() == 6


def test_a_sender_keeps_its_order(world: SmallWorld) -> None:
    thread = world.conversation()
    for i in range(4):
        actions.send_all([world.note(f"{i}", thread)], now=timezone.now())
    world.settle()
    assert [one.message.body["text"] for one in small_world.handled if not one.is_copy] == ["0", "1", "2", "3"]


def test_what_policy_keeps_back_never_leaves_and_is_named(world: SmallWorld) -> None:
    sent = actions.send_all([world.note("who told us", body={"informer": "El Chapulín"})], now=timezone.now())[0]
    world.settle()
    said = next(one.message for one in small_world.handled if one.message.id == sent)
    assert said.body == {"text": "who told us"}
    assert [(kept.pointer, kept.reason) for kept in said.withheld] == [("/informer", "source-stays-home")]
    # only the sender's own draft body ever held it; nothing stored for the road does
    assert all(b"Chapul" not in bytes(content.presentation) for content in Content.objects.all())


def test_an_answer_ends_the_clock_on_both_sides(world: SmallWorld) -> None:
    from contraparte.exchange.models import Obligation

    asked = actions.send_all([world.note("who?")], now=timezone.now())[0]
    world.settle()
    both = list(Obligation.objects.filter(message__uuid=asked))
    assert {(o.agency, o.holder, o.closed_at) for o in both} == {("mx.fge-son", CENTRE, None), ("us.ntc", CENTRE, None)}
    assert len({(o.opened_at, o.due_at) for o in both}) == 1 and both[0].due_at is None
    theirs = next(one.conversation for one in small_world.handled if one.message.id == asked and not one.is_copy)
    actions.send_all(
        [world.note("he", theirs, type="note.answer/1", in_reply_to=asked)],
        now=timezone.now(),
    )
    world.settle()
    closed = list(Obligation.objects.filter(message__uuid=asked))
    assert len(closed) == 2 and len({o.closed_at for o in closed}) == 1 and closed[0].closed_at is not None
    assert theirs.counterpart == SONORA
