"""Pouches for nodes that were cut off: make one, take one in, carry its answer back. Nothing here shows content."""

import tempfile
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from contraparte.desk import pouches
from contraparte.exchange import pouch_numbers as book
from contraparte.exchange.packing import pack
from contraparte.exchange.unpacking import Taken, take_in
from contraparte.protocol.errors import BoundExceededError, ContraparteError, PouchMalformedError
from contraparte.protocol.ids import parse_agency_id
from contraparte.web.permissions import PageRequest, page, require_post
from contraparte.web.wording import status_of, words_of

MOST_UPLOAD_MIB = 64  # some seconds' work; larger ones come by the command
POUCH_TYPE = "application/octet-stream"


@page("pouches.carry")
def show(request: PageRequest) -> HttpResponse:
    """The other nodes and two forms, for an administrator of the agency that runs this node."""
    return _show(request)


@require_post("pouches.carry")
def make(request: PageRequest) -> HttpResponseBase:
    """A pouch with what waits for one node."""
    _require_operator(request)
    now = timezone.now()
    try:
        with tempfile.TemporaryDirectory(prefix="pouch-", dir=settings.HOME.folder("run")) as folder:
            path = Path(folder) / "new.pouch"
            made = pack(parse_agency_id(request.POST.get("to", ""), "to"), path, now=now)
            handle = path.open("rb")
    except ContraparteError as error:
        return _show(request, error=error)
    name = f"{made.manifest.sender}-{made.manifest.recipient}-{made.manifest.number}.pouch"
    return FileResponse(handle, as_attachment=True, filename=name, content_type=POUCH_TYPE)


@require_post("pouches.carry")
def take(request: PageRequest) -> HttpResponse:
    """Take in a pouch or an answer, and say what came of it."""
    _require_operator(request)
    try:
        taken = _take(request.FILES.get("file"))
    except ContraparteError as error:
        return _show(request, error=error)
    return _show(request, taken=taken)


@page("pouches.carry")
def answer(request: PageRequest, agency: str, number: int) -> HttpResponseBase:
    """The answer to a pouch that was taken in here."""
    _require_operator(request)
    try:
        entry = book.entry(book.IN, agency, number)
    except ContraparteError:
        entry = None
    if entry is None or not book.answer_file(agency, number).exists():
        raise Http404
    handle = book.answer_file(agency, number).open("rb")
    name = f"{settings.NODE_OPERATOR}-{agency}-{number}.answer"
    return FileResponse(handle, as_attachment=True, filename=name, content_type=POUCH_TYPE)


def _require_operator(request: PageRequest) -> None:
    if not pouches.may_carry(request.tenure):
        raise Http404


def _take(upload: UploadedFile | None) -> Taken:
    if upload is None:
        raise PouchMalformedError(reason="no file")
    if (upload.size or 0) > MOST_UPLOAD_MIB * 2**20:
        raise BoundExceededError(what="pouch", limit=MOST_UPLOAD_MIB * 2**20, read=upload.size)
    with tempfile.TemporaryDirectory(prefix="pouch-", dir=settings.HOME.folder("run")) as folder:
        path, made = Path(folder) / "taken.pouch", Path(folder) / "made.answer"
        with path.open("wb") as handle:
            for piece in upload.chunks():
                handle.write(piece)
        taken = take_in(path, answer=made, now=timezone.now())
        if taken.answer is not None:
            made.replace(book.answer_file(taken.manifest.sender, taken.manifest.number))
    return taken


def _show(request: PageRequest, *, error: ContraparteError | None = None, taken: Taken | None = None) -> HttpResponse:
    is_operator = pouches.may_carry(request.tenure)
    context = {
        "is_operator": is_operator,
        "operator": settings.NODE_OPERATOR,
        "nodes": pouches.nodes() if is_operator else [],
        "most": MOST_UPLOAD_MIB,
        "taken": taken,
        "words": words_of(error) if error is not None else None,
    }
    return render(request, "desk/pouches.html", context, status=status_of(error) if error is not None else 200)
