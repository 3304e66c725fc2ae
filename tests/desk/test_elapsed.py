"""The bar of elapsed time: whole, without gap or overlap, and fair to who holds the step."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from contraparte.desk.rules.elapsed import Stretch, shares, totals

START = datetime(2026, 11, 23, tzinfo=UTC)
hours = st.integers(0, 400)


def at(hour: float) -> datetime:
    return START + timedelta(hours=hour)


stretches = st.lists(
    st.builds(
        lambda holder, start, length: Stretch(holder, at(start), None if length is None else at(start + length)),
        st.sampled_from(["mx.a/x", "us.b/y", "us.c/z"]),
        hours,
        st.none() | hours,
    ),
    max_size=12,
)


@given(stretches, hours)
def test_the_pieces_cover_the_whole_time_once(known: list[Stretch], until: int) -> None:
    found = shares(known, opened=START, until=at(until))
    assert sum((share.lasted for share in found), timedelta()) == timedelta(hours=until)
    assert not found or abs(sum(share.part for share in found) - 1) < 1e-9
    assert all(share.lasted > timedelta() for share in found)
    assert all(one.holder != other.holder for one, other in pairwise(found))


@given(stretches, hours)
def test_only_the_last_piece_can_be_running(known: list[Stretch], until: int) -> None:
    assert not any(share.is_running for share in shares(known, opened=START, until=at(until))[:-1])


def test_time_is_kept_for_each_holder_and_for_nobody() -> None:
    known = [Stretch("us.b/y", at(1), at(4)), Stretch("mx.a/x", at(6), None)]
    told = [(one.holder, one.lasted / timedelta(hours=1)) for one in shares(known, opened=START, until=at(10))]
    assert told == [("", 1), ("us.b/y", 3), ("", 2), ("mx.a/x", 4)]


def test_a_question_asked_back_moves_the_time_to_the_other_side() -> None:
    known = [Stretch("us.b/y", at(0), at(10)), Stretch("mx.a/x", at(2), at(5))]
    told = [(one.holder, one.lasted / timedelta(hours=1)) for one in shares(known, opened=START, until=at(10))]
    assert told == [("us.b/y", 2), ("mx.a/x", 3), ("us.b/y", 5)]


@given(stretches, hours)
def test_totals_add_up_to_the_same_time(known: list[Stretch], until: int) -> None:
    found = shares(known, opened=START, until=at(until))
    added = totals(found)
    assert sum((share.lasted for share in added), timedelta()) == sum((share.lasted for share in found), timedelta())
    assert len({share.holder for share in added}) == len(added)


def test_a_step_that_was_answered_at_the_end_is_not_running() -> None:
    found = shares([Stretch("us.b/y", at(0), at(10))], opened=START, until=at(10))
    assert [share.is_running for share in found] == [False]
