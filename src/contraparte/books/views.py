"""Pages of a custodian's own post: its books, the search by a damaged serial, bringing in a file, who asked what."""

import os
import tempfile
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from contraparte.books import queries
from contraparte.books.actions import create_book, import_file
from contraparte.books.forms import ImportForm, NewBookForm, SearchForm
from contraparte.books.models import Book, Import
from contraparte.books.search import Answer, search
from contraparte.books.wording import AGREEMENTS, EVENTS, FIELDS
from contraparte.protocol.errors import BookFileTooLargeError, BookUnknownError, ContraparteError
from contraparte.web.permissions import PageRequest, form_page, page
from contraparte.web.registry import PROBLEMS
from contraparte.web.wording import words_of

PAGE_ROWS = 50
MOST_UPLOAD_MIB = 8  # some 50,000 rows, which take a few seconds; larger books come by the command


def _agency(request: PageRequest) -> str:
    return request.tenure.post.agency_id


@form_page("books.view")
def books(request: PageRequest) -> HttpResponse:
    """The books of the post's agency, and a form for one more."""
    form = NewBookForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        agency = request.tenure.post.agency
        create_book(agency, form.cleaned_data["name"], kind=form.cleaned_data["kind"], now=timezone.now())
        return redirect("books:books")
    context = {
        "books": queries.books_of(_agency(request)),
        "imports": queries.last_imports(_agency(request)),
        "form": form,
    }
    return render(request, "books/books.html", context, status=422 if form.errors else 200)


@form_page("books.search")
def look(request: PageRequest) -> HttpResponse:
    """Search the agency's books. By POST: a serial and a case belong into no address and no browser's history."""
    form = SearchForm(request.POST or None)
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        try:
            answer = search(
                queries.books_of(_agency(request)),
                form.inquiry(),
                by=str(request.tenure.pk),
                purpose=form.cleaned_data["purpose"],
                case=form.cleaned_data["case"],
                now=timezone.now(),
            )
        except ContraparteError as refusal:
            _blame(form, refusal)
        else:
            context |= _shown(answer)
    return render(request, "books/search.html", context, status=422 if form.errors else 200)


def _shown(answer: Answer) -> dict[str, Any]:
    """An answer in words: each candidate with its reading under the query and its agreements."""
    candidates = [
        {
            "candidate": candidate,
            "percent": _percent(candidate.probability),
            "meter": round(candidate.probability * 100),
            "reading": [(step.read, step.true, step.event.value, EVENTS[step.event]) for step in candidate.reading],
            "agreements": [
                (FIELDS[name], agreement.name.lower(), AGREEMENTS[agreement])
                for name, agreement in candidate.agreements.items()
            ],
        }
        for candidate in answer.candidates
    ]
    unsaid = {name for name in FIELDS if not any(name in one.agreements for one in answer.candidates)}
    return {
        "candidates": candidates,
        "absent": _percent(answer.absent),
        "absent_meter": round(answer.absent * 100),
        "matched": answer.matched,
        "unsure": bool(candidates) and answer.candidates[0].probability < 0.9,
        "unsaid": [FIELDS[name] for name in ("maker", "caliber") if name in unsaid],
        "asked": True,
    }


def _percent(share: float) -> str:
    """A share for people: never 100 % while something else is possible, never 0 % for what is listed."""
    if share > 0.999:
        return "> 99.9 %"
    return f"{share * 100:.1f} %" if share >= 0.001 else "< 0.1 %"


@form_page("books.import")
def bring_in(request: PageRequest, pk: int) -> HttpResponse:
    """Bring a file into a book."""
    book = _or_404(queries.book_of, request, pk)
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            origin = _import_upload(book, form, request)
        except ContraparteError as refusal:
            _blame(form, refusal)
        else:
            return redirect("books:report", origin.pk)
    return render(request, "books/import.html", {"book": book, "form": form}, status=422 if form.errors else 200)


def _import_upload(book: Book, form: ImportForm, request: PageRequest) -> Import:
    """Write the upload to a file of the node, import it and remove it again."""
    upload: UploadedFile = form.cleaned_data["file"]
    if (upload.size or 0) > MOST_UPLOAD_MIB << 20:
        raise BookFileTooLargeError(field="file", read=upload.name, most=MOST_UPLOAD_MIB)
    with tempfile.TemporaryDirectory(dir=settings.HOME.folder("run")) as folder:
        path = Path(folder) / (os.path.basename(upload.name or "book.csv")[:120] or "book.csv")  # noqa: PTH119
        with path.open("wb") as file:
            for block in upload.chunks():
                file.write(block)
        return import_file(book, path, by=str(request.tenure.pk), now=timezone.now(), dates=form.date_format())


@page("books.import")
def report(request: PageRequest, pk: int) -> HttpResponse:
    """What an import did, and each row it refused with how to mend it."""
    origin = _or_404(queries.import_of, request, pk)
    rows = Paginator(queries.refusals_of(origin), PAGE_ROWS).get_page(request.GET.get("page"))
    refusals = [(refusal, PROBLEMS.get(refusal.code)) for refusal in rows]
    return render(request, "books/report.html", {"origin": origin, "page": rows, "refusals": refusals})


@page("books.view")
def log(request: PageRequest) -> HttpResponse:
    """Who asked this custodian's books what, why, for which case."""
    rows = Paginator(queries.asked_of(_agency(request)), PAGE_ROWS).get_page(request.GET.get("page"))
    return render(request, "books/log.html", {"page": rows})


def _or_404(find: Any, request: PageRequest, pk: int) -> Any:
    try:
        return find(_agency(request), pk)
    except BookUnknownError:
        raise Http404 from None


def _blame(form: forms.Form, refusal: ContraparteError) -> None:
    """Put a refusal under the field it is about, in words."""
    words = words_of(refusal)
    form.add_error(words.field if words.field in form.fields else None, f"{words.title} {words.remedy}")
