"""How steps and message types belong together, and what of a message moves the state."""

from collections.abc import Mapping
from typing import Any, Final

from contraparte.inquiries.rules.catalogue import Family

#: The message that opens an inquiry of each family.
OPENERS: Final[Mapping[Family, str]] = {
    "police": "inquiry.request/1",
    "letter": "inquiry.letter/1",
    "spontaneous": "inquiry.spontaneous/1",
    "note": "inquiry.note/1",
}
#: What passes before an inquiry is sent: a draft shown to the other side, and its word on it. Neither is a step.
SHARED: Final = "inquiry.draft/1"
COMMENT: Final = "inquiry.comment/1"
#: Families whose drafts may be shown to the other side before they are sent.
SHAREABLE: Final[frozenset[Family]] = frozenset({"police", "letter"})
#: The only ground that stands without a consultation before it (DOMAIN).
WITHOUT_CONSULTATION: Final = "prohibited_by_law"
#: Steps an officer takes alone; every other waits for an authorising person. The policies say the same.
ALONE: Final = frozenset(
    {
        "acknowledge", "assess", "execute", "clarify", "transfer", "agree", "delay", "confirm", "verify", "reject",
        "use", "withdraw", "close",
    }
)  # fmt: skip
#: Steps whose message replies to the step that is owed, and so ends its clock.
ENDING: Final = frozenset(
    {
        "clarification", "agree", "consult_reply", "accept", "refuse", "postpone", "conditions", "answer", "verify",
        "reject", "use",
    }
)  # fmt: skip


def type_of(step: str) -> str:
    """The message type of a step."""
    return f"inquiry.{'progress' if step in {'assess', 'execute'} else step}/1"


def step_of(message_type: str, body: Mapping[str, Any]) -> str:
    """The step a message takes."""
    if message_type in OPENERS.values():
        return "open"
    name = message_type.removeprefix("inquiry.").partition("/")[0]
    return str(body.get("step", "")) if name == "progress" else name


def facts_of(step: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """What of a message moves the state or a date; codes and days only, never what it says."""
    if step == "open":
        return {"oral": True} if body.get("spoken") else {}
    if step == "refuse":
        ground = str(body.get("ground", ""))
        return {"ground": ground, "without_consultation": ground == WITHOUT_CONSULTATION}
    named = {
        "use": ("used", "outcome_due"),
        "delay": ("estimate",),
        "postpone": ("review_on",),
        "transfer": ("to",),
    }.get(step, ())
    return {name: body[name] for name in named if body.get(name)}
