"""Counting once, Kaplan–Meier held against statsmodels, shares, the report and its public version."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contraparte.outcomes.rules.counting import Reported, by_kind, by_thing, contributions, count_once
from contraparte.outcomes.rules.figures import Ending, StepRow, Use, figures
from contraparte.outcomes.rules.kinds import Contribution, Kind, Thing
from contraparte.outcomes.rules.lifecycle import Act, Said, Standing, State, standing
from contraparte.outcomes.rules.publishing import complement, rows_of, to_json
from contraparte.outcomes.rules.quantities import Quantity
from contraparte.outcomes.rules.quarters import Quarter
from contraparte.outcomes.rules.survival import Lasted, Share, interval, quantile, survival, times
from tests.outcomes.outcome_world import PROVIDED, arrest

QUARTER = Quarter(2026, 4)
AS_OF = datetime(2026, 12, 31, 12, tzinfo=UTC)
A, B, C = "mx.fge-son", "us.ntc", "us.dea"


def told(
    name: str, state: State = State.CONFIRMED, *same: str, reporter: str = A, other: str = B, **facts: Any
) -> Reported:
    return Reported(name, reporter, other, Standing(state, arrest(**facts), 1, "", frozenset(same)))


def test_one_arrest_claimed_by_three_parties_counts_once() -> None:
    claims = [
        told("e1"),
        told("e2", State.CONFIRMED, "e1", reporter=C),
        told("e3", State.CONFIRMED, "e2", reporter=B, other=A),
    ]
    (event,) = count_once(claims)
    assert event.ids == ("e1", "e2", "e3")
    assert by_kind([event])[0].confirmed == 1


def test_two_reports_that_name_an_event_unknown_here_are_one() -> None:
    assert len(count_once([told("e2", State.CONFIRMED, "e1"), told("e3", State.CONFIRMED, "e1")])) == 1


def test_an_event_confirmed_twice_counts_once() -> None:
    said = [
        Said(Act.REPORT, True, 1, arrest()),
        Said(Act.CONFIRM, False, 1, version=1, contribution=PROVIDED),
        Said(Act.CONFIRM, False, 2, version=1, contribution=PROVIDED),
    ]
    events = count_once([Reported("e1", A, B, standing(said)), Reported("e1", A, B, standing(said))])
    assert [row.confirmed for row in by_kind(events)] == [1]


def test_what_was_retracted_is_no_event_and_a_retracted_double_leaves_the_other() -> None:
    assert count_once([told("e1", State.RETRACTED)]) == []
    (event,) = count_once([told("e1", State.RETRACTED), told("e2", State.CONFIRMED, "e1")])
    assert event.ids == ("e2",)


def test_an_overturned_conviction_no_longer_counts_as_one() -> None:
    overturned = told("e1", kind=Kind.CONVICTION, overturned_on=date(2026, 12, 1))
    (row,) = by_kind(count_once([overturned, told("e2", kind=Kind.CONVICTION)]))
    assert (row.confirmed, row.overturned) == (1, 1)


def test_only_confirmed_quantities_are_added_up() -> None:
    def seizure(name: str, number: str, unit: str, state: State = State.CONFIRMED) -> Reported:
        return told(name, state, kind=Kind.SEIZURE, what=Thing.FENTANYL, quantity=Quantity.parse(number, unit))

    events = count_once([seizure("e1", "1", "kg"), seizure("e2", "1", "lb"), seizure("e3", "9", "kg", State.CONTESTED)])
    ((thing, total, count),) = by_thing(events)
    assert (thing, total.amount, count) == (Thing.FENTANYL, Fraction("1453.59237"), 2)


def test_contributions_are_counted_for_each_side_of_the_report() -> None:
    events = count_once([told("e1"), told("e2", reporter=B, other=A)])
    assert contributions(events, A) == {
        Contribution.REQUESTED: 1, Contribution.PROVIDED: 1, Contribution.JOINT: 0, Contribution.SUPPORT: 0,
    }  # fmt: skip


names = st.sampled_from([f"e{number}" for number in range(6)])
reports = st.lists(
    st.builds(
        lambda name, state, same, kind: told(name, state, *same, kind=kind),
        names,
        st.sampled_from(list(State)),
        st.lists(names, max_size=2),
        st.sampled_from([Kind.ARREST, Kind.CONVICTION]),
    ),
    max_size=8,
    unique_by=lambda one: one.id,
)


@given(reports, st.randoms(use_true_random=False))
def test_counts_do_not_depend_on_the_order_of_the_reports(claims: list[Reported], chance: Any) -> None:
    mixed = list(claims)
    chance.shuffle(mixed)
    assert count_once(mixed) == count_once(claims)
    assert sum(len(event.ids) for event in count_once(claims)) == sum(
        claim.standing.state is not State.RETRACTED for claim in claims
    )


# --- survival ---

lasting = st.lists(st.builds(Lasted, st.integers(1, 40).map(float), st.booleans()), min_size=1, max_size=60)


def oracle(rows: list[Lasted]) -> Any:
    import numpy
    from statsmodels.duration.survfunc import SurvfuncRight

    return SurvfuncRight(numpy.array([row.seconds for row in rows]), numpy.array([int(row.ended) for row in rows]))


@settings(deadline=None)
@given(lasting.filter(lambda rows: any(row.ended for row in rows)))
def test_the_estimate_is_that_of_statsmodels(rows: list[Lasted]) -> None:
    found, theirs = survival(rows), oracle(rows)
    shares = dict(zip(theirs.surv_times, theirs.surv_prob, strict=True))
    assert [step.at for step in found] == [at for at in shares if any(row.ended and row.seconds == at for row in rows)]
    assert [float(step.open_share) for step in found] == pytest.approx([shares[step.at] for step in found])
    errors = dict(zip(theirs.surv_times, theirs.surv_prob_se, strict=True))
    living = [step for step in found if step.open_share > 0]
    assert [step.error for step in living] == pytest.approx([errors[step.at] for step in living])
    for share in (Fraction(1, 2), Fraction(9, 10)):
        ours, other = quantile(found, share), theirs.quantile(float(share))
        # At a level that is met exactly statsmodels takes the next time; else both are one.
        if all(1 - step.open_share != share for step in found):
            assert ours == other or (ours is None and other != other)


@settings(deadline=None)
@given(lasting.filter(lambda rows: sum(row.ended for row in rows) > 3))
def test_the_interval_of_the_median_is_that_of_statsmodels(rows: list[Lasted]) -> None:
    low, high = interval(survival(rows), Fraction(1, 2))
    theirs_low, theirs_high = oracle(rows).quantile_ci(0.5, method="linear")
    if low is not None and not any(not row.ended for row in rows):
        assert low == theirs_low
        assert high == theirs_high or (high is None and theirs_high == float("inf"))


def test_without_open_steps_the_median_is_the_plain_one() -> None:
    found = times([Lasted(float(seconds), True) for seconds in range(1, 11)])
    assert (found.median, found.p90, found.n, found.still_open) == (5.0, 9.0, 10, 0)


def test_open_steps_count_with_the_time_they_have_taken() -> None:
    found = times([Lasted(1.0, True), Lasted(2.0, True), Lasted(30.0, False), Lasted(40.0, False), Lasted(50.0, False)])
    assert (found.median, found.p90, found.still_open) == (None, None, 3)


@given(lasting)
def test_the_share_still_open_never_rises_and_ends_between_none_and_all(rows: list[Lasted]) -> None:
    shares = [step.open_share for step in survival(rows)]
    assert shares == sorted(shares, reverse=True)
    assert all(0 <= share < 1 for share in shares)


def test_wilsons_interval_of_three_of_twenty_two() -> None:
    # Wilson 1927 with z = 1.96; the value in the literature for 3/22 is 4.7 to 33.3 percent.
    assert Share(3, 22).interval == pytest.approx((4.7, 33.3), abs=0.1)
    assert Share(0, 0).percent is None


# --- the report ---


def step(number: int, *, hours: float | None = 5, asker: str = A, holder: str = B, **more: Any) -> StepRow:
    opened = datetime(2026, 10, 2, tzinfo=UTC) + timedelta(days=number)
    given: dict[str, Any] = {
        "id": f"s{number:02d}", "conversation": f"c{number:02d}", "stage": "trace", "asker": f"{asker}/desk",
        "holder": f"{holder}/desk", "opened_at": opened,
        "closed_at": None if hours is None else opened + timedelta(hours=hours), "is_main": True,
        "feedback_due_at": opened + timedelta(days=30),
    }  # fmt: skip
    ground = more.pop("ground", "")
    made = StepRow(**(given | more))
    if not made.is_main or made.closed_at is None or made.ending is not None:
        return made
    return replace(made, ending=Ending(made.closed_at, ground=ground))


def report_of(steps: list[StepRow], events: Any = (), **more: Any) -> Any:
    given = {"quarter": QUARTER, "as_of": AS_OF, "pair": (A, B)} | more
    return figures(steps, events, **given)


def test_both_sides_compute_the_same_report() -> None:
    steps = [step(1), step(2, asker=B, holder=A), step(3, hours=None), step(4, ground="not_held")]
    events = count_once([told("e1"), told("e2", State.REPORTED)])
    assert report_of(steps, events, pair=(A, B)) == report_of(steps[::-1], events[::-1], pair=(B, A))


def test_the_two_directions_stand_side_by_side() -> None:
    told_of = report_of([step(1), step(2, ground="not_held"), step(3, hours=None), step(4, asker=B, holder=A)])
    first, second = told_of.directions
    assert (first.asker, first.asked, first.answered, first.refused, first.still_open) == (A, 3, 1, 1, 1)
    assert (second.asker, second.asked, second.answered) == (B, 1, 1)


def test_a_request_that_was_asked_again_or_questioned_was_not_complete_at_first() -> None:
    steps = [
        step(1), step(2), step(12, conversation="c02"), step(3),
        step(13, conversation="c03", is_main=False, stage="clarification", asker=B, holder=A, asks_back=True),
        step(4), step(14, conversation="c04", is_main=False, stage="verify", asker=B, holder=A),
    ]  # fmt: skip
    first_try = report_of(steps).directions[0].first_try
    assert (first_try.part, first_try.whole) == (2, 4)


def test_a_request_that_was_dropped_is_no_answer_and_waited_at_least_so_long() -> None:
    gone = step(2, hours=None, ending=Ending(datetime(2026, 10, 9, tzinfo=UTC), answered=False))
    told_of = report_of([step(1), gone, step(3, hours=None)]).directions[0]
    assert (told_of.asked, told_of.answered, told_of.dropped, told_of.still_open) == (3, 1, 1, 1)
    assert (told_of.first_try.whole, told_of.times.still_open) == (1, 2)


def test_a_lead_is_counted_with_the_request_made_from_it_once_that_is_there() -> None:
    lead = step(1, taken_up_at=AS_OF - timedelta(days=1), ground="not_held")
    formal = step(9, hours=None)
    now = report_of([lead, formal])
    assert (now.directions[0].asked, now.directions[0].answered, now.refusals) == (1, 0, [])
    before = report_of([lead], as_of=AS_OF - timedelta(days=2))
    assert (before.directions[0].asked, before.directions[0].refused) == (1, 1)
    assert now.stages[0].times.n == 2, "its steps took the time they took"


def test_a_request_ends_with_its_answer_however_early_its_first_step_ended() -> None:
    opened = datetime(2026, 10, 3, tzinfo=UTC)
    letter = step(1, stage="acknowledge", hours=2, ending=Ending(opened + timedelta(days=9), ground="not_held"))
    told_of = report_of([letter])
    assert told_of.stages[0].times.median == 2 * 3600
    assert (told_of.directions[0].times.median, told_of.directions[0].refused) == (9 * 86400, 1)


def test_feedback_is_told_given_overdue_or_not_due_yet() -> None:
    given_at = datetime(2026, 11, 1, tzinfo=UTC)
    steps = [
        step(1, use=Use(True, given_at)), step(2, use=Use(False, given_at)), step(3),
        step(4, feedback_due_at=AS_OF + timedelta(days=1)), step(5, ground="not_held"), step(6, hours=None),
    ]  # fmt: skip
    count = report_of(steps).feedback[0]
    assert (count.owed, count.used, count.not_used, count.overdue, count.pending) == (4, 1, 1, 1, 1)


def test_steps_count_in_the_quarter_in_which_they_began_and_as_of_the_instant_asked_for() -> None:
    earlier = step(1, opened_at=datetime(2026, 9, 30, 23, 59, tzinfo=UTC))
    closed_later = step(2, closed_at=AS_OF + timedelta(hours=1))
    direction = report_of([earlier, closed_later]).directions[0]
    assert (direction.asked, direction.still_open) == (1, 1)


def test_the_report_of_a_post_holds_its_own_steps_only() -> None:
    steps = [step(1), step(2), replace(step(3), asker=f"{A}/other")]
    assert report_of(steps).directions[0].asked == 3
    assert report_of(steps, post=f"{A}/desk").directions[0].asked == 2
    assert report_of(steps, post=f"{B}/desk").directions[0].asked == 3


def test_fewer_than_five_are_hidden_in_public_and_no_subtraction_tells_them() -> None:
    steps = [step(number, ground="not_held" if number < 3 else "") for number in range(1, 13)]
    events = count_once([told("e1")])
    public = rows_of(report_of(steps, events), public=True)
    assert all(row.ids == () for row in public)
    for row in public:
        if row.n is not None and row.value is not None:
            assert row.n >= 5
    shown = {row.measure: row.value for row in public if row.section == "reciprocity" and row.subject == A}
    assert shown["asked"] == 12
    hidden = [name for name in ("answered", "refused", "dropped", "still_open") if shown[name] is None]
    assert len(hidden) >= 2
    assert next(row for row in public if row.section == "refusals").value is None


@given(st.lists(st.integers(0, 30), min_size=1, max_size=5))
def test_hidden_parts_together_make_five_or_all(parts: list[int]) -> None:
    hidden = complement(parts)
    assert all(place in hidden for place, count in enumerate(parts) if count < 5)
    if hidden and len(hidden) < len(parts):
        assert sum(parts[place] for place in hidden) >= 5


def test_a_rare_ground_of_refusal_is_not_told_by_subtraction_from_the_others() -> None:
    steps = [step(number, ground="incomplete" if number < 3 else "not_held") for number in range(1, 10)]
    told_of = [row for row in rows_of(report_of(steps), public=True) if row.section == "refusals"]
    assert [row.value for row in told_of] == [None, None]


def test_a_report_for_programs_names_its_definitions_and_leads_to_its_events() -> None:
    told_of = report_of([step(1)], count_once([told("e1")]))
    plain = to_json(told_of, rows_of(told_of))
    assert plain["definitions"] == "contraparte-figures/2"
    (confirmed,) = (row for row in plain["figures"] if (row["section"], row["measure"]) == ("outcomes", "confirmed"))
    assert confirmed["ids"] == ["e1"]
