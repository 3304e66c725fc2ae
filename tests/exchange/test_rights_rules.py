"""Permissions, quotations and retention as pure decisions: nothing weakens a marking, nothing lasts too long."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contraparte.exchange.rules.permissions import (
    Grant,
    Kind,
    Need,
    derived_marking,
    may_use,
    missing_scope,
    needs_permission,
)
from contraparte.exchange.rules.quoting import RUN_WORDS, quoted_run, runs_of, words_of
from contraparte.exchange.rules.retention import HOLD_REASONS, hold_fault, is_held, is_over, keep_until
from contraparte.protocol.marking import Marking

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
POSTS = ("mx.fgr/firearms", "mx.fge-son/firearms", "us.ntc/desk")
PURPOSES = ("trace", "prosecution", "prevention")


def some(values: tuple[str, ...]) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(values))


@st.composite
def markings(draw: st.DrawFn, **fixed: Any) -> Marking:
    found: dict[str, Any] = {
        "handling": draw(some(("H0", "H1", "H2"))),
        "purposes": draw(st.frozensets(st.sampled_from(PURPOSES), min_size=1)),
        "circle": draw(st.frozensets(st.sampled_from(("mx", "us")), min_size=1)),
        "retention_until": draw(st.none() | st.dates(date(2026, 1, 1), date(2036, 1, 1))),
        "evidence": draw(st.sampled_from(("intelligence", "evidence"))),
    }
    return Marking(**{**found, **fixed})


@st.composite
def grants(draw: st.DrawFn) -> Grant:
    starts = draw(st.integers(-10, 10))
    return Grant(
        id=str(draw(st.integers(1, 99))),
        kind=draw(st.sampled_from(Kind)),
        recipients=draw(some((*POSTS, "mx.fgr"))),
        purposes=draw(some(PURPOSES)),
        starts=NOW + timedelta(days=starts),
        until=NOW + timedelta(days=starts + draw(st.integers(1, 10))),
        is_revoked=draw(st.booleans()),
    )


needs = st.builds(Need, st.sampled_from(Kind), st.sampled_from(POSTS), st.sampled_from(("", *PURPOSES)))


@given(markings(), st.lists(markings(), max_size=4))
def test_what_is_made_from_items_is_never_marked_weaker_than_any_of_them(own: Marking, sources: list[Marking]) -> None:
    derived = derived_marking(own, sources)
    for part in (own, *sources):
        assert derived.handling >= part.handling
        assert derived.purposes <= part.purposes and derived.circle <= part.circle
        assert not (part.evidence == "intelligence" and derived.evidence == "evidence")
        if part.retention_until:
            assert derived.retention_until is not None and derived.retention_until <= part.retention_until


@given(markings(), needs)
def test_without_permission_only_what_the_marking_leaves_free_is_allowed(marking: Marking, need: Need) -> None:
    assert may_use(marking, [], need, NOW).allowed is not needs_permission(marking, need)


@given(markings(), st.lists(grants(), max_size=5), needs)
def test_a_permission_counts_only_for_its_kind_scope_and_time_and_not_once_revoked(
    marking: Marking, held: list[Grant], need: Need
) -> None:
    verdict = may_use(marking, held, need, NOW)
    if not needs_permission(marking, need):
        assert verdict.allowed and not verdict.grant
        return
    good = [
        one
        for one in held
        if one.kind is need.kind
        and not one.is_revoked
        and one.starts <= NOW < one.until
        and (need.kind is not Kind.ONWARD or {need.recipient, need.recipient.split("/")[0]} & one.recipients)
        and (need.purpose in one.purposes or (need.kind is not Kind.USE and (not need.purpose or not one.purposes)))
    ]
    assert verdict.allowed is bool(good)
    if not verdict.allowed:
        assert verdict.reason.startswith(f"permission.{need.kind.value}.")


@given(markings(), st.lists(grants(), max_size=5), needs)
def test_more_items_beside_an_item_never_allow_more(marking: Marking, held: list[Grant], need: Need) -> None:
    stricter = derived_marking(marking, [Marking(frozenset({"H1", "H2"}), "", frozenset(PURPOSES), frozenset({"mx"}))])
    if may_use(stricter, held, need, NOW).allowed:
        assert may_use(marking, held, need, NOW).allowed


@given(st.lists(grants(), max_size=5), needs)
def test_a_restriction_nobody_here_knows_is_lifted_by_nothing(held: list[Grant], need: Need) -> None:
    unknown = Marking(frozenset({"H9"}), "", frozenset({"trace"}), frozenset({"mx"}))
    assert may_use(unknown, held, need, NOW).reason == "marking.unknown"


def test_the_nearest_miss_is_told() -> None:
    marking = Marking(frozenset({"H2"}), "", frozenset({"trace"}), frozenset({"mx", "us"}))
    need = Need(Kind.ONWARD, recipient=POSTS[0])
    day = timedelta(days=1)

    def told(**changes: Any) -> str:
        given_ = {"id": "1", "kind": Kind.ONWARD, "recipients": frozenset({POSTS[0]}), "purposes": frozenset()}
        grant = Grant(**{**given_, "starts": NOW - day, "until": NOW + day, **changes})
        return may_use(marking, [grant], need, NOW).reason

    assert told() == ""
    assert told(kind=Kind.EVIDENCE) == "permission.onward.missing"
    assert told(recipients=frozenset({POSTS[2]})) == "permission.onward.scope"
    assert told(until=NOW) == "permission.onward.expired"
    assert told(starts=NOW + day, until=NOW + 2 * day) == "permission.onward.expired"
    assert told(is_revoked=True) == "permission.onward.revoked"


def test_a_permission_without_the_scope_of_its_kind_names_the_field() -> None:
    assert missing_scope(Kind.ONWARD, [], ["trace"]) == "recipients"
    assert missing_scope(Kind.USE, [POSTS[0]], []) == "purposes"
    assert missing_scope(Kind.EVIDENCE, [], []) == missing_scope(Kind.PUBLICATION, [], []) == ""


# --- quotations ---

word = st.text(st.characters(codec="utf-8", categories=("Ll",)), min_size=3, max_size=8)


@given(st.lists(word, min_size=RUN_WORDS, max_size=20), st.lists(word, max_size=10), st.data())
def test_pasted_words_are_found_whatever_the_case_and_punctuation(item: list[str], own: list[str], data: Any) -> None:
    start = data.draw(st.integers(0, len(item) - RUN_WORDS))
    pasted = ", ".join(item[start : start + RUN_WORDS]).upper() + "!\n"
    draft = words_of([" ".join(own) + " " + pasted])
    runs = runs_of(words_of([" ".join(item)]))
    assert (
        not runs
        or quoted_run(draft, runs)
        or words_of([pasted])[:-1] != words_of([" ".join(item)])[start : start + RUN_WORDS]
    )


def test_accents_and_line_breaks_do_not_hide_a_quotation() -> None:
    item = runs_of(words_of(["El vehículo salió de Hermosillo la madrugada del martes."]))
    assert quoted_run(words_of(["Según ellos: el vehiculo SALIÓ de\nHermosillo la madrugada del martes"]), item)
    assert not quoted_run(words_of(["El vehículo salió de Nogales por la noche del lunes."]), item)


def test_two_texts_side_by_side_are_not_one_run() -> None:
    assert not runs_of(words_of(["uno dos tres", "cuatro cinco seis"]))


# --- retention ---


@given(markings(), st.integers(1, 3660))
def test_nothing_is_kept_longer_than_its_marking_or_its_accord_says(marking: Marking, days: int) -> None:
    last = keep_until(marking, NOW, days)
    assert last <= (NOW + timedelta(days=days)).date()
    assert marking.retention_until is None or last <= marking.retention_until
    midnight = datetime.combine(last, datetime.min.time(), UTC)
    assert not is_over(last, midnight + timedelta(hours=23, minutes=59)) and is_over(last, midnight + timedelta(days=1))


@given(st.text(max_size=12), st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_a_hold_has_a_known_reason_and_is_looked_at_again(reason: str, review_on: date) -> None:
    assert (hold_fault(reason, review_on, NOW) == "reason") is (reason not in HOLD_REASONS)
    assert hold_fault("litigation", review_on, NOW) == ("" if review_on > NOW.date() else "review_on")


def test_a_lifted_hold_holds_nothing() -> None:
    assert not is_held([]) and not is_held([NOW]) and is_held([NOW, None])
