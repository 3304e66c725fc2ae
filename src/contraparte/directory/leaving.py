"""Leaving a post: announced, inventoried, noted, assigned, told, acknowledged, access ended.

The post keeps every obligation (P1.4). What a person did with their own hand is brought over here: the pack says what
is open, duty lines go to the successor, drafts and approvals stay with the post. Nothing private of who leaves is kept:
there is a note for the successor and no other place to write.

`by` None is the console of the machine, or the node itself where a day has come.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from contraparte.directory import actions, duty, queries
from contraparte.directory.models import Departure, DepartureStep, DutyShift, Pack, Person, PostNotice, Tenure
from contraparte.directory.packs import freeze_pack
from contraparte.directory.rules.leaving import NOTE_CHARS, Standing, Step, may_take
from contraparte.directory.rules.roles import CONTENT_ROLES, Role
from contraparte.protocol.errors import (
    DepartureFieldError,
    DepartureStepError,
    RightMissingError,
    TenureEndedError,
)

LOOKED_BACK = timedelta(days=7)  # a worker that was down longer than that is another incident
AT_ONCE = 200  # departures whose day has come, closed in one turn


def announce_leaving(tenure: Tenure, *, leaves_at: datetime, by: Tenure | None, now: datetime) -> Departure:
    """Say that somebody leaves a post, and when; the inventory is made at once. A day not to come ends access now.

    By who leaves, an authorising person of the agency, or an administrator. Raises DepartureStepError where it is
    announced already, TenureEndedError, RightMissingError.
    """
    _require_manager(by, tenure, now)
    with transaction.atomic():
        held = Tenure.objects.select_for_update(of=("self",)).select_related("post__agency").get(pk=tenure.pk)
        if held.person_id is None or not queries.is_running(held, now):
            raise TenureEndedError(tenure=str(held.pk))
        if Departure.objects.filter(tenure=held).exists():
            raise DepartureStepError(step=Step.ANNOUNCED.value)
        day = min(one for one in (leaves_at, held.ends) if one is not None)
        planned = day > now
        departure = Departure.objects.create(tenure=held, post=held.post, leaves_at=max(day, now), is_planned=planned)
        _write(departure, Step.ANNOUNCED, by=by, now=now)
        if planned:
            Tenure.objects.filter(pk=held.pk).update(ends=day, ended_by=by)
        else:
            _close(departure, by=by, now=now)
        if _sees_content(held):
            freeze_pack(departure, now=now)
            _write(departure, Step.INVENTORY, by=None, now=now)
    return departure


def make_pack(departure: Departure, *, by: Tenure | None, now: datetime) -> Pack:
    """Take the inventory again; earlier packs stay. Raises DepartureStepError once it was acknowledged."""
    with transaction.atomic():
        row = _locked(departure)
        if by is not None and by.post_id != row.post_id:
            _require_manager(by, row.tenure, now)
        _require_open(row, Step.INVENTORY)
        pack = freeze_pack(row, now=now)
        _write(row, Step.INVENTORY, by=by, now=now)
    return pack


def write_note(departure: Departure, note: str, *, by: Tenure, now: datetime) -> Departure:
    """What the successor should know, in the words of who leaves; only they write it.

    Raises RightMissingError, TenureEndedError, DepartureStepError, DepartureFieldError.
    """
    words = note.strip()
    with transaction.atomic():
        row = _locked(departure)
        if by.pk != row.tenure_id:
            raise RightMissingError(right="leaving")
        if not queries.is_running(row.tenure, now):
            raise TenureEndedError(tenure=str(by.pk))
        _require_open(row, Step.NOTE)
        if not words or len(words) > NOTE_CHARS or "\x00" in words:
            raise DepartureFieldError(field="note")
        row.note = words
        row.save(update_fields=["note"])
        _write(row, Step.NOTE, by=by, now=now)
    return row


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who may take over: somebody of the post, or of another post of the agency, who would be acting."""

    person: Person
    tenure: Tenure | None  # the one at the post itself


def candidates(departure: Departure, now: datetime) -> list[Candidate]:
    """Persons of the post first, then persons of other posts of the agency who see what crosses; never who leaves."""
    rows = queries.persons_of_agency(departure.post.agency_id, now)
    here: dict[int, Candidate] = {}
    others: dict[int, Candidate] = {}
    for held in rows:
        if held.person is None or held.person_id == departure.tenure.person_id or not _sees_content(held):
            continue
        if held.post_id == departure.post_id:
            here.setdefault(held.person.pk, Candidate(held.person, held))
        else:
            others.setdefault(held.person.pk, Candidate(held.person, None))
    return [*here.values(), *(one for pk, one in others.items() if pk not in here)]


def assign_successor(departure: Departure, person: Person, *, by: Tenure | None, now: datetime) -> Departure:
    """Name who takes over. Somebody of another post of the agency gets an acting tenure at this one.

    An authorising person hands on only roles that the person holds in the agency already; an administrator all that
    who leaves has. Raises DepartureFieldError, DepartureStepError, RightMissingError, TenureEndedError.
    """
    _require_manager(by, departure.tenure, now, own=False)
    with transaction.atomic():
        row = _locked(departure)
        _require_open(row, Step.ASSIGNED)
        found = next((one for one in candidates(row, now) if one.person.pk == person.pk), None)
        if found is None or (by is not None and found.tenure is None and person.pk == by.person_id):
            raise DepartureFieldError(field="successor")
        row.successor = found.tenure or _put_in_charge(row, person, by, now)
        row.save(update_fields=["successor"])
        _write(row, Step.ASSIGNED, by=by, now=now)
        if not queries.is_running(row.tenure, now):
            _move_lines(row, by=by, now=now)
    return row


def acknowledge_hand_over(departure: Departure, *, by: Tenure, now: datetime) -> Departure:
    """The successor says that they have the pack and the work. Raises RightMissingError, DepartureStepError."""
    with transaction.atomic():
        row = _locked(departure)
        if not queries.is_running(by, now):
            raise TenureEndedError(tenure=str(by.pk))
        if by.pk != row.successor_id:
            raise RightMissingError(right="leaving")
        _require_open(row, Step.ACKNOWLEDGED)
        _write(row, Step.ACKNOWLEDGED, by=by, now=now)
    return row


def end_access(departure: Departure, *, by: Tenure | None, now: datetime) -> Departure:
    """End the access of who leaves now, whatever is still to do. Raises DepartureStepError, RightMissingError."""
    _require_manager(by, departure.tenure, now)
    with transaction.atomic():
        row = _locked(departure)
        _require_open(row, Step.ACCESS_ENDED)
        _close(row, by=by, now=now)
    return row


def close_due(now: datetime) -> int:
    """Write down the end of access where the day has come; returns how many. The tenure itself ended by its date."""
    closed = DepartureStep.objects.filter(step=Step.ACCESS_ENDED.value)
    due = Departure.objects.filter(tenure__ends__lte=now).exclude(pk__in=closed.values("departure_id"))
    rows = list(due.order_by("pk")[:AT_ONCE])
    for departure in rows:
        with transaction.atomic():
            row = _locked(departure)
            if may_take(Step.ACCESS_ENDED, steps_done(row)):
                _close(row, by=None, now=now)
    return len(rows)


def follow_ended(now: datetime) -> int:
    """Write down a leaving without notice for each tenure that ended otherwise: taken away, or run out by its date.

    Without it nobody would inventory what it left, and the other side would not hear. Returns how many.
    """
    rows = Tenure.objects.filter(person__isnull=False, ends__gt=now - LOOKED_BACK, ends__lte=now)
    rows = rows.filter(post__agency__is_local=True).exclude(pk__in=Departure.objects.values("tenure_id"))
    found = [one for one in rows.select_related("post__agency").order_by("ends")[:AT_ONCE] if _is_leaving(one)]
    for held in found:
        with transaction.atomic():
            departure = Departure.objects.create(
                tenure=held, post=held.post, leaves_at=held.ends or now, is_planned=False
            )
            _write(departure, Step.ANNOUNCED, by=None, now=now)
            _close(departure, by=None, now=now)
            freeze_pack(departure, now=now)
            _write(departure, Step.INVENTORY, by=None, now=now)
    return len(found)


def _is_leaving(held: Tenure) -> bool:
    """Whether an ended tenure had work and began at all; an appointment taken back before its day left nothing."""
    return _sees_content(held) and held.ends is not None and held.ends > held.starts


def note_told(departure: Departure, standing: str, *, now: datetime) -> None:
    """Write down that the other side was told how the post stands."""
    _write(departure, Step.COUNTERPART_NOTIFIED, by=None, now=now, detail=standing)


def keep_notice(post_id: str, *, standing: Standing, since: datetime, said_at: datetime) -> None:
    """Keep what was said; an older word that comes late changes nothing."""
    known = PostNotice.objects.filter(pk=post_id).first()
    if known is None or known.said_at <= said_at:
        PostNotice.objects.update_or_create(
            pk=post_id, defaults={"standing": standing.value, "since": since, "said_at": said_at}
        )


def steps_done(departure: Departure) -> set[Step]:
    """The steps taken so far."""
    return {Step(name) for name in departure.steps.values_list("step", flat=True)}


def _close(departure: Departure, *, by: Tenure | None, now: datetime) -> None:
    held = departure.tenure
    if held.ends is None or held.ends > now:
        Tenure.objects.filter(pk=held.pk).update(ends=max(held.starts, now), ended_by=by)
        held.refresh_from_db(fields=["ends", "ended_by"])
    if departure.successor_id is None and departure.is_planned:
        departure.is_planned = False
        departure.save(update_fields=["is_planned"])
    _write(departure, Step.ACCESS_ENDED, by=by, now=now)
    _move_lines(departure, by=by, now=now)


def _move_lines(departure: Departure, *, by: Tenure | None, now: datetime) -> None:
    """Duty lines of who left go to the successor; without one they end, and the hours stand empty for all to see."""
    lines = list(DutyShift.objects.filter(holder=departure.tenure, ended_at=None)[: duty.MOST_SHIFTS])
    successor = departure.successor
    serves = successor is not None and bool(duty.SERVES & set(successor.roles))
    for line in lines:
        if successor is not None and serves:
            DutyShift.objects.get_or_create(
                post=line.post, holder=successor, weekday=line.weekday, day=line.day, begins=line.begins,
                ends=line.ends, ended_at=None, defaults={"planned_by": by or successor, "planned_at": now},
            )  # fmt: skip
        # Left standing without a successor, so that whoever is named later still takes them over.
        if serves or departure.successor_id is not None:
            DutyShift.objects.filter(pk=line.pk).update(ended_at=now, ended_by=by)


def _put_in_charge(departure: Departure, person: Person, by: Tenure | None, now: datetime) -> Tenure:
    roles = CONTENT_ROLES & {Role(role) for role in departure.tenure.roles}
    if by is not None and Role.ADMINISTRATOR not in by.roles:
        elsewhere = [
            held for held in queries.persons_of_agency(departure.post.agency_id, now) if held.person_id == person.pk
        ]
        roles &= {Role(role) for held in elsewhere for role in held.roles}
    if not roles:
        raise DepartureFieldError(field="successor")
    return actions.place(person, departure.post, roles, acting=True, by=by, now=now)


def _sees_content(tenure: Tenure) -> bool:
    return bool(CONTENT_ROLES & set(tenure.roles))


def may_manage(by: Tenure, tenure: Tenure, *, own: bool = True) -> bool:
    """Whether somebody may say that another leaves: they themselves, an authorising person, an administrator."""
    if own and by.pk == tenure.pk:
        return True
    agency = tenure.post.agency
    if Role.AUTHORISER in by.roles:
        return by.post.agency_id == agency.pk and _sees_content(tenure)  # who keeps or audits the node is not theirs
    return Role.ADMINISTRATOR in by.roles and by.post.agency_id in {agency.pk, agency.operator}


def _require_manager(by: Tenure | None, tenure: Tenure, now: datetime, *, own: bool = True) -> None:
    if by is None:
        return
    if not queries.is_running(by, now):
        raise TenureEndedError(tenure=str(by.pk))
    if not may_manage(by, tenure, own=own):
        raise RightMissingError(right="leaving")


def _locked(departure: Departure) -> Departure:
    rows = Departure.objects.select_for_update(of=("self",))
    return rows.select_related("tenure__person", "tenure__post__agency", "post__agency", "successor").get(
        pk=departure.pk
    )


def _require_open(departure: Departure, step: Step) -> None:
    if not may_take(step, steps_done(departure)):
        raise DepartureStepError(step=step.value)


def _write(departure: Departure, step: Step, *, by: Tenure | None, now: datetime, detail: str = "") -> None:
    DepartureStep.objects.create(departure=departure, step=step.value, at=now, by=by, detail=detail)
