"""Recording a recovery: the event, and its guns row by row as they are typed, pasted or read from a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from contraparte.directory.models import Tenure
from contraparte.exchange.writing import writing
from contraparte.protocol.errors import (
    ContraparteError,
    FieldMissingError,
    FieldUnreadableError,
    RowLockedError,
    RowsTooManyError,
    SecondReviewerError,
    UrgentUnjustifiedError,
)
from contraparte.protocol.ids import agency_of, country_of, parse_post_id
from contraparte.protocol.marking import Marking
from contraparte.traces.actions.comparing import mark_gun, warn_of_same_gun
from contraparte.traces.models import Event, Gun
from contraparte.traces.rules.completeness import EventFacts, completeness
from contraparte.traces.rules.recovery import ReadGun, TypedGun, check_dates, check_possessor, read_gun

MAX_GUNS = 2000  # rows of one event; the largest single seizures on record are below
PURPOSE = "firearms_tracing"


@dataclass(frozen=True, slots=True)
class Possessor:
    """Who held the gun. For a minor either `withhold` the person or name a second reviewer."""

    name: str = ""
    born: date | None = None
    withhold: bool = False
    reviewed_by: Tenure | None = None


@dataclass(frozen=True, slots=True)
class EventInput:
    """An event as recorded. `region` is an ISO 3166-2 code such as MX-SON; `counterpart` the centre to be asked."""

    case_number: str
    recovered_on: date
    place: str
    counterpart: str
    crime_code: str = ""
    requester_code: str = ""
    region: str = ""
    priority: str = "routine"
    urgent_reason: str = ""
    possessor: Possessor = Possessor()
    marking: Marking | None = None


@dataclass(frozen=True, slots=True)
class RowRefused:
    """A row that was not saved: its place (from 1), its field and the refusal."""

    row: int
    error: ContraparteError


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of pasted or read rows."""

    saved: list[Gun]
    refused: list[RowRefused]


def default_marking(post_id: str, counterpart: str) -> Marking:
    """What a recovery is marked with unless somebody says otherwise: for tracing, within the two countries."""
    return Marking(
        handling=frozenset({"H1"}),
        purposes=frozenset({PURPOSE}),
        circle=frozenset({country_of(post_id), country_of(counterpart)}),
    )


def record_event(given: EventInput, *, by: Tenure, now: datetime) -> Event:
    """Record one recovery.

    Raises FieldMissingError, FieldUnreadableError, RecoveryAfterRequestError, UrgentUnjustifiedError,
    PossessorMinorError, SecondReviewerError; then nothing is changed.
    """
    for name in ("case_number", "place", "counterpart"):
        if not getattr(given, name).strip():
            raise FieldMissingError(field=name)
    _check_texts(given)
    counterpart = parse_post_id(given.counterpart, "counterpart")
    check_dates(given.recovered_on, now.date())
    if given.priority == Event.Priority.URGENT and not given.urgent_reason.strip():
        raise UrgentUnjustifiedError(field="urgent_reason")
    is_minor, reviewer = _possessor(given, by)
    marking = given.marking or default_marking(by.post_id, counterpart)
    with writing():
        return Event.objects.create(
            agency=agency_of(by.post_id),
            post_id=by.post_id,
            case_number=given.case_number.strip(),
            crime_code=given.crime_code.strip(),
            requester_code=given.requester_code.strip(),
            recovered_on=given.recovered_on,
            place=given.place.strip(),
            region=given.region.strip().upper(),
            country=country_of(by.post_id),
            priority=given.priority,
            urgent_reason=given.urgent_reason.strip(),
            counterpart=counterpart,
            possessor=_kept_possessor(given.possessor),
            possessor_is_minor=is_minor,
            minor_reviewed_by=reviewer,
            marking=marking.to_json(),
            recorded_by=by,
            recorded_at=now,
        )


def _check_texts(given: EventInput) -> None:
    limits = {"case_number": 60, "crime_code": 60, "requester_code": 60, "place": 200, "region": 60}
    for name, limit in {**limits, "urgent_reason": 2000}.items():
        text = getattr(given, name)
        if len(text) > limit or "\x00" in text:
            raise FieldUnreadableError(field=name, read=text[:40])
    if given.priority not in Event.Priority.values:
        raise FieldUnreadableError(field="priority", read=given.priority)
    if len(given.possessor.name) > 200 or "\x00" in given.possessor.name:
        raise FieldUnreadableError(field="possessor_name", read="")


def _possessor(given: EventInput, by: Tenure) -> tuple[bool, Tenure | None]:
    """Whether the possessor is a minor, and who reviewed it besides the recorder."""
    person, reviewer = given.possessor, given.possessor.reviewed_by
    protected = person.withhold or reviewer is not None
    is_minor = check_possessor(person.born, given.recovered_on, is_protected=protected)
    if not is_minor:
        return False, None
    if reviewer is not None:
        same_person = reviewer.pk == by.pk or (reviewer.person_id is not None and reviewer.person_id == by.person_id)
        if same_person or agency_of(reviewer.post_id) != agency_of(by.post_id):
            raise SecondReviewerError(field="reviewed_by")
    return True, reviewer


def _kept_possessor(person: Possessor) -> dict[str, Any]:
    """What is recorded of the possessor: a withheld person is not recorded at all."""
    if person.withhold or not (person.name or person.born):
        return {"withheld": True} if person.withhold else {}
    return {"name": person.name, **({"born": person.born.isoformat()} if person.born else {})}


def facts_of(event: Event) -> EventFacts:
    """The event as completeness asks for it."""
    return EventFacts(
        requester_code=event.requester_code,
        case_number=event.case_number,
        crime_code=event.crime_code,
        recovered_on=event.recovered_on.isoformat(),
        place=event.place,
        is_urgent=event.priority == Event.Priority.URGENT,
        urgent_reason=event.urgent_reason,
    )


def save_gun_row(event: Event, row_key: str, typed: Mapping[str, str], *, by: Tenure, now: datetime) -> Gun:
    """Save one row of an event; saving the same key again replaces what was typed there before.

    Missing fields are gaps and are saved; what is wrong is refused under its own name (`rules/recovery.py`) and
    changes nothing. Raises RowLockedError once the row's request is on its way, RowsTooManyError past the bound.
    Warnings of the same gun in another row are raised in the same transaction.
    """
    gun = read_gun(TypedGun.of(dict(typed)), requested_country=event.requested_country)
    gun.raise_if_refused()
    with writing():
        return _write_row(event, row_key, gun, by=by, now=now)


def import_rows(event: Event, rows: Sequence[Mapping[str, str]], *, by: Tenure, now: datetime) -> Imported:
    """Save many rows at once, in one transaction; each refused row is reported and does not stop the others.

    Row keys come from the content, so pasting the same table twice adds nothing.
    """
    if len(rows) > MAX_GUNS:
        raise RowsTooManyError(count=len(rows), limit=MAX_GUNS)
    readable, refused = [], []
    seen: dict[str, int] = {}
    for number, row in enumerate(rows, start=1):
        try:
            gun = read_gun(TypedGun.of(dict(row)), requested_country=event.requested_country)
            gun.raise_if_refused()
        except ContraparteError as error:
            refused.append(RowRefused(number, error))
            continue
        base = content_key(row)
        seen[base] = seen.get(base, 0) + 1
        readable.append((number, f"{base}-{seen[base]}", gun))
    saved = []
    with writing():
        for number, key, gun in readable:
            try:
                with transaction.atomic():
                    saved.append(_write_row(event, key, gun, by=by, now=now))
            except RowLockedError as error:
                refused.append(RowRefused(number, error))
    return Imported(saved, sorted(refused, key=lambda one: one.row))


def content_key(row: Mapping[str, str]) -> str:
    """A key that follows from what a row says."""
    import hashlib
    import json

    told = json.dumps({name: str(value).strip() for name, value in sorted(row.items())}, ensure_ascii=False)
    return hashlib.sha256(told.encode()).hexdigest()[:40]


def _write_row(event: Event, row_key: str, gun: ReadGun, *, by: Tenure, now: datetime) -> Gun:
    if not 0 < len(row_key) <= 56:
        raise FieldUnreadableError(field="row_key", read=row_key[:40])
    # The event's row is the lock of its positions.
    Event.objects.select_for_update().get(pk=event.pk)
    row = Gun.objects.select_for_update().filter(event=event, row_key=row_key).first()
    if row is None:
        count = Gun.objects.filter(event=event).count()
        if count >= MAX_GUNS:
            raise RowsTooManyError(count=count + 1, limit=MAX_GUNS)
        row = Gun(event=event, row_key=row_key, position=count + 1)
    elif _is_locked(row):
        raise RowLockedError(row=row.position)
    fill_gun(row, event, gun)
    row.saved_by, row.saved_at = by, now
    row.save()
    mark_gun(row)
    warn_of_same_gun(row, now=now)
    return row


def _is_locked(row: Gun) -> bool:
    from contraparte.traces.models import Trace

    return row.duplicate_of_id is not None or Trace.objects.filter(gun=row).exists()


def fill_gun(row: Gun, event: Event, gun: ReadGun) -> None:
    """Write what was typed and how it is read into the row; does not save it."""
    from dataclasses import asdict

    told = completeness(facts_of(event), gun, requested_country=event.requested_country)
    row.typed = {name: text for name, text in asdict(gun.typed).items() if text}
    row.serial, row.pattern, row.serial_state = gun.serial.canonical, gun.serial.pattern, gun.serial.state
    row.folded = gun.serial.folded
    row.maker, row.importer, row.type = gun.maker, gun.importer, gun.type
    row.model, row.calibre, row.country = gun.model, gun.calibre, gun.country
    row.privately_made = gun.is_privately_made
    row.score, row.gaps = told.score, [[gap.field, gap.why, gap.is_blocking] for gap in told.gaps]
