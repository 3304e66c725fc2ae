"""Reading a group: every word in its turn, what each does, and what stays without effect."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

from contraparte.groups.rules import chartering, convening, minuting, promising
from contraparte.groups.rules.promises import Promise
from contraparte.groups.rules.standing import Standing, WordRefusedError
from contraparte.groups.rules.words import Word, in_order

Act = Callable[[Standing, Word], None]
ACTS: Final[Mapping[str, Act]] = {
    "group.found": chartering.found,
    "group.gate": chartering.set_gate,
    "group.decide": chartering.decide_extent,
    "group.framework": chartering.speak_of_framework,
    "group.end": chartering.end_group,
    "charter.propose": chartering.propose_charter,
    "charter.approve": chartering.approve_charter,
    "charter.decline": chartering.decline_charter,
    "goal.report": chartering.report_goal,
    "meeting.call": convening.call_meeting,
    "meeting.agenda": convening.set_agenda,
    "meeting.cancel": convening.cancel_meeting,
    "meeting.authorise": convening.authorise_meeting,
    "meeting.attend": convening.attend_meeting,
    "minutes.propose": minuting.propose_minutes,
    "minutes.agree": minuting.agree_minutes,
    "minutes.dispute": minuting.dispute_minutes,
    "commitment.make": promising.make_promise,
    "commitment.take": promising.take_promise,
}
#: Heard although the group has ended: a last meeting is still recorded.
AFTER_THE_END: Final = frozenset({"minutes.agree", "minutes.dispute", "meeting.attend"})


def read_standing(
    words: Iterable[Word], *, inherited: Iterable[Promise] = (), until: datetime | None = None
) -> Standing:
    """How a group stands after its words, at `until`. `inherited`: promises still open of groups it took over."""
    standing = Standing(promises={one.key: one for one in inherited})
    for word in in_order(words):
        hear(standing, word)
    if until is not None and standing.founded_at is not None:
        standing.advance(max(until, standing.now))
    return standing


def hear(standing: Standing, word: Word) -> str:
    """Let one more word count. Returns the code of the reason why it moves nothing, or ""."""
    standing.now = max(word.at, standing.now)
    if standing.founded_at is not None:
        standing.advance(standing.now)
    code = _do(standing, word)
    if code:
        standing.crossed.append((word, code))
    else:
        standing.advance(standing.now, word.uuid)
    return code


def _do(standing: Standing, word: Word) -> str:
    act = ACTS.get(word.act)
    if act is None:
        return "unknown"
    if (standing.founded_at is None) != (word.act == "group.found"):
        return "not_founded" if standing.founded_at is None else "founded"
    if standing.end is not None and word.act not in AFTER_THE_END:
        return "ended"
    try:
        act(standing, word)
    except WordRefusedError as refused:
        return str(refused.args[0])
    return ""
