"""A group is a function of what both sides said: charters, meetings, minutes, promises, silence, the end."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contraparte.groups.rules.cadence import Cadence
from contraparte.groups.rules.charters import blocking, changes, gaps
from contraparte.groups.rules.hearing import ACTS, read_standing
from contraparte.groups.rules.reading import read_charter
from contraparte.groups.rules.words import Side, Word, in_order
from tests.groups.talk import BEGAN, ZONE, Talk, charter, goal

TODAY = BEGAN.date()


def codes(**changed: Any) -> set[tuple[str, str]]:
    return {(gap.field, gap.code) for gap in gaps(read_charter(charter(**changed)), on=TODAY)}


def test_a_whole_charter_has_no_gap() -> None:
    assert codes() == set()


def test_an_empty_charter_names_every_gap_at_once() -> None:
    found = {gap.field for gap in gaps(read_charter({}), on=TODAY)}
    assert found == {
        "name", "purpose", "scope", "out_of_scope", "chairs.a", "chairs.b", "sponsors.a", "sponsors.b", "cadence",
        "rule", "handling", "time_zone", "goals", "review_on",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "field", "code"),
    [
        ({"sponsors": {"a": "mx.fge-son/kidnapping", "b": "us.fbi/principal"}}, "sponsors.a", "sponsor_is_chair"),
        ({"handling": ["H9"]}, "handling", "unknown"),
        ({"time_zone": "America/Nowhere"}, "time_zone", "unknown"),
        ({"review_on": "2025-01-01"}, "review_on", "past"),
        ({"review_on": "2040-01-01"}, "review_on", "too_far"),
        ({"goals": [goal(baseline="")]}, "goals.0.baseline", "missing"),
        ({"goals": [goal(baseline="many")]}, "goals.0.baseline", "no_number"),
        ({"goals": [goal(target="468")]}, "goals.0.target", "no_change"),
        ({"goals": [goal(owner="")]}, "goals.0.owner", "missing"),
        ({"goals": [goal(due_on="2025-01-01")]}, "goals.0.due_on", "past"),
        ({"goals": [goal(), goal()]}, "goals.0.key", "repeated"),
        ({"goals": [goal(measure="level")]}, "goals.0.baseline_on", "missing"),
        ({"quorum": 0}, "quorum", "not_positive"),
    ],
)
def test_each_field_that_is_wrong_is_named(changed: dict[str, Any], field: str, code: str) -> None:
    found = gaps(read_charter(charter(**changed)), on=TODAY)
    assert (field, code) in {(gap.field, gap.code) for gap in blocking(found)}


def test_a_goal_that_nobody_could_see_is_warned_of_and_may_stand() -> None:
    found = gaps(read_charter(charter(goals=[goal(baseline="30", target="24")])), on=TODAY)
    assert [(gap.field, gap.code, gap.warns) for gap in found] == [("goals.0.target", "too_few_to_see", True)]


def test_two_groups_with_one_objective_are_warned_of() -> None:
    found = gaps(read_charter(charter()), on=TODAY, taken=["  menos SECUESTROS "])
    assert [(gap.field, gap.code, gap.warns) for gap in found] == [("goals.0.statement", "another_group_has_it", True)]


def test_a_baseline_may_be_owed_in_a_provisional_charter_only() -> None:
    owed = [goal(baseline="", baseline_owed_by="us.fbi/statistics")]
    assert ("goals.0.baseline", "missing") in codes(goals=owed)
    assert codes(goals=owed, provisional=True) == set()


def test_what_changed_is_told_field_by_field_and_goal_by_goal() -> None:
    before = read_charter(charter())
    after = read_charter(charter(quorum=2, goals=[goal(target="300"), goal(key="g2", statement={"en": "Other"})]))
    told = {change.field: (change.before, change.after) for change in changes(before, after)}
    assert told["quorum"] == (1, 2)
    assert told["goals.g1.target"] == ("370", "300")
    assert told["goals.g2"][0] is None
    assert set(told) == {"quorum", "goals.g1.target", "goals.g2"}


def test_a_charter_is_in_force_once_each_side_has_approved_it() -> None:
    talk = Talk()
    talk.tell("a", "group.found", name={"en": "Kidnapping"}, kind="working_group")
    key = talk.tell("a", "charter.propose", charter=charter(), base="")
    assert talk.both().state(talk.now)[0] == "chartering"
    talk.tell("a", "charter.approve", charter=key)
    talk.tell("a", "charter.approve", charter=key)  # one side approves for both: it cannot
    told = talk.both()
    assert (told.state(talk.now)[0], told.crossed[-1][1]) == ("chartering", "said_already")
    talk.tell("b", "charter.approve", charter=key)
    assert talk.both().state(talk.now)[0] == "active"


def test_a_charter_without_baseline_is_not_approved() -> None:
    talk = Talk()
    talk.chartered(goals=[goal(baseline="")])
    told = talk.both()
    assert told.in_force is None
    assert [code for _, code in told.crossed] == ["gaps", "gaps"]


def test_of_two_charters_written_at_once_one_stands_on_both_sides_and_the_other_is_kept() -> None:
    talk = Talk()
    key = talk.chartered()
    first = talk.say("a", "charter.propose", charter=charter(quorum=2), base=key)
    second = talk.say("b", "charter.propose", charter=charter(quorum=3), base=key)
    assert talk.at("a").proposal.key == first  # type: ignore[union-attr]
    assert talk.at("b").proposal.key == second  # type: ignore[union-attr]
    told = talk.both()
    assert told.proposal is not None
    assert told.proposal.key == first
    assert [(word.uuid, code) for word, code in told.crossed] == [(second, "another_waits")]
    assert told.crossed[0][0].facts["charter"]["quorum"] == 3


def test_a_charter_written_on_one_that_is_no_longer_in_force_moves_nothing() -> None:
    talk = Talk()
    talk.chartered()
    talk.tell("b", "charter.propose", charter=charter(quorum=2), base="")
    assert talk.both().crossed[-1][1] == "base"


def test_a_provisional_charter_lapses_by_itself_and_is_never_active() -> None:
    talk = Talk()
    talk.chartered(provisional=True)
    assert talk.both().state(talk.now)[0] == "provisional"
    talk.wait(days=91)
    told = talk.both()
    assert (told.charter, told.state(talk.now)[0]) == (None, "chartering")
    assert [one.state for one in told.history] == ["proposed", "chartering", "provisional", "chartering"]
    assert told.history[-1].since == BEGAN + timedelta(days=90)


def test_a_group_that_does_not_meet_is_dormant_by_itself_and_wakes_when_it_meets() -> None:
    talk = Talk()
    talk.chartered()  # 5 January, monthly: dormant when 20 February is over, in Hermosillo
    wakes = datetime(2026, 2, 21, tzinfo=ZoneInfo(ZONE))
    told = talk.both()
    assert told.state(wakes - timedelta(seconds=1))[0] == "active"
    assert told.state(wakes) == ("dormant", wakes)
    talk.now = wakes + timedelta(days=30)
    meeting = talk.meeting(1)
    talk.wait(days=1, hours=1)
    talk.tell("a", "meeting.attend", meeting=meeting, present=["mx.fge-son/kidnapping"])
    assert talk.both().state(talk.now)[0] == "dormant"
    talk.tell("b", "meeting.attend", meeting=meeting, present=["us.fbi/phoenix"])
    told = talk.both()
    assert [one.state for one in told.history][-2:] == ["dormant", "active"]


def attended(talk: Talk, a: list[str], b: list[str] | None) -> str:
    """A meeting twelve days on to which these came; None: that side says nothing."""
    meeting = talk.meeting()
    talk.wait(days=12, hours=3)
    talk.tell("a", "meeting.attend", meeting=meeting, present=a)
    if b is not None:
        talk.tell("b", "meeting.attend", meeting=meeting, present=b)
    return meeting


def test_a_meeting_is_held_with_both_informal_with_one_and_not_held_with_none() -> None:
    talk = Talk()
    talk.chartered()
    held = attended(talk, ["mx.fge-son/kidnapping"], ["us.fbi/phoenix"])
    informal = attended(talk, ["mx.fge-son/kidnapping"], [])
    silent = attended(talk, ["mx.fge-son/kidnapping"], None)
    nobody = talk.meeting(1)
    talk.wait(days=1, hours=3)
    told = talk.both()
    assert {key: one.state(talk.now) for key, one in told.meetings.items()} == {
        held: "held", informal: "held_informal", silent: "recording", nobody: "recording",
    }  # fmt: skip
    later = told.meetings[nobody].decided_at
    assert told.meetings[nobody].state(later - timedelta(seconds=1)) == "recording"
    assert told.meetings[nobody].state(later) == "not_held"
    assert told.meetings[silent].state(later) == "held_informal"


def test_a_late_word_about_attendance_counts_and_is_marked() -> None:
    talk = Talk()
    talk.chartered()
    meeting = attended(talk, ["mx.fge-son/kidnapping"], None)
    talk.wait(days=20)
    talk.tell("b", "meeting.attend", meeting=meeting, present=["us.fbi/phoenix"])
    told = talk.both().meetings[meeting]
    assert (told.state(talk.now), told.attendance["b"].is_late) == ("held", True)


def test_below_quorum_nothing_is_decided() -> None:
    talk = Talk()
    talk.chartered(quorum=2)
    meeting = attended(talk, ["mx.fge-son/kidnapping", "mx.fgr/uecs"], ["us.fbi/phoenix"])
    decided = talk.say(
        "a", "minutes.propose", meeting=meeting, base="", text={"en": "We met"}, decisions=[{"en": "Yes"}]
    )
    told = talk.both()
    assert told.meetings[meeting].state(talk.now) == "held_informal"
    assert [(word.uuid, code) for word, code in told.crossed] == [(decided, "informal_decides_nothing")]
    note = talk.tell("a", "minutes.propose", meeting=meeting, base="", text={"en": "We met"})
    talk.tell("b", "minutes.agree", minutes=note)
    assert talk.both().meetings[meeting].minutes[-1].state == "final"


def test_a_meeting_in_the_past_or_above_the_groups_handling_is_refused() -> None:
    talk = Talk()
    talk.chartered()
    talk.meeting(-1)
    talk.tell(
        "b", "meeting.call", starts=(BEGAN + timedelta(days=9)).isoformat(), zone=ZONE,
        ends=(BEGAN + timedelta(days=9, hours=1)).isoformat(), agenda=[{"text": {"en": "Source"}, "handling": "H2"}],
    )  # fmt: skip
    told = talk.both()
    assert ([code for _, code in told.crossed], told.meetings) == (["past", "handling"], {})


def test_a_moved_meeting_leaves_a_tombstone() -> None:
    talk = Talk()
    talk.chartered()
    first = talk.meeting(12)
    second = talk.meeting(15, replaces=first)
    told = talk.both()
    assert (told.meetings[first].state(talk.now), told.meetings[first].moved_to) == ("moved", second)
    assert told.meetings[second].replaces == first


def test_a_gate_keeps_a_side_away_until_it_is_authorised() -> None:
    talk = Talk()
    talk.chartered()
    talk.tell("b", "group.gate", required=True)
    meeting = talk.meeting()
    assert talk.both().meetings[meeting].waits_for("b")
    talk.wait(days=12, hours=3)
    talk.tell("b", "meeting.attend", meeting=meeting, present=["us.fbi/phoenix"])
    assert talk.both().crossed[-1][1] == "not_authorised"


def test_before_a_charter_a_meeting_explores_and_promises_nothing() -> None:
    talk = Talk()
    talk.tell("a", "group.found", name={"en": "Kidnapping"}, kind="working_group")
    meeting = talk.tell(
        "a", "meeting.call", starts=(BEGAN + timedelta(days=1)).isoformat(),
        ends=(BEGAN + timedelta(days=1, hours=1)).isoformat(), zone=ZONE,
    )  # fmt: skip
    talk.wait(days=1, hours=2)
    talk.tell("a", "meeting.attend", meeting=meeting, present=["mx.fge-son/kidnapping"])
    talk.tell("b", "meeting.attend", meeting=meeting, present=["us.fbi/phoenix"])
    talk.tell(
        "a", "minutes.propose", meeting=meeting, base="", text={"en": "We met"},
        commitments=[PROMISED],
    )  # fmt: skip
    talk.tell("b", "group.decide", wish="refocus")
    told = talk.both()
    assert told.meetings[meeting].is_exploratory
    assert ([code for _, code in told.crossed], told.wishes) == (["exploratory"], {"b": "refocus"})


def test_minutes_are_agreed_or_disputed_with_both_texts_kept() -> None:
    talk = Talk()
    talk.chartered()
    meeting = attended(talk, ["mx.fge-son/kidnapping"], ["us.fbi/phoenix"])
    first = talk.tell("a", "minutes.propose", meeting=meeting, base="", text={"en": "All agreed."})
    talk.tell("b", "minutes.dispute", minutes=first, text={"en": "Not all."})
    told = talk.both().meetings[meeting].minutes[-1]
    assert (told.state, told.text.en, told.disputes["b"].en) == ("disputed", "All agreed.", "Not all.")
    second = talk.tell("b", "minutes.propose", meeting=meeting, base=first, text={"en": "Most agreed."})
    talk.tell("a", "minutes.agree", minutes=second)
    texts = talk.both().meetings[meeting].minutes
    assert [one.state for one in texts] == ["disputed", "final"]


def test_minutes_written_by_both_at_once_stand_in_one_order_and_the_other_text_is_kept() -> None:
    talk = Talk()
    talk.chartered()
    meeting = attended(talk, ["mx.fge-son/kidnapping"], ["us.fbi/phoenix"])
    talk.say("a", "minutes.propose", meeting=meeting, base="", text={"en": "A's text"})
    lost = talk.say("b", "minutes.propose", meeting=meeting, base="", text={"en": "B's text"})
    told = talk.both()
    assert [one.text.en for one in told.meetings[meeting].minutes] == ["A's text"]
    assert [(word.uuid, code, word.facts["text"]["en"]) for word, code in told.crossed] == [(lost, "base", "B's text")]


PROMISED = {
    "key": "c1",
    "text": {"en": "Name a liaison"},
    "owner": "us.fbi/phoenix",
    "side": "b",
    "due_on": "2026-03-01",
}


def promised(talk: Talk) -> str:
    """A promise of side b from agreed minutes; returns its key."""
    meeting = attended(talk, ["mx.fge-son/kidnapping"], ["us.fbi/phoenix"])
    minutes = talk.tell("a", "minutes.propose", meeting=meeting, base="", text={"en": "We met"}, commitments=[PROMISED])
    assert talk.both().promises == {}
    talk.tell("b", "minutes.agree", minutes=minutes)
    return f"{minutes}.c1"


def test_a_promise_is_kept_by_its_owner_and_verified_by_the_other() -> None:
    talk = Talk()
    talk.chartered()
    key = promised(talk)
    for side, act, state in (
        ("a", "accept", "open"), ("b", "accept", "accepted"), ("b", "begin", "in_progress"),
        ("b", "claim", "done_claimed"), ("b", "verify", "done_claimed"), ("a", "reopen", "reopened"),
        ("b", "claim", "done_claimed"), ("a", "verify", "verified"),
    ):  # fmt: skip
        talk.tell(side, "commitment.take", commitment=key, do=act)  # type: ignore[arg-type]
        assert talk.both().promises[key].state == state
    assert [code for _, code in talk.both().crossed] == ["commitment_act", "commitment_act"]


def test_a_promise_that_misses_two_days_goes_to_the_principals_and_keeps_its_first_day() -> None:
    talk = Talk()
    talk.chartered()
    key = promised(talk)
    talk.now = datetime(2026, 3, 4, tzinfo=BEGAN.tzinfo)
    assert talk.both().promises[key].missed(date(2026, 3, 3)) == 1
    talk.tell("b", "commitment.take", commitment=key, do="carry", due_on="2026-04-01", note="Vacancy")
    told = talk.both().promises[key]
    assert (told.due_on, told.first_due) == (date(2026, 4, 1), date(2026, 3, 1))
    assert not told.is_escalated(date(2026, 4, 1))
    assert told.is_escalated(date(2026, 4, 2))


def test_a_one_sided_promise_is_reported_and_not_verified() -> None:
    talk = Talk()
    talk.chartered()
    key = talk.tell(
        "a", "commitment.make", text={"es": "Reformar el código"}, owner="mx.fgr/reforma", due_on="2026-12-31",
        one_sided=True,
    )  # fmt: skip
    talk.tell("a", "commitment.take", commitment=key, do="claim")
    talk.tell("b", "commitment.take", commitment=key, do="verify")
    told = talk.both()
    assert (told.promises[key].state, told.crossed[-1][1]) == ("reported", "commitment_act")


def test_a_promise_is_dropped_by_both_only() -> None:
    talk = Talk()
    talk.chartered()
    key = promised(talk)
    talk.tell("b", "commitment.take", commitment=key, do="drop")
    assert talk.both().promises[key].state == "open"
    talk.tell("a", "commitment.take", commitment=key, do="drop")
    assert talk.both().promises[key].state == "dropped"


def test_open_promises_move_to_the_group_that_takes_over() -> None:
    old, new = Talk(), Talk()
    old.chartered()
    key = promised(old)
    for side in ("a", "b"):
        old.tell(side, "group.end", how="replaced", into="new")  # type: ignore[arg-type]
    ended = old.both()
    assert ended.state(old.now)[0] == "replaced"
    new.now = old.now
    new.chartered(succeeds=["old"])
    new.tell("b", "commitment.take", commitment=key, do="accept")
    words = [*new.said["a"], *new.said["b"]]
    told = read_standing(words, inherited=[one for one in ended.promises.values() if one.is_live], until=new.now)
    assert told.promises[key].state == "accepted"


def test_a_group_ends_once_both_want_the_same() -> None:
    talk = Talk()
    talk.chartered()
    talk.tell("a", "group.end", how="concluded", into="")
    assert talk.both().state(talk.now)[0] == "active"
    talk.tell("b", "group.end", how="replaced", into="another")
    assert talk.both().state(talk.now)[0] == "active"
    talk.tell("a", "group.end", how="replaced", into="another")
    told = talk.both()
    assert told.end == ("replaced", "another")
    talk.tell("a", "meeting.call", starts="2027-01-01T00:00:00+00:00", ends="2027-01-01T01:00:00+00:00", zone=ZONE)
    assert talk.both().crossed[-1][1] == "ended"


@pytest.mark.parametrize(
    ("cadence", "day", "after", "dormant"),
    [
        (Cadence(1, "month"), date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 15)),
        (Cadence(1, "month"), date(2028, 1, 31), date(2028, 2, 29), date(2028, 3, 15)),
        (Cadence(3, "month"), date(2026, 11, 30), date(2027, 2, 28), date(2027, 4, 14)),
        (Cadence(2, "week"), date(2026, 12, 24), date(2027, 1, 7), date(2027, 1, 14)),
        (Cadence(1, "week"), date(2026, 12, 24), date(2026, 12, 31), date(2027, 1, 4)),
    ],
)
def test_a_cadence_runs_over_short_months_leap_days_and_year_ends(
    cadence: Cadence, day: date, after: date, dormant: date
) -> None:
    assert (cadence.after(day), cadence.dormant_after(day)) == (after, dormant)


FACTS = st.sampled_from(
    [{"meeting": "a0002"}, {"charter": "a0003", "base": ""}, {"commitment": "b0002", "do": "accept"}]
)


@given(data=st.data())
@settings(max_examples=60)
def test_whatever_crosses_both_sides_read_the_same(data: st.DataObject) -> None:
    """Both sides hold the same words at the end; neither the order of arrival nor a repetition matters."""
    talk = Talk()
    talk.chartered()
    for _ in range(data.draw(st.integers(1, 25))):
        side: Side = data.draw(st.sampled_from(["a", "b"]))
        _say_something(talk, side, data)
        talk.wait(hours=data.draw(st.sampled_from([0, 5, 400])))
        if data.draw(st.booleans()):
            # One direction only; the other is late.
            talk.read[side] = len(talk.said["b" if side == "a" else "a"])
    words = [*talk.said["a"], *talk.said["b"]]
    mixed = data.draw(st.permutations(words)) + data.draw(st.lists(st.sampled_from(words), max_size=3))
    told = read_standing(mixed, until=talk.now)
    assert told == talk.both()
    heard = {word.uuid for word in in_order(words)}
    assert heard == {word.uuid for word in words}  # nothing that was said is lost


def _say_something(talk: Talk, side: Side, data: st.DataObject) -> None:
    seen = talk.at(side)
    meetings = list(seen.meetings) or ["none"]
    texts = [text.key for one in seen.meetings.values() for text in one.minutes] or ["none"]
    base = texts[-1] if texts != ["none"] else ""
    starts = talk.now + timedelta(days=data.draw(st.sampled_from([1, 20])))
    ends = starts + timedelta(hours=1)
    do = data.draw(st.sampled_from(["accept", "claim", "verify", "drop"]))
    acts: list[tuple[str, dict[str, Any]]] = [
        ("charter.propose", {"charter": charter(), "base": seen.in_force.key if seen.in_force else ""}),
        ("charter.approve", {"charter": data.draw(st.sampled_from(list(seen.versions)))}),
        ("charter.decline", {"charter": data.draw(st.sampled_from(list(seen.versions))), "reason": "no"}),
        ("meeting.call", {"starts": starts.isoformat(), "ends": ends.isoformat(), "zone": ZONE}),
        ("meeting.attend", {"meeting": data.draw(st.sampled_from(meetings)), "present": [side]}),
        ("minutes.propose", {"meeting": meetings[-1], "base": base, "text": {"en": "x"}}),
        ("minutes.agree", {"minutes": texts[-1]}),
        ("minutes.dispute", {"minutes": texts[-1], "text": {"en": "y"}}),
        ("commitment.make", {"text": {"en": "z"}, "owner": "p", "due_on": "2026-06-01"}),
        ("commitment.take", {"commitment": next(iter(seen.promises), "none"), "do": do}),
        ("group.end", {"how": "concluded", "into": ""}),
    ]
    act, facts = data.draw(st.sampled_from(acts))
    talk.say(side, act, **facts)


def test_a_word_that_answers_what_is_not_here_waits_for_it() -> None:
    early = Word("b1", "b", 1, 1, BEGAN, "group.gate", {"required": True})
    assert in_order([early]) == []
    first = Word("a1", "a", 1, 0, BEGAN, "group.found", {})
    assert in_order([early, first]) == [first, early]


def test_a_turn_that_was_refused_is_passed_over() -> None:
    first = Word("a1", "a", 1, 0, BEGAN, "group.found", {})
    third = Word("a3", "a", 3, 0, BEGAN, "group.gate", {"required": True})
    answer = Word("b1", "b", 1, 2, BEGAN, "group.gate", {"required": False})
    assert in_order([answer, third, first]) == [first, third, answer]


def test_every_word_is_one_of_the_table() -> None:
    assert all("." in act for act in ACTS)
    told = read_standing(
        [Word("a1", "a", 1, 0, BEGAN, "group.found", {}), Word("a2", "a", 2, 0, BEGAN, "group.sing", {})]
    )
    assert [code for _, code in told.crossed] == ["unknown"]
