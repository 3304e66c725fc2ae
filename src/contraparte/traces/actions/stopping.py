"""Ways a walk ends before its answer: called off, merged, refused, or a custodian that stays silent."""

from datetime import datetime

from contraparte.directory import queries as directory
from contraparte.directory.models import Tenure
from contraparte.exchange.models import Obligation
from contraparte.exchange.registry import Arrived
from contraparte.exchange.writing import writing
from contraparte.protocol.errors import TraceStateError
from contraparte.traces.actions.walking import WAITING, conclude_trace
from contraparte.traces.messages import (
    TraceMerge,
)
from contraparte.traces.models import Hop, Walk
from contraparte.traces.rules.codes import ResultCode
from contraparte.traces.rules.walk import (
    HopState,
)


def cancel_walk(arrived: Arrived) -> None:
    """The requester no longer needs the answer: nobody is asked any more."""
    Walk.objects.filter(conversation=arrived.conversation, state=Walk.State.WALKING).update(
        state=Walk.State.CANCELLED, code=ResultCode.CANCELLED.value, concluded_at=arrived.now
    )


def give_up_on_silence(now: datetime) -> int:
    """End walks whose custodian has let twice its time pass without a word; returns how many. Called by the worker."""
    ended = 0
    late = Obligation.objects.filter(closed_at__isnull=True, due_at__lt=now, stage__in=("count", "link"))
    for owed in late.select_related("message").order_by("due_at")[:200]:
        assert owed.due_at is not None
        if now < owed.due_at + (owed.due_at - owed.opened_at):
            continue
        with writing():
            hop = (
                Hop.objects.select_for_update(of=("self",))
                .select_related("walk__conversation__post")
                .filter(question=owed.message.uuid, walk__agency=owed.agency, walk__state=Walk.State.WALKING)
                .first()
            )
            if hop is None or hop.state not in WAITING:
                continue
            hop.state, hop.code = HopState.DEAD_END.value, ResultCode.NO_REPLY.value
            hop.save()
            conclude_trace(hop.walk, ResultCode.NO_REPLY, by=directory.service_tenure(hop.walk.post_id), now=now)
            ended += 1
    return ended


def refuse_trace(walk: Walk, *, reason: str, by: Tenure, now: datetime) -> Walk:
    """Refuse a request that is being walked; the reason goes along."""
    with writing():
        row = (
            Walk.objects.select_for_update(of=("self",)).select_related("conversation__post", "message").get(pk=walk.pk)
        )
        if row.state != Walk.State.WALKING:
            raise TraceStateError(state=row.state, allowed=Walk.State.WALKING.value)
        return conclude_trace(row, ResultCode.REFUSED, by=by, now=now, note=reason.strip()[:2000])


def merge_walk(arrived: Arrived) -> None:
    """The requester found that this gun is traced under another reference: end here, point there."""
    told = arrived.body
    assert isinstance(told, TraceMerge)
    walk = (
        Walk.objects.select_for_update(of=("self",))
        .select_related("conversation__post", "message")
        .filter(agency=arrived.conversation.agency, conversation=arrived.conversation, state=Walk.State.WALKING)
        .first()
    )
    if walk is not None:
        conclude_trace(walk, ResultCode.DUPLICATE_OF, by=arrived.by, now=arrived.now, note=told.duplicate_of)
