"""A custodian's own books as a trace asks them: which guns match a serial, and what their lines tell.

Only books of one custodian are ever asked together, and every question is in the book's own log of queries, with the
purpose and the number of the conversation as case: a custodian never learns the crime.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from contraparte.books import search
from contraparte.books.models import Book, BookKind, Line, Query
from contraparte.books.rules.channel import Event
from contraparte.books.rules.notation import SerialPattern
from contraparte.protocol.errors import CustodianUnknownError
from contraparte.traces.rules.agreement import Described
from contraparte.traces.rules.disposals import Disposal, DisposalKind, Purchaser, read_disposal, read_purchaser

PURPOSE: Final = "firearms_tracing"
MOST_GUNS: Final = 100  # guns of one answer; a count of this many says "at least"

# What a reading may hold to count as a match: nothing but what investigators' notation left open, then look-alikes.
_EXACT: Final = frozenset({Event.AGREES, Event.ZERO, Event.UNREAD, Event.RUN})
_LOOKALIKE: Final = _EXACT | {Event.CONFUSED}


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks a book and under what number: both go into the book's log."""

    by: str
    case: str
    now: datetime


@dataclass(frozen=True, slots=True)
class BookGun:
    """One gun of the book: its lines in order. `is_exact` where the serial agrees letter by letter."""

    serial: str
    key: str
    described: Described
    lines: tuple[Line, ...]
    is_exact: bool

    @property
    def last_line(self) -> Line:
        """The latest acquisition of this gun."""
        return self.lines[-1]


def books_of(agency: str) -> list[Book]:
    """The books of acquisitions and dispositions of a custodian. Raises CustodianUnknownError where it keeps none."""
    found = list(Book.objects.filter(agency_id=agency, kind=BookKind.ACQUISITIONS))
    if not found:
        raise CustodianUnknownError(agency=agency)
    return found


def guns_matching(agency: str, serial: str, asking: Asking, *, kind: str = Query.Kind.COUNT) -> list[BookGun]:
    """The guns whose serial is the one asked for, or one of those its notation leaves open.

    Where no serial agrees letter by letter, those count that differ in look-alike characters only (0 and O, 5 and S).
    """
    books = books_of(agency)
    pattern = SerialPattern.parse(serial)
    exact = _exact_guns(books, pattern.plain) if pattern.plain else []
    found = exact or _searched(books, serial)
    Query.objects.create(
        agency_id=agency,
        books=[book.name for book in books][:50],
        kind=kind,
        at=asking.now,
        by=asking.by,
        purpose=PURPOSE,
        case=asking.case,
        serial=serial[:120],
        matched=len(found),
    )
    return found


def _exact_guns(books: Sequence[Book], key: str) -> list[BookGun]:
    """By the database alone: the common case of a serial read rightly. Leading zeros may vary."""
    bare = key.lstrip("0")
    keys = [key, *(("0" * zeros + bare) for zeros in range(4) if bare and "0" * zeros + bare != key)]
    lines = (
        Line.objects.filter(book__in=books, serial_key__in=keys, is_current=True)
        .select_related("description")
        .order_by("acquired_on", "id")[: MOST_GUNS * 4]
    )
    return _grouped(list(lines), is_exact=True)


def _searched(books: Sequence[Book], serial: str) -> list[BookGun]:
    """By the book's index: notation and look-alikes. More distant readings are for a person, not for a count."""
    answer = search.look_up(books, search.Inquiry.read(serial), limit=MOST_GUNS)
    for allowed in (_EXACT, _LOOKALIKE):
        pks = [
            line.pk
            for candidate in answer.candidates
            if all(step.event in allowed for step in candidate.reading)
            for line in candidate.lines
        ]
        if pks:
            rows = Line.objects.filter(pk__in=pks).select_related("description").order_by("acquired_on", "id")
            return _grouped(list(rows), is_exact=False)
    return []


def _grouped(lines: Sequence[Line], *, is_exact: bool) -> list[BookGun]:
    """Lines of one serial and one maker and model are one gun: it was returned, repaired or traded in."""
    groups: dict[tuple[str, str, str], list[Line]] = {}
    for line in lines:
        told = line.description
        groups.setdefault((line.serial_key, told.maker_name, told.model_key), []).append(line)
    return [
        BookGun(
            serial=group[-1].serial,
            key=key[0],
            described=Described(
                group[-1].description.manufacturer,
                group[-1].description.caliber,
                group[-1].description.type,
                group[-1].description.model,
            ),
            lines=tuple(group),
            is_exact=is_exact,
        )
        for key, group in groups.items()
    ]


def nearby_guns(agency: str, serial: str, described: Described, *, limit: int = 8) -> list[search.Candidate]:
    """Ranked candidates for the custodian's own person: they never leave the custodian."""
    inquiry = search.Inquiry.read(
        serial, maker=described.maker, type=described.type, caliber=described.calibre, model=described.model
    )
    return list(search.look_up(books_of(agency), inquiry, limit=limit).candidates)


def gun_of_line(agency: str, line_pk: int) -> BookGun | None:
    """The gun a line of this custodian's books belongs to, with all its lines; None for any other line."""
    books = books_of(agency)
    line = Line.objects.filter(pk=line_pk, book__in=books, is_current=True).select_related("description").first()
    if line is None:
        return None
    same = Line.objects.filter(book__in=books, serial_key=line.serial_key, is_current=True).select_related(
        "description"
    )
    groups = _grouped(list(same.order_by("acquired_on", "id")[: MOST_GUNS * 4]), is_exact=True)
    return next((gun for gun in groups if any(one.pk == line_pk for one in gun.lines)), None)


def disposals_of(gun: BookGun) -> list[Disposal]:
    """Where the gun went, line by line; a gun handed back after repair to who brought it is no sale."""
    told = []
    before = ""
    for line in gun.lines:
        disposal = read_disposal(line.disposed_to, line.disposed_on)
        handed_back = bool(before) and line.disposed_to.strip() == before and disposal.kind is DisposalKind.INDIVIDUAL
        if handed_back:
            disposal = Disposal(disposal.kind, disposal.disposed_on, is_return=True)
        told.append(disposal)
        before = line.disposed_to.strip()
    return told


def purchaser_of(gun: BookGun) -> Purchaser:
    """The last retail purchaser the lines name."""
    named = [
        read_purchaser(line.disposed_to) for line in gun.lines if line.disposed_to.lower().startswith("individual")
    ]
    return named[-1] if named else Purchaser()
