"""Outcomes, feedback and links between two agencies, over the road: both sides hold the same."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contraparte.exchange import delivery
from contraparte.exchange.models import CaseFile, Conversation, Message, Obligation, Receipt
from contraparte.outcomes import collecting, queries
from contraparte.outcomes.actions import linking, stating, using
from contraparte.outcomes.models import CaseLink, Feedback, Outcome, VictimDuty
from contraparte.outcomes.rules.kinds import Contribution, Kind
from contraparte.outcomes.rules.publishing import rows_of, to_json
from contraparte.outcomes.rules.quarters import Quarter
from contraparte.outcomes.rules.uses import NotUsed, Used
from contraparte.protocol.errors import (
    CaseLinkStateError,
    FeedbackGivenError,
    FeedbackNotOwedError,
    OutcomeFieldError,
    OutcomeStateError,
    PostNotLocalError,
)
from tests.exchange.small_world import OPERATOR
from tests.outcomes.outcome_world import MX, PROVIDED, SERIALS, US, OutcomeWorld, arrest

pytestmark = pytest.mark.store

JOINT = frozenset({Contribution.JOINT})


def states(world: OutcomeWorld, outcome: Outcome) -> tuple[str, str]:
    ours, theirs = world.sides(outcome)
    assert (ours.facts, ours.version, ours.reason) == (theirs.facts, theirs.version, theirs.reason)
    return ours.state, theirs.state


def test_a_report_is_confirmed_and_both_sides_hold_it_alike(world: OutcomeWorld) -> None:
    made = world.report()
    assert states(world, made) == ("reported", "reported")
    owed = Obligation.objects.filter(stage="outcome")
    assert [row.holder for row in owed] == ["us.ntc/desk"] * 2
    _, theirs = world.sides(made)
    assert theirs.about is not None and made.about is not None
    assert theirs.about.uuid == made.about.uuid
    stating.confirm_outcome(theirs, contribution=PROVIDED, by=world.traces.specialist, now=timezone.now())
    world.traces.settle()
    assert states(world, made) == ("confirmed", "confirmed")
    closed = Obligation.objects.filter(stage="outcome").values_list("closed_at", flat=True)
    assert len(set(closed)) == 1 and None not in closed


def test_another_contribution_corroborates_until_the_reporter_takes_it_over(world: OutcomeWorld) -> None:
    made = world.report()
    _, theirs = world.sides(made)
    stating.confirm_outcome(theirs, contribution=JOINT, by=world.traces.specialist, now=timezone.now())
    world.traces.settle()
    assert states(world, made) == ("corroborated", "corroborated")
    stating.correct_outcome(
        world.sides(made)[0], arrest(yours=JOINT), reason="as you say", by=world.traces.officer, now=timezone.now()
    )
    world.traces.settle()
    assert states(world, made) == ("confirmed", "confirmed")


def test_a_contest_tells_why_and_a_correction_asks_again(world: OutcomeWorld) -> None:
    made = world.report()
    _, theirs = world.sides(made)
    stating.contest_outcome(theirs, reason="another day", by=world.traces.specialist, now=timezone.now())
    world.traces.settle()
    assert states(world, made) == ("contested", "contested")
    assert world.sides(made)[0].reason == "another day"
    ours = world.sides(made)[0]
    fixed = arrest(happened_on=date(2026, 11, 19))
    stating.correct_outcome(ours, fixed, reason="read wrongly", by=world.traces.officer, now=timezone.now())
    world.traces.settle()
    assert states(world, made) == ("corrected", "corrected")
    assert [row.pk for row in queries.to_decide(world.traces.specialist)] == [world.sides(made)[1].pk]


def test_a_correction_and_a_confirmation_that_cross_leave_both_sides_agreed(world: OutcomeWorld) -> None:
    made = world.report()
    ours, theirs = world.sides(made)
    now = timezone.now()
    stating.correct_outcome(ours, arrest(region="MX-SIN"), reason="other state", by=world.traces.officer, now=now)
    stating.confirm_outcome(theirs, contribution=PROVIDED, by=world.traces.specialist, now=now)
    assert world.sides(made)[1].state == "confirmed", "it has not heard of the correction yet"
    world.traces.settle()
    assert states(world, made) == ("corrected", "corrected")


def test_a_retraction_is_final_and_ends_what_was_owed(world: OutcomeWorld) -> None:
    made = world.report()
    stating.retract_outcome(made, reason="another case", by=world.traces.officer, now=timezone.now())
    world.traces.settle()
    assert states(world, made) == ("retracted", "retracted")
    steps = Obligation.objects.filter(stage="outcome")
    assert [row.closed_at is None for row in steps] == [False, False]
    assert len({row.closed_at for row in steps}) == 1
    with pytest.raises(OutcomeStateError):
        stating.correct_outcome(
            world.sides(made)[0], arrest(region="MX-SIN"), reason="x", by=world.traces.officer, now=timezone.now()
        )


def test_a_retraction_that_overtakes_the_receipt_of_the_report_ends_what_was_owed_too(world: OutcomeWorld) -> None:
    about = world.exchange()
    world.traces.wire.faults = ["done_but_reply_lost"]
    made = stating.report_outcome(about, arrest(), by=world.traces.officer, now=timezone.now())
    world.traces.deliver_and_handle_once()
    stating.retract_outcome(made, reason="another case", by=world.traces.officer, now=timezone.now())
    later = timezone.now() + timedelta(hours=1)
    while delivery.deliver_once(OPERATOR, now=later, clock=lambda: later, send=world.traces.wire.send).more:
        continue
    world.traces.settle()
    assert states(world, made) == ("retracted", "retracted")
    steps = Obligation.objects.filter(stage="outcome")
    assert len({(row.opened_at, row.closed_at) for row in steps}) == 1
    assert [row.closed_at is None for row in steps] == [False, False]


def test_a_report_carries_the_marking_of_its_exchange_and_nothing_is_withheld(world: OutcomeWorld) -> None:
    made = world.report()
    row = Message.objects.get(agency=MX, direction="out", type="outcome.report/1")
    from contraparte.exchange.reading import read_message

    message = read_message(row)
    assert not message.withheld
    assert made.about is not None
    crossed = [read_message(one).marking for one in Message.objects.filter(conversation=made.about)]
    for marking in crossed:
        assert marking.handling <= message.marking.handling
        assert message.marking.circle <= marking.circle


@pytest.mark.parametrize(
    ("facts", "field"),
    [({"happened_on": date(2031, 1, 1)}, "happened_on"), ({"ours": frozenset(), "yours": frozenset()}, "ours")],
)
def test_a_report_that_cannot_be_so_changes_nothing(world: OutcomeWorld, facts: dict[str, Any], field: str) -> None:
    about = world.exchange()
    before = Conversation.objects.count(), Message.objects.count()
    with pytest.raises(OutcomeFieldError) as refusal:
        stating.report_outcome(about, arrest(**facts), by=world.traces.officer, now=timezone.now())
    assert refusal.value.params["field"] == field
    assert (Conversation.objects.count(), Message.objects.count()) == before
    assert not Outcome.objects.exists()


def test_who_does_not_hold_the_post_reports_nothing(world: OutcomeWorld) -> None:
    about = world.exchange()
    with pytest.raises(PostNotLocalError):
        stating.report_outcome(about, arrest(), by=world.traces.federal, now=timezone.now())


def test_a_word_that_is_not_the_other_sides_to_say_is_set_aside_for_a_person(world: OutcomeWorld) -> None:
    from contraparte.exchange import actions as exchange
    from contraparte.protocol.marking import Marking

    made = world.report()
    _, theirs = world.sides(made)
    exchange.send(
        "outcome.retract/1", {"reason": "not mine to say"}, conversation=theirs.conversation,
        marking=Marking.from_json(theirs.marking), by=world.traces.specialist, now=timezone.now(),
    )  # fmt: skip
    world.traces.settle()
    assert world.sides(made)[0].state == "reported"
    assert Message.objects.get(agency=MX, type="outcome.retract/1").code == "outcome.state"


def test_one_event_reported_by_both_sides_counts_once_on_both(world: OutcomeWorld) -> None:
    about = world.exchange()
    first = world.report(about)
    other_side = Conversation.objects.get(agency=US, uuid=about.uuid)
    second = stating.report_outcome(
        other_side, arrest(ours=PROVIDED, yours=frozenset({Contribution.REQUESTED})),
        by=world.traces.specialist, now=timezone.now(),
    )  # fmt: skip
    world.traces.settle()
    ours = Outcome.objects.get(agency=MX, uuid=second.uuid)
    assert [row.uuid for row in queries.alike(ours)] == [first.uuid]
    stating.confirm_outcome(
        ours, contribution=frozenset({Contribution.REQUESTED}), same_as=str(first.uuid), by=world.traces.officer,
        now=timezone.now(),
    )  # fmt: skip
    world.traces.settle()
    for agency, other in ((MX, US), (US, MX)):
        (event,) = collecting.events_of(agency, other, as_of=timezone.now())
        assert set(event.ids) == {str(first.uuid), str(second.uuid)}


def test_a_victim_stays_on_the_desk_until_informed_and_is_never_told_of_to_the_other_side(world: OutcomeWorld) -> None:
    made = world.report(victim=True)
    assert VictimDuty.objects.get().outcome == made
    assert [duty.outcome_id for duty in queries.duties(world.traces.officer)] == [made.pk]
    assert not queries.duties(world.traces.specialist).exists()
    for day in (date(2026, 11, 1), timezone.now().date() + timedelta(days=2)):
        with pytest.raises(OutcomeFieldError):
            stating.note_victim_told(made, told_on=day, by=world.traces.officer, now=timezone.now())
    stating.note_victim_told(made, told_on=date(2026, 11, 21), by=world.traces.officer, now=timezone.now())
    assert not queries.duties(world.traces.officer).exists()


# --- feedback ---


def test_an_answer_waits_for_a_word_on_its_use_until_it_is_given_once(world: OutcomeWorld) -> None:
    conversation = world.exchange()
    step = world.step(conversation)
    (owed,) = queries.feedback_owed(world.traces.officer)
    assert owed.step == step and owed.due_at is not None and step.closed_at is not None
    assert owed.due_at - step.closed_at == using.DEFAULT_TIME
    (awaited,) = queries.feedback_awaited(world.traces.specialist)
    assert awaited.due_at == owed.due_at
    using.give_feedback(step, used=Used.LEAD, not_used=None, note="", by=world.traces.officer, now=timezone.now())
    world.traces.settle()
    assert not queries.feedback_owed(world.traces.officer)
    assert not queries.feedback_awaited(world.traces.specialist)
    rows = Feedback.objects.order_by("agency").values_list("agency", "is_used", "code", "is_ours")
    assert list(rows) == [(MX, True, "lead", True), (US, True, "lead", False)]
    with pytest.raises(FeedbackGivenError):
        using.give_feedback(step, used=Used.LEAD, not_used=None, note="", by=world.traces.officer, now=timezone.now())


def test_the_accord_may_set_the_time_for_feedback_and_both_sides_work_it_out_alike(
    new_world: Callable[..., OutcomeWorld],
) -> None:
    source = {"kind": "proposal", "cite": "thirty days"}
    world = new_world({"types": ["feedback.give/1"], "hours": 720, "calendar": "always", "source": source})
    step = world.step(world.exchange())
    (owed,), (awaited,) = (
        queries.feedback_owed(world.traces.officer),
        queries.feedback_awaited(world.traces.specialist),
    )
    assert step.closed_at is not None
    assert owed.due_at == awaited.due_at == step.closed_at + timedelta(hours=720)


def test_used_brings_the_signed_receipt_and_not_used_does_not(world: OutcomeWorld) -> None:
    first, second = world.exchange(), world.exchange(serial="340-71155")
    now = timezone.now()
    using.give_feedback(world.step(first), used=Used.EVIDENCE, not_used=None, note="", by=world.traces.officer, now=now)
    using.give_feedback(
        world.step(second), used=None, not_used=NotUsed.TOO_LATE, note="", by=world.traces.officer, now=now
    )
    world.traces.settle()
    receipts = Receipt.objects.filter(agency=US, ours=False, kind="used")
    assert {receipt.message.conversation.uuid for receipt in receipts if receipt.message} == {first.uuid}


@pytest.mark.parametrize(
    ("used", "not_used", "note", "field"),
    [(None, None, "", "code"), (Used.LEAD, NotUsed.OTHER, "x", "code"), (None, NotUsed.OTHER, "  ", "note")],
)
def test_feedback_without_how_or_why_is_refused_by_field(
    world: OutcomeWorld, used: Any, not_used: Any, note: str, field: str
) -> None:
    step = world.step(world.exchange())
    with pytest.raises(OutcomeFieldError) as refusal:
        using.give_feedback(step, used=used, not_used=not_used, note=note, by=world.traces.officer, now=timezone.now())
    assert refusal.value.params["field"] == field
    assert not Feedback.objects.exists()


def test_who_answered_owes_no_feedback(world: OutcomeWorld) -> None:
    conversation = world.exchange()
    theirs = Obligation.objects.get(agency=US, stage="trace", conversation__uuid=conversation.uuid)
    with pytest.raises(FeedbackNotOwedError):
        using.give_feedback(
            theirs, used=Used.LEAD, not_used=None, note="", by=world.traces.specialist, now=timezone.now()
        )


# --- linked cases ---


def test_two_cases_are_linked_by_consent_and_no_number_crosses(world: OutcomeWorld) -> None:
    about = world.exchange()
    asked = linking.ask_link(about, by=world.traces.officer, now=timezone.now())
    world.traces.settle()
    theirs = CaseLink.objects.get(agency=US)
    case = CaseFile.objects.create(
        agency_id=US, post_id="us.ntc/desk", number="NTC-2026-0077", opened_at=timezone.now()
    )
    linking.agree_link(theirs, case, by=world.traces.specialist, now=timezone.now())
    world.traces.settle()
    asked.refresh_from_db()
    theirs.refresh_from_db()
    assert (asked.state, theirs.state) == ("agreed", "agreed")
    assert (asked.their_reference, theirs.their_reference) == (theirs.our_reference, asked.our_reference)
    from contraparte.exchange.reading import read_message

    said = "".join(str(read_message(row).body) for row in Message.objects.filter(type__startswith="case."))
    assert "CI-FGE" not in said and "NTC-2026" not in said
    linking.end_link(asked, reason="closed", by=world.traces.officer, now=timezone.now())
    world.traces.settle()
    theirs.refresh_from_db()
    assert (theirs.state, theirs.reason) == ("ended", "closed")
    with pytest.raises(CaseLinkStateError):
        linking.end_link(theirs, reason="", by=world.traces.specialist, now=timezone.now())


def test_a_link_is_asked_once_and_agreed_only_with_a_case_of_the_post(world: OutcomeWorld) -> None:
    about = world.exchange()
    linking.ask_link(about, by=world.traces.officer, now=timezone.now())
    with pytest.raises(CaseLinkStateError):
        linking.ask_link(about, by=world.traces.officer, now=timezone.now())
    world.traces.settle()
    theirs = CaseLink.objects.get(agency=US)
    assert about.case is not None
    with pytest.raises(OutcomeFieldError):
        linking.agree_link(theirs, about.case, by=world.traces.specialist, now=timezone.now())


def test_a_link_taken_back_while_the_other_side_agrees_ends_on_both(world: OutcomeWorld) -> None:
    asked = linking.ask_link(world.exchange(), by=world.traces.officer, now=timezone.now())
    world.traces.settle()
    theirs = CaseLink.objects.get(agency=US)
    case = CaseFile.objects.create(agency_id=US, post_id="us.ntc/desk", number="N-1", opened_at=timezone.now())
    linking.end_link(asked, reason="", by=world.traces.officer, now=timezone.now())
    linking.agree_link(theirs, case, by=world.traces.specialist, now=timezone.now())
    world.traces.settle()
    assert set(CaseLink.objects.values_list("state", flat=True)) == {"ended"}


# --- figures ---


def plain(agency: str, other: str, as_of: datetime, **more: Any) -> dict[str, Any]:
    found = collecting.figures_of(agency, other, Quarter.of(as_of.date()), as_of=as_of, **more)
    return to_json(found, rows_of(found))


def test_both_sides_report_the_same_figures_and_those_of_the_raw_rows(world: OutcomeWorld) -> None:
    threads = [world.exchange(serial=serial) for serial in SERIALS[:4]]
    using.give_feedback(
        world.step(threads[0]), used=Used.LEAD, not_used=None, note="", by=world.traces.officer, now=timezone.now()
    )
    confirmed = world.report(threads[0])
    stating.confirm_outcome(
        world.sides(confirmed)[1], contribution=PROVIDED, by=world.traces.specialist, now=timezone.now()
    )
    world.report(threads[1], arrest(kind=Kind.VICTIM_FREED))
    world.traces.settle()
    as_of = timezone.now()
    ours, theirs = plain(MX, US, as_of), plain(US, MX, as_of)
    assert ours == theirs

    told = {(row["section"], row.get("subject", ""), row.get("agency", ""), row["measure"]): row["value"]
            for row in ours["figures"]}  # fmt: skip
    # Worked out again from the receipts alone, by other means.
    requests = Message.objects.filter(agency=MX, direction="out", type="trace.request/1", copy_of=None)
    spans = []
    for request in requests:
        began = Receipt.objects.get(message=request, ours=False, kind="accepted").at
        answer = Message.objects.get(agency=MX, direction="in", in_reply_to=request.uuid, type="trace.result/1")
        spans.append((Receipt.objects.get(message=answer, ours=True, kind="accepted").at - began).total_seconds())
    assert told["reciprocity", MX, US, "asked"] == len(spans) == 4
    assert told["reciprocity", MX, US, "median_s"] == sorted(spans)[1]
    assert told["reciprocity", MX, US, "p90_s"] == sorted(spans)[3]
    assert told["reciprocity", US, MX, "asked"] == 0
    assert told["reciprocity", MX, US, "first_try_percent"] == 100.0
    assert (told["feedback", "", MX, "owed"], told["feedback", "", MX, "used"]) == (4, 1)
    assert told["outcomes", "arrest", "", "confirmed"] == 1
    assert told["outcomes", "victim_freed", "", "waiting"] == 1


def test_what_is_still_on_its_way_is_counted_by_nobody_and_the_report_says_since_when(world: OutcomeWorld) -> None:
    about = world.exchange()
    stating.report_outcome(about, arrest(), by=world.traces.officer, now=timezone.now())
    as_of = timezone.now()
    assert not [row for row in plain(MX, US, as_of)["figures"] if row["section"] == "outcomes"]
    queued = Message.objects.get(agency=MX, type="outcome.report/1")
    assert collecting.incomplete_since(MX, US) == queued.at
    world.traces.settle()
    assert collecting.incomplete_since(MX, US) is None
    assert plain(MX, US, timezone.now()) | {"as_of": ""} == plain(US, MX, timezone.now()) | {"as_of": ""}


def test_a_quarter_without_anything_is_an_empty_report(world: OutcomeWorld) -> None:
    found = collecting.figures_of(MX, US, Quarter(2020, 1), as_of=datetime(2020, 4, 1, tzinfo=UTC))
    assert {row.value for row in rows_of(found)} <= {0, None}


def questions_of_a_report() -> int:
    """How many queries a report makes; whether the directory changed is asked once a second, whatever is counted."""
    with CaptureQueriesContext(connection) as asked:
        plain(MX, US, timezone.now())
    return sum("directory_viewnumber" not in one["sql"] for one in asked.captured_queries)


def test_a_report_costs_the_same_questions_however_many_steps_there_are(world: OutcomeWorld) -> None:
    world.exchange(serial=SERIALS[0])
    few = questions_of_a_report()
    for serial in SERIALS[1:3]:
        world.exchange(serial=serial)
    assert questions_of_a_report() == few > 0
