"""Pages of meetings: parse, call one action or query, answer. Minutes are in `minute_views`."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from contraparte.desk.markings import marking_words
from contraparte.desk.queries import names_of
from contraparte.exchange import actions as exchange
from contraparte.groups import meeting_presenting as presenting
from contraparte.groups import meeting_queries, queries, said_again
from contraparte.groups.actions import meeting as acts
from contraparte.groups.actions.speaking import marking_of
from contraparte.groups.calendars import calendar_of, code_of
from contraparte.groups.meeting_forms import (
    AgendaLine,
    AttendForm,
    AuthoriseForm,
    CallForm,
    CancelForm,
    SubstituteLine,
    agenda_of,
    lines,
    more_lines,
    substitutes_in,
)
from contraparte.groups.meeting_wording import group_name
from contraparte.groups.models import Group, GroupWord, Meeting
from contraparte.groups.presenting import powers_of
from contraparte.groups.rules.meetings import Item
from contraparte.groups.rules.meetings import Meeting as Told
from contraparte.groups.rules.planning import called_next
from contraparte.groups.rules.reading import read_agenda
from contraparte.groups.rules.standing import Standing
from contraparte.protocol.errors import ContraparteError
from contraparte.web.permissions import PageRequest, form_page, page
from contraparte.web.wording import words_of

LEVELS_WITHOUT_CHARTER = ("H0",)
MORE = "more"  # the button that gives a list more lines
TYPED_AS = {"starts": "day", "ends": "length"}  # what an instant is blamed on, as it was typed


@page("groups.view")
def meetings(request: PageRequest, pk: int) -> HttpResponse:
    """The meetings of a group: what lies ahead, what was, how well it is kept."""
    now = timezone.now()
    group, standing = queries.standing(request.tenure, pk, now)
    context = presenting.part(group, standing, request.tenure, now)
    _ahead, over = presenting.rows_of(group, standing, now)
    context["over"] = context["page"] = Paginator(over, queries.PAGE).get_page(request.GET.get("page"))
    context |= {"group": group, "group_name": group_name(group), "calendar_code": code_of(group)}
    return render(request, "groups/meetings.html", context)


@page("groups.view")
def meeting(request: PageRequest, pk: int) -> HttpResponse:
    """One meeting: when on both sides, agenda, who came, minutes, what may be done."""
    now = timezone.now()
    row, standing, told = meeting_queries.told(request.tenure, pk, now)
    exchange.note_opened(row.group.conversation, by=request.tenure, now=now)
    current, sides = told.current_minutes, presenting.sides_of(row.group, told)
    moved = Meeting.objects.filter(group=row.group, key__in=[key for key in (told.moved_to, told.replaces) if key])
    context = about(row, standing, told, now) | {
        "sides": sides,
        "agenda": [(presenting.texts(item.text), item.handling) for item in told.agenda],
        "current": presenting.minutes_shown(row.group, standing, current) if current else None,
        "earlier": [presenting.minutes_shown(row.group, standing, one) for one in reversed(told.minutes[:-1])],
        "lost": [(one, [presenting.texts(text) for text in one.texts]) for one in said_again.lost_of(row, now)],
        "may_write": powers_of(request.tenure, row.group, standing).chairs,
        "steps": presenting.steps_of(row, standing, told, request.tenure, now),
        "moved": {str(one.key): one.pk for one in moved},
    }
    owners = [str(one["owner"]) for one in standing.drafted.get(current.key, ())] if current else []
    context["posts"] = names_of([post for side in sides for pair in side.present for post in pair] + owners)
    return render(request, "groups/meeting.html", context)


@page("groups.view")
def meeting_file(request: PageRequest, pk: int) -> HttpResponse:
    """One meeting as an iCalendar file: when, never what about."""
    row = meeting_queries.meeting(request.tenure, pk)
    answer = HttpResponse(
        calendar_of([row], language=get_language() or "en"), content_type="text/calendar; charset=utf-8"
    )
    answer["Content-Disposition"] = content_disposition_header(True, f"{row.key}.ics") or "attachment"
    return answer


@form_page("groups.write")
def call(request: PageRequest, pk: int) -> HttpResponse:
    """Call a meeting."""
    now = timezone.now()
    group, standing = queries.standing(request.tenure, pk, now)
    planned = presenting.planned(group, standing, now)
    initial = {"day": planned.day if planned and planned.day > standing.day(now) else None, "zone": standing.zone.key}
    return _call_page(request, group, standing, initial=initial, now=now, agenda=acts.left_open(group, standing, now))


@form_page("groups.write")
def move(request: PageRequest, pk: int) -> HttpResponse:
    """Move a meeting: another one takes its place, and it keeps a tombstone."""
    now = timezone.now()
    row, standing, told = meeting_queries.told(request.tenure, pk, now)
    local = told.starts.astimezone(ZoneInfo(told.zone))
    length = int((told.ends - told.starts).total_seconds() // 60)
    initial = {"day": local.date(), "at": local.time(), "zone": told.zone, "venue": told.venue, "length": length}
    return _call_page(request, row.group, standing, initial=initial, now=now, moved=row, agenda=told.agenda)


def _call_page(
    request: PageRequest,
    group: Group,
    standing: Standing,
    *,
    initial: dict[str, Any],
    now: datetime,
    moved: Meeting | None = None,
    agenda: Sequence[Item] = (),
) -> HttpResponse:
    zones = meeting_queries.zone_choices(group, standing, request.tenure)
    if initial["zone"] not in zones:
        zones = [initial["zone"], *zones]
    data = request.POST if request.method == "POST" else None
    form = CallForm(data, zones=zones, initial=initial)
    typed, formset = _agenda_lines(request, group, agenda=agenda)
    if typed is not None:  # more lines were asked for: nothing is judged yet
        form = CallForm(zones=zones, initial=typed.dict())

    def act() -> GroupWord:
        starts, ends = form.times()
        told = form.cleaned_data
        meeting_queries.require_working_day(group, told["day"], is_confirmed=told["anyway"])
        return acts.call_meeting(
            group, starts=starts, ends=ends, zone=told["zone"], venue=told["venue"], agenda=agenda_of(formset),
            replaces=str(moved.key) if moved else "", by=request.tenure, now=now,
        )  # fmt: skip

    done = None if typed is not None else acted(request, form, formset, act=act)
    if done is not None:
        row = Meeting.objects.get(group=group, key=done.message.uuid)
        messages.success(
            request, _("Moved. Both sides see the new time.") if moved else _("Called. The other side sees it.")
        )
        return redirect("groups:meeting", row.pk)
    ahead = called_next(standing, now) if moved is None else None
    context = {
        "group": group, "group_name": group_name(group), "form": form, "agenda": formset, "moved": moved,
        "ahead": ahead, "marking": _mark(group, standing),
    }  # fmt: skip
    return render(request, "groups/meeting_call.html", context, status=422 if form.errors else 200)


def _agenda_lines(request: PageRequest, group: Group, *, agenda: Sequence[Item]) -> tuple[Any, Any]:
    """What was typed where more lines were asked for, and the lines themselves."""
    levels = list(dict.fromkeys([*LEVELS_WITHOUT_CHARTER, *group.handling]))
    if request.method != "POST":
        initial = [{"en": one.text.en, "es": one.text.es, "handling": one.handling} for one in agenda]
        return None, lines(AgendaLine, "agenda", initial=initial, levels=levels)
    if MORE in request.POST:
        typed = more_lines(request.POST, "agenda")
        return typed, lines(AgendaLine, "agenda", typed, levels=levels)
    return None, lines(AgendaLine, "agenda", request.POST, levels=levels)


@form_page("groups.write")
def agenda(request: PageRequest, pk: int) -> HttpResponse:
    """Write the agenda, on the one that stands."""
    now = timezone.now()
    row, standing, told = meeting_queries.told(request.tenure, pk, now)
    again = said_again.own_word(row.group, (said_again.AGENDA,), request.GET.get("from", ""))
    starts_from = read_agenda(again.facts.get("items")) if again else told.agenda
    typed, formset = _agenda_lines(request, row.group, agenda=starts_from)
    base = request.POST.get("base", told.agenda_key)

    def act() -> GroupWord:
        return acts.set_agenda(row.group, str(row.key), agenda_of(formset), base=base, by=request.tenure, now=now)

    done, refusal = (None, "") if typed is not None else told_off(request, formset, act=act)
    if done is not None:
        messages.success(request, _("The agenda is out. The other side sees it."))
        return redirect("groups:meeting", pk)
    beside = [(presenting.texts(item.text), item.handling) for item in told.agenda] if again else []
    context = about(row, standing, told, now) | {
        "agenda": formset, "base": base, "refusal": refusal, "beside": beside,
    }  # fmt: skip
    return render(request, "groups/meeting_agenda.html", context, status=422 if refusal else 200)


@form_page("groups.write")
def cancel(request: PageRequest, pk: int) -> HttpResponse:
    """Cancel a meeting that has not begun."""
    now = timezone.now()
    row, standing, told = meeting_queries.told(request.tenure, pk, now)
    form = CancelForm(request.POST or None)

    def act() -> GroupWord:
        reason = form.cleaned_data["reason"]
        return acts.cancel_meeting(row.group, str(row.key), reason=reason, by=request.tenure, now=now)

    if acted(request, form, act=act) is not None:
        messages.success(request, _("Canceled. The other side sees it, with the reason."))
        return redirect("groups:meeting", pk)
    context = about(row, standing, told, now) | {"form": form}
    return render(request, "groups/meeting_cancel.html", context, status=422 if form.errors else 200)


@form_page("groups.approve")
def authorise(request: PageRequest, pk: int) -> HttpResponse:
    """Let our people go to a meeting, or not."""
    now = timezone.now()
    row, standing, told = meeting_queries.told(request.tenure, pk, now)
    form = AuthoriseForm(request.POST or None)

    def act() -> GroupWord:
        given = form.cleaned_data
        return acts.authorise_meeting(
            row.group,
            str(row.key),
            granted=given["granted"] == "yes",
            reason=given["reason"],
            by=request.tenure,
            now=now,
        )

    if acted(request, form, act=act) is not None:
        messages.success(request, _("Said. The other side sees it."))
        return redirect("groups:meeting", pk)
    context = about(row, standing, told, now) | {"form": form}
    return render(request, "groups/meeting_authorise.html", context, status=422 if form.errors else 200)


@form_page("groups.write")
def attend(request: PageRequest, pk: int) -> HttpResponse:
    """Record which posts of this side came, and for whom they stood in."""
    now = timezone.now()
    row, standing, told = meeting_queries.told(request.tenure, pk, now)
    group, side = row.group, row.group.our_side
    ours = meeting_queries.posts_of_side(group, standing, side)
    others = meeting_queries.substitutes_of(group, standing)
    known = names_of([*ours, *others])
    named, rest = presenting.post_choices(ours, known), presenting.post_choices(others, known)
    data = request.POST if request.method == "POST" else None
    form = AttendForm(data, named=named)
    stand_ins = lines(SubstituteLine, "substitutes", data, others=rest, named=named)

    def act() -> GroupWord | None:
        substitutes = substitutes_in(stand_ins)
        present = [*form.cleaned_data["present"], *substitutes]
        if bool(present) == form.cleaned_data["nobody"]:
            form.add_error("nobody", _("Tick who came, or that nobody did."))
            return None
        return acts.record_attendance(group, str(row.key), present, substitutes=substitutes, by=request.tenure, now=now)

    if acted(request, form, stand_ins, act=act) is not None:
        messages.success(request, _("Recorded. The other side sees it."))
        return redirect("groups:meeting", pk)
    context = about(row, standing, told, now) | {"form": form, "substitutes": stand_ins, "can_substitute": bool(rest)}
    return render(request, "groups/meeting_attend.html", context, status=422 if form.errors else 200)


def about(row: Meeting, standing: Standing, told: Told, now: datetime) -> dict[str, Any]:
    """What every page about one meeting shows."""
    zones = meeting_queries.zones_of(row.group, standing)
    return {
        "group": row.group,
        "group_name": group_name(row.group),
        "meeting": presenting.shown(row, told, zones, now),
        "marking": _mark(row.group, standing),
    }


def _mark(group: Group, standing: Standing) -> str:
    return marking_words(marking_of(group, standing))


def acted(request: PageRequest, form: Any, *formsets: Any, act: Callable[[], Any]) -> Any:
    """What the act made, or None where nothing was sent yet or it was refused: then the form says why."""
    if request.method != "POST" or not all([form.is_valid(), *(one.is_valid() for one in formsets)]):
        if request.method == "POST" and form.is_valid():
            form.add_error(None, _("One of the lines below is not complete."))
        return None
    try:
        return act()
    except ContraparteError as refusal:
        words = words_of(refusal)
        field = TYPED_AS.get(words.field, words.field)
        form.add_error(field if field in form.fields else None, f"{words.title} {words.remedy}")
        return None


def told_off(request: PageRequest, formset: Any, *, act: Callable[[], Any]) -> tuple[Any, str]:
    """The same for a list of lines alone: what the act made, and the words of a refusal."""
    if request.method != "POST":
        return None, ""
    if not formset.is_valid():
        return None, _("One of the lines below is not complete.")
    try:
        return act(), ""
    except ContraparteError as refusal:
        words = words_of(refusal)
        return None, f"{words.title} {words.remedy}"
