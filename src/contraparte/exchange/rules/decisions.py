"""Decisions of the release gate as values with their reasons (P6.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: What an `@needs` annotation of a policy may ask for, and what satisfies it.
NEEDS = frozenset({"approval", "second_approval", "senior_review"})


@dataclass(frozen=True, slots=True)
class FieldDecision:
    """Whether the leaf at `pointer` leaves, and which policies say so."""

    pointer: str
    data_class: str
    disclosed: bool
    policies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """The gate's word on one message to one recipient. Exactly one of the subclasses below."""

    policies: tuple[str, ...]
    policy_hash: str
    fields: tuple[FieldDecision, ...] = ()

    outcome = ""

    def to_json(self) -> dict[str, Any]:
        """What is kept with the release: outcome, policies and the field decisions, no values."""
        return {
            "outcome": self.outcome,
            "policies": list(self.policies),
            "fields": [[f.pointer, f.data_class, f.disclosed, list(f.policies)] for f in self.fields],
        }


@dataclass(frozen=True, slots=True)
class Alone:
    """The exception under which an officer on duty releases what wants an approval: by which accord, for which
    urgency, and until when somebody else must have reviewed it. Codes and an instant (RFC 3339), no words."""

    accord: str
    urgency: str
    review_due: str

    def to_json(self) -> dict[str, str]:
        """As it stands in the decision."""
        return {"accord": self.accord, "urgency": self.urgency, "review_due": self.review_due}


@dataclass(frozen=True, slots=True)
class Released(Decision):
    """May leave now. `alone` where an approval that was needed is replaced by a later review."""

    alone: Alone | None = None
    outcome = "release"

    def to_json(self) -> dict[str, Any]:
        """What every decision keeps, and the exception where there is one."""
        told = Decision.to_json(self)
        return told if self.alone is None else {**told, "alone": self.alone.to_json()}


@dataclass(frozen=True, slots=True)
class Hold(Decision):
    """May leave once `needs` are met; each need names who can meet it."""

    needs: tuple[str, ...] = ()
    outcome = "hold"


@dataclass(frozen=True, slots=True)
class Withhold(Decision):
    """May not leave. `reasons` are stable codes, the policies' ids beside them."""

    reasons: tuple[str, ...] = ()
    outcome = "withhold"


@dataclass(frozen=True, slots=True)
class Approvals:
    """Who has said yes to exactly this content, seen by the gate: roles and whether they are the drafter."""

    others: int = 0  # distinct authorising persons who are not the drafter
    reviewers: int = 0  # of these, how many besides the first
    alone: Alone | None = None  # the officer on duty releases it alone; a second look is never replaced


def unmet(needs: frozenset[str], approvals: Approvals) -> tuple[str, ...]:
    """Those of `needs` that `approvals` do not satisfy, in a stable order."""
    satisfied = {
        "approval": approvals.others >= 1 or approvals.alone is not None,
        "second_approval": approvals.others >= 2,
        "senior_review": approvals.others >= 2,
    }
    return tuple(sorted(need for need in needs if not satisfied.get(need, False)))


@dataclass(frozen=True, slots=True)
class Context:
    """What the policies may look at besides the parties. Hashable, so that like questions are answered once."""

    message_type: str
    accord: str
    automatic: bool
    copy: bool
    urgency: str
    handling: frozenset[str]
    purposes: frozenset[str]
    circle: frozenset[str]
    evidence: str
    classes: frozenset[str]

    def to_cedar(self, recipient: str, recipient_agency: str, recipient_country: str) -> Mapping[str, Any]:
        """The Cedar context record, named as in `policies/contraparte.cedarschema`."""
        return {
            "type": self.message_type,
            "accord": self.accord,
            "automatic": self.automatic,
            "copy": self.copy,
            "urgency": self.urgency,
            "handling": sorted(self.handling),
            "purposes": sorted(self.purposes),
            "circle": sorted(self.circle),
            "evidence": self.evidence,
            "classes": sorted(self.classes),
            "recipient": recipient,
            "recipient_agency": recipient_agency,
            "recipient_country": recipient_country,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """A raw answer of the policy engine: allowed or not, by which policies, with which needs and errors."""

    allowed: bool
    policies: tuple[str, ...]
    needs: frozenset[str] = field(default_factory=frozenset)
    failed: bool = False
