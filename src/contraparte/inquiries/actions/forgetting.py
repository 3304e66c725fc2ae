"""What this room keeps of a message: of an opening, the form as its author typed it. Steps keep codes and days only.

What came in is read from its message each time, so a recall or an erasure needs nothing here but this.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from contraparte.exchange.models import Message
from contraparte.exchange.rules.retention import wordless
from contraparte.inquiries.models import Inquiry, Step
from contraparte.inquiries.rules.steps import OPENERS


def facts_kept(row: Message) -> Mapping[str, Any]:
    """The codes and days a step keeps of its message, whatever became of that."""
    step = Step.objects.filter(inquiry__conversation=row.conversation_id, uuid=row.uuid).first()
    return dict(step.facts) if step is not None else {}


def forget(row: Message, now: datetime) -> None:
    """Empty the form of an opening and the words of its marking. Must run in a transaction; may run twice."""
    if row.type not in OPENERS.values():
        return
    for one in Inquiry.objects.filter(conversation=row.conversation_id):
        Inquiry.objects.filter(pk=one.pk).update(typed={}, left_out=[], marking=wordless(one.marking))
