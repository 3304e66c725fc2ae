"""From rows to the figures of two agencies: only what both of them hold, at the times of the receipts both hold."""

from datetime import datetime

from contraparte.directory import queries as directory
from contraparte.directory.models import Tenure
from contraparte.exchange.models import Lane, Message, Obligation, Receipt
from contraparte.outcomes import answers
from contraparte.outcomes.actions.using import due_of
from contraparte.outcomes.models import Feedback, Outcome, OutcomeWord
from contraparte.outcomes.rules.counting import Event, Reported, count_once
from contraparte.outcomes.rules.figures import Figures, StepRow, Use, figures
from contraparte.outcomes.rules.lifecycle import standing
from contraparte.outcomes.rules.quarters import Quarter
from contraparte.outcomes.saying import said
from contraparte.protocol.errors import AgencyUnknownError
from contraparte.protocol.ids import agency_of

#: Steps or outcomes of one pair and quarter that a report reads; more are a job for smaller periods.
MOST = 50_000


def partners_of(tenure: Tenure) -> list[str]:
    """The agencies this one has exchanged anything with."""
    agency = agency_of(tenure.post_id)
    return sorted(Message.objects.filter(agency=agency).values_list("peer", flat=True).distinct())


def figures_of(agency: str, other: str, quarter: Quarter, *, as_of: datetime, post: str = "") -> Figures:
    """The quarter of `agency` and `other` as of an instant; with `post`, what that post asked or answered."""
    return figures(
        steps_of(agency, other, quarter),
        events_of(agency, other, as_of=as_of, post=post),
        quarter=quarter,
        as_of=as_of,
        pair=(agency, other),
        post=post,
    )


def steps_of(agency: str, other: str, quarter: Quarter) -> list[StepRow]:
    """Steps owed between the two that began in the quarter. What this room itself asks for is no service time."""
    rows = list(
        Obligation.objects.filter(
            agency=agency, message__peer=other, opened_at__gte=quarter.starts, opened_at__lt=quarter.ends
        )
        .exclude(stage__in=OWN_STAGES)
        .select_related("message", "conversation")
        .order_by("pk")[:MOST]
    )
    main = set(answers.feedback_types())
    wanted = [row for row in rows if row.message.type in main]
    grounds = answers.grounds_of(wanted)
    uses = _uses(agency, wanted)
    return [
        StepRow(
            id=str(row.message.uuid),
            conversation=str(row.conversation.uuid),
            stage=row.stage,
            asker=row.message.sender,
            holder=row.holder,
            opened_at=row.opened_at,
            closed_at=row.closed_at,
            is_main=row.message.type in main,
            ground=grounds.get(row.pk, ""),
            feedback_due_at=due_of(row) if row.message.type in main else None,
            use=uses.get(row.message_id),
        )
        for row in rows
    ]


OWN_STAGES = ("outcome", "case_link")


def _uses(agency: str, steps: list[Obligation]) -> dict[int, Use]:
    rows = Feedback.objects.filter(agency=agency, request__in=[step.message_id for step in steps])
    told = list(rows.select_related("message"))
    held = held_at([row.message for row in told])
    return {row.request_id: Use(row.is_used, held[row.message_id]) for row in told if row.message_id in held}


def events_of(agency: str, other: str, *, as_of: datetime, post: str = "") -> list[Event]:
    """The real events between the two, each once, by what both had said and held at an instant."""
    rows = Outcome.objects.filter(agency=agency, counterpart__startswith=f"{other}/")
    if post:
        rows = rows.filter(post_id=post) if agency_of(post) == agency else rows.filter(counterpart=post)
    outcomes = list(rows.order_by("pk")[:MOST])
    words = list(OutcomeWord.objects.filter(outcome__in=outcomes).select_related("message"))
    held = held_at([word.message for word in words])
    spoken: dict[int, list[OutcomeWord]] = {}
    for word in words:
        at = held.get(word.message_id)
        if at is not None and at <= as_of:
            spoken.setdefault(word.outcome_id, []).append(word)
    return count_once(
        Reported(
            id=str(row.uuid),
            reporter=row.agency if row.is_ours else other,
            other=other if row.is_ours else row.agency,
            standing=standing(said(spoken.get(row.pk, ()))),
        )
        for row in outcomes
    )


def held_at(messages: list[Message]) -> dict[int, datetime]:
    """Message → the instant since which both sides hold it; what is still on its way is left out."""
    found = {row.pk: row.at for row in messages if row.direction == "in"}
    sent = [row.pk for row in messages if row.direction == "out"]
    receipts = Receipt.objects.filter(message__in=sent, ours=False, kind="accepted").order_by("-at", "-pk")
    found.update({pk: at for pk, at in receipts.values_list("message_id", "at") if pk is not None})
    return found


def incomplete_since(agency: str, other: str) -> datetime | None:
    """Since when something between the two may be missing here: unacknowledged messages, or a node that is silent."""
    waiting = Message.objects.filter(agency=agency, peer=other, direction="out", state=Message.State.QUEUED)
    oldest = waiting.order_by("at").values_list("at", flat=True).first()
    try:
        operator = directory.route_of(other).operator
    except AgencyUnknownError:
        return oldest
    silent = Lane.objects.filter(operator=operator, failures__gt=0).values_list("last_ok_at", flat=True).first()
    return min((at for at in (oldest, silent) if at is not None), default=None)
