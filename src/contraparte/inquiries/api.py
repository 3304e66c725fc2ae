"""Inquiries for programs: the same forms, queries and actions as the pages, in JSON.

What a program writes is read by the very forms of the pages, so a field that a page refuses is refused here by the
same name. Creating calls want an Idempotency-Key, edits the ETag of what was read.
"""

from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpResponse
from django.utils import timezone
from ninja import Router, Schema

from contraparte.exchange import actions as exchange
from contraparte.exchange.models import Draft, Message
from contraparte.exchange.writing import writing
from contraparte.inquiries import queries
from contraparte.inquiries.actions.asking import open_inquiry, save_inquiry
from contraparte.inquiries.actions.stepping import request_body, take_step
from contraparte.inquiries.form_views import Filled
from contraparte.inquiries.forms import StepForm
from contraparte.inquiries.models import Inquiry
from contraparte.inquiries.presenting import authorship
from contraparte.inquiries.rules.lifecycle import STEPS
from contraparte.inquiries.standings import standing_of, standings_of
from contraparte.inquiries.ways import transferred_to, ways_of
from contraparte.inquiries.wording import measure_words
from contraparte.protocol.errors import ApiFieldError
from contraparte.web.api.answers import once, page_of, posted, require_known, require_match, require_valid, tag_of
from contraparte.web.api.doors import ApiRequest, Opens

router = Router(tags=["inquiries"])
ROW_KINDS = ("offences", "measures", "persons")
MOST_ROWS = 100  # more than any form takes, which says so itself


class Typed(Schema):
    """A request as the form of the pages has it: field → what was typed; rows in `offences`, `measures`, `persons`."""

    fields: dict[str, str | bool | list[str]] = {}
    offences: list[dict[str, str | bool]] = []
    measures: list[dict[str, str | bool]] = []
    persons: list[dict[str, str | bool]] = []


class Opening(Schema):
    """How a request is drafted. With `leave_out`, measures that have gaps are held back and the others go."""

    leave_out: bool = False


class StepTold(Schema):
    """What is said with a step: the fields of its form."""

    fields: dict[str, str | bool | list[str]] = {}


@router.get("/inquiries", auth=Opens("inquiries.view", "read"))
def list_inquiries(request: ApiRequest, cursor: str = "", updated_since: datetime | None = None) -> dict[str, Any]:
    """Inquiries of the post in the order of their numbers; `updated_since` leaves out those nothing happened in."""
    rows = _dated(queries.inquiries_of(request.tenure))
    if updated_since is not None:
        if updated_since.tzinfo is None:
            raise ApiFieldError(field="updated_since", fields={"updated_since": ["timezone_aware"]})
        rows = rows.filter(updated_at__gte=updated_since)
    page = page_of(rows, cursor, lambda row: {"row": row})
    now = timezone.now()
    standings = standings_of([one["row"] for one in page["items"]], now)
    page["items"] = [_line(one["row"], standings[one["row"].pk].state) for one in page["items"]]
    return page


@router.get("/inquiries/{int:pk}", auth=Opens("inquiries.view", "read"))
def show_inquiry(request: ApiRequest, pk: int, response: HttpResponse) -> dict[str, Any]:
    """One inquiry: where it stands, which steps and ways are open, what was said; before it left, what is typed."""
    found = queries.inquiry(request.tenure, pk)
    if found.conversation is not None:
        exchange.note_opened(found.conversation, by=request.tenure, now=timezone.now())
    standing = standing_of(found, timezone.now())
    response["ETag"] = tag(found)
    linked, written = queries.inquiries_of(request.tenure), authorship(found)
    return _line(found, standing.state) | {
        "steps": list(standing.steps),
        "ways": ways_of(standing, request.tenure),
        "transferred_to": transferred_to(standing),
        "lead": linked.filter(pk=found.lead_id).values_list("pk", flat=True).first() if found.lead_id else None,
        "followers": list(linked.filter(lead=found).values_list("pk", flat=True)[:MOST_ROWS]),
        "typed": found.typed,
        "draft": standing.draft.pk if standing.draft else None,
        "marking": found.marking,
        "versions": [
            {"number": one.number, "digest": one.digest, "author": one.author or one.by.post_id, "at": one.at}
            for one in written["versions"]
        ],
        "legs": [
            {
                "kind": one.row.kind,
                "from": one.row.start_id,
                "to": one.row.end_id,
                "note": one.row.note,
                "at": one.row.at,
            }
            for one in written["legs"]
        ],
        "shared": [
            {
                "id": str(one.row.uuid),
                "at": one.row.at,
                "type": one.row.type,
                "is_ours": one.row.direction == "out",
                "content": one.content.body if one.content is not None else None,
            }
            for one in queries.shared_in(found)
        ],
        "thread": [
            {
                "id": said.event.uuid,
                "at": said.event.at,
                "side": said.event.side,
                "step": said.event.step,
                "is_recalled": said.is_recalled,
                "content": said.content.body if said.content is not None else None,
            }
            for said in queries.thread(standing)
        ],
        "owed": [{"stage": one.stage, "holder": one.holder, "due_at": one.due_at} for one in queries.owed_in(found)],
    }


@router.post("/inquiries", auth=Opens("inquiries.ask", "write"))
def create_inquiry(request: ApiRequest, told: Typed) -> dict[str, Any]:
    """Keep a request as typed, complete or not. Nothing leaves by this. Wants an Idempotency-Key."""
    typed = _read(request, told)

    def act() -> dict[str, Any]:
        row = save_inquiry(typed, by=request.tenure, now=timezone.now())
        return {"id": row.pk, "reference": row.reference}

    return once(request, act)


@router.put("/inquiries/{int:pk}", auth=Opens("inquiries.ask", "write"))
def edit_inquiry(request: ApiRequest, pk: int, told: Typed, response: HttpResponse) -> dict[str, Any]:
    """Replace what was typed of a request that has not left. Wants the ETag that was read as If-Match."""
    found = queries.inquiry(request.tenure, pk)
    typed = _read(request, told)
    with writing(request.tenure.post.agency_id):
        held = Inquiry.objects.select_for_update(of=("self",)).get(pk=found.pk)
        require_match(request, tag(held))
        row = save_inquiry(typed, by=request.tenure, now=timezone.now(), inquiry=held)
    response["ETag"] = tag(row)
    return {"id": row.pk, "reference": row.reference}


@router.post("/inquiries/{int:pk}/open", auth=Opens("inquiries.ask", "write"))
def draft_inquiry(request: ApiRequest, pk: int, told: Opening) -> dict[str, Any]:
    """Draft the request for release, or name every gap; a liaison note leaves at once. Wants an Idempotency-Key."""
    found = queries.inquiry(request.tenure, pk)
    return once(
        request,
        lambda: done(open_inquiry(found, by=request.tenure, now=timezone.now(), leave_out=told.leave_out)),
    )


@router.post("/inquiries/{int:pk}/steps/{step}", auth=Opens("inquiries.step", "write"))
def step_inquiry(request: ApiRequest, pk: int, step: str, told: StepTold) -> dict[str, Any]:
    """Take a step: a draft that waits for release, or a message that has left. Wants an Idempotency-Key."""
    found = queries.inquiry(request.tenure, pk)
    if step not in STEPS or not queries.may_act(request.tenure, found):
        raise Http404
    form = StepForm(
        posted(told.fields),
        step=step,
        measures=[
            (int(one["number"]), measure_words(one.get("code", ""))) for one in request_body(found).get("measures", ())
        ],
        posts=queries.competent_posts(request.tenure) if step == "transfer" else (),
        is_formal=found.family == Inquiry.Family.LETTER,
    )
    require_known(told.fields, set(form.fields))
    require_valid(form)
    body, marked = (form.body(), form.marked()) if form.fields else ({}, {})
    return once(
        request, lambda: done(take_step(found, step, body, by=request.tenure, now=timezone.now(), marked=marked))
    )


def _dated(rows: QuerySet[Inquiry]) -> QuerySet[Any]:
    latest = Message.objects.filter(conversation=OuterRef("conversation")).order_by("-at").values("at")[:1]
    return rows.annotate(updated_at=Coalesce(Subquery(latest), "opened_at"))


def _line(row: Inquiry, state: str) -> dict[str, Any]:
    return {
        "id": row.pk,
        "reference": row.reference,
        "their_reference": row.their_reference,
        "family": row.family,
        "instrument": row.instrument,
        "side": row.side,
        "post": row.post_id,
        "counterpart": row.counterpart,
        "state": state,
        "urgency": row.urgency,
        "opened_at": row.opened_at,
        "conversation": row.conversation_id,
    }


def tag(row: Inquiry) -> str:
    """The entity tag of what is typed of a request."""
    return tag_of([row.pk, row.typed])


def done(told: Draft | str) -> dict[str, Any]:
    """What came of a call: a draft that waits for its release, or the message that has left."""
    return {"draft": told.pk, "message": None} if isinstance(told, Draft) else {"draft": None, "message": told}


def _read(request: ApiRequest, told: Typed) -> dict[str, Any]:
    """What the form of the pages reads. Raises ApiFieldError naming every field that cannot be read."""
    data = posted(told.fields)
    for kind in ROW_KINDS:
        rows = getattr(told, kind)[:MOST_ROWS]
        data[f"{kind}-TOTAL_FORMS"], data[f"{kind}-INITIAL_FORMS"] = str(len(rows)), "0"
        for place, row in enumerate(rows):
            for name, value in row.items():
                if value is not False:
                    data[f"{kind}-{place}-{name}"] = "on" if value is True else str(value)
    filled = Filled(request.tenure, {}, data=data)
    require_known(told.fields, set(filled.form.fields))
    if not filled.is_readable:
        require_valid(filled.form)
        for kind, rows in filled.rows.items():
            for place, form in enumerate(rows.forms):
                require_valid(form, prefix=f"{kind}.{place}.")
        wrong = next(kind for kind, rows in filled.rows.items() if not rows.is_valid())
        raise ApiFieldError(field=wrong, fields={wrong: list(map(str, filled.rows[wrong].non_form_errors()))})
    return filled.typed()
