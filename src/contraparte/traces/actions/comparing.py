"""The same gun in two rows: found when a row is saved, across the agencies of this node, decided by a person.

Nothing is pooled: a warning names two rows, and each side is shown its own row and the other's post (`queries`).
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from contraparte.books.rules.serials import Serial
from contraparte.directory.models import Tenure
from contraparte.exchange.writing import writing
from contraparte.protocol.errors import FieldMissingError, TraceStateError
from contraparte.protocol.ids import agency_of
from contraparte.traces.models import Gun, GunMask, SameGun, Trace
from contraparte.traces.rules.codes import ResultCode
from contraparte.traces.rules.same_gun import Mark, compare, masks

MAX_COMPARED = 50  # rows of one mask that are compared; more would mean a mask that says nothing


def mark_gun(gun: Gun) -> None:
    """Write the masks by which rows with nearly the same serial find each other. Replaces older ones."""
    GunMask.objects.filter(gun=gun).delete()
    serial = gun.true_serial or gun.serial
    texts = [*masks(serial), f"={gun.folded}"] if serial else []
    GunMask.objects.bulk_create([GunMask(gun=gun, text=text) for text in texts])


def mark_of(gun: Gun) -> Mark:
    """The row as the comparison needs it."""
    return Mark(
        serial=gun.true_serial or gun.serial,
        folded=gun.folded,
        maker=gun.maker,
        calibre=gun.calibre,
        type=gun.type,
        model=gun.model,
        country=gun.country,
    )


def warn_of_same_gun(gun: Gun, *, now: datetime) -> list[SameGun]:
    """Raise a warning for each other row that may be this gun; earlier decisions stand, and stale warnings go."""
    SameGun.objects.filter(Q(earlier=gun) | Q(later=gun), state=SameGun.State.OPEN).delete()
    if not gun.serial:
        return []
    texts = list(GunMask.objects.filter(gun=gun).values_list("text", flat=True))
    found = (
        Gun.objects.filter(masks__text__in=texts, duplicate_of__isnull=True)
        .exclude(pk=gun.pk)
        .exclude(warnings_as_earlier__later=gun)
        .exclude(warnings_as_later__earlier=gun)
        .distinct()
        .order_by("id")[:MAX_COMPARED]
    )
    warnings = []
    for other in found:
        same = compare(mark_of(gun), mark_of(other))
        if same is not None:
            earlier, later = sorted((gun, other), key=lambda one: one.pk)
            warnings.append(
                SameGun(earlier=earlier, later=later, likeness=same.likeness.value, score=same.score, raised_at=now)
            )
    return SameGun.objects.bulk_create(warnings)


def open_warnings(guns: Iterable[Gun]) -> "dict[int, SameGun]":
    """Undecided warnings by the id of the row among `guns` that they concern."""
    ids = {gun.pk for gun in guns}
    rows = SameGun.objects.filter(Q(earlier__in=ids) | Q(later__in=ids), state=SameGun.State.OPEN).select_related(
        "earlier__event", "later__event"
    )
    return {pk: row for row in rows for pk in (row.earlier_id, row.later_id) if pk in ids}


def resolve_same_gun(
    warning: SameGun, *, is_same: bool, reason: str, true_serial: str = "", by: Tenure, now: datetime
) -> SameGun:
    """Decide on a warning. With `is_same` the later row follows the earlier one and both take the true serial.

    The person must belong to one of the two posts' agencies and give a reason; `true_serial` is needed where the two
    serials differ. A row whose request is drafted but not sent ends as `duplicate_of`; one already sent keeps its
    thread, and the result of the other is what both will show. Raises FieldMissingError, TraceStateError,
    SerialUnreadableError.
    """
    if not reason.strip():
        raise FieldMissingError(field="reason")
    with writing():
        row = SameGun.objects.select_for_update().select_related("earlier__event", "later__event").get(pk=warning.pk)
        if row.state != SameGun.State.OPEN:
            raise TraceStateError(state=row.state, allowed=SameGun.State.OPEN.value)
        chosen = ""
        if is_same:
            chosen = _true_serial(row, true_serial)
            _merge(row, chosen, by=by, now=now)
        row.state = SameGun.State.SAME if is_same else SameGun.State.DIFFERENT
        row.true_serial, row.reason = chosen, reason.strip()
        row.decided_by, row.decided_at = by, now
        row.save()
        return row


def _true_serial(row: SameGun, typed: str) -> str:
    if not typed.strip():
        if row.earlier.serial == row.later.serial:
            return row.earlier.serial
        raise FieldMissingError(field="true_serial")
    return Serial.parse(typed, field="true_serial").text


def _merge(row: SameGun, serial: str, *, by: Tenure, now: datetime) -> None:
    for gun in (row.earlier, row.later):
        if gun.serial != serial and agency_of(gun.event.post_id) == agency_of(by.post_id):
            gun.true_serial = serial
            gun.save(update_fields=["true_serial"])
            mark_gun(gun)
    later = row.later
    later.duplicate_of = row.earlier
    later.save(update_fields=["duplicate_of"])
    first = Trace.objects.filter(gun=row.earlier).first()
    Trace.objects.filter(gun=later, state=Trace.State.DRAFTED).update(
        state=Trace.State.CONCLUDED,
        code=ResultCode.DUPLICATE_OF.value,
        duplicate_of=first,
        concluded_at=now,
    )
    SameGun.objects.filter(Q(earlier=later) | Q(later=later), state=SameGun.State.OPEN).exclude(pk=row.pk).delete()
