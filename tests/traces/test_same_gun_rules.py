"""The same gun twice, and figures that accuse nobody."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contraparte.books.rules.confusables import fold
from contraparte.traces.rules.analytics import MIN_SHOWN, Ended, by_code, first_pass_yield, flows, spread, suppressed
from contraparte.traces.rules.codes import ResultCode
from contraparte.traces.rules.same_gun import Likeness, Mark, compare, masks

serials = st.text("ABC0123456789", min_size=5, max_size=12)


def mark(serial, **rest):
    return Mark(serial, fold(serial), **({"maker": "Ruger", "calibre": "9x19", "type": "P", "model": "SR9"} | rest))


@given(serials, st.data())
def test_one_different_character_shares_a_mask(serial, data):
    at = data.draw(st.integers(0, len(serial) - 1))
    other = serial[:at] + data.draw(st.sampled_from("XYZ")) + serial[at + 1 :]
    assert set(masks(serial)) & set(masks(other))
    assert compare(mark(serial), mark(other)) is not None


@given(serials, serials)
def test_the_comparison_is_the_same_both_ways(one, two):
    assert compare(mark(one), mark(two)) == compare(mark(two), mark(one))


@given(serials, serials)
def test_serials_without_a_shared_mask_differ_in_more_than_one_character(one, two):
    if not set(masks(one)) & set(masks(two)):
        found = compare(mark(one), mark(two))
        assert found is None or found.likeness is Likeness.CONFUSABLE


def test_another_maker_may_repeat_a_serial():
    assert compare(mark("ABX4172"), mark("ABX4173", maker="Colt")) is None


def test_an_equal_serial_warns_although_the_model_was_recorded_wrongly():
    found = compare(mark("ABX4172"), mark("ABX4172", model="LCP"))
    assert (found.likeness, found.differed) == (Likeness.EQUAL, ("model",))


def test_short_serials_are_never_a_warning_for_one_digit():
    assert masks("123") == []
    assert compare(mark("123"), mark("124")) is None


def ended(code, n, **rest):
    return [Ended(code, **rest)] * n


def test_a_figure_below_five_is_hidden_and_cannot_be_had_by_subtraction():
    counts = suppressed(Counter({("a",): 90, ("b",): 20, ("c",): 4}))
    assert [c.shown for c in counts] == [90, None, None]


@given(st.dictionaries(st.tuples(st.text(max_size=3)), st.integers(1, 30), max_size=8))
def test_no_figure_below_the_bound_is_ever_shown_nor_one_hidden_alone(table):
    counts = suppressed(Counter(table))
    assert all(c.shown is None or c.shown >= MIN_SHOWN for c in counts)
    assert len(counts) == 1 or sum(c.shown is None for c in counts) != 1


def test_first_pass_yield_leaves_out_what_was_merged_and_counts_no_resubmission():
    share = first_pass_yield(
        ended(ResultCode.PURCHASER_IDENTIFIED, 6)
        + ended(ResultCode.PURCHASER_IDENTIFIED, 1, resubmissions=1)
        + ended(ResultCode.NO_RECORD, 3)
        + ended(ResultCode.DUPLICATE_OF, 2)
    )
    assert (share.numerator, share.denominator, share.percent) == (6, 10, 60.0)
    assert first_pass_yield(ended(ResultCode.NO_RECORD, 4)).percent is None


def test_figures_name_codes_and_states_only():
    rows = ended(ResultCode.NO_RECORD, 7, source_state="us-az", recovery_state="mx-son")
    assert [(c.label, c.shown) for c in by_code(rows)] == [(("no_record",), 7)]
    assert [(c.label, c.shown) for c in flows(rows)] == [(("us-az", "mx-son"), 7)]


def test_a_spread_is_a_median_and_a_ninth_decile():
    assert spread([1.0] * 4).median is None
    found = spread([float(n) for n in range(1, 101)])
    assert found.median == pytest.approx(50.5)
    assert found.p90 == pytest.approx(90.1)
