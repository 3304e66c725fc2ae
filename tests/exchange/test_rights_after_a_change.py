"""Holds, duties of disclosure and recalls go on with the successor of either side (P1.8, P5.5, P6.5, P6.7)."""

from datetime import date

import pytest
from django.utils import timezone

from contraparte.desk.queries import conversations_of
from contraparte.directory.queries import Role
from contraparte.exchange import succession
from contraparte.exchange.disclosing import confirm_duty, declare_duty, object_to_duty
from contraparte.exchange.holds import lift_hold, place_hold
from contraparte.exchange.items import is_recalled, onward_of
from contraparte.exchange.models import DisclosureDuty, Hold, Message, Recall
from contraparte.exchange.orphans import orphans
from contraparte.exchange.recalls import order_recall
from contraparte.protocol.errors import RightsRoleError
from tests.exchange.changes import NEW, absorb, add_successor, change
from tests.exchange.rights_world import ANNEX, People, draft_on, let_out, marking, people_of, send_item
from tests.exchange.small_world import CENTRE, FEDERAL, SONORA, SmallWorld

TODAY = timezone.now().date()
ORDER = {"basis": "court_order", "citation": "Auto 311", "court": "Juzgado Quinto", "dated": TODAY}


@pytest.fixture
def world(desk_world: SmallWorld) -> SmallWorld:
    return add_successor(desk_world)


def moved(world: SmallWorld, people: People) -> None:
    """Sonora is the new body from now on, and has two authorising persons there."""
    absorb(timezone.now())
    succession.reconcile(timezone.now())
    people.officers[NEW] = world.appoint("nora", NEW, Role.OFFICER)
    people.chiefs[NEW] = world.appoint("nestor", NEW, Role.AUTHORISER)


def fresh(item: Message) -> Message:
    return Message.objects.select_related("content", "conversation__post__agency").get(pk=item.pk)


def test_a_duty_of_disclosure_goes_on_with_the_successor_before_and_after_it_was_declared(world: SmallWorld) -> None:
    people = people_of(world)
    _, before = send_item(world, to=SONORA, marked=marking("H1"))
    _, after = send_item(world, "Another car", to=SONORA, marked=marking("H1"))
    first = declare_duty(fresh(before), **ORDER, by=people.chiefs[SONORA], now=timezone.now())
    world.settle()
    moved(world, people)
    second = declare_duty(fresh(after), **ORDER, by=people.chiefs[NEW], now=timezone.now())
    world.settle()
    by = people.chiefs[CENTRE]
    for heard in DisclosureDuty.objects.filter(ours=False):
        object_to_duty(heard, ground="source_protection", note="He lives there", by=by, now=timezone.now())
    world.settle()
    assert not Message.objects.exclude(state__in=(Message.State.SENT, Message.State.HANDLED)).exists()
    other = world.appoint("olivia", NEW, Role.AUTHORISER)
    for duty in (first, second):
        duty.refresh_from_db()
        filing = confirm_duty(
            duty, court="Hermosillo", filed_on=TODAY, objection_read=str(duty.objection), by=other,
            now=timezone.now(),
        )  # fmt: skip
        assert filing.duty == duty


def test_a_hold_of_the_old_body_is_lifted_by_the_new_one_and_it_places_others(world: SmallWorld) -> None:
    people = people_of(world)
    sent, item = send_item(world, to=SONORA)
    review = date(timezone.now().year + 1, 1, 1)
    hold = place_hold(fresh(item), reason="litigation", review_on=review, by=people.chiefs[SONORA], now=timezone.now())
    world.settle()
    moved(world, people)
    world.settle()
    lift_hold(Hold.objects.get(pk=hold.pk), by=people.chiefs[NEW], now=timezone.now())
    place_hold(fresh(item), reason="review", review_on=review, by=people.chiefs[NEW], now=timezone.now())
    world.settle()
    theirs = [(one.reason, one.lifted_at is None) for one in sent.holds.all()]
    assert theirs == [("litigation", False), ("review", True)]
    assert orphans(timezone.now()) == []


def test_what_the_new_body_passed_on_is_recalled_with_what_the_old_one_got(world: SmallWorld) -> None:
    people = people_of(world)
    sent, item = send_item(world, to=SONORA, marked=marking("H0"))
    moved(world, people)
    item = fresh(item)
    passed = let_out(people, draft_on(world, people, item, FEDERAL))
    world.settle()
    assert [row.pk for row in onward_of(item)] == [passed.pk]
    order_recall(fresh(sent), reason="mistake", by=people.officers[CENTRE], now=timezone.now())
    world.settle()
    assert is_recalled(Message.objects.get(uuid=passed.uuid, direction="in"))
    told = Recall.objects.get(direction="out", item_uuid=sent.uuid)
    assert [one["post"] for one in told.onward] == [FEDERAL]


def test_what_hung_on_a_thread_folded_into_another_is_held_by_who_keeps_that_one(world: SmallWorld) -> None:
    people = people_of(world)
    sent, _ = send_item(world, sender=SONORA, to=CENTRE)
    review = date(timezone.now().year + 1, 1, 1)
    hold = place_hold(fresh(sent), reason="review", review_on=review, by=people.chiefs[SONORA], now=timezone.now())
    world.settle()
    # The federal office had been copied in: it has a record of the same thread already.
    change("one", "absorb", ["mx.fge-son"], ["mx.fgr"], {SONORA: FEDERAL}, timezone.now())
    succession.reconcile(timezone.now())
    assert orphans(timezone.now()) == []
    seen = conversations_of(people.chiefs[FEDERAL]).filter(uuid=sent.conversation.uuid)
    assert set(seen.values_list("agency", flat=True)) == {"mx.fgr", "mx.fge-son"}
    assert not conversations_of(people.officers[ANNEX]).filter(uuid=sent.conversation.uuid).exists()
    for wrong in (people.chiefs[CENTRE], people.officers[FEDERAL]):
        with pytest.raises(RightsRoleError):
            lift_hold(Hold.objects.get(pk=hold.pk), by=wrong, now=timezone.now())
    lift_hold(Hold.objects.get(pk=hold.pk), by=people.chiefs[FEDERAL], now=timezone.now())
    world.settle()
    assert not Hold.objects.filter(lifted_at=None).exists()
    assert not Message.objects.exclude(state__in=(Message.State.SENT, Message.State.HANDLED)).exists()
