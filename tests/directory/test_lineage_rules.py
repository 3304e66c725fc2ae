"""Who became whom (P1.8): what an event may say, and that no post is ever without a holder."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contraparte.directory.rules.lineage import Event, check_against, choose, closed_since, holders, in_order, present
from contraparte.protocol.encoding import instant
from contraparte.protocol.errors import (
    DocumentMalformedError,
    LineageCountryError,
    LineageCycleError,
    LineageError,
    LineageKindError,
    LineagePeriodError,
    LineagePostMissingError,
    LineagePostUnknownError,
    LineageRuleError,
)
from tests.directory.lineage_events import event

START = "2027-01-01T00:00:00Z"
AT = datetime(2027, 1, 1, tzinfo=UTC)
OLD, NEW = "mx.old/desk", "mx.new/desk"


def absorbed(**more) -> Event:
    return event("one", "absorb", ["mx.old"], ["mx.new"], {OLD: NEW}, START, **more)


def test_an_old_post_is_reached_through_its_successor_from_that_day_on():
    known = [absorbed()]
    assert present(OLD, known, AT - timedelta(seconds=1)) == OLD
    assert present(OLD, known, AT) == NEW
    assert present("us.ntc/desk", known, AT) == "us.ntc/desk"


def test_a_body_created_again_years_later_gets_its_work_back_and_keeps_what_is_new():
    parts = {NEW: [(OLD, ["trace"]), (NEW, [])]}
    back = event("two", "recreate", ["mx.new"], ["mx.old"], parts, "2032-01-01T00:00:00Z")
    later = AT + timedelta(days=3_000)
    assert present(OLD, [back, absorbed()], later, "trace") == OLD
    assert present(OLD, [back, absorbed()], later, "inquiry") == NEW
    # A thread that began at the new old post is no business of what happened to the first one.
    assert present(OLD, [back, absorbed()], later, "inquiry", since=AT + timedelta(days=2_500)) == OLD
    assert holders(OLD, [back, absorbed()], later) == {OLD, NEW}
    assert closed_since("mx.old", [absorbed()], later) is not None
    assert closed_since("mx.old", [back, absorbed()], later) is None


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"announced": "2027-02-01T00:00:00Z"}, LineagePeriodError),
        ({"accepts_until": "2026-12-01T00:00:00Z"}, LineagePeriodError),
        ({"to": ["us.ntc"]}, LineageCountryError),
        ({"reviewers": ["mx"]}, LineageCountryError),
        ({"kind": "merge"}, LineageKindError),
        ({"kind": "split"}, LineageKindError),
        ({"legal_basis": {"en": "", "es": "x"}}, DocumentMalformedError),
        ({"mapping": [{"from": "mx.else/desk", "to": [{"post": NEW}]}]}, LineagePostUnknownError),
        ({"mapping": [{"from": OLD, "to": [{"post": "mx.else/desk"}]}]}, LineagePostUnknownError),
        ({"mapping": [{"from": OLD, "to": [{"post": NEW}, {"post": "mx.new/annex"}]}]}, LineageRuleError),
        ({"mapping": [{"from": OLD, "to": [{"post": NEW, "topics": ["trace"]}]}]}, LineageRuleError),
        (
            {
                "mapping": [
                    {"from": OLD, "to": [{"post": "mx.old/annex"}]},
                    {"from": "mx.old/annex", "to": [{"post": OLD}]},
                ]
            },
            LineageCycleError,
        ),
    ],
)
def test_an_event_that_cannot_be_is_refused_by_name(change, refusal):
    with pytest.raises(refusal):
        absorbed(**change)


def test_two_events_of_one_moment_make_no_cycle_and_no_second_successor():
    known = {OLD, NEW, "mx.new/annex"}
    back = event("two", "absorb", ["mx.new"], ["mx.old"], {NEW: OLD, "mx.new/annex": OLD}, START)
    other = event("two", "absorb", ["mx.old"], ["mx.new"], {OLD: "mx.new/annex"}, START)
    with pytest.raises(LineageCycleError):
        check_against(back, known, [absorbed()])
    with pytest.raises(LineageRuleError):
        check_against(other, known, [absorbed()])


def test_every_post_of_a_body_that_ends_is_mapped_to_one_that_exists_and_goes_on():
    with pytest.raises(LineagePostMissingError) as missing:
        check_against(absorbed(), {OLD, NEW, "mx.old/annex"}, [])
    assert missing.value.params["post"] == "mx.old/annex"
    with pytest.raises(LineagePostUnknownError):
        check_against(absorbed(), {OLD}, [])
    with pytest.raises(LineagePostUnknownError):
        check_against(absorbed(mapping=[{"from": OLD, "to": [{"post": OLD}]}]), {OLD, NEW}, [])
    check_against(absorbed(), {OLD, NEW}, [])


@given(st.permutations(range(4)))
def test_of_versions_made_at_the_same_time_every_node_takes_the_same_one(order):
    first, second = absorbed(), absorbed(accepts_until="2027-03-01T00:00:00Z")
    third = absorbed(version=2)
    fourth = absorbed(version=2, accepts_until="2027-03-01T00:00:00Z")
    known = [first, second, third, fourth]
    won = choose(known[place] for place in order)["one"]
    assert won.hash == min(third.hash, fourth.hash)


BODIES = ["mx.a", "mx.b", "mx.c", "mx.d"]
POSTS = [f"{body}/{name}" for body in BODIES for name in ("one", "two")]
TOPICS = ["trace", "inquiry", "cargo"]


@st.composite
def histories(draw):
    """Reorganisations as people might order them, each kept only if the rules accept it after those before."""
    kept: list[Event] = []
    for number in range(draw(st.integers(1, 8))):
        before, after = draw(st.permutations(BODIES))[:2]
        kind = draw(st.sampled_from(["rename", "absorb", "abolish", "recreate", "split"]))
        bodies = [before, after] if kind == "split" else [after]
        there = [post for post in POSTS if post.split("/")[0] in bodies]
        mapping = {}
        for old in (post for post in POSTS if post.startswith(f"{before}/")):
            taker, other = draw(st.sampled_from(there)), draw(st.sampled_from(there))
            by_topic = taker != other and draw(st.booleans())
            mapping[old] = [(other, [draw(st.sampled_from(TOPICS))]), (taker, [])] if by_topic else taker
        moment = AT + timedelta(days=draw(st.integers(0, 4)) * 500)
        try:
            made = event(f"e{number}", kind, [before], bodies, mapping, instant(moment))
            check_against(made, POSTS, kept)
        except LineageError:
            continue
        kept.append(made)
    return kept


@given(histories(), st.sampled_from(POSTS), st.sampled_from([*TOPICS, "", "other"]), st.integers(-1, 3_000))
def test_whatever_is_reorganised_each_post_has_one_living_holder_for_each_topic(known, post, topic, day):
    at = AT + timedelta(days=day)
    holder = present(post, known, at, topic)
    assert holder in POSTS
    assert holder in holders(post, known, at)
    assert present(post, list(reversed(known)), at, topic) == holder
    gone: set[str] = set()
    for one in in_order(known):
        if one.effective <= at:
            gone = (gone | one.ended) - set(one.document.after)
    assert holder.split("/")[0] not in gone
