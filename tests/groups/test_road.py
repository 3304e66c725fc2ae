"""Groups between two agencies, over the road: both sides hold the same."""

from datetime import timedelta

import pytest
from django.http import Http404

from contraparte.exchange.models import Message
from contraparte.exchange.reading import read_message
from contraparte.groups import queries
from contraparte.groups.actions import forgetting, founding, meeting, promising
from contraparte.groups.messages import BODIES, CLASSES
from contraparte.groups.models import GroupWord, Promise
from contraparte.groups.rules.hearing import ACTS
from contraparte.protocol.errors import (
    CommitmentStepError,
    GroupBaseError,
    GroupEndedError,
    GroupFieldError,
    GroupGapsError,
    GroupHandlingError,
    GroupInformalError,
    GroupRoleError,
    GroupSaidError,
    MeetingGateError,
    MeetingOffError,
    MeetingTimeError,
)
from tests.groups.group_world import CHAIRS, SPONSORS, GroupWorld
from tests.groups.talk import charter, goal

pytestmark = pytest.mark.store

OURS, THEIRS = [CHAIRS["a"]], [CHAIRS["b"]]


def test_every_word_of_the_rules_has_a_message_and_every_field_a_class() -> None:
    assert {name.removesuffix("/1") for name in BODIES} == set(ACTS)
    assert set(CLASSES) == set(BODIES)


def test_a_charter_is_approved_by_both_sponsors_and_is_the_same_on_both_sides(world: GroupWorld) -> None:
    group = world.chartered()
    ours, theirs = world.sides(group)
    told = world.both(group)
    assert (ours.state, theirs.state, told.crossed) == ("active", "active", [])
    assert (ours.name_es, theirs.name_en) == ("Secuestro y extorsión", "Kidnapping and extortion")
    assert (ours.side, theirs.side) == ("a", "b")
    assert ours.goals == [["g1", "unmeasured"]]


def test_nothing_of_a_whole_charter_is_withheld(world: GroupWorld) -> None:
    group = world.founded()
    whole = charter(
        goals=[goal(baseline_on="2026-01-01", one_sided="a", baseline_owed_by="x")], members=["mx.fgr/uecs"]
    )
    sent = founding.propose_charter(group, whole, base="", by=world.chair, now=world.now).message
    assert read_message(sent).withheld == ()


def test_no_chair_approves_and_no_sponsor_for_the_other_side(world: GroupWorld) -> None:
    group = world.founded()
    key = str(founding.propose_charter(group, charter(), base="", by=world.chair, now=world.now).message.uuid)
    world.settle()
    for wrong in (world.chair, world.principal, world.outsider):
        with pytest.raises(GroupRoleError):
            founding.approve_charter(group, key, by=wrong, now=world.now)
    founding.approve_charter(group, key, by=world.sponsor, now=world.now)
    with pytest.raises(GroupSaidError):
        founding.approve_charter(group, key, by=world.sponsor, now=world.now)
    assert world.both(group).in_force is None


def test_a_charter_without_baseline_is_refused_by_name_and_nothing_leaves(world: GroupWorld) -> None:
    group = world.founded()
    poor = charter(goals=[goal(baseline="", owner="")])
    key = str(founding.propose_charter(group, poor, base="", by=world.chair, now=world.now).message.uuid)
    before = Message.objects.count()
    with pytest.raises(GroupGapsError) as refused:
        founding.approve_charter(group, key, by=world.sponsor, now=world.now)
    assert set(refused.value.params["fields"]) == {"goals.0.owner", "goals.0.baseline"}
    assert Message.objects.count() == before


def test_a_charter_names_the_two_chairs_and_sponsors_of_their_agencies(world: GroupWorld) -> None:
    group = world.founded()
    for changed, field in (
        ({"chairs": {"a": "mx.fgr/uecs", "b": CHAIRS["b"]}}, "chairs.a"),
        ({"sponsors": {"a": "mx.fgr/uecs", "b": SPONSORS["b"]}}, "sponsors.a"),
    ):
        with pytest.raises(GroupFieldError) as refused:
            founding.propose_charter(group, charter(**changed), base="", by=world.chair, now=world.now)
        assert refused.value.params["field"] == field


def test_two_charters_written_at_once_end_alike_and_both_are_kept(world: GroupWorld) -> None:
    group = world.chartered()
    base = world.both(group).in_force.key  # type: ignore[union-attr]
    ours, theirs = world.sides(group)
    founding.propose_charter(ours, charter(quorum=2), base=base, by=world.chair, now=world.now)
    founding.propose_charter(theirs, charter(quorum=3), base=base, by=world.partner, now=world.now)
    told = world.both(group)
    assert told.proposal is not None
    crossed = GroupWord.objects.exclude(crossed="")
    assert {(row.act, row.crossed) for row in crossed} == {("charter.propose", "another_waits")}
    quorums = {told.proposal.charter.quorum, crossed[0].facts["charter"]["quorum"]}
    assert quorums == {2, 3}
    with pytest.raises(GroupBaseError):
        founding.propose_charter(ours, charter(quorum=4), base="", by=world.chair, now=world.now)


def test_two_groups_with_one_objective_are_warned_of(world: GroupWorld) -> None:
    world.chartered()
    other = world.founded(name={"en": "Another"})
    found = founding.gaps_of(other, charter(**world.days()), now=world.now)
    assert [(gap.field, gap.code, gap.warns) for gap in found] == [("goals.0.statement", "another_group_has_it", True)]


def test_a_meeting_in_the_past_above_the_level_or_moved_is_refused_by_name(world: GroupWorld) -> None:
    group = world.chartered()
    with pytest.raises(MeetingTimeError) as refused:
        world.called(group, -1)
    assert refused.value.params["field"] == "starts"
    with pytest.raises(GroupHandlingError) as refused_level:
        world.called(group, agenda=[{"text": {"en": "An informer"}, "handling": "H2"}])
    assert refused_level.value.params["level"] == "H1"
    first = world.called(group)
    world.called(group, 15, replaces=first)
    with pytest.raises(MeetingOffError):
        meeting.cancel_meeting(group, first, reason="no", by=world.chair, now=world.now)
    assert [row.state for row in group.meetings.all()] == ["moved", "invited"]


def test_a_silent_meeting_is_not_held_the_day_after_and_a_silent_group_dormant(world: GroupWorld) -> None:
    group = world.chartered()
    world.called(group, 1)
    world.wait(days=1, hours=3)
    assert [row.state for row in world.sides(group)[1].meetings.all()] == ["recording"]
    world.wait(days=2)
    for row in world.sides(group):
        assert [one.state for one in row.meetings.all()] == ["not_held"]
        assert [state for _, state in row.heartbeat] == ["not_held"]
    world.wait(days=50)
    assert [row.state for row in world.sides(group)] == ["dormant", "dormant"]


def test_reconvening_calls_the_next_meeting_with_what_was_left_open(world: GroupWorld) -> None:
    group = world.chartered()
    key = world.attended(group, OURS, THEIRS)
    promised = {
        "key": "c1", "text": {"en": "Name a liaison"}, "owner": CHAIRS["b"], "side": "b",
        "due_on": (world.now + timedelta(days=30)).date().isoformat(),
    }  # fmt: skip
    minutes = meeting.propose_minutes(
        group, key, text={"en": "We met"}, base="", commitments=[promised], by=world.chair, now=world.now
    )
    world.settle()
    meeting.agree_minutes(world.sides(group)[1], str(minutes.message.uuid), by=world.partner, now=world.now)
    world.settle()
    world.wait(days=60)
    assert world.sides(group)[0].state == "dormant"
    starts = world.now + timedelta(days=12)
    word = meeting.call_meeting(
        group, starts=starts, ends=starts + timedelta(hours=2), zone="America/Hermosillo",
        agenda=meeting.proposed_agenda(group, world.now), by=world.chair, now=world.now,
    )  # fmt: skip
    told = world.both(group).meetings[str(word.message.uuid)]
    assert [item.text.en for item in told.agenda] == ["Name a liaison", "Fewer kidnappings"]


def test_below_quorum_nothing_is_decided(world: GroupWorld) -> None:
    group = world.chartered(quorum=1)
    key = world.attended(group, OURS, [])
    with pytest.raises(GroupInformalError):
        meeting.propose_minutes(
            group, key, text={"en": "We met"}, base="", decisions=[{"en": "Yes"}], by=world.chair, now=world.now
        )


def test_minutes_written_by_both_at_once_end_alike_with_both_texts_kept(world: GroupWorld) -> None:
    group = world.chartered()
    key = world.attended(group, OURS, THEIRS)
    ours, theirs = world.sides(group)
    meeting.propose_minutes(ours, key, text={"es": "Nuestro texto"}, base="", by=world.chair, now=world.now)
    meeting.propose_minutes(theirs, key, text={"en": "Their text"}, base="", by=world.partner, now=world.now)
    told = world.both(group).meetings[key].minutes
    lost = GroupWord.objects.filter(group=ours).exclude(crossed="").get()
    assert len(told) == 1
    assert {told[0].text.es or told[0].text.en, *lost.facts["text"].values()} == {"Nuestro texto", "Their text"}


def test_a_gate_is_asked_of_its_own_sponsor(world: GroupWorld) -> None:
    group = world.chartered()
    theirs = world.sides(group)[1]
    founding.set_gate(theirs, required=True, by=world.principal, now=world.now)
    world.settle()
    key = world.called(group, 1)
    with pytest.raises(MeetingGateError):
        meeting.authorise_meeting(group, key, granted=True, by=world.sponsor, now=world.now)
    with pytest.raises(GroupRoleError):
        meeting.authorise_meeting(theirs, key, granted=True, by=world.partner, now=world.now)
    meeting.authorise_meeting(theirs, key, granted=True, by=world.principal, now=world.now)
    assert world.both(group).meetings[key].authorised == frozenset({"b"})


def test_a_promise_is_taken_by_its_owner_and_verified_by_the_other(world: GroupWorld) -> None:
    group = world.chartered()
    due = (world.now + timedelta(days=30)).date()
    promising.make_promise(
        group, text={"es": "Nombrar enlace"}, owner=CHAIRS["a"], due_on=due, by=world.chair, now=world.now
    )
    world.settle()
    ours, theirs = (Promise.objects.get(group=row) for row in world.sides(group))
    with pytest.raises(CommitmentStepError):
        promising.take_promise(ours, "verify", by=world.chair, now=world.now)
    with pytest.raises(GroupFieldError) as refused:
        promising.take_promise(ours, "carry", due_on=due + timedelta(days=9), by=world.chair, now=world.now)
    assert refused.value.params["field"] == "note"
    promising.take_promise(ours, "claim", by=world.chair, now=world.now)
    world.settle()
    promising.take_promise(theirs, "verify", by=world.partner, now=world.now)
    world.settle()
    assert set(Promise.objects.values_list("state", "is_live")) == {("verified", False)}


def test_what_a_goal_reached_is_judged_alike_on_both_sides(world: GroupWorld) -> None:
    group = world.chartered()
    until = (world.now - timedelta(days=1)).date()
    given = {"value": "330", "since": until - timedelta(days=364), "until": until, "by": world.chair, "now": world.now}
    promising.report_goal(group, "g1", **given)
    world.settle()
    assert [row.goals for row in world.sides(group)] == [[["g1", "achieved"]]] * 2
    with pytest.raises(GroupFieldError) as refused:
        promising.report_goal(group, "g1", **(given | {"value": "many"}))
    assert refused.value.params["field"] == "value"


def test_a_group_that_is_replaced_hands_its_open_promises_on(world: GroupWorld) -> None:
    old = world.chartered()
    due = (world.now + timedelta(days=30)).date()
    promising.make_promise(old, text={"en": "Liaison"}, owner=CHAIRS["a"], due_on=due, by=world.chair, now=world.now)
    world.settle()
    new = world.founded(name={"en": "Extortion"}, succeeds=[old])
    founding.end_group(old, "replaced", into=new, by=world.sponsor, now=world.now)
    world.settle()
    theirs = world.sides(old)[1]
    founding.end_group(theirs, "replaced", into=world.sides(new)[1], by=world.principal, now=world.now)
    world.settle()
    assert [row.state for row in world.sides(old)] == ["replaced", "replaced"]
    assert set(Promise.objects.values_list("group__name_en", "is_live")) == {
        ("Kidnapping and extortion", False), ("Extortion", True),
    }  # fmt: skip
    promising.take_promise(Promise.objects.get(group=world.sides(new)[0]), "accept", by=world.chair, now=world.now)
    assert [one.state for one in world.both(new).promises.values()] == ["accepted"]
    with pytest.raises(GroupEndedError):
        world.called(old)


def test_what_is_forgotten_is_in_no_row_and_the_group_still_stands(world: GroupWorld) -> None:
    group = world.chartered()
    world.attended(group, OURS, THEIRS)
    before = world.both(group)
    for row in Message.objects.filter(type__in=BODIES):
        forgetting.forget(row, world.now)
    after = world.both(group)
    assert (after.state(world.now), len(after.meetings)) == (before.state(world.now), len(before.meetings))
    assert after.history == before.history
    kept = str(list(GroupWord.objects.values_list("facts", flat=True)))
    assert "secuestros" not in kept
    assert "kidnappings" not in kept
    assert set(world.sides(group)[0].__class__.objects.values_list("name_en", "name_es")) == {("", "")}


def test_the_sponsor_and_members_of_the_agency_read_the_group_and_nobody_else(world: GroupWorld) -> None:
    group = world.founded()
    assert not queries.groups_of(world.sponsor).exists()
    group = world.chartered(group)
    assert [row.pk for row in queries.groups_of(world.sponsor)] == [group.pk]
    assert [row.pk for row in queries.groups_of(world.chair)] == [group.pk]
    assert not queries.groups_of(world.outsider).exists()
    assert [row.agency for row in queries.groups_of(world.principal)] == ["us.fbi"]
    with pytest.raises(Http404):
        queries.group(world.principal, group.pk)
