"""Values as the pages of this room show them: gaps, progress, the bar, what was said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from contraparte.desk.attachments import FileShown, files_by_message
from contraparte.desk.markings import marking_words as words_of_marking
from contraparte.desk.queries import type_title
from contraparte.desk.registry import field_word, value_word
from contraparte.exchange import registry as exchange
from contraparte.exchange.models import Attachment, Draft
from contraparte.exchange.rules.classes import leaves
from contraparte.inquiries.catalogue import catalogue
from contraparte.inquiries.letters import missing_in, version_of
from contraparte.inquiries.models import Inquiry, Leg, SignedCopy
from contraparte.inquiries.queries import Said, Shared, letter_body, signed_file
from contraparte.inquiries.rules.completeness import Completeness, completeness
from contraparte.inquiries.rules.lifecycle import ENDED
from contraparte.inquiries.rules.reading import asked_of
from contraparte.inquiries.rules.times import stretches, time_by_holder
from contraparte.inquiries.standings import Standing
from contraparte.inquiries.wording import GAPS, LEGS, STATES, STEPS, VOIDED, Text, letter_text_words
from contraparte.protocol.marking import Marking

PROGRESS: dict[str, tuple[str, ...]] = {
    "police": ("delivered", "acknowledged", "answered", "used"),
    "letter": ("delivered", "acknowledged", "assessing", "accepted", "answered", "verified", "used"),
    "spontaneous": ("delivered", "acknowledged", "used"),
    "note": ("delivered", "answered", "closed"),
}
#: How far along a state is, where it is no place of the indicator itself.
NEAR: dict[str, tuple[str, ...]] = {
    "assessing": ("acknowledged",),
    "conditions_offered": ("assessing",),
    "consulting": ("assessing", "acknowledged"),
    "consulted": ("assessing", "acknowledged"),
    "postponed": ("assessing", "acknowledged"),
    "accepted": ("assessing", "acknowledged"),
    "executing": ("accepted", "acknowledged"),
    "delayed": ("accepted", "acknowledged"),
    "partial": ("accepted", "acknowledged"),
    "rejected_delivery": ("accepted", "acknowledged"),
    "verified": ("answered",),
    "not_used": ("used",),
    "outcome_due": ("used",),
    "closed": ("used",),
}


@dataclass(frozen=True, slots=True)
class ShownGap:
    """A gap with its words and where it is mended. `row` is the number of its measure, from 1."""

    field: str
    what: Text
    remedy: Text
    row: int | None
    warns: bool


def report_of(typed: Mapping[str, Any]) -> Completeness:
    """The completeness of what is typed."""
    return completeness(asked_of(typed), catalogue())


def shown_gaps(report: Completeness) -> list[ShownGap]:
    """Every gap in words."""
    return [
        ShownGap(
            gap.field,
            GAPS[gap.code].what,
            GAPS[gap.code].remedy,
            gap.measure + 1 if gap.measure is not None else None,
            gap.warns,
        )
        for gap in report.gaps
    ]


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the step indicator."""

    state: str
    words: Text
    how: str  # "past", "now", "ahead"


def progress_of(standing: Standing) -> list[Place]:
    """The step indicator: the usual way, how far it has come, and the state itself where it is off that way."""
    family, fold = standing.inquiry.family, standing.fold
    way = PROGRESS[family]
    reached = fold.before if fold.state == "clarification" else fold.state
    if fold.state in ENDED and fold.state != "closed":
        past = [stage.state for stage in fold.stages]
        reached = past[-1] if past else "draft"
    place = next((way.index(one) for one in (reached, *NEAR.get(reached, ())) if one in way), -1)
    told = []
    for position, one in enumerate(way):
        how = "past" if position < place or (position == place and one != fold.state) else "ahead"
        told.append(Place(one, STATES[one], "now" if one == fold.state else how))
    if fold.state not in way:
        told.insert(place + 1, Place(standing.state, STATES[standing.state], "now"))
    return told


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of the bar of time."""

    words: Text
    is_ours: bool
    is_idle: bool
    lasted: timedelta
    part: float
    is_running: bool


def bar_of(standing: Standing, now: datetime) -> list[Piece]:
    """Time per stage, each told apart by who held it."""
    ours = standing.side or "initiator"
    return [
        Piece(STATES[one.state], one.holder == ours, one.holder is None, one.lasted, one.part, one.is_running)
        for one in stretches(standing.fold.stages, now)
    ]


def held_by(standing: Standing, now: datetime) -> list[tuple[str, timedelta, bool]]:
    """Time per holder: (whose, how long, ours)."""
    ours = standing.side or "initiator"
    told = time_by_holder(standing.fold.stages, now)
    return [
        (_("this side") if side == ours else _("the other side"), lasted, side == ours)
        for side, lasted in sorted(told.items(), key=lambda item: item[0] != ours)
    ]


@dataclass(frozen=True, slots=True)
class Line:
    """One field of what was said."""

    name: str
    value: Any


def lines_of(message_type: str, body: Mapping[str, Any]) -> list[Line]:
    """The fields of a payload in the order its type writes them, in words."""
    known = exchange.find_type(message_type)
    order = {name: place for place, name in enumerate(known.body.model_fields)} if known else {}
    found = [(pointer, value) for pointer, value in leaves(dict(body)) if value not in ({}, [])]
    found.sort(key=lambda leaf: _place(leaf[0], order))
    return [
        Line(field_word(pointer), value_word(pointer, value)) for pointer, value in found if pointer != "/reference"
    ]


IN_ROWS = ("number", "code", "outcome", "ground", "name", "born", "status", "object", "nexus", "dual", "text")


def _place(pointer: str, order: Mapping[str, int]) -> tuple[int, int, int]:
    """Where a field stands: by its type, then row by row, within a row what it is before what it says."""
    top, *below = pointer.split("/")[1:]
    row = next((int(step) for step in below if step.isdigit()), 0)
    name = below[-1] if below else ""
    return order.get(top, len(order)), row, IN_ROWS.index(name) if name in IN_ROWS else len(IN_ROWS)


@dataclass(frozen=True, slots=True)
class Entry:
    """One step of the thread as the page shows it."""

    said: Said
    words: Text
    is_ours: bool
    lines: list[Line]
    marking: str
    files: list[FileShown]


def entries_of(standing: Standing, thread: list[Said]) -> list[Entry]:
    """The thread in words, with the files of each step."""
    files = files_by_message([one.row.pk for one in thread])
    return [
        Entry(
            one,
            STEPS[one.event.step] if one.row.type == "inquiry.progress/1" else type_title(one.row.type),
            one.row.direction == "out",
            lines_of(one.row.type, one.content.body) if one.content else [],
            words_of_marking(one.content.marking) if one.content and one.event.step in {"part", "answer"} else "",
            files.get(one.row.pk, []) if one.content else [],
        )
        for one in thread
    ]


@dataclass(frozen=True, slots=True)
class SharedEntry:
    """A draft that was shown, or a word on one, as the page shows it."""

    said: Shared
    words: Text
    is_ours: bool
    lines: list[Line]


def shared_entries(shared: list[Shared]) -> list[SharedEntry]:
    """What passed before the inquiry was sent, in words."""
    return [
        SharedEntry(
            one,
            type_title(one.row.type),
            one.row.direction == "out",
            lines_of(one.row.type, one.content.body) if one.content else [],
        )
        for one in shared
    ]


def marking_words(marking: Mapping[str, Any]) -> str:
    """A stored marking in words."""
    return words_of_marking(Marking.from_json(dict(marking))) if marking else ""


def page_marking(inquiry: Inquiry, thread: Sequence[Said | Shared]) -> str:
    """The marking of all that stands on the page, combined: never weaker than its strictest part (P2.2)."""
    combined: Marking | None = None
    for one in thread:
        if one.content is not None:
            part = one.content.marking
            combined = part if combined is None else combined.combine(part)
    return words_of_marking(combined) if combined is not None else marking_words(inquiry.marking)


def release_url(draft: Draft) -> str:
    """Where a draft is previewed, approved and released."""
    return reverse("desk:release", args=[draft.pk])


@dataclass(frozen=True, slots=True)
class Copy:
    """A signed copy and, once it no longer holds, why."""

    row: SignedCopy
    void: Text


@dataclass(frozen=True, slots=True)
class LetterShown:
    """A letter as a paper: its version or what it lacks, what its sender named, its signed copies."""

    version: str
    missing: Text
    stated: str
    signed_sha256: str
    is_unsigned: bool
    copies: tuple[Copy, ...]
    file: Attachment | None

    @property
    def holding(self) -> SignedCopy | None:
        """The signed copy that holds for the letter as it stands."""
        return next((one.row for one in self.copies if one.row.void_at is None), None)

    @property
    def differs(self) -> bool:
        """Whether what is printed here is not what the sender named."""
        return bool(self.version and self.stated) and self.version != self.stated


def letter_shown(inquiry: Inquiry) -> LetterShown | None:
    """The letter of an inquiry as its page tells of it; None where it is none, or nothing is left of it."""
    body = letter_body(inquiry) if inquiry.family == Inquiry.Family.LETTER else {}
    if not body:
        return None
    version, part = version_of(body), body.get("letter") or {}
    kind = catalogue().instruments.get(inquiry.instrument)
    copies = list(inquiry.signed_copies.all())
    holding = next((copy for copy in copies if copy.void_at is None and copy.version == version), None)
    sha256 = bytes(holding.sha256) if holding else bytes.fromhex(str(part.get("signed_sha256", "")))
    is_own = inquiry.side == Inquiry.Side.INITIATOR
    return LetterShown(
        version=version,
        missing="" if version else letter_text_words(missing_in(body)),
        stated=str(part.get("version", "")),
        signed_sha256=str(part.get("signed_sha256", "")),
        is_unsigned=is_own and kind is not None and "signature" in kind.needs and holding is None,
        copies=tuple(Copy(copy, VOIDED.get(copy.void_reason, "")) for copy in copies),
        file=signed_file(inquiry, sha256) if sha256 else None,
    )


SHOWN_VERSIONS = 50


@dataclass(frozen=True, slots=True)
class Move:
    """One move inside the agency, in words."""

    row: Leg
    words: Text


def authorship(inquiry: Inquiry) -> dict[str, Any]:
    """Who wrote which version, the latest first, and how it went from post to post."""
    versions = inquiry.versions.select_related("by__person", "by__post").order_by("-number")[:SHOWN_VERSIONS]
    legs = inquiry.legs.select_related("by__person", "start", "end")[:SHOWN_VERSIONS]
    return {"versions": list(versions), "legs": [Move(leg, LEGS[leg.kind]) for leg in legs]}
