"""The table of steps, times and completeness, by example and by property."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contraparte.inquiries.catalogue import catalogue
from contraparte.inquiries.rules.catalogue import Family
from contraparte.inquiries.rules.completeness import Asked, AskedMeasure, AskedOffence, completeness, rights_screen
from contraparte.inquiries.rules.lifecycle import (
    ANY,
    ENDED,
    ORAL_LASTS,
    PAUSE_CAP,
    RULES,
    STATES,
    STEPS,
    Event,
    Fold,
    Side,
    Stage,
    allowed_steps,
    fold_events,
    require_step,
)
from contraparte.inquiries.rules.steps import ALONE, ENDING, facts_of, step_of, type_of
from contraparte.inquiries.rules.times import stretches, time_by_holder
from contraparte.inquiries.wording import GAPS, STEP_HELP
from contraparte.inquiries.wording import STATES as STATE_WORDS
from contraparte.inquiries.wording import STEPS as STEP_WORDS
from contraparte.protocol.errors import InquiryIncompleteError, InquiryStepError

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
FAMILIES = sorted(ANY)
SIDES: tuple[Side, ...] = ("initiator", "responder")

events = st.lists(
    st.builds(
        lambda step, side, minutes, used, number: Event(
            f"{number:04d}", step, side, START + timedelta(minutes=minutes), {"used": used, "ground": "sovereignty"}
        ),
        st.sampled_from(STEPS),
        st.sampled_from(SIDES),
        st.integers(1, 60 * 24 * 30),
        st.booleans(),
        st.integers(0, 9999),
    ),
    max_size=25,
    unique_by=lambda event: event.uuid,
)


def opening(oral: bool = False) -> Event:
    return Event("open", "open", "initiator", START, {"oral": True} if oral else {})


def walk(family: Family, *steps: str, oral: bool = False) -> Fold:
    """The fold after these steps, each an hour after the last, by the side whose step it is."""
    sides = {rule.step: rule.side for rule in RULES if family in rule.families}
    told = [
        Event(f"{n:03d}", step, sides[step], START + timedelta(hours=n + 1), {"used": True})
        for n, step in enumerate(steps)
    ]
    return fold_events(family, [opening(oral), *told], START + timedelta(hours=len(steps) + 1))


@given(st.sampled_from(FAMILIES), events, st.booleans(), st.randoms())
def test_events_in_any_order_end_in_the_same_state(family: Family, told: list[Event], oral: bool, random: Any) -> None:
    mixed = [opening(oral), *told]
    random.shuffle(mixed)
    now = START + timedelta(days=40)
    fold = fold_events(family, [opening(oral), *told], now)
    assert fold_events(family, mixed, now) == fold
    assert len(fold.applied) + len(fold.crossed) == len(mixed)


@given(st.sampled_from(FAMILIES), events, st.booleans())
def test_every_applied_step_was_allowed_and_stages_cover_the_time_without_gap(
    family: Family, told: list[Event], oral: bool
) -> None:
    now = START + timedelta(days=40)
    fold = fold_events(family, [opening(oral), *told], now)
    assert fold.state in STATES
    for earlier, later in zip(fold.stages, fold.stages[1:], strict=False):
        assert earlier.end == later.start
    open_ones = [stage for stage in fold.stages if stage.end is None]
    assert len(open_ones) == (fold.state not in ENDED)
    whole = sum((one.lasted for one in stretches(fold.stages, now)), timedelta(0))
    assert fold.since is not None
    assert whole == (fold.since if fold.state in ENDED else now) - START


@given(st.sampled_from(FAMILIES), events)
def test_a_step_that_is_listed_is_allowed_and_one_that_is_not_names_those_that_are(
    family: Family, told: list[Event]
) -> None:
    now = START + timedelta(days=40)
    fold = fold_events(family, [opening(), *told], now)
    for side in SIDES:
        listed = allowed_steps(fold, side)
        for step in STEPS:
            facts = {"without_consultation": True}
            if step in listed:
                assert require_step(fold, step, side, facts, now).step == step
            else:
                with pytest.raises(InquiryStepError) as refusal:
                    require_step(fold, step, side, facts, now)
                assert refusal.value.params["allowed"] == ", ".join(listed)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_state_but_the_last_ones_has_a_way_on(family: Family) -> None:
    reached = {rule.target for rule in RULES if family in rule.families} - {"(before)"} - ENDED
    for state in reached:
        fold = Fold(family, state, opened_at=START)
        assert [step for side in SIDES for step in allowed_steps(fold, side)], state


def test_no_ended_inquiry_takes_a_step() -> None:
    for state in ENDED:
        for family in FAMILIES:
            assert not [step for side in SIDES for step in allowed_steps(Fold(family, state), side)]


def test_a_clarification_returns_to_what_it_interrupted() -> None:
    assert walk("letter", "acknowledge", "clarify").state == "clarification"
    assert walk("letter", "acknowledge", "clarify", "clarification").state == "assessing"
    assert walk("letter", "acknowledge", "accept", "execute", "clarify", "clarification").state == "executing"


def test_a_consultation_that_waits_a_week_holds_up_no_refusal() -> None:
    fold = walk("letter", "acknowledge", "consult")
    asked = fold.consulted_at
    assert asked is not None
    late = [*fold.applied, Event("z", "refuse", "responder", asked + timedelta(days=7), {"ground": "sovereignty"})]
    soon = [*fold.applied, Event("z", "refuse", "responder", asked + timedelta(days=6), {"ground": "sovereignty"})]
    assert fold_events("letter", late, asked + timedelta(days=8)).state == "refused"
    assert fold_events("letter", soon, asked + timedelta(days=8)).state == "consulting"


def test_confirming_is_offered_only_for_what_was_spoken_and_ends_the_term() -> None:
    assert "confirm" not in allowed_steps(walk("police"), "initiator")
    assert "confirm" in allowed_steps(walk("police", oral=True), "initiator")
    confirmed = walk("police", "confirm", oral=True)
    assert (confirmed.state, confirmed.expires_at) == ("delivered", None)


def test_a_spoken_request_expires_at_the_very_end_of_its_term() -> None:
    end = START + ORAL_LASTS
    assert fold_events("police", [opening(True)], end - timedelta(seconds=1)).state == "delivered"
    fold = fold_events("police", [opening(True)], end)
    assert (fold.state, fold.since) == ("expired", end)
    too_late = Event("x", "confirm", "initiator", end, {})
    assert fold_events("police", [opening(True), too_late], end).crossed == (too_late,)


def test_a_pause_past_its_cap_counts_to_who_asked() -> None:
    now = START + PAUSE_CAP + timedelta(days=10)
    told = time_by_holder((Stage("clarification", "initiator", START, None),), now)
    assert told == {"initiator": PAUSE_CAP, "responder": timedelta(days=10)}
    parts = stretches((Stage("clarification", "initiator", START, None),), now)
    assert sum(one.part for one in parts) == pytest.approx(1.0)
    assert [one.is_running for one in parts] == [False, True]


def test_the_sides_of_spontaneous_information_are_turned_round() -> None:
    fold = walk("spontaneous", "acknowledge")
    assert allowed_steps(fold, "responder") == ("use",)
    assert allowed_steps(fold, "initiator") == ("withdraw",)
    assert fold.stages[-1].holder == "responder"


@pytest.mark.parametrize("step", STEPS)
def test_steps_and_their_messages_belong_together(step: str) -> None:
    body = {"step": step} if step in {"assess", "execute"} else {}
    assert step_of(type_of(step), body) == step


def test_only_what_the_law_prohibits_needs_no_consultation_whatever_a_peer_claims() -> None:
    assert facts_of("refuse", {"ground": "sovereignty", "without_consultation": True})["without_consultation"] is False
    assert facts_of("refuse", {"ground": "prohibited_by_law"})["without_consultation"] is True


def test_facts_hold_codes_and_days_and_never_what_was_said() -> None:
    said = {"text": "secret", "results": [{"text": "secret"}], "reference": "I-26-000001", "ground": "privilege"}
    for step in ("open", *STEPS):
        assert "secret" not in str(facts_of(step, said))


def test_every_code_has_words() -> None:
    assert set(STEP_WORDS) == set(STEP_HELP) == set(STEPS)
    assert set(STATES) <= set(STATE_WORDS)
    assert set(STEPS) >= ALONE | ENDING


# --- completeness ---

WHOLE = Asked(
    instrument="mlat_mx_us_1987", counterpart="us.doj/assistance", facts="…", purpose="…", article="4",
    requesting_authority="A", competent_authority="B", translation_hash="a" * 64, translated_by="P",
    offences=(AskedOffence("extortion", "Art. 390", "Sonora"),),
    measures=(AskedMeasure("bank_records", "Account 1", "paid in"), AskedMeasure("testimony", "Manager", "opened it")),
)  # fmt: skip


def gaps(**changes: Any) -> list[tuple[str, str, int | None]]:
    from dataclasses import replace

    found = completeness(replace(WHOLE, **changes), catalogue())
    return [(gap.field, gap.code, gap.measure) for gap in found.gaps]


def test_a_whole_letter_has_no_gap() -> None:
    report = completeness(WHOLE, catalogue())
    assert (report.gaps, report.score, report.is_complete) == ((), 100, True)


def test_the_gate_names_both_gaps_of_the_scenario_at_once() -> None:
    measures = (AskedMeasure("bank_records", "Account 1", "paid in"), AskedMeasure("bank_records", "Account 2", ""))
    found = gaps(offences=(AskedOffence("extortion"),), measures=measures)
    assert found == [("offences-0-text", "statute", None), ("measures-1-nexus", "nexus", 1)]


def test_dual_criminality_stops_the_search_and_not_the_statement() -> None:
    from dataclasses import replace

    measures = (AskedMeasure("search", "Warehouse", "goods"), AskedMeasure("testimony", "Manager", "opened it"))
    report = completeness(replace(WHOLE, measures=measures), catalogue())
    assert report.stopped == {0} and not report.blocking
    report.raise_if_stopped(leave_out=True)
    with pytest.raises(InquiryIncompleteError):
        report.raise_if_stopped()


def test_leaving_out_leaves_something_to_ask() -> None:
    from dataclasses import replace

    report = completeness(replace(WHOLE, measures=(AskedMeasure("search", "Warehouse", "goods"),)), catalogue())
    with pytest.raises(InquiryIncompleteError):
        report.raise_if_stopped(leave_out=True)


@pytest.mark.parametrize("urgency", ["urgent", "at_hand"])
def test_urgency_needs_a_reason_and_a_date(urgency: str) -> None:
    assert gaps(urgency=urgency) == [("urgent_reason", "urgent_reason", None), ("due_on", "urgent_date", None)]
    assert gaps(urgency=urgency, urgent_reason="A life.", due_on=date(2026, 11, 3)) == []


def test_a_date_without_urgency_needs_a_reason() -> None:
    assert gaps(due_on=date(2026, 12, 1)) == [("due_reason", "due_reason", None)]


def test_a_sure_source_of_what_cannot_be_judged_warns_and_stops_nothing() -> None:
    from dataclasses import replace

    report = completeness(replace(WHOLE, source_grade="A", information_grade="4"), catalogue())
    assert [gap.code for gap in report.warnings] == ["grade_contradicts"]
    assert report.is_complete and report.score == 100


def test_a_measure_of_another_instrument_stops_itself_only() -> None:
    measures = (AskedMeasure("information", "Anything", "…"), WHOLE.measures[1])
    assert gaps(measures=measures) == [("measures-0-code", "measure_unknown", 0)]


@given(st.builds(
    Asked,
    instrument=st.sampled_from(["", "nonsense", *catalogue().instruments]),
    counterpart=st.sampled_from(["", "us.doj/assistance"]),
    facts=st.sampled_from(["", "…"]),
    urgency=st.sampled_from(["routine", "urgent", "at_hand"]),
    is_oral=st.booleans(),
    handling=st.frozensets(st.sampled_from(["H0", "H1", "H2", "H3"])),
    source_grade=st.sampled_from(["", "A", "B"]),
    information_grade=st.sampled_from(["", "1", "4"]),
    offences=st.lists(st.builds(AskedOffence, st.sampled_from(["", "extortion", "x"]), st.sampled_from(["", "t"])),
                      max_size=3).map(tuple),
    measures=st.lists(st.builds(AskedMeasure, st.sampled_from(["", "x", *catalogue().measures]),
                                st.sampled_from(["", "o"]), st.sampled_from(["", "n"])), max_size=4).map(tuple),
))  # fmt: skip
def test_every_gap_has_words_and_the_score_stays_within_its_bounds(asked: Asked) -> None:
    report = completeness(asked, catalogue())
    assert all(gap.code in GAPS for gap in report.gaps)
    assert 0 <= report.score <= 100
    assert (report.score == 100) == report.is_complete
    assert report.stopped <= set(range(len(asked.measures)))


def test_the_rights_screen_is_raised_by_ticks_offences_and_minors() -> None:
    from dataclasses import replace

    asked = replace(WHOLE, offences=(AskedOffence("rebellion", "…"), AskedOffence("homicide", "…")))
    told = rights_screen(asked, catalogue(), ticked=["journalist", "nonsense"], has_minor=True)
    assert told == ("death_penalty", "political_offence", "journalist", "minor")
    assert rights_screen(WHOLE, catalogue(), ticked=[], has_minor=False) == ()


@pytest.mark.parametrize("kind", ["instruments", "offences", "measures", "grounds"])
def test_every_entry_says_where_it_comes_from_in_both_languages(kind: str) -> None:
    for code, entry in getattr(catalogue(), kind).items():
        assert entry.code == code and entry.source.en and entry.source.es and entry.words.en and entry.words.es
        assert isinstance(entry.verified, bool)


def test_instruments_and_measures_name_only_what_completeness_knows() -> None:
    known = catalogue()
    asked = {"offences", "statute", "facts", "purpose", "nexus", "authority", "translation", "note"}
    at_release = {"signature"}
    assert set().union(*(one.needs for one in known.instruments.values())) <= asked | at_release
    assert set().union(*(one.needs for one in known.measures.values())) <= {
        "object", "nexus", "statute", "dual_criminality"
    }  # fmt: skip
    assert {cast(str, one.family) for one in known.instruments.values()} == ANY
