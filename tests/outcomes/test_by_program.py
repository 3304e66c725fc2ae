"""What came of an exchange, told and answered by programs of both sides through the API."""

from typing import Any

import pytest

from contraparte.outcomes.models import Outcome
from tests.inquiries.test_by_program import Program
from tests.outcomes.outcome_world import OutcomeWorld

ARREST = {
    "kind": "arrest", "happened_on": "2026-11-20", "region": "MX-SON", "ours": ["requested"], "yours": ["provided"],
}  # fmt: skip


def sides(world: OutcomeWorld) -> tuple[Program, Program]:
    return Program(world.traces.officer), Program(world.traces.specialist)


def report(world: OutcomeWorld, program: Program) -> dict[str, Any]:
    """An outcome reported by Sonora's program and heard by the centre's."""
    told = program.done(f"conversations/{world.exchange().pk}/outcomes", ARREST)
    world.traces.settle()
    return told


@pytest.mark.parametrize(
    ("step", "body", "state"),
    [("confirm", {"contribution": ["provided"]}, "confirmed"), ("contest", {"reason": "Another gun."}, "contested")],
)
def test_an_outcome_is_reported_by_one_program_and_answered_by_the_other(
    world: OutcomeWorld, step: str, body: dict[str, Any], state: str
) -> None:
    ours, theirs = sides(world)
    made = report(world, ours)
    (heard,) = theirs.get("outcomes").json()["items"]
    assert heard["facts"]["kind"] == "arrest" and not heard["is_ours"]
    theirs.done(f"outcomes/{heard['id']}/{step}", body)
    world.traces.settle()
    told = ours.get(f"outcomes/{made['outcome']}").json()
    assert told["state"] == theirs.get(f"outcomes/{heard['id']}").json()["state"] == state
    assert [(one["act"], one["by_us"]) for one in told["words"]] == [("report", True), (step, False)]


def test_a_repeated_report_counts_once(world: OutcomeWorld) -> None:
    ours, _ = sides(world)
    path = f"conversations/{world.exchange().pk}/outcomes"
    answers = [ours.send(path, ARREST, key="report-0001").json() for _ in range(2)]
    assert answers[0] == answers[1] and Outcome.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"kind": "party"}, "kind"), ({"happened_on": "soon"}, "happened_on"), ({"ours": ["x"]}, "ours"),
     ({"happened_on": "2999-01-01"}, "happened_on"), ({"region": "Sonora"}, "region"), ({"quantity": "1"}, "unit")],
)  # fmt: skip
def test_a_wrong_report_names_its_field_and_nothing_is_told(
    world: OutcomeWorld, wrong: dict[str, Any], field: str
) -> None:
    ours, _ = sides(world)
    answer = ours.send(f"conversations/{world.exchange().pk}/outcomes", ARREST | wrong)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert not Outcome.objects.exists()


def test_an_event_that_is_not_alike_cannot_be_named_as_the_same(world: OutcomeWorld) -> None:
    ours, theirs = sides(world)
    report(world, ours)
    (heard,) = theirs.get("outcomes").json()["items"]
    answer = theirs.send(f"outcomes/{heard['id']}/confirm", {"contribution": [], "same_as": "x"})
    assert (answer.status_code, answer.json()["field"]) == (422, "same_as")
    assert Outcome.objects.get(is_ours=False).state == "reported"
