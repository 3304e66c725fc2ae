"""The same gun in two rows: found when a row is saved, across the agencies of this node, decided by a person.

Nothing is pooled: a warning names two rows, and each side is shown its own row and the other's post (`queries`).
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from contraparte.books.rules.serials import Serial
from contraparte.directory.models import Tenure
from contraparte.exchange import actions as exchange
from contraparte.exchange.writing import writing
from contraparte.protocol.errors import FieldMissingError, RightMissingError, TraceStateError
from contraparte.protocol.ids import agency_of
from contraparte.protocol.marking import Marking
from contraparte.traces.messages import TraceMerge
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
    """Decide on a warning, with a reason. With `is_same` one row follows the other and ends as `duplicate_of`.

    The person decides for rows of the own agency only: of two own rows the later follows the earlier; where the other
    row is another agency's, the own one follows it. `true_serial` is needed where the two serials differ, and is taken
    over by the own rows; the other agency sees it with the decision. Raises FieldMissingError, TraceStateError,
    RightMissingError, and what `Serial.parse` raises.
    """
    if not reason.strip():
        raise FieldMissingError(field="reason")
    with writing():
        row = (
            SameGun.objects.select_for_update(of=("self",))
            .select_related("earlier__event", "later__event")
            .get(pk=warning.pk)
        )
        own = [gun for gun in (row.later, row.earlier) if gun.event.agency == agency_of(by.post_id)]
        if not own:
            raise RightMissingError(right="traces.decide")
        if row.state != SameGun.State.OPEN:
            raise TraceStateError(state=row.state, allowed=SameGun.State.OPEN.value)
        if is_same:
            row.true_serial = _true_serial(row, true_serial)
            follower = own[0]
            _merge(follower, row.earlier if follower is row.later else row.later, row, own, by=by, now=now)
        row.state = SameGun.State.SAME if is_same else SameGun.State.DIFFERENT
        row.reason, row.decided_by, row.decided_at = reason.strip(), by, now
        row.save()
        return row


def _true_serial(row: SameGun, typed: str) -> str:
    if not typed.strip():
        if row.earlier.serial == row.later.serial:
            return row.earlier.serial
        raise FieldMissingError(field="true_serial")
    return Serial.parse(typed, field="true_serial").text


def _merge(follower: Gun, kept: Gun, row: SameGun, own: list[Gun], *, by: Tenure, now: datetime) -> None:
    follower.duplicate_of = kept
    for gun in own:
        if gun.serial != row.true_serial:
            gun.true_serial = row.true_serial
        gun.save(update_fields=["true_serial", "duplicate_of"])
        mark_gun(gun)
    _end_as_duplicate(follower, kept, by=by, now=now)
    mine = SameGun.objects.filter(Q(earlier=follower) | Q(later=follower), state=SameGun.State.OPEN)
    mine.exclude(pk=row.pk).delete()


def _end_as_duplicate(follower: Gun, kept: Gun, *, by: Tenure, now: datetime) -> None:
    """The follower's trace ends where nothing of it has left; one on its way keeps its thread and is told apart there.

    A row without a trace gets one that ends at once, so that every recovered gun has its result.
    """
    first = Trace.objects.filter(gun=kept, agency=follower.event.agency).first()
    trace = Trace.objects.select_related("draft", "conversation").filter(gun=follower).first()
    if trace is None:
        trace = Trace(
            agency=follower.event.agency,
            post=follower.event.post,
            gun=follower,
            counterpart=follower.event.counterpart,
            requester=follower.event.post_id,
            marking=follower.event.marking,
            opened_by=by,
            opened_at=now,
        )
    elif trace.draft is not None and trace.draft.state in exchange.OPEN_STATES:
        exchange.discard_draft(trace.draft, by=by, now=now)
    elif trace.is_open and trace.conversation is not None:
        told = TraceMerge(reference=trace.reference, duplicate_of=first.reference if first else kept.event.post_id)
        exchange.send(
            "trace.merge/1",
            told,
            conversation=trace.conversation,
            marking=Marking.from_json(trace.marking),
            by=by,
            now=now,
        )
    trace.state, trace.code = Trace.State.CONCLUDED, ResultCode.DUPLICATE_OF.value
    trace.duplicate_of, trace.concluded_at = first, now
    trace.save()
