"""What may be made of an inquiry beside its steps, for programs: by the forms, queries and actions of the pages.

`ways` of an inquiry names the calls that are open now.
"""

from typing import Any

from django.http import Http404
from django.utils import timezone
from ninja import Router, Schema

from contraparte.inquiries import presenting, queries
from contraparte.inquiries.actions.asking import convert_lead, redirect_request
from contraparte.inquiries.actions.handing import hand_on, return_back
from contraparte.inquiries.actions.sharing import comment_on_draft, share_draft, take_up
from contraparte.inquiries.api import done
from contraparte.inquiries.handing_views import HandForm
from contraparte.inquiries.models import Inquiry
from contraparte.inquiries.sharing_views import CommentForm, ShareForm
from contraparte.inquiries.standings import standing_of
from contraparte.inquiries.ways import INITIATOR, RESPONDER, formal_instruments, is_lead, transferred_to
from contraparte.protocol.errors import ApiFieldError, InquirySentError
from contraparte.web.api.answers import once, posted, require_valid
from contraparte.web.api.doors import ApiRequest, Opens

router = Router(tags=["inquiries"])


class Conversion(Schema):
    """What the formal request is based on."""

    instrument: str


class Showing(Schema):
    """What is asked about a draft, and where it is to be sent on to, if it is."""

    question: str = ""
    send_on_to: str = ""


class Word(Schema):
    """Whether a draft is complete for this side, and what is missing."""

    verdict: str
    text: str = ""


class Handing(Schema):
    """To which post of the agency, with which comments."""

    to: str
    note: str = ""


class Returning(Schema):
    """Why it goes back."""

    note: str


@router.get("/inquiries/{int:pk}/gaps", auth=Opens("inquiries.ask", "read"))
def show_gaps(request: ApiRequest, pk: int) -> dict[str, Any]:
    """Every gap of a request that has not left, with what to do about it."""
    found = queries.own_inquiry(request.tenure, pk, INITIATOR)
    if queries.has_left(found):
        raise InquirySentError
    report = presenting.report_of(found.typed)
    return {
        "score": report.score,
        "is_complete": report.is_complete,
        "gaps": [
            {
                "field": gap.field,
                "code": gap.code,
                "measure": shown.row,
                "warns": gap.warns,
                "what": str(shown.what),
                "remedy": str(shown.remedy),
            }
            for gap, shown in zip(report.gaps, presenting.shown_gaps(report), strict=True)
        ],
    }


@router.post("/inquiries/{int:pk}/convert", auth=Opens("inquiries.ask", "write"))
def convert(request: ApiRequest, pk: int, told: Conversion) -> dict[str, Any]:
    """Make a formal request of a lead: pre-filled, linked, counted once. Wants an Idempotency-Key."""
    found = queries.inquiry(request.tenure, pk)
    if found.post_id != request.tenure.post_id:
        raise Http404
    if told.instrument not in dict(formal_instruments()):
        raise ApiFieldError(field="instrument", fields={"instrument": ["unknown"]})

    def act() -> dict[str, Any]:
        now = timezone.now()
        if not is_lead(standing_of(found, now)) and not found.followers.exists():
            raise Http404
        return _made(convert_lead(found, instrument=told.instrument, by=request.tenure, now=now))

    return once(request, act)


@router.post("/inquiries/{int:pk}/redirect", auth=Opens("inquiries.ask", "write"))
def redirect(request: ApiRequest, pk: int) -> dict[str, Any]:
    """Ask the post that was named as competent, with the same request. Wants an Idempotency-Key."""
    found = queries.own_inquiry(request.tenure, pk, INITIATOR)

    def act() -> dict[str, Any]:
        now = timezone.now()
        to = transferred_to(standing_of(found, now))
        if not to:
            raise Http404
        return _made(redirect_request(found, to=to, by=request.tenure, now=now))

    return once(request, act)


@router.post("/inquiries/{int:pk}/share", auth=Opens("inquiries.ask", "write"))
def share(request: ApiRequest, pk: int, told: Showing) -> dict[str, Any]:
    """Draft what is typed so far to be shown to the other side; it waits for release. Wants an Idempotency-Key."""
    found = queries.own_inquiry(request.tenure, pk, INITIATOR)
    form = ShareForm(posted(told.dict()))
    require_valid(form)
    return once(request, lambda: done(share_draft(found, **form.cleaned_data, by=request.tenure, now=timezone.now())))


@router.post("/inquiries/{int:pk}/comment", auth=Opens("inquiries.step", "write"))
def comment(request: ApiRequest, pk: int, told: Word) -> dict[str, Any]:
    """Say whether a draft that was shown is complete for this side. Leaves at once. Wants an Idempotency-Key."""
    found = queries.own_inquiry(request.tenure, pk, RESPONDER)
    form = CommentForm(posted(told.dict()))
    require_valid(form)
    return once(
        request, lambda: done(comment_on_draft(found, **form.cleaned_data, by=request.tenure, now=timezone.now()))
    )


@router.post("/inquiries/{int:pk}/take", auth=Opens("inquiries.ask", "write"))
def take(request: ApiRequest, pk: int) -> dict[str, Any]:
    """Take a shown draft up as a request of one's own, to be sent on. Wants an Idempotency-Key."""
    found = queries.own_inquiry(request.tenure, pk, RESPONDER)
    return once(request, lambda: _made(take_up(found, by=request.tenure, now=timezone.now())))


@router.post("/inquiries/{int:pk}/hand", auth=Opens("inquiries.ask", "write"))
def hand(request: ApiRequest, pk: int, told: Handing) -> dict[str, Any]:
    """Hand a request to another post of the agency before it leaves. Wants an Idempotency-Key."""
    found = queries.own_inquiry(request.tenure, pk, INITIATOR)
    form = HandForm(posted(told.dict()))
    require_valid(form)
    return once(
        request, lambda: {"post": hand_on(found, **form.cleaned_data, by=request.tenure, now=timezone.now()).end_id}
    )


@router.post("/inquiries/{int:pk}/hand-back", auth=Opens("inquiries.ask", "write"))
def hand_back(request: ApiRequest, pk: int, told: Returning) -> dict[str, Any]:
    """Return a request to the post that handed it over, with comments. Wants an Idempotency-Key."""
    found = queries.own_inquiry(request.tenure, pk, INITIATOR)
    form = HandForm(posted(told.dict()))
    require_valid(form)
    note = form.cleaned_data["note"]
    return once(request, lambda: {"post": return_back(found, note=note, by=request.tenure, now=timezone.now()).end_id})


def _made(row: Inquiry) -> dict[str, Any]:
    return {"id": row.pk, "reference": row.reference}
