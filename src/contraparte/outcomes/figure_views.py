"""The quarterly figures of two agencies: as a page with drawn bars and tables, and as CSV."""

import csv
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone

from contraparte.directory.models import Agency, Tenure
from contraparte.outcomes import collecting, presenting, queries
from contraparte.outcomes.forms import FiguresForm
from contraparte.outcomes.rules.figures import Figures
from contraparte.outcomes.rules.publishing import COLUMNS, Row, rows_of
from contraparte.outcomes.rules.quarters import Quarter
from contraparte.protocol.ids import agency_of
from contraparte.web.permissions import PageRequest, page
from contraparte.web.templatetags.pages import named

QUARTERS_BACK = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """What the reader asked for, and the answer."""

    form: FiguresForm
    figures: Figures | None
    rows: list[Row]
    public: bool
    other: str


@page("outcomes.figures")
def figures(request: PageRequest) -> HttpResponse:
    """The report as a page."""
    asked = asked_by(request.tenure, request.GET, timezone.now())
    wanted = [name for row in asked.rows for name in row.ids]
    places = queries.places_of(request.tenure, wanted) if wanted else {}
    names = _names(asked.figures.pair) if asked.figures else {}
    agency = agency_of(request.tenure.post_id)
    context = {
        "form": asked.form,
        "figures": asked.figures,
        "public": asked.public,
        "bars": presenting.bars_of(asked.rows),
        "tables": presenting.tables_of(asked.rows, places, names),
        "incomplete_since": collecting.incomplete_since(agency, asked.other) if asked.other else None,
        "agencies": names,
        "asked_for": request.GET.urlencode(),
    }
    return render(request, "outcomes/figures.html", context)


@page("outcomes.figures")
def figures_csv(request: PageRequest) -> HttpResponse:
    """The same figures for a spreadsheet."""
    asked = asked_by(request.tenure, request.GET, timezone.now())
    if asked.figures is None:
        raise Http404
    return csv_of(asked.figures, asked)


def csv_of(told: Figures, asked: Asked) -> HttpResponse:
    """A report as a CSV file."""
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    name = f"{told.quarter}-{'-'.join(told.pair)}{'-public' if asked.public else ''}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    write_csv(answer, told, asked.rows)
    return answer


def write_csv(to: Any, told: Figures, rows: list[Row]) -> None:
    """One line per figure; each line says which report it is of, so that lines of several may be put together."""
    writer = csv.writer(to)
    writer.writerow(["definitions", "quarter", "as_of", "pair", "post", *COLUMNS])
    head = [told.definitions, str(told.quarter), told.as_of.isoformat(), " ".join(told.pair), told.post]
    for row in rows:
        values = ["" if value is None else value for value in (getattr(row, name) for name in COLUMNS)]
        writer.writerow([*head, *values])


def asked_by(tenure: Tenure, query: QueryDict, now: datetime) -> Asked:
    """What a query asks of the agency's figures; what it leaves out is the first partner and this quarter."""
    agency = agency_of(tenure.post_id)
    partners = _names(collecting.partners_of(tenure))
    quarters = [Quarter.of(now.date())]
    for _ in range(QUARTERS_BACK):
        quarters.append(quarters[-1].previous)
    given = query.copy()
    given.setdefault("agency", next(iter(partners), ""))
    given.setdefault("quarter", str(quarters[0]))
    form = FiguresForm(
        given,
        agencies=list(partners.items()),
        quarters=[(str(one), str(one)) for one in quarters],
        posts=[("", named(tenure.post.agency)), (tenure.post_id, named(tenure.post))],
    )
    if not form.is_valid():
        return Asked(form, None, [], False, "")
    told = form.cleaned_data
    found = collecting.figures_of(
        agency, told["agency"], Quarter.parse(told["quarter"]), as_of=now, post=told["post"] or ""
    )
    return Asked(form, found, rows_of(found, public=told["public"]), told["public"], told["agency"])


def _names(agencies: Any) -> dict[str, str]:
    """Agency → its name in the reader's language, in the order of the names."""
    found = {row.pk: named(row) for row in Agency.objects.filter(pk__in=list(agencies))}
    told = {name: found.get(name, name) for name in agencies}
    return dict(sorted(told.items(), key=lambda entry: entry[1]))
