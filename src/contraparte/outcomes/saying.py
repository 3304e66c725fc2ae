"""Between payloads and the rules' own values: facts, statements, the marking of what is derived from a conversation."""

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from contraparte.exchange.models import Conversation, Message
from contraparte.exchange.reading import is_erased, read_message
from contraparte.outcomes.messages import OutcomeFacts
from contraparte.outcomes.models import OutcomeWord
from contraparte.outcomes.rules.kinds import Contribution
from contraparte.outcomes.rules.lifecycle import Act, Facts, Said
from contraparte.outcomes.rules.quantities import Quantity
from contraparte.protocol.errors import OutcomeAboutError, OutcomeFieldError
from contraparte.protocol.marking import Marking

#: Messages of a conversation whose markings a statement about it takes on.
MARKINGS_READ = 100


def facts_told(facts: Facts) -> OutcomeFacts:
    """Facts as they travel."""
    return OutcomeFacts(
        kind=facts.kind,
        happened_on=facts.happened_on,
        region=facts.region,
        country=facts.country,
        what=facts.what,
        quantity=facts.quantity.number if facts.quantity else "",
        unit=facts.quantity.unit.value if facts.quantity else "",
        ours=sorted(facts.ours),
        yours=sorted(facts.yours),
        overturned_on=facts.overturned_on,
    )


def facts_read(told: OutcomeFacts) -> Facts:
    """Facts as they came. Raises OutcomeFieldError."""
    return Facts(
        kind=told.kind,
        happened_on=told.happened_on,
        region=told.region,
        country=told.country,
        what=told.what,
        quantity=Quantity.parse(told.quantity, told.unit) if told.quantity or told.unit else None,
        ours=frozenset(told.ours),
        yours=frozenset(told.yours),
        overturned_on=told.overturned_on,
    )


def facts_stored(stored: dict[str, Any]) -> Facts:
    """Facts from their plain JSON form. Raises OutcomeFieldError."""
    try:
        return facts_read(OutcomeFacts.model_validate(stored))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise OutcomeFieldError(field="/".join(map(str, first["loc"])), read="") from None


def said(words: Iterable[OutcomeWord]) -> list[Said]:
    """Stored words as the rules take them."""
    return [
        Said(
            act=Act(word.act),
            by_reporter=word.by_reporter,
            turn=word.turn,
            facts=facts_stored(word.body["facts"]) if "facts" in word.body else None,
            version=int(word.body.get("version", 0)),
            contribution=frozenset(Contribution(way) for way in word.body.get("contribution", ())),
            reason=str(word.body.get("reason", "")),
            same_as=str(word.body.get("same_as", "")),
        )
        for word in words
    ]


def marking_of(conversation: Conversation) -> Marking:
    """The marking of what is said about a conversation: that of all its messages together, never weaker (P2.2).

    Raises OutcomeAboutError where nothing has crossed in it, or all of it is erased.
    """
    rows = Message.objects.filter(conversation=conversation).select_related("content").order_by("-at", "-pk")
    combined: Marking | None = None
    for row in rows[:MARKINGS_READ]:
        if is_erased(row):
            continue
        marking = read_message(row).marking
        combined = marking if combined is None else combined.combine(marking)
    if combined is None:
        raise OutcomeAboutError
    return combined
