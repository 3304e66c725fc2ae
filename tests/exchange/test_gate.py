"""The gate's parts: data classes of pointers, what needs what, and the policy files a running node notices."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contraparte.exchange import gate
from contraparte.exchange.rules.backoff import FIRST_S, LONGEST_S, delay_s
from contraparte.exchange.rules.classes import DATA_CLASSES, ClassMap, leaves, without
from contraparte.exchange.rules.decisions import NEEDS, Approvals, FieldDecision, Hold, Released, Withhold, unmet
from contraparte.protocol.errors import PolicySetError
from contraparte.protocol.marking import Marking
from tests.exchange.small_world import CENTRE, MARKING, SONORA, SmallWorld

KEYS = st.text(st.sampled_from("ab/~0 ñ"), max_size=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(KEYS, below, max_size=4),
    max_leaves=12,
)


def resolved(value: Any, pointer: str) -> Any:
    """What stands at a JSON pointer, by RFC 6901 and nothing of ours."""
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


@given(JSON)
def test_every_leaf_is_found_at_its_pointer_and_none_twice(value: Any) -> None:
    found = list(leaves(value))
    assert len({pointer for pointer, _ in found}) == len(found) >= 1
    for pointer, leaf in found:
        assert resolved(value, pointer) == leaf


@given(JSON, st.data())
def test_what_is_taken_out_is_gone_and_the_rest_is_there(value: Any, data: st.DataObject) -> None:
    pointers = [pointer for pointer, _ in leaves(value) if pointer]
    chosen = frozenset(data.draw(st.lists(st.sampled_from(pointers), unique=True)) if pointers else [])
    left = without(value, chosen)
    kept = [leaf for pointer, leaf in leaves(value) if pointer not in chosen]
    emptied = [leaf for _, leaf in leaves(left) if leaf in ({}, [])]
    scalars = [leaf for leaf in kept if leaf not in ({}, [])]
    assert [leaf for _, leaf in leaves(left) if leaf not in ({}, [])] == scalars
    assert chosen or left == value
    assert len(emptied) >= len(kept) - len(scalars)


STEP = st.sampled_from(["a", "b", "0"])
POINTERS = st.lists(STEP, min_size=1, max_size=4).map(lambda steps: "/" + "/".join(steps))
PATTERNS = st.lists(STEP | st.just("*"), min_size=1, max_size=4).flatmap(
    lambda steps: st.sampled_from(["/" + "/".join(steps), "/" + "/".join([*steps, "**"])])
)


@given(st.dictionaries(PATTERNS, st.sampled_from(sorted(DATA_CLASSES)), max_size=6), POINTERS)
def test_a_pointer_has_a_class_exactly_where_a_pattern_covers_it(patterns: dict[str, str], pointer: str) -> None:
    def covers(pattern: str) -> bool:
        wanted, steps = pattern.split("/")[1:], pointer.split("/")[1:]
        if wanted[-1] == "**":
            wanted, steps = wanted[:-1], steps[: len(wanted) - 1] if len(steps) >= len(wanted) else []
        return len(wanted) == len(steps) and all(w in {"*", s} for w, s in zip(wanted, steps, strict=True))

    fitting = {name for pattern, name in patterns.items() if covers(pattern)}
    found = ClassMap(patterns).class_of(pointer)
    assert found in fitting if fitting else found is None
    if pointer in patterns:
        assert found == patterns[pointer], "the exact one wins"


def test_the_more_exact_pattern_wins() -> None:
    classes = ClassMap({"/a/**": "case", "/a/*": "person", "/a/b": "victim", "/a/b/**": "minor"})
    assert [classes.class_of(p) for p in ("/a/b", "/a/c", "/a/b/d", "/a/c/d", "/a", "/z")] == [
        *("victim", "person", "minor", "case", None, None)
    ]


def test_a_class_no_policy_knows_is_refused_at_start() -> None:
    with pytest.raises(ValueError, match="secret"):
        ClassMap({"/a": "secret"})


@given(st.frozensets(st.sampled_from(sorted(NEEDS)) | st.just("luck")), st.integers(0, 3))
def test_more_approvals_never_leave_more_unmet_and_an_unknown_need_is_never_met(
    needs: frozenset[str], others: int
) -> None:
    now, more = unmet(needs, Approvals(others=others)), unmet(needs, Approvals(others=others + 1))
    assert set(more) <= set(now) <= needs
    assert ("luck" in now) == ("luck" in needs)
    assert others or set(now) == needs


@pytest.mark.parametrize("kind", [Released, Hold, Withhold])
def test_a_kept_decision_holds_pointers_and_policies_and_no_value(kind: Any) -> None:
    told = kind(("p",), "h", (FieldDecision("/text", "case", True, ("p",)),)).to_json()
    assert told == {"outcome": kind.outcome, "policies": ["p"], "fields": [["/text", "case", True, ["p"]]]}


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_a_pause_is_bounded_and_never_short_for_its_number(failures: int, share: float) -> None:
    assert FIRST_S / 4 <= delay_s(failures, share) <= LONGEST_S
    assert delay_s(failures + 1, 0.0) >= delay_s(failures, 0.0)


def question(**other: Any) -> gate.Question:
    asked = {
        "message_type": "note.say/1",
        "sender": SONORA,
        "recipient": CENTRE,
        "accord": "mx-us-traces",
        "body": {"text": "x", "informer": "y"},
        "marking": MARKING,
        "automatic": True,
        "copy": False,
        "urgency": "routine",
        "approvals": Approvals(),
    }
    return gate.Question(**{**asked, **other})


def test_a_changed_policy_file_counts_within_the_time_said(
    desk_world: SmallWorld, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(gate, "time", SimpleNamespace(monotonic=lambda: clock.now))
    assert isinstance(gate.decide(question()), Released)
    before = gate.policy_set()
    own = settings.HOME.folder("policies") / "own.cedar"
    own.write_text('@id("shut") forbid (principal, action == Action::"release", resource);')
    clock.now += gate.RECHECK_S * 0.9
    assert isinstance(gate.decide(question()), Released)
    clock.now += gate.RECHECK_S * 0.2
    decision = gate.decide(question())
    assert isinstance(decision, Withhold) and decision.policies == ("shut",)
    assert decision.policy_hash != before.hash
    # what decided before can still be told
    assert (gate.text_of(before.hash), gate.text_of(decision.policy_hash)) == (before.text, gate.policy_set().text)
    own.write_text("not cedar")
    clock.now += gate.RECHECK_S * 1.1
    for _ in range(2):
        with pytest.raises(PolicySetError):
            gate.decide(question())
    own.unlink()
    clock.now += gate.RECHECK_S * 1.1
    assert isinstance(gate.decide(question()), Released)


@pytest.mark.parametrize("recipient_named", ["us", "us.ntc", CENTRE])
def test_the_circle_names_a_country_an_agency_or_a_post(desk_world: SmallWorld, recipient_named: str) -> None:
    marking = Marking.from_json({**MARKING.to_json(), "circle": [recipient_named]})
    assert isinstance(gate.decide(question(marking=marking)), Released)


def test_a_body_without_anything_in_it_has_nothing_to_keep_back(desk_world: SmallWorld) -> None:
    decision = gate.decide(question(body={}))
    assert isinstance(decision, Released) and decision.fields == ()


def test_a_node_policy_may_say_otherwise_where_a_permit_is_silent_and_never_where_a_forbid_speaks(
    desk_world: SmallWorld, settings: Any
) -> None:
    (settings.HOME.folder("policies") / "own.cedar").write_text(
        '@id("all") permit (principal, action == Action::"disclose", resource);'
    )
    gate.forget_policies()
    decision = gate.decide(question(body={"text": "x", "informer": "y", "buyer": "z"}))
    assert {field.pointer: field.disclosed for field in decision.fields} == {
        "/text": True,
        "/informer": False,
        "/buyer": True,
    }
