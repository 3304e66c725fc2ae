"""Quantities, facts, and how an outcome stands: pure rules."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contraparte.outcomes.rules.kinds import Contribution, Kind, Thing
from contraparte.outcomes.rules.lifecycle import ALLOWED, Act, Facts, Said, State, standing
from contraparte.outcomes.rules.quantities import Quantity, Unit, add_up
from contraparte.outcomes.rules.quarters import Quarter
from contraparte.protocol.errors import OutcomeFieldError, QuarterUnreadableError
from tests.outcomes.outcome_world import PROVIDED, REQUESTED, arrest

TODAY = date(2026, 11, 25)
JOINT = frozenset({Contribution.JOINT})


def test_kilograms_and_pounds_add_up_exactly() -> None:
    (total,) = add_up([Quantity.parse("10", "kg"), Quantity.parse("22", "lb"), Quantity.parse("500", "g")])
    assert (total.unit, total.amount) == (Unit.GRAM, Fraction("10500") + 22 * Fraction("453.59237"))
    assert total.shown() == ("20.479", Unit.KILOGRAM)


def test_sixteen_ounces_are_a_pound() -> None:
    assert add_up([Quantity.parse("16", "oz")]) == add_up([Quantity.parse("1", "lb")])


def test_currencies_never_add() -> None:
    totals = add_up([Quantity.parse("100", "USD"), Quantity.parse("100", "MXN"), Quantity.parse("50", "USD")])
    assert [(total.unit, total.amount) for total in totals] == [(Unit.MXN, 100), (Unit.USD, 150)]


@pytest.mark.parametrize("number", ["", "0", "-3", "1,5", "1e3", "ten", "1.1234567", "9" * 16])
def test_a_number_that_may_mean_two_things_is_refused_by_its_field(number: str) -> None:
    with pytest.raises(OutcomeFieldError) as refusal:
        Quantity.parse(number, "kg")
    assert refusal.value.params["field"] == "quantity"


@pytest.mark.parametrize(("number", "unit", "field"), [("1", "stone", "unit"), ("1.5", "count", "quantity")])
def test_an_unknown_unit_and_half_a_piece_are_refused(number: str, unit: str, field: str) -> None:
    with pytest.raises(OutcomeFieldError) as refusal:
        Quantity.parse(number, unit)
    assert refusal.value.params["field"] == field


quantities = st.builds(
    Quantity.parse,
    st.decimals(min_value="0.001", max_value="999999", places=3).map(lambda number: f"{number:f}"),
    st.sampled_from(["kg", "g", "lb", "oz", "l", "USD", "MXN"]),
)


@given(st.lists(quantities, max_size=12), st.randoms())
def test_a_sum_depends_neither_on_order_nor_on_grouping(parts: list[Quantity], chance: st.DrawFn) -> None:
    mixed = list(parts)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    whole = {total.unit: total.amount for total in add_up(parts)}
    assert {total.unit: total.amount for total in add_up(mixed)} == whole
    halves = [*add_up(parts[: len(parts) // 2]), *add_up(parts[len(parts) // 2 :])]
    assert whole == {unit: sum(half.amount for half in halves if half.unit is unit) for unit in whole}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"happened_on": TODAY + timedelta(days=1)}, "happened_on"),
        ({"ours": frozenset(), "yours": frozenset()}, "ours"),
        ({"region": "HERMOSILLO"}, "region"),
        ({"kind": Kind.SEIZURE}, "what"),
        ({"kind": Kind.SEIZURE, "what": Thing.FENTANYL}, "quantity"),
        ({"quantity": Quantity.parse("1", "kg"), "what": Thing.CASH}, "quantity"),
        ({"overturned_on": TODAY}, "overturned_on"),
        ({"kind": Kind.CONVICTION, "overturned_on": date(2026, 11, 1)}, "overturned_on"),
        ({"kind": Kind.CONVICTION, "overturned_on": TODAY + timedelta(days=1)}, "overturned_on"),
    ],
)
def test_facts_that_cannot_be_so_are_refused_by_field(changes: dict[str, object], field: str) -> None:
    with pytest.raises(OutcomeFieldError) as refusal:
        arrest(**changes).require_sound(TODAY)
    assert refusal.value.params["field"] == field


def report(facts: Facts | None = None, turn: int = 1) -> Said:
    return Said(Act.REPORT, True, turn, facts or arrest())


def correct(facts: Facts, turn: int = 2) -> Said:
    return Said(Act.CORRECT, True, turn, facts)


def confirm(version: int = 1, ways: frozenset[Contribution] = PROVIDED, turn: int = 1) -> Said:
    return Said(Act.CONFIRM, False, turn, version=version, contribution=ways)


def contest(version: int = 1, turn: int = 1) -> Said:
    return Said(Act.CONTEST, False, turn, version=version, reason="no such arrest")


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ([report()], State.REPORTED),
        ([report(), confirm()], State.CONFIRMED),
        ([report(), confirm(ways=JOINT)], State.CORROBORATED),
        ([report(), confirm(ways=JOINT), correct(arrest(yours=JOINT))], State.CONFIRMED),
        ([report(), contest()], State.CONTESTED),
        ([report(), contest(), confirm(turn=2)], State.CONFIRMED),
        ([report(), contest(), correct(arrest(region="MX-SIN"))], State.CORRECTED),
        ([report(), confirm(), correct(arrest(region="MX-SIN"))], State.CORRECTED),
        ([report(), confirm(), correct(arrest(region="MX-SIN")), confirm(2, turn=2)], State.CONFIRMED),
        ([report(), correct(arrest(region="MX-SIN")), confirm(1)], State.CORRECTED),
        ([report(), confirm(), Said(Act.RETRACT, True, 2, reason="other case")], State.RETRACTED),
        # A word that is not the speaker's to say moves nothing.
        ([report(), Said(Act.CONFIRM, True, 2, version=1)], State.REPORTED),
        ([report(), Said(Act.CORRECT, False, 1, arrest(region="MX-SIN"))], State.REPORTED),
        ([report(), Said(Act.RETRACT, False, 1)], State.REPORTED),
    ],
)
def test_the_state_follows_from_what_was_said(words: list[Said], state: State) -> None:
    assert standing(words).state is state


def test_the_reason_of_a_contest_is_kept_until_it_is_answered() -> None:
    assert standing([report(), contest()]).reason == "no such arrest"
    assert standing([report(), contest(), correct(arrest(region="MX-SIN"))]).reason == ""


def said_words() -> st.SearchStrategy[list[Said]]:
    facts = st.builds(
        lambda region, ways: arrest(region=region, yours=ways),
        st.sampled_from(["MX-SON", "MX-SIN"]),
        st.sampled_from([PROVIDED, JOINT, REQUESTED]),
    )
    reporter = st.lists(
        st.one_of(facts.map(lambda told: Said(Act.CORRECT, True, 0, told)), st.just(Said(Act.RETRACT, True, 0))),
        max_size=4,
    )
    other = st.lists(
        st.one_of(
            st.builds(confirm, st.integers(1, 4), st.sampled_from([PROVIDED, JOINT])),
            st.builds(contest, st.integers(1, 4)),
        ),
        max_size=4,
    )

    def numbered(first: Facts, theirs: list[Said], ours: list[Said]) -> list[Said]:
        return [
            report(first),
            *(replace(one, turn=place) for place, one in enumerate(theirs, 2)),
            *(replace(one, turn=place) for place, one in enumerate(ours, 1)),
        ]

    return st.builds(numbered, facts, reporter, other)


@given(said_words(), st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_of_the_words_matters(words: list[Said], chance: st.DrawFn) -> None:
    mixed = [*words, *words[: len(words) // 2]]
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert standing(mixed) == standing(words)


@given(said_words())
def test_every_state_that_can_be_reached_says_what_may_follow(words: list[Said]) -> None:
    found = standing(words)
    assert found.state in ALLOWED
    assert (found.state is State.RETRACTED) == any(one.act is Act.RETRACT for one in words)


@pytest.mark.parametrize("text", ["2026Q4", "2026 q4", "2026-T4"])
def test_a_quarter_is_read_as_people_write_it(text: str) -> None:
    found = Quarter.parse(text)
    assert (str(found), found.first_day, found.last_day) == ("2026Q4", date(2026, 10, 1), date(2026, 12, 31))


@pytest.mark.parametrize("text", ["", "2026Q5", "Q4", "1926Q4", "2026Q4x"])
def test_what_is_no_quarter_is_refused(text: str) -> None:
    with pytest.raises(QuarterUnreadableError):
        Quarter.parse(text)


@given(st.dates(date(2001, 1, 1), date(2090, 1, 1)))
def test_every_day_lies_in_exactly_one_quarter(at: date) -> None:
    found = Quarter.of(at)
    assert found.first_day <= at <= found.last_day
    assert found.next.previous == found == found.previous.next
