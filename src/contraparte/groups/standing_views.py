"""Starting again and ending: the extent statement, the word on the framework, the gate, reconvening, the end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from contraparte.desk.queries import names_of, parties_of
from contraparte.groups import boards, catalogue, presenting, queries
from contraparte.groups.actions import founding, meeting
from contraparte.groups.answering import done
from contraparte.groups.forms import EndForm, FrameworkForm, ReconveneForm, WishForm
from contraparte.groups.models import Group
from contraparte.groups.views import about
from contraparte.protocol.errors import ContraparteError
from contraparte.web.permissions import PageRequest, form_page, page, require_post
from contraparte.web.wording import words_of

USUAL_AHEAD = timedelta(days=12)


@page("groups.view")
def extent(request: PageRequest) -> HttpResponse:
    """Everything an incoming principal takes over: keep, refocus or conclude, row by row."""
    told = boards.statement_of(request.tenure, timezone.now())
    named = {post for row in told.rows for post in (*row.foreign, row.group.counterpart)}
    context = {
        "statement": told,
        "rows": [(row, WishForm(initial={"wish": row.wishes.get("ours", "")}, prefix=str(row.group.pk)))
                 for row in told.rows],
        "orphans": [row for row in told.rows if row.is_orphan],
        "posts": names_of(named),
        "agencies": parties_of(one.agency for one in told.volumes),
    }  # fmt: skip
    return render(request, "groups/extent.html", context)


@page("groups.view")
def tree(request: PageRequest) -> HttpResponse:
    """The framework: goals, areas, objectives, actions, and the groups that stand under each."""
    lines, elsewhere = boards.tree_of(request.tenure)
    context = {"lines": lines, "elsewhere": elsewhere, "source": catalogue.framework_source()}
    return render(request, "groups/tree.html", context)


@require_post("groups.approve")
def decide(request: PageRequest, pk: int) -> HttpResponse:
    """Keep, refocus or conclude one group."""
    row = queries.group(request.tenure, pk)
    form = WishForm(request.POST, prefix=str(pk))
    now = timezone.now()

    def act() -> Any:
        told = form.cleaned_data
        return founding.decide_extent(row, told["wish"], note=told["note"], by=request.tenure, now=now)

    if done(request, form, act) is None:
        messages.error(request, " ".join(str(error) for told in form.errors.values() for error in told))
    else:
        messages.success(request, _("Said. The other side reads it."))
    return redirect("groups:extent")


@form_page("groups.approve")
def framework(request: PageRequest, pk: int) -> HttpResponse:
    """Agree to the goal of the framework the group stands under, or disown it."""
    row = queries.group(request.tenure, pk)
    form = FrameworkForm(request.POST or None)

    def act() -> Any:
        told = form.cleaned_data
        return founding.speak_of_framework(
            row, agreed=told["agreed"] == "yes", note=told["note"], by=request.tenure, now=timezone.now()
        )

    if done(request, form, act) is not None:
        return _said(request, row)
    context = about(row) | {"form": form, "framework": presenting.framework_path(row.framework)}
    return render(request, "groups/framework.html", context, status=422 if form.errors else 200)


@require_post("groups.approve")
def gate(request: PageRequest, pk: int) -> HttpResponse:
    """Set or lift the authorisation that our part in meetings needs beforehand."""
    row = queries.group(request.tenure, pk)
    required = request.POST.get("required") == "yes"
    return _at_once(
        request, row, lambda: founding.set_gate(row, required=required, by=request.tenure, now=timezone.now())
    )


@form_page("groups.approve")
def end(request: PageRequest, pk: int) -> HttpResponse:
    """Ask to end a group, or agree with the other side that has asked."""
    now = timezone.now()
    row, standing = queries.standing(request.tenure, pk, now)
    others = boards.other_groups(request.tenure, row)
    asked = next((told for side, told in standing.ending.items() if side != row.side), None)
    into = next((str(one.pk) for one in others if asked and str(one.uuid) == asked[1]), "")
    form = EndForm(request.POST or None, groups=others, initial={"how": asked[0], "into": into} if asked else None)

    def act() -> Any:
        told = form.cleaned_data
        chosen = next((one for one in others if str(one.pk) == told["into"]), None)
        return founding.end_group(row, told["how"], into=chosen, reason=told["reason"], by=request.tenure, now=now)

    if done(request, form, act) is not None:
        return _said(request, row)
    context = about(row) | {"form": form, "asked": asked, "open_promises": row.open_promises}
    return render(request, "groups/end.html", context, status=422 if form.errors else 200)


@form_page("groups.write")
def reconvene(request: PageRequest, pk: int) -> HttpResponse:
    """Call a silent group together again: how it stood, what is open, and an agenda from that."""
    now = timezone.now()
    row, standing = queries.standing(request.tenure, pk, now)
    agenda = meeting.proposed_agenda(row, now)
    begins = {"day": boards.local_day(row, now + USUAL_AHEAD), "begins": "10:00", "hours": 2}
    form = ReconveneForm(request.POST or None, initial=begins)
    zone = standing.zone.key

    def act() -> Any:
        starts, ends = form.times(zone)
        return meeting.call_meeting(row, starts=starts, ends=ends, zone=zone, agenda=agenda, by=request.tenure, now=now)

    if done(request, form, act) is not None:
        messages.success(request, _("The meeting is called. The other side has the agenda."))
        return redirect("groups:group", pk)
    last = standing.last_held()
    promises = list(row.promises.filter(is_live=True)[:50])
    context = about(row) | {
        "form": form, "agenda": agenda, "zone": zone, "last": last, "promises": promises,
        "is_exploratory": standing.charter is None, "today": boards.local_day(row, now),
        "minutes": last.current_minutes if last else None,
        "posts": names_of({row.post_id, row.counterpart, *(one.owner for one in promises)}),
    }  # fmt: skip
    return render(request, "groups/reconvene.html", context, status=422 if form.errors else 200)


def _at_once(request: PageRequest, row: Group, act: Callable[[], Any]) -> HttpResponse:
    """A step without a form of its own: done, or said why not on the page of the group."""
    try:
        act()
    except ContraparteError as refusal:
        told = words_of(refusal)
        messages.error(request, f"{told.title} {told.remedy}")
        return redirect("groups:group", row.pk)
    return _said(request, row)


def _said(request: PageRequest, row: Group) -> HttpResponse:
    messages.success(request, _("Said. The other side reads it."))
    return redirect("groups:group", row.pk)
