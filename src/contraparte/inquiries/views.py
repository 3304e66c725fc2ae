"""Pages of inquiries: the list by what is due, one thread, its steps. Parse, call one action or query, answer."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from contraparte.desk.conflicts import conflicts_of
from contraparte.desk.queries import conversation_url, names_of
from contraparte.exchange import actions as exchange
from contraparte.exchange.models import Draft
from contraparte.inquiries import presenting, queries
from contraparte.inquiries.actions.asking import convert_lead, redirect_request
from contraparte.inquiries.actions.handing import giver_of
from contraparte.inquiries.actions.stepping import request_body, take_step
from contraparte.inquiries.forms import STEP_FIELDS, StepForm
from contraparte.inquiries.models import Inquiry
from contraparte.inquiries.rules.lifecycle import STEPS as STEP_NAMES
from contraparte.inquiries.standings import Standing, standing_of
from contraparte.inquiries.ways import (
    RESPONDER,
    formal_instruments,
    is_inside,
    is_lead,
    may_be_taken,
    may_show,
    transferred_to,
)
from contraparte.inquiries.wording import FAMILIES, STATES, STEP_HELP, STEPS, measure_words
from contraparte.protocol.errors import ContraparteError, InquiryStepError, StepDraftedError
from contraparte.web.permissions import PageRequest, form_page, may, page, require_post
from contraparte.web.wording import Words, status_of, words_of


@page("inquiries.view")
def desk(request: PageRequest) -> HttpResponse:
    """The inquiries of this post, what is due first on top."""
    show = request.GET.get("show", "")
    rows = queries.desk(
        request.tenure,
        timezone.now(),
        ended=show == "ended",
        asked={"asked": True, "received": False}.get(show),
        group=request.GET.get("group", "")[:120],
    )
    context = {
        "rows": rows,
        "show": show,
        "group": request.GET.get("group", "")[:120],
        "groups": queries.groups_of(request.tenure),
        "tabs": [
            ("", pgettext("inquiries", "Open")),
            ("asked", _("Asked by us")),
            ("received", _("Asked of us")),
            ("ended", _("Ended")),
        ],
        "states": STATES,
        "families": FAMILIES,
        "counted": queries.counted(request.tenure),
        "posts": names_of({row.inquiry.counterpart for row in rows if row.inquiry.counterpart}),
        "can_ask": may(request.tenure, "inquiries.ask").allowed,
    }
    return render(request, "inquiries/desk.html", context)


@page("inquiries.view")
def inquiry(request: PageRequest, pk: int) -> HttpResponse:
    """One inquiry: where it stands, who waits on whom, what was said, what may be done now."""
    found = queries.inquiry(request.tenure, pk)
    if found.conversation is not None:
        exchange.note_opened(found.conversation, by=request.tenure, now=timezone.now())
    return thread_page(request, found)


def thread_page(
    request: PageRequest,
    found: Inquiry,
    *,
    error: ContraparteError | None = None,
    status: int = 200,
    share_form: Any = None,
    comment_form: Any = None,
    hand_form: Any = None,
) -> HttpResponse:
    """The page of one inquiry, also with what was refused on it and the forms as they were filled in."""
    from contraparte.inquiries.handing_views import HandForm
    from contraparte.inquiries.sharing_views import CommentForm, ShareForm

    now = timezone.now()
    standing = standing_of(found, now)
    thread = queries.thread(standing)
    shared = queries.shared_in(found)
    may_step = may(request.tenure, "inquiries.step").allowed and queries.may_act(request.tenure, found)
    is_ours = found.side == Inquiry.Side.INITIATOR
    shown = queries.latest_shown(found)
    owed = queries.owed_in(found)
    # An authorising person sees the inquiries of the agency; a linked one is shown to who may open it.
    linked = queries.inquiries_of(request.tenure)
    drafts = Draft.objects.filter(conversation_id=found.thread_id, state__in=exchange.OPEN_STATES)
    may_hand = may_step and is_ours and found.conversation_id is None
    context = {
        "hand_form": (hand_form or HandForm()) if may_hand else None,
        "hand_posts": queries.inside_posts(request.tenure) if may_hand else [],
        "giver": giver_of(found) if may_hand else None,
        **presenting.authorship(found),
        "inquiry": found,
        "standing": standing,
        "state_words": STATES[standing.state],
        "progress": presenting.progress_of(standing),
        "bar": presenting.bar_of(standing, now),
        "held": presenting.held_by(standing, now),
        "entries": presenting.entries_of(standing, thread),
        "owed": owed,
        "steps": [(name, STEPS[name], name in STEP_FIELDS) for name in standing.steps] if may_step else [],
        "drafts": list(drafts.order_by("drafted_at")[:20]),
        "posts": names_of({found.counterpart, found.requester, found.post_id, *(one.holder for one in owed)}),
        "marking": presenting.page_marking(found, [*shared, *thread]),
        "conversation": found.conversation,
        "conversation_url": conversation_url(found.conversation_id) if found.conversation_id else "",
        "lead": linked.filter(pk=found.lead_id).first() if found.lead_id else None,
        "followers": list(linked.filter(lead=found)[:5]),
        "can_edit": may_step and found.side == Inquiry.Side.INITIATOR and not thread,
        "letter": presenting.letter_shown(found),
        "shared": presenting.shared_entries(shared),
        "share_form": (share_form or ShareForm()) if may_step and may_show(standing) else None,
        "comment_form": (comment_form or CommentForm()) if may_step and shown and found.side == RESPONDER else None,
        "may_take": may_step and may_be_taken(found),
        "ways_on": queries.posts_abroad(request.tenure) if may_step and is_ours and is_inside(found) else [],
        "convert": formal_instruments() if may_step and is_lead(standing) else [],
        "conflicts": conflicts_of(found.conversation, request.tenure, now) if may_step and is_lead(standing) else None,
        "transferred_to": transferred_to(standing) if may_step else "",
        "words": words_of(error) if error is not None else None,
    }
    return render(request, "inquiries/inquiry.html", context, status=status)


@require_post("inquiries.ask")
def convert(request: PageRequest, pk: int) -> HttpResponse:
    """Make a formal request of a lead: pre-filled, linked, counted once."""
    found = queries.inquiry(request.tenure, pk)
    if found.post_id != request.tenure.post_id or (
        not is_lead(standing_of(found, timezone.now())) and not found.followers.exists()
    ):
        raise Http404
    wanted = request.POST.get("instrument", "")
    instrument = wanted if wanted in dict(formal_instruments()) else formal_instruments()[0][0]
    try:
        made = convert_lead(found, instrument=instrument, by=request.tenure, now=timezone.now())
    except ContraparteError as refusal:
        return thread_page(request, found, error=refusal, status=status_of(refusal))
    messages.success(request, _("The formal request is linked to its lead and counted with it."))
    return redirect("inquiries:edit", made.pk)


@require_post("inquiries.ask")
def send_on(request: PageRequest, pk: int) -> HttpResponse:
    """Ask the post that was named as competent, with the same request."""
    found = queries.inquiry(request.tenure, pk)
    to = transferred_to(standing_of(found, timezone.now()))
    if not to or found.post_id != request.tenure.post_id:
        raise Http404
    made = redirect_request(found, to=to, by=request.tenure, now=timezone.now())
    return redirect("inquiries:edit", made.pk)


@form_page("inquiries.step")
def step(request: PageRequest, pk: int, step: str) -> HttpResponse:
    """One step: its small form, and what happens when it is taken."""
    found = queries.inquiry(request.tenure, pk)
    if step not in STEP_NAMES or not queries.may_act(request.tenure, found):
        raise Http404
    measures = [
        (int(one["number"]), f"{one['number']} · {measure_words(one.get('code', ''))}")
        for one in request_body(found).get("measures", ())
    ]
    form = StepForm(
        request.POST or None,
        step=step,
        measures=measures,
        posts=queries.competent_posts(request.tenure) if step == "transfer" else (),
        is_formal=found.family == Inquiry.Family.LETTER,
    )
    error: Words | None = None
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid() or not form.fields:
            body, marked = (form.body(), form.marked()) if form.fields else ({}, {})
            try:
                done = take_step(found, step, body, by=request.tenure, now=timezone.now(), marked=marked)
            except ContraparteError as refusal:
                error, status = _words_of_step(refusal), status_of(refusal)
                if error.field in form.fields:
                    form.add_error(error.field, f"{error.title} {error.remedy}")
            else:
                return _after(request, found, done)
    return _step_page(request, found, step, form=form, error=error, status=status)


def _after(request: PageRequest, found: Inquiry, done: Draft | str) -> HttpResponse:
    if isinstance(done, Draft):
        return redirect(presenting.release_url(done))
    messages.success(request, _("Done. It is sealed, logged and on its way."))
    return redirect("inquiries:inquiry", found.pk)


def _step_page(
    request: PageRequest, found: Inquiry, step: str, *, form: Any, error: Words | None, status: int
) -> HttpResponse:
    standing = standing_of(found, timezone.now())
    if step not in standing.steps and error is None:
        error = _closed_words(standing, step)
        status = 409
    context = {
        "inquiry": found,
        "step": step,
        "title": STEPS[step],
        "help": STEP_HELP[step],
        "form": form,
        "results": [[form[f"{name}_{number}"] for name in ("outcome", "ground", "result")] for number in form.numbers],
        "plain": [form[name] for name in form.fields if name in PLAIN],
        "marked": [form[name] for name in MARKED if name in form.fields],
        "words": error,
        "is_open": step in standing.steps,
        "may_convert": error is not None and error.code == "inquiry.use.intelligence" and is_lead(standing),
        "instruments": formal_instruments(),
        "marking": presenting.marking_words(found.marking),
    }
    return render(request, "inquiries/step.html", context, status=status)


PLAIN = frozenset({"to", "ground", "text", "review_on", "estimate", "used", "way", "outcome_due"})
MARKED = ("handling_text", "source_grade", "information_grade")


def _words_of_step(refusal: ContraparteError) -> Words:
    """A refusal in words, the steps it names among them."""
    names = str(refusal.params.get("allowed", "")).split(", ")
    allowed = ", ".join(str(STEPS[name]) for name in names if name in STEPS) or _("nothing")
    return words_of(type(refusal)(**refusal.params | {"allowed": allowed}))


def _closed_words(standing: Standing, step: str) -> Words:
    if step in standing.drafted:
        return words_of(StepDraftedError(step=step))
    return _words_of_step(InquiryStepError(step=step, state=standing.state, allowed=", ".join(standing.steps)))
