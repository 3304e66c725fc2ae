"""Pages of a post about what came of its exchanges: parse, call one action or query, answer."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from contraparte.desk.conflicts import conflicts_of
from contraparte.desk.markings import marking_words
from contraparte.desk.queries import names_of
from contraparte.exchange import actions as exchange
from contraparte.outcomes import desk_entries, presenting, queries
from contraparte.outcomes.actions import linking, stating, using
from contraparte.outcomes.forms import (
    ConfirmForm,
    CorrectForm,
    FeedbackForm,
    InformForm,
    LinkForm,
    ReasonForm,
    ReportForm,
)
from contraparte.outcomes.models import CaseLink, Outcome
from contraparte.outcomes.rules.kinds import Contribution
from contraparte.outcomes.saying import facts_stored
from contraparte.protocol.errors import ContraparteError, OutcomeFieldError
from contraparte.protocol.marking import Marking
from contraparte.web.permissions import PageRequest, form_page, page
from contraparte.web.wording import words_of


@page("outcomes.view")
def desk(request: PageRequest) -> HttpResponse:
    """The outcomes of this post: to decide on, seen otherwise by the other side, and all."""
    tenure = request.tenure
    found = Paginator(queries.outcomes_of(tenure), queries.PAGE).get_page(request.GET.get("page"))
    to_decide, contested = list(queries.to_decide(tenure)[:50]), list(queries.contested(tenure)[:50])
    context = {
        "page": found,
        "to_decide": to_decide,
        "contested": contested,
        "duties": list(queries.duties(tenure)[:50]),
        "owed": len(queries.feedback_owed(tenure)),
        "posts": names_of(row.counterpart for row in [*found, *to_decide, *contested]),
    }
    return render(request, "outcomes/desk.html", context)


@page("outcomes.view")
def outcome(request: PageRequest, pk: int) -> HttpResponse:
    """One outcome: facts, how it stands, who said what, which steps are open."""
    row = queries.outcome(request.tenure, pk)
    exchange.note_opened(row.conversation, by=request.tenure, now=timezone.now())
    told = queries.words_of(row)
    context = _about(row) | {
        "words": [presenting.spoken(word, row) for word in told],
        "steps": desk_entries.steps_about(row, request.tenure),
        "alike": queries.alike(row),
        "duty": getattr(row, "victim_duty", None),
        "posts": names_of([row.counterpart, row.post_id]),
    }
    return render(request, "outcomes/outcome.html", context)


def _about(row: Outcome) -> dict[str, Any]:
    return {
        "outcome": row,
        "title": desk_entries.outcome_title(row),
        "facts": presenting.facts_lines(row),
        "marking": marking_words(Marking.from_json(row.marking)) if row.marking else "",
    }


@form_page("outcomes.report")
def report(request: PageRequest, pk: int) -> HttpResponse:
    """Report what came of a conversation."""
    about = queries.conversation(request.tenure, pk)
    form = ReportForm(request.POST or None, initial={"happened_on": stating.today_at(about.post_id, timezone.now())})

    def act() -> Outcome:
        facts, victim = form.facts(), form.cleaned_data["victim"]
        return stating.report_outcome(about, facts, by=request.tenure, now=timezone.now(), victim=victim)

    done = _done(request, form, act)
    if done is not None:
        messages.success(request, _("Reported. The other side will confirm or contest it."))
        return redirect("outcomes:outcome", done.pk)
    context = {
        "form": form,
        "about": about,
        "posts": names_of([about.counterpart]),
        "conflicts": conflicts_of(about, request.tenure, timezone.now()),
    }
    return render(request, "outcomes/report.html", context, status=422 if form.errors else 200)


@form_page("outcomes.decide")
def confirm(request: PageRequest, pk: int) -> HttpResponse:
    """Confirm what the other side reported."""
    row = queries.outcome(request.tenure, pk)
    alike = [(str(one.uuid), f"{desk_entries.outcome_title(one)} · {one.counterpart}") for one in queries.alike(row)]
    expected = row.facts.get("yours", []) if row.facts else []
    form = ConfirmForm(request.POST or None, alike=alike, initial={"contribution": expected})

    def act() -> Outcome:
        told = form.cleaned_data
        return stating.confirm_outcome(
            row,
            contribution=frozenset(map(Contribution, told["contribution"])),
            same_as=told.get("same_as", ""),
            victim=told["victim"],
            by=request.tenure,
            now=timezone.now(),
        )

    if _done(request, form, act) is not None:
        messages.success(request, _("Confirmed. It counts once, on both sides."))
        return redirect("outcomes:outcome", pk)
    context = _about(row) | {"form": form, "posts": names_of([row.counterpart])}
    return render(request, "outcomes/confirm.html", context, status=422 if form.errors else 200)


@form_page("outcomes.decide")
def contest(request: PageRequest, pk: int) -> HttpResponse:
    """Contest what the other side reported."""
    lead = _("The other side reads the reason, and may correct or retract its report.")
    title = _("Contest the outcome")
    return _with_reason(request, pk, stating.contest_outcome, title=title, lead=lead, label=_("Contest"))


@form_page("outcomes.report")
def retract(request: PageRequest, pk: int) -> HttpResponse:
    """Take a report back."""
    lead = _("A report that was taken back counts nowhere. This is final; a mistake in the facts is better corrected.")
    title = _("Retract the outcome")
    return _with_reason(request, pk, stating.retract_outcome, title=title, lead=lead, label=_("Retract"))


def _with_reason(
    request: PageRequest, pk: int, action: Callable[..., Outcome], *, title: str, lead: str, label: str
) -> HttpResponse:
    row = queries.outcome(request.tenure, pk)
    form = ReasonForm(request.POST or None)
    done = _done(
        request, form, lambda: action(row, reason=form.cleaned_data["reason"], by=request.tenure, now=timezone.now())
    )
    if done is not None:
        return redirect("outcomes:outcome", pk)
    context = _about(row) | {"form": form, "heading": title, "lead": lead, "label": label}
    return render(request, "outcomes/reason.html", context, status=422 if form.errors else 200)


@form_page("outcomes.report")
def correct(request: PageRequest, pk: int) -> HttpResponse:
    """Replace the facts of a report."""
    row = queries.outcome(request.tenure, pk)
    form = CorrectForm(request.POST or None, initial=CorrectForm.typed(facts_stored(row.facts)) if row.facts else {})

    def act() -> Outcome:
        reason = form.cleaned_data["reason"]
        return stating.correct_outcome(row, form.facts(), reason=reason, by=request.tenure, now=timezone.now())

    if _done(request, form, act) is not None:
        messages.success(request, _("Corrected. The other side is asked to confirm it again."))
        return redirect("outcomes:outcome", pk)
    context = _about(row) | {"form": form, "conflicts": conflicts_of(row.about, request.tenure, timezone.now())}
    return render(request, "outcomes/correct.html", context, status=422 if form.errors else 200)


@form_page("outcomes.report")
def inform(request: PageRequest, pk: int) -> HttpResponse:
    """Note that a victim was informed."""
    row = queries.outcome(request.tenure, pk)
    form = InformForm(request.POST or None)
    done = _done(
        request,
        form,
        lambda: stating.note_victim_told(
            row, told_on=form.cleaned_data["told_on"], by=request.tenure, now=timezone.now()
        ),
    )
    if done is not None:
        return redirect("outcomes:outcome", pk)
    context = _about(row) | {"form": form, "duty": getattr(row, "victim_duty", None)}
    return render(request, "outcomes/inform.html", context, status=422 if form.errors else 200)


@page("outcomes.view")
def feedback(request: PageRequest) -> HttpResponse:
    """Answers whose use is to be told, answers of ours nobody has spoken of, and what was said."""
    owed, awaited = queries.feedback_owed(request.tenure), queries.feedback_awaited(request.tenure)
    given = list(queries.feedback_given(request.tenure)[: queries.PAGE])
    context = {
        "owed": owed,
        "awaited": awaited,
        "given": [presenting.given(row) for row in given],
        "posts": names_of(
            [*(one.step.holder for one in owed), *(one.step.message.sender for one in awaited)]
            + [row.request.conversation.counterpart for row in given]
        ),
    }
    return render(request, "outcomes/feedback.html", context)


@form_page("outcomes.feedback")
def give(request: PageRequest, pk: int) -> HttpResponse:
    """Say what became of one answer."""
    step = queries.owed_step(request.tenure, pk)
    form = FeedbackForm(request.POST or None)
    done = _done(
        request,
        form,
        lambda: using.give_feedback(
            step,
            used=form.used,
            not_used=form.not_used,
            note=form.cleaned_data["note"],
            by=request.tenure,
            now=timezone.now(),
        ),
    )
    if done is not None:
        messages.success(request, _("Said. The post that answered will read it."))
        return redirect("outcomes:feedback")
    context = {
        "form": form,
        "step": step,
        "due_at": using.due_of(step),
        "posts": names_of([step.holder]),
    }
    return render(request, "outcomes/give.html", context, status=422 if form.errors else 200)


@page("outcomes.view")
def links(request: PageRequest) -> HttpResponse:
    """The linked cases of this post."""
    found = Paginator(queries.links_of(request.tenure), queries.PAGE).get_page(request.GET.get("page"))
    return render(request, "outcomes/links.html", {"page": found, "posts": names_of(row.counterpart for row in found)})


@form_page("outcomes.link")
def link(request: PageRequest, pk: int) -> HttpResponse:
    """One link: agree to it, decline it, or end it."""
    row = queries.link(request.tenure, pk)
    form = LinkForm(request.POST or None, tenure=request.tenure, initial={"case": row.case_id or ""})

    def act() -> CaseLink:
        told = form.cleaned_data
        if told["step"] == "end":
            return linking.end_link(row, reason=told["reason"], by=request.tenure, now=timezone.now())
        case = queries.cases_of(request.tenure).filter(pk=told["case"] or 0).first()
        if case is None:
            raise OutcomeFieldError(field="case", read="")
        return linking.agree_link(row, case, by=request.tenure, now=timezone.now())

    if _done(request, form, act) is not None:
        return redirect("outcomes:link", pk)
    exchange.note_opened(row.conversation, by=request.tenure, now=timezone.now())
    context = {
        "link": row,
        "form": form,
        "posts": names_of([row.counterpart]),
        "can_agree": not row.is_ours and row.state == CaseLink.State.ASKED,
        "can_end": row.state != CaseLink.State.ENDED,
        "conflicts": conflicts_of(row.about, request.tenure, timezone.now()),
    }
    return render(request, "outcomes/link.html", context, status=422 if form.errors else 200)


@form_page("outcomes.link")
def ask_link(request: PageRequest, pk: int) -> HttpResponse:
    """Ask the other side to link its case to ours."""
    about = queries.conversation(request.tenure, pk)
    form = Form(request.POST) if request.method == "POST" else Form()
    done = _done(request, form, lambda: linking.ask_link(about, by=request.tenure, now=timezone.now()))
    if done is not None:
        return redirect("outcomes:link", done.pk)
    context = {
        "about": about,
        "form": form,
        "posts": names_of([about.counterpart]),
        "conflicts": conflicts_of(about, request.tenure, timezone.now()),
    }
    return render(request, "outcomes/ask_link.html", context, status=422 if form.errors else 200)


def _done(request: PageRequest, form: Any, act: Callable[[], Any]) -> Any:
    """What the act made, or None where nothing was sent yet or it was refused: then the form says why."""
    if request.method != "POST" or not form.is_valid():
        return None
    try:
        return act()
    except ContraparteError as refusal:
        words = words_of(refusal)
        form.add_error(words.field if words.field in form.fields else None, f"{words.title} {words.remedy}")
        return None
