"""The walk as a tracing centre carries it out: ask, write down, ask the next; every decision is `rules/walk.py`'s."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from contraparte.books.rules.notation import SerialPattern
from contraparte.directory import queries as directory
from contraparte.directory.models import Tenure
from contraparte.exchange import actions as exchange
from contraparte.exchange.registry import Arrived
from contraparte.exchange.writing import writing
from contraparte.protocol.errors import CallLogMissingError, ContraparteError, TraceStateError, WalkStepError
from contraparte.protocol.ids import country_of
from contraparte.protocol.marking import Marking
from contraparte.traces.custodians import finders, named
from contraparte.traces.messages import (
    CountAnswer,
    CountQuestion,
    GunDescription,
    HopTold,
    LinkAnswer,
    LinkLine,
    LinkQuestion,
    PurchaserFacts,
    RecoveryFacts,
    TraceAcknowledge,
    TraceRequest,
    TraceResult,
)
from contraparte.traces.models import Hop, Walk
from contraparte.traces.rules.codes import ResultCode
from contraparte.traces.rules.disposals import Disposal, in_order
from contraparte.traces.rules.walk import (
    AskCount,
    AskCountry,
    Asked,
    AskLink,
    Call,
    Conclude,
    Custodian,
    HopState,
    HopView,
    Reach,
    Role,
    Step,
    after_count,
    after_link,
    begin,
    retail_sales,
)

KIND = "trace"
WAITING = (HopState.COUNT_ASKED.value, HopState.LINK_ASKED.value, HopState.TO_CALL.value, HopState.FOREIGN_ASKED.value)


def start_walk(arrived: Arrived) -> Walk:
    """Take a request: acknowledge it under a number of this centre and take the first step.

    A request that supersedes an earlier one of the same thread ends the earlier walk.
    """
    told = arrived.body
    assert isinstance(told, TraceRequest)
    Walk.objects.filter(conversation=arrived.conversation, state=Walk.State.WALKING).update(
        state=Walk.State.CANCELLED, code=ResultCode.CANCELLED.value, concluded_at=arrived.now
    )
    walk = Walk.objects.create(
        agency=arrived.conversation.agency,
        post_id=arrived.row.recipient,
        conversation=arrived.conversation,
        message=arrived.row,
        requester=arrived.message.sender,
        their_reference=told.reference,
        priority=told.priority,
        gun=told.gun.to_body(),
        asked=told.gun.to_body(),
        recovered_on=told.recovery.recovered_on,
        recovery_region=told.recovery.region,
        marking=arrived.message.marking.to_json(),
        started_at=arrived.now,
    )
    _say(
        walk,
        "trace.acknowledge/1",
        TraceAcknowledge(reference=walk.their_reference, centre_reference=walk.reference),
        by=arrived.by,
        now=arrived.now,
    )
    country = country_of(walk.post_id)
    _take(walk, begin(_asked(told.gun), finders(country), home_country=country), by=arrived.by, now=arrived.now)
    return walk


def _asked(gun: GunDescription) -> Asked:
    known = has_unread = 0
    if gun.serial:
        try:
            pattern = SerialPattern.parse(gun.serial)
        except ContraparteError:
            pattern = None
        known = pattern.known if pattern else 0
        has_unread = not (pattern and pattern.plain)
    return Asked(
        maker=gun.maker,
        importer=gun.importer,
        country=gun.country,
        serial_state=gun.serial_state or ("" if gun.serial else "unread"),
        known_characters=known,
        has_unread=bool(has_unread),
        is_privately_made=gun.privately_made,
    )


def note_count(arrived: Arrived) -> None:
    """A custodian told how many of its guns match: ask for the link, or end."""
    answer = arrived.body
    assert isinstance(answer, CountAnswer)
    hop = _awaited(arrived, HopState.COUNT_ASKED)
    if hop is None:
        return
    hop.count, hop.counted_at = answer.count, arrived.row.at
    unread = _asked(GunDescription.model_validate(hop.walk.gun)).has_unread
    step = after_count(Role(hop.role), answer.count, has_unread=unread)
    if isinstance(step, Conclude):
        hop.state, hop.code = HopState.DEAD_END.value, step.code.value
        hop.save()
    _take(hop.walk, step, by=arrived.by, now=arrived.now, hop=hop)


def note_link(arrived: Arrived) -> None:
    """A custodian told where the gun went, or why it cannot: go on to the next, or end."""
    answer = arrived.body
    assert isinstance(answer, LinkAnswer)
    hop = _awaited(arrived, HopState.LINK_ASKED)
    if hop is None:
        return
    hop.withheld = [[one.pointer, one.reason] for one in arrived.message.withheld]
    hop.confirmed_by_person = answer.confirmed_by_person
    hop.walk.marking = Marking.from_json(hop.walk.marking).combine(arrived.message.marking).to_json()
    _write_link(hop, answer, by=arrived.by, now=arrived.now)


def note_foreign_result(arrived: Arrived) -> bool:
    """Take the result of another country's centre as the end of the walk that asked it; False where none did."""
    result = arrived.body
    assert isinstance(result, TraceResult)
    hop = (
        Hop.objects.select_for_update(of=("self",))
        .select_related("walk__conversation__post")
        .filter(conversation=arrived.conversation, state=HopState.FOREIGN_ASKED.value)
        .first()
    )
    if hop is None:
        return Hop.objects.filter(conversation=arrived.conversation).exists()
    hop.state, hop.linked_at, hop.code = HopState.LINKED.value, arrived.row.at, result.code.value
    hop.purchaser = result.purchaser.to_body() if result.purchaser else {}
    hop.withheld = [[one.pointer, one.reason] for one in arrived.message.withheld]
    hop.lines = [
        {"kind": told.kind.value, **({"disposed_on": told.disposed_on.isoformat()} if told.disposed_on else {})}
        for told in result.chain
        if told.kind
    ]
    hop.save()
    if hop.walk.state == Walk.State.WALKING:
        conclude_trace(hop.walk, result.code, by=arrived.by, now=arrived.now)
    return True


def assisted_hop(hop: Hop, answer: LinkAnswer, *, call_log: Mapping[str, str], by: Tenure, now: datetime) -> Hop:
    """Enter a custodian's answer given by telephone, fax or page image, with its call log.

    `call_log` needs `answered_by`, `at` and `means`. Raises CallLogMissingError, TraceStateError.
    """
    log = {name: str(call_log.get(name, "")).strip()[:400] for name in ("answered_by", "at", "means", "note")}
    for name in ("answered_by", "at", "means"):
        if not log[name]:
            raise CallLogMissingError(field=name)
    with writing():
        row = Hop.objects.select_for_update(of=("self",)).select_related("walk__conversation__post").get(pk=hop.pk)
        if row.state not in WAITING or row.walk.state != Walk.State.WALKING:
            raise TraceStateError(state=row.state, allowed=", ".join(WAITING))
        row.call_log, row.entered_by, row.confirmed_by_person = log, by, True
        _write_link(row, answer, by=by, now=now)
        return row


def _awaited(arrived: Arrived, state: HopState) -> Hop | None:
    """The hop whose question this answers; None where the walk has ended since. Raises WalkStepError otherwise."""
    hop = (
        Hop.objects.select_for_update(of=("self",))
        .select_related("walk__conversation__post")
        .filter(conversation=arrived.conversation, question=arrived.message.in_reply_to)
        .first()
    )
    if hop is None or hop.state != state.value:
        raise WalkStepError(step=hop.state if hop else "none")
    return hop if hop.walk.state == Walk.State.WALKING else None


def _write_link(hop: Hop, answer: LinkAnswer, *, by: Tenure, now: datetime) -> None:
    walk = hop.walk
    hop.linked_at = now
    if answer.code is not None:
        hop.state, hop.code = HopState.DEAD_END.value, answer.code.value
        hop.save()
        conclude_trace(walk, answer.code, by=by, now=now)
        return
    hop.state = HopState.LINKED.value
    hop.lines = [line.to_body() for line in answer.lines]
    hop.purchaser = answer.purchaser.to_body() if answer.purchaser else {}
    hop.save()
    if answer.gun and answer.gun.serial:
        # The book mends what was read badly on the steel: the next custodian is asked for the whole serial.
        walk.gun = {**walk.gun, "serial": answer.gun.serial}
    walk.source_region = named(hop.licence, hop.custodian).region or walk.source_region
    walk.save()
    known = bool(hop.purchaser) or any(pointer.startswith("/purchaser") for pointer, _ in hop.withheld)
    step = after_link(chain_of(walk), finders(country_of(walk.post_id)), purchaser_known=known)
    _take(walk, step, by=by, now=now, hop=hop)


def chain_of(walk: Walk) -> list[HopView]:
    """The custodians asked so far, as the rules see them."""
    return [HopView(hop.licence, Role(hop.role), disposals_of(hop)) for hop in walk.hops.order_by("index")]


def disposals_of(hop: Hop) -> tuple[Disposal, ...]:
    """The dispositions a hop told of."""
    lines = [LinkLine.model_validate(line) for line in hop.lines]
    return tuple(
        Disposal(line.kind, line.disposed_on, line.licence, line.country, is_return=line.is_return) for line in lines
    )


def _take(walk: Walk, step: Step, *, by: Tenure, now: datetime, hop: Hop | None = None) -> None:
    """Carry out one step of the walk."""
    match step:
        case AskLink():
            assert hop is not None and hop.conversation is not None
            hop.state, hop.link_asked_at = HopState.LINK_ASKED.value, now
            hop.question = _ask(hop, "trace.link/1", LinkQuestion(gun=_described(walk)), by=by, now=now)
            hop.save()
        case AskCount(custodian):
            fresh = _new_hop(walk, custodian, HopState.COUNT_ASKED, by=by, now=now)
            question = CountQuestion(serial=walk.gun["serial"])
            fresh.question = _ask(fresh, "trace.count/1", question, by=by, now=now)
            fresh.save()
        case Call(custodian):
            _new_hop(walk, custodian, HopState.TO_CALL, by=by, now=now).save()
        case AskCountry(country, post):
            abroad = Custodian(country, post, Reach.NODE, Role.COUNTRY)
            fresh = _new_hop(walk, abroad, HopState.FOREIGN_ASKED, by=by, now=now)
            body = TraceRequest(
                reference=walk.reference,
                priority=walk.priority,  # type: ignore[arg-type]
                gun=_described(walk),
                recovery=RecoveryFacts(recovered_on=walk.recovered_on),
            )
            fresh.question = _ask(fresh, "trace.request/1", body, by=by, now=now)
            fresh.save()
        case Conclude(code):
            conclude_trace(walk, code, by=by, now=now)


def _described(walk: Walk) -> GunDescription:
    """The gun for a custodian: the marks only, nothing of what was done to it since."""
    return GunDescription.model_validate({k: v for k, v in walk.gun.items() if k != "restoration"})


def _new_hop(walk: Walk, custodian: Custodian, state: HopState, *, by: Tenure, now: datetime) -> Hop:
    conversation = None
    if custodian.post:
        conversation = exchange.open_conversation(
            post=directory.post(walk.post_id), counterpart=custodian.post, kind=KIND, by=_service(walk, by), now=now
        )
    return Hop(
        walk=walk,
        index=walk.hops.count() + 1,
        licence=custodian.licence,
        role=custodian.role.value,
        custodian=custodian.post,
        conversation=conversation,
        state=state.value,
        asked_at=now,
    )


def _ask(hop: Hop, message_type: str, body: Any, *, by: Tenure, now: datetime) -> str:
    assert hop.conversation is not None
    return exchange.send(
        message_type,
        body,
        conversation=hop.conversation,
        marking=Marking.from_json(hop.walk.marking),
        by=_service(hop.walk, by),
        now=now,
        urgency=hop.walk.priority,
    )


def _say(walk: Walk, message_type: str, body: Any, *, by: Tenure, now: datetime) -> None:
    exchange.send(
        message_type,
        body,
        conversation=walk.conversation,
        marking=Marking.from_json(walk.marking),
        by=_service(walk, by),
        now=now,
        in_reply_to=str(walk.message.uuid),
        urgency=walk.priority,
    )


def _service(walk: Walk, by: Tenure) -> Tenure:
    """What the walk sends of itself goes out in the name of the post's service, whoever set it in motion."""
    return by if by.person_id is None and by.post_id == walk.post_id else directory.service_tenure(walk.post_id)


def conclude_trace(walk: Walk, code: ResultCode, *, by: Tenure, now: datetime, note: str = "") -> Walk:
    """End a walk and tell the requester, with the chain as far as it was walked."""
    hops = list(walk.hops.order_by("index"))
    sales = retail_sales([HopView(hop.licence, Role(hop.role), disposals_of(hop)) for hop in hops])
    purchaser: dict[str, Any] = next((hop.purchaser for hop in reversed(hops) if hop.purchaser), {})
    found = any(hop.state == HopState.LINKED.value for hop in hops)
    walk.state, walk.code, walk.concluded_at = Walk.State.CONCLUDED, code.value, now
    walk.save()
    result = TraceResult(
        reference=walk.their_reference,
        code=code,
        gun=GunDescription.model_validate(walk.gun) if found else None,
        chain=[_told(hop) for hop in hops],
        first_retail_on=sales.first,
        last_retail_on=sales.last,
        source_region=walk.source_region,
        purchaser=PurchaserFacts.model_validate(purchaser) if purchaser else None,
        note=note,
    )
    _say(walk, "trace.result/1", result, by=by, now=now)
    return walk


def _told(hop: Hop) -> HopTold:
    disposals: Sequence[Disposal] = in_order(disposals_of(hop))
    last = disposals[-1] if disposals else None
    return HopTold(
        custodian=named(hop.licence, hop.custodian).name_en,
        licence=hop.licence,
        role=hop.role,
        disposed_on=last.disposed_on if last else None,
        kind=last.kind if last else None,
        assisted=hop.is_assisted,
    )
