"""Messages are read in the order their type writes them, whatever order the disclosures came in."""

import random
from datetime import date

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from contraparte.desk.rules.reading import element_of, place_of
from contraparte.traces.messages import TraceResult
from contraparte.web.templatetags.pages import day_in_words

AS_WRITTEN = [
    "/reference",
    "/code",
    "/gun/serial",
    "/gun/maker",
    "/chain/0/custodian",
    "/chain/0/disposed_on",
    "/chain/1/custodian",
    "/chain/2/custodian",
    "/chain/10/custodian",
    "/first_retail_on",
    "/purchaser/name",
    "/purchaser/form",
    "/unknown",
]


@given(st.randoms())
def test_any_order_of_disclosures_is_read_as_the_type_writes_it(order: random.Random) -> None:
    pointers = list(AS_WRITTEN)
    order.shuffle(pointers)
    assert sorted(pointers, key=lambda pointer: place_of(pointer, TraceResult)) == AS_WRITTEN


def test_a_type_nobody_knows_any_more_is_still_read_element_by_element() -> None:
    pointers = ["/a/1/x", "/a/0/x", "/a/0/y"]
    assert sorted(pointers, key=lambda pointer: place_of(pointer, None)) == ["/a/0/x", "/a/0/y", "/a/1/x"]


@pytest.mark.parametrize(
    ("pointer", "element"),
    [("/code", ""), ("/gun/serial", ""), ("/chain/0/role", "/chain/0"), ("/a/0/b/3/c", "/a/0/b/3"), ("/list/4", "")],
)
def test_a_leaf_belongs_to_the_innermost_element_of_a_list(pointer: str, element: str) -> None:
    assert element_of(pointer) == element


@pytest.mark.parametrize("value", ["2026-02-30", "2026-1-1", "20260101", "2026-01-01T00:00:00Z", 7, None, ""])
def test_what_is_no_day_stays_as_it_is(value: object) -> None:
    assert day_in_words(value) == value


def test_a_day_is_written_as_days_are_written_here() -> None:
    with translation.override("es"):
        assert f"{date(2026, 11, 23):%Y-%m-%d}" in str(day_in_words("2026-11-23"))
        assert "23 nov 2026" in str(day_in_words("2026-11-23"))
    with translation.override("en"):
        assert "23 Nov 2026" in str(day_in_words("2026-11-23"))
