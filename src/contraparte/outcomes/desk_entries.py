"""What the desk shows of this room: titles of threads, their pages and steps, work that waits, words for codes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from contraparte.desk.registry import DeskItem, GroupWork, Step, Text
from contraparte.directory.models import Tenure
from contraparte.exchange.models import Conversation, Obligation
from contraparte.outcomes import answers, queries
from contraparte.outcomes.models import CaseLink, Feedback, Outcome
from contraparte.outcomes.rules.lifecycle import Act, State, allowed
from contraparte.outcomes.wording import CONTRIBUTIONS, KINDS, NOT_USED, THINGS, USED, kind_words, state_words
from contraparte.web.permissions import may
from contraparte.web.registry import Notice
from contraparte.web.templatetags.pages import day_text

MOST_ITEMS = 100
REMIND_AHEAD = timedelta(days=14)


def outcome_titles(conversations: Sequence[Conversation], tenure: Tenure) -> Mapping[int, str]:
    """Type and day of each event."""
    rows = Outcome.objects.filter(conversation__in=[one.pk for one in conversations])
    return {row.conversation_id: outcome_title(row) for row in rows}


def outcome_title(row: Outcome) -> str:
    """An outcome in a line: its type and day."""
    day = day_text(row.happened_on) if row.happened_on else "…"
    return f"{str(kind_words(row.kind)).capitalize()} · {day}"


def outcome_page(conversation: Conversation) -> str:
    """Our own page about it."""
    row = Outcome.objects.filter(conversation=conversation).first()
    return reverse("outcomes:outcome", args=[row.pk]) if row else ""


def outcome_steps(conversation: Conversation, tenure: Tenure, now: datetime) -> Sequence[Step]:
    """What this side may say now."""
    row = Outcome.objects.filter(conversation=conversation).first()
    return steps_about(row, tenure) if row is not None and row.post_id == tenure.post_id else ()


def steps_about(row: Outcome, tenure: Tenure) -> list[Step]:
    """The open steps of an outcome, the likeliest first."""
    labels: dict[Act, Text] = {
        Act.CONFIRM: _("Confirm"), Act.CONTEST: _("Contest"), Act.CORRECT: _("Correct"), Act.RETRACT: _("Retract"),
    }  # fmt: skip
    open_now = allowed(State(row.state), is_reporter=row.is_ours)
    needed = "outcomes.report" if row.is_ours else "outcomes.decide"
    if not may(tenure, needed):
        return []
    return [
        Step(label, reverse(f"outcomes:{act.value}", args=[row.pk]), main=act is Act.CONFIRM)
        for act, label in labels.items()
        if act in open_now
    ]


def link_titles(conversations: Sequence[Conversation], tenure: Tenure) -> Mapping[int, str]:
    """Our case of each link."""
    rows = CaseLink.objects.filter(conversation__in=[one.pk for one in conversations]).select_related("case")
    return {
        row.conversation_id: _("Linked case %(number)s") % {"number": row.case.number}
        if row.case and row.state == CaseLink.State.AGREED
        else _("Link of cases")
        for row in rows
    }


def link_page(conversation: Conversation) -> str:
    """Our own page about it."""
    row = CaseLink.objects.filter(conversation=conversation).first()
    return reverse("outcomes:link", args=[row.pk]) if row else ""


def link_steps(conversation: Conversation, tenure: Tenure, now: datetime) -> Sequence[Step]:
    """To its page, where it is decided."""
    row = CaseLink.objects.filter(conversation=conversation).first()
    if row is None or row.post_id != tenure.post_id or not may(tenure, "outcomes.link"):
        return ()
    return (Step(_("Decide on the link"), reverse("outcomes:link", args=[row.pk]), main=not row.is_ours),)


def further_steps(conversation: Conversation, tenure: Tenure, now: datetime) -> Sequence[Step]:
    """About a conversation of any kind: report what came of it, say what became of its answer, link the cases."""
    if conversation.post_id != tenure.post_id or not may(tenure, "outcomes.report"):
        return ()
    if not queries.reportable(conversation):
        return ()
    steps = [Step(_("Report an outcome"), reverse("outcomes:report", args=[conversation.pk]))]
    owed = answers.answered_steps(conversation.agency).filter(conversation=conversation, message__direction="out")
    told = set(Feedback.objects.filter(request__conversation=conversation).values_list("request_id", flat=True))
    found = list(owed.order_by("pk")[:MOST_ITEMS])
    refused = answers.grounds_of(found)
    steps += [
        Step(_("Say what became of the answer"), reverse("outcomes:give", args=[step.pk]))
        for step in found
        if step.message_id not in told and step.pk not in refused
    ]
    if conversation.case is not None and not _is_linked(conversation):
        steps.append(Step(_("Ask to link the cases"), reverse("outcomes:ask_link", args=[conversation.pk])))
    return steps


def _is_linked(conversation: Conversation) -> bool:
    return CaseLink.objects.filter(about=conversation).exclude(state=CaseLink.State.ENDED).exists()


def came_of(conversations: Sequence[int], tenure: Tenure) -> Mapping[int, Sequence[GroupWork]]:
    """Conversation → its outcomes, as far as this tenure may open them."""
    if not may(tenure, "outcomes.view"):
        return {}
    found: dict[int, list[GroupWork]] = {}
    for row in queries.outcomes_of(tenure).filter(about__in=conversations)[:MOST_ITEMS]:
        told = GroupWork(outcome_title(row), state_words(row.state), reverse("outcomes:outcome", args=[row.pk]))
        found.setdefault(row.about_id or 0, []).append(told)
    return found


def decisions(tenure: Tenure, now: datetime) -> Iterable[DeskItem]:
    """Corrections to be confirmed again. A first report is on the desk by its own clock."""
    for row in queries.to_decide(tenure).filter(state=State.CORRECTED.value)[:MOST_ITEMS]:
        yield DeskItem(
            title=outcome_title(row),
            detail=_("Corrected by the other side"),
            url=reverse("outcomes:outcome", args=[row.pk]),
            action=_("Confirm or contest"),
            since=row.changed_at,
            other=row.counterpart,
        )


def replies(tenure: Tenure, now: datetime) -> Iterable[DeskItem]:
    """Our reports that the other side sees otherwise, and victims to be told."""
    for row in queries.contested(tenure)[:MOST_ITEMS]:
        is_contested = row.state == State.CONTESTED.value
        yield DeskItem(
            title=outcome_title(row),
            detail=_("Contested by the other side") if is_contested else _("The other side names another contribution"),
            url=reverse("outcomes:outcome", args=[row.pk]),
            action=_("Correct or retract"),
            since=row.changed_at,
            other=row.counterpart,
        )
    for duty in queries.duties(tenure)[:MOST_ITEMS]:
        yield DeskItem(
            title=outcome_title(duty.outcome),
            detail=_("A victim is to be informed"),
            url=reverse("outcomes:inform", args=[duty.outcome_id]),
            action=_("Note that it was done"),
            since=duty.opened_at,
        )


def feedback(tenure: Tenure, now: datetime) -> Iterable[DeskItem]:
    """Answers whose use is to be told, from two weeks before the time is over."""
    for owed in queries.feedback_owed(tenure):
        if owed.due_at is None or owed.due_at - now <= REMIND_AHEAD:
            yield feedback_item(owed.step, owed.due_at)


def feedback_item(step: Obligation, due_at: datetime | None) -> DeskItem:
    """One answer whose use is to be told."""
    return DeskItem(
        title=_("What became of the answer?"),
        detail=_("Feedback to the post that answered"),
        url=reverse("outcomes:give", args=[step.pk]),
        action=_("Say it"),
        since=step.closed_at,
        due_at=due_at,
        other=step.holder,
    )


def notices(tenure: Tenure, now: datetime) -> Iterable[Notice]:
    """Feedback past its time, and what the other side reported."""
    late = [owed for owed in queries.feedback_owed(tenure) if owed.due_at is not None and owed.due_at < now]
    first = min((owed.due_at for owed in late if owed.due_at is not None), default=None)
    yield Notice(
        gettext_lazy("answers whose use is overdue to be told"), len(late), reverse("outcomes:feedback"), first
    )
    waiting = queries.to_decide(tenure).count()
    yield Notice(gettext_lazy("outcomes to confirm or contest"), waiting, reverse("outcomes:desk"))


FIELD_WORDS: dict[str, Text] = {
    "/about": gettext_lazy("About the conversation"),
    "/facts/kind": gettext_lazy("Type of outcome"),
    "/facts/happened_on": gettext_lazy("Day"),
    "/facts/region": gettext_lazy("State of the event"),
    "/facts/country": gettext_lazy("Country of the event"),
    "/facts/what": gettext_lazy("What was seized or frozen"),
    "/facts/quantity": gettext_lazy("Quantity"),
    "/facts/unit": gettext_lazy("Unit"),
    "/facts/ours": gettext_lazy("Contribution of the reporting side"),
    "/facts/ours/*": gettext_lazy("Contribution of the reporting side"),
    "/facts/yours": gettext_lazy("Contribution of the other side"),
    "/facts/yours/*": gettext_lazy("Contribution of the other side"),
    "/facts/overturned_on": gettext_lazy("Overturned on"),
    "/version": gettext_lazy("Version of the facts"),
    "/contribution": gettext_lazy("Our own contribution"),
    "/contribution/*": gettext_lazy("Our own contribution"),
    "/same_as": gettext_lazy("Same event as"),
    "/request": gettext_lazy("Answered request"),
    "/used": gettext_lazy("Used"),
    "/not_used": gettext_lazy("Not used"),
}

_WAYS = ("/facts/ours/*", "/facts/yours/*", "/contribution/*")
VALUE_WORDS: dict[str, Text] = {
    **{f"/facts/kind={kind}": text for kind, text in KINDS.items()},
    **{f"/facts/what={thing}": text for thing, text in THINGS.items()},
    **{f"{place}={way}": text for place in _WAYS for way, text in CONTRIBUTIONS.items()},
    **{f"/used={code}": text for code, text in USED.items()},
    **{f"/not_used={code}": text for code, text in NOT_USED.items()},
    "/facts/unit=count": gettext_lazy("pieces"),
}

POLICY_WORDS: dict[str, Text] = {
    "outcome-goes-when-an-officer-says-so": gettext_lazy(
        "A word about an outcome names nobody and leaves when an officer says so."
    ),
    "outcome-tells-the-event": gettext_lazy("A report tells type, day, state and quantity of the event."),
    "outcome-tells-why": gettext_lazy("A correction, retraction or contest tells why."),
    "feedback-goes-when-an-officer-says-so": gettext_lazy("Feedback leaves when an officer says so."),
    "feedback-tells-why": gettext_lazy("Feedback tells why in words."),
    "case-link-tells-references-only": gettext_lazy("A link of cases tells references without meaning only."),
    "case-link-may-end": gettext_lazy("Either side may end a link of cases."),
    "case-link-end-tells-why": gettext_lazy("The end of a link of cases tells why."),
}

STAGE_WORDS: dict[str, Text] = {
    "outcome": gettext_lazy("confirm or contest the outcome"),
    "case_link": gettext_lazy("decide on linking the cases"),
}

CLOSE_WORDS: dict[str, Text] = {
    "outcome.retract/1": gettext_lazy("the outcome was retracted"),
    "case.link_end/1": pgettext_lazy("why it ended", "the link of the cases was ended"),
}
