"""Suspending an accord and resuming it (P1.3).

A suspension is one country's signed statement and counts at once. A resumption cites, by hash, every suspension it
lifts and needs the signature of both parties; what it does not cite stays suspended.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator

from contraparte.directory.rules.accord import AccordId, Country
from contraparte.directory.rules.documents import Instant, Signed, read_document
from contraparte.protocol import limits
from contraparte.protocol.encoding import canonical_json, instant

FORMAT = "contraparte-suspension/1"

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Statement(Signed):
    """One signed statement on the state of an accord. It has no field for free text."""

    format: Literal["contraparte-suspension/1"]
    accord: AccordId
    accord_hash: Hash
    country: Country
    suspended: bool
    lifts: Annotated[list[Hash], Field(max_length=100)] = []
    at: Instant

    @model_validator(mode="after")
    def _lifts_something(self) -> "Statement":
        if self.suspended == bool(self.lifts):
            raise ValueError("a resumption cites what it lifts, a suspension lifts nothing")
        return self


def read_statement(data: bytes) -> Statement:
    """Read the exact bytes of a statement. Raises DocumentMalformedError."""
    return read_document(Statement, data, document="suspension", limit=limits.SUSPENSION_BYTES)


def write_statement(
    *, accord: str, accord_hash: str, country: str, suspended: bool, lifts: Iterable[str] = (), at: datetime
) -> bytes:
    """The bytes of a statement, ready to be signed."""
    return canonical_json(
        {
            "format": FORMAT,
            "accord": accord,
            "accord_hash": accord_hash,
            "country": country,
            "suspended": suspended,
            "lifts": sorted(lifts),
            "at": instant(at.replace(microsecond=0)),
        }
    )


def standing_suspensions(statements: Iterable[bytes]) -> frozenset[str]:
    """Hashes of the suspensions no resumption has lifted. Only fully signed statements may be passed in."""
    suspensions: set[str] = set()
    lifted: set[str] = set()
    for data in statements:
        statement = read_statement(data)
        if statement.suspended:
            suspensions.add(hashlib.sha256(data).hexdigest())
        lifted.update(statement.lifts)
    return frozenset(suspensions - lifted)
