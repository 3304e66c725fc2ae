"""What may be done with an item, for programs: ask, permit, refuse, withdraw, recall, file in court, hold.

The forms of the page read what a program writes. What only an authorising person decides wants a token of the scope
`release`: it leaves at once, with nobody else between.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django import forms
from django.utils import timezone
from ninja import Router, Schema

from contraparte.desk import items, queries
from contraparte.desk.item_forms import AskForm, CourtForm, HoldForm, RecallForm, RefuseForm
from contraparte.exchange import court, holds, permissions, recalls
from contraparte.exchange.items import is_recalled
from contraparte.exchange.models import Hold, Permission
from contraparte.protocol.errors import ContraparteError
from contraparte.web.api.answers import once, page_of, posted, require_known, require_valid
from contraparte.web.api.doors import ApiRequest, Opens

router = Router(tags=["items"])
Form = TypeVar("Form", bound=forms.Form)
FIELD_OF = {"recipients": "recipient", "purposes": "purpose"}  # as the form calls what the action names


class Told(Schema):
    """What is said: the fields of the form on the page of an item."""

    fields: dict[str, str | bool | list[str]] = {}


@router.get("/items/{int:pk}", auth=Opens("item.view", "read"))
def show_item(request: ApiRequest, pk: int) -> dict[str, Any]:
    """One item, by the `id` its message has in the conversation: marking, permissions, holders, filings, holds."""
    shown = items.page_of(items.item_for(request.tenure, pk), timezone.now())
    row = shown.row
    return {
        "id": row.pk,
        "uuid": str(row.uuid),
        "type": row.type,
        "conversation": row.conversation_id,
        "is_ours": shown.is_ours,
        "is_erased": shown.is_erased,
        "recalled": {"reason": shown.recall.reason, "at": shown.recall.at} if shown.recall else None,
        "marking": shown.marking,
        "uses": [{"kind": one.kind, "is_allowed": one.is_allowed, "reason": one.reason} for one in shown.uses],
        "fates": [{"kind": kind, "at": at} for kind, at in shown.fates],
        "onward": [{"post": one.post, "at": one.at, "opened_at": one.opened_at} for one in shown.onward],
        "permissions": [_permission_told(one) for one in shown.permissions],
        "holders": [_holder(one) for one in shown.holders],
        "unnamed": shown.unnamed,
        "filings": [{"id": one.pk, "court": one.court, "filed_on": one.filed_on} for one in shown.filings],
        "holds": [_hold_told(one) for one in shown.holds],
    }


@router.get("/permissions", auth=Opens("item.view", "read"))
def list_permissions(request: ApiRequest, cursor: str = "") -> dict[str, Any]:
    """Permissions about items of the post, asked for from either side, in the order of their numbers."""
    rows = Permission.objects.filter(item__conversation__in=queries.conversations_of(request.tenure))
    return page_of(rows.select_related("item"), cursor, _permission_told)


@router.post("/items/{int:pk}/permissions", auth=Opens("item.ask", "write"))
def ask(request: ApiRequest, pk: int, told: Told) -> dict[str, Any]:
    """Ask who sent the item for a permission. Leaves at once. Wants an Idempotency-Key."""
    item, form = items.item_for(request.tenure, pk), read_form(AskForm(posted(told.fields)), told)

    def act() -> dict[str, Any]:
        row = permissions.ask_permission(item, by=request.tenure, now=timezone.now(), **form.asked())
        return {"id": row.pk, "state": row.state}

    with _own_names():
        return once(request, act)


@router.post("/permissions/{int:pk}/grant", auth=Opens("item.decide", "release"))
def grant(request: ApiRequest, pk: int) -> dict[str, Any]:
    """Permit what was asked. Leaves at once."""
    return _state(
        permissions.grant_permission(items.permission_for(request.tenure, pk), by=request.tenure, now=timezone.now())
    )


@router.post("/permissions/{int:pk}/refuse", auth=Opens("item.decide", "release"))
def refuse(request: ApiRequest, pk: int, told: Told) -> dict[str, Any]:
    """Say no, on a ground. Leaves at once."""
    row, form = items.permission_for(request.tenure, pk), read_form(RefuseForm(posted(told.fields)), told)
    return _state(permissions.refuse_permission(row, by=request.tenure, now=timezone.now(), **form.cleaned_data))


@router.post("/permissions/{int:pk}/revoke", auth=Opens("item.decide", "release"))
def revoke(request: ApiRequest, pk: int) -> dict[str, Any]:
    """Withdraw a permission. Leaves at once."""
    return _state(
        permissions.revoke_permission(items.permission_for(request.tenure, pk), by=request.tenure, now=timezone.now())
    )


@router.post("/items/{int:pk}/recall", auth=Opens("item.recall", "write"))
def recall(request: ApiRequest, pk: int, told: Told) -> dict[str, Any]:
    """Take the item back from everybody who has it. Leaves at once. Wants an Idempotency-Key."""
    item, form = items.item_for(request.tenure, pk), read_form(RecallForm(posted(told.fields)), told)

    def act() -> dict[str, Any]:
        rows = recalls.order_recall(item, by=request.tenure, now=timezone.now(), **form.cleaned_data)
        return {"orders": [{"id": row.pk, "post": row.other} for row in rows]}

    return once(request, act)


@router.post("/items/{int:pk}/filings", auth=Opens("item.file", "write"))
def put_on_file(request: ApiRequest, pk: int, told: Told) -> dict[str, Any]:
    """Record that the item stands in a court file; of a recalled one, that it did already. Wants an Idempotency-Key."""
    item, form = items.item_for(request.tenure, pk), read_form(CourtForm(posted(told.fields)), told)
    record = court.note_filing if is_recalled(item) else court.file_in_court
    return once(request, lambda: {"id": record(item, by=request.tenure, now=timezone.now(), **form.cleaned_data).pk})


@router.post("/items/{int:pk}/holds", auth=Opens("item.hold", "release"))
def hold(request: ApiRequest, pk: int, told: Told) -> dict[str, Any]:
    """Stop the deletion of the item on both sides. Leaves at once. Wants an Idempotency-Key."""
    item, form = items.item_for(request.tenure, pk), read_form(HoldForm(posted(told.fields)), told)
    return once(
        request,
        lambda: {"id": holds.place_hold(item, by=request.tenure, now=timezone.now(), **form.cleaned_data).pk},
    )


@router.post("/holds/{int:pk}/lift", auth=Opens("item.hold", "release"))
def lift(request: ApiRequest, pk: int) -> dict[str, Any]:
    """End a hold of this side. Leaves at once; ending it twice is nothing."""
    row = items.hold_for(request.tenure, pk)
    return _hold_told(holds.lift_hold(row, by=request.tenure, now=timezone.now()))


def read_form(form: Form, told: Told) -> Form:
    """The form, read. Raises ApiFieldError naming every field that cannot be."""
    require_known(told.fields, set(form.fields))
    require_valid(form)
    return form


@contextmanager
def _own_names() -> Iterator[None]:
    """A field that is wrong is named as the caller has written it."""
    try:
        yield
    except ContraparteError as error:
        if error.params.get("field") in FIELD_OF:
            error.params["field"] = FIELD_OF[error.params["field"]]
        raise


def _state(row: Permission) -> dict[str, Any]:
    return {"id": row.pk, "state": row.state}


def _permission_told(row: Permission) -> dict[str, Any]:
    return {
        "id": row.pk,
        "uuid": str(row.uuid),
        "item": row.item_id,
        "side": row.side,
        "other": row.other,
        "kind": row.kind,
        "recipients": row.recipients,
        "purposes": row.purposes,
        "why": row.why,
        "until": row.until,
        "state": row.state,
        "ground": row.ground,
        "note": row.note,
        "asked_at": row.asked_at,
        "decided_at": row.decided_at,
        "revoked_at": row.revoked_at,
        "onward": row.onward,
    }


def _holder(row: recalls.Holder) -> dict[str, Any]:
    return {
        "post": row.post,
        "item": row.item,
        "since": row.since,
        "outcome": row.outcome,
        "answered_at": row.answered_at,
        "opened_at": row.opened_at,
        "court": row.court,
        "filed_on": row.filed_on,
        "through": row.through,
    }


def _hold_told(row: Hold) -> dict[str, Any]:
    return {
        "id": row.pk,
        "is_ours": row.ours,
        "reason": row.reason,
        "review_on": row.review_on,
        "placed_at": row.placed_at,
        "lifted_at": row.lifted_at,
    }
