"""One conversation: the thread, receipts, who holds it, and the steps that are open now."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from contraparte.desk import lineage, queries, threads
from contraparte.desk.handovers import standing_told
from contraparte.desk.markings import marking_words
from contraparte.desk.registry import steps_of, subject_of
from contraparte.desk.rules.elapsed import totals
from contraparte.exchange import actions as exchange
from contraparte.exchange.escalating import escalations_of
from contraparte.protocol.marking import Marking
from contraparte.web.permissions import PageRequest, may, page


@page("conversation.view")
def show(request: PageRequest, pk: int) -> HttpResponse:
    """The thread. Reading it by somebody of the post is told to the sender, signed (P4.3)."""
    conversation = queries.conversation_for(request.tenure, pk)
    now = timezone.now()
    if request.method == "GET":
        exchange.note_opened(conversation, by=request.tenure, now=now)
    wanted = request.GET.get("page", "")
    last = threads.page_count(conversation)
    entries, pages = threads.entries_of(conversation, page=int(wanted) if wanted.isdecimal() else last)
    owed = threads.open_steps(conversation)
    bar = threads.elapsed_of(conversation, now)
    moves = lineage.moves_of(conversation)
    subject = subject_of(conversation.kind)
    named = {
        conversation.counterpart,
        conversation.post_id,
        *(one.holder for one in owed),
        *(one.holder for one in bar),
        *(post for one in moves for post in (one.was, one.became)),
    }
    context = {
        "conversation": conversation,
        "subject": subject,
        "subject_url": subject.url(conversation),
        "title": queries.titles_of([conversation], request.tenure)[conversation.pk],
        "marking": _marking(entries),
        "entries": entries,
        "pages": pages,
        "number": int(wanted) if wanted.isdecimal() else last,
        "owed": owed,
        "moves": moves,
        "bar": bar,
        "held": totals(bar),
        "escalations": escalations_of(conversation),
        "told": standing_told(conversation.counterpart, now) if conversation.closed_at is None else None,
        "is_running": conversation.closed_at is None,
        "can_package": bool(entries and may(request.tenure, "conversation.package")),
        "can_release": bool(may(request.tenure, "release.view")),
        "can_open_items": bool(may(request.tenure, "item.view")),
        "drafts": threads.open_drafts(conversation),
        "steps": steps_of(conversation, request.tenure, now),
        "posts": queries.names_of(
            {*named, *(who for entry in entries for who in (entry.row.sender, entry.row.recipient))}
        ),
    }
    return render(request, "desk/conversation.html", context)


def _marking(entries: list[threads.Entry]) -> str:
    """The marking of all that stands on the page, combined: never weaker than its strictest part (P2.2)."""
    combined: Marking | None = None
    for entry in entries:
        if entry.content is not None and entry.is_item:
            one = entry.content.marking
            combined = one if combined is None else combined.combine(one)
    return marking_words(combined) if combined is not None else ""
