"""How far a duty of disclosure has come: declared, told to who sent the item, confirmed by a second person (P6.7).

Told is what the other side signed: its receipt `accepted` of the notice. It is read, never noted: nobody can set it.
"""

import datetime
from collections.abc import Iterable

from contraparte.exchange.models import DisclosureDuty, Filing, Message, Receipt
from contraparte.protocol.errors import ContraparteError, DisclosureUnconfirmedError, DisclosureUntoldError

State = DisclosureDuty.State


def told_at(duties: Iterable[DisclosureDuty]) -> dict[int, datetime.datetime]:
    """Row id of a duty declared here → when the other side signed that it has the notice; one query."""
    notices = {duty.notice_id: duty.pk for duty in duties if duty.ours and duty.notice_id is not None}
    said = Receipt.objects.filter(message__in=notices, kind="accepted", ours=False).order_by("-at")
    return {notices[pk]: at for pk, at in said.values_list("message_id", "at") if pk is not None}


def is_told(duty: DisclosureDuty) -> bool:
    """Whether who sent the item has signed that it was told."""
    return duty.pk in told_at([duty])


def open_duty(item: Message) -> DisclosureDuty | None:
    """What was declared here about an item and neither confirmed nor withdrawn."""
    return DisclosureDuty.objects.filter(item=item, ours=True, state=State.DECLARED).first()


def settled_duty(item: Message) -> DisclosureDuty | None:
    """The latest duty under which an item stands in a court file."""
    filing = Filing.objects.filter(item=item).exclude(duty=None).select_related("duty").order_by("-pk").first()
    return filing.duty if filing is not None else None


def missing_step(item: Message) -> ContraparteError | None:
    """Which step an open duty still lacks, as a refusal; None where none was declared."""
    duty = open_duty(item)
    if duty is None:
        return None
    missing = DisclosureUnconfirmedError if is_told(duty) else DisclosureUntoldError
    return missing(item=str(item.uuid))
