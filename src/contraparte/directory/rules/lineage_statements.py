"""What countries say about a change of agency beside signing it: a dispute with reasons, a pause of clocks (P1.8).

Everything is a pure function of the signed bytes and of who signed them, so that it does not matter in which order they
came. A dispute is one country's word on one version; it stands until that country withdraws it or signs the version.
A pause counts, and is ended early, only by the signatures of all that must sign the change.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import Field, model_validator

from contraparte.directory.rules.accord import AccordId, Country
from contraparte.directory.rules.documents import Instant, Signed, read_document, read_instant
from contraparte.directory.rules.lineage import Event, PostId
from contraparte.directory.rules.suspension import Hash
from contraparte.protocol import limits
from contraparte.protocol.encoding import canonical_json
from contraparte.protocol.errors import (
    LineageCountryError,
    LineagePeriodError,
    LineagePostUnknownError,
    LineageSignedError,
)

FORMAT = "contraparte-lineage-statement/1"
LONGEST_PAUSE = timedelta(days=90)


class DisputedRow(Signed):
    """One row of the mapping, and why it is wrong, in the words and the language of who disputes it."""

    old: PostId = Field(alias="from")
    reason: Annotated[str, Field(min_length=1, max_length=500)]
    language: Literal["en", "es"]


class Statement(Signed):
    """One signed statement on exactly one version of a change."""

    format: Literal["contraparte-lineage-statement/1"]
    kind: Literal["dispute", "pause", "withdrawal"]
    event: AccordId
    event_hash: Hash
    country: Country
    at: Instant
    rows: Annotated[list[DisputedRow], Field(max_length=500)] = []
    begins: Instant | None = Field(default=None, alias="from")
    until: Instant | None = None
    withdraws: Hash | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> "Statement":
        said = (bool(self.rows), self.begins is not None and self.until is not None, self.withdraws is not None)
        if said != (self.kind == "dispute", self.kind == "pause", self.kind == "withdrawal"):
            raise ValueError("a dispute has rows, a pause from and until, a withdrawal what it withdraws")
        if len({row.old for row in self.rows}) != len(self.rows):
            raise ValueError("a row is disputed twice")
        return self


@dataclass(frozen=True, slots=True)
class Said:
    """A statement with the countries whose signatures are on it."""

    statement: Statement
    hash: str
    signers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Pause:
    """Clocks of the threads a change moves stand still between two instants."""

    begins: datetime
    until: datetime
    hash: str


@lru_cache(maxsize=256)
def read_statement(data: bytes) -> Statement:
    """Read the exact bytes of a statement. Raises DocumentMalformedError, LineagePeriodError."""
    read = read_document(Statement, data, document="lineage statement", limit=limits.LINEAGE_BYTES)
    if read.begins is not None and read.until is not None:
        begins, until = read_instant(read.begins), read_instant(read.until)
        if not (begins < until and until - begins <= LONGEST_PAUSE):
            raise LineagePeriodError(field="until", event=read.event)
    return read


class _RowsFile(Signed):
    rows: Annotated[list[DisputedRow], Field(min_length=1, max_length=500)]


def read_rows(data: bytes) -> list[DisputedRow]:
    """Disputed rows from a file `{"rows": [...]}`. Raises DocumentMalformedError."""
    return read_document(_RowsFile, data, document="disputed rows", limit=limits.LINEAGE_BYTES).rows


def write_statement(**fields: object) -> bytes:
    """The bytes of a statement, ready to be signed: read once, so that nothing wrong is ever signed."""
    data = canonical_json({"format": FORMAT, **fields})
    read_statement(data)
    return data


def said_of(data: bytes, signers: Iterable[str]) -> Said:
    """A statement with who has signed it."""
    return Said(read_statement(data), hashlib.sha256(data).hexdigest(), frozenset(signers))


def check_statement(statement: Statement, event: Event, signed_by: Iterable[str]) -> None:
    """Judge a new statement by the version it speaks of; `signed_by`: countries that have signed that version.

    Raises LineageCountryError for one it does not concern, LineagePostUnknownError for a row that is not in the
    mapping, LineageSignedError for a dispute of what that country has signed, LineagePeriodError for a pause that
    begins before the change.
    """
    if statement.country not in event.signers:
        raise LineageCountryError(field="country", read=statement.country, event=event.id)
    for row in statement.rows:
        if row.old not in event.successors:
            raise LineagePostUnknownError(field="rows", post=row.old, event=event.id)
    if statement.kind == "dispute" and statement.country in set(signed_by):
        raise LineageSignedError(event=event.id, country=statement.country)
    if statement.begins is not None and read_instant(statement.begins) < event.effective:
        raise LineagePeriodError(field="from", event=event.id)


def standing_disputes(event: Event, signed_by: Iterable[str], said: Iterable[Said]) -> list[Said]:
    """Disputes of a version that nobody has withdrawn and whose country has not signed it, by time and hash."""
    told, signed = list(said), set(signed_by)
    found = [
        one
        for one in told
        if one.statement.kind == "dispute"
        and one.statement.event_hash == event.hash
        and one.statement.country in (event.signers & one.signers) - signed
        and not any(one.statement.country in by for by, _ in _withdrawals(one, told))
    ]
    return sorted(found, key=lambda one: (one.statement.at, one.hash))


def agreed_pauses(event: Event, said: Iterable[Said]) -> list[Pause]:
    """Pauses that all have signed, each ended early where all have signed that too; in the order of time."""
    told, found = list(said), []
    for one in told:
        if not (_is_pause_of(one, event) and one.signers >= event.signers):
            continue
        pause = Pause(*span_of(one), one.hash)
        ends = [read_instant(at) for by, at in _withdrawals(one, told) if by >= event.signers]
        until = min([pause.until, *ends])
        if until > pause.begins >= event.effective:
            found.append(Pause(pause.begins, until, one.hash))
    return sorted(found, key=lambda pause: (pause.begins, pause.until, pause.hash))


def proposed_pauses(event: Event, said: Iterable[Said]) -> list[Said]:
    """Pauses that still lack a signature and that who proposed them has not withdrawn."""
    told = list(said)
    found = [
        one
        for one in told
        if _is_pause_of(one, event)
        and one.statement.country in event.signers & one.signers
        and not one.signers >= event.signers
        and not any(one.statement.country in by for by, _ in _withdrawals(one, told))
    ]
    return sorted(found, key=lambda one: (one.statement.at, one.hash))


def missing_signers(one: Said, event: Event) -> list[str]:
    """Who has not signed a pause yet."""
    return sorted(event.signers - one.signers)


def _is_pause_of(one: Said, event: Event) -> bool:
    return one.statement.kind == "pause" and one.statement.event_hash == event.hash


def span_of(one: Said) -> tuple[datetime, datetime]:
    """From when until when a pause is to last, as it was proposed."""
    begins, until = one.statement.begins, one.statement.until
    assert begins is not None and until is not None
    return read_instant(begins), read_instant(until)


def _withdrawals(one: Said, told: Iterable[Said]) -> list[tuple[frozenset[str], str]]:
    """Who has signed a withdrawal of a statement, and from when on."""
    return [(other.signers, other.statement.at) for other in told if other.statement.withdraws == one.hash]


def state(
    events: Mapping[str, tuple[Event, frozenset[str]]], said: Iterable[Said]
) -> dict[str, tuple[list[str], list[Pause], list[str]]]:
    """Hash of each version → its standing disputes, agreed pauses and proposed ones: what every node must agree on."""
    told = list(said)
    return {
        number: (
            [one.hash for one in standing_disputes(event, signers, told)],
            agreed_pauses(event, told),
            [one.hash for one in proposed_pauses(event, told)],
        )
        for number, (event, signers) in events.items()
    }
