"""From a recorded gun to a request on its way, and to the answer: what the requester's side does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from contraparte.directory import queries as directory
from contraparte.directory.models import Tenure
from contraparte.exchange import actions as exchange
from contraparte.exchange.models import Draft, Message
from contraparte.exchange.registry import Arrived
from contraparte.exchange.writing import writing
from contraparte.protocol.errors import (
    ContraparteError,
    FieldMissingError,
    SameGunUndecidedError,
    TraceAlreadyOpenError,
    TraceStateError,
)
from contraparte.protocol.ids import agency_of
from contraparte.protocol.marking import Marking
from contraparte.traces.actions.comparing import open_warnings
from contraparte.traces.actions.recording import facts_of
from contraparte.traces.messages import (
    GunDescription,
    PersonFacts,
    RecoveryFacts,
    TraceAcknowledge,
    TraceAdopt,
    TraceCancel,
    TraceRequest,
    TraceResult,
)
from contraparte.traces.models import Event, Gun, Trace
from contraparte.traces.rules.codes import RULES, ResultCode
from contraparte.traces.rules.completeness import completeness
from contraparte.traces.rules.recovery import TypedGun, read_gun
from contraparte.traces.rules.time_to_crime import time_to_crime

KIND = "trace"


@dataclass(frozen=True, slots=True)
class Opened:
    """What became of the guns of an event: traces opened, and guns that may not be sent yet with the reason."""

    traces: list[Trace]
    refused: list[tuple[Gun, ContraparteError]]

    @property
    def drafts(self) -> list[Draft]:
        """The drafts to preview, approve and release."""
        return [trace.draft for trace in self.traces if trace.draft is not None]


def gun_told(gun: Gun) -> GunDescription:
    """A recorded gun as it is told to the centre."""
    return GunDescription(
        serial=gun.searched,
        serial_state=gun.serial_state,  # type: ignore[arg-type]
        restoration=gun.typed.get("restoration", ""),
        maker=gun.maker,
        importer=gun.importer,
        type=gun.type,
        model=gun.typed.get("model", ""),
        calibre=gun.calibre,
        nominal_calibre=gun.typed.get("nominal_calibre", ""),
        country=gun.country,
        markings=gun.typed.get("markings", ""),
        privately_made=gun.privately_made,
    )


def request_of(trace: Trace, gun: Gun, *, why_again: str = "") -> TraceRequest:
    """The payload of a trace's request, from its rows as they stand now."""
    event = gun.event
    person = event.possessor
    told = None
    if person.get("name") or person.get("born"):
        told = PersonFacts(name=person.get("name", ""), born=person.get("born"))
    return TraceRequest(
        reference=trace.reference,
        priority=event.priority,  # type: ignore[arg-type]
        urgent_reason=event.urgent_reason,
        gun=gun_told(gun),
        recovery=RecoveryFacts(
            recovered_on=event.recovered_on,
            place=event.place,
            region=event.region,
            country=event.country,
            case_number=event.case_number,
            crime_code=event.crime_code,
            requester_code=event.requester_code,
        ),
        possessor=None if event.possessor_is_minor else told,
        minor=told if event.possessor_is_minor else None,
        resubmits=trace.resubmissions,
        why_again=why_again,
    )


def require_sendable(gun: Gun) -> None:
    """Raise unless a request may be drafted for this gun: complete, nothing refused, no undecided warning."""
    if gun.duplicate_of_id is not None:
        raise TraceStateError(state=ResultCode.DUPLICATE_OF.value, allowed="")
    country = gun.event.requested_country
    read = read_gun(TypedGun.of(gun.typed), requested_country=country)
    read.raise_if_refused()
    completeness(facts_of(gun.event), read, requested_country=country).raise_if_incomplete()
    if warning := open_warnings([gun]).get(gun.pk):
        other = warning.earlier if warning.later_id == gun.pk else warning.later
        raise SameGunUndecidedError(other=other.event.post_id)


def open_trace(gun: Gun, *, by: Tenure, now: datetime) -> Trace:
    """Open a trace for one gun and draft its request; nothing leaves before the gate releases it.

    Raises TraceIncompleteError naming every gap, what `read_gun` refuses, SameGunUndecidedError, TraceAlreadyOpenError.
    """
    require_sendable(gun)
    with writing():
        return _open(gun, by=by, now=now)


def open_traces(guns: Sequence[Gun], *, by: Tenure, now: datetime) -> Opened:
    """Open a trace for each gun that may be sent, in one transaction; the others are reported with their reason."""
    traces, refused = [], []
    with writing():
        for gun in guns:
            try:
                require_sendable(gun)
                with transaction.atomic():
                    traces.append(_open(gun, by=by, now=now))
            except ContraparteError as error:
                refused.append((gun, error))
    return Opened(traces, refused)


def _open(gun: Gun, *, by: Tenure, now: datetime) -> Trace:
    event = gun.event
    Gun.objects.select_for_update().get(pk=gun.pk)
    if Trace.objects.filter(gun=gun).exists():
        raise TraceAlreadyOpenError(row=gun.position)
    post = directory.post(event.post_id)
    conversation = exchange.open_conversation(
        post=post,
        counterpart=event.counterpart,
        kind=KIND,
        by=by,
        now=now,
        case=exchange.open_case(post=post, number=event.case_number, now=now),
    )
    trace = Trace.objects.create(
        agency=event.agency,
        post=event.post,
        gun=gun,
        conversation=conversation,
        counterpart=event.counterpart,
        requester=event.post_id,
        marking=event.marking,
        opened_by=by,
        opened_at=now,
    )
    return _draft_request(trace, by=by, now=now)


def _draft_request(
    trace: Trace, *, by: Tenure, now: datetime, supersedes: str | None = None, why_again: str = ""
) -> Trace:
    assert trace.gun is not None and trace.conversation is not None
    body = request_of(trace, trace.gun, why_again=why_again)
    trace.request = body.to_body()
    trace.draft = exchange.draft(
        "trace.request/1",
        body,
        conversation=trace.conversation,
        marking=Marking.from_json(trace.gun.event.marking),
        by=by,
        now=now,
        supersedes=supersedes,
        urgency=body.priority,
    )
    trace.state = Trace.State.DRAFTED
    trace.save()
    return trace


def revise_trace(trace: Trace, *, by: Tenure, now: datetime) -> Trace:
    """Write the draft anew from the rows as they stand (a serial chosen since, a mended event)."""
    with writing():
        row = _locked(trace, Trace.State.DRAFTED)
        assert row.gun is not None and row.draft is not None
        require_sendable(row.gun)
        body = request_of(row, row.gun, why_again=row.request.get("why_again", ""))
        exchange.revise_draft(row.draft, body, by=by, now=now)
        row.request = body.to_body()
        row.save(update_fields=["request"])
        return row


def resubmit_trace(trace: Trace, typed: dict[str, str], *, why: str, by: Tenure, now: datetime) -> Trace:
    """Ask again in the same thread, with the gun as mended; the new request supersedes the last one.

    Raises FieldMissingError without a reason, TraceStateError where the result leaves nothing to ask again, and what
    `open_trace` raises for a gun that may not be sent; then nothing is changed.
    """
    from contraparte.traces.actions.comparing import mark_gun
    from contraparte.traces.actions.recording import fill_gun

    if not why.strip():
        raise FieldMissingError(field="why")
    with writing():
        row = _locked(trace, Trace.State.CONCLUDED)
        if row.gun is None or not RULES[ResultCode(row.code)].can_resubmit:
            raise TraceStateError(state=row.code, allowed="")
        gun = row.gun
        read = read_gun(TypedGun.of(typed), requested_country=gun.event.requested_country)
        read.raise_if_refused()
        fill_gun(gun, gun.event, read)
        gun.true_serial = ""
        gun.saved_by, gun.saved_at = by, now
        gun.save()
        mark_gun(gun)
        require_sendable(gun)
        last = last_request(row)
        row.resubmissions += 1
        row.code = ""
        return _draft_request(row, by=by, now=now, supersedes=str(last.uuid) if last else None, why_again=why.strip())


def cancel_trace(trace: Trace, *, reason: str, by: Tenure, now: datetime) -> Trace:
    """Give a trace up: an unsent draft is discarded, a sent request is called off at the centre."""
    if not reason.strip():
        raise FieldMissingError(field="reason")
    with writing():
        row = _locked(trace, Trace.State.DRAFTED, Trace.State.SENT, Trace.State.ACKNOWLEDGED)
        last = last_request(row)
        if row.draft is not None and row.draft.state in exchange.OPEN_STATES:
            exchange.discard_draft(row.draft, by=by, now=now)
        if last is not None:
            assert row.conversation is not None
            exchange.send(
                "trace.cancel/1",
                TraceCancel(reference=row.reference, reason=reason.strip()),
                conversation=row.conversation,
                marking=Marking.from_json(row.marking),
                by=by,
                now=now,
                in_reply_to=str(last.uuid),
            )
        row.state, row.code, row.concluded_at = Trace.State.CANCELLED, ResultCode.CANCELLED.value, now
        row.save(update_fields=["state", "code", "concluded_at"])
        return row


def adopt_request(copy: Trace, *, by: Tenure, now: datetime) -> Trace:
    """Take over a request this post has a copy of: event, gun and trace are made from it, nothing is typed again.

    The state's thread goes on; its result reaches both. Raises TraceStateError for anything but an open or answered
    copy that nobody here has adopted.
    """
    with writing():
        row = Trace.objects.select_for_update(of=("self",)).select_related("conversation").get(pk=copy.pk)
        if row.standing != Trace.Standing.COPY or row.adopted_as_id is not None:
            raise TraceStateError(state=row.state, allowed=Trace.Standing.COPY.value)
        event, gun = _adopted_rows(row, TraceRequest.model_validate(row.request), by=by, now=now)
        own = Trace.objects.create(
            agency=row.agency,
            post_id=by.post_id,
            gun=gun,
            request=row.request,
            counterpart=row.counterpart,
            requester=row.requester,
            their_reference=row.their_reference,
            centre_reference=row.centre_reference,
            marking=event.marking,
            opened_by=by,
            opened_at=now,
            **{name: getattr(row, name) for name in _OUTCOME},
        )
        row.adopted_as = own
        row.save(update_fields=["adopted_as"])
        # A thread of its own: the copied one is between the requester and the centre.
        thread = exchange.open_conversation(
            post=directory.post(by.post_id), counterpart=row.requester, kind=KIND, by=by, now=now
        )
        exchange.send(
            "trace.adopt/1",
            TraceAdopt(reference=row.their_reference, adopted_as=own.reference),
            conversation=thread,
            marking=Marking.from_json(row.marking),
            by=by,
            now=now,
        )
        return own


_OUTCOME = (
    "state", "code", "result", "result_withheld", "first_retail_on", "last_retail_on", "time_to_crime_days",
    "resubmissions", "sent_at", "acknowledged_at", "concluded_at",
)  # fmt: skip


def _adopted_rows(copy: Trace, told: TraceRequest, *, by: Tenure, now: datetime) -> tuple[Event, Gun]:
    from contraparte.traces.actions.comparing import mark_gun, warn_of_same_gun

    facts = told.recovery
    event = Event.objects.create(
        agency=copy.agency,
        post_id=by.post_id,
        case_number=facts.case_number,
        crime_code=facts.crime_code,
        requester_code=facts.requester_code,
        recovered_on=facts.recovered_on or now.date(),
        place=facts.place,
        region=facts.region,
        country=facts.country or by.post_id[:2],
        priority=told.priority,
        urgent_reason=told.urgent_reason,
        counterpart=copy.counterpart,
        possessor={"withheld": True},
        marking=copy.marking,
        recorded_by=by,
        recorded_at=now,
    )
    described = told.gun
    gun = Gun(event=event, row_key=f"adopted-{copy.pk}", position=1, saved_by=by, saved_at=now)
    gun.typed = {
        name: value
        for name, value in described.model_dump(mode="json").items()
        if isinstance(value, str) and name != "serial_state"
    }
    read = read_gun(
        TypedGun.of(gun.typed | {"state_confirmed": described.serial_state}),
        requested_country=event.requested_country,
    )
    gun.serial, gun.pattern, gun.folded = read.serial.canonical, read.serial.pattern, read.serial.folded
    gun.serial_state, gun.privately_made = described.serial_state, described.privately_made
    gun.maker, gun.importer, gun.type = read.maker, read.importer, read.type
    gun.model, gun.calibre, gun.country = read.model, read.calibre, read.country
    gun.save()
    mark_gun(gun)
    warn_of_same_gun(gun, now=now)
    return event, gun


def last_request(trace: Trace) -> Message | None:
    """The last request of this trace that was released, or None."""
    if trace.conversation_id is None:
        return None
    return (
        Message.objects.filter(
            conversation_id=trace.conversation_id, direction="out", type="trace.request/1", copy_of__isnull=True
        )
        .order_by("-at", "-id")
        .first()
    )


def _locked(trace: Trace, *allowed: str) -> Trace:
    row = (
        Trace.objects.select_for_update(of=("self",))
        .select_related("gun__event", "conversation", "draft")
        .get(pk=trace.pk)
    )
    state = sent_state(row)
    if state not in allowed:
        raise TraceStateError(state=state, allowed=", ".join(allowed))
    return row


def sent_state(trace: Trace) -> str:
    """The state as the road has it: a drafted request whose draft was released has been sent."""
    if trace.state == Trace.State.DRAFTED and trace.draft and trace.draft.state == Draft.State.RELEASED:
        return Trace.State.SENT
    return trace.state


def note_acknowledged(arrived: Arrived) -> None:
    """The centre has taken the request under its own number."""
    assert isinstance(arrived.body, TraceAcknowledge)
    traces = Trace.objects.filter(agency=arrived.row.agency, conversation=arrived.conversation)
    traces.filter(state__in=[Trace.State.DRAFTED, Trace.State.SENT]).update(
        state=Trace.State.ACKNOWLEDGED,
        acknowledged_at=arrived.row.at,
        centre_reference=arrived.body.centre_reference,
    )


def note_result(arrived: Arrived) -> None:
    """Write down how a trace ended; a copy and what was adopted from it take the same result."""
    result = arrived.body
    assert isinstance(result, TraceResult)
    row = (
        Trace.objects.select_for_update(of=("self",))
        .select_related("gun__event", "adopted_as")
        .filter(agency=arrived.row.agency, conversation=arrived.conversation)
        .first()
    )
    if row is None:
        raise TraceStateError(state="", allowed=Trace.State.ACKNOWLEDGED.value)
    if row.state == Trace.State.CANCELLED or row.code == ResultCode.DUPLICATE_OF.value:
        return  # given up here before the centre's word came
    for trace in (row, row.adopted_as):
        if trace is not None:
            _conclude(trace, result, arrived)


def _conclude(trace: Trace, result: TraceResult, arrived: Arrived) -> None:
    trace.state = Trace.State.CONCLUDED
    trace.code = result.code.value
    trace.result = arrived.message.body
    trace.result_withheld = [[one.pointer, one.reason] for one in arrived.message.withheld]
    trace.marking = Marking.from_json(trace.marking).combine(arrived.message.marking).to_json()
    trace.first_retail_on, trace.last_retail_on = result.first_retail_on, result.last_retail_on
    trace.time_to_crime_days = _time_to_crime(trace, result)
    trace.concluded_at = arrived.row.at
    trace.save()


def _time_to_crime(trace: Trace, result: TraceResult) -> int | None:
    """Days from the last retail sale, or None where either date is unknown or the sale lies after the recovery."""
    told: Any = trace.request.get("recovery", {}).get("recovered_on")
    if result.last_retail_on is None or not told:
        return None
    try:
        return time_to_crime(result.last_retail_on, datetime.fromisoformat(told).date())
    except ContraparteError:
        return None


def note_copy(arrived: Arrived) -> None:
    """Keep a request this post is copied in on: it may be adopted, and its result will come here too."""
    assert isinstance(arrived.body, TraceRequest)
    told = arrived.body
    Trace.objects.update_or_create(
        agency=arrived.row.agency,
        conversation=arrived.conversation,
        defaults={
            "post_id": arrived.row.recipient,
            "standing": Trace.Standing.COPY,
            "request": arrived.message.body,
            "counterpart": _asked_of(arrived),
            "requester": arrived.message.sender,
            "their_reference": told.reference,
            "state": Trace.State.SENT,
            "code": "",
            "marking": arrived.message.marking.to_json(),
            "resubmissions": told.resubmits,
            "opened_by": arrived.by,
            "opened_at": arrived.now,
            "sent_at": arrived.row.at,
        },
    )


def _asked_of(arrived: Arrived) -> str:
    """The tracing centre a copied request went to; a copy does not name it, the directory does."""
    own = agency_of(arrived.row.recipient)
    posts = [post.pk for post in directory.who_handles("trace.request/1") if post.agency_id != own]
    return posts[0] if posts else arrived.message.sender


def note_adopted(arrived: Arrived) -> None:
    """A national office has taken the request over under a number of its own."""
    assert isinstance(arrived.body, TraceAdopt)
    number = arrived.body.reference.rpartition("-")[2]
    if number.isdigit():
        Trace.objects.filter(
            pk=int(number), agency=arrived.row.agency, standing=Trace.Standing.OWN, adopted_by=""
        ).update(adopted_by=f"{arrived.message.sender} {arrived.body.adopted_as}"[:170])
