"""How an outcome stands: a function of what both parties have said about it, in whatever order it arrived.

    reported ─▶ corroborated | contested(reason) ─▶ confirmed ─▶ corrected | retracted

The reporter alone states and corrects the facts; each statement is a version. The other party's word is about one
version. `confirmed`: it happened and both agree who contributed what. `corroborated`: it happened, the other party
names another contribution of its own; a correction that takes it over makes it confirmed. `corrected`: the facts have
changed since the other party's last word. A retraction is final.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Final

from contraparte.outcomes.rules.kinds import MEASURED, OVERTURNABLE, Contribution, Kind, Thing
from contraparte.outcomes.rules.quantities import Quantity
from contraparte.protocol.errors import OutcomeFieldError

#: ISO 3166-2: a state, and no closer place.
REGION: Final = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")


class State(StrEnum):
    """How an outcome stands."""

    REPORTED = "reported"
    CORROBORATED = "corroborated"
    CONTESTED = "contested"
    CONFIRMED = "confirmed"
    CORRECTED = "corrected"
    RETRACTED = "retracted"


#: The other party has said that it happened.
CONFIRMED: frozenset[State] = frozenset({State.CONFIRMED, State.CORROBORATED})
#: The other party owes its word.
OPEN: frozenset[State] = frozenset({State.REPORTED, State.CORRECTED})


class Act(StrEnum):
    """What a party may say about an outcome."""

    REPORT = "report"
    CORRECT = "correct"
    RETRACT = "retract"
    CONFIRM = "confirm"
    CONTEST = "contest"


@dataclass(frozen=True, slots=True)
class Facts:
    """One real event as its reporter states it. `ours` and `yours` are the contributions seen from the reporter."""

    kind: Kind
    happened_on: date
    region: str = ""
    country: str = ""
    what: Thing | None = None
    quantity: Quantity | None = None
    ours: frozenset[Contribution] = frozenset()
    yours: frozenset[Contribution] = frozenset()
    overturned_on: date | None = None

    def require_sound(self, today: date) -> None:
        """Raise OutcomeFieldError naming the first field that cannot be so."""
        if self.happened_on > today:
            raise OutcomeFieldError(field="happened_on", read=self.happened_on.isoformat())
        if self.region and not REGION.fullmatch(self.region):
            raise OutcomeFieldError(field="region", read=self.region[:20])
        if not self.ours and not self.yours:
            raise OutcomeFieldError(field="ours", read="")
        if self.kind in MEASURED and self.what is None:
            raise OutcomeFieldError(field="what", read="")
        if self.kind in MEASURED and self.quantity is None:
            raise OutcomeFieldError(field="quantity", read="")
        if self.kind not in MEASURED and (self.quantity is not None or self.what is not None):
            raise OutcomeFieldError(field="quantity", read=self.quantity.number if self.quantity else "")
        if self.overturned_on is None:
            return
        if self.kind not in OVERTURNABLE or not self.happened_on <= self.overturned_on <= today:
            raise OutcomeFieldError(field="overturned_on", read=self.overturned_on.isoformat())

    def agrees_but_for_yours(self, other: "Facts") -> bool:
        """Whether both say the same but for the other party's contribution."""
        return replace(self, yours=frozenset()) == replace(other, yours=frozenset())


@dataclass(frozen=True, slots=True)
class Said:
    """One statement. `turn` numbers the statements of its speaker in this outcome, equal on both sides."""

    act: Act
    by_reporter: bool
    turn: int
    facts: Facts | None = None
    version: int = 0  # the version a confirmation or contest is about
    contribution: frozenset[Contribution] = frozenset()  # what the other party says it did
    reason: str = ""
    same_as: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What follows from all that was said. `facts` is None until the report itself is here."""

    state: State = State.REPORTED
    facts: Facts | None = None
    version: int = 0
    reason: str = ""
    same_as: frozenset[str] = field(default_factory=frozenset)


def standing(said: Iterable[Said]) -> Standing:
    """Where the outcome stands. Neither order nor repetition of the statements matters."""
    once = {(one.by_reporter, one.turn): one for one in said}
    ordered = [once[key] for key in sorted(once)]
    versions = [
        one.facts
        for one in ordered
        if one.by_reporter and one.act in (Act.REPORT, Act.CORRECT) and one.facts is not None
    ]
    words = [one for one in ordered if not one.by_reporter and one.act in (Act.CONFIRM, Act.CONTEST)]
    same = frozenset(one.same_as for one in words if one.act is Act.CONFIRM and one.same_as)
    if not versions:
        return Standing(same_as=same)
    facts, version = versions[-1], len(versions)
    retracted = [one for one in ordered if one.by_reporter and one.act is Act.RETRACT]
    if retracted:
        return Standing(State.RETRACTED, facts, version, retracted[-1].reason, same)
    word = words[-1] if words else None
    if word is None:
        return Standing(State.REPORTED if version == 1 else State.CORRECTED, facts, version, "", same)
    if word.act is Act.CONTEST:
        is_answered = word.version < version
        state = State.CORRECTED if is_answered else State.CONTESTED
        return Standing(state, facts, version, "" if is_answered else word.reason, same)
    return Standing(_after_confirmation(word, versions), facts, version, "", same)


def _after_confirmation(word: Said, versions: list[Facts]) -> State:
    facts, version = versions[-1], len(versions)
    agreed = word.contribution == facts.yours
    if word.version >= version:
        return State.CONFIRMED if agreed else State.CORROBORATED
    if word.version >= 1 and facts.agrees_but_for_yours(versions[word.version - 1]):
        return State.CONFIRMED if agreed else State.CORROBORATED
    return State.CORRECTED


#: State → what the reporter may say next, what the other party may say next.
ALLOWED: dict[State, tuple[frozenset[Act], frozenset[Act]]] = {
    State.REPORTED: (frozenset({Act.CORRECT, Act.RETRACT}), frozenset({Act.CONFIRM, Act.CONTEST})),
    State.CORROBORATED: (frozenset({Act.CORRECT, Act.RETRACT}), frozenset({Act.CONFIRM, Act.CONTEST})),
    State.CONTESTED: (frozenset({Act.CORRECT, Act.RETRACT}), frozenset({Act.CONFIRM})),
    State.CONFIRMED: (frozenset({Act.CORRECT, Act.RETRACT}), frozenset({Act.CONTEST})),
    State.CORRECTED: (frozenset({Act.CORRECT, Act.RETRACT}), frozenset({Act.CONFIRM, Act.CONTEST})),
    State.RETRACTED: (frozenset(), frozenset()),
}


def allowed(state: State, *, is_reporter: bool) -> frozenset[Act]:
    """What a party may say next."""
    reporter, other = ALLOWED[state]
    return reporter if is_reporter else other
