"""The log explorer: heads of both sides, entries, and a proof verified in front of the reader."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from contraparte.desk import proofs
from contraparte.desk.downloads import proof_answer
from contraparte.directory.models import Tenure
from contraparte.ledger import queries as ledger
from contraparte.ledger.models import Log
from contraparte.protocol.errors import LogUnknownError, MessageNotLoggedError
from contraparte.protocol.ids import parse_uuid
from contraparte.web.finding import or_404
from contraparte.web.permissions import PageRequest, page

INDEX_MAX = 2**53  # the browser counts exactly up to here


@page("log.view")
def overview(request: PageRequest) -> HttpResponse:
    """Both heads for each peer, the last cross-check, and what is wrong."""
    return render(request, "desk/log.html", {"pairs": proofs.pairs_of(request.tenure)})


@page("log.view")
def entries(request: PageRequest, pk: int) -> HttpResponse:
    """Entries of one log, newest first."""
    log = _log(request.tenure, pk)
    before = request.GET.get("before", "")
    rows = proofs.rows_of(log, before=int(before) if before.isdecimal() and int(before) < INDEX_MAX else None)
    context = {"log": log, "rows": rows, "next_before": rows[-1].index if rows and rows[-1].index else None}
    return render(request, "desk/entries.html", context)


@page("log.view")
def find(request: PageRequest, pk: int) -> HttpResponse:
    """Go to an entry by its number, or to the first about a message."""
    log, wanted = _log(request.tenure, pk), request.GET.get("q", "").strip()[:80]
    if wanted.isdecimal() and int(wanted) < min(log.size, INDEX_MAX):
        return redirect("desk:entry", log.pk, int(wanted))
    if not wanted.isdecimal():
        about = ledger.leaves_of(parse_uuid(wanted, "q"), mine_only=False)
        first = next((leaf for leaf in about if leaf.origin == log.origin), None)
        if first is None:
            raise MessageNotLoggedError(message_id=wanted)
        return redirect("desk:entry", log.pk, first.index)
    raise LogUnknownError(origin=log.origin)


@page("log.view")
def entry(request: PageRequest, pk: int, index: int) -> HttpResponse:
    """One entry with its proof, step by step; the browser checks it again by itself."""
    return render(request, "desk/entry.html", {"proof": _proof(request.tenure, pk, index)})


@page("log.view")
def export(request: PageRequest, pk: int, index: int) -> HttpResponse:
    """The proof as a file that `contraparte tlog verify` and other people's tools read."""
    log = _log(request.tenure, pk)
    if index >= log.size:
        raise Http404
    return proof_answer(log.origin, index)


def _log(tenure: Tenure, pk: int) -> Log:
    return or_404(proofs.logs_of(tenure).filter(pk=pk).first())


def _proof(tenure: Tenure, pk: int, index: int) -> proofs.ProofShown:
    log = _log(tenure, pk)
    if index >= log.size:
        raise Http404
    return proofs.proof_of(log, index)
