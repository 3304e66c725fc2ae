"""What came of an exchange, told and answered by programs of both sides through the API."""

from typing import Any

import pytest
from django.utils import timezone

from contraparte.directory import actions as directory
from contraparte.directory.models import Person
from contraparte.directory.queries import Role
from contraparte.exchange.models import CaseFile, Receipt
from contraparte.outcomes.models import CaseLink, Feedback, Outcome, OutcomeWord
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


def test_a_correction_is_of_what_was_read_and_is_confirmed_anew_and_a_report_is_taken_back(
    world: OutcomeWorld,
) -> None:
    ours, theirs = sides(world)
    path = f"outcomes/{report(world, ours)['outcome']}"
    (heard,) = theirs.get("outcomes").json()["items"]
    there = f"outcomes/{heard['id']}"
    tag, seen = ours.get(path)["ETag"], theirs.get(there)["ETag"]
    assert Receipt.objects.filter(kind="opened", ours=True).exists(), "reading it is opening it, as on the page"
    change = ARREST | {"region": "MX-BCN", "reason": "It was in Tijuana."}
    blind = ours.send(f"{path}/correct", change)
    assert (blind.status_code, blind.json()["code"]) == (412, "api.outdated")
    told = [ours.send(f"{path}/correct", change, key="correct-01", HTTP_IF_MATCH=tag) for _ in range(2)]
    assert [one.json() for one in told] == [{"outcome": int(path[9:]), "state": "corrected"}] * 2
    late = ours.send(f"{path}/correct", change | {"region": "MX-SIN"}, HTTP_IF_MATCH=tag)
    assert late.status_code == 412 and OutcomeWord.objects.filter(act="correct", outcome__is_ours=True).count() == 1
    world.traces.settle()
    stale = theirs.send(f"{there}/confirm", {"contribution": []}, HTTP_IF_MATCH=seen)
    assert stale.status_code == 412, "nobody confirms facts that were corrected meanwhile"
    assert theirs.get(there).json()["facts"]["region"] == "MX-BCN"
    assert theirs.send(f"{there}/correct", change, HTTP_IF_MATCH=theirs.get(there)["ETag"]).status_code == 409
    theirs.done(f"{there}/confirm", {"contribution": ["provided"]})
    world.traces.settle()
    assert ours.send(f"{path}/retract", {"reason": ""}).json()["field"] == "reason"
    assert ours.done(f"{path}/retract", {"reason": "A court said otherwise."})["state"] == "retracted"
    world.traces.settle()
    assert theirs.get(there).json()["state"] == "retracted" and theirs.get(there).json()["steps"] == []


def test_the_day_a_victim_was_informed_is_noted_once(world: OutcomeWorld) -> None:
    ours, _ = sides(world)
    made = ours.done(f"conversations/{world.exchange().pk}/outcomes", ARREST | {"victim": True})
    path = f"outcomes/{made['outcome']}"
    assert ours.get(path).json()["victim"]["told_on"] is None
    assert ours.send(f"{path}/victim", {"told_on": "2999-01-01"}).json()["field"] == "told_on"
    ours.done(f"{path}/victim", {"told_on": "2026-11-21"})
    assert ours.get(path).json()["victim"]["told_on"] == "2026-11-21"
    assert ours.send(f"{path}/victim", {"told_on": "2026-11-22"}).json()["code"] == "outcome.state"


def test_what_became_of_an_answer_is_said_once_and_read_by_who_answered(world: OutcomeWorld) -> None:
    ours, theirs = sides(world)
    step = world.step(world.exchange())
    (owed,) = ours.get("feedback/owed").json()["owed"]
    assert owed["step"] == step.pk
    assert [one["request"] for one in theirs.get("feedback/owed").json()["awaited"]] == [owed["request"]]
    path = f"feedback/{owed['step']}"
    for wrong, field in (({"code": "used:gold"}, "code"), ({"code": "not:other"}, "note")):
        assert ours.send(path, wrong).json()["field"] == field
    assert theirs.send(path, {"code": "used:lead"}).status_code == 404
    told = [ours.send(path, {"code": "used:lead"}, key="feedback-1").json() for _ in range(2)]
    assert told[0] == told[1] == {"feedback": Feedback.objects.get().pk}
    assert ours.send(path, {"code": "used:lead"}).json()["code"] == "outcome.feedback.given"
    world.traces.settle()
    (heard,) = theirs.get("feedback").json()["items"]
    assert (heard["is_ours"], heard["is_used"], heard["code"]) == (False, True, "lead")
    assert theirs.get("feedback/owed").json()["awaited"] == ours.get("feedback/owed").json()["owed"] == []


def test_cases_are_linked_by_consent_and_either_side_ends_it(world: OutcomeWorld) -> None:
    ours, theirs = sides(world)
    about = world.exchange()
    CaseFile.objects.create(agency_id="us.ntc", post=world.traces.specialist.post, number="NTC-7",
                            opened_at=timezone.now())  # fmt: skip
    made = [ours.send(f"conversations/{about.pk}/links", key="link-00001").json() for _ in range(2)]
    assert made[0] == made[1] and made[0]["state"] == "asked"
    world.traces.settle()
    (asked,) = theirs.get("links").json()["items"]
    path = f"links/{asked['id']}"
    assert theirs.get(path).json()["steps"] == ["agree", "end"]
    foreign = next(one["id"] for one in ours.get("cases").json()["items"])
    for case in ("", str(foreign), "x"):
        assert theirs.send(f"{path}/agree", {"case": case}).json()["field"] == "case"
    (case,) = theirs.get("cases").json()["items"]
    assert theirs.done(f"{path}/agree", {"case": str(case["id"])})["state"] == "agreed"
    world.traces.settle()
    mine = f"links/{made[0]['link']}"
    assert ours.get(mine).json()["state"] == "agreed"
    assert "NTC-7" not in ours.get(mine).content.decode()
    assert ours.done(f"{mine}/end", {"reason": "Closed."})["state"] == "ended"
    assert ours.send(f"{mine}/end").json()["code"] == "outcome.link.state"
    world.traces.settle()
    assert theirs.get(path).json()["reason"] == "Closed." and CaseLink.objects.count() == 2


def test_the_figures_are_those_of_the_page_and_an_auditor_reads_them(world: OutcomeWorld) -> None:
    ours, _ = sides(world)
    made = report(world, ours)
    auditor = Person.objects.create_user("auditor", display_name="Auditor")
    seat = directory.appoint(auditor, world.traces.officer.post, [Role.AUDITOR], by=None, now=timezone.now())
    told = ours.get("figures?agency=us.ntc").json()
    assert (told["pair"], told["post"]) == (["mx.fge-son", "us.ntc"], "")
    waiting = [one for one in told["figures"] if (one["section"], one["measure"]) == ("outcomes", "waiting")]
    assert sum(one["value"] for one in waiting) == 1 and made["state"] == "reported"
    assert any("ids" in one for one in told["figures"])
    seen = Program(seat).get("figures").json()["figures"]
    assert seen and not any("ids" in one for one in seen), "an auditor opens no conversation"
    lines = Program(seat).get("figures.csv?public=true")
    assert lines["Content-Type"].startswith("text/csv") and "-public.csv" in lines["Content-Disposition"]
    assert lines.content.decode().startswith("definitions,quarter,as_of,pair,post,section")
    for wrong, field in (("agency=xx.no", "agency"), ("quarter=2020Q9", "quarter"), ("post=us.ntc/desk", "post")):
        assert ours.get(f"figures?{wrong}").json()["field"] == field
