"""The noisy channel explains every reading exactly, and the ranking leaves room for the gun that is not there."""

import math

from hypothesis import example, given, settings
from hypothesis import strategies as st

from contraparte.books.rules.channel import Channel, Event
from contraparte.books.rules.notation import SerialPattern
from contraparte.books.rules.ranking import Description, explain, rank
from contraparte.books.rules.weights import (
    AGREEMENTS,
    CONFUSED,
    LEADING_ZERO,
    MISSED,
    MISTAKEN,
    OUTSIDE_CLASS,
    RUN_CHARACTER,
    SWAPPED,
)

few = st.text("AB8120OXK7", min_size=2, max_size=9)


def channel(raw: str) -> Channel:
    return Channel(SerialPattern.parse(raw))


def test_each_event_costs_what_the_table_says() -> None:
    assert channel("ABC123").cost("ABC123") == 0
    assert channel("A8C123").cost("ABC123") == CONFUSED
    assert channel("AXC123").cost("ABC123") == MISTAKEN
    assert channel("AC123").cost("ABC123") == MISSED
    assert channel("BAC123").cost("ABC123") == SWAPPED
    assert channel("0012345").cost("12345") == 2 * LEADING_ZERO
    assert channel("12345").cost("0012345") == 2 * LEADING_ZERO
    assert channel("A?C123").cost("ABC123") == 0
    assert channel("A[BX]C123").cost("ABC123") == 0
    assert channel("A[XY]C123").cost("ABC123") == MISTAKEN + OUTSIDE_CLASS
    assert math.isclose(channel("A*23").cost("ABC123"), 3 * RUN_CHARACTER)


@settings(max_examples=1500, deadline=None)
@given(few, few)
@example("A2O", "22AO")
@example("8KOA7", "8AO7")
@example("1BK", "KB")
@example("XOA8X", "XAOB8X")
def test_the_short_cuts_cost_exactly_what_the_whole_table_says(read: str, true: str) -> None:
    one = channel(read)
    assert math.isclose(one._direct(true), one._table(true)[-1][-1], abs_tol=1e-9)


@settings(max_examples=600, deadline=None)
@given(st.text("AB81?*O0", min_size=3, max_size=9), few)
@example("00*AB", "0AB")
def test_an_aligned_reading_holds_everything_read_and_everything_true(raw: str, true: str) -> None:
    try:
        one = channel(raw)
    except Exception:  # noqa: BLE001  (too vague: not this test's claim)
        return
    steps = one.align(true)
    assert "".join(step.true for step in steps) == true
    assert "".join(step.read for step in steps) == str(one.pattern)


def test_a_reading_names_what_happened() -> None:
    events = [step.event for step in channel("A8?3*").align("ABC34")]
    assert events == [Event.AGREES, Event.CONFUSED, Event.UNREAD, Event.AGREES, Event.RUN]


def test_the_serial_outweighs_maker_and_model() -> None:
    """One character mistaken costs more than a wrong maker and a wrong model together."""
    worst = sum(max(AGREEMENTS[name].values()) - min(AGREEMENTS[name].values()) for name in ("maker", "model"))
    assert worst < MISTAKEN


def test_shares_sum_to_one_and_what_is_unlike_anything_is_not_in_the_book() -> None:
    pattern = SerialPattern.parse("ABC12345")
    ranked, absent = rank(pattern, [(1, 0.0), (2, 8.0), (3, 16.0)], rows=1_000_000)
    assert [entry.key for entry in ranked] == [1, 2, 3]
    assert math.isclose(sum(entry.probability for entry in ranked) + absent, 1)
    assert ranked[0].probability > 0.99
    assert rank(pattern, [(1, 24.0)], rows=1_000_000)[1] > 0.99
    assert rank(pattern, [], rows=0) == ([], 1.0)


def test_a_description_that_agrees_adds_and_one_that_differs_takes() -> None:
    one, asked = channel("ABC123"), Description.read("glock", "pistola", "9 para")
    same = explain(one, "ABC123", asked, Description.read("Glock", "pistol", "9x19"))
    other = explain(one, "ABC123", asked, Description.read("Colt", "rifle", ".223"))
    assert same < explain(one, "ABC123", asked, Description()) == 0 < other
