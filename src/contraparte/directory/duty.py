"""The duty roster of a post: who keeps it, who is on duty now. It stays on this node; the directory names nobody."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import transaction

from contraparte.directory import queries
from contraparte.directory.calendars import zone_of
from contraparte.directory.models import DutyShift, Post, Substitute, Tenure
from contraparte.directory.rules import duty
from contraparte.directory.rules.roles import Role
from contraparte.protocol.errors import DutyFieldError, RightMissingError, SubstituteFieldError, TenureEndedError

SERVES = frozenset({Role.OFFICER, Role.AUTHORISER})
MOST_SHIFTS = 200  # lines of one roster: seven days of several persons, and a year's days that differ

SILENCE = (timedelta(minutes=15), timedelta(days=7))  # the least and the most before a substitute stands in


@dataclass(frozen=True, slots=True)
class OnDuty:
    """A person on duty, and until when."""

    tenure: Tenure
    until: datetime


def plan_shift(
    post: Post,
    *,
    holder: Tenure | None,
    begins: time,
    ends: time,
    weekday: int | None = None,
    day: date | None = None,
    by: Tenure,
    now: datetime,
) -> DutyShift:
    """Add a line to a roster: every week on `weekday`, or once on `day`; a day without a holder is left free.

    Raises DutyFieldError naming the field, RightMissingError unless an authorising person of the post keeps it.
    """
    _require_keeper(by, post, now)
    wrong = _wrong_field(post, holder, weekday, day, now)
    if wrong:
        raise DutyFieldError(field=wrong)
    with transaction.atomic():
        Post.objects.select_for_update().get(pk=post.pk)
        standing = DutyShift.objects.filter(post=post, ended_at=None)
        if standing.count() >= MOST_SHIFTS:
            raise DutyFieldError(field="holder")
        shift, _ = DutyShift.objects.get_or_create(
            post=post, holder=holder, weekday=weekday, day=day, begins=begins, ends=ends, ended_at=None,
            defaults={"planned_by": by, "planned_at": now},
        )  # fmt: skip
    return shift


def end_shift(shift: DutyShift, *, by: Tenure, now: datetime) -> None:
    """Take a line out of the roster; it stays on record. Taking it out twice is nothing."""
    _require_keeper(by, shift.post, now)
    DutyShift.objects.filter(pk=shift.pk, ended_at=None).update(ended_at=now, ended_by=by)


def name_substitute(
    post: Post, *, substitute: Post | None, silence: timedelta, by: Tenure, now: datetime
) -> Substitute | None:
    """Say which post stands in when nobody opens what is urgent; None: none does.

    Raises SubstituteFieldError naming the field, RightMissingError unless an authorising person of the post says so.
    """
    _require_keeper(by, post, now)
    if substitute is None:
        Substitute.objects.filter(post=post).delete()
        return None
    if substitute.pk not in {one.pk for one in possible_substitutes(post)}:
        raise SubstituteFieldError(field="substitute")
    if not SILENCE[0] <= silence <= SILENCE[1]:
        raise SubstituteFieldError(field="silence")
    with transaction.atomic():
        row, _ = Substitute.objects.update_or_create(
            post=post, defaults={"substitute": substitute, "silence": silence, "set_by": by, "set_at": now}
        )
    return row


def substitute_of(post: Post) -> Substitute | None:
    """Who stands in for a post, or None."""
    return Substitute.objects.select_related("substitute__agency").filter(post=post).first()


def possible_substitutes(post: Post) -> list[Post]:
    """Other posts of the agency; what one agency was sent never goes to another by this."""
    rows = Post.objects.filter(agency_id=post.agency_id, listed=True).exclude(pk=post.pk)
    return list(rows.select_related("agency")[:MOST_SHIFTS])


def roster_of(post: Post, now: datetime) -> list[DutyShift]:
    """The lines that stand, the weekly ones first; days that are over are left out."""
    today = now.astimezone(zone_of(post.time_zone)).date()
    rows = DutyShift.objects.filter(post=post, ended_at=None).select_related("holder__person")
    found = [row for row in rows[:MOST_SHIFTS] if row.day is None or row.day >= today]
    return sorted(found, key=lambda row: (row.day or date.min, row.weekday or 0, row.begins, row.pk))


def shift_of(tenure: Tenure, pk: int) -> DutyShift | None:
    """A standing line of the tenure's own post, or None."""
    rows = DutyShift.objects.select_related("post")
    return rows.filter(post_id=tenure.post_id, ended_at=None, pk=pk).first()


def on_duty(post: Post, now: datetime) -> list[OnDuty]:
    """Who is on duty at a post now. Whose tenure or account has ended is not, whatever the roster says."""
    rows = list(DutyShift.objects.filter(post=post, ended_at=None)[:MOST_SHIFTS])
    lines = [
        duty.Shift(str(row.holder_id or ""), row.begins, row.ends, weekday=row.weekday, day=row.day) for row in rows
    ]
    found = {uuid.UUID(one.holder): one.until for one in duty.on_duty(lines, now, zone_of(post.time_zone))}
    serving = [held for held in serving_at(post, now) if held.pk in found]
    return sorted((OnDuty(held, found[held.pk]) for held in serving), key=lambda one: (one.until, str(one.tenure.pk)))


def is_on_duty(tenure: Tenure, now: datetime) -> bool:
    """Whether this very tenure is on duty at its post now."""
    return any(one.tenure.pk == tenure.pk for one in on_duty(tenure.post, now))


def serving_at(post: Post, now: datetime) -> Sequence[Tenure]:
    """Who may stand in the roster: persons who hold the post now as officer or authorising person."""
    held = [*queries.holders_of(post.pk, Role.OFFICER, now), *queries.holders_of(post.pk, Role.AUTHORISER, now)]
    unique = {one.pk: one for one in held if one.person is not None and one.person.is_active}
    return sorted(unique.values(), key=lambda one: (str(one.person), str(one.pk)))


def _wrong_field(post: Post, holder: Tenure | None, weekday: int | None, day: date | None, now: datetime) -> str:
    if (weekday is None) == (day is None) or (weekday is not None and weekday not in range(7)):
        return "day"
    if day is not None and day < now.astimezone(zone_of(post.time_zone)).date():
        return "day"
    if holder is None:
        return "holder" if day is None else ""
    return "" if holder.pk in {one.pk for one in serving_at(post, now)} else "holder"


def _require_keeper(by: Tenure, post: Post, now: datetime) -> None:
    if not queries.is_running(by, now):
        raise TenureEndedError(tenure=str(by.pk))
    if by.post_id != post.pk or Role.AUTHORISER not in by.roles:
        raise RightMissingError(right="duty")
