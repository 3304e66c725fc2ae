"""Reviewing a change of agency in the name of a country: dispute rows of it, agree on a pause of clocks (P1.8)."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from contraparte.directory import lineage, loading
from contraparte.directory import lineage_statements as statements
from contraparte.directory.actions import accord_key_of
from contraparte.directory.models import LineageEvent, LineageStatement
from contraparte.directory.rules.lineage import read_event
from contraparte.directory.rules.lineage_statements import (
    DisputedRow,
    check_statement,
    proposed_pauses,
    read_statement,
    write_statement,
)
from contraparte.directory.rules.signatures import SignedDocument
from contraparte.protocol.encoding import instant
from contraparte.protocol.errors import LineageStatementUnknownError


@transaction.atomic
def dispute_event(event: str, rows: Iterable[DisputedRow], *, country: str, now: datetime) -> LineageStatement:
    """Dispute rows of the version that would win, each with its reason.

    Raises LineageUnknownError, LineageCountryError, LineagePostUnknownError, LineageSignedError,
    DocumentMalformedError for a reason that is empty or too long, LocalKeyMissingError.
    """
    said = [row.model_dump(mode="json", by_alias=True) for row in rows]
    return _say(lineage.proposal(event), country, now, kind="dispute", rows=said)


@transaction.atomic
def propose_pause(event: str, *, begins: datetime, until: datetime, country: str, now: datetime) -> LineageStatement:
    """Propose that the clocks of the threads the change moves stand still for a time; it needs the others' word.

    Raises LineageUnknownError, LineageCountryError, LineagePeriodError, LocalKeyMissingError.
    """
    span = {"from": instant(begins), "until": instant(until)}
    return _say(lineage.event_row(event), country, now, kind="pause", **span)


@transaction.atomic
def agree_to_statement(number: str, *, country: str, now: datetime) -> LineageStatement:
    """Sign a pause, or the early end of one, as the other side published it.

    Raises LineageStatementUnknownError for what was withdrawn or needs no second signature, LineageCountryError.
    """
    row = statements.statement_row(number)
    version = statements.version_row(row.event_hash)
    said, statement = statements.said_of(row.event_hash), read_statement(bytes(row.document))
    event = read_event(bytes(version.document))
    open_pauses = {one.hash for one in proposed_pauses(event, said)}
    if row.kind == "dispute" or (row.kind == "pause" and row.pk not in open_pauses):
        raise LineageStatementUnknownError(statement=number[:64])
    check_statement(statement.model_copy(update={"country": country}), event, ())
    return _sign(bytes(row.document), country, now)


@transaction.atomic
def withdraw_statement(number: str, *, country: str, now: datetime) -> LineageStatement:
    """Take back a dispute or a proposed pause of this country; an agreed pause ends once the others sign this too.

    Raises LineageStatementUnknownError, LineageCountryError, LocalKeyMissingError.
    """
    row = statements.statement_row(number)
    if row.kind == "withdrawal" or (row.kind == "dispute" and row.country != country):
        raise LineageStatementUnknownError(statement=number[:64])
    return _say(statements.version_row(row.event_hash), country, now, kind="withdrawal", withdraws=row.pk)


def signed_statement(row: LineageStatement) -> SignedDocument:
    """A statement with all signatures seen, to publish or hand over."""
    return SignedDocument(bytes(row.document)).merge((kid, bytes.fromhex(value)) for kid, value in row.signatures)


def _say(version: LineageEvent, country: str, now: datetime, **said: object) -> LineageStatement:
    at = instant(now.replace(microsecond=0))
    data = write_statement(event=version.event, event_hash=version.pk, country=country, at=at, **said)
    check_statement(read_statement(data), read_event(bytes(version.document)), statements.signers_of(version))
    return _sign(data, country, now)


def _sign(data: bytes, country: str, now: datetime) -> LineageStatement:
    signed = SignedDocument(data).sign(accord_key_of(country))
    return loading.take_lineage_statement(signed, publisher=country, now=now)
