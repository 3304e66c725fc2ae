from datetime import date, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contraparte.protocol.encoding import canonical_json, parse_json
from contraparte.protocol.errors import MarkingMalformedError
from contraparte.protocol.marking import Evaluation, Marking, Problem, combine_all, covers
from tests.protocol.builders import MARKING, values

codes = st.frozensets(st.sampled_from(["H0", "H1", "H2", "H3", "H9"]))
places = st.frozensets(st.sampled_from(["mx.fge-son", "mx.fgr", "us.atf-ntc", "us.atf-ntc/tracing"]))
lines = st.lists(st.sampled_from(["no media", "ask first", "", "only paper"]), max_size=3).map("\n".join)
extras = st.dictionaries(
    st.sampled_from(["embargo", "colour"]),
    st.sampled_from([1, "x", None, [1], {"combined": [1, 2]}, {"combined": [2, 1]}, {"combined": [1]}]),
    max_size=2,
)


@st.composite
def markings(draw):
    evidence = draw(st.sampled_from(["intelligence", "evidence"]))
    evaluations = st.builds(Evaluation, st.sampled_from("AB"), st.sampled_from([1, 2]))
    return Marking(
        handling=draw(codes),
        handling_text=draw(lines),
        purposes=draw(st.frozensets(st.sampled_from(["firearm.trace", "prosecution"]))),
        circle=draw(places),
        retention_until=draw(st.none() | st.dates(date(2026, 1, 1), date(2026, 1, 9))),
        evaluation=draw(st.none() | evaluations) if evidence == "intelligence" else None,
        evidence=evidence,
        extra=draw(extras),
    )


@given(markings(), markings(), markings())
def test_combining_is_commutative_associative_and_idempotent(a, b, c):
    assert a.combine(b) == b.combine(a)
    assert a.combine(b).combine(c) == a.combine(b.combine(c))
    assert a.combine(a) == a
    assert combine_all([a, b, c, a]) == combine_all([c, b, a])


@given(markings(), markings())
def test_combining_never_weakens(a, b):
    combined = a.combine(b)
    for part in (a, b):
        assert combined.handling >= part.handling
        assert combined.purposes <= part.purposes
        assert all(any(covers(outer, inner) for outer in part.circle) for inner in combined.circle)
        assert set(part.handling_text.split("\n")) - {""} <= set(combined.handling_text.split("\n"))
        assert part.extra.keys() <= combined.extra.keys()
        if part.retention_until is not None:
            assert combined.retention_until is not None
            assert combined.retention_until <= part.retention_until
        if part.evidence == "intelligence":
            assert combined.evidence == "intelligence"
        if combined.evaluation is not None:
            assert combined.evaluation == part.evaluation
        assert {problem.code for problem in part.problems()} - {"handling_text.missing"} <= {
            problem.code for problem in combined.problems()
        }


@given(markings(), markings())
def test_no_value_of_an_unknown_member_is_lost(a, b):
    combined = a.combine(b)
    for part in (a, b):
        for name, value in part.extra.items():
            kept = combined.extra[name]
            assert kept == value or value in kept["combined"] or all(v in kept["combined"] for v in value["combined"])


@given(markings())
def test_a_marking_survives_json_with_its_unknown_members(marking):
    raw = canonical_json(marking.to_json())
    read = Marking.from_json(parse_json(raw, "marking"))
    assert read == marking
    assert canonical_json(read.to_json()) == raw


@given(values | st.dictionaries(st.sampled_from([*MARKING.to_json(), "handling_text", "x"]), values))
@example(MARKING.to_json() | {"handling": ["H1", "H1"]})
@example(MARKING.to_json() | {"handling": [["H1"]]})
@example(MARKING.to_json() | {"retention_until": "20260101"})
@example(MARKING.to_json() | {"retention_until": None})
@example(MARKING.to_json() | {"evaluation": {"source": "A", "information": True}})
@example(MARKING.to_json() | {"evidence": "evidence"})
@example(MARKING.to_json() | {"evidence": ["intelligence"]})
@example(MARKING.to_json() | {"handling_text": 5})
@example(MARKING.to_json() | {"circle": ["a\0b"]})
@example(MARKING.to_json() | {"handling": ["H1"] * 1000})
def test_anything_else_is_refused_with_the_field(read):
    try:
        Marking.from_json(read)
    except MarkingMalformedError as error:
        assert error.params["field"]


def test_reasons_to_withhold_are_named():
    assert MARKING.problems() == []
    bad = Marking(handling=frozenset({"H3", "H7"}), handling_text=" ", extra={"embargo": 1})
    assert bad.problems() == [
        Problem("restriction.unknown", "H7"),
        Problem("member.unknown", "embargo"),
        Problem("handling_text.missing", "H3"),
        Problem("purposes.empty"),
        Problem("circle.empty"),
    ]
    assert [str(problem) for problem in bad.problems()[2:4]] == ["handling_text.missing H3", "purposes.empty"]


def test_disjoint_purposes_or_circles_combine_to_something_to_withhold():
    one = Marking(purposes=frozenset({"a"}), circle=frozenset({"x"}))
    other = Marking(purposes=frozenset({"b"}), circle=frozenset({"y"}))
    assert one.combine(other).problems() == [Problem("purposes.empty"), Problem("circle.empty")]


@pytest.mark.parametrize(
    "members",
    [
        {"evaluation": Evaluation("A", 1), "evidence": "evidence"},
        {"retention_until": datetime(2026, 1, 1)},
        {"handling_text": "x" * 5000},
        {"handling_text": "a\0"},
        {"extra": {"circle": []}},
        {"extra": {"x": float("nan")}},
        {"handling": frozenset({""})},
        {"handling": {"H1"}},
    ],
)
def test_a_marking_that_cannot_be_is_not_made(members):
    with pytest.raises(MarkingMalformedError):
        Marking(**members)


def test_a_marking_cannot_be_changed_behind_its_back():
    members = {"embargo": [1]}
    marking = Marking(extra=members)
    members["embargo"].append(2)
    assert marking.extra == {"embargo": [1]}
    with pytest.raises(TypeError):
        marking.extra["embargo"] = None


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ({"mx", "us"}, {"mx.fgr/assistance"}, {"mx.fgr/assistance"}),
        ({"mx.fgr"}, {"mx", "us.ntc"}, {"mx.fgr"}),
        ({"mx.fgr"}, {"mx.fge-son"}, set()),
        ({"mx.fg"}, {"mx.fgr/desk"}, set()),
        ({"mx.fgr/desk"}, {"mx.fgr/desk-2"}, set()),
        ({"us"}, {"mx"}, set()),
    ],
)
def test_a_country_covers_its_agencies_and_an_agency_its_posts(one: set[str], other: set[str], both: set[str]) -> None:
    circles = Marking(circle=frozenset(one)), Marking(circle=frozenset(other))
    assert circles[0].combine(circles[1]).circle == circles[1].combine(circles[0]).circle == both
