"""Duties of disclosure, for programs: declare, confirm as the second person, withdraw, object (P6.7).

Who decides here wants a token of the scope `release`: what is said leaves at once. That the second person is another
one than the first is asked of the persons behind the tokens.
"""

from typing import Any

from django.utils import timezone
from ninja import Router

from contraparte.desk import disclosures, items
from contraparte.desk.item_api import Told, read_form
from contraparte.desk.item_forms import CourtForm, DutyForm, ObjectForm
from contraparte.exchange import disclosing
from contraparte.exchange.models import DisclosureDuty
from contraparte.web.api.answers import once, posted
from contraparte.web.api.doors import ApiRequest, Opens

router = Router(tags=["items"])
OBJECTION_READ = "objection"  # the id of the objection that who confirms has read


@router.get("/items/{int:pk}/duties", auth=Opens("item.view", "read"))
def list_duties(request: ApiRequest, pk: int) -> dict[str, Any]:
    """The duties of disclosure declared about an item, on either side, the earliest first."""
    shown = disclosures.duties_of(items.item_for(request.tenure, pk), request.tenure)
    return {"items": [_told(one) for one in shown]}


@router.post("/items/{int:pk}/duties", auth=Opens("item.disclose", "release"))
def declare(request: ApiRequest, pk: int, told: Told) -> dict[str, Any]:
    """Declare that law or a court obliges to disclose the item. Leaves at once. Wants an Idempotency-Key."""
    item, form = items.item_for(request.tenure, pk), read_form(DutyForm(posted(told.fields)), told)
    return once(
        request,
        lambda: {"id": disclosing.declare_duty(item, by=request.tenure, now=timezone.now(), **form.cleaned_data).pk},
    )


@router.post("/duties/{int:pk}/confirm", auth=Opens("item.disclose", "release"))
def confirm(request: ApiRequest, pk: int, told: Told) -> dict[str, Any]:
    """Confirm as the second person: `court`, `filed_on`, and as `objection` the id of the one that was read, if any."""
    row = disclosures.duty_for(request.tenure, pk)
    fields = {name: value for name, value in told.fields.items() if name != OBJECTION_READ}
    form = read_form(CourtForm(posted(fields)), Told(fields=fields))
    filing = disclosing.confirm_duty(
        row, objection_read=str(told.fields.get(OBJECTION_READ, "")), by=request.tenure, now=timezone.now(),
        **form.cleaned_data,
    )  # fmt: skip
    return {"filing": filing.pk}


@router.post("/duties/{int:pk}/withdraw", auth=Opens("item.disclose", "release"))
def withdraw(request: ApiRequest, pk: int) -> dict[str, Any]:
    """Take back a declaration that nobody has confirmed. Leaves at once."""
    return _state(
        disclosing.withdraw_duty(disclosures.duty_for(request.tenure, pk), by=request.tenure, now=timezone.now())
    )


@router.post("/duties/{int:pk}/object", auth=Opens("item.disclose", "release"))
def object_to(request: ApiRequest, pk: int, told: Told) -> dict[str, Any]:
    """Object, as who sent the item. Leaves at once; it stops nothing."""
    row, form = disclosures.duty_for(request.tenure, pk), read_form(ObjectForm(posted(told.fields)), told)
    return _state(disclosing.object_to_duty(row, by=request.tenure, now=timezone.now(), **form.cleaned_data))


def _state(row: DisclosureDuty) -> dict[str, Any]:
    return {"id": row.pk, "state": row.state}


def _told(shown: disclosures.DutyShown) -> dict[str, Any]:
    row = shown.row
    return {
        "id": row.pk,
        "is_ours": row.ours,
        "state": shown.state,
        "basis": row.basis,
        "citation": row.citation,
        "court": row.court,
        "dated": row.dated,
        "declared_at": row.declared_at,
        "told_at": shown.told_at,
        "confirmed_at": row.confirmed_at,
        "withdrawn_at": row.withdrawn_at,
        "objection": shown.objection or None,
        "objection_ground": row.objection_ground,
        "objection_note": row.objection_note,
    }
