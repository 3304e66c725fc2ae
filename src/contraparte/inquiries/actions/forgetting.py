"""What this room keeps of a message: of an opening, the form as its author typed it. Steps keep codes and days only.

What came in is read from its message each time, so a recall or an erasure needs nothing here but this.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from contraparte.exchange.models import Draft, Message
from contraparte.exchange.rules.retention import wordless
from contraparte.inquiries.models import Inquiry, Leg, Step
from contraparte.inquiries.rules.steps import OPENERS


def facts_kept(row: Message) -> Mapping[str, Any]:
    """The codes and days a step keeps of its message, whatever became of that."""
    step = Step.objects.filter(inquiry__conversation=row.conversation_id, uuid=row.uuid).first()
    return dict(step.facts) if step is not None else {}


def forget(row: Message, now: datetime) -> None:
    """Empty the form of an opening, comments on it inside the agency, and the words of its marking.

    So with openings that never left and draw on the message, once their drafts were emptied: a form repeats its draft.
    Must run in a transaction; may run twice.
    """
    emptied = Draft.objects.filter(sources__item=row, state=Draft.State.DISCARDED, body={})
    _empty(Inquiry.objects.filter(draft__in=emptied))
    if row.type in OPENERS.values():
        _empty(Inquiry.objects.filter(conversation=row.conversation_id))


def _empty(inquiries: QuerySet[Inquiry]) -> None:
    for one in inquiries:
        Leg.objects.filter(inquiry=one).update(note="")
        Inquiry.objects.filter(pk=one.pk).update(typed={}, left_out=[], marking=wordless(one.marking))
