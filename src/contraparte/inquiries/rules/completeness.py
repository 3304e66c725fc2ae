"""What is still missing in a request, all of it at once, by its instrument and by each measure it asks for.

A gap of a measure stops that measure and nothing else: where dual criminality is not set out, the search stops and
the statement goes (S2).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from contraparte.inquiries.rules.catalogue import Catalogue, Instrument
from contraparte.protocol.errors import HandlingUnknownError, InquiryIncompleteError

HANDLING: Final = frozenset({"H0", "H1", "H2", "H3"})
URGENCIES: Final = ("routine", "urgent", "at_hand")
RIGHTS: Final = ("death_penalty", "torture", "political_offence", "journalist", "minor")


@dataclass(frozen=True, slots=True)
class AskedOffence:
    """An offence as typed: its code, the text of the law, where it applies."""

    code: str
    text: str = ""
    jurisdiction: str = ""


@dataclass(frozen=True, slots=True)
class AskedMeasure:
    """A measure as typed: what exactly, how it belongs to the case, and the offence on the other side."""

    code: str
    object: str = ""
    nexus: str = ""
    dual: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as typed, as far as completeness looks at it."""

    instrument: str
    counterpart: str = ""
    facts: str = ""
    purpose: str = ""
    requesting_authority: str = ""
    competent_authority: str = ""
    article: str = ""
    urgency: str = "routine"
    urgent_reason: str = ""
    due_on: date | None = None
    due_reason: str = ""
    translation_hash: str = ""
    translated_by: str = ""
    is_translation_stale: bool = False
    offences: tuple[AskedOffence, ...] = ()
    measures: tuple[AskedMeasure, ...] = ()
    handling: frozenset[str] = frozenset()
    handling_text: str = ""
    source_grade: str = ""
    information_grade: str = ""
    oral_by: str = ""
    is_oral: bool = False
    note: tuple[str, str, str, str] = ("", "", "", "")


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is missing. `code` has words and a remedy; `measure` is the row it stops, None for all."""

    field: str
    code: str
    measure: int | None = None
    warns: bool = False


@dataclass(frozen=True, slots=True)
class Completeness:
    """Every gap, and how much of what is needed is there (0 to 100)."""

    gaps: tuple[Gap, ...]
    score: int
    measures: int

    @property
    def blocking(self) -> tuple[Gap, ...]:
        """Gaps that stop the whole request."""
        return tuple(gap for gap in self.gaps if not gap.warns and gap.measure is None)

    @property
    def stopped(self) -> frozenset[int]:
        """Rows of the measures that may not go."""
        return frozenset(gap.measure for gap in self.gaps if gap.measure is not None and not gap.warns)

    @property
    def warnings(self) -> tuple[Gap, ...]:
        """What is doubtful and stops nothing."""
        return tuple(gap for gap in self.gaps if gap.warns)

    @property
    def is_complete(self) -> bool:
        """Whether all of it may go."""
        return not self.blocking and not self.stopped

    def raise_if_stopped(self, *, leave_out: bool = False) -> None:
        """Raise InquiryIncompleteError unless it may go; with `leave_out`, without the measures that are stopped."""
        left = self.measures - len(self.stopped)
        if self.blocking or (self.stopped and not (leave_out and left)):
            named = ", ".join(dict.fromkeys(gap.code for gap in self.gaps if not gap.warns))
            raise InquiryIncompleteError(gaps=named, score=self.score)


def read_handling(codes: Sequence[str]) -> frozenset[str]:
    """Handling codes as typed. Raises HandlingUnknownError naming the first that nobody has defined."""
    for code in codes:
        if code not in HANDLING:
            raise HandlingUnknownError(field="handling", read=code)
    return frozenset(codes)


def completeness(asked: Asked, known: Catalogue) -> Completeness:
    """Every gap of a request as typed."""
    instrument = known.instruments.get(asked.instrument)
    if instrument is None:
        return Completeness((Gap("instrument", "instrument"),), 0, len(asked.measures))
    found = [*_whole(asked, instrument, known), *_urgency(asked), *_marking(asked)]
    needed = len(instrument.needs) + 2
    for row, measure in enumerate(asked.measures):
        gaps, wanted = _measure(row, measure, asked, known, instrument)
        found += gaps
        needed += wanted
    missing = sum(not gap.warns for gap in found)
    return Completeness(tuple(found), max(0, round(100 * (1 - missing / max(needed, missing, 1)))), len(asked.measures))


def _whole(asked: Asked, instrument: Instrument, known: Catalogue) -> list[Gap]:
    needs = instrument.needs
    wanted = [
        ("counterpart", "counterpart", asked.counterpart, True),
        ("facts", "facts", asked.facts, "facts" in needs),
        ("purpose", "purpose", asked.purpose, "purpose" in needs),
        ("article", "article", asked.article, bool(instrument.articles)),
        ("requesting_authority", "requesting_authority", asked.requesting_authority, "authority" in needs),
        ("competent_authority", "competent_authority", asked.competent_authority, "authority" in needs),
        ("translation_hash", "translation", asked.translation_hash and asked.translated_by, "translation" in needs),
        ("oral_by", "oral", asked.oral_by, asked.is_oral),
        ("offences", "offences", asked.offences, "offences" in needs),
        ("measures", "measures", asked.measures, instrument.family in {"police", "letter"}),
    ]
    found = [Gap(field, code) for field, code, value, applies in wanted if applies and not value]
    if asked.is_translation_stale:
        found.append(Gap("translation_hash", "translation_stale"))
    if asked.is_oral and not instrument.allows_oral:
        found.append(Gap("is_oral", "oral_not_here"))
    if "note" in needs:
        names = ("note_subject", "note_what", "note_when", "note_asked")
        found += [Gap(name, name) for name, text in zip(names, asked.note, strict=True) if not text.strip()]
    for row, offence in enumerate(asked.offences):
        if offence.code not in known.offences:
            found.append(Gap(f"offences-{row}-code", "offence_unknown"))
        if "statute" in needs and not offence.text.strip():
            found.append(Gap(f"offences-{row}-text", "statute"))
    return found


def _urgency(asked: Asked) -> list[Gap]:
    found = []
    if asked.urgency != "routine":
        if not asked.urgent_reason.strip():
            found.append(Gap("urgent_reason", "urgent_reason"))
        if asked.due_on is None:
            found.append(Gap("due_on", "urgent_date"))
    elif asked.due_on is not None and not asked.due_reason.strip():
        found.append(Gap("due_reason", "due_reason"))
    return found


def _marking(asked: Asked) -> list[Gap]:
    found = []
    if "H3" in asked.handling and not asked.handling_text.strip():
        found.append(Gap("handling_text", "handling_text"))
    if bool(asked.source_grade) != bool(asked.information_grade):
        found.append(Gap("information_grade" if asked.source_grade else "source_grade", "grade"))
    if asked.source_grade == "A" and asked.information_grade == "4":
        found.append(Gap("information_grade", "grade_contradicts", warns=True))
    return found


def _measure(
    row: int, measure: AskedMeasure, asked: Asked, known: Catalogue, instrument: Instrument
) -> tuple[list[Gap], int]:
    kind = known.measures.get(measure.code)
    if kind is None or instrument.family not in kind.families:
        return [Gap(f"measures-{row}-code", "measure_unknown", row)], 1
    needs = set(kind.needs) | ({"nexus"} & instrument.needs)
    # The text of the law is asked for once, by the instrument, where the instrument asks for it at all.
    statute = "statute" in needs and "statute" not in instrument.needs
    has_text = any(offence.text.strip() for offence in asked.offences)
    checks = [
        ("object", "object", measure.object, "object" in needs),
        ("nexus", "nexus", measure.nexus, "nexus" in needs),
        ("dual", "dual_criminality", measure.dual, "dual_criminality" in needs),
        ("code", "measure_statute", "yes" if has_text else "", statute),
    ]
    gaps = [Gap(f"measures-{row}-{name}", code, row) for name, code, value, on in checks if on and not value.strip()]
    return gaps, sum(on for _, _, _, on in checks)


def rights_screen(asked: Asked, known: Catalogue, *, ticked: Sequence[str], has_minor: bool) -> tuple[str, ...]:
    """What a second reviewer must look at: what was ticked, what the offences raise by themselves, a minor."""
    raised = {flag for one in asked.offences if one.code in known.offences for flag in known.offences[one.code].screen}
    raised |= set(ticked) & set(RIGHTS)
    if has_minor:
        raised.add("minor")
    return tuple(flag for flag in RIGHTS if flag in raised)
