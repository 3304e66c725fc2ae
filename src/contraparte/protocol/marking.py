"""Markings: what may be done with an item, and how several become one (P2.2).

Combining never weakens: restrictions are united, purposes and circle intersected, the earliest retention wins,
`intelligence` wins over `evidence`, and an evaluation survives only where all parts carry the same. The operation is
commutative, associative and idempotent, so that neither order nor repetition of merges can wash a marking.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Final, Literal, Self, cast

from contraparte.protocol import limits
from contraparte.protocol.encoding import canonical_json, check_json, check_text, plain
from contraparte.protocol.errors import MarkingMalformedError, ProtocolError

HANDLING: Final = frozenset({"H0", "H1", "H2", "H3"})
"""H0 only to prevent or combat crime; H1 not in judicial proceedings without permission; H2 not passed on without
permission; H3 other, its text required. Source: DOMAIN, Markings (Europol handling codes)."""
TEXT_CODE: Final = "H3"
SOURCES: Final = frozenset("ABCX")
INFORMATION: Final = frozenset({1, 2, 3, 4})

Evidence = Literal["intelligence", "evidence"]
_COMBINED = "combined"
_KNOWN = frozenset({"handling", "handling_text", "purposes", "circle", "retention_until", "evaluation", "evidence"})


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Reliability of the source (A, B, C, X) and of the information (1 to 4)."""

    source: str
    information: int

    def __post_init__(self) -> None:
        if self.source not in SOURCES or type(self.information) is not int or self.information not in INFORMATION:
            raise MarkingMalformedError(field="evaluation")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an item so marked must be withheld: a stable code and what it is about."""

    code: str
    subject: str = ""

    def __str__(self) -> str:
        return f"{self.code} {self.subject}".rstrip()


@dataclass(frozen=True, slots=True)
class Marking:
    """Handling restrictions, purposes, onward circle, retention, evaluation and standing as evidence of one item.

    `circle` names agencies and posts that may come to know the item. Codes and members this version does not know are
    kept, and make the item one to withhold. MarkingMalformedError for a value that cannot be.
    """

    handling: frozenset[str] = frozenset()
    handling_text: str = ""
    purposes: frozenset[str] = frozenset()
    circle: frozenset[str] = frozenset()
    retention_until: date | None = None
    evaluation: Evaluation | None = None
    evidence: Evidence = "intelligence"
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("handling", "purposes", "circle"):
            _check_items(getattr(self, name), name)
        if type(self.handling_text) is not str or len(self.handling_text) > limits.MARKING_TEXT_CHARS:
            raise MarkingMalformedError(field="handling_text")
        if self.evidence not in ("intelligence", "evidence"):
            raise MarkingMalformedError(field="evidence")
        if self.evaluation is not None and self.evidence != "intelligence":
            raise MarkingMalformedError(field="evaluation")
        if type(self.retention_until) not in (date, type(None)):
            raise MarkingMalformedError(field="retention_until")
        if len(self.extra) > limits.MARKING_EXTRA or not _KNOWN.isdisjoint(self.extra):
            raise MarkingMalformedError(field="extra")
        _guarded(check_text, self.handling_text, "handling_text")
        if self.extra:
            _guarded(lambda extra: check_json(plain(extra), "marking"), self.extra, "extra")
            object.__setattr__(self, "extra", MappingProxyType(plain(self.extra)))

    def __hash__(self) -> int:
        return hash((self.handling, self.purposes, self.circle, self.retention_until, self.evaluation, self.evidence))

    def combine(self, other: Self) -> Self:
        """The marking of an item made from both. MarkingMalformedError if the texts together pass the bound."""
        retention = [day for day in (self.retention_until, other.retention_until) if day is not None]
        intelligence = "intelligence" in (self.evidence, other.evidence)
        return type(self)(
            handling=self.handling | other.handling,
            handling_text=_united_text(self.handling_text, other.handling_text),
            purposes=self.purposes & other.purposes,
            circle=_narrowed(self.circle, other.circle),
            retention_until=min(retention, default=None),
            evaluation=self.evaluation if self.evaluation == other.evaluation else None,
            evidence="intelligence" if intelligence else "evidence",
            extra=_united_extra(self.extra, other.extra),
        )

    def problems(self) -> list[Problem]:
        """Reasons to withhold the item whatever a policy says, in a stable order; empty when there is none."""
        found = [Problem("restriction.unknown", code) for code in sorted(self.handling - HANDLING)]
        found += [Problem("member.unknown", name) for name in sorted(self.extra)]
        if TEXT_CODE in self.handling and not self.handling_text.strip():
            found.append(Problem("handling_text.missing", TEXT_CODE))
        found += [Problem(f"{name}.empty") for name in ("purposes", "circle") if not getattr(self, name)]
        return found

    def to_json(self) -> dict[str, Any]:
        """Members in a fixed order, sets sorted, what is empty left out except the sets; unknown members last."""
        members: dict[str, Any] = {
            "handling": sorted(self.handling),
            "purposes": sorted(self.purposes),
            "circle": sorted(self.circle),
            "evidence": self.evidence,
        }
        if self.handling_text:
            members["handling_text"] = self.handling_text
        if self.retention_until is not None:
            members["retention_until"] = self.retention_until.isoformat()
        if self.evaluation is not None:
            members["evaluation"] = {
                "source": self.evaluation.source,
                "information": self.evaluation.information,
            }
        return members | plain(self.extra)

    @classmethod
    def from_json(cls, members: Any) -> Self:
        """The marking in an object parsed from JSON. MarkingMalformedError names the field."""
        if type(members) is not dict:
            raise MarkingMalformedError(field="marking")
        return cls(
            handling=_items(members, "handling"),
            handling_text=members.get("handling_text", ""),
            purposes=_items(members, "purposes"),
            circle=_items(members, "circle"),
            retention_until=_day(members),
            evaluation=_evaluation(members),
            evidence=cast(Evidence, members.get("evidence")),
            extra={name: value for name, value in members.items() if name not in _KNOWN},
        )


def combine_all(markings: Iterable[Marking]) -> Marking:
    """The marking of an item made from all of them; at least one is needed."""
    parts = iter(markings)
    combined = next(parts)
    for part in parts:
        combined = combined.combine(part)
    return combined


def _guarded(check: Any, value: Any, name: str) -> None:
    try:
        check(value)
    except ProtocolError as error:
        raise MarkingMalformedError(field=name) from error


def _check_items(items: Any, name: str) -> None:
    if type(items) is not frozenset or len(items) > limits.MARKING_ITEMS:
        raise MarkingMalformedError(field=name)
    for item in items:
        if type(item) is not str or not 0 < len(item) <= limits.MARKING_ITEM_CHARS or not item.isprintable():
            raise MarkingMalformedError(field=name)


def _items(members: Mapping[str, Any], name: str) -> frozenset[str]:
    read = members.get(name)
    if type(read) is not list or len(read) > limits.MARKING_ITEMS or not all(type(item) is str for item in read):
        raise MarkingMalformedError(field=name)
    items = frozenset(read)
    if len(items) != len(read):
        raise MarkingMalformedError(field=name)
    return items


def _day(members: Mapping[str, Any]) -> date | None:
    read = members.get("retention_until")
    if read is None and "retention_until" not in members:
        return None
    try:
        day = date.fromisoformat(read)  # type: ignore[arg-type]
    except (ValueError, TypeError) as error:
        raise MarkingMalformedError(field="retention_until") from error
    if day.isoformat() != read:
        raise MarkingMalformedError(field="retention_until")
    return day


def _evaluation(members: Mapping[str, Any]) -> Evaluation | None:
    read = members.get("evaluation")
    if read is None and "evaluation" not in members:
        return None
    if type(read) is not dict or read.keys() != {"source", "information"} or type(read["source"]) is not str:
        raise MarkingMalformedError(field="evaluation")
    return Evaluation(read["source"], read["information"])


def _narrowed(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    """Who is in both circles. A country covers its agencies, an agency its posts: `mx` and `mx.fgr` give `mx.fgr`."""
    return frozenset(
        [inner for inner in one if any(covers(outer, inner) for outer in other)]
        + [inner for inner in other if any(covers(outer, inner) for outer in one)]
    )


def covers(outer: str, inner: str) -> bool:
    """Whether a country, agency or post in a circle takes in another: itself, or what lies in it."""
    return inner == outer or ("/" not in outer and inner.startswith(outer + ("/" if "." in outer else ".")))


def _united_text(first: str, second: str) -> str:
    """All distinct lines of both, sorted; a single text stays as it was written."""
    if first == second or not second:
        return first
    if not first:
        return second
    return "\n".join(sorted({*first.split("\n"), *second.split("\n")}))


def _variants(value: Any) -> dict[bytes, Any]:
    """The values that a member stands for: several where an earlier combination kept them side by side."""
    if type(value) is dict and value.keys() == {_COMBINED} and type(value[_COMBINED]) is list:
        spelled = {canonical_json(item): item for item in value[_COMBINED]}
        if len(spelled) > 1 and list(spelled) == sorted(spelled) and len(spelled) == len(value[_COMBINED]):
            return spelled
    return {canonical_json(value): value}


def _united_extra(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Unknown members of both. Where they differ both values are kept: nobody here can tell which is stricter."""
    united: dict[str, Any] = {}
    for name in sorted({*first, *second}):
        values: dict[bytes, Any] = {}
        for part in (first, second):
            if name in part:
                values |= _variants(part[name])
        ordered = [values[spelling] for spelling in sorted(values)]
        united[name] = ordered[0] if len(ordered) == 1 else {_COMBINED: ordered}
    return united
