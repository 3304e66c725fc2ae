"""What people and jobs do to the directory: keys, publication, trust, accords, persons and tenures.

`by` is the tenure that acts; None means the console of the machine itself, where whoever reads the keys is already
trusted with them. Each act that writes rows is one transaction.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from contraparte.directory import client, keyfiles, keyring, lineage, loading, publisher, queries
from contraparte.directory.models import Accord, Agency, Country, LineageEvent, Person, Post, Suspension, Tenure
from contraparte.directory.rules.accord import read_accord
from contraparte.directory.rules.lineage import read_event
from contraparte.directory.rules.register import KeyEntry, Register, key_entry
from contraparte.directory.rules.roles import Role, check_roles
from contraparte.directory.rules.signatures import SignedDocument
from contraparte.directory.rules.succession import vouch
from contraparte.directory.rules.suspension import read_statement, standing_suspensions, write_statement
from contraparte.protocol import limits
from contraparte.protocol.errors import (
    AccordMissingError,
    LineageCountryError,
    LocalKeyMissingError,
    PersonInvalidError,
    RightMissingError,
    TenureEndedError,
    TenurePeriodError,
)
from contraparte.protocol.ids import parse_agency_id
from contraparte.protocol.keys import PrivateKey, Purpose, generate

AGENCY_PURPOSES = (Purpose.MESSAGE, Purpose.TRANSPORT, Purpose.SEAL, Purpose.LOG, Purpose.WITNESS)
OVERLAP = timedelta(days=14)  # P1.6: a planned rotation overlaps so long
USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,79}")
CLOCK_ALLOWANCE = timedelta(seconds=limits.CREATED_AHEAD_S)  # a peer's clock may be so far behind

publish_directory = publisher.publish
trust_root = client.trust_root
refresh_directory = client.refresh


def make_agency_keys(agency_id: str, purposes: Iterable[Purpose] = AGENCY_PURPOSES, *, now: datetime) -> list[KeyEntry]:
    """Make and keep one key for each purpose; returns the entries to publish. Raises IdentifierInvalidError."""
    return make_keys([agency_id], purposes, now=now)


def make_keys(
    agency_ids: Iterable[str], purposes: Iterable[Purpose] = AGENCY_PURPOSES, *, now: datetime
) -> list[KeyEntry]:
    """The same for many agencies at once."""
    wanted = tuple(purposes)
    keys = [generate(parse_agency_id(agency), purpose) for agency in agency_ids for purpose in wanted]
    keyfiles.keep_all(keys)
    return [key_entry(key.public(), valid_from=now - CLOCK_ALLOWANCE) for key in keys]


def rotate_key(agency_id: str, purpose: Purpose, *, now: datetime) -> list[KeyEntry]:
    """Make the next key, vouched for by the present one, and let the present one run out (P1.5, P1.6).

    Returns both entries to publish. Raises LocalKeyMissingError where the present key is not held here.
    """
    old = keyring.private_key(agency_id, purpose, now=now)
    voucher = keyring.private_key(agency_id, Purpose.MESSAGE, now=now) if purpose is Purpose.SEAL else old
    new = generate(agency_id, purpose)
    keyfiles.keep_all([new])
    began = keyring.public_key(old.kid).valid_from
    return [
        key_entry(old.public(), valid_from=began, valid_until=now + OVERLAP),
        vouch(key_entry(new.public(), valid_from=now - CLOCK_ALLOWANCE), voucher),
    ]


def withdraw_key(register: Register, kid: str) -> Register:
    """The register with a key marked compromised: no overlap, good for nothing new (P1.6).

    Raises LocalKeyMissingError for a key the register does not list.
    """
    found = next((entry for entry in register.keys if entry.kid == kid), None)
    if found is None:
        raise LocalKeyMissingError(kid=kid)
    return register.with_keys([found.model_copy(update={"status": "compromised"})])


# --- accords ---


def sign_accord(document: bytes | SignedDocument, *, country: str, key: PrivateKey | None = None) -> SignedDocument:
    """Add a country's signature to an accord, or to one the other party has signed already.

    `key`: the accord key, else the country's pinned one held here. Raises DocumentMalformedError,
    LocalKeyMissingError, AccordMissingError where the country is no party.
    """
    signed = document if isinstance(document, SignedDocument) else SignedDocument(document)
    accord = read_accord(signed.document)
    if country not in accord.parties:
        raise AccordMissingError(id=accord.id, country_a=country)
    return signed.sign(key or accord_key_of(country))


@transaction.atomic
def adopt_accord(signed: SignedDocument, *, now: datetime) -> Accord:
    """Keep an accord that bears exactly the signatures of its parties' pinned keys (P1.2)."""
    return loading.adopt(signed, now=now)


@transaction.atomic
def suspend_accord(accord_id: str, *, country: str, now: datetime) -> Suspension:
    """Suspend an accord in the name of one country; it counts at once, and for others once published (P1.3)."""
    accord = queries.accord(accord_id)
    data = write_statement(accord=accord.id, accord_hash=accord.hash, country=country, suspended=True, lifts=(), at=now)
    return loading.keep_statement(SignedDocument(data).sign(accord_key_of(country)))


@transaction.atomic
def resume_accord(accord_id: str, *, country: str, now: datetime) -> Suspension:
    """Sign for the resumption of an accord. It counts once both parties have signed the same statement.

    The second party signs the statement the first one made, if that still lifts every standing suspension.
    """
    accord = queries.accord(accord_id)
    rows = list(Suspension.objects.filter(accord_id=accord.id))
    standing = standing_suspensions(bytes(row.document) for row in rows if row.is_complete)
    key = accord_key_of(country)
    for row in rows:
        offered = bytes(row.document)
        if not row.suspended and not row.is_complete and set(read_statement(offered).lifts) >= standing:
            return loading.keep_statement(SignedDocument(offered).sign(key))
    data = write_statement(
        accord=accord.id, accord_hash=accord.hash, country=country, suspended=False, lifts=standing, at=now
    )
    return loading.keep_statement(SignedDocument(data).sign(key))


@transaction.atomic
def take_statement(data: bytes) -> Suspension:
    """Keep a statement on an accord that came from elsewhere (a file, a peer); its signatures speak for it."""
    return loading.keep_statement(SignedDocument.parse(data))


def signed_statement(row: Suspension) -> SignedDocument:
    """The statement with all signatures seen, to publish or hand over."""
    return SignedDocument(bytes(row.document)).merge((kid, bytes.fromhex(value)) for kid, value in row.signatures)


# --- changes of agency ---


@transaction.atomic
def sign_event(document: bytes, *, country: str, now: datetime) -> LineageEvent:
    """Sign a change of agency in the name of a country: announce it, amend it, or agree to it as reviewer (P1.8).

    The mapping is judged first by all this node knows. Raises LineageError for what is wrong with it,
    LineageCountryError for a country it does not concern, LocalKeyMissingError.
    """
    event = read_event(document)
    if country not in event.signers:
        raise LineageCountryError(field="country", read=country, event=event.id)
    lineage.check_now(event)
    return loading.take_event(SignedDocument(document).sign(accord_key_of(country)), publisher=country, now=now)


def agree_to_event(event: str, *, country: str, now: datetime) -> LineageEvent:
    """Sign the version that would win. Raises LineageUnknownError and what `sign_event` raises."""
    return sign_event(bytes(lineage.proposal(event).document), country=country, now=now)


def signed_event(row: LineageEvent) -> SignedDocument:
    """A version with all signatures seen, to publish or hand over."""
    return SignedDocument(bytes(row.document)).merge((kid, bytes.fromhex(value)) for kid, value in row.signatures)


def accord_key_of(country: str) -> PrivateKey:
    """The newest pinned accord key of a country whose private half is here. Raises LocalKeyMissingError."""
    kids = Country.objects.filter(pk=country).values_list("accord_kids", flat=True).first() or []
    for kid in reversed(kids):
        try:
            return keyring.private_key_by_id(kid)
        except LocalKeyMissingError:
            continue
    raise LocalKeyMissingError(agency=country, purpose=Purpose.ACCORD.value)


# --- persons and tenures ---


@transaction.atomic
def add_person(
    username: str, display_name: str, *, language: str = "en", email: str = "", password: str | None = None
) -> Person:
    """A person who may sign in, without any right until appointed.

    Raises PersonInvalidError naming the field for a name that is taken or unreadable, or a password that is weak.
    """
    if not USERNAME.fullmatch(username):
        raise PersonInvalidError(field="username", read=username[:80], problem="form")
    if Person.objects.filter(username=username).exists():
        raise PersonInvalidError(field="username", read=username, problem="taken")
    if not display_name.strip() or len(display_name) > 120 or not display_name.isprintable():
        raise PersonInvalidError(field="display_name", read=display_name[:120], problem="form")
    if language not in dict(settings.LANGUAGES):
        raise PersonInvalidError(field="language", read=language[:8], problem="form")
    if password is not None:
        try:
            validate_password(password)
        except ValidationError as error:
            raise PersonInvalidError(field="password", read="", problem="weak") from error
    return Person.objects.create_user(
        username, password, display_name=display_name.strip(), language=language, email=email
    )


@transaction.atomic
def disable_person(person: Person, *, by: Tenure | None, now: datetime) -> int:
    """Refuse a person's sign-in and end the tenures that run or are to come. Returns how many ended."""
    held = list(Tenure.objects.filter(person=person).exclude(ends__lte=now))
    for tenure in held:
        end_tenure(tenure, by=by, now=now)
    Person.objects.filter(pk=person.pk).update(is_active=False)
    return len(held)


@transaction.atomic
def appoint(
    person: Person | None,
    post: Post,
    roles: Iterable[str],
    *,
    starts: datetime | None = None,
    ends: datetime | None = None,
    acting: bool = False,
    by: Tenure | None,
    now: datetime,
) -> Tenure:
    """Put a person in a post for a time, with roles; None as person makes the post's own service.

    Raises RolesIncompatibleError, TenurePeriodError, RightMissingError (only an administrator of the agency or of the
    one that runs its node, and nobody for himself), TenureEndedError where the actor's own tenure is over.
    """
    checked = check_roles(roles, has_person=person is not None)
    begins = starts or now
    if ends is not None and ends <= begins:
        raise TenurePeriodError(field="ends", starts=begins.isoformat(), ends=ends.isoformat())
    if by is not None:
        _require_administrator(by, post.agency, now)
        if person is not None and person.pk == by.person_id:
            raise RightMissingError(right="appoint", field="person")
    return place(person, post, checked, starts=begins, ends=ends, acting=acting, by=by, now=now)


def place(
    person: Person | None,
    post: Post,
    roles: Iterable[Role],
    *,
    starts: datetime | None = None,
    ends: datetime | None = None,
    acting: bool = False,
    by: Tenure | None,
    now: datetime,
) -> Tenure:
    """The row of an appointment, for who has made sure that `by` may make it."""
    return Tenure.objects.create(
        person=person,
        post=post,
        roles=sorted(role.value for role in roles),
        starts=starts or now,
        ends=ends,
        acting=acting,
        appointed_by=by,
    )


def appoint_service(post: Post, *, by: Tenure | None = None, now: datetime) -> Tenure:
    """The tenure under which a post answers automatically."""
    return appoint(None, post, [Role.SERVICE], by=by, now=now)


@transaction.atomic
def end_tenure(tenure: Tenure, *, by: Tenure | None, now: datetime) -> Tenure:
    """End a tenure at once: the next request under it is refused. One that has not begun never will.

    Raises TenureEndedError for one that is over already, RightMissingError.
    """
    held = Tenure.objects.select_for_update(of=("self",)).select_related("post__agency").get(pk=tenure.pk)
    if held.ends is not None and held.ends <= now:
        raise TenureEndedError(tenure=str(held.pk))
    if by is not None and by.pk != held.pk:
        _require_administrator(by, held.post.agency, now)
    held.ends = max(held.starts, now)
    held.ended_by = by
    held.save(update_fields=["ends", "ended_by"])
    return held


def _require_administrator(by: Tenure, agency: Agency, now: datetime) -> None:
    if not queries.is_running(by, now):
        raise TenureEndedError(tenure=str(by.pk))
    near = by.post.agency_id in {agency.pk, agency.operator}
    if Role.ADMINISTRATOR not in by.roles or not near:
        raise RightMissingError(right="appoint")
