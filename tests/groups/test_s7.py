"""S7, a working group's life: charter, five meetings, a promise twice overdue, a milestone, replaced; bad inputs."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from contraparte.groups.actions import founding, meeting, promising
from contraparte.groups.meeting_presenting import health
from contraparte.groups.models import Group, Promise
from contraparte.groups.recording import verdict_on
from contraparte.protocol.errors import (
    GroupBaseError,
    GroupEndedError,
    GroupGapsError,
    GroupHandlingError,
    GroupInformalError,
    GroupRoleError,
    MeetingTimeError,
)
from tests.groups.group_world import CHAIRS, GroupWorld
from tests.groups.talk import charter, goal
from tests.traces.test_pages import BACKEND, browser

pytestmark = pytest.mark.store

OURS, THEIRS = [CHAIRS["a"]], [CHAIRS["b"]]


def plan(world: GroupWorld, **changed: Any) -> dict[str, Any]:
    """A charter with a count and a milestone of the other side."""
    due = (world.now + timedelta(days=120)).date().isoformat()
    milestone = goal(
        key="m1", measure="milestone", statement={"en": "One window", "es": "Ventanilla única"}, baseline="",
        target="", due_on=due, owner=CHAIRS["b"],
    )  # fmt: skip
    return charter(**world.days(), goals=[goal(due_on=(world.now + timedelta(days=390)).date().isoformat()), milestone],
                   **changed)  # fmt: skip


def agreed(world: GroupWorld, group: Group, key: str, **more: Any) -> None:
    """Minutes of one side that the other agrees to."""
    word = meeting.propose_minutes(group, key, text={"en": "We met."}, base="", by=world.chair, now=world.now, **more)
    world.settle()
    meeting.agree_minutes(world.sides(group)[1], str(word.message.uuid), by=world.partner, now=world.now)
    world.settle()


def chartered(world: GroupWorld) -> Group:
    """The charter is refused without its baseline, then approved by both; nobody approves for the other."""
    group = world.founded()
    poor = plan(world)
    poor["goals"][0]["baseline"] = ""
    first = str(founding.propose_charter(group, poor, base="", by=world.chair, now=world.now).message.uuid)
    with pytest.raises(GroupGapsError) as refused:
        founding.approve_charter(group, first, by=world.sponsor, now=world.now)
    assert refused.value.params["field"] == "goals.0.baseline"
    founding.decline_charter(group, first, reason="No baseline.", by=world.chair, now=world.now)
    key = str(founding.propose_charter(group, plan(world), base="", by=world.chair, now=world.now).message.uuid)
    world.settle()
    for wrong in (world.chair, world.partner, world.principal):
        with pytest.raises(GroupRoleError):
            founding.approve_charter(group, key, by=wrong, now=world.now)
    founding.approve_charter(group, key, by=world.sponsor, now=world.now)
    world.settle()
    founding.approve_charter(world.sides(group)[1], key, by=world.principal, now=world.now)
    world.settle()
    return world.sides(group)[0]


def five_meetings(world: GroupWorld, group: Group) -> str:
    """One a month: the third is not held, to the fourth one side comes, of the fifth the minutes are disputed."""
    first = world.attended(group, OURS, THEIRS, 30)
    due = (world.now + timedelta(days=20)).date().isoformat()
    promised = {"key": "c1", "text": {"en": "Name a liaison"}, "owner": CHAIRS["b"], "side": "b", "due_on": due}
    agreed(world, group, first, commitments=[promised])
    agreed(world, group, world.attended(group, OURS, THEIRS, 30))
    world.called(group, 30)
    world.wait(days=33)
    fourth = world.attended(group, OURS, None, 30)
    world.wait(days=2)
    with pytest.raises(GroupInformalError):
        meeting.propose_minutes(
            group, fourth, text={"en": "We met."}, base="", decisions=[{"en": "Yes"}], by=world.chair, now=world.now
        )
    agreed(world, group, fourth)
    fifth = world.attended(group, OURS, THEIRS, 28)
    text = meeting.propose_minutes(group, fifth, text={"en": "All agreed."}, base="", by=world.chair, now=world.now)
    world.settle()
    meeting.dispute_minutes(
        world.sides(group)[1], str(text.message.uuid), text={"en": "Not all."}, by=world.partner, now=world.now
    )
    return fifth


def test_s7_a_working_groups_life(on_its_clock: GroupWorld) -> None:
    world = on_its_clock
    group = chartered(world)
    fifth = five_meetings(world, group)

    told = world.both(group)
    states = [one.state(world.now) for one in told.meetings.values()]
    assert states == ["held", "held", "not_held", "held_informal", "held"]
    assert [row.state for row in group.meetings.all()] == states
    for row in world.sides(group):
        kept = health(row, told, world.now)
        assert (kept.held, kept.with_both, kept.meetings) == (4, 3, 5)
        assert (kept.minutes_agreed, kept.minutes_owed, kept.minutes_disputed) == (3, 4, 1)
    last = told.meetings[fifth].minutes[-1]
    assert (last.text.en, {side: text.en for side, text in last.disputes.items()}) == ("All agreed.", {"b": "Not all."})
    shown = browser(world.chair).get(f"/groups/{group.pk}/meetings/").content.decode()
    assert all(figure in shown for figure in ("<dd>4/5</dd>", "<dd>3/5</dd>", "<dd>3/4</dd>"))

    a_promise_is_twice_overdue(world, group)
    the_milestone_keeps_its_chartered_date(world, group)
    the_group_is_replaced(world, group)


def a_promise_is_twice_overdue(world: GroupWorld, group: Group) -> None:
    theirs = world.sides(group)[1]
    today = world.both(group).day(world.now)
    assert health(group, world.both(group), world.now).escalated == ()
    carried = today + timedelta(days=10)
    promising.take_promise(
        Promise.objects.get(group=theirs), "carry", due_on=carried, note="Budget", by=world.partner, now=world.now
    )
    assert health(group, world.both(group), world.now).overdue == ()
    world.wait(days=12)
    for row in world.sides(group):
        kept = health(row, world.both(row), world.now)
        assert (len(kept.overdue), len(kept.escalated)) == (1, 1)
    # Its owner has left: nobody of this node holds the post that owes it.
    world.partner.ends = world.now
    world.partner.save()
    assert health(theirs, world.both(group), world.now).vacant == (CHAIRS["b"],)
    world.partner.ends = None
    world.partner.save()


def the_milestone_keeps_its_chartered_date(world: GroupWorld, group: Group) -> None:
    before = world.both(group)
    assert before.charter is not None
    milestone = before.charter.goals[1]
    assert milestone.due_on is not None
    late = milestone.due_on + timedelta(days=90)
    promising.report_goal(
        world.sides(group)[1], "m1", expected_on=late, note="Moved twice", by=world.partner, now=world.now
    )
    after = world.both(group)
    assert after.charter is not None
    assert after.charter.goals[1].due_on == milestone.due_on
    assert after.reports[-1].facts["expected_on"] == late.isoformat()
    assert verdict_on(after, milestone, world.now) == "behind"


def the_group_is_replaced(world: GroupWorld, old: Group) -> None:
    new = world.founded(name={"en": "Extortion", "es": "Extorsión"}, succeeds=[old])
    assert [gap.code for gap in founding.gaps_of(new, plan(world), now=world.now) if gap.warns] == [
        "another_group_has_it", "another_group_has_it",
    ]  # fmt: skip
    founding.end_group(old, "replaced", into=new, by=world.sponsor, now=world.now)
    world.settle()
    assert world.sides(old)[1].state != "replaced"  # one side alone ends nothing
    theirs = world.sides(old)[1]
    founding.end_group(theirs, "replaced", into=world.sides(new)[1], by=world.principal, now=world.now)
    world.settle()
    moved = world.both(new).promises
    assert [row.state for row in world.sides(old)] == ["replaced", "replaced"]
    assert [(one.text.en, one.missed_before) for one in moved.values()] == [("Name a liaison", 1)]
    with pytest.raises(GroupEndedError):
        world.called(old)


def test_s7_bad_inputs_name_the_field_and_change_nothing(on_its_clock: GroupWorld) -> None:
    world = on_its_clock
    group = chartered(world)
    before = len(world.words(group))
    with pytest.raises(MeetingTimeError) as past:
        world.called(group, -1)
    assert past.value.params["field"] == "starts"
    with pytest.raises(GroupHandlingError) as above:
        world.called(group, agenda=[{"text": {"en": "An informer"}, "handling": "H2"}])
    assert (above.value.params["field"], above.value.params["level"]) == ("handling", "H1")
    key = world.attended(group, OURS, THEIRS)
    word = meeting.propose_minutes(group, key, text={"en": "We met."}, base="", by=world.chair, now=world.now)
    world.settle()
    with pytest.raises(GroupRoleError):  # the partner's chair does not speak for this side, nor an outsider
        meeting.agree_minutes(world.sides(group)[1], str(word.message.uuid), by=world.chair, now=world.now)
    with pytest.raises(GroupBaseError):  # a text written without having read the one that stands
        meeting.propose_minutes(
            world.sides(group)[1], key, text={"en": "Other"}, base="", by=world.partner, now=world.now
        )
    assert len(world.words(group)) == before + 4  # a call, two attendances, one text
    client = Client()
    client.force_login(world.chair.person, backend=BACKEND)
    assert client.get(f"/groups/meetings/{group.meetings.get().pk}/").status_code == 302  # no second factor
