"""From a recorded gun to a request on its way, and to the answer: what the requester's side does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from contraparte.directory import queries as directory
from contraparte.directory.models import Tenure
from contraparte.exchange import actions as exchange
from contraparte.exchange.models import Draft, Message
from contraparte.exchange.writing import writing
from contraparte.protocol.errors import (
    ContraparteError,
    FieldMissingError,
    SameGunUndecidedError,
    TraceAlreadyOpenError,
    TraceStateError,
)
from contraparte.protocol.marking import Marking
from contraparte.traces.actions.comparing import open_warnings
from contraparte.traces.actions.recording import facts_of
from contraparte.traces.messages import (
    GunDescription,
    PersonFacts,
    RecoveryFacts,
    TraceCancel,
    TraceRequest,
)
from contraparte.traces.models import Gun, Trace
from contraparte.traces.rules.codes import RULES, ResultCode
from contraparte.traces.rules.completeness import completeness
from contraparte.traces.rules.recovery import TypedGun, read_gun

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


def may_resubmit(of: Trace) -> bool:
    """Whether the answer leaves something to ask again, with the gun as mended."""
    known = RULES.get(ResultCode(of.code)) if of.code else None
    ended = sent_state(of) == Trace.State.CONCLUDED
    return known is not None and known.can_resubmit and of.gun is not None and ended and of.conversation_id is not None


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
