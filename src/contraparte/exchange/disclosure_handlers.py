"""What arrives about duties of disclosure: a notice or its end at who sent the item, an objection at its holder (P6.7).

As in `handlers`: what an `admit_*` raises goes back as a signed refusal, changing nothing; an `on_*` does what follows.
"""

import datetime
from typing import Any

from contraparte.directory import lineage
from contraparte.exchange.disclosing import keep_objection
from contraparte.exchange.items import sent_item
from contraparte.exchange.messages import DisclosureNotify, DisclosureObject, DisclosureWithdraw
from contraparte.exchange.models import DisclosureDuty, Message
from contraparte.exchange.registry import Arrived
from contraparte.protocol.errors import DisclosureStateError, DisclosureUnknownError, ItemUnknownError
from contraparte.protocol.ids import agency_of
from contraparte.protocol.message import Message as Said

State = DisclosureDuty.State


def admit_of_sent_item(message: Said, now: datetime.datetime) -> None:
    """Only of an item this agency sent to that very post."""
    _sent(message)


def _sent(message: Said) -> Message:
    item = sent_item(agency_of(message.recipient), message.body["item"], message.sender)
    if item is None:
        raise ItemUnknownError(item=message.body["item"])
    return item


def on_notify(arrived: Arrived) -> None:
    """It stands on the page of the item. Where its withdrawal overtook it, it stays withdrawn."""
    body = arrived.body
    assert isinstance(body, DisclosureNotify)
    said: dict[str, Any] = {
        "basis": body.basis, "citation": body.citation, "court": body.court, "dated": body.dated,
        "notice": arrived.row,
    }  # fmt: skip
    row, is_new = _duty_of(arrived, body.duty, said | {"state": State.DECLARED})
    if not is_new and row.notice is None:
        DisclosureDuty.objects.filter(pk=row.pk).update(**said)


def on_withdraw(arrived: Arrived) -> None:
    """It is declared no longer; a withdrawal that comes first leaves a row for its notice."""
    body = arrived.body
    assert isinstance(body, DisclosureWithdraw)
    row, _ = _duty_of(arrived, body.duty, {"state": State.WITHDRAWN})
    DisclosureDuty.objects.filter(pk=row.pk, withdrawn_at=None).update(
        state=State.WITHDRAWN, withdrawn_at=arrived.row.at
    )


def _duty_of(arrived: Arrived, number: str, said: dict[str, Any]) -> tuple[DisclosureDuty, bool]:
    line = lineage.line_of(arrived.row.agency)
    known = DisclosureDuty.objects.filter(agency__in=line, uuid=number, ours=False)
    for row in known:
        if lineage.holds_for(arrived.message.sender, row.other):
            return row, False
    return DisclosureDuty.objects.get_or_create(
        agency=arrived.row.agency,
        uuid=number,
        ours=False,
        other=arrived.message.sender,
        defaults={"item": _sent(arrived.message), "declared_at": arrived.row.at, **said},
    )


def admit_object(message: Said, now: datetime.datetime) -> None:
    """Only to what was declared to that very post about its item, and once."""
    if _declared(message).objection is not None:
        raise DisclosureStateError(state="objected")


def on_object(arrived: Arrived) -> None:
    """Whoever confirms reads it first. One that comes after the confirmation is kept and changes nothing."""
    body, row = arrived.body, _declared(arrived.message)
    assert isinstance(body, DisclosureObject)
    if row.objection is None:
        keep_objection(row, str(arrived.row.uuid), ground=body.ground, note=body.note, now=arrived.row.at)


def _declared(message: Said) -> DisclosureDuty:
    line = lineage.line_of(agency_of(message.recipient))
    rows = DisclosureDuty.objects.filter(agency__in=line, ours=True, uuid=message.body["duty"])
    found = rows.filter(item__uuid=message.body["item"])
    row = next((one for one in found if lineage.holds_for(message.sender, one.other)), None)
    if row is None:
        raise DisclosureUnknownError(duty=message.body["duty"])
    return row
