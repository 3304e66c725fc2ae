"""What the exchange itself says about items that crossed: permissions, recalls, holds, duties (P6.4, P6.5, P6.7, P5.5).

    holder → originator     permission.ask/1     recall.answer/1     permission.report/1
                            disclosure.notify/1   disclosure.withdraw/1
    originator → holder     permission.grant/1   permission.refuse/1   permission.revoke/1   recall.order/1
                            disclosure.object/1
    either → other          hold.place/1         hold.lift/1         post.handover/1 (who answers for the sender's post)
                            post.succeeded/1 (who has whose work after a change of agency)

An item is named by its message id. Where an accord is suspended these pass without free text (P1.3).
"""

from datetime import date, datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from contraparte.exchange.rules.disclosure import LINE_CHARS
from contraparte.exchange.rules.permissions import Kind

MAX_NAMED: Final = 64  # recipients or purposes of one permission
MAX_ONWARD: Final = 256  # onward holders named in one answer: four disclosures each, half of what a message may have

Id = Annotated[str, Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]
Name = Annotated[str, Field(min_length=1, max_length=106)]
Names = Annotated[list[Name], Field(max_length=MAX_NAMED)]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,39}$")]
Words = Annotated[str, Field(max_length=1000)]
Line = Annotated[str, Field(max_length=LINE_CHARS, pattern=r"^[^\x00-\x1f\x7f]*$")]
Outcome = Literal["quarantined", "filed", "erased", "unknown"]


class Payload(BaseModel):
    """Unknown fields are kept (invariant 9) and have no data class, so no node sends them on."""

    model_config = ConfigDict(extra="allow", frozen=True)


class PermissionAsk(Payload):
    """May we do this with your item? Its message id is the permission's number from then on."""

    item: Id
    kind: Kind
    recipients: Names = []
    purposes: Names = []
    until: datetime
    why: Words = ""


class PermissionGrant(Payload):
    """Yes, for this scope and until then."""

    permission: Id
    item: Id
    kind: Kind
    recipients: Names = []
    purposes: Names = []
    until: datetime


class PermissionRefuse(Payload):
    """No, on this ground."""

    permission: Id
    item: Id
    ground: Code
    note: Words = ""


class PermissionRevoke(Payload):
    """The permission has ended. To who got the item by it: the permission under which it was passed has ended."""

    permission: Id
    item: Id
    kind: Kind


class Onward(Payload):
    """A post that got an item onward, and what is known of it there."""

    post: Name
    outcome: Annotated[str, Field(max_length=20)] = ""
    opened_at: datetime | None = None
    answered_at: datetime | None = None


class PermissionReport(Payload):
    """What had been done under a permission when it ended: who has the item, and who has read it."""

    permission: Id
    item: Id
    onward: Annotated[list[Onward], Field(max_length=MAX_ONWARD)] = []
    unnamed: Annotated[int, Field(ge=0, le=1_000_000)] = 0


class RecallOrder(Payload):
    """Give the item back: nobody is to read or use it any more."""

    item: Id
    reason: Code
    note: Words = ""


class RecallAnswer(Payload):
    """What became of the item at the holder. Comes again whenever it learns more."""

    item: Id
    outcome: Outcome
    court: Annotated[str, Field(max_length=200)] = ""
    filed_on: date | None = None
    opened_at: datetime | None = None
    onward: Annotated[list[Onward], Field(max_length=MAX_ONWARD)] = []
    unnamed: Annotated[int, Field(ge=0, le=1_000_000)] = 0


class HoldPlace(Payload):
    """Do not delete this item: a class of reason, and when it is looked at again."""

    hold: Id
    item: Id
    reason: Code
    review_on: date


class HoldLift(Payload):
    """The hold has ended."""

    hold: Id
    item: Id


class DisclosureNotify(Payload):
    """Law or a court obliges us to disclose your item: by which article or order. Nothing of the case."""

    duty: Id
    item: Id
    basis: Code
    citation: Annotated[Line, Field(min_length=1)]
    court: Line = ""
    dated: date | None = None


class DisclosureWithdraw(Payload):
    """The duty is declared no longer."""

    duty: Id
    item: Id


class DisclosureObject(Payload):
    """We object, on this ground. Who must confirm the duty reads it; it does not stop it."""

    duty: Id
    item: Id
    ground: Code
    note: Words = ""


class PostHandover(Payload):
    """Who answers for the sending post, and since when. Persons are never named: a post is the party (P1.4)."""

    post: Name
    standing: Literal["held", "acting", "vacant"]
    since: datetime


class PostSucceeded(Payload):
    """Who has whose work since when, by a change both sides have signed; `until`: old addresses are accepted (P1.8).

    `was` and `became` are read in pairs, `concerned` are posts of the receiving side; `more` pairs are not named.
    """

    event: Name
    event_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    since: datetime
    until: datetime
    was: Names
    became: Names
    concerned: Names
    more: Annotated[int, Field(ge=0)] = 0


SUCCEEDED_CLASSES: Final = {
    **{f"/{name}": "administrative" for name in ("event", "event_hash", "since", "until", "more")},
    **{f"/{name}{deep}": "administrative" for name in ("was", "became", "concerned") for deep in ("", "/*")},
}
HANDOVER_CLASSES: Final = {f"/{name}": "administrative" for name in ("post", "standing", "since")}
SHELL: Final = {
    f"/{name}": "administrative"
    for name in (
        "item", "permission", "hold", "duty", "kind", "until", "ground", "reason", "review_on", "outcome", "basis",
    )
}  # fmt: skip
ASK_CLASSES: Final = {
    **SHELL,
    "/recipients": "administrative",
    "/recipients/*": "administrative",
    "/purposes": "administrative",
    "/purposes/*": "administrative",
    "/why": "case",
    "/note": "case",
}
ANSWER_CLASSES: Final = {
    **SHELL,
    "/opened_at": "administrative",
    "/onward": "administrative",
    "/onward/*/*": "administrative",
    "/unnamed": "administrative",
    "/court": "case",
    "/filed_on": "case",
}
DUTY_CLASSES: Final = {
    **SHELL,
    "/citation": "case",
    "/court": "case",
    "/dated": "case",
    "/note": "case",
}
