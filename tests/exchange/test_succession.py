"""A change of agency while cases are open (P1.8): everything goes on with who holds the post now, nothing is lost."""

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contraparte.directory import queries as directory
from contraparte.directory import view
from contraparte.directory.models import Alarm
from contraparte.exchange import succession
from contraparte.exchange.actions import approve_draft, open_conversation, preview, release_draft, send_all
from contraparte.exchange.items import is_recalled
from contraparte.exchange.models import (
    Conversation,
    Draft,
    Message,
    Moved,
    Obligation,
    Recall,
    Reconfirmation,
)
from contraparte.exchange.orphans import orphans
from contraparte.exchange.permissions import grant_permission
from contraparte.exchange.recalls import order_recall
from contraparte.protocol.encoding import instant
from contraparte.protocol.errors import PostSucceededError, ReconfirmationStateError, RightsRoleError
from tests.exchange.changes import HOUR, NEW, absorb, add_successor, change
from tests.exchange.rights_world import ANNEX, ask, people_of, send_item
from tests.exchange.small_world import CENTRE, FEDERAL, SONORA, SmallWorld


@pytest.fixture
def world(desk_world: SmallWorld) -> SmallWorld:
    """One person after the other: no commit is needed."""
    return add_successor(desk_world)


def asked(world: SmallWorld, *texts: str) -> Conversation:
    """A question of Sonora at the centre, which owes an answer."""
    thread = world.conversation()
    for text in texts or ("where?",):
        send_all([world.note(text, thread)], now=timezone.now())
    world.settle()
    return thread


def test_open_steps_and_threads_move_on_both_sides_and_their_clocks_go_on(world):
    thread = asked(world)
    owed = {row.pk: (row.opened_at, row.due_at) for row in Obligation.objects.filter(closed_at=None)}
    assert len(owed) == 2
    absorb(timezone.now())
    assert orphans(timezone.now())
    assert succession.reconcile(timezone.now()) == 3
    assert succession.reconcile(timezone.now()) == 0
    assert orphans(timezone.now()) == []
    ours = Conversation.objects.get(pk=thread.pk)
    assert (ours.agency, ours.post_id) == ("mx.new", NEW)
    assert Conversation.objects.get(agency="us.ntc").counterpart == NEW
    rows = Obligation.objects.filter(closed_at=None)
    assert {row.pk: (row.opened_at, row.due_at) for row in rows} == owed
    assert {row.post_id for row in rows} == {NEW, CENTRE}
    assert {row.was for row in Moved.objects.all()} == {SONORA}
    assert Alarm.objects.filter(code="lineage.in_effect").count() == 1


def test_the_thread_goes_on_in_both_directions_and_what_was_under_way_arrives(world):
    thread = asked(world, "one", "two")
    theirs = Conversation.objects.get(agency="us.ntc")
    request = Message.objects.filter(direction="out").first()
    # Sealed for the old body before the change, delivered after it: taken in until its last day.
    answer = world.note("under way", theirs, type="note.answer/1", in_reply_to=str(request.uuid))
    send_all([answer], now=timezone.now())
    absorb(timezone.now())
    succession.reconcile(timezone.now())
    world.settle()
    late = Message.objects.get(direction="in", agency="mx.fge-son")
    assert (late.state, late.conversation_id) == (Message.State.HANDLED, thread.pk)
    thread.refresh_from_db()
    theirs.refresh_from_db()
    send_all([world.note("three", thread)], now=timezone.now())
    send_all([world.note("four", theirs)], now=timezone.now())
    world.settle()
    assert not Message.objects.exclude(state__in=(Message.State.SENT, Message.State.HANDLED)).exists()
    assert Message.objects.filter(direction="in", agency="mx.new", conversation=thread).count() == 1
    assert set(Obligation.objects.filter(closed_at=None).values_list("holder", flat=True)) <= {NEW, CENTRE}
    assert orphans(timezone.now()) == []


def test_after_the_last_day_the_old_address_names_its_successor_and_the_old_key_signs_nothing_new(world):
    asked(world)
    theirs = Conversation.objects.get(agency="us.ntc")
    send_all([world.note("too late", theirs)], now=timezone.now())
    absorb(timezone.now() - 2 * HOUR, accepts_until=instant(timezone.now() - HOUR))
    world.deliver()
    refused = Message.objects.get(direction="out", agency="us.ntc")
    assert (refused.state, refused.code) == (Message.State.REJECTED, PostSucceededError.code)
    receipt = refused.receipts.get(ours=False, kind="rejected")
    assert NEW.encode() in bytes(receipt.statement)
    assert not Message.objects.filter(direction="in", agency="mx.fge-son").exists()


def test_a_message_under_the_old_key_is_put_off_after_the_last_day(world):
    thread = world.conversation()
    send_all([world.note("too late", thread)], now=timezone.now())
    absorb(timezone.now() - 2 * HOUR, accepts_until=instant(timezone.now() - HOUR))
    world.deliver()
    row = Message.objects.get(direction="out", copy_of=None)
    assert row.state == Message.State.QUEUED
    assert row.outbox.code == "agency.succeeded"
    assert not Message.objects.filter(direction="in").exists()


def test_a_draft_goes_to_the_successor_and_is_approved_anew(world):
    asked(world)
    theirs = Conversation.objects.get(agency="us.ntc")
    officer = world.appoint("dana", CENTRE, directory.Role.OFFICER)
    chief = world.appoint("kim", CENTRE, directory.Role.AUTHORISER)
    draft = world.draft("found it", theirs, by=officer)
    now = timezone.now()
    digest = preview(draft, now=now).content_digest
    approve_draft(draft, digest=digest, by=chief, now=now)
    absorb(now)
    succession.reconcile(now)
    moved = Draft.objects.get(pk=draft.pk)
    assert moved.recipient == NEW
    assert preview(moved, now=now).content_digest != digest
    approve_draft(moved, digest=preview(moved, now=now).content_digest, by=chief, now=now)
    assert release_draft(moved, by=officer, now=now).recipient == NEW


def test_an_old_address_is_resolved_when_somebody_writes_to_it_and_an_old_post_writes_no_more(world):
    absorb(timezone.now())
    thread = open_conversation(
        post=directory.post(CENTRE), counterpart=SONORA, kind="note", by=world.services[CENTRE],
        now=timezone.now(),
    )  # fmt: skip
    assert thread.counterpart == NEW
    with pytest.raises(PostSucceededError) as told:
        world.conversation(SONORA)
    assert told.value.params["successor"] == NEW


def test_years_later_the_body_is_created_again_and_its_work_comes_back_without_a_gap(world):
    thread = asked(world, "one", "two")
    start = timezone.now() - 4 * HOUR
    Conversation.objects.update(opened_at=start - HOUR)
    absorb(start)
    succession.reconcile(timezone.now())
    thread.refresh_from_db()
    send_all([world.note("from the new post", thread)], now=timezone.now())
    world.settle()
    change("two", "recreate", ["mx.new"], ["mx.fge-son"], {NEW: [(SONORA, ["note"]), (NEW, [])]}, start + HOUR)
    succession.reconcile(timezone.now())
    thread.refresh_from_db()
    assert (thread.agency, thread.post_id) == ("mx.fge-son", SONORA)
    send_all([world.note("home again", thread)], now=timezone.now())
    theirs = Conversation.objects.get(agency="us.ntc")
    send_all([world.note("welcome", theirs)], now=timezone.now())
    world.settle()
    assert not Message.objects.exclude(state__in=(Message.State.SENT, Message.State.HANDLED)).exists()
    assert orphans(timezone.now()) == []


def test_a_permission_goes_on_for_the_function_moved_until_somebody_says_no(world):
    people = people_of(world)
    _, item = send_item(world, to=SONORA)
    held_by_sonora, given = ask(world, people, item, FEDERAL)
    grant_permission(given, by=people.chiefs[CENTRE], now=timezone.now())
    world.settle()
    absorb(timezone.now())
    succession.reconcile(timezone.now())
    given.refresh_from_db()
    assert (given.other, given.state) == (NEW, "granted")
    waiting = Reconfirmation.objects.get()
    assert (waiting.was, waiting.became, waiting.state) == (SONORA, NEW, "waiting")
    for wrong in (people.officers[CENTRE], people.chiefs[FEDERAL]):
        with pytest.raises(RightsRoleError):
            succession.withdraw_permission(waiting, by=wrong, now=timezone.now())
    succession.withdraw_permission(waiting, by=people.chiefs[CENTRE], now=timezone.now())
    with pytest.raises(ReconfirmationStateError):
        succession.confirm_permission(waiting, by=people.chiefs[CENTRE], now=timezone.now())
    world.settle()
    held_by_sonora.refresh_from_db()
    assert (held_by_sonora.agency, held_by_sonora.state) == ("mx.new", "revoked")
    assert not Message.objects.filter(state=Message.State.FAILED).exists()


def test_a_successor_recalls_what_its_forerunner_sent_and_nobody_else_does(world):
    people = people_of(world)
    sent, held = send_item(world, sender=SONORA, to=CENTRE)
    absorb(timezone.now())
    succession.reconcile(timezone.now())
    officer = world.appoint("nora", NEW, directory.Role.OFFICER)
    sent = Message.objects.select_related("conversation", "content").get(pk=sent.pk)
    with pytest.raises(RightsRoleError):
        order_recall(sent, reason="mistake", by=people.officers[FEDERAL], now=timezone.now())
    order_recall(sent, reason="mistake", by=officer, now=timezone.now())
    world.settle()
    assert is_recalled(held)
    order = Recall.objects.get(direction="out", item_uuid=sent.uuid, other=CENTRE)
    assert order.outcome == "quarantined"


def test_what_moved_too_early_is_back_until_the_day_that_was_agreed_on(world):
    thread = asked(world)
    absorb(timezone.now())
    succession.reconcile(timezone.now())
    thread.refresh_from_db()
    assert thread.post_id == NEW
    later = timezone.now() + 48 * HOUR
    absorb(later, version=2)
    succession.reconcile(timezone.now())
    thread.refresh_from_db()
    assert thread.post_id == SONORA
    succession.reconcile(later)
    thread.refresh_from_db()
    assert thread.post_id == NEW


def test_a_version_that_lost_is_undone_and_the_winner_followed(world):
    thread = asked(world)
    at = timezone.now()
    absorb(at)
    succession.reconcile(timezone.now())
    change("one", "rename", ["mx.fge-son"], ["mx.new"], {SONORA: SONORA}, at, version=2)
    succession.reconcile(timezone.now())
    thread.refresh_from_db()
    assert thread.post_id == SONORA
    assert not Moved.objects.exists()


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from([SONORA, NEW, FEDERAL, CENTRE, ANNEX]), st.integers(1, 2), st.booleans()),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_is_reorganised_nothing_is_left_without_a_holder(world, steps):
    with transaction.atomic():
        view.forget()
        asked(world)
        world.draft()
        at = timezone.now() - 10 * HOUR
        for number, (old, ahead, by_topic) in enumerate(steps):
            side = [SONORA, NEW, FEDERAL] if old.startswith("mx") else [CENTRE, ANNEX]
            new = side[(side.index(old) + ahead) % len(side)]
            if new == old:
                continue
            bodies = [old.split("/")[0], new.split("/")[0]]
            if by_topic or bodies[0] == bodies[1]:
                targets = [(new, ["note"]), (old, [])] if by_topic else new
                change(f"e{number}", "recreate", bodies[:1], bodies[1:], {old: targets}, at + number * HOUR)
            else:
                change(f"e{number}", "absorb", bodies[:1], bodies[1:], {old: new}, at + number * HOUR)
            succession.reconcile(timezone.now())
            assert orphans(timezone.now()) == []
        assert succession.reconcile(timezone.now()) == 0
        transaction.set_rollback(True)
    view.forget()
