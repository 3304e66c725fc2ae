"""Whether an item may be used in a way its marking restricts: marking and permissions in, a verdict with reason out.

    use          for a purpose the marking does not name
    evidence     in judicial proceedings: lifts H1, and lets intelligence be filed
    onward       passing on to a post the permission names: lifts H2
    publication  making it public: always asks

A permission is for a scope and a time and may be revoked (P6.4). It never changes the marking: what is made from an
item bears the item's restrictions, whoever permitted what (invariant 2).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from contraparte.protocol.ids import agency_of
from contraparte.protocol.marking import Marking, combine_all


class Kind(StrEnum):
    """What a permission allows."""

    USE = "use"
    EVIDENCE = "evidence"
    ONWARD = "onward"
    PUBLICATION = "publication"


@dataclass(frozen=True, slots=True)
class Grant:
    """A permission somebody holds. `recipients` are posts or agencies; an empty set of purposes means any."""

    id: str
    kind: Kind
    recipients: frozenset[str]
    purposes: frozenset[str]
    starts: datetime
    until: datetime
    is_revoked: bool = False


@dataclass(frozen=True, slots=True)
class Need:
    """What somebody wants to do: pass it on to `recipient`, or use it for `purpose`."""

    kind: Kind
    recipient: str = ""
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it may be done; by which permission, or why not as a stable code."""

    allowed: bool
    reason: str = ""
    grant: str = ""


FREE = Verdict(True)


def needs_permission(marking: Marking, need: Need) -> bool:
    """Whether the marking restricts this at all."""
    if need.kind is Kind.EVIDENCE:
        return "H1" in marking.handling or marking.evidence == "intelligence"
    if need.kind is Kind.ONWARD:
        return "H2" in marking.handling
    if need.kind is Kind.USE:
        return need.purpose not in marking.purposes
    return True


def may_use(marking: Marking, grants: Iterable[Grant], need: Need, now: datetime) -> Verdict:
    """Decide. A reason is `permission.<kind>.missing`, `.scope`, `.expired` or `.revoked`: the nearest miss is told.

    A marking this release does not understand is never lifted.
    """
    if marking.problems():
        return Verdict(False, "marking.unknown")
    if not needs_permission(marking, need):
        return FREE
    nearest = "missing"
    for grant in grants:
        miss = _miss(grant, need, now)
        if not miss:
            return Verdict(True, grant=grant.id)
        nearest = max(nearest, miss, key=_NEARNESS.index)
    return Verdict(False, f"permission.{need.kind.value}.{nearest}")


_NEARNESS = ("missing", "scope", "expired", "revoked")


def _miss(grant: Grant, need: Need, now: datetime) -> str:
    """Why this permission does not serve; empty where it does."""
    if grant.kind is not need.kind:
        return "missing"
    if not _covers(grant, need):
        return "scope"
    if grant.is_revoked:
        return "revoked"
    return "" if grant.starts <= now < grant.until else "expired"


def _covers(grant: Grant, need: Need) -> bool:
    if need.kind is Kind.ONWARD and not {need.recipient, agency_of(need.recipient)} & grant.recipients:
        return False
    if need.kind is Kind.USE and need.purpose not in grant.purposes:
        return False
    return not (need.purpose and grant.purposes and need.purpose not in grant.purposes)


def missing_scope(kind: Kind, recipients: Sequence[str], purposes: Sequence[str]) -> str:
    """The field without which a permission of this kind would allow nothing; empty where none is missing."""
    if kind is Kind.ONWARD and not recipients:
        return "recipients"
    return "purposes" if kind is Kind.USE and not purposes else ""


def derived_marking(own: Marking, sources: Sequence[Marking]) -> Marking:
    """The marking of something made from sources: its author may add restrictions and take none away."""
    return combine_all([own, *sources])
