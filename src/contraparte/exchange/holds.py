"""Legal holds: an item is kept although its time is over, on both sides, until the hold is lifted (P5.5)."""

import datetime

from contraparte.directory.models import Tenure
from contraparte.exchange.commitments import commitment
from contraparte.exchange.items import require_not_erased
from contraparte.exchange.messages import HoldLift, HoldPlace
from contraparte.exchange.models import Hold, Message
from contraparte.exchange.rules.retention import hold_fault
from contraparte.exchange.speaking import DECIDES, Saying, living, require_right, say
from contraparte.exchange.writing import writing
from contraparte.ledger import actions as ledger
from contraparte.protocol.encoding import instant
from contraparte.protocol.errors import HoldFieldError, RightsRoleError
from contraparte.protocol.ids import new_id


def place_hold(item: Message, *, reason: str, review_on: datetime.date, by: Tenure, now: datetime.datetime) -> Hold:
    """Stop the deletion of an item here and at the other side.

    Raises HoldFieldError naming the field, ItemErasedError where there is nothing left to hold, RightsRoleError.
    """
    require_right(by, item.conversation, DECIDES, now)
    wrong = hold_fault(reason, review_on, now)
    if wrong:
        raise HoldFieldError(field=wrong)
    with writing(item.agency, living(item.conversation).agency):
        require_not_erased(item)
        hold = keep_hold(item, new_id(), reason=reason, review_on=review_on, by=by, now=now)
        body = HoldPlace(hold=str(hold.uuid), item=str(item.uuid), reason=reason, review_on=review_on)
        say(Saying("hold.place/1", body, item.conversation, item, _other(item)), by=by, now=now)
    return hold


def lift_hold(hold: Hold, *, by: Tenure, now: datetime.datetime) -> Hold:
    """End a hold this side placed; what is over goes at the next round. Lifting it twice is nothing."""
    require_right(by, hold.item.conversation, DECIDES, now)
    if not hold.ours:
        raise RightsRoleError(roles=[role.value for role in DECIDES])
    with writing(hold.agency, living(hold.item.conversation).agency):
        if end_hold(hold, now):
            body = HoldLift(hold=str(hold.uuid), item=str(hold.item.uuid))
            say(Saying("hold.lift/1", body, hold.item.conversation, hold.item, _other(hold.item)), by=by, now=now)
    return hold


def keep_hold(
    item: Message, number: str, *, reason: str, review_on: datetime.date, by: Tenure | None, now: datetime.datetime
) -> Hold:
    """Write a hold down and log it once; the other side's has no `by`."""
    hold, is_new = Hold.objects.get_or_create(
        agency=item.agency,
        uuid=number,
        defaults={
            "item": item, "ours": by is not None, "reason": reason, "review_on": review_on, "placed_at": now,
            "placed_by": by,
        },
    )  # fmt: skip
    if is_new:
        _log(hold, ledger.Kind.HOLD_PLACED, now)
    return hold


def end_hold(hold: Hold, now: datetime.datetime) -> bool:
    """Note and log that a hold has ended; False where it had already."""
    if not Hold.objects.filter(pk=hold.pk, lifted_at=None).update(lifted_at=now):
        return False
    hold.lifted_at = now
    _log(hold, ledger.Kind.HOLD_LIFTED, now)
    return True


def _other(item: Message) -> str:
    return item.recipient if item.direction == "out" else item.sender


def _log(hold: Hold, kind: ledger.Kind, now: datetime.datetime) -> None:
    item = hold.item
    facts = {"at": instant(now), "hold": str(hold.uuid), "review_on": hold.review_on.isoformat()}
    ledger.append(
        [
            ledger.Entry(
                agency=hold.agency,
                peer=item.peer,
                kind=kind,
                direction=ledger.Direction(item.direction),
                message_id=str(item.uuid),
                envelope_hash=bytes(item.envelope_hash),
                commitment=commitment(facts),
                signature_hash=None,
                references=(bytes(item.leaf_hash),),
                retention=hold.reason,
                at=now,
            )
        ],
        now=now,
    )
