"""Words on goals claim no more than the numbers hold."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contraparte.groups.rules.effect import events_needed, smallest_fall, smallest_rise
from contraparte.groups.rules.verdicts import (
    Counted,
    Path,
    Verdict,
    judge_count,
    judge_level,
    judge_milestone,
    rate_ratio,
)


@pytest.mark.parametrize(("change", "published"), [(-0.1, 1494), (-0.2, 355), (-0.3, 150), (-0.5, 50)])
def test_the_events_a_change_needs_are_those_published(change: float, published: int) -> None:
    assert events_needed(change) == pytest.approx(published, abs=1)


@given(st.integers(20, 100_000))
def test_the_smallest_change_is_the_one_these_events_can_just_show(events: int) -> None:
    fall, rise = smallest_fall(events), smallest_rise(events)
    assert fall is not None
    assert rise is not None
    assert events_needed(-fall) <= events + 1
    assert events_needed(-fall * 0.98) > events
    assert events_needed(rise * 0.98) > events >= events_needed(rise) - 1


def test_a_handful_of_events_shows_nothing() -> None:
    assert smallest_fall(5) is None
    assert smallest_fall(0) is None


@given(st.integers(0, 3000), st.integers(0, 3000), st.floats(0.1, 10))
def test_the_interval_is_that_of_an_independent_library(before: int, after: int, scale: float) -> None:
    from statsmodels.stats.proportion import proportion_confint

    ratio, low, high = rate_ratio(Counted(before, 365 * scale), Counted(after, 365))
    assert (ratio is None) == (before == 0)
    if before + after == 0:
        assert (low, high) == (0.0, None)
        return
    share = proportion_confint(after, before + after, method="wilson")
    assert low == pytest.approx(0 if after == 0 else scale * share[0] / (1 - share[0]), rel=1e-6)
    if before == 0:
        assert high is None
    else:
        assert high == pytest.approx(scale * share[1] / (1 - share[1]), rel=1e-6)


@pytest.mark.parametrize(
    ("before", "after", "change", "verdict"),
    [
        (468, 330, -0.2, Verdict.ACHIEVED),
        (468, 400, -0.2, Verdict.ON_TRACK),
        (468, 450, -0.2, Verdict.NO_DETECTABLE_CHANGE),
        (468, 560, -0.2, Verdict.WORSE),
        (30, 24, -0.2, Verdict.TOO_FEW),
        (100, 160, 0.5, Verdict.ACHIEVED),
        (100, 60, 0.5, Verdict.WORSE),
        (60, 0, -1.0, Verdict.ACHIEVED),
    ],
)
def test_the_word_on_a_count(before: int, after: int, change: float, verdict: Verdict) -> None:
    assert judge_count(Counted(before, 365), Counted(after, 365), change=change).verdict is verdict


def test_a_count_from_another_instrument_is_not_compared_and_an_empty_one_not_judged() -> None:
    before = Counted(468, 365)
    assert judge_count(before, Counted(100, 365), change=-0.2, comparable=False).verdict is Verdict.NOT_COMPARABLE
    assert judge_count(before, None, change=-0.2).verdict is Verdict.UNMEASURED


def test_half_a_year_is_compared_with_a_whole_one_by_its_rate() -> None:
    assert judge_count(Counted(468, 365), Counted(234, 182.5), change=-0.2).verdict is Verdict.NO_DETECTABLE_CHANGE
    assert judge_count(Counted(468, 365), Counted(170, 182.5), change=-0.2).verdict is Verdict.ACHIEVED


ACCESS = Path(baseline=18, target=32, begun_on=date(2023, 1, 1), due_on=date(2026, 12, 31))


@pytest.mark.parametrize(
    ("value", "on", "verdict"),
    [
        (32, date(2026, 1, 1), Verdict.ACHIEVED),
        (26, date(2025, 1, 1), Verdict.ON_TRACK),
        (24, date(2025, 1, 1), Verdict.BEHIND),
        (17, date(2025, 1, 1), Verdict.WORSE),
        (18, date(2023, 1, 1), Verdict.ON_TRACK),
        (None, date(2025, 1, 1), Verdict.UNMEASURED),
    ],
)
def test_the_word_on_a_level(value: float | None, on: date, verdict: Verdict) -> None:
    assert judge_level(ACCESS, value, on=on) is verdict


def test_the_word_on_a_milestone() -> None:
    due = date(2026, 12, 31)
    assert judge_milestone(done_on=date(2027, 2, 1), due_on=due, on=date(2027, 3, 1)) is Verdict.ACHIEVED
    assert judge_milestone(done_on=None, due_on=due, on=due) is Verdict.ON_TRACK
    assert judge_milestone(done_on=None, due_on=due, on=date(2027, 1, 1)) is Verdict.BEHIND
