"""Reads for the pages of traces. Every one starts from a tenure: what another agency or post holds is not there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from contraparte.directory.models import Tenure
from contraparte.exchange.models import Draft, Message, Obligation, Receipt
from contraparte.protocol.ids import agency_of
from contraparte.traces.actions.requesting import sent_state
from contraparte.traces.custodians import is_centre, named
from contraparte.traces.models import CustodianTask, Event, Gun, Hop, SameGun, Trace, Walk
from contraparte.traces.rules.codes import ResultCode
from contraparte.traces.rules.walk import HopState
from contraparte.traces.wording import STATES
from contraparte.web.finding import or_404
from contraparte.web.permissions import may
from contraparte.web.registry import Hit

PAGE = 50
OPEN_STATES = (Trace.State.DRAFTED, Trace.State.SENT, Trace.State.ACKNOWLEDGED)


def records_guns(tenure: Tenure) -> bool:
    """Whether this person's post records recoveries: a tracing centre is asked and records none."""
    return may(tenure, "traces.record").allowed and not is_centre(tenure.post)


def events(tenure: Tenure) -> QuerySet[Event]:
    """The recoveries of this post, the latest first, each with the number of its guns."""
    rows = Event.objects.filter(post_id=tenure.post_id).annotate(gun_count=Count("guns"))
    return rows.order_by("-recorded_at", "-pk")


def event(tenure: Tenure, pk: int) -> Event:
    """One recovery of this post. Raises Http404 for any other."""
    return or_404(
        Event.objects.select_related("post", "recorded_by__person").filter(pk=pk, post_id=tenure.post_id).first()
    )


def guns_of(of: Event) -> list[Gun]:
    """The rows of a recovery in their order, with their traces."""
    rows = of.guns.select_related("event", "trace__draft", "duplicate_of").order_by("position", "id")
    return list(rows[:2000])


def gun(tenure: Tenure, event_pk: int, row_key: str) -> Gun | None:
    """One row of a recovery of this post, or None while it has not been saved."""
    return Gun.objects.filter(event__post_id=tenure.post_id, event_id=event_pk, row_key=row_key).first()


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning as one side sees it: its own row, and of the other only the post."""

    warning: SameGun
    own: Gun
    other_post: str
    other_gun: Gun | None  # only where the other row is this agency's own

    @property
    def is_inside(self) -> bool:
        """True where both rows are of one agency."""
        return self.other_gun is not None


def warnings_for(tenure: Tenure, guns: Iterable[Gun]) -> dict[int, list[Warned]]:
    """Undecided warnings by the id of the row they concern."""
    ids = {one.pk for one in guns}
    found: dict[int, list[Warned]] = {}
    rows = SameGun.objects.filter(Q(earlier__in=ids) | Q(later__in=ids), state=SameGun.State.OPEN)
    for row in rows.select_related("earlier__event", "later__event"):
        for own, other in ((row.earlier, row.later), (row.later, row.earlier)):
            if own.pk in ids:
                found.setdefault(own.pk, []).append(_seen(row, own, other, tenure))
    return found


def _seen(row: SameGun, own: Gun, other: Gun, tenure: Tenure) -> Warned:
    inside = agency_of(other.event.post_id) == agency_of(tenure.post_id)
    return Warned(row, own, other.event.post_id, other if inside else None)


def warning(tenure: Tenure, pk: int) -> Warned:
    """One warning in which this post has a row. Raises Http404."""
    row = SameGun.objects.select_related("earlier__event", "later__event").filter(pk=pk).first()
    if row is not None:
        for own, other in ((row.later, row.earlier), (row.earlier, row.later)):
            if own.event.post_id == tenure.post_id:
                return _seen(row, own, other, tenure)
    raise Http404


@dataclass(frozen=True, slots=True)
class DeskRow:
    """One trace or walk of the desk: what it is, where it stands, who holds it, until when."""

    reference: str
    url: str
    serial: str
    description: str
    state: str
    code: str
    holder: str
    since: datetime
    due_at: datetime | None
    ended_at: datetime | None
    found: str = ""  # the serial of the gun that was found, where another one was asked for
    is_copy: bool = False


def desk(tenure: Tenure, *, concluded: bool = False, limit: int = 500) -> list[DeskRow]:
    """The traces of this post ordered by clock: what is due first, then what waits longest."""
    states = [Trace.State.CONCLUDED, Trace.State.CANCELLED] if concluded else list(OPEN_STATES)
    rows = list(
        Trace.objects.filter(post_id=tenure.post_id, state__in=states)
        .select_related("gun", "draft")
        .order_by("-concluded_at" if concluded else "opened_at", "-id")[:limit]
    )
    owed = _obligations([row.conversation_id for row in rows], agency_of(tenure.post_id))
    told = [_desk_row(row, owed.get(row.conversation_id or 0)) for row in rows]
    if concluded:
        return told
    return sorted(told, key=lambda row: (row.due_at is None, row.due_at or row.since))


def _desk_row(row: Trace, owed: Obligation | None) -> DeskRow:
    state = sent_state(row)
    asked = row.request.get("gun", {})
    return DeskRow(
        reference=row.reference,
        url=reverse("traces:trace", args=[row.pk]),
        serial=row.gun.shown_serial if row.gun else asked.get("serial", ""),
        description=" ".join(filter(None, (asked.get("maker", ""), asked.get("model", ""), asked.get("calibre", "")))),
        state=state,
        code=row.code,
        holder=owed.holder if owed else (row.post_id if state == Trace.State.DRAFTED else ""),
        since=owed.opened_at if owed else (row.concluded_at or row.opened_at),
        due_at=owed.due_at if owed else None,
        ended_at=row.concluded_at,
        found=found_serial(asked, row.result.get("gun")),
        is_copy=row.standing == Trace.Standing.COPY,
    )


def found_serial(asked: Mapping[str, Any], found: Mapping[str, Any] | None) -> str:
    """The serial of the gun that was found, where it is not the one asked for; "" else. Signs between do not count."""
    serial = str((found or {}).get("serial", ""))
    return "" if _bare(serial) == _bare(str(asked.get("serial", ""))) else serial


def _bare(serial: str) -> str:
    """Letters and digits, and what stands for an unread one: a serial that was not read whole is another text."""
    return "".join(one for one in serial.upper() if one.isalnum() or one in "?*[]")


def _obligations(conversations: Iterable[int | None], agency: str) -> dict[int, Obligation]:
    ids = [pk for pk in conversations if pk]
    rows = Obligation.objects.filter(agency=agency, conversation_id__in=ids, closed_at__isnull=True)
    return {row.conversation_id: row for row in rows.order_by("-due_at")}


def walks(tenure: Tenure, *, concluded: bool = False, limit: int = 500) -> list[DeskRow]:
    """The requests this tracing centre walks, those that wait for a telephone call first, then by age."""
    state = Walk.State.CONCLUDED if concluded else Walk.State.WALKING
    rows = list(
        Walk.objects.filter(post_id=tenure.post_id, state=state)
        .prefetch_related("hops")
        .order_by("-concluded_at" if concluded else "started_at")[:limit]
    )
    hops = {row.pk: max(row.hops.all(), key=lambda hop: hop.index, default=None) for row in rows}
    owed = _obligations([hop.conversation_id for hop in hops.values() if hop], agency_of(tenure.post_id))
    told = [_walk_row(row, hops[row.pk], owed) for row in rows]
    return sorted(told, key=lambda row: row.state != HopState.TO_CALL) if not concluded else told


def _walk_row(row: Walk, hop: Hop | None, owed: dict[int, Obligation]) -> DeskRow:
    clock = owed.get(hop.conversation_id or 0) if hop else None
    return DeskRow(
        reference=row.reference,
        url=reverse("traces:walk", args=[row.pk]),
        serial=row.asked.get("serial", "") or row.asked.get("serial_state", ""),
        description=" ".join(filter(None, (row.asked.get("maker", ""), row.asked.get("model", "")))),
        state=hop.state if hop and row.state == Walk.State.WALKING else row.state,
        code=row.code,
        holder=(hop.custodian or hop.licence) if hop and row.state == Walk.State.WALKING else "",
        since=row.concluded_at or (hop.asked_at if hop else row.started_at),
        due_at=clock.due_at if clock else None,
        ended_at=row.concluded_at,
        found=found_serial(row.asked, row.gun) if row.state == Walk.State.CONCLUDED else "",
    )


def traces_of(tenure: Tenure) -> QuerySet[Trace]:
    """The traces of this post, also those it has a copy of."""
    return Trace.objects.filter(post_id=tenure.post_id).select_related("draft")


def walks_of(tenure: Tenure) -> QuerySet[Walk]:
    """The requests this tracing centre walks or has walked."""
    return Walk.objects.filter(post_id=tenure.post_id)


def trace(tenure: Tenure, pk: int) -> Trace:
    """One trace of this post. Raises Http404."""
    return or_404(
        Trace.objects.select_related(
            "gun__event", "conversation", "draft", "duplicate_of", "adopted_as", "opened_by__person", "post__agency"
        )
        .filter(pk=pk, post_id=tenure.post_id)
        .first()
    )


def walk(tenure: Tenure, pk: int) -> Walk:
    """One walk of this tracing centre. Raises Http404."""
    return or_404(
        Walk.objects.select_related("conversation", "post__agency").filter(pk=pk, post_id=tenure.post_id).first()
    )


def hop(tenure: Tenure, walk_pk: int, index: int) -> Hop:
    """One custodian of a walk of this centre. Raises Http404."""
    return or_404(
        Hop.objects.select_related("walk").filter(walk_id=walk_pk, index=index, walk__post_id=tenure.post_id).first()
    )


@dataclass(frozen=True, slots=True)
class PathStep:
    """One custodian of the horizontal path: `state` is done, waiting, dead or call."""

    name: str
    role: str
    state: str
    told: str
    day: Any = None
    count: int | None = None
    is_assisted: bool = False
    by_person: bool = False
    licence: str = ""
    waiting_since: datetime | None = None
    index: int = 0


_HOP_LOOKS = {HopState.LINKED: "done", HopState.DEAD_END: "dead", HopState.TO_CALL: "call"}


def path_of_walk(of: Walk) -> list[PathStep]:
    """The custodians of a walk as the centre sees them."""
    steps = []
    for row in of.hops.order_by("index"):
        last = row.lines[-1] if row.lines else {}
        steps.append(
            PathStep(
                name=named(row.licence, row.custodian).name,
                role=row.role,
                state=_HOP_LOOKS.get(HopState(row.state), "waiting"),
                told=str(last.get("kind", "")) or row.code,
                day=_date(last.get("disposed_on")),
                count=row.count,
                is_assisted=row.is_assisted,
                by_person=row.confirmed_by_person,
                licence=row.licence,
                waiting_since=row.link_asked_at or row.asked_at,
                index=row.index,
            )
        )
    return steps


def path_of_result(of: Trace) -> list[PathStep]:
    """The custodians as the result told them."""
    return [
        PathStep(
            name=str(told.get("custodian", "")),
            role=str(told.get("role", "")),
            state="done" if told.get("kind") else "dead",
            told=str(told.get("kind", "")),
            day=_date(told.get("disposed_on")),
            is_assisted=bool(told.get("assisted")),
        )
        for told in of.result.get("chain", [])
        if isinstance(told, dict)
    ]


def _date(text: Any) -> Any:
    from datetime import date

    try:
        return date.fromisoformat(text) if text else None
    except (TypeError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Passed:
    """One message of the thread with its receipts, as kinds in order."""

    row: Message
    marks: tuple[str, ...]


def passed(conversation_id: int | None, agency: str) -> list[Passed]:
    """The messages of a thread at this agency, the earliest first, each with the kinds of receipts held."""
    if conversation_id is None:
        return []
    rows = list(Message.objects.filter(conversation_id=conversation_id, agency=agency).order_by("at", "id")[:200])
    marks: dict[int, list[str]] = {}
    for message_id, kind in (
        Receipt.objects.filter(message__in=rows).order_by("at", "id").values_list("message_id", "kind")
    ):
        if message_id is not None:
            marks.setdefault(message_id, []).append(kind)
    return [Passed(row, tuple(dict.fromkeys(marks.get(row.pk, [])))) for row in rows]


def waiting_on(of: Trace) -> Obligation | None:
    """Who owes the next step of this trace, or None."""
    return _obligations([of.conversation_id], of.agency).get(of.conversation_id or 0)


def tasks(tenure: Tenure, *, state: str = CustodianTask.State.OPEN) -> QuerySet[CustodianTask]:
    """The questions this custodian's post has to decide, by clock."""
    return CustodianTask.objects.filter(post_id=tenure.post_id, state=state).order_by("due_at", "opened_at", "id")


def task(tenure: Tenure, uuid: UUID) -> CustodianTask:
    """One question of this custodian's post. Raises Http404."""
    return or_404(CustodianTask.objects.filter(uuid=uuid, post_id=tenure.post_id).first())


def reviewers(tenure: Tenure, now: datetime) -> list[Tenure]:
    """Running tenures of other persons of this agency, who may be second reviewers."""
    rows = (
        Tenure.objects.select_related("person", "post")
        .filter(post__agency_id=agency_of(tenure.post_id), person__isnull=False, starts__lte=now)
        .filter(Q(ends__isnull=True) | Q(ends__gt=now))
        .exclude(person=tenure.person)
    )
    return list(rows[:200])


def open_drafts(of: Sequence[Trace]) -> list[Draft]:
    """The drafts of these traces that may still be approved or released."""
    from contraparte.exchange.actions import OPEN_STATES as OPEN_DRAFTS

    return [row.draft for row in of if row.draft is not None and row.draft.state in OPEN_DRAFTS]


def find_traces(tenure: Tenure, text: str, limit: int) -> list[Hit]:
    """Traces of this post by reference, case number or the beginning of a serial."""
    wanted = text.strip()
    number = wanted.rpartition("-")[2]
    match = Q(gun__event__case_number__iexact=wanted) | Q(centre_reference__iexact=wanted)
    if number.isdigit() and len(number) <= 9:
        match |= Q(pk=int(number))
    if len(serial := "".join(c for c in wanted.upper() if c.isalnum())) >= 4:
        match |= Q(gun__serial__startswith=serial) | Q(gun__true_serial__startswith=serial)
    rows = Trace.objects.filter(match, post_id=tenure.post_id).select_related("draft")[:limit]
    return [
        Hit(
            title=_("Trace %(reference)s") % {"reference": row.reference},
            detail=str(STATES.get(sent_state(row), "")),
            url=reverse("traces:trace", args=[row.pk]),
        )
        for row in rows
    ]


def earlier_traces(of: Gun, tenure: Tenure) -> list[Trace]:
    """Earlier traces of the same serial at this agency, to be shown before custodians are asked again."""
    if not of.serial:
        return []
    return list(
        Trace.objects.filter(Q(gun__serial=of.serial) | Q(gun__true_serial=of.serial), agency=agency_of(tenure.post_id))
        .exclude(gun=of)
        .exclude(code=ResultCode.DUPLICATE_OF.value)[:5]
    )
