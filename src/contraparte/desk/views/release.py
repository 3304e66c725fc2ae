"""The release preview, and what may be done on it: redact, ask, approve, return, release, give up.

Each step is one action of the exchange; a refusal shows the preview again with what is wrong and keeps what was typed.
"""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contraparte.desk import queries
from contraparte.desk.items import item_for
from contraparte.desk.previews import preview_page
from contraparte.exchange import actions as exchange
from contraparte.exchange import one_officer
from contraparte.exchange.models import Draft
from contraparte.protocol.errors import ContraparteError
from contraparte.web.permissions import PageRequest, may, page, require_post
from contraparte.web.wording import status_of, words_of

ALONE = "alone"  # prefix of the form in which the officer on duty says why it cannot wait


class ReasonForm(forms.Form):
    """Why something is kept at home or given back."""

    pointer = forms.CharField(max_length=400, required=False, widget=forms.HiddenInput)
    text = forms.CharField(
        label=gettext_lazy("Reason"), max_length=300, widget=forms.Textarea(attrs={"rows": 2, "maxlength": 300})
    )


@page("release.view")
def show(request: PageRequest, pk: int) -> HttpResponse:
    """What would leave now, what stays and why."""
    return show_preview(request, queries.draft_for(request.tenure, pk))


@require_post("release.prepare")
def redact(request: PageRequest, pk: int) -> HttpResponse:
    """Keep one field at home, with a reason the other side may read."""
    draft, form = queries.draft_for(request.tenure, pk), ReasonForm(request.POST)
    if not form.is_valid() or not form.cleaned_data["pointer"]:
        return show_preview(request, draft, redaction=form, status=422)
    return step(
        request,
        draft,
        lambda: exchange.redact_field(
            draft,
            form.cleaned_data["pointer"],
            reason=form.cleaned_data["text"],
            by=request.tenure,
            now=timezone.now(),
        ),
        _("The field stays at home. Approvals given before no longer count."),
    )


@require_post("release.prepare")
def ask(request: PageRequest, pk: int) -> HttpResponse:
    """Ask the authorising persons of the agency."""
    draft = queries.draft_for(request.tenure, pk)
    told = _("Approval is asked for. The draft now stands on the desks of your authorising persons.")
    return step(request, draft, lambda: exchange.submit_draft(draft, by=request.tenure, now=timezone.now()), told)


@require_post("release.decide")
def approve(request: PageRequest, pk: int) -> HttpResponse:
    """Say yes to exactly what was shown: the digest comes with the form that showed it."""
    draft = queries.draft_for(request.tenure, pk)
    try:
        digest = bytes.fromhex(request.POST.get("digest", ""))
    except ValueError:
        digest = b""
    told = _("You have approved exactly this content. One changed character voids it.")
    return step(
        request,
        draft,
        lambda: exchange.approve_draft(draft, digest=digest, by=request.tenure, now=timezone.now()),
        told,
        stay=True,
    )


@require_post("release.decide")
def give_back(request: PageRequest, pk: int) -> HttpResponse:
    """Return the draft to its author with a note."""
    draft, form = queries.draft_for(request.tenure, pk), ReasonForm(request.POST)
    if not form.is_valid():
        return show_preview(request, draft, note=form, status=422)
    return step(
        request,
        draft,
        lambda: exchange.return_draft(draft, note=form.cleaned_data["text"], by=request.tenure, now=timezone.now()),
        _("The draft is back with its author, with your note."),
    )


@require_post("release.send")
def send(request: PageRequest, pk: int) -> HttpResponse:
    """Release: sealed, logged and queued in one step."""
    draft = queries.draft_for(request.tenure, pk)
    told = _("Released. It is sealed, logged and on its way; its receipts appear below as they come.")
    return step(
        request,
        draft,
        lambda: exchange.release_draft(draft, by=request.tenure, now=timezone.now()),
        told,
        to_conversation=True,
    )


@require_post("release.send")
def send_alone(request: PageRequest, pk: int) -> HttpResponse:
    """Release in an emergency without the approval: for who is on duty, where the accord allows it, reviewed later."""
    draft, form = queries.draft_for(request.tenure, pk), ReasonForm(request.POST, prefix=ALONE)
    if not form.is_valid():
        return show_preview(request, draft, alone=form, status=422)
    return step(
        request,
        draft,
        lambda: one_officer.release_alone(
            draft, reason=form.cleaned_data["text"], by=request.tenure, now=timezone.now()
        ),
        _("Released by you alone. An authorising person who had no part in it owes a review."),
    )


@require_post("release.prepare")
def discard(request: PageRequest, pk: int) -> HttpResponse:
    """Give the draft up; it stays on record."""
    draft = queries.draft_for(request.tenure, pk)
    return step(
        request,
        draft,
        lambda: exchange.discard_draft(draft, by=request.tenure, now=timezone.now()),
        _("The draft was given up. It stays on record and cannot leave any more."),
        to_conversation=True,
    )


@require_post("release.prepare")
def cite(request: PageRequest, pk: int, item: int) -> HttpResponse:
    """Name an item whose words stand in the draft as its source: its restrictions become the draft's."""
    draft, source = queries.draft_for(request.tenure, pk), item_for(request.tenure, item)
    told = _("Named as a source. Its restrictions are the draft's from now on; approvals given before no longer count.")
    return step(request, draft, lambda: exchange.cite_item(draft, source, by=request.tenure, now=timezone.now()), told)


def step(
    request: PageRequest,
    draft: Draft,
    action: Callable[[], object],
    told: str,
    *,
    stay: bool = True,
    to_conversation: bool = False,
) -> HttpResponse:
    """Run one action; a refusal shows the preview as it stands now, with words for what was refused."""
    try:
        action()
    except ContraparteError as error:
        return show_preview(request, queries.draft_for(request.tenure, draft.pk), error=error, status=status_of(error))
    messages.success(_plain(request), told)
    if to_conversation:
        return redirect("desk:conversation", draft.conversation_id)
    return redirect("desk:release", draft.pk)


def _plain(request: PageRequest) -> HttpRequest:
    return request


def show_preview(
    request: PageRequest,
    draft: Draft,
    *,
    error: ContraparteError | None = None,
    redaction: ReasonForm | None = None,
    note: ReasonForm | None = None,
    alone: ReasonForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The preview as it stands now, with what was refused."""
    preview = preview_page(draft, request.tenure, now=timezone.now())
    context = {
        "draft": draft,
        "preview": preview,
        "title": queries.titles_of([draft.conversation], request.tenure)[draft.conversation_id],
        "type_title": queries.type_title(draft.type),
        "words": words_of(error) if error is not None else None,
        "can_decide": bool(may(request.tenure, "release.decide")),
        "redaction": redaction,
        "note": note or ReasonForm(),
        "alone": alone or ReasonForm(prefix=ALONE),
        "can_review": bool(may(request.tenure, "release.review")),
    }
    return render(request, "desk/release.html", context, status=status)
