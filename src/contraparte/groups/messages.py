"""The payloads of this room, bounded, and the data class of every field for the gate.

A group is a conversation of its own between the posts of its two co-chairs; its id is the group's. Every word has a
number on its side (`turn`) and names the last word of the other side its author had read (`seen`, ADR 0110). Nobody is
named: owners, chairs and those who came are posts. Unknown fields are kept (`extra="allow"`) and have no data class, so
no node sends them on.
"""

from datetime import UTC, date, datetime
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field

from contraparte.protocol import payload

Key = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
KeyOrNone = Annotated[str, Field(pattern=r"^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?$")]
Local = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]  # a goal in a charter, a promise in minutes
PromiseKey = Annotated[str, Field(max_length=80)]
Post = Annotated[str, Field(max_length=106)]
Zone = Annotated[str, Field(max_length=64)]
Code = Annotated[str, Field(max_length=40)]
Handling = Annotated[str, Field(max_length=8)]
Line = Annotated[str, Field(max_length=300)]
Words = Annotated[str, Field(max_length=2_000)]
Pages = Annotated[str, Field(max_length=40_000)]
Seen = Annotated[int, Field(ge=0, le=1_000_000)]
Side = Literal["a", "b"]
# Days are counted with and moved between zones: at the edge of the calendar that breaks, and no group meets there.
FIRST_DAY, FIRST_MEETING, LAST_DAY = date(1900, 1, 1), date(1990, 1, 1), date(2200, 1, 1)
Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]
Instant = Annotated[
    AwareDatetime, Field(ge=datetime(1990, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC))
]  # fmt: skip
MOST = 60  # goals, agenda items, decisions, promises, members, posts that came


class Payload(payload.Payload):
    """A part of a message. A plain no is an answer."""

    keeps_no = True


class Short(Payload):
    """A line in one or both languages."""

    en: Line = ""
    es: Line = ""


class Text(Payload):
    """A paragraph in one or both languages."""

    en: Words = ""
    es: Words = ""


class Long(Payload):
    """Pages in one or both languages."""

    en: Pages = ""
    es: Pages = ""


class Said(Payload):
    """What every word carries."""

    turn: Seen = 0
    seen: Seen = 0


class BothSides(Payload):
    """A post of each side."""

    a: Post = ""
    b: Post = ""


class Cadence(Payload):
    """Every so many weeks or months."""

    every: Annotated[int, Field(ge=1, le=60)]
    unit: Literal["week", "month"]


class Goal(Payload):
    """One goal; numbers keep the digits as typed."""

    key: Local
    statement: Text = Text()
    indicator: Text = Text()
    measure: Literal["count", "level", "milestone"] = "count"
    baseline: Code = ""
    baseline_days: Annotated[int, Field(ge=1, le=3_660)] = 365
    baseline_on: Day | None = None
    target: Code = ""
    due_on: Day | None = None
    source: Text = Text()
    owner: Post = ""
    baseline_owed_by: Post = ""
    one_sided: Side | None = None


class Charter(Payload):
    """A charter as it travels; it may lack anything, and then cannot be approved."""

    name: Short = Short()
    kind: Code = ""
    purpose: Text = Text()
    scope: Text = Text()
    out_of_scope: Text = Text()
    chairs: BothSides = BothSides()
    sponsors: BothSides = BothSides()
    members: Annotated[list[Post], Field(max_length=MOST)] = []
    cadence: Cadence | None = None
    quorum: Annotated[int, Field(ge=0, le=MOST)] = 1
    rule: Literal["", "consensus", "majority_each_side", "chairs"] = ""
    handling: Annotated[list[Handling], Field(max_length=8)] = []
    time_zone: Zone = ""
    goals: Annotated[list[Goal], Field(max_length=MOST)] = []
    review_on: Day | None = None
    provisional: bool = False


class GroupFound(Said):
    """`group.found/1`: let us have this group. `succeeds`: groups whose open promises it takes over."""

    name: Short
    kind: Code = ""
    framework: Code = ""
    succeeds: Annotated[list[Key], Field(max_length=20)] = []


class GroupGate(Said):
    """`group.gate/1`: whether our part in a meeting needs an authorisation beforehand."""

    required: bool


class GroupDecide(Said):
    """`group.decide/1`: keep, refocus or conclude it, says this side."""

    wish: Literal["keep", "refocus", "conclude"]
    note: Words = ""


class GroupFramework(Said):
    """`group.framework/1`: our principal agrees to, or disowns, the goal this group stands under."""

    agreed: bool
    note: Words = ""


class GroupEnd(Said):
    """`group.end/1`: let us end it so. It has ended once both have said the same."""

    how: Literal["concluded", "replaced", "merged"]
    into: KeyOrNone = ""
    reason: Words = ""


class CharterPropose(Said):
    """`charter.propose/1`: this text, written on the one in force (`base`, empty for none)."""

    charter: Charter
    base: KeyOrNone = ""


class CharterApprove(Said):
    """`charter.approve/1`: our sponsor approves that text."""

    charter: Key


class CharterDecline(Said):
    """`charter.decline/1`: not that text, and why; or: we take it back."""

    charter: Key
    reason: Words = ""


class GoalReport(Said):
    """`goal.report/1`: a figure of a goal. A milestone is `done_on` a day, or expected on one."""

    goal: Local
    since: Day | None = None
    until: Day | None = None
    value: Code = ""
    source: Line = ""
    comparable: bool = True
    done_on: Day | None = None
    expected_on: Day | None = None
    note: Words = ""


class Item(Payload):
    """A line of an agenda."""

    text: Short
    handling: Handling = "H0"


class MeetingCall(Said):
    """`meeting.call/1`: let us meet; the message's id is the meeting's. `replaces`: the one that moves."""

    starts: Instant
    ends: Instant
    zone: Zone
    venue: Line = ""
    agenda: Annotated[list[Item], Field(max_length=MOST)] = []
    replaces: KeyOrNone = ""


class MeetingAgenda(Said):
    """`meeting.agenda/1`: the agenda now, written on the one that stands (`base`)."""

    meeting: Key
    base: KeyOrNone = ""
    items: Annotated[list[Item], Field(max_length=MOST)]


class MeetingCancel(Said):
    """`meeting.cancel/1`: it does not take place."""

    meeting: Key
    reason: Words = ""


class MeetingAuthorise(Said):
    """`meeting.authorise/1`: our people may go, or may not."""

    meeting: Key
    granted: bool
    reason: Words = ""


class MeetingAttend(Said):
    """`meeting.attend/1`: who of ours was there. `substitutes`: post → the post it stood in for."""

    meeting: Key
    present: Annotated[list[Post], Field(max_length=MOST)] = []
    substitutes: Annotated[dict[Post, Post], Field(max_length=MOST)] = {}


class Promised(Payload):
    """A promise as the minutes state it."""

    key: Local
    text: Text
    owner: Post
    side: Side
    due_on: Day
    one_sided: bool = False


class MinutesPropose(Said):
    """`minutes.propose/1`: this is what was said, written on the text that stands (`base`)."""

    meeting: Key
    base: KeyOrNone = ""
    text: Long
    decisions: Annotated[list[Text], Field(max_length=MOST)] = []
    commitments: Annotated[list[Promised], Field(max_length=MOST)] = []
    handling: Handling = "H0"


class MinutesAgree(Said):
    """`minutes.agree/1`: so it was."""

    minutes: Key


class MinutesDispute(Said):
    """`minutes.dispute/1`: it was not so; our text."""

    minutes: Key
    text: Long


class CommitmentMake(Said):
    """`commitment.make/1`: we promise this, outside a meeting."""

    text: Text
    owner: Post
    due_on: Day
    one_sided: bool = False


class CommitmentTake(Said):
    """`commitment.take/1`: what happens with a promise. `due_on` with carry, `owner` with hand."""

    commitment: PromiseKey
    do: Literal["accept", "begin", "claim", "verify", "reopen", "carry", "hand", "drop"]
    due_on: Day | None = None
    owner: Post = ""
    note: Words = ""


_SEEN: Final = {"/turn": "administrative", "/seen": "administrative"}


def _text(pointer: str) -> dict[str, str]:
    return {f"{pointer}/en": "group", f"{pointer}/es": "group"}


CLASSES: Final[dict[str, dict[str, str]]] = {
    "group.found/1": {**_SEEN, **_text("/name"), "/kind": "administrative", "/framework": "administrative",
                      "/succeeds": "administrative", "/succeeds/*": "administrative"},
    "group.gate/1": {**_SEEN, "/required": "administrative"},
    "group.decide/1": {**_SEEN, "/wish": "administrative", "/note": "group"},
    "group.framework/1": {**_SEEN, "/agreed": "administrative", "/note": "group"},
    "group.end/1": {**_SEEN, "/how": "administrative", "/into": "administrative", "/reason": "group"},
    "charter.propose/1": {**_SEEN, "/base": "administrative", "/charter": "group", "/charter/**": "group"},
    "charter.approve/1": {**_SEEN, "/charter": "administrative"},
    "charter.decline/1": {**_SEEN, "/charter": "administrative", "/reason": "group"},
    "goal.report/1": {**_SEEN, "/goal": "administrative", "/since": "administrative", "/until": "administrative",
                      "/value": "group", "/source": "group", "/comparable": "administrative",
                      "/done_on": "administrative", "/expected_on": "administrative", "/note": "group"},
    "meeting.call/1": {**_SEEN, "/starts": "administrative", "/ends": "administrative", "/zone": "administrative",
                       "/venue": "group", "/replaces": "administrative", "/agenda": "group", "/agenda/**": "group"},
    "meeting.agenda/1": {**_SEEN, "/meeting": "administrative", "/base": "administrative", "/items": "group",
                         "/items/**": "group"},
    "meeting.cancel/1": {**_SEEN, "/meeting": "administrative", "/reason": "group"},
    "meeting.authorise/1": {**_SEEN, "/meeting": "administrative", "/granted": "administrative", "/reason": "group"},
    "meeting.attend/1": {**_SEEN, "/meeting": "administrative", "/present": "administrative",
                         "/present/*": "administrative", "/substitutes": "administrative",
                         "/substitutes/*": "administrative"},
    "minutes.propose/1": {**_SEEN, "/meeting": "administrative", "/base": "administrative", **_text("/text"),
                          "/decisions": "group", "/decisions/**": "group", "/commitments": "group",
                          "/commitments/**": "group", "/handling": "administrative"},
    "minutes.agree/1": {**_SEEN, "/minutes": "administrative"},
    "minutes.dispute/1": {**_SEEN, "/minutes": "administrative", **_text("/text")},
    "commitment.make/1": {**_SEEN, **_text("/text"), "/owner": "administrative", "/due_on": "administrative",
                          "/one_sided": "administrative"},
    "commitment.take/1": {**_SEEN, "/commitment": "administrative", "/do": "administrative",
                          "/due_on": "administrative", "/owner": "administrative", "/note": "group"},
}  # fmt: skip

BODIES: Final[dict[str, type[Said]]] = {
    "group.found/1": GroupFound,
    "group.gate/1": GroupGate,
    "group.decide/1": GroupDecide,
    "group.framework/1": GroupFramework,
    "group.end/1": GroupEnd,
    "charter.propose/1": CharterPropose,
    "charter.approve/1": CharterApprove,
    "charter.decline/1": CharterDecline,
    "goal.report/1": GoalReport,
    "meeting.call/1": MeetingCall,
    "meeting.agenda/1": MeetingAgenda,
    "meeting.cancel/1": MeetingCancel,
    "meeting.authorise/1": MeetingAuthorise,
    "meeting.attend/1": MeetingAttend,
    "minutes.propose/1": MinutesPropose,
    "minutes.agree/1": MinutesAgree,
    "minutes.dispute/1": MinutesDispute,
    "commitment.make/1": CommitmentMake,
    "commitment.take/1": CommitmentTake,
}
