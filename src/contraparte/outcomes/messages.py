"""The payloads of this room, bounded, and the data class of every field for the gate.

    reporter → other party    outcome.report/1   outcome.correct/1   outcome.retract/1
    other party → reporter    outcome.confirm/1  outcome.contest/1
    asker → answerer          feedback.give/1
    either → the other        case.link_ask/1    case.link_agree/1   case.link_end/1

An outcome is a conversation of its own: its id is the event's. Nothing here names a person, and no place below a
state. Unknown fields are kept (`extra="allow"`) and have no data class, so no node sends them on.
"""

from datetime import date
from typing import Annotated, Final

from pydantic import Field

from contraparte.outcomes.rules.kinds import Contribution, Kind, Thing
from contraparte.outcomes.rules.uses import NotUsed, Used
from contraparte.protocol import payload

Id = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Code = Annotated[str, Field(max_length=10)]
Words = Annotated[str, Field(max_length=2000)]
Version = Annotated[int, Field(ge=1, le=10_000)]
Ways = Annotated[list[Contribution], Field(max_length=len(Contribution))]


class Payload(payload.Payload):
    """A part of a message. A plain no is an answer."""

    keeps_no = True


class OutcomeFacts(Payload):
    """One real event. `quantity` keeps the digits and the unit as they were stated."""

    kind: Kind
    happened_on: date
    region: Code = ""
    country: Annotated[str, Field(max_length=2)] = ""
    what: Thing | None = None
    quantity: Annotated[str, Field(max_length=24)] = ""
    unit: Code = ""
    ours: Ways = []
    yours: Ways = []
    overturned_on: date | None = None


class OutcomeReport(Payload):
    """`outcome.report/1`: this came of the exchange `about`."""

    about: Id
    facts: OutcomeFacts


class OutcomeCorrect(Payload):
    """`outcome.correct/1`: the facts are these now. `version` counts the report as 1."""

    version: Version
    facts: OutcomeFacts
    reason: Words = ""


class OutcomeRetract(Payload):
    """`outcome.retract/1`: it was no such event."""

    reason: Words = ""


class OutcomeConfirm(Payload):
    """`outcome.confirm/1`: it happened, and this was our part. `same_as`: it is the event known under that id."""

    version: Version
    contribution: Ways = []
    same_as: Id | None = None


class OutcomeContest(Payload):
    """`outcome.contest/1`: it was not so, and why."""

    version: Version
    reason: Words = ""


class FeedbackGive(Payload):
    """`feedback.give/1`: what became of the answer to `request`. Exactly one of `used` and `not_used`."""

    request: Id
    used: Used | None = None
    not_used: NotUsed | None = None
    note: Words = ""


class CaseLinkAsk(Payload):
    """`case.link_ask/1`: shall our two cases be linked? The reference means nothing but to who made it."""

    about: Id
    reference: Id


class CaseLinkAgree(Payload):
    """`case.link_agree/1`: yes; our reference."""

    reference: Id


class CaseLinkEnd(Payload):
    """`case.link_end/1`: no, or no longer."""

    reason: Words = ""


FACTS: Final = {
    "/facts/kind": "event",
    "/facts/happened_on": "event",
    "/facts/region": "location",
    "/facts/country": "location",
    "/facts/what": "event",
    "/facts/quantity": "event",
    "/facts/unit": "event",
    "/facts/ours": "administrative",
    "/facts/ours/*": "administrative",
    "/facts/yours": "administrative",
    "/facts/yours/*": "administrative",
    "/facts/overturned_on": "event",
}
REPORT_CLASSES: Final = {"/about": "administrative", **FACTS}
CORRECT_CLASSES: Final = {"/version": "administrative", "/reason": "case", **FACTS}
REASON_CLASSES: Final = {"/version": "administrative", "/reason": "case"}
CONFIRM_CLASSES: Final = {
    "/version": "administrative",
    "/contribution": "administrative",
    "/contribution/*": "administrative",
    "/same_as": "administrative",
}
FEEDBACK_CLASSES: Final = {
    "/request": "administrative",
    "/used": "administrative",
    "/not_used": "administrative",
    "/note": "case",
}
LINK_CLASSES: Final = {"/about": "administrative", "/reference": "administrative"}
