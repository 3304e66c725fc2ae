"""From rows to the figures of two agencies: only what both of them hold, at the times of the receipts both hold."""

from datetime import UTC, datetime

from contraparte.directory import queries as directory
from contraparte.directory.models import Tenure
from contraparte.exchange import registry
from contraparte.exchange.models import Lane, Message, Obligation, Receipt
from contraparte.outcomes import answers
from contraparte.outcomes.actions.using import due_of
from contraparte.outcomes.models import Feedback, Outcome, OutcomeWord
from contraparte.outcomes.rules.counting import Event, Reported, count_once
from contraparte.outcomes.rules.figures import Ending, Figures, StepRow, Use, figures
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
    main, back = set(answers.request_types()), answers.pausing_types()
    wanted = [row for row in rows if row.message.type in main]
    endings = _endings(agency, wanted)
    uses = _uses(agency, wanted)
    due = _feedback_due(wanted)
    taken_up = _taken_up(agency, wanted)
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
            asks_back=row.message.type in back,
            ending=endings.get(row.message_id),
            taken_up_at=taken_up.get(row.conversation_id) if row.message.type in main else None,
            feedback_due_at=due.get(row.message_id),
            use=uses.get(row.message_id),
        )
        for row in rows
    ]


OWN_STAGES = ("outcome", "case_link")
#: The step in which an asker owes the word on the use of an answer, where a thread has one.
USE_STAGE = "use"
LATEST = datetime.max.replace(tzinfo=UTC)


def _endings(agency: str, steps: list[Obligation]) -> dict[int, Ending]:
    """Request → how it ended first: by what replies to it, or by what ended its whole thread."""
    kinds = answers.concluding_types()
    threads: dict[int, list[Obligation]] = {}
    for step in steps:
        threads.setdefault(step.conversation_id, []).append(step)
    said = Message.objects.filter(agency=agency, conversation__in=threads, type__in=kinds, copy_of=None)
    rows = list(said.select_related("content"))
    held = held_at(rows)
    found: dict[int, Ending] = {}
    for row in sorted((row for row in rows if row.pk in held), key=lambda row: (held[row.pk], str(row.uuid))):
        in_thread = threads[row.conversation_id]
        own = [step for step in in_thread if step.message.uuid == row.in_reply_to] or in_thread
        is_answer = kinds[row.type]
        ending = Ending(held[row.pk], is_answer, answers.ground_of(row) if is_answer else "")
        for step in own:
            if step.opened_at <= ending.at:
                found.setdefault(step.message_id, ending)
    return found


def _taken_up(agency: str, steps: list[Obligation]) -> dict[int, datetime]:
    """Conversation of a lead → since when both sides hold the request that was made from it."""
    followers = registry.followed_by({step.conversation_id for step in steps})
    owed = Obligation.objects.filter(
        agency=agency, conversation__in=set(followers.values()), message__type__in=answers.request_types()
    )
    began = dict(owed.order_by("-opened_at").values_list("conversation_id", "opened_at"))
    return {lead: began[formal] for lead, formal in followers.items() if formal in began}


def _uses(agency: str, steps: list[Obligation]) -> dict[int, Use]:
    """Request → the first word on the use of its answer that both sides hold."""
    requests = {step.conversation_id: step.message_id for step in steps}
    rows = Feedback.objects.filter(agency=agency, request__in=[step.message_id for step in steps])
    told = [(row.request_id, row.message, row.is_used) for row in rows.select_related("message")]
    own = Message.objects.filter(agency=agency, conversation__in=requests, type__in=answers.use_types(), copy_of=None)
    for row in own.select_related("content"):
        told.append((requests[row.conversation_id], row, answers.is_used(row)))
    held = held_at([message for _, message, _ in told])
    found: dict[int, Use] = {}
    for request, message, is_used in sorted(told, key=lambda one: held.get(one[1].pk, LATEST)):
        if message.pk in held:
            found.setdefault(request, Use(is_used, held[message.pk]))
    return found


def _feedback_due(steps: list[Obligation]) -> dict[int, datetime]:
    """Request → until when a word on its answer is owed: as the accord says, or by the step that stands for it."""
    by_thread = {step.conversation_id: step.message_id for step in steps}
    owed = Obligation.objects.filter(conversation__in=by_thread, stage=USE_STAGE, due_at__isnull=False)
    found = {by_thread[step.conversation_id]: step.due_at for step in owed if step.due_at is not None}
    feedback = set(answers.feedback_types())
    for step in steps:
        due = due_of(step) if step.message.type in feedback else None
        if due is not None:
            found[step.message_id] = due
    return found


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
