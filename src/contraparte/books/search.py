"""Searching one custodian's books by a damaged serial, with or without maker, type, calibre and model.

The index brings up every line within reach (`retrieval`), the noisy channel explains each one (`rules.channel`), and
what is shown carries its own explanation as data. Every search is logged with who, why and for which case before its
answer is given.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import Any, Final
from uuid import UUID

from django.db import connection

from contraparte.books import index
from contraparte.books.models import Book, Description, Query
from contraparte.books.retrieval import MOST_EXPLAINED, tiers
from contraparte.books.rules.channel import Channel, Step
from contraparte.books.rules.descriptions import Agreement
from contraparte.books.rules.notation import SerialPattern
from contraparte.books.rules.ranking import Description as Asked
from contraparte.books.rules.ranking import nats_of, rank
from contraparte.books.rules.weights import AGREEMENTS
from contraparte.books.store import day_of
from contraparte.protocol.errors import BooksOfSeveralCustodiansError, BookUnknownError, QueryPurposeMissingError

MOST_SHOWN: Final = 100
MOST_FETCHED: Final = 20_000
NEGLIGIBLE_NATS: Final = 34.0  # an explanation e^34 times less likely than a clean reading is none
MOST_LINES: Final = 50  # lines shown of one gun
BATCH: Final = 256  # searches whose log is written in one transaction


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What is asked: a pattern and a description, as typed and as read."""

    pattern: SerialPattern
    asked: Asked = field(default_factory=Asked)
    raw: str = ""
    described: str = ""

    @classmethod
    def read(
        cls,
        serial: str,
        *,
        maker: str = "",
        type: str = "",  # noqa: A002
        caliber: str = "",
        model: str = "",
    ) -> "Inquiry":
        """Read a query. Raises what `SerialPattern.parse` raises."""
        typed = [part.strip() for part in (maker, type, caliber, model)]
        pattern = SerialPattern.parse(serial)
        return cls(pattern, Asked.read(*typed), serial.strip(), " · ".join(filter(None, typed))[:400])


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of a gun, as its custodian may see it."""

    pk: int
    line_id: str
    acquired_on: date
    acquired_from: str
    disposed_on: date | None
    disposed_to: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A gun of the book that may be the one asked for, and why."""

    serial: str
    key: str
    maker: str
    type: str
    model: str
    caliber: str
    probability: float
    nats: float
    reading: tuple[Step, ...]
    agreements: dict[str, Agreement]
    lines: tuple[Shown, ...]

    def why(self) -> dict[str, Any]:
        """The explanation as data: the reading character by character, and how far the descriptions agree."""
        return {
            "reading": [{"read": step.read, "book": step.true, "event": step.event.value} for step in self.reading],
            "agreements": {name: agreement.name.lower() for name, agreement in self.agreements.items()},
            "nats": round(self.nats, 2),
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """Candidates, best first; the share "not in this book"; how many lines came within reach."""

    candidates: tuple[Candidate, ...]
    absent: float
    matched: int


def require_one_custodian(books: Sequence[Book]) -> str:
    """The agency that owns all these books. Raises BooksOfSeveralCustodiansError or BookUnknownError (none)."""
    owners = sorted({book.agency_id for book in books})
    if not owners:
        raise BookUnknownError(book="")
    if len(owners) > 1:
        raise BooksOfSeveralCustodiansError(custodians=len(owners))
    return owners[0]


def search(
    books: Sequence[Book], inquiry: Inquiry, *, by: str, purpose: str, case: str, now: datetime, limit: int = 10
) -> Answer:
    """Search the books of one custodian and log it. Raises QueryPurposeMissingError without purpose or case."""
    return search_many(books, [inquiry], by=by, purpose=purpose, case=case, now=now, limit=limit)[0]


def search_many(
    books: Sequence[Book],
    inquiries: Sequence[Inquiry],
    *,
    by: str,
    purpose: str,
    case: str,
    now: datetime,
    limit: int = 10,
) -> list[Answer]:
    """As `search` for several inquiries, whose log entries are written together before any answer is given."""
    agency = require_one_custodian(books)
    for name, value in (("purpose", purpose), ("case", case)):
        if not value.strip():
            raise QueryPurposeMissingError(field=name)
    answers = [look_up(books, inquiry, limit=limit) for inquiry in inquiries]
    Query.objects.bulk_create(
        Query(
            agency_id=agency,
            books=[book.name for book in books][:50],
            kind=Query.Kind.SEARCH,
            at=now,
            by=by,
            purpose=purpose.strip()[:120],
            case=case.strip()[:120],
            serial=inquiry.raw[:120],
            description=inquiry.described,
            matched=answer.matched,
            shown=len(answer.candidates),
        )
        for inquiry, answer in zip(inquiries, answers, strict=True)
    )
    return answers


@dataclass(slots=True)
class _Gun:
    """Lines of one serial and one description."""

    book: Book
    key: str
    description: int
    nats: float
    lines: list[int]


def look_up(books: Sequence[Book], inquiry: Inquiry, *, limit: int = 10) -> Answer:
    """Search without logging: for `search`, for the bench, and for tests of the ranking."""
    limit = max(1, min(limit, MOST_SHOWN))
    channel = Channel(inquiry.pattern)
    guns: list[_Gun] = []
    matched = 0
    for book in books:
        found, count = explained(book, inquiry, channel, limit=limit)
        guns.extend(found)
        matched += count
    rows = sum(book.lines for book in books)
    ranked, absent = rank(inquiry.pattern, [(number, gun.nats) for number, gun in enumerate(guns)], rows)
    best = [(guns[entry.key], entry.probability) for entry in ranked[: limit + 5]]
    return Answer(tuple(islice(_candidates(best, inquiry, channel), limit)), absent, matched)


def explained(
    book: Book, inquiry: Inquiry, channel: Channel, *, limit: int, complete: bool = False
) -> tuple[list[_Gun], int]:
    """The guns of one book within reach, explained but not ordered, and how many lines came within reach.

    A tier that cannot bring one into the first `limit` any more is not asked, unless `complete`.
    """
    reader = index.reader_of(book)
    asked = inquiry.asked
    gain: dict[int, float] = {}
    bonus = _most_gain(asked)
    guns: dict[tuple[str, int], _Gun] = {}
    seen: set[int] = set()
    matched = 0
    for tier in tiers(inquiry.pattern):
        if not complete and len(guns) >= limit:
            worst_shown = sorted(gun.nats for gun in guns.values())[limit - 1]
            if worst_shown < tier.least_nats - bonus:
                break
        addresses, matched = reader.collect(tier.query, MOST_FETCHED)
        most = MOST_EXPLAINED if complete else tier.most
        if len(addresses) > most:
            addresses = _best_described(reader, addresses, book, asked, gain)[:most]
        for found in reader.read(addresses):
            if found.line in seen:
                continue
            seen.add(found.line)
            gun = guns.get((found.key, found.description))
            if gun is not None:
                gun.lines.append(found.line)
                continue
            nats = channel.cost(found.key)
            if nats <= NEGLIGIBLE_NATS:
                if asked:
                    nats -= _gain(book, found.description, asked, gain)
                guns[found.key, found.description] = _Gun(book, found.key, found.description, nats, [found.line])
    return list(guns.values()), matched


def _most_gain(asked: Asked) -> float:
    """The most nats that a description can add to what is asked."""
    said = {"maker": asked.maker, "type": asked.type, "caliber": asked.caliber, "model": asked.model}
    return sum(max(AGREEMENTS[name].values()) for name, value in said.items() if value)


def _best_described(
    reader: index.Reader, addresses: list[Any], book: Book, asked: Asked, gain: dict[int, float]
) -> list[Any]:
    """Too many lines, those whose description agrees best first; in the order of the index where that says nothing."""
    if not asked:
        return addresses
    described = reader.descriptions(addresses)
    gains = {pk: _gain(book, pk, asked, gain) for pk in set(described)}
    order = sorted(range(len(addresses)), key=lambda position: -gains[described[position]])
    return [addresses[position] for position in order]


def _gain(book: Book, description: int, asked: Asked, known: dict[int, float]) -> float:
    gain = known.get(description)
    if gain is None:
        gain = known[description] = nats_of(asked.compare(description_of(book, description)))
    return gain


_descriptions: dict[tuple[UUID, int], Asked] = {}
MOST_DESCRIPTIONS: Final = 500_000


def description_of(book: Book, pk: int) -> Asked:
    """The canonical description of that key; descriptions never change, so they stay in memory."""
    found = _descriptions.get((book.uid, pk))
    if found is None:
        if len(_descriptions) > MOST_DESCRIPTIONS:
            _descriptions.clear()
        rows = Description.objects.filter(book=book)
        # A first question loads what the book has, within reason: one by one they would cost more than the search.
        wanted = rows.filter(pk=pk) if _loaded(book) else rows[:100_000]
        for row in wanted.values_list("pk", "maker_name", "type_code", "caliber_code", "model_key"):
            _descriptions[book.uid, row[0]] = Asked(*row[1:])
        _loaded_books.add(book.uid)
        found = _descriptions.get((book.uid, pk)) or Asked()
    return found


_loaded_books: set[UUID] = set()


def _loaded(book: Book) -> bool:
    return book.uid in _loaded_books


def _candidates(best: Sequence[tuple[_Gun, float]], inquiry: Inquiry, channel: Channel) -> Iterator[Candidate]:
    """What is shown of the best guns: current lines only; a gun whose lines were all corrected away is left out."""
    by_pk = _current_lines([pk for gun, _ in best for pk in gun.lines[:MOST_LINES]])
    for gun, probability in best:
        lines = sorted(
            (by_pk[pk] for pk in gun.lines if pk in by_pk), key=lambda line: (line[0].acquired_on, line[0].pk)
        )
        if not lines:
            continue
        _, serial, maker, kind, model, caliber = lines[-1]
        agreements = inquiry.asked.compare(description_of(gun.book, gun.description)) if inquiry.asked else {}
        yield Candidate(
            serial=serial,
            key=gun.key,
            maker=maker,
            type=kind,
            model=model,
            caliber=caliber,
            probability=probability,
            nats=gun.nats,
            reading=channel.align(gun.key),
            agreements={name: agreement for name, agreement in agreements.items() if getattr(inquiry.asked, name)},
            lines=tuple(line[0] for line in lines),
        )


_LINES: Final = (
    "SELECT l.id, l.line_id, l.acquired_on, l.acquired_from, l.disposed_on, l.disposed_to, l.serial, d.manufacturer,"
    " d.type, d.model, d.caliber FROM books_line l JOIN books_description d ON d.id = l.description_id"
    " WHERE l.is_current AND l.id IN ({})"
)


def _current_lines(keys: Sequence[int]) -> dict[int, tuple[Shown, str, str, str, str, str]]:
    """Current lines by key: the line, and how the book writes serial, maker, type, model and calibre.

    Raw SQL: building this question with the ORM takes longer than answering it.
    """
    if not keys:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_LINES.format(",".join(["%s"] * len(keys))), list(keys))
        rows = cursor.fetchall()
    return {
        row[0]: (Shown(row[0], row[1], day_of(row[2]), row[3], row[4] and day_of(row[4]), row[5]), *row[6:])
        for row in rows
    }
