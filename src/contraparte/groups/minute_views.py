"""Pages of minutes: write them on the text that stands, agree, dispute, print. Parse, call one action, answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from contraparte.desk.queries import names_of
from contraparte.groups import meeting_presenting as presenting
from contraparte.groups import meeting_queries, said_again
from contraparte.groups.actions import meeting as acts
from contraparte.groups.meeting_forms import (
    DecisionLine,
    MinutesForm,
    PromiseLine,
    decisions_of,
    lines,
    more_lines,
    promises_of,
)
from contraparte.groups.meeting_views import about, acted
from contraparte.groups.minutes_files import minutes_answer
from contraparte.groups.models import Group, GroupWord
from contraparte.groups.rules.meetings import Minutes
from contraparte.groups.rules.reading import read_text
from contraparte.groups.rules.standing import Standing
from contraparte.web.finding import or_404
from contraparte.web.permissions import PageRequest, form_page, page, require_post

PREFIXES = ("decisions", "promises")


@form_page("groups.write")
def write(request: PageRequest, pk: int) -> HttpResponse:
    """Propose minutes, on the text that stands. With that our side has agreed to them."""
    now = timezone.now()
    row, standing, told = meeting_queries.told(request.tenure, pk, now)
    group, current = row.group, told.current_minutes
    owners = _owners(group, standing)
    data, more = request.POST if request.method == "POST" else None, request.POST.get("more", "")
    typed = more_lines(request.POST, more) if more in PREFIXES else None
    again = said_again.own_word(group, said_again.MINUTES, request.GET.get("from", ""))
    started = _started(standing, current, again)
    form = MinutesForm(initial=typed.dict()) if typed else MinutesForm(data, initial=started["form"])
    told_lines = typed or data
    decisions = lines(DecisionLine, "decisions", told_lines, initial=started["decisions"])
    promises = lines(PromiseLine, "promises", told_lines, initial=started["promises"], owners=owners)

    def act() -> GroupWord:
        return acts.propose_minutes(
            group, str(row.key), text=form.text(), base=form.cleaned_data["base"], decisions=decisions_of(decisions),
            commitments=promises_of(promises, home=group.post_id, side=group.our_side),
            by=request.tenure, now=now,
        )  # fmt: skip

    if typed is None and acted(request, form, decisions, promises, act=act) is not None:
        messages.success(request, _("Proposed. They are minutes once the other side has agreed."))
        return redirect("groups:meeting", pk)
    context = about(row, standing, told, now) | {
        "form": form,
        "decisions": decisions,
        "promises": promises,
        "current": presenting.minutes_shown(group, standing, current) if current else None,
        "decides": told.state(now) == "held",
        "may_promise": told.state(now) == "held" and not told.is_exploratory,
        "is_again": again is not None and current is not None,
        "posts": names_of(_promise_owners(standing, current)) if again and current else {},
    }
    return render(request, "groups/minutes_write.html", context, status=422 if form.errors else 200)


def _owners(group: Group, standing: Standing) -> list[tuple[str, str]]:
    posts = meeting_queries.posts_named(group, standing)
    return presenting.post_choices(posts, names_of(posts))


def _started(standing: Standing, current: Minutes | None, again: GroupWord | None) -> dict[str, Any]:
    """What the form begins with: a text of ours that crossed, or the one that stands; both on the one that stands."""
    base = current.key if current else ""
    if again is not None:
        facts = again.facts
        text, decisions = read_text(facts.get("text")), [read_text(one) for one in facts.get("decisions", ())]
        promised: Sequence[Any] = facts.get("commitments", ())
    elif current is not None:
        text, decisions, promised = current.text, list(current.decisions), standing.drafted.get(current.key, ())
    else:
        return {"form": {"base": ""}, "decisions": [], "promises": []}
    return {
        "form": {"base": base, "en": text.en, "es": text.es},
        "decisions": [{"en": one.en, "es": one.es} for one in decisions],
        "promises": [
            {
                **(one.get("text") or {}),
                "owner": one["owner"],
                "due_on": one["due_on"],
                "one_sided": one.get("one_sided"),
            }
            for one in promised
        ],
    }


@require_post("groups.write")
def agree(request: PageRequest, pk: int) -> HttpResponse:
    """Agree to the minutes that stand: the ones the reader saw, named by their key."""
    now = timezone.now()
    row, _standing, current = _current(request, pk, now)
    acts.agree_minutes(row, request.POST.get("minutes") or current.key, by=request.tenure, now=now)
    messages.success(request, _("Agreed. What they promise counts from now."))
    return redirect("groups:meeting", pk)


@form_page("groups.write")
def dispute(request: PageRequest, pk: int) -> HttpResponse:
    """Dispute the minutes that stand and leave our own text beside them."""
    now = timezone.now()
    group, standing, current = _current(request, pk, now)
    row, _again, told = meeting_queries.told(request.tenure, pk, now)
    form = MinutesForm(request.POST or None, initial={"base": current.key})

    def act() -> GroupWord:
        return acts.dispute_minutes(group, form.cleaned_data["base"], text=form.text(), by=request.tenure, now=now)

    if acted(request, form, act=act) is not None:
        messages.success(request, _("Disputed. Both texts are kept."))
        return redirect("groups:meeting", pk)
    context = about(row, standing, told, now) | {
        "form": form,
        "current": presenting.minutes_shown(group, standing, current),
        "posts": names_of(_promise_owners(standing, current)),
    }
    return render(request, "groups/minutes_dispute.html", context, status=422 if form.errors else 200)


def _promise_owners(standing: Standing, minutes: Minutes) -> list[str]:
    return [str(one["owner"]) for one in standing.drafted.get(minutes.key, ())]


@page("groups.view")
def minutes_file(request: PageRequest, pk: int) -> HttpResponse:
    """The minutes that stand as a tagged PDF in both languages."""
    now = timezone.now()
    row, standing, told = meeting_queries.told(request.tenure, pk, now)
    return minutes_answer(row, standing, told, now)


def _current(request: PageRequest, pk: int, now: datetime) -> tuple[Group, Standing, Minutes]:
    row, standing, told = meeting_queries.told(request.tenure, pk, now)
    current = or_404(told.current_minutes)
    return row.group, standing, current
