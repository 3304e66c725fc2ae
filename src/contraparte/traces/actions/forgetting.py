"""What this room keeps of a message goes with it: when its sender recalls it, and when its time is over (P5.5, P6.5).

    trace.request       copy: what it told, and what was adopted from it · walk: the gun, the answers of custodians
    trace.result        chain, purchaser, days of sale · at the centre the answers it was made of
    trace.count, .link  the gun a custodian was asked for
    their answers       dispositions and purchaser of that custodian

Numbers, states, result codes and days from sale to recovery stay: figures are made of them, and they tell of nobody.
What a post recorded itself (its own recoveries) is its own record and no message's content.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from contraparte.exchange.models import Message
from contraparte.exchange.rules.retention import wordless
from contraparte.traces.models import CustodianTask, Event, Gun, GunMask, Hop, SameGun, Trace, Walk
from contraparte.traces.rules.codes import ResultCode

NO_RESULT: dict[str, Any] = {"result": {}, "result_withheld": [], "first_retail_on": None, "last_retail_on": None}
NO_ANSWER: dict[str, Any] = {"lines": [], "purchaser": {}, "withheld": [], "call_log": {}}
NO_CASE: dict[str, Any] = {
    "case_number": "", "crime_code": "", "requester_code": "", "place": "", "urgent_reason": "", "possessor": {},
}  # fmt: skip
NO_GUN: dict[str, Any] = {
    "typed": {}, "serial": "", "pattern": "", "folded": "", "true_serial": "", "model": "", "gaps": [],
}  # fmt: skip


def code_kept(row: Message) -> Mapping[str, Any]:
    """The code of a result, which stays with its trace or walk."""
    for model in (Trace, Walk):
        code = model.objects.filter(conversation=row.conversation_id).values_list("code", flat=True).last()
        if code:
            return {"code": code}
    return {}


def forget(row: Message, now: datetime) -> None:
    """Empty what rows of this room hold of one message. Must run in a transaction; running twice changes nothing."""
    kind = row.type.partition("/")[0]
    if not kind.startswith("trace."):
        return
    for kept in (Trace, Walk, CustodianTask):
        for one in kept.objects.filter(conversation=row.conversation_id):
            kept.objects.filter(pk=one.pk).update(marking=wordless(one.marking))
    if kind == "trace.request":
        _forget_request(row, now)
    elif kind == "trace.result":
        _forget_result(row)
    elif kind in {"trace.count", "trace.link"}:
        _forget_question(row, now)
    elif kind in {"trace.count_answer", "trace.link_answer"} and row.in_reply_to is not None:
        Hop.objects.filter(conversation=row.conversation_id, question=row.in_reply_to).update(**NO_ANSWER)


def _forget_request(row: Message, now: datetime) -> None:
    """The last request of a thread is what its trace holds; a walk is of one request."""
    if _is_latest(row):
        for trace in Trace.objects.filter(conversation=row.conversation_id):
            Trace.objects.filter(pk__in=[trace.pk, trace.adopted_as_id or trace.pk]).update(request={})
            if trace.adopted_as_id is not None:
                _forget_adopted(trace.adopted_as_id)
    for walk in Walk.objects.filter(message=row.pk):
        _forget_walk(walk, now)


def _forget_adopted(pk: int) -> None:
    """An event and a gun that were written down from another post's request."""
    guns = Gun.objects.filter(trace=pk)
    for event in Event.objects.filter(guns__in=guns):
        Event.objects.filter(pk=event.pk).update(**NO_CASE, marking=wordless(event.marking))
    GunMask.objects.filter(gun__in=guns).delete()
    warned = (*guns.values_list("pk", flat=True),)
    for side in ("earlier", "later"):
        SameGun.objects.filter(**{f"{side}__in": warned}).update(true_serial="", reason="")
    guns.update(**NO_GUN)


def _forget_walk(walk: Walk, now: datetime) -> None:
    walk.hops.update(**NO_ANSWER)
    walk.gun, walk.asked = {}, {}
    walk.recovered_on, walk.recovery_region = None, ""
    if walk.state == Walk.State.WALKING:
        walk.state, walk.code, walk.concluded_at = Walk.State.CANCELLED, ResultCode.CANCELLED.value, now
    walk.save()


def _forget_result(row: Message) -> None:
    if not _is_latest(row):
        return
    if row.direction == "out":
        Hop.objects.filter(walk__conversation=row.conversation_id).exclude(walk__state=Walk.State.WALKING).update(
            **NO_ANSWER
        )
    for trace in Trace.objects.filter(conversation=row.conversation_id):
        Trace.objects.filter(pk__in=[trace.pk, trace.adopted_as_id or trace.pk]).update(**NO_RESULT)


def _forget_question(row: Message, now: datetime) -> None:
    asked = CustodianTask.objects.filter(message=row.pk)
    asked.filter(state=CustodianTask.State.OPEN).update(
        state=CustodianTask.State.DECLINED, code=ResultCode.CANCELLED.value, decided_at=now
    )
    asked.update(gun={})


def _is_latest(row: Message) -> bool:
    """Whether no later message of its type stands in the conversation: only the last one is kept in rows."""
    later = Message.objects.filter(
        conversation=row.conversation_id, type=row.type, direction=row.direction, at__gt=row.at
    )
    return not later.exclude(state__in=(Message.State.REJECTED, Message.State.FAILED)).exists()
