"""What cannot be read is refused naming the field, by program and on pages; a call repeated is told the same."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from contraparte.groups import queries
from contraparte.groups.actions import promising
from contraparte.groups.messages import BODIES
from contraparte.groups.models import Group, Meeting, Promise
from tests.groups.group_world import CHAIRS, GroupWorld
from tests.groups.talk import charter, goal
from tests.groups.test_by_program import working_time
from tests.groups.test_meeting_pages import typed
from tests.inquiries.test_by_program import Program
from tests.traces.test_pages import browser

FIRST, LAST = "0001-01-01", "9999-12-31"
CALL = {"starts": "2026-05-01T17:00:00Z", "ends": "2026-05-01T19:00:00Z", "zone": "UTC"}
PROMISE = {"text": {"en": "A list"}, "owner": CHAIRS["a"], "due_on": "2026-05-01"}


@pytest.fixture
def group(on_its_clock: GroupWorld) -> Group:
    return on_its_clock.chartered()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("meeting.call/1", CALL | {"starts": f"{FIRST}T00:00:00Z"}),
        ("meeting.call/1", CALL | {"ends": "9999-12-30T00:00:00Z"}),
        ("commitment.make/1", PROMISE | {"due_on": LAST}),
        ("commitment.take/1", {"commitment": "c1", "do": "carry", "due_on": FIRST}),
        ("goal.report/1", {"goal": "g1", "since": FIRST}),
        ("goal.report/1", {"goal": "g1", "expected_on": LAST}),
        ("charter.propose/1", {"charter": charter(review_on=LAST)}),
        ("charter.propose/1", {"charter": charter(goals=[goal(due_on=LAST)])}),
    ],
)
def test_a_day_at_the_edge_of_the_calendar_is_refused_in_every_message(kind: str, body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"greater than|less than"):
        BODIES[kind].model_validate(body)


def test_a_day_at_the_edge_of_the_calendar_is_refused_by_program_and_at_its_field_on_a_page(
    on_its_clock: GroupWorld, group: Group
) -> None:
    world, place = on_its_clock, f"groups/{group.pk}"
    chair, page = Program(world.chair), browser(world.chair)
    for path, body, field in (
        (f"{place}/meetings", CALL | {"starts": f"{FIRST}T00:00:00Z"}, "starts"),
        (f"{place}/meetings", CALL | {"ends": "9999-12-30T00:00:00Z"}, "ends"),
        (f"{place}/commitments", PROMISE | {"due_on": LAST}, "due_on"),
        (f"{place}/goals/g1", {"value": "1", "since": FIRST, "until": LAST}, "since"),
    ):
        refused = chair.send(path, body)
        assert (refused.status_code, refused.json()["field"]) == (422, field)
    figure = {"value": "1", "since": FIRST, "until": LAST}
    promised = {"text_en": "A list", "owner": CHAIRS["a"]}
    for path, sent, field in (
        ("meetings/call", typed(FIRST), "day"),
        ("meetings/call", typed(LAST), "day"),
        ("promise", promised | {"due_on": LAST}, "due_on"),
        ("goals/g1", figure, "since"),
        ("goals/g1", figure, "until"),
    ):
        refused = page.post(f"/groups/{group.pk}/{path}/", sent)
        assert refused.status_code == 422
        assert field in refused.context["form"].errors
    assert not Meeting.objects.exists() and not Promise.objects.exists()


def test_fields_that_nobody_reads_are_refused_at_every_depth(on_its_clock: GroupWorld, group: Group) -> None:
    world, place = on_its_clock, f"groups/{group.pk}"
    chair = Program(world.chair)
    promising.make_promise(
        group, text={"en": "A list"}, owner=CHAIRS["a"], due_on=(world.now + timedelta(days=30)).date(),
        by=world.chair, now=world.now,
    )  # fmt: skip
    promise = Promise.objects.get(group=group)
    key = world.attended(group, [CHAIRS["a"]], [CHAIRS["b"]])
    minutes = f"meetings/{Meeting.objects.get(group=group, key=key).pk}/minutes"
    chair, text = Program(world.chair), {"text": {"en": "We met."}, "base": ""}
    for path, body, field in (
        (f"{place}/goals/g1", {"comparible": False}, "comparible"),
        (f"commitments/{promise.pk}/steps", {"do": "accept", "nota": "x"}, "nota"),
        (f"{place}/charters", {"charter": charter(), "basis": ""}, "basis"),
        (f"{place}/charters/{group.uuid}/decline", {"reason": "x", "why": "y"}, "why"),
        (f"{place}/meetings", CALL | {"agenda": [{"text": {"en": "x"}, "level": "H0"}]}, "agenda.0.level"),
        (f"{place}/commitments", PROMISE | {"text": {"fr": "x"}}, "text.fr"),
        (minutes, text | {"commitments": [PROMISE | {"onesided": True}]}, "commitments.0.onesided"),
        (minutes, text | {"decisions": [{"en": "Yes"}, {}]}, "decisions.1"),
    ):
        refused = chair.send(path, body)
        assert (refused.status_code, refused.json()["field"]) == (422, field)


def test_a_step_with_a_commitment_that_is_sent_twice_under_one_key_is_told_the_same(
    on_its_clock: GroupWorld, group: Group
) -> None:
    world = on_its_clock
    promising.make_promise(
        group, text={"en": "A list"}, owner=CHAIRS["a"], due_on=(world.now + timedelta(days=30)).date(),
        by=world.chair, now=world.now,
    )  # fmt: skip
    path, chair = f"commitments/{Promise.objects.get(group=group).pk}/steps", Program(world.chair)
    first, again = (chair.send(path, {"do": "accept"}, key="accept-once") for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert chair.send(path, {"do": "accept"}).json()["field"] == "do"


def test_a_meeting_that_moves_keeps_its_venue_until_another_is_named(on_its_clock: GroupWorld, group: Group) -> None:
    world = on_its_clock
    chair = Program(world.chair)
    key = world.called(group, 20, venue="Puerta 3")
    row = Meeting.objects.get(group=group, key=key)
    moved = chair.done(f"meetings/{row.pk}/move", working_time(world, 30))["meeting"]
    assert chair.get(f"meetings/{moved}").json()["venue"] == "Puerta 3"
    again = chair.done(f"meetings/{moved}/move", working_time(world, 40) | {"venue": ""})["meeting"]
    assert chair.get(f"meetings/{again}").json()["venue"] == ""


def test_every_commitment_that_runs_is_on_some_page(
    on_its_clock: GroupWorld, group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = on_its_clock
    for days in (10, 20):
        promising.make_promise(
            group, text={"en": f"Due in {days}"}, owner=CHAIRS["a"], due_on=(world.now + timedelta(days=days)).date(),
            by=world.chair, now=world.now,
        )  # fmt: skip
    monkeypatch.setattr(queries, "PAGE", 1)
    page = browser(world.chair)
    first = page.get(f"/groups/promises/?group={group.pk}").text
    assert "Due in 10" in first and "Due in 20" not in first
    assert f'href="?group={group.pk}&amp;ours=2"' in first
    second = page.get(f"/groups/promises/?group={group.pk}&ours=2").text
    assert "Due in 20" in second and "Due in 10" not in second
