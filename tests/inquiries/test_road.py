"""Inquiries over the road: both sides come to the same state, clocks stop and end where they should."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from contraparte.directory import actions as directory_actions
from contraparte.directory import view
from contraparte.directory.models import Country
from contraparte.exchange import actions as exchange
from contraparte.exchange.models import Draft, Message, Obligation
from contraparte.exchange.reading import read_message
from contraparte.inquiries import queries
from contraparte.inquiries.actions.asking import convert_lead, open_inquiry, redirect_request, save_inquiry
from contraparte.inquiries.actions.stepping import lapse_unconfirmed, take_step
from contraparte.inquiries.models import Inquiry, Step
from contraparte.inquiries.rules.times import time_by_holder, time_by_stage
from contraparte.protocol.errors import (
    GroundNotCoerciveError,
    HandlingUnknownError,
    InquiryFieldError,
    InquiryIncompleteError,
    InquirySentError,
    InquiryStepError,
    IntelligenceInCourtError,
    LeadConvertedError,
    PostNotLocalError,
    RefusalUnconsultedError,
    ReleaseHeldError,
    StepDraftedError,
    TenureEndedError,
)
from tests.inquiries.inquiry_world import CENTRAL, COURT, LETTER, POLICE, SONORA, InquiryWorld


def owed(row: Inquiry) -> dict[str, Obligation]:
    """Stage → the step owed in this side's thread."""
    return {one.stage: one for one in queries.owed_in(Inquiry.objects.get(pk=row.pk))}


def same(world: InquiryWorld, row: Inquiry) -> str:
    """The state, after checking that both sides hold the same events, stages and clocks."""
    mine, theirs = world.standing(row), world.standing(world.other(row))
    assert mine.settled == theirs.settled
    assert not mine.under_way and not theirs.under_way
    clocks = [
        sorted(
            Obligation.objects.filter(conversation=one.conversation).values_list(
                "stage", "holder", "opened_at", "due_at", "closed_at", "extended", "paused_until"
            )
        )
        for one in (row, world.other(row))
    ]
    assert clocks[0] == clocks[1]
    return mine.settled.state


def test_a_letter_runs_its_whole_way_and_both_sides_hold_the_same(world: InquiryWorld) -> None:
    row = world.ask(LETTER)
    assert same(world, row) == "delivered"
    assert set(owed(row)) == {"acknowledge"}
    theirs = world.other(row)
    assert (theirs.side, theirs.their_reference, theirs.family) == ("responder", row.reference, "letter")
    world.step(theirs, "acknowledge")
    assert set(owed(row)) == {"decide"} and owed(row)["decide"].holder == CENTRAL
    assert Inquiry.objects.get(pk=row.pk).their_reference == theirs.reference
    world.step(theirs, "assess")
    world.step(theirs, "accept")
    assert set(owed(row)) == {"execute"}
    world.step(theirs, "execute")
    world.step(theirs, "delay", {"text": "The bank moved its archive.", "estimate": "2027-03-01"})
    world.step(theirs, "part", {"results": [{"number": 1, "outcome": "done", "text": "Statements attached."}]})
    assert same(world, row) == "partial"
    world.step(theirs, "answer", {"results": [{"number": 2, "outcome": "nothing_found", "text": "No such person."}]})
    assert same(world, row) == "answered"
    assert set(owed(row)) == {"verify"} and owed(row)["verify"].holder == SONORA
    world.step(row, "verify")
    assert set(owed(row)) == {"use"}
    world.step(row, "use", {"used": True, "way": "court_file", "text": "Admitted.", "outcome_due": "2027-06-01"})
    assert same(world, row) == "outcome_due"
    world.step(row, "close")
    assert same(world, row) == "closed"
    assert not owed(row) and not owed(theirs)
    closed = {one.conversation.close_code for one in (row, theirs) if one.conversation.refresh_from_db() is None}
    assert closed == {"inquiry.close/1"}


def test_a_clarification_stops_the_clock_for_as_long_as_the_other_side_owes_it(world: InquiryWorld) -> None:
    world.at = timezone.now()
    row = world.ask(LETTER)
    theirs = world.other(row)
    world.step(theirs, "acknowledge")
    before = owed(row)["decide"].due_at
    world.step(theirs, "clarify", {"text": "Which branch?"})
    assert same(world, row) == "clarification"
    assert owed(row)["decide"].is_stopped and not owed(row)["clarification"].is_stopped
    world.at += timedelta(days=12)
    renew(world)
    world.step(row, "clarification", {"text": "The one at Nogales."})
    assert same(world, row) == "assessing"
    clock = owed(theirs)["decide"]
    assert before is not None and clock.due_at == before + timedelta(days=12)
    assert not clock.is_stopped and clock.extended == timedelta(days=12)
    assert clock.held_for(world.now) == timedelta(0)
    stages = world.standing(row).settled.stages
    assert time_by_stage(stages, world.now)["clarification"] == timedelta(days=12)
    assert time_by_holder(stages, world.now)["initiator"] == timedelta(days=12)


def renew(world: InquiryWorld) -> None:
    """The trusted directories are refreshed, as they are every day."""
    Country.objects.update(expires_at=world.now + timedelta(days=7))
    view.forget()


def test_a_clarification_never_answered_stops_the_clock_only_up_to_its_cap(world: InquiryWorld) -> None:
    world.at = timezone.now()
    row = world.ask(LETTER)
    theirs = world.other(row)
    world.step(theirs, "acknowledge")
    before = owed(row)["decide"].due_at
    world.step(theirs, "clarify", {"text": "Which branch?"})
    clock = owed(theirs)["decide"]
    assert before is not None and clock.due_at == before + timedelta(days=60)
    assert clock.held_for(world.now + timedelta(days=60)) == timedelta(0)
    assert clock.held_for(world.now + timedelta(days=63)) == timedelta(days=3)


def test_a_police_request_is_answered_within_its_own_clock(world: InquiryWorld) -> None:
    row = world.ask(
        POLICE, urgency="at_hand", urgent_reason="A life.", due_on="2026-12-01", source_grade="B", information_grade="2"
    )
    clock = owed(row)["inquiry"]
    assert clock.due_at == clock.opened_at + timedelta(hours=8)
    theirs = world.other(row)
    world.step(theirs, "acknowledge")
    assert set(owed(row)) == {"inquiry"}
    world.step(theirs, "answer", {"text": "The line belongs to a shop."}, handling=["H1"], source_grade="B",
               information_grade="2")  # fmt: skip
    assert same(world, row) == "answered"
    assert set(owed(row)) == {"verify"}
    answer = read_message(Message.objects.get(agency="mx.fge-son", type="inquiry.answer/1"))
    assert answer.marking.handling == {"H1"} and answer.marking.evidence == "intelligence"
    assert answer.marking.evaluation is not None and answer.marking.evaluation.source == "B"


def test_refusing_without_a_consultation_is_refused_and_names_what_is_open(world: InquiryWorld) -> None:
    row = world.ask(LETTER)
    theirs = world.other(row)
    world.step(theirs, "acknowledge")
    with pytest.raises(RefusalUnconsultedError) as refusal:
        take_step(theirs, "refuse", {"ground": "sovereignty", "text": "…"}, by=world.agent, now=world.now)
    assert "consult" in refusal.value.params["allowed"]
    assert same(world, row) == "acknowledged"
    world.step(theirs, "consult", {"text": "We could give the first account only."})
    with pytest.raises(RefusalUnconsultedError):
        take_step(theirs, "refuse", {"ground": "sovereignty", "text": "…"}, by=world.agent, now=world.now)
    world.step(row, "consult_reply", {"text": "We need both."})
    world.step(theirs, "refuse", {"ground": "sovereignty", "text": "Not on these accounts."})
    assert same(world, row) == "refused"
    assert not owed(row) and not owed(theirs)


def test_what_the_law_prohibits_is_refused_at_once(world: InquiryWorld) -> None:
    row = world.ask(LETTER)
    theirs = world.other(row)
    world.step(theirs, "refuse", {"ground": "prohibited_by_law", "text": "A privilege."})
    assert same(world, row) == "refused"


def test_dual_criminality_is_no_ground_against_what_is_not_coercive(world: InquiryWorld) -> None:
    search = {"code": "search", "object": "Warehouse 4", "nexus": "Goods were kept there.", "dual": "18 U.S.C. 875"}
    row = world.ask(LETTER, measures=[*LETTER["measures"], search])
    theirs = world.other(row)
    world.step(theirs, "acknowledge")
    world.step(theirs, "consult", {"text": "Not an offence here."})
    world.step(row, "consult_reply", {"text": "It is."})
    with pytest.raises(GroundNotCoerciveError):
        take_step(theirs, "refuse", {"ground": "no_dual_criminality", "text": "…"}, by=world.agent, now=world.now)
    world.step(theirs, "accept")
    bad = {"results": [{"number": 2, "outcome": "refused", "ground": "no_dual_criminality"}]}
    with pytest.raises(GroundNotCoerciveError) as refusal:
        take_step(theirs, "answer", bad, by=world.agent, now=world.now)
    assert refusal.value.params["field"] == "ground_2"
    good = {"results": [{"number": 3, "outcome": "refused", "ground": "no_dual_criminality"}], "text": "The rest."}
    world.step(theirs, "answer", good)
    assert same(world, row) == "answered"


def test_agreed_conditions_stand_on_every_answer(world: InquiryWorld) -> None:
    row = world.ask(LETTER)
    theirs = world.other(row)
    world.step(theirs, "acknowledge")
    world.step(theirs, "conditions", {"text": "Not for tax proceedings."})
    assert set(owed(row)) == {"conditions"}
    world.step(row, "agree")
    assert same(world, row) == "accepted"
    assert set(owed(row)) == {"execute"}
    for step in ("part", "answer"):
        world.step(theirs, step, {"text": "Statements."})
        told = read_message(Message.objects.get(agency="mx.fge-son", type=f"inquiry.{step}/1"))
        assert told.marking.handling == {"H3"}
        assert told.marking.handling_text == "Not for tax proceedings."


def test_a_transfer_ends_here_and_the_same_request_goes_to_the_competent_post_once(world: InquiryWorld) -> None:
    row = world.ask(LETTER)
    theirs = world.other(row)
    world.step(theirs, "transfer", {"to": COURT, "text": "Bank records are the court's."})
    assert same(world, row) == "transferred"
    made = redirect_request(row, to=COURT, by=world.officer, now=world.now)
    assert (made.counterpart, made.lead_id) == (COURT, row.pk)
    world.release(open_inquiry(made, by=world.officer, now=world.now))  # type: ignore[arg-type]
    world.settle()
    assert queries.counted(world.officer) == 1
    there = Inquiry.objects.get(post_id=COURT)
    assert there.lead_id == theirs.pk


def test_a_lead_is_converted_once_linked_on_both_sides_and_carries_nothing_the_other_side_said(
    world: InquiryWorld,
) -> None:
    lead = world.ask(POLICE, handling=["H1"])
    world.step(world.other(lead), "answer", {"text": "The shop is owned by Talvo."}, handling=["H1"])
    with pytest.raises(IntelligenceInCourtError):
        take_step(lead, "use", {"used": True, "way": "court_file", "text": "…"}, by=world.officer, now=world.now)
    made = convert_lead(lead, instrument="mlat_mx_us_1987", by=world.officer, now=world.now)
    assert made.family == "letter" and made.typed["facts"] == POLICE["facts"]
    assert made.typed["handling"] == ["H1"] and "Talvo" not in str(made.typed)
    with pytest.raises(LeadConvertedError) as again:
        convert_lead(lead, instrument="untoc", by=world.officer, now=world.now)
    assert again.value.params["reference"] == made.reference
    save_inquiry(LETTER, by=world.officer, now=world.now, inquiry=made)
    world.release(open_inquiry(made, by=world.officer, now=world.now))  # type: ignore[arg-type]
    world.settle()
    assert world.other(Inquiry.objects.get(pk=made.pk)).lead_id == world.other(lead).pk
    assert (queries.counted(world.officer), queries.counted(world.agent)) == (1, 1)


def test_a_request_by_word_of_mouth_expires_after_five_days_on_both_sides_and_its_use_is_frozen(
    world: InquiryWorld,
) -> None:
    world.at = timezone.now()
    row = world.ask(POLICE, is_oral=True, oral_by="Duty officer 12", handling=["H1"])
    theirs = world.other(row)
    world.step(theirs, "answer", {"text": "A shop."})
    begun = world.at
    world.at = begun + timedelta(days=4, hours=23)
    assert world.standing(row).state == "answered"
    world.at = begun + timedelta(days=5)
    assert same(world, row) == "expired"
    assert world.standing(row).fold.is_frozen
    assert world.standing(row).steps == world.standing(theirs).steps == ()
    with pytest.raises(InquiryStepError):
        take_step(row, "use", {"used": True, "text": "…"}, by=world.officer, now=world.now)
    assert lapse_unconfirmed(world.now) == 2
    assert not owed(row) and not owed(theirs)
    assert lapse_unconfirmed(world.now) == 0
    assert same(world, row) == "expired"


def test_a_confirmed_one_does_not_expire(world: InquiryWorld) -> None:
    world.at = timezone.now()
    row = world.ask(POLICE, is_oral=True, oral_by="Duty officer 12")
    assert "confirm" in world.standing(row).steps
    world.step(row, "confirm")
    assert "confirm" not in world.standing(row).steps
    world.at += timedelta(days=40)
    assert same(world, row) == "delivered"


def test_a_withdrawal_after_the_answer_freezes_its_use(world: InquiryWorld) -> None:
    row = world.ask(POLICE)
    world.step(world.other(row), "answer", {"text": "A shop."})
    world.step(row, "withdraw", {"text": "The case was closed."})
    assert same(world, row) == "withdrawn"
    assert world.standing(row).fold.is_frozen and not world.standing(row).steps
    assert not owed(row)


def test_steps_that_cross_on_the_way_leave_both_sides_with_the_same(world: InquiryWorld) -> None:
    row = world.ask(POLICE)
    theirs = world.other(row)
    answer = take_step(theirs, "answer", {"text": "A shop."}, by=world.agent, now=world.now)
    assert isinstance(answer, Draft)
    world.release(answer)
    take_step(row, "withdraw", {"text": "No longer needed."}, by=world.officer, now=world.now)
    world.settle()
    assert same(world, row) in {"withdrawn", "answered"}
    fold = world.standing(row).settled
    assert len(fold.applied) + len(fold.crossed) == 3


def test_an_illegal_step_says_which_are_open_and_a_drafted_one_is_not_drafted_twice(world: InquiryWorld) -> None:
    row = world.ask(LETTER)
    theirs = world.other(row)
    with pytest.raises(InquiryStepError) as refusal:
        take_step(theirs, "accept", {}, by=world.agent, now=world.now)
    assert refusal.value.params["state"] == "delivered"
    assert "acknowledge" in refusal.value.params["allowed"]
    world.step(theirs, "acknowledge")
    take_step(theirs, "accept", {}, by=world.agent, now=world.now)
    with pytest.raises(StepDraftedError):
        take_step(theirs, "accept", {}, by=world.agent, now=world.now)
    assert Step.objects.filter(step="accept").count() == 1
    with pytest.raises(InquiryFieldError):
        take_step(theirs, "refuse", {"ground": "because", "text": "…", "without_consultation": True},
                  by=world.agent, now=world.now)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "gaps"),
    [
        ({"urgency": "urgent"}, "urgent_reason, urgent_date"),
        ({"offences": [], "purpose": ""}, "purpose, offences"),
        ({"is_oral": True}, "oral"),
        ({"handling": ["H3"]}, "handling_text"),
        ({"counterpart": ""}, "counterpart"),
    ],
)
def test_every_gap_is_named_at_once_and_nothing_is_drafted(
    world: InquiryWorld, changes: dict[str, Any], gaps: str
) -> None:
    row = world.save(POLICE, **changes)
    with pytest.raises(InquiryIncompleteError) as refusal:
        open_inquiry(row, by=world.officer, now=world.now)
    assert refusal.value.params["gaps"] == gaps
    assert not Draft.objects.exists()


def test_an_unknown_handling_code_is_refused_by_name_and_nothing_is_kept(world: InquiryWorld) -> None:
    with pytest.raises(HandlingUnknownError) as refusal:
        world.save(POLICE, handling=["H1", "H9"])
    assert (refusal.value.params["field"], refusal.value.params["read"]) == ("handling", "H9")
    assert not Inquiry.objects.exists()


def test_only_the_search_stops_where_dual_criminality_is_missing(world: InquiryWorld) -> None:
    search = {"code": "search", "object": "Warehouse 4", "nexus": "Goods were kept there."}
    row = world.save(LETTER, measures=[search, LETTER["measures"][1]])
    with pytest.raises(InquiryIncompleteError) as refusal:
        open_inquiry(row, by=world.officer, now=world.now)
    assert refusal.value.params["gaps"] == "dual_criminality"
    world.release(open_inquiry(row, by=world.officer, now=world.now, leave_out=True))  # type: ignore[arg-type]
    world.settle()
    told = read_message(Message.objects.get(agency="us.doj", type="inquiry.letter/1"))
    assert [(one["number"], one["code"]) for one in told.body["measures"]] == [(2, "testimony")]
    assert Inquiry.objects.get(pk=row.pk).left_out == [1]


@pytest.mark.parametrize(
    "changes",
    [
        {"rights": ["journalist"]},
        {"offences": [{"code": "kidnapping"}]},
        {"offences": [{"code": "rebellion"}]},
    ],
)
def test_rights_at_risk_need_a_second_person(world: InquiryWorld, changes: dict[str, Any]) -> None:
    row = world.save(POLICE, **changes)
    draft = open_inquiry(row, by=world.officer, now=world.now)
    assert isinstance(draft, Draft)
    shown = exchange.preview(draft, now=world.now)
    assert shown.needs == ("approval", "senior_review")
    exchange.approve_draft(draft, digest=shown.content_digest, by=world.chief, now=world.now)
    with pytest.raises(ReleaseHeldError) as held:
        exchange.release_draft(draft, by=world.officer, now=world.now)
    assert held.value.params["needs"] == ["senior_review"]
    exchange.approve_draft(draft, digest=shown.content_digest, by=world.second_chief, now=world.now)
    exchange.release_draft(draft, by=world.officer, now=world.now)
    world.settle()
    assert world.standing(row).state == "delivered"


def test_a_minor_needs_two_persons_and_stands_under_a_name_of_their_own(world: InquiryWorld) -> None:
    row = world.save(POLICE, persons=[{"name": "Elia", "status": "witness", "minor": True}, {"name": "Rafe"}])
    draft = open_inquiry(row, by=world.officer, now=world.now)
    assert isinstance(draft, Draft)
    assert set(exchange.preview(draft, now=world.now).needs) == {"approval", "second_approval", "senior_review"}
    assert [one["name"] for one in draft.body["minors"]] == ["Elia"]
    assert [one["name"] for one in draft.body["subjects"]] == ["Rafe"]


def test_a_returned_draft_is_mended_and_written_anew(world: InquiryWorld) -> None:
    row = world.save(POLICE)
    draft = open_inquiry(row, by=world.officer, now=world.now)
    assert isinstance(draft, Draft)
    exchange.submit_draft(draft, by=world.officer, now=world.now)
    assert world.standing(row).state == "release_review"
    exchange.return_draft(draft, note="Say who called.", by=world.chief, now=world.now)
    assert world.standing(row).state == "returned"
    save_inquiry(POLICE | {"facts": "Who called said…"}, by=world.officer, now=world.now, inquiry=row)
    again = open_inquiry(row, by=world.officer, now=world.now)
    assert isinstance(again, Draft) and again.pk == draft.pk
    assert Draft.objects.get().body["facts"] == "Who called said…"
    world.release(Draft.objects.get())
    world.settle()
    with pytest.raises(InquirySentError):
        save_inquiry(POLICE, by=world.officer, now=world.now, inquiry=row)
    with pytest.raises(InquirySentError):
        open_inquiry(row, by=world.officer, now=world.now)


def test_spontaneous_information_is_taken_up_used_and_converted_by_its_receiver(world: InquiryWorld) -> None:
    told = {name: POLICE[name] for name in ("counterpart", "facts", "purpose")} | {"instrument": "spontaneous"}
    row = world.ask(told, handling=["H2"])
    theirs = world.other(row)
    world.step(theirs, "acknowledge")
    world.step(theirs, "use", {"used": False, "text": "Nothing on our side."})
    assert same(world, row) == "not_used"
    made = convert_lead(theirs, instrument="mlat_mx_us_1987", by=world.agent, now=world.now)
    assert (made.counterpart, made.typed["handling"]) == (SONORA, ["H2"])
    assert POLICE["facts"] not in str(made.typed)


def test_a_liaison_note_leaves_by_the_officers_own_hand_and_is_answered(world: InquiryWorld) -> None:
    note = {"instrument": "liaison_note", "counterpart": CENTRAL, "note_subject": "Stolen vehicle", "note_what": "Seen",
            "note_when": "Nogales, today", "note_asked": "Please check the plate."}  # fmt: skip
    row = world.ask(note)
    assert same(world, row) == "delivered"
    world.step(world.other(row), "answer", {"text": "Not stolen here."})
    assert same(world, row) == "answered"
    world.step(row, "close")
    assert same(world, row) == "closed"


def test_somebody_of_another_post_takes_no_step_here(world: InquiryWorld) -> None:
    row = world.ask(POLICE)
    theirs = world.other(row)
    assert not queries.inquiries_of(world.clerk).exists()
    directory_actions.end_tenure(world.agent, by=None, now=world.now)
    world.agent.refresh_from_db()
    with pytest.raises(PostNotLocalError):
        take_step(theirs, "acknowledge", {}, by=world.clerk, now=world.now)
    with pytest.raises(TenureEndedError):
        take_step(theirs, "acknowledge", {}, by=world.agent, now=world.now + timedelta(seconds=1))
    assert world.standing(row).state == "delivered"


EXTORTION: dict[str, Any] = POLICE | {
    "facts": "Shops at the crossing are called each Monday and told to pay 20,000 pesos into an account.",
    "purpose": "Find who calls and stop it.",
    "urgency": "urgent",
    "urgent_reason": "The next payment is due on Monday.",
    "due_on": "2099-01-01",
    "handling": ["H1"],
    "group": "Kidnapping and extortion",
    "measures": [
        {"code": "telephone_subscriber", "object": "+1 520 555 0177", "nexus": "The line that calls."},
        {"code": "account_existence", "object": "Account ending in 4411", "nexus": "Where the shops pay."},
    ],
}


def test_the_extortion_variant_of_a_lead_has_three_days_and_belongs_to_its_working_group(world: InquiryWorld) -> None:
    world.at = timezone.now()
    row = world.ask(EXTORTION)
    other = world.ask(POLICE)
    theirs = world.other(row)
    assert (row.group, theirs.group, world.other(other).group) == ("Kidnapping and extortion",) * 2 + ("",)
    step = owed(theirs)["inquiry"]
    assert step.due_at is not None and step.due_at - step.opened_at >= timedelta(days=3)
    assert step.due_at - step.opened_at < timedelta(days=4), "nobody is held: three days, not eight hours"
    for tenure in (world.officer, world.agent):
        assert queries.groups_of(tenure) == ["Kidnapping and extortion"]
        assert [one.inquiry.conversation.uuid for one in queries.desk(tenure, world.now, group=row.group)] == [
            row.conversation.uuid
        ]
    results = [
        {"number": 1, "outcome": "done", "text": "Prepaid, bought at Nogales."},
        {"number": 2, "outcome": "done", "text": "The account exists at one bank."},
    ]
    world.step(theirs, "answer", {"text": "Both are known.", "results": results}, handling=["H1"])
    with pytest.raises(IntelligenceInCourtError):
        take_step(row, "use", {"used": True, "way": "court_file"}, by=world.officer, now=world.now)
    formal = convert_lead(Inquiry.objects.get(pk=row.pk), instrument="mlat_mx_us_1987", by=world.officer, now=world.now)
    assert formal.group == row.group and formal.lead_id == row.pk, "the request made from it belongs there too"
    assert [one["code"] for one in formal.typed["measures"]] == ["telephone_subscriber", "account_existence"]
