"""How complete a request is, 0 to 100, and each field that is missing or doubtful, with the way to mend it.

A request is scored before it may be sent (DOMAIN, "Traces and books"). What is missing stops it; what is doubtful is
named and costs half of the field's points.
"""

from dataclasses import dataclass
from typing import Final

from contraparte.protocol.errors import RestorationMissingError, TraceIncompleteError, UrgentUnjustifiedError
from contraparte.traces.rules.recovery import ReadGun

# Points of each required field, after the fields of ATF F 3312.1; the serial and the maker carry a trace.
POINTS: Final[dict[str, int]] = {
    "requester_code": 6,
    "case_number": 8,
    "crime_code": 5,
    "recovered_on": 8,
    "place": 6,
    "serial": 25,
    "maker": 15,
    "type": 6,
    "calibre": 8,
    "model": 5,
    "country": 4,
    "importer": 8,
    "restoration": 10,
    "urgent_reason": 5,
}


@dataclass(frozen=True, slots=True)
class EventFacts:
    """What completeness asks of the event; texts as recorded, "" where nothing is."""

    requester_code: str
    case_number: str
    crime_code: str
    recovered_on: str
    place: str
    is_urgent: bool = False
    urgent_reason: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """One field that is missing or doubtful. `why` is a stable word that the page turns into the way to mend it."""

    field: str
    why: str
    is_blocking: bool


@dataclass(frozen=True, slots=True)
class Completeness:
    """Score 0 to 100 and every gap at once."""

    score: int
    gaps: tuple[Gap, ...]

    @property
    def is_enough(self) -> bool:
        """True when nothing required is missing."""
        return not any(gap.is_blocking for gap in self.gaps)

    def raise_if_incomplete(self) -> None:
        """Raise TraceIncompleteError naming every blocking gap, or the error of the only thing missing."""
        blocking = [gap.field for gap in self.gaps if gap.is_blocking]
        if blocking == ["urgent_reason"]:
            raise UrgentUnjustifiedError(field="urgent_reason")
        if blocking == ["restoration"]:
            raise RestorationMissingError(field="restoration")
        if blocking:
            raise TraceIncompleteError(gaps=", ".join(blocking), score=self.score)


def completeness(event: EventFacts, gun: ReadGun, *, requested_country: str) -> Completeness:
    """Score one gun of one event."""
    asked = dict.fromkeys(POINTS, True)
    asked["importer"] = bool(gun.country) and gun.country != requested_country and not gun.is_privately_made
    asked["restoration"] = gun.serial.state == "erased"
    asked["urgent_reason"] = event.is_urgent
    gaps = [gap for gap in (*_event_gaps(event), *_gun_gaps(gun)) if asked[gap.field]]
    whole = sum(points for name, points in POINTS.items() if asked[name])
    lost = sum(POINTS[gap.field] * (2 if gap.is_blocking else 1) for gap in gaps) / 2
    return Completeness(max(0, round(100 * (whole - lost) / whole)), tuple(gaps))


def _event_gaps(event: EventFacts) -> list[Gap]:
    names = ("requester_code", "case_number", "crime_code", "recovered_on", "place", "urgent_reason")
    return [Gap(name, "missing", True) for name in names if not getattr(event, name)]


def _gun_gaps(gun: ReadGun) -> list[Gap]:
    gaps = []
    refused = {str(error.params.get("field", "")) for error in gun.errors}
    for name in ("serial", "maker", "type", "calibre", "model", "country", "importer", "restoration"):
        if name in refused:
            gaps.append(Gap(name, "refused", True))
        elif not getattr(gun.typed, name):
            gaps.append(Gap(name, "missing", True))
    if gun.serial.has_unread:
        gaps.append(Gap("serial", "unread", False))
    elif gun.serial.label:
        gaps.append(Gap("serial", "label", False))
    if gun.typed.calibre and not gun.calibre_is_known and "calibre" not in refused:
        gaps.append(Gap("calibre", "unknown_spelling", False))
    if gun.importer_is_none:
        gaps.append(Gap("importer", "none_marked", False))
    return gaps
