"""Words about what a meeting said and decided."""

from dataclasses import replace

from contraparte.groups.rules.convening import meeting_of
from contraparte.groups.rules.meetings import TOOK_PLACE, Meeting, Minutes
from contraparte.groups.rules.promising import keep_promise
from contraparte.groups.rules.reading import read_text
from contraparte.groups.rules.standing import Standing, WordRefusedError
from contraparte.groups.rules.words import SIDES, Word


def propose_minutes(standing: Standing, word: Word) -> None:
    """A side writes the minutes, on the text that stands. Its own side has agreed with that."""
    facts = word.facts
    meeting = meeting_of(standing, word)
    state = meeting.state(standing.now)
    if state not in TOOK_PLACE:
        raise WordRefusedError("not_held")
    current = meeting.current_minutes
    if str(facts.get("base", "")) != (current.key if current else ""):
        raise WordRefusedError("base")
    if current is not None and current.state == "final":
        raise WordRefusedError("minutes_final")
    decisions = tuple(read_text(one) for one in facts.get("decisions", ()))
    commitments = facts.get("commitments", ())
    if state == "held_informal" and (decisions or commitments):
        raise WordRefusedError("informal_decides_nothing")
    if meeting.is_exploratory and commitments:
        raise WordRefusedError("exploratory")
    charter = standing.charter
    for one in commitments:
        if one.get("side") not in SIDES or not one.get("due_on") or not one.get("owner"):
            raise WordRefusedError("commitment")
    allowed = charter.handling if charter else ("H0",)
    if str(facts.get("handling", "H0")) not in {*allowed, "H0"}:
        raise WordRefusedError("handling")
    text = Minutes(
        word.uuid,
        word.side,
        read_text(facts.get("text")),
        decisions,
        str(facts.get("base", "")),
        frozenset({word.side}),
    )
    _put_minutes(standing, meeting, (*meeting.minutes, text))
    standing.drafted[word.uuid] = tuple(commitments)


def agree_minutes(standing: Standing, word: Word) -> None:
    """The other side agrees; what was promised counts from then."""
    meeting, current = _current_minutes(standing, word)
    if word.side in current.agreed:
        raise WordRefusedError("said_already")
    disputes = {side: text for side, text in current.disputes.items() if side != word.side}
    agreed = replace(current, agreed=current.agreed | {word.side}, disputes=disputes)
    _put_minutes(standing, meeting, (*meeting.minutes[:-1], agreed))
    if agreed.state == "final":
        for one in standing.drafted.get(agreed.key, ()):
            keep_promise(standing, word, f"{agreed.key}.{one['key']}", one, source=agreed.key)


def dispute_minutes(standing: Standing, word: Word) -> None:
    """A side disputes the text and leaves its own beside it; both are kept."""
    meeting, current = _current_minutes(standing, word)
    if word.side in current.agreed:
        raise WordRefusedError("said_already")
    text = read_text(word.facts.get("text"))
    if not text:
        raise WordRefusedError("text")
    disputed = replace(current, disputes={**current.disputes, word.side: text})
    _put_minutes(standing, meeting, (*meeting.minutes[:-1], disputed))


def _current_minutes(standing: Standing, word: Word) -> tuple[Meeting, Minutes]:
    wanted = str(word.facts.get("minutes", ""))
    for meeting in standing.meetings.values():
        if any(one.key == wanted for one in meeting.minutes):
            current = meeting.minutes[-1]
            if current.key != wanted:
                raise WordRefusedError("base")
            return meeting, current
    raise WordRefusedError("no_such_minutes")


def _put_minutes(standing: Standing, meeting: Meeting, minutes: tuple[Minutes, ...]) -> None:
    standing.meetings[meeting.key] = replace(meeting, minutes=minutes)
