"""What ended a step: the answer and whether it refused. Generic over conversation kinds, through the registry."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db.models import QuerySet

from contraparte.exchange import registry
from contraparte.exchange.models import Message, Obligation
from contraparte.exchange.reading import is_erased, read_message

CODE: Final = re.compile(r"[a-z][a-z0-9_.-]{0,59}")


def feedback_types() -> list[str]:
    """Types of requests after whose answer the asker owes a word on its use."""
    return [known.name for known in registry.message_types() if known.feedback]


def request_types() -> list[str]:
    """Types of requests that figures count."""
    return [known.name for known in registry.message_types() if known.request]


def concluding_types() -> dict[str, bool]:
    """Types that end a request, and whether they answer it."""
    return {known.name: known.concludes == "answered" for known in registry.message_types() if known.concludes}


def use_types() -> list[str]:
    """Types that tell in a thread of its own kind what became of the answer."""
    return [known.name for known in registry.message_types() if known.use is not None]


def pausing_types() -> set[str]:
    """Types that ask the asker back."""
    return {known.name for known in registry.message_types() if known.pauses is not None}


def refusing_types() -> list[str]:
    """Types of answers that may be a refusal."""
    return [known.name for known in registry.message_types() if known.refusal is not None]


def answered_steps(agency: str) -> "QuerySet[Obligation]":
    """Steps of this agency's conversations that end in feedback and have ended."""
    rows = Obligation.objects.filter(agency=agency, message__type__in=feedback_types(), closed_at__isnull=False)
    return rows.select_related("message", "conversation")


def grounds_of(steps: Sequence[Obligation]) -> dict[int, str]:
    """Step → the ground on which its first answer refused; those that were not refused are left out."""
    by_request = {(step.agency, step.message.uuid): step.pk for step in steps if step.closed_at is not None}
    if not by_request:
        return {}
    rows = Message.objects.filter(
        type__in=refusing_types(),
        copy_of=None,
        conversation__in={step.conversation_id for step in steps},
        in_reply_to__in={request for _, request in by_request},
    )
    grounds: dict[int, str] = {}
    for row in rows.select_related("content").order_by("at", "pk"):
        step = by_request.get((row.agency, row.in_reply_to)) if row.in_reply_to else None
        if step is not None and step not in grounds:
            grounds[step] = ground_of(row)
    return {step: ground for step, ground in grounds.items() if ground}


def ground_of(row: Message) -> str:
    """The ground on which an answer refuses, or "". What the other side wrote and is no code counts as `other`."""
    known = registry.find_type(row.type)
    if known is None or known.refusal is None:
        return ""
    ground = known.refusal(_codes(row, known))
    return ground if not ground or CODE.fullmatch(ground) else "other"


def is_used(row: Message) -> bool:
    """Whether a message of `use_types` tells of a use."""
    known = registry.find_type(row.type)
    return known is not None and known.use is not None and known.use(_codes(row, known))


def _codes(row: Message, known: registry.MessageType) -> Mapping[str, Any]:
    """What a message says, or what codes of it are kept once it was erased."""
    if not is_erased(row):
        return read_message(row).body
    return known.kept(row) if known.kept is not None else {}


def is_owed_feedback(step: Obligation) -> bool:
    """Whether the asker owes a word on the use of what ended this step."""
    if step.closed_at is None or step.message.type not in feedback_types():
        return False
    return not grounds_of([step])
