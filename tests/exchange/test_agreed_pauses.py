"""Clocks of moved threads stand still only while both sides have agreed that they do (P1.8, P8.1)."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from contraparte.directory import reviewing
from contraparte.exchange import succession
from contraparte.exchange.actions import send_all
from contraparte.exchange.models import Conversation, Moved, Obligation
from contraparte.exchange.rules.pauses import length
from tests.exchange.changes import HOUR, absorb_signed, add_successor, change
from tests.exchange.small_world import SONORA, SmallWorld


@pytest.fixture
def world(desk_world: SmallWorld) -> SmallWorld:
    """A question that the centre owes an answer to, and the change that moved who asked."""
    world = add_successor(desk_world)
    thread = world.conversation()
    send_all([world.note("where?", thread)], now=timezone.now())
    world.settle()
    Obligation.objects.update(due_at=timezone.now() + 48 * HOUR)
    absorb_signed(world, timezone.now())
    succession.reconcile(timezone.now())
    return world


def dues() -> datetime:
    """When the step is due, as each side has it; nothing else about it has moved."""
    rows = list(Obligation.objects.filter(closed_at=None).order_by("pk"))
    assert len(rows) == 2 and len({row.due_at for row in rows}) == 1
    return rows[0].due_at


def paused(begins: datetime, until: datetime, *, agree: bool = True) -> str:
    row = reviewing.propose_pause("one", begins=begins, until=until, country="mx", now=timezone.now())
    if agree:
        reviewing.agree_to_statement(row.pk, country="us", now=timezone.now())
    return row.pk


def test_one_side_alone_stops_no_clock_and_both_stop_it_for_exactly_that_time(world: SmallWorld) -> None:
    due, now = dues(), timezone.now().replace(microsecond=0) + HOUR
    number = paused(now, now + 5 * HOUR, agree=False)
    succession.reconcile(now + HOUR)
    assert dues() == due
    reviewing.agree_to_statement(number, country="us", now=now)
    succession.reconcile(now - timedelta(seconds=1))
    assert dues() == due  # it has not begun yet
    succession.reconcile(now + HOUR)
    assert dues() == due + 5 * HOUR
    row = Obligation.objects.filter(closed_at=None)[0]
    assert row.paused_until == now + 5 * HOUR and row.held_for(now + HOUR) == now - row.opened_at
    succession.reconcile(now + 9 * HOUR)
    assert dues() == due + 5 * HOUR


def test_pauses_that_overlap_count_once_and_an_early_end_gives_the_rest_back(world: SmallWorld) -> None:
    due, now = dues(), timezone.now().replace(microsecond=0) + HOUR
    first = paused(now, now + 5 * HOUR)
    paused(now + 3 * HOUR, now + 8 * HOUR)
    succession.reconcile(now + 4 * HOUR)
    assert dues() == due + 8 * HOUR
    end = reviewing.withdraw_statement(first, country="us", now=now + HOUR)
    succession.reconcile(now + 4 * HOUR)
    assert dues() == due + 8 * HOUR  # one side alone ends nothing
    reviewing.agree_to_statement(end.pk, country="mx", now=now + 2 * HOUR)
    succession.reconcile(now + 4 * HOUR)
    assert dues() == due + 6 * HOUR


def test_an_answer_in_a_pause_ends_it_for_that_step_and_a_new_step_in_it_stands_still_too(world: SmallWorld) -> None:
    now = timezone.now().replace(microsecond=0)
    paused(now + timedelta(seconds=1), now + 10 * HOUR)
    later = now + 2 * HOUR
    succession.reconcile(later)
    ours = Conversation.objects.get(agency="mx.new")
    world.wire.clock = lambda: later
    send_all([world.note("and this?", ours)], now=later)
    world.deliver(later)
    world.handle(later)
    fresh = Obligation.objects.filter(opened_at__gte=later)
    assert {row.extended for row in fresh} == {now + 10 * HOUR - fresh[0].opened_at} and fresh.count() == 2


def test_where_another_version_wins_the_pause_of_the_one_that_lost_falls_with_it(world: SmallWorld) -> None:
    due, now = dues(), timezone.now().replace(microsecond=0) + HOUR
    paused(now, now + 5 * HOUR)
    succession.reconcile(now + HOUR)
    assert dues() == due + 5 * HOUR
    change("one", "rename", ["mx.fge-son"], ["mx.new"], {SONORA: SONORA}, timezone.now(), version=2)
    succession.reconcile(now + HOUR)
    assert dues() == due and not Moved.objects.exists()


def test_spans_that_overlap_or_are_free_already_are_measured_once() -> None:
    at = timezone.now()
    spans = [(at, at + 4 * HOUR), (at + 2 * HOUR, at + 6 * HOUR), (at + 9 * HOUR, at + 8 * HOUR)]
    assert length(spans) == 6 * HOUR
    assert length(spans, [(at + HOUR, at + 2 * HOUR), (at + 5 * HOUR, at + 9 * HOUR)]) == 4 * HOUR
