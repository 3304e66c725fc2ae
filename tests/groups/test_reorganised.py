"""A ministry is absorbed while its groups go on (P1.8): the group, its promises and its say are with the successor."""

from datetime import timedelta

import pytest

from contraparte.directory import actions as directory_actions
from contraparte.directory import queries as directory
from contraparte.directory.models import Person, Tenure
from contraparte.directory.queries import Role
from contraparte.exchange import succession
from contraparte.exchange.orphans import orphans
from contraparte.groups import queries
from contraparte.groups.actions import founding, meeting, promising
from contraparte.groups.actions.tending import follow_holders
from contraparte.groups.models import Group, GroupWord, Promise
from contraparte.groups.recording import standing_of
from tests.directory import factory
from tests.exchange.changes import change
from tests.exchange.small_world import OPERATOR
from tests.groups.group_world import CHAIRS, MX, SPONSORS, US, GroupWorld
from tests.groups.talk import charter

pytestmark = pytest.mark.store

NEW_CHAIR, NEW_SPONSOR = "mx.new/kidnapping", "mx.new/principal"


def absorb(world: GroupWorld) -> tuple[Tenure, Tenure]:
    """Sonora's prosecutor becomes part of a new body; gives its chair and its sponsor there."""
    entry = factory.agency_entry("mx.new", "kidnapping", "principal", operator=OPERATOR)
    keys = factory.make_keys("mx.new").values()
    register = world.registers[0].with_agencies([entry]).with_keys(factory.register_of("mx", [], keys).keys)
    world.registers[0] = register
    factory.load(register, world.now)
    mapping = {CHAIRS["a"]: NEW_CHAIR, SPONSORS["a"]: NEW_SPONSOR}
    change("one", "absorb", [MX], ["mx.new"], mapping, world.now)
    directory_actions.appoint_service(directory.post(NEW_CHAIR), by=None, now=world.now)
    chair, sponsor = (
        directory_actions.appoint(
            Person.objects.create_user(name, display_name=name), directory.post(post), [role], by=None, now=world.now
        )
        for name, post, role in (
            ("nadia", NEW_CHAIR, Role.OFFICER), ("nestor", NEW_SPONSOR, Role.AUTHORISER),
        )
    )  # fmt: skip
    succession.reconcile(world.now)
    world.wait(minutes=1)
    return chair, sponsor


def test_a_group_goes_on_with_the_successor_on_both_sides_and_nothing_is_orphaned(world: GroupWorld) -> None:
    group = world.chartered()
    due = (world.now + timedelta(days=30)).date()
    given = {"text": {"en": "Liaison"}, "due_on": due, "now": world.now}
    promising.make_promise(group, owner=CHAIRS["a"], by=world.chair, **given)
    world.settle()
    before = GroupWord.objects.filter(group=group).count()
    chair, sponsor = absorb(world)
    assert orphans(world.now) == []
    ours, theirs = Group.objects.get(agency="mx.new"), Group.objects.get(agency=US)
    assert (ours.pk, ours.post_id, ours.sponsor, theirs.counterpart) == (group.pk, NEW_CHAIR, NEW_SPONSOR, NEW_CHAIR)
    assert set(Promise.objects.values_list("owner", flat=True)) == {NEW_CHAIR}
    assert [row.pk for row in queries.groups_of(chair)] == [ours.pk]
    assert [row.pk for row in queries.groups_of(sponsor)] == [ours.pk]

    # What the new body says comes after what the old one said, and both read the same.
    promising.take_promise(Promise.objects.get(group=ours), "accept", by=chair, now=world.now)
    world.settle()
    starts = world.now + timedelta(days=12)
    meeting.call_meeting(
        theirs,
        starts=starts,
        ends=starts + timedelta(hours=1),
        zone="America/Hermosillo",
        by=world.partner,
        now=world.now,
    )
    world.settle()
    text = charter(
        **world.days(), chairs={"a": NEW_CHAIR, "b": CHAIRS["b"]}, sponsors={"a": NEW_SPONSOR, "b": SPONSORS["b"]}
    )
    base = standing_of(ours, world.now).in_force
    assert base is not None
    key = str(founding.propose_charter(ours, text, base=base.key, by=chair, now=world.now).message.uuid)
    world.settle()
    founding.approve_charter(ours, key, by=sponsor, now=world.now)
    world.settle()
    founding.approve_charter(Group.objects.get(pk=theirs.pk), key, by=world.principal, now=world.now)
    world.settle()
    seen, told = (standing_of(Group.objects.get(pk=row.pk), world.now) for row in (ours, theirs))
    assert seen == told
    assert seen.in_force is not None
    assert (seen.in_force.key, seen.crossed, len(seen.meetings)) == (key, [], 1)
    turns = GroupWord.objects.filter(group=ours, side="a").order_by("turn").values_list("turn", flat=True)
    assert list(turns) == list(range(1, len(turns) + 1))
    assert GroupWord.objects.filter(group=ours).count() == before + 5


def test_a_group_whose_posts_came_back_or_kept_a_part_is_not_worked_out_at_every_turn(world: GroupWorld) -> None:
    world.chartered()
    absorb(world)
    assert follow_holders(world.now) == 0
    back = {NEW_CHAIR: CHAIRS["a"], NEW_SPONSOR: SPONSORS["a"]}
    change("two", "recreate", ["mx.new"], [MX], back, world.now)
    succession.reconcile(world.now)
    assert Group.objects.get(agency=MX).post_id == CHAIRS["a"]
    assert follow_holders(world.now) == 0
    parts = {post: [(new, ["note"]), (post, [])] for new, post in back.items()}
    world.now += timedelta(hours=1)
    change("three", "split", [MX], [MX, "mx.new"], parts, world.now)
    succession.reconcile(world.now)
    assert Group.objects.get(agency=MX).post_id == CHAIRS["a"]
    assert follow_holders(world.now) == 0
