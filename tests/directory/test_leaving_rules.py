"""Steps of a leaving, how a post stands, how fast people go: decisions over plain values."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contraparte.directory.rules.leaving import (
    AGAIN,
    NEEDS,
    YEAR,
    Holder,
    Standing,
    Step,
    Term,
    erosion,
    is_finished,
    may_take,
    standing,
)

NOW = datetime(2026, 12, 1, tzinfo=UTC)
DAY = timedelta(days=1)
ORDER = list(Step)


def test_the_steps_of_the_domain_can_be_taken_in_their_order() -> None:
    done: set[Step] = set()
    for step in ORDER:
        assert may_take(step, done), step
        done.add(step)
    assert is_finished(done)


@given(st.lists(st.sampled_from(ORDER), max_size=25))
def test_no_walk_skips_what_a_step_rests_on(wanted: list[Step]) -> None:
    done: set[Step] = set()
    for step in wanted:
        if may_take(step, done):
            assert NEEDS[step] <= done
            assert step in AGAIN or step not in done
            done.add(step)
    if Step.ACKNOWLEDGED in done:
        assert not any(may_take(step, done) for step in (Step.INVENTORY, Step.NOTE, Step.ASSIGNED))


def test_access_may_end_right_after_the_announcement_and_then_nobody_writes_a_note() -> None:
    done = {Step.ANNOUNCED, Step.INVENTORY}
    assert may_take(Step.ACCESS_ENDED, done)
    assert not may_take(Step.NOTE, done | {Step.ACCESS_ENDED})
    assert may_take(Step.ASSIGNED, done | {Step.ACCESS_ENDED})


@pytest.mark.parametrize(
    ("holders", "wanted"),
    [
        ([], Standing.VACANT),
        ([Holder(False)], Standing.HELD),
        ([Holder(True)], Standing.ACTING),
        ([Holder(True), Holder(False)], Standing.HELD),
        ([Holder(False, is_leaving=True), Holder(True)], Standing.ACTING),
        ([Holder(False, is_leaving=True)], Standing.HELD),
    ],
)
def test_a_post_stands_as_who_stays_in_it_stands(holders: list[Holder], wanted: Standing) -> None:
    assert standing(holders) is wanted


def test_erosion_counts_exits_of_a_year_and_the_median_of_what_runs_and_ended() -> None:
    terms = [
        Term(NOW - 100 * DAY, None),
        Term(NOW - 30 * DAY, NOW + DAY),
        Term(NOW - 400 * DAY, NOW - 200 * DAY),
        Term(NOW - 900 * DAY, NOW - YEAR - DAY),  # gone too long ago
        Term(NOW + DAY, None),  # to come
    ]
    found = erosion(terms, now=NOW, vacancies=2)
    assert (found.exits, found.running, found.median_days, found.vacancies) == (1, 2, 100, 2)
    assert erosion([], now=NOW).median_days is None
