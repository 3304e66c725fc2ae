"""The page of one item and what may be done there: ask, permit, refuse, withdraw, recall, file, hold, disclose.

Each step is one action of the exchange; a refusal shows the page again with what is wrong and keeps what was typed.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from contraparte.desk import disclosures, items, queries
from contraparte.desk.item_forms import (
    AskForm,
    ConfirmDutyForm,
    CourtForm,
    DutyForm,
    HoldForm,
    ObjectForm,
    RecallForm,
    RefuseForm,
)
from contraparte.desk.rights_words import (
    BASES,
    DUTY_STATES,
    GROUNDS,
    HOLD_REASONS,
    KINDS,
    OBJECTIONS,
    OUTCOMES,
    PERMISSION_STATES,
    RECALL_REASONS,
)
from contraparte.desk.words import PURPOSES
from contraparte.exchange import court, disclosing, holds, permissions, recalls
from contraparte.exchange.items import is_recalled
from contraparte.exchange.models import Message
from contraparte.protocol.errors import ContraparteError
from contraparte.web.permissions import PageRequest, may, page, require_post
from contraparte.web.wording import status_of, words_of

Forms = dict[str, forms.Form]
DUTY_ID = "duty_%s"  # its fields have the names of others on the page
FIELD_OF = {"recipients": "recipient", "purposes": "purpose"}


@page("item.view")
def show(request: PageRequest, pk: int) -> HttpResponse:
    """The item as it stands now."""
    return _page(request, items.item_for(request.tenure, pk))


@require_post("item.ask")
def ask(request: PageRequest, pk: int) -> HttpResponse:
    """Ask who sent it for a permission."""
    item, form = items.item_for(request.tenure, pk), AskForm(request.POST, spanish=_spanish())
    told = _("Asked. The answer comes into this conversation; nothing is allowed before.")
    return _do(
        request, item, lambda now: permissions.ask_permission(item, by=request.tenure, now=now, **form.asked()),
        told,
        name="ask", form=form,
    )  # fmt: skip


@require_post("item.decide")
def grant(request: PageRequest, pk: int) -> HttpResponse:
    """Permit what was asked."""
    row = items.permission_for(request.tenure, pk)
    told = _("Permitted, for what was asked and until then. You may withdraw it at any time.")
    return _do(
        request, row.item, lambda now: permissions.grant_permission(row, by=request.tenure, now=now),
        told,
    )  # fmt: skip


@require_post("item.decide")
def refuse(request: PageRequest, pk: int) -> HttpResponse:
    """Say no, on a ground."""
    row, form = items.permission_for(request.tenure, pk), RefuseForm(request.POST)
    return _do(
        request, row.item,
        lambda now: permissions.refuse_permission(row, by=request.tenure, now=now, **form.cleaned_data),
        _("Refused; who asked reads the ground."),
        name=f"refuse-{pk}", form=form,
    )  # fmt: skip


@require_post("item.decide")
def revoke(request: PageRequest, pk: int) -> HttpResponse:
    """Withdraw a permission."""
    row = items.permission_for(request.tenure, pk)
    told = _("Withdrawn. Whoever relies on it is told, and who has the item is named here when they answer.")
    return _do(
        request, row.item, lambda now: permissions.revoke_permission(row, by=request.tenure, now=now),
        told,
    )  # fmt: skip


@require_post("item.recall")
def recall(request: PageRequest, pk: int) -> HttpResponse:
    """Give the order that takes the item back from everybody who has it."""
    item, form = items.item_for(request.tenure, pk), RecallForm(request.POST)
    told = _("Recalled. Each holder answers by itself; who has not answered stands below.")
    return _do(
        request, item, lambda now: recalls.order_recall(item, by=request.tenure, now=now, **form.cleaned_data),
        told,
        name="recall", form=form,
    )  # fmt: skip


@require_post("item.file")
def put_on_file(request: PageRequest, pk: int) -> HttpResponse:
    """Record that it stands in a court file; of a recalled item, that it did so already."""
    item, form = items.item_for(request.tenure, pk), CourtForm(request.POST)
    record = court.note_filing if is_recalled(item) else court.file_in_court
    told = _("Recorded. Who sent the item gets a signed receipt that it was used.")
    return _do(
        request, item, lambda now: record(item, by=request.tenure, now=now, **form.cleaned_data),
        told,
        name="court", form=form,
    )  # fmt: skip


@require_post("item.hold")
def hold(request: PageRequest, pk: int) -> HttpResponse:
    """Stop the deletion on both sides."""
    item, form = items.item_for(request.tenure, pk), HoldForm(request.POST)
    return _do(
        request, item, lambda now: holds.place_hold(item, by=request.tenure, now=now, **form.cleaned_data),
        _("Held. It is not deleted here nor at the other side until you lift the hold."),
        name="hold", form=form,
    )  # fmt: skip


@require_post("item.hold")
def lift(request: PageRequest, pk: int) -> HttpResponse:
    """End a hold of this side."""
    row = items.hold_for(request.tenure, pk)
    told = _("The hold has ended; retention runs again.")
    return _do(
        request, row.item, lambda now: holds.lift_hold(row, by=request.tenure, now=now),
        told,
    )  # fmt: skip


@require_post("item.disclose")
def disclose(request: PageRequest, pk: int) -> HttpResponse:
    """Declare that law or a court obliges to disclose it."""
    item, form = items.item_for(request.tenure, pk), DutyForm(request.POST, auto_id=DUTY_ID)
    told = _("Declared. Who sent it is told; then a second authorising person confirms. Nothing is filed before.")
    return _do(
        request, item, lambda now: disclosing.declare_duty(item, by=request.tenure, now=now, **form.cleaned_data),
        told,
        name="disclose", form=form,
    )  # fmt: skip


@require_post("item.disclose")
def confirm_disclosure(request: PageRequest, pk: int) -> HttpResponse:
    """Confirm as the second person: it stands in the court file."""
    row, form = disclosures.duty_for(request.tenure, pk), ConfirmDutyForm(request.POST, auto_id=DUTY_ID)
    told = _("Confirmed and recorded. Who sent the item gets a signed receipt that it was used.")
    return _do(
        request, row.item, lambda now: disclosing.confirm_duty(row, by=request.tenure, now=now, **form.confirmed()),
        told,
        name="confirm", form=form,
    )  # fmt: skip


@require_post("item.disclose")
def withdraw_disclosure(request: PageRequest, pk: int) -> HttpResponse:
    """Take back a declaration that nobody has confirmed."""
    row = disclosures.duty_for(request.tenure, pk)
    told = _("Withdrawn; who sent the item is told.")
    return _do(request, row.item, lambda now: disclosing.withdraw_duty(row, by=request.tenure, now=now), told)


@require_post("item.disclose")
def object_to_disclosure(request: PageRequest, pk: int) -> HttpResponse:
    """Object, as who sent it."""
    row, form = disclosures.duty_for(request.tenure, pk), ObjectForm(request.POST, auto_id=DUTY_ID)
    told = _("Sent. Whoever must confirm the duty reads it first; the law may still oblige them.")
    return _do(
        request, row.item,
        lambda now: disclosing.object_to_duty(row, by=request.tenure, now=now, **form.cleaned_data),
        told,
        name="object", form=form,
    )  # fmt: skip


def _spanish() -> bool:
    return (get_language() or "").startswith("es")


def _do(
    request: PageRequest,
    item: Message,
    action: Callable[[Any], object],
    told: str,
    *,
    name: str = "",
    form: forms.Form | None = None,
) -> HttpResponse:
    """Run one action; a refusal shows the page as it stands now, with words for what was refused."""
    filled = {name: form} if form is not None else {}
    if form is not None and not form.is_valid():
        return _page(request, item, filled=filled, status=422)
    try:
        action(timezone.now())
    except ContraparteError as error:
        words = words_of(error)
        wrong = FIELD_OF.get(words.field, words.field)
        if form is not None and wrong in form.fields:
            form.add_error(wrong, words.remedy)
        fresh = items.item_for(request.tenure, item.pk)
        return _page(request, fresh, filled=filled, error=error, status=status_of(error))
    messages.success(request, told)
    return redirect("desk:item", item.pk)


def _page(
    request: PageRequest,
    item: Message,
    *,
    filled: Forms | None = None,
    error: ContraparteError | None = None,
    status: int = 200,
) -> HttpResponse:
    now = timezone.now()
    shown, tenure, given = items.page_of(item, now), request.tenure, filled or {}
    context = {
        "item": shown,
        "conversation": item.conversation,
        "title": queries.titles_of([item.conversation], tenure)[item.conversation_id],
        "posts": queries.names_of(items.posts_on(shown)),
        "now": now,
        "words": words_of(error) if error is not None else None,
        "ways": error.params.get("ways", ()) if error is not None else (),
        "ask_form": given.get("ask") or AskForm(spanish=_spanish()),
        "recall_form": given.get("recall") or RecallForm(),
        "court_form": given.get("court") or CourtForm(),
        "hold_form": given.get("hold") or HoldForm(),
        "refuse_form": next((form for name, form in given.items() if name.startswith("refuse-")), RefuseForm()),
        "opened": next(iter(given), ""),
        "can_ask": bool(may(tenure, "item.ask")),
        "can_decide": bool(may(tenure, "item.decide")),
        "can_recall": bool(may(tenure, "item.recall")),
        "can_file": bool(may(tenure, "item.file")),
        "can_hold": bool(may(tenure, "item.hold")),
        "kinds": KINDS,
        "states": PERMISSION_STATES,
        "purpose_words": PURPOSES,
        "outcomes": OUTCOMES,
        "recall_reasons": RECALL_REASONS,
        "grounds": GROUNDS,
        "hold_reasons": HOLD_REASONS,
        **_duties(request, shown, given),
    }
    return render(request, "desk/item.html", context, status=status)


def _duties(request: PageRequest, shown: items.ItemPage, given: Forms) -> dict[str, Any]:
    """What the section on duties of disclosure shows."""
    duties = disclosures.duties_of(shown.row, request.tenure)
    waiting = next((one for one in duties if one.may_confirm), None)
    first = {"court": waiting.row.court, "objection": waiting.objection} if waiting else {}
    may_need = items.may_need_duty(shown)
    return {
        "duties": duties,
        "may_need_duty": may_need,
        "can_disclose": bool(may(request.tenure, "item.disclose")),
        "can_declare": may_need and not any(one.may_withdraw for one in duties),
        "duty_form": given.get("disclose") or DutyForm(auto_id=DUTY_ID),
        "confirm_form": given.get("confirm") or ConfirmDutyForm(initial=first, auto_id=DUTY_ID),
        "object_form": given.get("object") or ObjectForm(auto_id=DUTY_ID),
        "bases": BASES,
        "duty_states": DUTY_STATES,
        "objections": OBJECTIONS,
    }
