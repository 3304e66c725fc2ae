"""The desk: what to do now by clock, what waits on others, what came in."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from contraparte.desk import queries
from contraparte.desk.registry import SUBJECTS
from contraparte.web.permissions import PageRequest, page

PER_PAGE = 50


@page("desk.view")
def show(request: PageRequest) -> HttpResponse:
    """The desk of the current post."""
    board = queries.board_of(request.tenure, timezone.now())
    items = [*board.to_do, *board.waiting, *(arrival.item for arrival in board.came_in)]
    return render(request, "desk/board.html", {"board": board, "posts": queries.names_of(item.other for item in items)})


@page("conversation.view")
def conversations(request: PageRequest) -> HttpResponse:
    """Every conversation of the post, the latest first; by kind and whether it has ended."""
    rows = queries.conversations_of(request.tenure).select_related("case").order_by("-opened_at", "-id")
    kind, state = request.GET.get("kind", ""), request.GET.get("state", "")
    if kind:
        rows = rows.filter(kind=kind)
    if state in {"open", "ended"}:
        rows = rows.filter(closed_at__isnull=state == "open")
    found = Paginator(rows, PER_PAGE).get_page(request.GET.get("page", 1))
    shown = list(found.object_list)
    context = {
        "page": found,
        "rows": shown,
        "titles": queries.titles_of(shown, request.tenure),
        "posts": queries.names_of(row.counterpart for row in shown),
        "kinds": [(name, subject.label) for name, subject in sorted(SUBJECTS.items())],
        "kind": kind,
        "state": state,
    }
    return render(request, "desk/conversations.html", context)
