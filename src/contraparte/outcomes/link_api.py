"""Linked cases and the quarterly figures for programs: the same forms, queries and actions as the pages, in JSON."""

from dataclasses import replace
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router, Schema

from contraparte.exchange import actions as exchange
from contraparte.exchange.models import CaseFile
from contraparte.outcomes import collecting, queries
from contraparte.outcomes.actions import linking
from contraparte.outcomes.figure_views import Asked, asked_by, csv_of
from contraparte.outcomes.forms import LinkForm
from contraparte.outcomes.models import CaseLink
from contraparte.outcomes.rules.figures import Figures
from contraparte.outcomes.rules.publishing import to_json
from contraparte.protocol.ids import agency_of
from contraparte.web.api.answers import once, page_of, posted, require_valid
from contraparte.web.api.doors import ApiRequest, Opens

router = Router(tags=["outcomes"])


class Agreement(Schema):
    """Which of our cases is linked, by its number in `GET /cases`."""

    case: str


class Ending(Schema):
    """Why a link is declined, taken back or ended; may be empty."""

    reason: str = ""


@router.get("/cases", auth=Opens("outcomes.link", "read"))
def list_cases(request: ApiRequest, cursor: str = "") -> dict[str, Any]:
    """The cases of the post, for linking one, in the order of their numbers."""
    return page_of(queries.cases_of(request.tenure), cursor, _case)


@router.get("/links", auth=Opens("outcomes.view", "read"))
def list_links(request: ApiRequest, cursor: str = "") -> dict[str, Any]:
    """The linked cases of the post, asked for, agreed or ended, in the order of their numbers."""
    return page_of(queries.links_of(request.tenure), cursor, _told)


@router.get("/links/{int:pk}", auth=Opens("outcomes.view", "read"))
def show_link(request: ApiRequest, pk: int) -> dict[str, Any]:
    """One link of cases: how it stands, and what may be said now."""
    row = queries.link(request.tenure, pk)
    exchange.note_opened(row.conversation, by=request.tenure, now=timezone.now())
    steps = ["agree"] if not row.is_ours and row.state == CaseLink.State.ASKED else []
    return _told(row) | {"steps": [*steps, "end"] if row.state != CaseLink.State.ENDED else steps}


@router.post("/conversations/{int:pk}/links", auth=Opens("outcomes.link", "write"))
def ask_link(request: ApiRequest, pk: int) -> dict[str, Any]:
    """Ask the other side to link its case to ours. Leaves at once. Wants an Idempotency-Key."""
    about = queries.conversation(request.tenure, pk)
    return once(request, lambda: _state(linking.ask_link(about, by=request.tenure, now=timezone.now())))


@router.post("/links/{int:pk}/agree", auth=Opens("outcomes.link", "write"))
def agree_link(request: ApiRequest, pk: int, told: Agreement) -> dict[str, Any]:
    """Agree that one of our cases is linked. Wants an Idempotency-Key."""
    row = queries.link(request.tenure, pk)
    form = LinkForm(posted({"step": "agree", "case": told.case}), tenure=request.tenure)
    require_valid(form)
    case = queries.cases_of(request.tenure).get(pk=form.cleaned_data["case"])
    return once(request, lambda: _state(linking.agree_link(row, case, by=request.tenure, now=timezone.now())))


@router.post("/links/{int:pk}/end", auth=Opens("outcomes.link", "write"))
def end_link(request: ApiRequest, pk: int, told: Ending) -> dict[str, Any]:
    """Decline a link, take the question back, or end what was agreed. Wants an Idempotency-Key."""
    row = queries.link(request.tenure, pk)
    form = LinkForm(posted({"step": "end", "reason": told.reason}), tenure=request.tenure)
    require_valid(form)
    reason = form.cleaned_data["reason"]
    return once(request, lambda: _state(linking.end_link(row, reason=reason, by=request.tenure, now=timezone.now())))


@router.get("/figures", auth=Opens("outcomes.figures", "read"))
def show_figures(
    request: ApiRequest, agency: str = "", quarter: str = "", post: str = "", public: bool = False
) -> dict[str, Any]:
    """The quarterly figures with an agency; `ids` of figures are those the post may open. `public` hides few."""
    told, asked = _figures(request, agency, quarter, post, public)
    wanted = [name for row in asked.rows for name in row.ids]
    places = queries.places_of(request.tenure, wanted)
    rows = [replace(row, ids=tuple(one for one in row.ids if one in places)) for row in asked.rows]
    since = collecting.incomplete_since(agency_of(request.tenure.post_id), asked.other)
    return to_json(told, rows, incomplete_since=since.isoformat() if since else "")


@router.get("/figures.csv", auth=Opens("outcomes.figures", "read"))
def show_figures_csv(
    request: ApiRequest, agency: str = "", quarter: str = "", post: str = "", public: bool = False
) -> HttpResponse:
    """The same figures as CSV, a line for each."""
    return csv_of(*_figures(request, agency, quarter, post, public))


def _figures(request: ApiRequest, agency: str, quarter: str, post: str, public: bool) -> tuple[Figures, Asked]:
    given = {"agency": agency, "quarter": quarter, "post": post, "public": public}
    asked = asked_by(request.tenure, posted({name: one for name, one in given.items() if one}), timezone.now())
    require_valid(asked.form)
    assert asked.figures is not None
    return asked.figures, asked


def _case(row: CaseFile) -> dict[str, Any]:
    return {"id": row.pk, "number": row.number, "opened_at": row.opened_at}


def _told(row: CaseLink) -> dict[str, Any]:
    return {
        "id": row.pk,
        "uuid": str(row.uuid),
        "is_ours": row.is_ours,
        "state": row.state,
        "reason": row.reason,
        "case": row.case_id,
        "post": row.post_id,
        "counterpart": row.counterpart,
        "opened_at": row.opened_at,
        "changed_at": row.changed_at,
        "conversation": row.conversation_id,
        "about": row.about_id,
    }


def _state(row: CaseLink) -> dict[str, Any]:
    return {"link": row.pk, "state": row.state}
