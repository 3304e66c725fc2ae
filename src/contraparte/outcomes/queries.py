"""Reads of this room's pages. What a tenure may not see is not found; lists are bounded and ordered.

Outcomes, feedback and links belong to a post: who holds it sees them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from contraparte.directory.models import Tenure
from contraparte.exchange.models import CaseFile, Conversation, Message, Obligation
from contraparte.exchange.queries import conversations_of, may_read_content
from contraparte.outcomes import answers
from contraparte.outcomes.actions.using import due_of
from contraparte.outcomes.models import CaseLink, Feedback, Outcome, OutcomeWord, VictimDuty
from contraparte.outcomes.rules.lifecycle import State
from contraparte.web.finding import or_404

PAGE = 50
MOST_OWED = 200
MOST_ALIKE = 20


def outcomes_of(tenure: Tenure) -> QuerySet[Outcome]:
    """The outcomes of the tenure's post, the latest change first."""
    rows = Outcome.objects.select_related("conversation", "about__case", "victim_duty")
    return rows.filter(post_id=tenure.post_id) if may_read_content(tenure) else rows.none()


def outcome(tenure: Tenure, pk: int) -> Outcome:
    """One outcome. Raises Http404."""
    return or_404(outcomes_of(tenure).filter(pk=pk).first())


def to_decide(tenure: Tenure) -> QuerySet[Outcome]:
    """What the other side reported or corrected and this post has not answered."""
    return outcomes_of(tenure).filter(is_ours=False, state__in=[State.REPORTED.value, State.CORRECTED.value])


def contested(tenure: Tenure) -> QuerySet[Outcome]:
    """Our reports that the other side contests, or whose contributions it sees otherwise."""
    return outcomes_of(tenure).filter(is_ours=True, state__in=[State.CONTESTED.value, State.CORROBORATED.value])


def words_of(row: Outcome) -> list[OutcomeWord]:
    """Everything said about an outcome, the oldest first."""
    return list(row.words.select_related("message").order_by("message__at", "pk")[:PAGE])


def alike(row: Outcome) -> list[Outcome]:
    """Other outcomes of the post that may be the same real event: same type, same day."""
    rows = Outcome.objects.filter(agency=row.agency, post_id=row.post_id, kind=row.kind, happened_on=row.happened_on)
    return list(rows.exclude(pk=row.pk).exclude(state=State.RETRACTED.value).order_by("opened_at", "pk")[:MOST_ALIKE])


def duties(tenure: Tenure) -> QuerySet[VictimDuty]:
    """Victims of this post's outcomes who have not been told yet."""
    rows = VictimDuty.objects.filter(outcome__in=outcomes_of(tenure), told_on=None)
    return rows.select_related("outcome").order_by("opened_at", "pk")


def conversation(tenure: Tenure, pk: int) -> Conversation:
    """A conversation of the tenure's own post. Raises Http404."""
    return or_404(conversations_of(tenure).filter(pk=pk, post_id=tenure.post_id).first())


def reportable(row: Conversation) -> bool:
    """Whether outcomes may be reported about a conversation: anything that is not itself about an outcome or a link."""
    return row.kind not in ("outcome", "case") and Message.objects.filter(conversation=row).exists()


@dataclass(frozen=True, slots=True)
class Owed:
    """An answer whose use has not been told: the step it ended, and until when the word is owed."""

    step: Obligation
    due_at: datetime | None


def _untold(agency: str) -> QuerySet[Obligation]:
    told = Feedback.objects.filter(agency=OuterRef("agency"), request=OuterRef("message"))
    return answers.answered_steps(agency).exclude(Exists(told)).order_by("closed_at", "pk")


def feedback_owed(tenure: Tenure) -> list[Owed]:
    """Answers this post received and has not said the use of, the oldest first."""
    if not may_read_content(tenure):
        return []
    rows = _untold(tenure.post.agency_id).filter(post_id=tenure.post_id, message__direction="out")
    return _owed(list(rows[:MOST_OWED]))


def feedback_awaited(tenure: Tenure) -> list[Owed]:
    """Answers this post gave and has heard nothing of since."""
    if not may_read_content(tenure):
        return []
    rows = _untold(tenure.post.agency_id).filter(post_id=tenure.post_id, message__direction="in")
    return _owed(list(rows[:MOST_OWED]))


def _owed(steps: Sequence[Obligation]) -> list[Owed]:
    refused = answers.grounds_of(steps)
    return [Owed(step, due_of(step)) for step in steps if step.pk not in refused]


def feedback_given(tenure: Tenure) -> QuerySet[Feedback]:
    """What was said of answers, by this post or about its own."""
    rows = Feedback.objects.select_related("request__conversation")
    if not may_read_content(tenure):
        return rows.none()
    return rows.filter(agency=tenure.post.agency_id, request__conversation__post_id=tenure.post_id)


def owed_step(tenure: Tenure, pk: int) -> Obligation:
    """A step of this post whose answer's use may be told. Raises Http404."""
    rows = answers.answered_steps(tenure.post.agency_id).filter(post_id=tenure.post_id, message__direction="out")
    return or_404(rows.filter(pk=pk).first() if may_read_content(tenure) else None)


def links_of(tenure: Tenure) -> QuerySet[CaseLink]:
    """The case links of the tenure's post."""
    rows = CaseLink.objects.select_related("conversation", "about__case", "case")
    return rows.filter(post_id=tenure.post_id) if may_read_content(tenure) else rows.none()


def link(tenure: Tenure, pk: int) -> CaseLink:
    """One link. Raises Http404."""
    return or_404(links_of(tenure).filter(pk=pk).first())


def cases_of(tenure: Tenure) -> QuerySet[CaseFile]:
    """The cases of the tenure's post."""
    rows = CaseFile.objects.filter(post_id=tenure.post_id)
    return rows.order_by("-opened_at", "pk") if may_read_content(tenure) else rows.none()


def places_of(tenure: Tenure, ids: Sequence[str]) -> dict[str, int]:
    """Id of a request or event → conversation, of those this tenure may open: what a figure drills down to."""
    if not may_read_content(tenure) or not ids:
        return {}
    own = Message.objects.filter(conversation__post_id=tenure.post_id, uuid__in=ids)
    told = {str(uuid): pk for uuid, pk in own.values_list("uuid", "conversation_id")}
    events = outcomes_of(tenure).filter(uuid__in=ids).values_list("uuid", "conversation_id")
    return told | {str(uuid): pk for uuid, pk in events}
