"""A duty of disclosure: law or a court obliges the holder of an item to put it before a court, whatever H1 says (P6.7).

    declared by one authorising person ─▶ told: its sender's signed receipt ─▶ confirmed by a second one ─▶ filed
        └▶ withdrawn                          its sender may object; who confirms has read that

Nothing of it is a permission: the marking stays, and one duty opens one court file. What was recalled or erased before
is confirmed no more (P6.5).
"""

import datetime

from pydantic import BaseModel

from contraparte.directory.models import Tenure
from contraparte.exchange.commitments import commitment
from contraparte.exchange.court import keep_filing, require_filing_fields
from contraparte.exchange.disclosed import is_told, open_duty
from contraparte.exchange.items import require_usable
from contraparte.exchange.messages import DisclosureNotify, DisclosureObject, DisclosureWithdraw
from contraparte.exchange.models import DisclosureDuty, Filing, Message
from contraparte.exchange.permissions import verdict_on
from contraparte.exchange.rules.disclosure import duty_fault, objection_fault
from contraparte.exchange.rules.permissions import Kind, Need
from contraparte.exchange.speaking import DECIDES, Saying, living, require_right, say
from contraparte.exchange.writing import writing
from contraparte.ledger import actions as ledger
from contraparte.protocol.encoding import instant
from contraparte.protocol.errors import (
    DisclosureFieldError,
    DisclosureNeedlessError,
    DisclosureObjectionError,
    DisclosureSameError,
    DisclosureStateError,
    DisclosureUntoldError,
    EvidenceForbiddenError,
    ItemUnknownError,
    RightsRoleError,
)
from contraparte.protocol.ids import new_id

State = DisclosureDuty.State


def declare_duty(
    item: Message,
    *,
    basis: str,
    citation: str,
    court: str = "",
    dated: datetime.date | None = None,
    by: Tenure,
    now: datetime.datetime,
) -> DisclosureDuty:
    """Declare that law or a court order obliges to disclose an item, and tell who sent it.

    Raises DisclosureFieldError naming the field, DisclosureNeedlessError, DisclosureStateError where one is open,
    ItemUnknownError for what did not come in, ItemRecalledError, ItemErasedError, RightsRoleError.
    """
    require_right(by, item.conversation, DECIDES, now)
    if item.direction != "in":
        raise ItemUnknownError(item=str(item.uuid))
    wrong = duty_fault(basis, citation, court, dated, today=now.astimezone(datetime.UTC).date())
    if wrong:
        raise DisclosureFieldError(field=wrong)
    with writing(item.agency, living(item.conversation).agency):
        _require_needed(item, now)
        number = new_id()
        duty = DisclosureDuty.objects.create(
            agency=item.agency, uuid=number, ours=True, item=item, other=item.sender, basis=basis,
            citation=citation.strip(), court=court.strip(), dated=dated, state=State.DECLARED, declared_at=now,
            declared_by=by,
        )  # fmt: skip
        body = DisclosureNotify(
            duty=number, item=str(item.uuid), basis=basis, citation=duty.citation, court=duty.court, dated=dated
        )
        notice = _say(duty, "disclosure.notify/1", body, by=by, now=now)
        duty.notice = Message.objects.get(agency=living(item.conversation).agency, direction="out", uuid=notice)
        duty.save(update_fields=["notice"])
    return duty


def confirm_duty(
    duty: DisclosureDuty,
    *,
    court: str,
    filed_on: datetime.date,
    objection_read: str = "",
    by: Tenure,
    now: datetime.datetime,
) -> Filing:
    """Confirm a duty that was told, as a second person; the item stands in that court file from then on.

    `objection_read` is the id of the objection that this person has read. Raises DisclosureSameError,
    DisclosureUntoldError, DisclosureObjectionError, DisclosureStateError, FilingFieldError naming the field,
    ItemRecalledError, ItemErasedError, RightsRoleError.
    """
    require_right(by, duty.item.conversation, DECIDES, now)
    _require_ours(duty)
    require_filing_fields(duty.item, court, filed_on, now)
    with writing(duty.agency, living(duty.item.conversation).agency):
        row = _locked(duty, State.DECLARED)
        require_usable(row.item)
        if row.declared_by is None or row.declared_by.person_id == by.person_id:
            raise DisclosureSameError
        if not is_told(row):
            raise DisclosureUntoldError(item=str(row.item.uuid))
        if row.objection is not None and objection_read != str(row.objection):
            raise DisclosureObjectionError
        row.state, row.confirmed_at, row.confirmed_by = State.CONFIRMED, now, by
        row.save(update_fields=["state", "confirmed_at", "confirmed_by"])
        _log(row, by=by, now=now)
        return keep_filing(row.item, court, filed_on, duty=row, by=by, now=now)


def withdraw_duty(duty: DisclosureDuty, *, by: Tenure, now: datetime.datetime) -> DisclosureDuty:
    """Take back a declaration that nobody has confirmed; who sent the item is told.

    Raises DisclosureStateError, RightsRoleError.
    """
    require_right(by, duty.item.conversation, DECIDES, now)
    _require_ours(duty)
    with writing(duty.agency, living(duty.item.conversation).agency):
        row = _locked(duty, State.DECLARED)
        row.state, row.withdrawn_at = State.WITHDRAWN, now
        row.save(update_fields=["state", "withdrawn_at"])
        body = DisclosureWithdraw(duty=str(row.uuid), item=str(row.item.uuid))
        _say(row, "disclosure.withdraw/1", body, by=by, now=now)
    return row


def object_to_duty(
    duty: DisclosureDuty, *, ground: str, note: str = "", by: Tenure, now: datetime.datetime
) -> DisclosureDuty:
    """Object, as who sent the item: whoever confirms the duty reads it first. It stops nothing, for the law overrides.

    Raises DisclosureFieldError naming the field, DisclosureStateError, RightsRoleError.
    """
    require_right(by, duty.item.conversation, DECIDES, now)
    if duty.ours:
        raise RightsRoleError(roles=[role.value for role in DECIDES])
    wrong = objection_fault(ground, note)
    if wrong:
        raise DisclosureFieldError(field=wrong)
    with writing(duty.agency, living(duty.item.conversation).agency):
        row = _locked(duty, State.DECLARED)
        if row.objection is not None:
            raise DisclosureStateError(state="objected")
        body = DisclosureObject(duty=str(row.uuid), item=str(row.item.uuid), ground=ground, note=note)
        said = _say(row, "disclosure.object/1", body, by=by, now=now)
        keep_objection(row, said, ground=ground, note=note, now=now)
    return row


def keep_objection(row: DisclosureDuty, number: str, *, ground: str, note: str, now: datetime.datetime) -> None:
    """Write an objection down, on either side."""
    row.objection_ground, row.objection_note, row.objected_at = ground, note, now
    DisclosureDuty.objects.filter(pk=row.pk).update(
        objection=number, objection_ground=ground, objection_note=note, objected_at=now
    )


def _require_needed(item: Message, now: datetime.datetime) -> None:
    """Raise unless the item may not be filed as it stands, and no duty about it is open."""
    verdict = verdict_on(item, Need(Kind.EVIDENCE), now)
    if verdict.allowed:
        raise DisclosureNeedlessError
    if verdict.reason == "marking.unknown":
        raise EvidenceForbiddenError(reason=verdict.reason, ways=[])
    if open_duty(item) is not None:
        raise DisclosureStateError(state=State.DECLARED.value)


def _require_ours(duty: DisclosureDuty) -> None:
    if not duty.ours:
        raise RightsRoleError(roles=[role.value for role in DECIDES])


def _locked(duty: DisclosureDuty, state: DisclosureDuty.State) -> DisclosureDuty:
    rows = DisclosureDuty.objects.select_for_update(of=("self",))
    row = rows.select_related("item__content", "item__conversation__post__agency", "declared_by").get(pk=duty.pk)
    if row.state != state:
        raise DisclosureStateError(state=row.state)
    return row


def _say(duty: DisclosureDuty, name: str, body: BaseModel, *, by: Tenure, now: datetime.datetime) -> str:
    return say(Saying(name, body, duty.item.conversation, duty.item, duty.other), by=by, now=now)


def _log(duty: DisclosureDuty, *, by: Tenure, now: datetime.datetime) -> None:
    """That two persons decided is bound to the log; who they are stays at home."""
    item, notice = duty.item, duty.notice
    assert notice is not None
    facts = {"at": instant(now), "duty": str(duty.uuid), "declared_by": str(duty.declared_by_id), "by": str(by.pk)}
    ledger.append(
        [
            ledger.Entry(
                agency=duty.agency,
                peer=item.peer,
                kind=ledger.Kind.DISCLOSURE_CONFIRMED,
                direction=ledger.Direction.IN,
                message_id=str(item.uuid),
                envelope_hash=bytes(item.envelope_hash),
                commitment=commitment(facts),
                signature_hash=None,
                references=(bytes(item.leaf_hash), bytes(notice.leaf_hash)),
                retention=duty.basis,
                at=now,
            )
        ],
        now=now,
    )
