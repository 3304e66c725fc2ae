"""What this room keeps of a message that somebody wrote in words goes with it (P5.5, P6.5).

What happened, when, in which state, how much, and who contributed how stay: outcomes are counted of them on both sides
for ever, and they name nobody.
"""

from datetime import datetime

from contraparte.exchange.models import Message
from contraparte.exchange.rules.retention import wordless
from contraparte.outcomes.models import CaseLink, Feedback, Outcome, OutcomeWord

WRITTEN = ("reason", "note")


def forget(row: Message, now: datetime) -> None:
    """Empty the words of one message. Must run in a transaction; running twice changes nothing."""
    for kept in (Outcome, CaseLink):
        for one in kept.objects.filter(conversation=row.conversation_id).exclude(marking={}):
            kept.objects.filter(pk=one.pk).update(marking=wordless(one.marking))
    word = OutcomeWord.objects.select_related("outcome").filter(message=row.pk).first()
    if word is not None:
        said = word.body.get("reason", "")
        word.body = {name: value for name, value in word.body.items() if name not in WRITTEN}
        word.save(update_fields=["body"])
        if said:
            Outcome.objects.filter(pk=word.outcome_id, reason=said).update(reason="")
    Feedback.objects.filter(message=row.pk).update(note="")
    if row.type.startswith("case.link_end/"):
        CaseLink.objects.filter(conversation=row.conversation_id).update(reason="")
