"""The life of an inquiry as data: which step leads from which state to which, and whose step it is.

    draft → delivered → acknowledged → assessing
    clarification ⇄ what was before (the clock stops) · transferred · conditions_offered → accepted
    consulting → consulted → refused | accepted · postponed
    accepted → executing → delayed* → partial* → answered → verified | rejected_delivery
    verified → used | not_used → outcome_due → closed · withdrawn · expired

Source: DOMAIN "Inquiries". A state is never stored: both sides fold the same events in the order of the instants in
the receipts both hold, so both come to the same state. What crossed on the road and no longer fitted when its turn
came is kept and has no effect (`Fold.crossed`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from contraparte.inquiries.rules.catalogue import Family
from contraparte.protocol.errors import InquiryStepError, RefusalUnconsultedError

Side = Literal["initiator", "responder"]

#: A request by word of mouth that nobody confirms in writing ends by itself (S1).
ORAL_LASTS: Final = timedelta(days=5)
#: A consultation that nobody answers does not hold up a refusal for ever.
CONSULTATION_WAIT: Final = timedelta(days=7)
#: The clock stops this long at most for one clarification (P8.1).
PAUSE_CAP: Final = timedelta(days=60)

ASKING: Final[frozenset[Family]] = frozenset({"police", "letter"})
ANY: Final[frozenset[Family]] = frozenset({"police", "letter", "spontaneous", "note"})
LETTER: Final[frozenset[Family]] = frozenset({"letter"})
TOLD: Final[frozenset[Family]] = frozenset({"spontaneous"})
ASKED: Final[frozenset[Family]] = frozenset({"police", "letter", "note"})

BEFORE = "(before)"  # a target: the state the clarification interrupted
OPENING = "open"
DECIDING: Final = frozenset({"acknowledged", "assessing"})
WORKING: Final = frozenset({"accepted", "executing", "delayed", "partial"})
ENDED: Final = frozenset({"transferred", "refused", "withdrawn", "expired", "closed"})
STATES: Final = (
    "draft", "delivered", "acknowledged", "assessing", "clarification", "transferred", "conditions_offered",
    "consulting", "consulted", "refused", "postponed", "accepted", "executing", "delayed", "partial", "answered",
    "verified", "rejected_delivery", "used", "not_used", "outcome_due", "closed", "withdrawn", "expired",
)  # fmt: skip
LIVE: Final = frozenset(STATES) - ENDED - {"draft"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table: this side may take this step from these states, and it leads there."""

    step: str
    side: Side
    sources: frozenset[str]
    target: str
    families: frozenset[Family] = ASKING


def _from(*states: str) -> frozenset[str]:
    return frozenset(states)


RULES: Final = (
    Rule(OPENING, "initiator", _from("draft"), "delivered", ANY),
    Rule("acknowledge", "responder", _from("delivered"), "acknowledged", ANY),
    Rule("assess", "responder", _from("acknowledged"), "assessing"),
    Rule("clarify", "responder", _from("delivered") | DECIDING | WORKING, "clarification"),
    Rule("clarification", "initiator", _from("clarification"), BEFORE),
    Rule("transfer", "responder", _from("delivered") | DECIDING, "transferred", ASKED),
    Rule("conditions", "responder", DECIDING, "conditions_offered", LETTER),
    Rule("agree", "initiator", _from("conditions_offered"), "accepted", LETTER),
    Rule("consult", "responder", DECIDING | {"postponed"}, "consulting"),
    Rule("consult_reply", "initiator", _from("consulting"), "consulted"),
    Rule("accept", "responder", DECIDING | {"consulting", "consulted", "postponed"}, "accepted"),
    Rule("refuse", "responder", _from("delivered", "consulting", "consulted", "postponed") | DECIDING, "refused"),
    Rule("postpone", "responder", DECIDING | {"consulting", "consulted"}, "postponed", LETTER),
    Rule("execute", "responder", _from("accepted"), "executing"),
    Rule("delay", "responder", WORKING, "delayed"),
    Rule("part", "responder", WORKING | {"rejected_delivery"}, "partial"),
    Rule("answer", "responder", WORKING | {"rejected_delivery"}, "answered"),
    # What the police know they say at once; a decision to answer need not come first.
    Rule("answer", "responder", _from("delivered") | DECIDING, "answered", frozenset({"police", "note"})),
    Rule("verify", "initiator", _from("answered"), "verified"),
    Rule("reject", "initiator", _from("answered"), "rejected_delivery"),
    Rule("use", "initiator", _from("verified"), "used"),
    Rule("use", "initiator", _from("answered"), "used", frozenset({"police"})),
    Rule("use", "responder", _from("delivered", "acknowledged"), "used", TOLD),
    Rule("close", "initiator", _from("used", "not_used", "outcome_due"), "closed"),
    Rule("close", "initiator", _from("answered"), "closed", frozenset({"note"})),
    Rule("close", "responder", _from("used", "not_used", "outcome_due"), "closed", TOLD),
    Rule("confirm", "initiator", _from("delivered", "clarification") | DECIDING | WORKING | {"answered"}, BEFORE),
    Rule("withdraw", "initiator", LIVE, "withdrawn", ANY),
)  # fmt: skip
STEPS: Final = tuple(dict.fromkeys(rule.step for rule in RULES if rule.step != OPENING))

#: Whose move it is in a state; nobody's in those that are not named. In a spontaneous one the receiver moves.
HOLDERS: Final[Mapping[str, Side]] = {
    **dict.fromkeys(("delivered", "acknowledged", "assessing", "consulted", "postponed"), "responder"),
    **dict.fromkeys(("accepted", "executing", "delayed", "partial", "rejected_delivery"), "responder"),
    **dict.fromkeys(("clarification", "conditions_offered", "consulting"), "initiator"),
    **dict.fromkeys(("answered", "verified", "used", "not_used", "outcome_due"), "initiator"),
}


@dataclass(frozen=True, slots=True)
class Event:
    """One step as both sides hold it. `at` is the instant of its receipt; `facts` what of it moves the state."""

    uuid: str
    step: str
    side: Side
    at: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of time in one state. `end` is None while it lasts."""

    state: str
    holder: Side | None
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Fold:
    """Where an inquiry stands after its events."""

    family: Family
    state: str = "draft"
    before: str = ""  # what a clarification interrupted
    opened_at: datetime | None = None
    since: datetime | None = None
    is_oral: bool = False
    is_confirmed: bool = False
    consulted_at: datetime | None = None
    was_answered: bool = False
    stages: tuple[Stage, ...] = ()
    applied: tuple[Event, ...] = ()
    crossed: tuple[Event, ...] = ()

    @property
    def is_frozen(self) -> bool:
        """True where what came in may no longer be used: withdrawn after an answer, or never confirmed."""
        return self.state == "expired" or (self.state == "withdrawn" and self.was_answered)

    @property
    def expires_at(self) -> datetime | None:
        """When a request by word of mouth ends unless it is confirmed."""
        return self.opened_at + ORAL_LASTS if self.is_oral and not self.is_confirmed and self.opened_at else None


def rule_for(family: Family, step: str, side: Side, state: str) -> Rule | None:
    """The line of the table that allows this step now, or None."""
    fitting = (rule for rule in RULES if rule.step == step and rule.side == side and family in rule.families)
    return next((rule for rule in fitting if state in rule.sources), None)


def allowed_steps(fold: Fold, side: Side) -> tuple[str, ...]:
    """The steps a side may take now, in the order of the table."""
    found = (step for step in STEPS if rule_for(fold.family, step, side, fold.state))
    return tuple(step for step in found if step != "confirm" or fold.expires_at is not None)


def require_step(fold: Fold, step: str, side: Side, facts: Mapping[str, Any], at: datetime) -> Rule:
    """The rule that allows a step at an instant.

    Raises InquiryStepError naming the steps that are allowed; RefusalUnconsultedError for a refusal that needs a
    consultation first.
    """
    rule = rule_for(fold.family, step, side, fold.state)
    if rule is None or (step == "confirm" and fold.expires_at is None):
        raise InquiryStepError(step=step, state=fold.state, allowed=", ".join(allowed_steps(fold, side)))
    if step == "refuse" and not facts.get("without_consultation") and not _is_consulted(fold, at):
        raise RefusalUnconsultedError(field="ground", allowed=", ".join(allowed_steps(fold, side)))
    return rule


def _is_consulted(fold: Fold, at: datetime) -> bool:
    """Whether the two have spoken: a reply came, or the consultation has waited long enough."""
    if fold.consulted_at is None:
        return False
    return fold.state != "consulting" or at - fold.consulted_at >= CONSULTATION_WAIT


def apply(fold: Fold, event: Event) -> Fold:
    """The fold after one more event; one that does not fit any more is kept as crossed and moves nothing."""
    current = lapse(fold, event.at)
    try:
        rule = require_step(current, event.step, event.side, event.facts, event.at)
    except (InquiryStepError, RefusalUnconsultedError):
        return replace(current, crossed=(*current.crossed, event))
    target = _target(current, rule, event)
    moved = replace(
        current,
        before=current.state if target == "clarification" else current.before,
        opened_at=event.at if event.step == OPENING else current.opened_at,
        is_oral=bool(event.facts.get("oral")) if event.step == OPENING else current.is_oral,
        is_confirmed=current.is_confirmed or event.step == "confirm",
        consulted_at=event.at if event.step == "consult" else current.consulted_at,
        was_answered=current.was_answered or event.step in {"part", "answer"},
        applied=(*current.applied, event),
    )
    return _enter(moved, target, event.at)


def _target(fold: Fold, rule: Rule, event: Event) -> str:
    if rule.step == "confirm":
        return fold.state
    if rule.target == BEFORE:
        # An answer to a question on what was only just received means that it is being assessed.
        return "assessing" if fold.before in {"delivered", "acknowledged"} else fold.before
    if rule.step == "use":
        if not event.facts.get("used"):
            return "not_used"
        return "outcome_due" if event.facts.get("outcome_due") else "used"
    return rule.target


def _enter(fold: Fold, state: str, at: datetime) -> Fold:
    if state == fold.state:
        return fold
    stages = fold.stages
    if stages:
        stages = (*stages[:-1], replace(stages[-1], end=at))
    if state not in ENDED:
        stages = (*stages, Stage(state, holder_of(fold.family, state), at, None))
    return replace(fold, state=state, since=at, stages=stages)


def holder_of(family: Family, state: str) -> Side | None:
    """Whose move it is in a state."""
    holder = HOLDERS.get(state)
    if family == "spontaneous" and holder is not None:
        return "responder"
    return holder


def lapse(fold: Fold, now: datetime) -> Fold:
    """The fold as the passing of time leaves it: what nobody confirmed has expired."""
    end = fold.expires_at
    if end is None or fold.state not in LIVE or now < end:
        return fold
    return _enter(fold, "expired", end)


def fold_events(family: Family, events: Iterable[Event], now: datetime) -> Fold:
    """Where an inquiry stands at `now`. Events may come in any order: the instants decide, then the ids."""
    ordered: Sequence[Event] = sorted(events, key=lambda event: (event.at, event.uuid))
    # The opening comes first by its nature, whatever clocks say about an answer to it.
    ordered = sorted(ordered, key=lambda event: event.step != OPENING)
    fold = Fold(family)
    for event in ordered:
        fold = apply(fold, event)
    return lapse(fold, now)
