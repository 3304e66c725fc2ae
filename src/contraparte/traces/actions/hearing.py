"""What comes back and what is copied in: acknowledgements, results, other posts' requests and their adoption."""

from datetime import datetime
from typing import Any

from contraparte.directory import queries as directory
from contraparte.directory.models import Tenure
from contraparte.exchange import actions as exchange
from contraparte.exchange.registry import Arrived
from contraparte.exchange.writing import writing
from contraparte.protocol.errors import (
    ContraparteError,
    TraceStateError,
)
from contraparte.protocol.ids import agency_of
from contraparte.protocol.marking import Marking
from contraparte.traces.actions.requesting import KIND
from contraparte.traces.messages import (
    TraceAcknowledge,
    TraceAdopt,
    TraceRequest,
    TraceResult,
)
from contraparte.traces.models import Event, Gun, Trace
from contraparte.traces.rules.codes import ResultCode
from contraparte.traces.rules.recovery import TypedGun, read_gun
from contraparte.traces.rules.time_to_crime import time_to_crime


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


def note_acknowledged(arrived: Arrived) -> None:
    """The centre has taken the request under its own number."""
    assert isinstance(arrived.body, TraceAcknowledge)
    traces = Trace.objects.filter(agency=arrived.conversation.agency, conversation=arrived.conversation)
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
        .filter(agency=arrived.conversation.agency, conversation=arrived.conversation)
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
        agency=arrived.conversation.agency,
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
            pk=int(number), agency=arrived.conversation.agency, standing=Trace.Standing.OWN, adopted_by=""
        ).update(adopted_by=f"{arrived.message.sender} {arrived.body.adopted_as}"[:170])
