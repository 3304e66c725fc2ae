"""Taking a verified register into the rows: one transaction, nothing deleted that a signature may need (P1.7).

What a country no longer lists stays as a row with `listed` off; a key it withdraws keeps its bytes and gets the
moment this node learned of it. A key that follows another must be vouched for by the one before, or by the root's
threshold, and then people are alarmed (P1.5).
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.conf import settings
from django.db import transaction

from contraparte.directory import lineage, view
from contraparte.directory.lineage_statements import is_statement
from contraparte.directory.lineage_statements import keep_statement as keep_lineage_statement
from contraparte.directory.models import (
    Accord,
    Agency,
    Alarm,
    Country,
    Key,
    LineageEvent,
    LineageStatement,
    Post,
    Suspension,
)
from contraparte.directory.rules.accord import read_accord
from contraparte.directory.rules.documents import read_instant
from contraparte.directory.rules.lineage import Event, predecessors, read_event
from contraparte.directory.rules.register import AgencyEntry, KeyEntry, Register
from contraparte.directory.rules.signatures import SignedDocument, require_signatures
from contraparte.directory.rules.succession import Vouch, check_succession
from contraparte.directory.rules.suspension import read_statement
from contraparte.protocol.errors import (
    AccordConflictError,
    AccordMissingError,
    AccordSignatureError,
    DirectoryRejectedError,
    DocumentMalformedError,
)
from contraparte.protocol.keys import PublicKey, Purpose, parse_kid

BATCH = 500  # rows of one statement, below SQLite's bound on variables

RootVouch = Callable[[bytes, dict[str, str]], bool]
"""Whether signatures (root key id to hex) over bytes reach the root's threshold."""


def _no_root(data: bytes, signatures: dict[str, str]) -> bool:
    return False


@transaction.atomic
def load_register(register: Register, *, now: datetime, root_vouches: RootVouch = _no_root, **state: object) -> Country:
    """Make the rows say what `register` says. `state` are further fields of the Country row (versions, expiry).

    Raises DirectoryRejectedError for a key nobody vouches for or an identifier that changed hands; rows then stay.
    """
    country, _ = Country.objects.get_or_create(pk=register.country)
    known = {row.kid: row for row in Key.objects.filter(agency__country=register.country)}
    stolen = [kid for kid, row in known.items() if row.status == Key.COMPROMISED]
    vouches = check_succession(
        register, _publics(known.values()), root_vouches, stolen, predecessors(_claimed_events(register))
    )
    _load_agencies(register)
    _load_keys(register, known, now)
    _pin_accord_keys(country, register, vouches)
    country.save()
    _load_lineage(register, now)
    for name, value in state.items():
        setattr(country, name, value)
    country.logs = [entry.model_dump(mode="json") for entry in register.logs]
    country.extra = register.unknown
    country.refreshed_at = now
    country.failure = ""
    country.save()
    Alarm.objects.bulk_create(
        Alarm(country=country, code="key.vouched_by_root", subject=kid, at=now)
        for kid, vouch in vouches.items()
        if vouch is Vouch.ROOT
    )
    _load_accords(register, country, now)
    view.mark_changed()
    return country


def _claimed_events(register: Register) -> list[Event]:
    """What the country says of its own agencies, whether others have signed it or not: their keys need a voucher."""
    seen = [bytes(row.document) for row in lineage.versions() if row.country == register.country]
    told = [SignedDocument.parse(data).document for data in register.lineage.values()]
    changes = {data for data in (*seen, *told) if not is_statement(data)}
    return [event for event in map(read_event, changes) if event.country == register.country]


def _load_lineage(register: Register, now: datetime) -> None:
    """One that is forged or cannot be makes the whole directory untrue, and nothing of it is taken in."""
    signed = [SignedDocument.parse(data) for data in register.lineage.values()]
    for one in [one for one in signed if is_statement(one.document)]:
        take_lineage_statement(one, publisher=register.country, now=now)
        signed.remove(one)
    for one in sorted(signed, key=lambda one: read_event(one.document).effective):
        take_event(one, publisher=register.country, now=now)


def take_event(signed: SignedDocument, *, publisher: str, now: datetime) -> LineageEvent:
    """Keep a change of agency that a country has signed. Raises LineageForgedError and what the rules raise."""
    return lineage.keep_event(signed, publisher=publisher, pinned=pinned_kids, resolve=_resolve, now=now)


def take_lineage_statement(signed: SignedDocument, *, publisher: str, now: datetime) -> LineageStatement:
    """Keep what a country said of a change of agency. Raises what `keep_statement` does."""
    return keep_lineage_statement(signed, publisher=publisher, pinned=pinned_kids, resolve=_resolve, now=now)


def _publics(rows: Iterable[Key]) -> list[PublicKey]:
    return [PublicKey(row.kid, row.agency_id, parse_kid(row.kid)[1], bytes(row.raw)) for row in rows]


def _load_agencies(register: Register) -> None:
    operator = settings.NODE_OPERATOR
    agencies = [_agency(entry, register.country, operator) for entry in register.agencies]
    Agency.objects.filter(country=register.country).update(listed=False)
    Post.objects.filter(agency__country=register.country).update(listed=False)
    Agency.objects.bulk_create(
        agencies,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["name_en", "name_es", "kind", "operator", "url", "is_local", "listed", "extra"],
    )
    Post.objects.bulk_create(
        [
            Post(
                id=post.id,
                agency_id=entry.id,
                name_en=post.name.en,
                name_es=post.name.es,
                channel=post.channel,
                handles=list(post.handles),
                time_zone=post.time_zone,
                listed=True,
                extra=post.unknown,
            )
            for entry in register.agencies
            for post in entry.posts
        ],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["name_en", "name_es", "channel", "handles", "time_zone", "listed", "extra"],
    )


def _agency(entry: AgencyEntry, country: str, operator: str) -> Agency:
    return Agency(
        id=entry.id,
        country=country,
        name_en=entry.name.en,
        name_es=entry.name.es,
        kind=entry.kind,
        operator=entry.operator,
        url=entry.url,
        is_local=bool(operator) and entry.operator == operator,
        listed=True,
        extra=entry.unknown,
    )


def _load_keys(register: Register, known: dict[str, Key], now: datetime) -> None:
    rows = [_key(entry, known.get(entry.kid), now) for entry in register.keys]
    listed = {row.kid for row in rows}
    # A key that has vanished from the directory was not revoked by anybody; it is good for nothing new all the same.
    rows += [_withdrawn(row, row.status, now) for kid, row in known.items() if kid not in listed]
    Key.objects.bulk_create(
        rows,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["kid"],
        update_fields=["valid_from", "valid_until", "status", "withdrawn_at", "extra"],
    )


def _key(entry: KeyEntry, before: Key | None, now: datetime) -> Key:
    public = entry.public()
    row = Key(
        kid=entry.kid,
        agency_id=public.agency,
        purpose=public.purpose.value,
        raw=public.raw,
        valid_from=public.valid_from,
        valid_until=public.valid_until,
        status=entry.status,
        withdrawn_at=before.withdrawn_at if before else None,
        extra={**entry.unknown, **({"vouched": entry.vouched} if entry.vouched else {})},
    )
    if before is not None and before.status != Key.ACTIVE and entry.status == Key.ACTIVE:
        raise DirectoryRejectedError(country=public.agency[:2], reason=f"{entry.kid} was withdrawn and comes back")
    return row if entry.status == Key.ACTIVE else _withdrawn(row, entry.status, now)


def _withdrawn(row: Key, status: str, now: datetime) -> Key:
    row.status = Key.RETIRED if status == Key.ACTIVE else status
    row.withdrawn_at = row.withdrawn_at or now
    return row


def _pin_accord_keys(country: Country, register: Register, vouches: dict[str, Vouch]) -> None:
    """The first accord keys are pinned as they come; later ones only where somebody vouched for the change (P1.2)."""
    new = [kid for kid in register.accord_keys if kid not in country.accord_kids]
    if country.accord_kids and any(vouches.get(kid) in {None, Vouch.FIRST} for kid in new):
        raise DirectoryRejectedError(country=country.pk, reason="an accord key nobody vouched for")
    # Old ones stay pinned: accords signed under them were signed rightly.
    country.accord_kids = [*country.accord_kids, *new]


def _load_accords(register: Register, country: Country, now: datetime) -> None:
    """Adopt what is completely signed. A proposal with one signature, or one whose other party's directory is not
    trusted here yet, stays in the directory and is looked at again at the next refresh."""
    for name, data in register.accords.items():
        signed = SignedDocument.parse(data)
        if register.country not in read_accord(signed.document).parties:
            raise DocumentMalformedError(
                document=f"accords/{name}.json", path="$.parties", problem="not of this country"
            )
        try:
            adopt(signed, now=now)
        except AccordSignatureError:
            continue
        except AccordConflictError as error:
            # Both have signed two documents under one id: people must look, the rest of the directory still counts.
            # The document stays published and comes again with every refresh; people are told of it once.
            subject = f"{name} {signed.hash[:16]}"
            Alarm.objects.get_or_create(country=country, code=error.code, subject=subject, defaults={"at": now})
    for data in register.suspensions.values():
        try:
            keep_statement(SignedDocument.parse(data))
        except (AccordMissingError, AccordSignatureError):
            continue


def pinned_kids(countries: Iterable[str]) -> dict[str, frozenset[str]]:
    """The pinned accord keys of each country. One reported compromised signs nothing that is new here."""
    rows = Country.objects.filter(pk__in=set(countries)).values_list("pk", "accord_kids")
    stolen = set(Key.objects.filter(purpose=Purpose.ACCORD.value, status=Key.COMPROMISED).values_list("kid", flat=True))
    return {pk: frozenset(kids) - stolen for pk, kids in rows}


def _resolve(kid: str) -> PublicKey:
    """Straight from the rows: what this very transaction has loaded counts, what is remembered does not."""
    row = Key.objects.get(kid=kid)
    return _publics([row])[0]


def adopt(signed: SignedDocument, *, now: datetime) -> Accord:
    """Keep a completely signed accord. The same bytes again change nothing (P1.2).

    Raises DocumentMalformedError, AccordSignatureError, AccordConflictError.
    """
    found = read_accord(signed.document)
    before = Accord.objects.filter(pk=found.id).first()
    if before is not None and before.hash == signed.hash:
        return before
    pinned = pinned_kids(found.parties)
    require_signatures(signed, needed=found.parties, pinned=pinned, resolve=_resolve, accord=found.id)
    if before is not None:
        raise AccordConflictError(accord=found.id)
    ends = found.document.effective_until
    row = Accord.objects.create(
        id=found.id,
        hash=signed.hash,
        document=signed.document,
        signatures=_pairs(signed),
        country_a=found.parties[0],
        country_b=found.parties[1],
        effective_from=read_instant(found.document.effective_from),
        effective_until=read_instant(ends) if ends else None,
        adopted_at=now,
    )
    view.mark_changed()
    return row


def keep_statement(signed: SignedDocument) -> Suspension:
    """Keep a statement on an accord with every valid signature seen so far; it counts once they suffice (P1.3).

    A suspension needs the signature of the country that makes it, a resumption those of both parties.
    Raises DocumentMalformedError, AccordMissingError, AccordSignatureError.
    """
    statement = read_statement(signed.document)
    accord = Accord.objects.filter(pk=statement.accord, hash=statement.accord_hash).first()
    if accord is None:
        raise AccordMissingError(id=statement.accord)
    parties = {accord.country_a, accord.country_b}
    if statement.country not in parties:
        raise AccordSignatureError(accord=accord.pk, reason="made by no party")
    before = Suspension.objects.filter(pk=signed.hash).first()
    if before is not None:
        signed = signed.merge((kid, bytes.fromhex(value)) for kid, value in before.signatures)
    pinned = pinned_kids(parties)
    needed = {statement.country} if statement.suspended else parties
    signers = {name for name in needed for kid, _ in signed.signatures if kid in pinned.get(name, frozenset())}
    # Each signature present must be right, and at least one must be there; the others may come later.
    require_signatures(signed, needed=signers or needed, pinned=pinned, resolve=_resolve, accord=accord.pk)
    row, _ = Suspension.objects.update_or_create(
        pk=signed.hash,
        defaults={
            "accord": accord,
            "country": statement.country,
            "suspended": statement.suspended,
            "document": signed.document,
            "signatures": _pairs(signed),
            "is_complete": signers == needed,
            "at": read_instant(statement.at),
        },
    )
    view.mark_changed()
    return row


def _pairs(signed: SignedDocument) -> list[list[str]]:
    return [[kid, value.hex()] for kid, value in signed.signatures]
