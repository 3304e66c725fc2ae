"""What comes in: a request of another post, and the steps that follow it."""

from typing import Any
from uuid import UUID

from contraparte.directory.lineage import holds_for
from contraparte.exchange.registry import Arrived
from contraparte.inquiries.actions.handing_over import JUDGED, note_judged_there
from contraparte.inquiries.catalogue import catalogue
from contraparte.inquiries.models import Inquiry, Step
from contraparte.inquiries.rules.steps import OPENERS, facts_of, step_of
from contraparte.protocol.errors import InquiryStepError


def note_opening(arrived: Arrived) -> Inquiry:
    """Keep a request, a piece of information or a note that came in; nothing is answered by itself."""
    body = arrived.message.body
    family = next(family for family, name in OPENERS.items() if name == arrived.message.type)
    instrument = str(body.get("instrument", ""))
    follows = _uuid(body.get("follows"))
    lead = None
    if follows is not None:
        lead = Inquiry.objects.filter(agency=arrived.conversation.agency, conversation__uuid=follows).first()
    told: dict[str, Any] = {
        "family": family,
        "instrument": instrument if instrument in catalogue().instruments else "",
        "group": str(body.get("group", ""))[:120],
        "urgency": arrived.row.urgency,
        "their_reference": str(body.get("reference", "")),
        "marking": arrived.message.marking.to_json(),
        "lead": lead,
    }
    row, is_new = Inquiry.objects.get_or_create(
        agency=arrived.conversation.agency,
        conversation=arrived.conversation,
        defaults=told
        | {
            "post_id": arrived.row.recipient,
            "side": Inquiry.Side.COPY if arrived.is_copy else Inquiry.Side.RESPONDER,
            "counterpart": arrived.message.sender,
            "requester": arrived.message.sender,
            "opened_by": arrived.by,
            "opened_at": arrived.row.at,
        },
    )
    if not is_new and not row.steps.exists():
        # Its draft was shown here before: what was asked in the end counts.
        Inquiry.objects.filter(pk=row.pk).update(**told)
    _note(row, arrived, "open")
    return row


def note_step(arrived: Arrived) -> None:
    """Keep a step of the other side. Whether it moves anything is folded from the table by both sides alike.

    Raises InquiryStepError where nothing was opened in this thread: a person looks.
    """
    row = Inquiry.objects.filter(agency=arrived.conversation.agency, conversation=arrived.conversation).first()
    step = step_of(arrived.message.type, arrived.message.body)
    if row is None:
        if arrived.is_copy:
            return
        raise InquiryStepError(step=step, state="", allowed="")
    if step == "acknowledge" and not row.their_reference:
        row.their_reference = str(arrived.message.body.get("reference", ""))[:60]
        row.save(update_fields=["their_reference"])
    if step in JUDGED and not arrived.is_copy:
        note_judged_there(row, step, arrived.message, now=arrived.now)
    _note(row, arrived, step)


def _note(row: Inquiry, arrived: Arrived, step: str) -> None:
    side = "initiator" if holds_for(row.requester, arrived.message.sender) else "responder"
    Step.objects.get_or_create(
        inquiry=row,
        uuid=arrived.row.uuid,
        defaults={"step": step, "side": side, "facts": facts_of(step, arrived.message.body)},
    )


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None
