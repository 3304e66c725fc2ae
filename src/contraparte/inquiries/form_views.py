"""The one form for every kind of inquiry: it adapts to what the request is based on and lists its gaps as one types."""

from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from contraparte.directory.models import Tenure
from contraparte.exchange.models import Draft
from contraparte.inquiries import presenting, queries
from contraparte.inquiries.actions.asking import open_inquiry, save_inquiry, with_translation
from contraparte.inquiries.catalogue import catalogue
from contraparte.inquiries.forms import ROW_FORMS, ROWS_OF, SECTIONS, InquiryForm, row_set, rows_typed
from contraparte.inquiries.models import Inquiry
from contraparte.inquiries.standings import standing_of
from contraparte.inquiries.wording import STATES
from contraparte.protocol.errors import ContraparteError, InquirySentError
from contraparte.web.permissions import PageRequest, form_page, require_post
from contraparte.web.wording import Words, status_of, words_of

NEEDED = {
    "facts": ("facts",),
    "purpose": ("purpose",),
    "authority": ("requesting_authority", "competent_authority"),
    "translation": ("translation_hash", "translated_by"),
    "note": ("note_subject", "note_what", "note_when", "note_asked"),
}
MEASURE = {"code", "object", "nexus"}


class Filled:
    """The form and its rows as one: what was typed, whether it can be read, what is missing."""

    def __init__(self, tenure: Tenure, typed: dict[str, Any], *, data: QueryDict | None) -> None:
        self.form = InquiryForm(data, initial=typed, posts=queries.addressees(tenure), use_required_attribute=False)
        code = str(data.get("instrument", "")) if data is not None else str(typed.get("instrument", ""))
        instrument = catalogue().instruments.get(code)
        self.instrument = instrument
        self.family: str = instrument.family if instrument else ""
        more = str(data.get("add", "")) if data is not None else ""
        self.rows = {
            kind: row_set(kind, _managed(data, kind), typed, family=self.family, more=kind == more)
            for kind in ROWS_OF.get(self.family, ())
        }
        self._before = typed

    @property
    def is_readable(self) -> bool:
        """Whether every field can be read; asked of all, so that each says what is wrong with it."""
        return all([self.form.is_valid(), *(rows.is_valid() for rows in self.rows.values())])

    def typed(self) -> dict[str, Any]:
        """What was typed. Fields the chosen instrument does not show are left behind."""
        shown = {name for names in SECTIONS.get(self.family, {}).values() for name in names}
        told = {
            name: value
            for name, value in self.form.typed().items()
            if name in shown or name in {"instrument", "counterpart"}
        }
        told |= {kind: rows_typed(rows) for kind, rows in self.rows.items()}
        return with_translation(told, self._before)

    def _mark_needed(self) -> None:
        """Have labels say which fields are optional for this instrument. Judged they are by completeness only."""
        needs = self.instrument.needs if self.instrument else frozenset()
        names = {name for need in needs for name in NEEDED.get(need, ())} | {"instrument", "counterpart"}
        if self.instrument and self.instrument.articles:
            names.add("article")
        for name in names & self.form.fields.keys():
            self.form.fields[name].required = True
        needed = {"offences": {"code", "text"} if "statute" in needs else {"code"}, "measures": MEASURE}
        for kind, rows in self.rows.items():
            for form in rows.forms:
                for name in needed.get(kind, set()):
                    form.fields[name].required = True

    def context(self) -> dict[str, Any]:
        """What the templates need."""
        sections = SECTIONS.get(self.family, {})
        self._mark_needed()
        return {
            "form": self.form,
            "family": self.family,
            "instrument": self.instrument,
            "sections": {name: [self.form[field] for field in fields] for name, fields in sections.items()},
            "rows": list(self.rows.items()),
        }


def _managed(data: Any, kind: str) -> Any:
    """The posted data with a management form for rows that were not on the page before."""
    if data is None or f"{kind}-TOTAL_FORMS" in data:
        return data
    data = data.copy()
    data |= {f"{kind}-TOTAL_FORMS": "1", f"{kind}-INITIAL_FORMS": "0"}
    return data


@form_page("inquiries.ask")
def new(request: PageRequest) -> HttpResponse:
    """Ask: choose what the request is based on, then fill in what that needs."""
    typed = {
        "instrument": request.GET.get("instrument", "")[:60],
        "counterpart": request.GET.get("to", "")[:106],
    }
    return _form(request, None, {name: value for name, value in typed.items() if value})


@form_page("inquiries.ask")
def edit(request: PageRequest, pk: int) -> HttpResponse:
    """Go on with a request that has not left."""
    found = queries.inquiry(request.tenure, pk)
    return _form(request, found, dict(found.typed))


def _form(request: PageRequest, found: Inquiry | None, typed: dict[str, Any]) -> HttpResponse:
    is_sent = found is not None and standing_of(found, timezone.now()).settled.state != "draft"
    filled = Filled(request.tenure, typed, data=request.POST if request.method == "POST" else None)
    if request.method != "POST":
        error = InquirySentError() if is_sent else None
        return _page(request, found, filled, report=presenting.report_of(typed), error=error)
    if request.POST.get("add") in ROW_FORMS or request.POST.get("do") == "adapt":
        report = presenting.report_of(filled.typed()) if filled.is_readable else None
        return _page(request, found, filled, report=report)
    if not filled.is_readable:
        return _page(request, found, filled, report=None, status=422)
    return _keep(request, found, filled)


def _keep(request: PageRequest, found: Inquiry | None, filled: Filled) -> HttpResponse:
    """Save what was typed; with "draft" also draft it for release, or name every gap."""
    told = filled.typed()
    now = timezone.now()
    try:
        kept = save_inquiry(told, by=request.tenure, now=now, inquiry=found)
        if request.POST.get("do") != "draft":
            return redirect("inquiries:inquiry", kept.pk)
        found = kept
        done = open_inquiry(kept, by=request.tenure, now=now, leave_out=bool(request.POST.get("leave_out")))
    except ContraparteError as refusal:
        return _page(request, found, filled, report=presenting.report_of(told), error=refusal)
    if isinstance(done, Draft):
        return redirect(presenting.release_url(done))
    return redirect("inquiries:inquiry", kept.pk)


def _page(
    request: PageRequest,
    found: Inquiry | None,
    filled: Filled,
    *,
    report: Any,
    error: ContraparteError | None = None,
    status: int = 200,
) -> HttpResponse:
    words: Words | None = words_of(error) if error is not None else None
    if words is not None and words.field in filled.form.fields and filled.form.is_bound:
        filled.form.add_error(words.field, f"{words.title} {words.remedy}")
    state = standing_of(found, timezone.now()) if found is not None else None
    context = {
        **filled.context(),
        **_report_context(report),
        "inquiry": found,
        "words": words,
        "state_words": STATES[state.state] if state else "",
        "note": state.draft.note if state and state.draft else "",
        "action": reverse("inquiries:edit", args=[found.pk]) if found is not None else reverse("inquiries:new"),
    }
    return render(request, "inquiries/form.html", context, status=status_of(error) if error is not None else status)


def _report_context(report: Any) -> dict[str, Any]:
    return {
        "report": report,
        "gaps": presenting.shown_gaps(report) if report else [],
        "some_stopped": bool(report and report.stopped and report.measures > len(report.stopped)),
    }


@require_post("inquiries.ask")
def gaps(request: PageRequest) -> HttpResponse:
    """The gaps of what is typed so far; with `whole`, the form as it adapts to it as well. Nothing is kept."""
    about = request.GET.get("inquiry", "")
    found = queries.inquiry(request.tenure, int(about)) if about.isdigit() and len(about) < 10 else None
    filled = Filled(request.tenure, dict(found.typed) if found is not None else {}, data=request.POST)
    readable = filled.is_readable
    context = _report_context(presenting.report_of(filled.typed()) if readable else None)
    if request.GET.get("whole") != "1":
        return render(request, "inquiries/parts/gaps.html", context)
    return render(request, "inquiries/parts/adapted.html", context | filled.context() | {"inquiry": found})
