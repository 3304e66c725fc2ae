"""Statements on changes of agency, as this node knows them: taking them in, and what they come to (P1.8)."""

from collections.abc import Iterable
from datetime import datetime

from contraparte.directory import lineage
from contraparte.directory.lineage import Pinned, Resolve
from contraparte.directory.models import LineageEvent, LineageStatement
from contraparte.directory.rules import lineage_statements as rules
from contraparte.directory.rules.lineage import Event, read_event
from contraparte.directory.rules.lineage_statements import FORMAT, Pause, Said, read_statement
from contraparte.directory.rules.signatures import SignedDocument
from contraparte.directory.view import mark_changed, remember
from contraparte.protocol import limits
from contraparte.protocol.encoding import parse_object
from contraparte.protocol.errors import (
    BoundExceededError,
    ContraparteError,
    LineageForgedError,
    LineageStatementUnknownError,
    LineageUnknownError,
)
from contraparte.protocol.ids import country_of
from contraparte.protocol.keys import parse_kid


def is_statement(data: bytes) -> bool:
    """Whether a signed document is a statement on a change, not a change itself."""
    try:
        return parse_object(data.strip(b" \t\r\n"), "lineage").get("format") == FORMAT
    except ContraparteError:
        return False


def keep_statement(
    signed: SignedDocument, *, publisher: str, pinned: Pinned, resolve: Resolve, now: datetime
) -> LineageStatement:
    """Keep a statement with every valid signature seen on it; the version it speaks of may come later.

    So may the signature of who speaks: each publishes its own alone. Without it the statement is kept and says nothing.
    Raises LineageForgedError where the publisher's signature is not there or one is false, BoundExceededError where
    it publishes too much of one version, DocumentMalformedError.
    """
    statement = read_statement(signed.document)
    row = LineageStatement.objects.filter(pk=signed.hash).first()
    kept = {kid: bytes.fromhex(value) for kid, value in row.signatures} if row else {}
    known = pinned({country_of(parse_kid(kid)[0]) for kid, _ in signed.signatures})
    for kid, value in signed.signatures:
        country = country_of(parse_kid(kid)[0])
        if kid in kept or (kid not in known.get(country, frozenset()) and country != publisher):
            continue  # seen before; or of a country whose directory this node has not seen yet
        if kid not in known.get(country, frozenset()):
            raise LineageForgedError(event=statement.event, country=country)
        try:
            resolve(kid).verify(value, signed.document)
        except ContraparteError as error:
            raise LineageForgedError(event=statement.event, country=country) from error
        kept[kid] = value
    if publisher not in {country_of(parse_kid(kid)[0]) for kid in kept}:
        raise LineageForgedError(event=statement.event, country=publisher)
    if row is None:
        known_of = LineageStatement.objects.filter(event_hash=statement.event_hash)
        spoken = sum(publisher in signers_of(one) for one in known_of)
        if spoken >= limits.LINEAGE_STATEMENTS:
            raise BoundExceededError(what="statements", limit=limits.LINEAGE_STATEMENTS, read=spoken + 1)
        row = LineageStatement(pk=signed.hash, seen_at=now)
    row.event, row.event_hash, row.kind = statement.event, statement.event_hash, statement.kind
    row.country, row.document = statement.country, signed.document
    row.signatures = [[kid, value.hex()] for kid, value in sorted(kept.items())]
    row.save()
    mark_changed()
    return row


def signers_of(row: LineageEvent | LineageStatement) -> frozenset[str]:
    """Countries whose signatures a row bears."""
    return frozenset(country_of(parse_kid(kid)[0]) for kid, _ in row.signatures)


def said_of(event_hash: str) -> list[Said]:
    """All that was said of one version."""
    return _said(LineageStatement.objects.filter(event_hash=event_hash))


def _said(rows: Iterable[LineageStatement]) -> list[Said]:
    return [rules.said_of(bytes(row.document), signers_of(row)) for row in rows]


def statement_row(number: str) -> LineageStatement:
    """A statement by its hash or the beginning of it. Raises LineageStatementUnknownError."""
    rows = list(LineageStatement.objects.filter(pk__startswith=number)[:2]) if len(number) >= 8 else []
    if len(rows) != 1:
        raise LineageStatementUnknownError(statement=number[:64])
    return rows[0]


def version_row(event_hash: str) -> LineageEvent:
    """The version a statement speaks of. Raises LineageUnknownError."""
    row = LineageEvent.objects.filter(pk=event_hash).first()
    if row is None:
        raise LineageUnknownError(event=event_hash[:16])
    return row


def disputes_of(row: LineageEvent) -> list[Said]:
    """Disputes of a version that stand."""
    return rules.standing_disputes(read_event(bytes(row.document)), signers_of(row), said_of(row.pk))


def pauses() -> dict[str, list[Pause]]:
    """Hash of each change that counts and of which a pause was ever spoken → its agreed pauses; from memory."""
    return remember(("lineage.pauses",), _pauses)


def _pauses() -> dict[str, list[Pause]]:
    spoken = set(LineageStatement.objects.filter(kind="pause").values_list("event_hash", flat=True))
    counting: dict[str, Event] = {event.hash: event for event in lineage.events() if event.hash in spoken}
    return {number: rules.agreed_pauses(event, said_of(number)) for number, event in counting.items()}


def listed() -> list[dict[str, str]]:
    """Every statement ever seen, in words for a list: what it says and whether it stands."""
    told = []
    for row in LineageStatement.objects.all():
        statement, said = read_statement(bytes(row.document)), said_of(row.event_hash)
        version = LineageEvent.objects.filter(pk=row.event_hash).first()
        says = "; ".join(f"{one.old}: {one.reason}" for one in statement.rows)
        says = says or (f"{statement.begins} {statement.until}" if row.kind == "pause" else str(statement.withdraws))
        told.append(
            {
                "statement": row.pk,
                "event": row.event,
                "version": row.event_hash,
                "kind": row.kind,
                "country": row.country,
                "signed_by": " ".join(sorted(signers_of(row))),
                "state": _state(row, version, said) if version else "the version is not here",
                "says": says,
            }
        )
    return told


def _state(row: LineageStatement, version: LineageEvent, said: list[Said]) -> str:
    event = read_event(bytes(version.document))
    if row.kind == "withdrawal":
        return "signed by all" if signers_of(row) >= event.signers else "signed"
    stand = {
        **{one.hash: "stands" for one in rules.standing_disputes(event, signers_of(version), said)},
        **{one.hash: "waits for the others" for one in rules.proposed_pauses(event, said)},
        **{one.hash: "agreed" for one in rules.agreed_pauses(event, said)},
    }
    return stand.get(row.pk, "stands no more")
