"""Urgent steps that nobody opens go to the substitute post after the silence its authorising person has set.

    step owed, urgent ─▶ nobody of the post has opened its message, nothing left in the thread ─▶ silence is over
    ─▶ the substitute sees it on its desk and may act in the thread while the step is owed

The post keeps the step: what the substitute sends leaves in its name, under the substitute's own tenure.
"""

import logging
from datetime import datetime

from django.db.models import Exists, F, OuterRef, QuerySet

from contraparte.directory.models import Substitute, Tenure
from contraparte.exchange.models import Conversation, Escalation, Message, Obligation, Receipt
from contraparte.exchange.registry import register_periodic
from contraparte.exchange.writing import writing

log = logging.getLogger(__name__)

EVERY_S = 60.0
AT_ONCE = 200  # steps escalated in one turn


def install() -> None:
    """Have the worker look for silence."""
    register_periodic("escalation", EVERY_S, escalate_silent)


def escalate_silent(now: datetime) -> int:
    """Show every urgent step whose silence is over to the substitute; returns how many are new."""
    new = 0
    for setting in Substitute.objects.select_related("post").order_by("pk"):
        for step in _silent(setting, now):
            with writing():
                row, is_new = Escalation.objects.get_or_create(
                    obligation=step,
                    defaults={"conversation": step.conversation, "substitute_id": setting.substitute_id, "at": now},
                )
            if is_new:
                new += 1
                log.info("step %s of %s escalated to %s", step.pk, setting.post_id, row.substitute_id)
    return new


def escalated_to(tenure: Tenure) -> QuerySet[Escalation]:
    """What stands with this tenure's post as substitute and is still owed."""
    return Escalation.objects.filter(substitute_id=tenure.post_id, obligation__closed_at=None)


def stands_in(tenure: Tenure, conversation: Conversation) -> bool:
    """Whether the tenure's post may act in this thread for the post whose it is."""
    return escalated_to(tenure).filter(conversation=conversation).exists()


def escalations_of(conversation: Conversation) -> list[Escalation]:
    """Every step of a thread that went to a substitute, the oldest first."""
    rows = Escalation.objects.filter(conversation=conversation)
    return list(rows.select_related("obligation", "substitute__agency")[:AT_ONCE])


def _silent(setting: Substitute, now: datetime) -> list[Obligation]:
    opened = Receipt.objects.filter(message=OuterRef("message"), ours=True, kind="opened")
    answered = Message.objects.filter(
        conversation=OuterRef("conversation"), direction="out", at__gte=OuterRef("opened_at")
    )
    known = Escalation.objects.filter(obligation=OuterRef("pk"))
    rows = Obligation.objects.filter(
        agency=setting.post.agency_id, post_id=setting.post_id, holder=setting.post_id, closed_at=None,
        opened_at__lte=now - setting.silence,
    )  # fmt: skip
    rows = rows.exclude(urgency="routine").exclude(Exists(opened)).exclude(Exists(answered)).exclude(Exists(known))
    return list(rows.select_related("conversation").order_by(F("opened_at"), "pk")[:AT_ONCE])
