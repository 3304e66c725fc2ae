"""Random lifecycles over a road that loses, repeats and delays: both sides end with the same events and clocks."""

import random
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from contraparte.exchange import delivery, handling
from contraparte.exchange.clockwork import note_acceptances
from contraparte.exchange.models import Draft, Message, Obligation
from contraparte.exchange.permissions import ask_permission
from contraparte.exchange.rules.permissions import Kind
from contraparte.inquiries.actions.stepping import take_step
from contraparte.inquiries.models import Inquiry, Step
from contraparte.inquiries.rules.times import time_by_holder, time_by_stage
from contraparte.protocol.errors import RefusalUnconsultedError
from tests.exchange.small_world import OPERATOR
from tests.inquiries.inquiry_world import LETTER, POLICE, SHERIFF, InquiryWorld
from tests.inquiries.test_road import renew, same

BODIES: dict[str, dict[str, Any]] = {
    "refuse": {"ground": "sovereignty", "text": "…"},
    "transfer": {"to": "us.doj/court", "text": "…"},
    "postpone": {"text": "…", "review_on": "2027-01-01"},
    "delay": {"text": "…", "estimate": "2027-02-01"},
    "use": {"used": True, "text": "…"},
}
# What ends an inquiry comes seldom, so that the ways there are walked as well.
RARE = {"withdraw", "transfer", "refuse", "close"}


def carry_a_little(world: InquiryWorld) -> None:
    """One turn of the road, whatever comes of it."""
    delivery.deliver_once(OPERATOR, now=world.now, clock=lambda: world.now, send=world.wire.send)
    handling.handle_waiting(now=world.now)


def carry_all(world: InquiryWorld) -> None:
    """Until nothing moves any more; the clock goes on, for what failed is tried again later."""
    for _ in range(40):
        assert world.at is not None
        world.at += timedelta(minutes=20)
        carry_a_little(world)


@pytest.mark.parametrize("seed", range(6))
def test_random_lifecycles_end_alike_on_both_sides_and_no_step_happens_twice(world: InquiryWorld, seed: int) -> None:
    chance = random.Random(seed)
    world.at = timezone.now()
    row = world.ask(chance.choice([LETTER, POLICE]))
    theirs = world.other(row)
    for _ in range(14):
        side = chance.choice([row, theirs])
        open_steps = [one for one in world.standing(side).steps if one not in RARE or chance.random() < 0.1]
        if open_steps:
            step = chance.choice(open_steps)
            by = world.officer if side.agency == "mx.fge-son" else world.agent
            try:
                done = take_step(side, step, BODIES.get(step, {"text": "…"}), by=by, now=world.now)
            except RefusalUnconsultedError:
                continue
            if isinstance(done, Draft):
                world.release(done)
        world.at += timedelta(hours=chance.randint(1, 30))
        renew(world)
        world.wire.faults = [chance.choice(["", "", "failed", "done_but_reply_lost"]) for _ in range(2)]
        if chance.random() < 0.6:
            carry_a_little(world)
    world.wire.faults = []
    carry_all(world)
    assert same(world, row)
    mine, other = world.standing(row).settled, world.standing(theirs).settled
    assert time_by_stage(mine.stages, world.now) == time_by_stage(other.stages, world.now)
    assert time_by_holder(mine.stages, world.now) == time_by_holder(other.stages, world.now)
    events = [event.uuid for event in (*mine.applied, *mine.crossed)]
    assert len(events) == len(set(events)) == Message.objects.filter(agency="mx.fge-son").count()
    assert Step.objects.filter(inquiry=row).count() == Step.objects.filter(inquiry=theirs).count()
    assert Inquiry.objects.count() == 2


def test_of_an_answer_and_a_withdrawal_that_cross_the_first_ends_the_clock_on_both_sides(world: InquiryWorld) -> None:
    world.at = timezone.now()
    row = world.ask(POLICE)
    done = take_step(world.other(row), "answer", {"text": "…"}, by=world.agent, now=world.now)
    assert isinstance(done, Draft)
    world.release(done)
    delivery.deliver_once(OPERATOR, now=world.now, clock=lambda: world.now, send=world.wire.send)
    world.at += timedelta(hours=5)
    take_step(row, "withdraw", {"text": "…"}, by=world.officer, now=world.now)
    delivery.deliver_once(OPERATOR, now=world.now, clock=lambda: world.now, send=world.wire.send)
    carry_all(world)
    assert same(world, row) == "withdrawn"
    ended = set(Obligation.objects.filter(stage="inquiry").values_list("closed_at", "opened_at"))
    assert [closed - opened for closed, opened in ended] == [timedelta(0)], "the answer was there first"


def test_a_step_heard_of_after_what_ended_it_has_ended_too(world: InquiryWorld) -> None:
    """Two sides note a question and the end of its thread in either order, and count the same (P8.1)."""
    world.at = timezone.now()
    row = world.ask(POLICE)
    item = Message.objects.get(type="inquiry.request/1", direction="in")
    until = world.now + timedelta(days=9)
    ask_permission(item, Kind.ONWARD, recipients=[SHERIFF], until=until, by=world.agent, now=world.now)
    carry_all(world)
    world.at += timedelta(hours=1)
    take_step(row, "withdraw", {"text": "…"}, by=world.officer, now=world.now)
    carry_all(world)
    asked = Message.objects.filter(type="permission.ask/1")
    ends = dict(Obligation.objects.filter(message__in=asked).values_list("message", "closed_at"))
    assert len(ends) == 2 and len(set(ends.values())) == 1 and None not in ends.values()
    # The receipt of the question came back only now: on that side everything else is there already.
    late = asked.get(direction="out")
    opened = Obligation.objects.get(message=late).opened_at
    Obligation.objects.filter(message=late).delete()
    note_acceptances([(late, opened)])
    assert Obligation.objects.get(message=late).closed_at == ends[late.pk]
