"""What both sides promised each other, and how far the goals have come."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from contraparte.desk.queries import names_of
from contraparte.groups import boards, presenting, queries
from contraparte.groups.actions import promising
from contraparte.groups.answering import done, own_posts
from contraparte.groups.forms import FigureForm, MilestoneForm, PromiseForm, TakeForm
from contraparte.groups.models import Group, GroupWord, Promise
from contraparte.groups.recording import standing_of, verdict_on
from contraparte.groups.rules.promises import ESCALATES_AT, WORKING
from contraparte.groups.views import about, told_of
from contraparte.web.finding import or_404
from contraparte.web.permissions import PageRequest, form_page, may, page


class Line:
    """One promise in a list."""

    def __init__(self, promise: Promise, today: Any) -> None:
        self.promise = promise
        self.is_overdue = promise.is_live and promise.state in WORKING and promise.due_on < today
        self.missed = promise.missed_before + self.is_overdue
        self.is_escalated = promise.is_live and self.missed >= ESCALATES_AT
        self.is_ours = promise.side == promise.group.side


def lines_of(rows: Iterable[Promise], now: datetime) -> list[Line]:
    """Promises as lists show them."""
    return [Line(row, boards.local_day(row.group, now)) for row in rows]


@page("groups.view")
def promises(request: PageRequest) -> HttpResponse:
    """What we promised each other: both sides of all groups, what is late first, and what is over; page by page."""
    now = timezone.now()
    rows = queries.promises_seen(request.tenure)
    wanted = request.GET.get("group", "")
    if wanted.isdecimal() and len(wanted) < 12:
        rows = rows.filter(group=int(wanted))
    running = rows.filter(is_live=True).order_by("due_on", "pk")
    late = boards.lateness(running, now)
    parts = {
        "ours": running.filter(side=F("group__side")),
        "theirs": running.exclude(side=F("group__side")),
        "page": rows.filter(is_live=False).order_by("-due_on", "-pk"),
    }
    pages = {name: Paginator(part, queries.PAGE).get_page(request.GET.get(name)) for name, part in parts.items()}
    ours, theirs, told = (lines_of(shown, now) for shown in pages.values())
    context = {
        "ours": ours,
        "theirs": theirs,
        "many_ours": late.ours,
        "many_theirs": late.theirs,
        "turns_ours": _turns(request, "ours", pages["ours"]),
        "turns_theirs": _turns(request, "theirs", pages["theirs"]),
        "over": told,
        "page": pages["page"],
        "many_over": pages["page"].paginator.count,
        "overdue": late.overdue,
        "escalated": late.escalated,
        "posts": names_of(one.promise.owner for one in (*ours, *theirs, *told)),
        "chosen": queries.groups_of(request.tenure).filter(pk=wanted).first() if wanted.isdecimal() else None,
    }
    return render(request, "groups/promises.html", context)


def _turns(request: PageRequest, name: str, shown: Page[Promise]) -> dict[str, Any]:
    """What turns the pages of one part, and leaves the others where they are."""

    def at(number: int) -> str:
        asked = request.GET.copy()
        asked[name] = str(number)
        return f"?{asked.urlencode()}"

    return {
        "shown": shown,
        "before": at(shown.number - 1) if shown.has_previous() else "",
        "after": at(shown.number + 1) if shown.has_next() else "",
    }


@form_page("groups.view")
def promise(request: PageRequest, pk: int) -> HttpResponse:
    """One promise: how it stands, its days, and what may happen with it."""
    tenure, now = request.tenure, timezone.now()
    row = queries.promise(tenure, pk)
    standing = standing_of(row.group, now)
    plain = or_404(standing.promises.get(row.key))
    side = row.group.our_side
    speaks = may(tenure, "groups.write") and (
        tenure.post_id == row.group.post_id or (row.side == side and tenure.post_id == row.owner)
    )
    allowed = plain.allowed(side) if speaks and standing.end is None else ()
    owners = own_posts(tenure) if row.side == side else []
    form = TakeForm(request.POST or None, allowed=allowed, posts=owners)

    def act() -> GroupWord:
        told = form.cleaned_data
        return promising.take_promise(
            row,
            told["do"],
            due_on=told.get("due_on"),
            owner=told.get("owner", ""),
            note=told["note"],
            by=tenure,
            now=now,
        )

    if done(request, form, act) is not None:
        messages.success(request, _("Said. The other side reads it."))
        return redirect("groups:promise", pk)
    said = GroupWord.objects.filter(group=row.group, act="commitment.take", facts__commitment=row.key)
    context = about(row.group) | {
        "line": Line(row, boards.local_day(row.group, now)), "promise": row, "plain": plain, "form": form,
        "allowed": allowed, "told": told_of(row.group, said.select_related("message").order_by("at", "pk")[:100], now),
        "posts": names_of({row.owner, row.group.post_id, row.group.counterpart}),
        "reads_group": queries.groups_of(tenure).filter(pk=row.group_id).exists(),
    }  # fmt: skip
    return render(request, "groups/promise.html", context, status=422 if form.errors else 200)


@form_page("groups.write")
def make(request: PageRequest, pk: int) -> HttpResponse:
    """Promise something outside a meeting."""
    row = queries.group(request.tenure, pk)
    form = PromiseForm(request.POST or None, posts=own_posts(request.tenure), initial={"owner": row.post_id})

    def act() -> GroupWord:
        told = form.cleaned_data
        return promising.make_promise(
            row, text={"en": told["text_en"], "es": told["text_es"]}, owner=told["owner"], due_on=told["due_on"],
            one_sided=told["one_sided"], by=request.tenure, now=timezone.now(),
        )  # fmt: skip

    if done(request, form, act) is not None:
        messages.success(request, _("Promised. The other side reads it."))
        return redirect("groups:group", pk)
    return render(request, "groups/make.html", about(row) | {"form": form}, status=422 if form.errors else 200)


@form_page("groups.view")
def goal(request: PageRequest, pk: int, key: str) -> HttpResponse:
    """One goal: its series, target and detectable effect, the verdict; and a figure more."""
    tenure, now = request.tenure, timezone.now()
    row, standing = queries.standing(tenure, pk, now)
    found = or_404(next((one for one in standing.charter.goals if one.key == key), None) if standing.charter else None)
    form = (MilestoneForm if found.measure == "milestone" else FigureForm)(request.POST or None)
    speaks = may(tenure, "groups.write") and tenure.post_id in {row.post_id, found.owner} and standing.end is None

    def act() -> GroupWord:
        return promising.report_goal(row, key, **form.facts(), by=tenure, now=now)

    if done(request, form, act) is not None:
        messages.success(request, _("Entered. The other side reads it."))
        return redirect("groups:goal", pk, key)
    context = about(row) | _about_goal(row, standing, found, now) | {"form": form, "speaks": speaks}
    return render(request, "groups/goal.html", context, status=422 if form.errors else 200)


def _about_goal(row: Group, standing: Any, found: Any, now: Any) -> dict[str, Any]:
    reports = [one for one in standing.reports if one.goal == found.key]
    drawing = presenting.drawing_of(found, reports)
    return {
        "goal": found,
        "verdict": verdict_on(standing, found, now).value,
        "effect": presenting.effect_words(found),
        "drawing": drawing,
        "points": [(point, presenting.interval_words(point)) for point in drawing.points] if drawing else [],
        "reports": [(one, presenting.report_words(found, one), one.side == row.side) for one in reports][::-1],
        "posts": names_of({row.post_id, row.counterpart, found.owner, found.baseline_owed_by} - {""}),
    }
