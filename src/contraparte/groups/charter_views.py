"""The charter: written, compared, approved or declined."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from contraparte.desk.queries import names_of
from contraparte.groups import catalogue, presenting, queries
from contraparte.groups.actions import founding
from contraparte.groups.answering import done, foreign_posts, own_posts, posts_of, say_refused, zones_for
from contraparte.groups.charter_forms import (
    MOST_GOALS,
    CharterForm,
    GoalForm,
    blame,
    new_key,
    typed_charter,
    typed_goal,
)
from contraparte.groups.forms import ReasonForm
from contraparte.groups.models import Group, GroupWord
from contraparte.groups.rules.charters import Charter, blocking, changes, gaps
from contraparte.groups.rules.reading import read_charter
from contraparte.groups.rules.standing import Standing, Version
from contraparte.groups.rules.words import Side, other
from contraparte.groups.said_again import own_word
from contraparte.groups.views import about
from contraparte.groups.wording import FIELDS, GAPS, words
from contraparte.protocol.errors import ContraparteError
from contraparte.protocol.ids import agency_of
from contraparte.web.finding import or_404
from contraparte.web.permissions import PageRequest, form_page, page, require_post
from contraparte.web.wording import words_of


class Desk:
    """The charter form of one request: the text, its goals, and what the rules say of both."""

    def __init__(self, request: PageRequest, row: Group, standing: Standing) -> None:
        self.request, self.row, self.standing = request, row, standing
        self.side: Side = row.our_side
        self.start = _starting_text(request, row, standing)
        self.warnings: list[tuple[str, str]] = []
        self.preview: list[presenting.Changed] | None = None
        self.is_checked = self.has_gaps = False
        everyone = [*own_posts(request.tenure), *foreign_posts(request.tenure, first=agency_of(row.counterpart))]
        self._more: dict[str, Any] = {
            "own": posts_of(row.agency, without=row.post_id),
            "theirs": posts_of(agency_of(row.counterpart), without=row.counterpart),
            "members": [one for one in everyone if one[0] not in {row.post_id, row.counterpart}],
            "zones": zones_for(row),
        }
        self._goal_more: dict[str, Any] = {"posts": everyone, "side": self.side}
        self.form, self.goals = self._posted() if request.method == "POST" else self._fresh()

    def _fresh(self) -> tuple[CharterForm, list[GoalForm]]:
        initial = typed_charter(self.start, self.side)
        form = CharterForm(initial=initial, **self._more)
        goals = [typed_goal(goal) for goal in self.start.goals] or [{"key": "g1", "baseline_days": 365}]
        return form, [GoalForm(initial=goal, prefix=f"goals-{n}", **self._goal_more) for n, goal in enumerate(goals)]

    def _posted(self) -> tuple[CharterForm, list[GoalForm]]:
        data = self.request.POST
        typed = data.get("goals", "0")
        many = min(int(typed) if typed.isdecimal() and len(typed) < 4 else 0, MOST_GOALS)
        kept = [n for n in range(many) if not data.get(f"goals-{n}-drop")]
        goals = [GoalForm(_renumbered(data, n, place), prefix=f"goals-{place}", **self._goal_more)
                 for place, n in enumerate(kept)]  # fmt: skip
        return CharterForm(data, **self._more), goals

    def add_goal(self) -> None:
        """One goal row more, empty."""
        taken = [str(one.data.get(f"{one.prefix}-key", "")) for one in self.goals]
        if len(self.goals) < MOST_GOALS:
            prefix = f"goals-{len(self.goals)}"
            fresh = {f"{prefix}-key": new_key(taken), f"{prefix}-baseline_days": "365", f"{prefix}-measure": "count"}
            self.goals.append(GoalForm(fresh, prefix=prefix, **self._goal_more))

    def check(self) -> dict[str, Any] | None:
        """The text as it would travel, with every gap at its field; None where a field cannot be read."""
        readable = self.form.is_valid() & all(list(map(GoalForm.is_valid, self.goals)))
        if not readable:
            return None
        chairs: dict[Side, str] = {self.side: self.row.post_id, other(self.side): self.row.counterpart}
        plain = self.form.plain(self.side, chairs) | {"goals": [one.plain() for one in self.goals]}
        found = founding.gaps_of(self.row, plain, now=timezone.now())
        self.is_checked, self.has_gaps = True, bool(blocking(found))
        self.warnings = blame(self.form, self.goals, found, self.side)
        typed, base = read_charter(plain), self.standing.charter
        self.preview = presenting.change_lines(changes(base, typed), typed, base)
        return plain

    def beside(self) -> list[presenting.Changed]:
        """What the other side's waiting text has otherwise than the one this form starts from."""
        waiting = self.standing.proposal
        if waiting is None or waiting.side == self.side:
            return []
        return presenting.change_lines(changes(waiting.charter, self.start), self.start, waiting.charter)


@form_page("groups.write")
def write(request: PageRequest, pk: int) -> HttpResponse:
    """Write the charter, or a change of it: add a goal, check, propose."""
    row, standing = queries.standing(request.tenure, pk, timezone.now())
    desk = Desk(request, row, standing)
    do = request.POST.get("do", "")
    if request.method == "POST":
        if do == "add":
            desk.add_goal()
        else:
            plain = desk.check()
            if plain is not None and (do == "propose_gaps" or (do == "propose" and not desk.has_gaps)):
                sent = _propose(desk, plain)
                if sent is not None:
                    messages.success(request, _("Proposed. Both sponsors approve it, or either side declines it."))
                    return redirect("groups:version", pk, sent.message.uuid)
    context = about(row) | {
        "desk": desk, "form": desk.form, "goals": desk.goals, "many": len(desk.goals), "beside": desk.beside(),
        "base": standing.in_force.key if standing.in_force else "", "waiting": standing.proposal,
        "is_theirs": standing.proposal is not None and standing.proposal.side != desk.side,
        "is_first": standing.in_force is None,
    }  # fmt: skip
    is_wrong = request.method == "POST" and do != "add" and _has_errors(desk)
    return render(request, "groups/charter.html", context, status=422 if is_wrong else 200)


def _propose(desk: Desk, plain: dict[str, Any]) -> GroupWord | None:
    base = str(desk.request.POST.get("base", ""))[:36]
    try:
        return founding.propose_charter(desk.row, plain, base=base, by=desk.request.tenure, now=timezone.now())
    except ContraparteError as refusal:
        say_refused(desk.form, refusal)
        return None


@page("groups.view")
def version(request: PageRequest, pk: int, key: UUID) -> HttpResponse:
    """One text of the charter: what it says and changes, what it lacks, who has approved it."""
    row, standing = queries.standing(request.tenure, pk, timezone.now())
    found = _version(standing, key)
    return render(request, "groups/version.html", _about_version(request, row, standing, found))


@require_post("groups.approve")
def approve(request: PageRequest, pk: int, key: UUID) -> HttpResponse:
    """Approve a text for this side."""
    row = queries.group(request.tenure, pk)
    try:
        founding.approve_charter(row, str(key), by=request.tenure, now=timezone.now())
    except ContraparteError as refusal:
        told = words_of(refusal)
        messages.error(request, f"{told.title} {told.remedy}")
    else:
        messages.success(request, _("Approved for this side."))
    return redirect("groups:version", pk, key)


@form_page("groups.decline")
def decline(request: PageRequest, pk: int, key: UUID) -> HttpResponse:
    """Decline a text, or take our own back."""
    row, standing = queries.standing(request.tenure, pk, timezone.now())
    found = _version(standing, key)
    form = ReasonForm(request.POST or None)

    def act() -> GroupWord:
        reason = form.cleaned_data["reason"]
        return founding.decline_charter(row, str(key), reason=reason, by=request.tenure, now=timezone.now())

    if done(request, form, act) is not None:
        messages.success(request, _("Said. The other side reads it."))
        return redirect("groups:group", pk)
    context = about(row) | {"form": form, "version": found, "is_ours": found.side == row.side}
    return render(request, "groups/decline.html", context, status=422 if form.errors else 200)


def _about_version(request: PageRequest, row: Group, standing: Standing, found: Version) -> dict[str, Any]:
    charter, side = found.charter, row.our_side
    base = standing.versions.get(found.base)
    taken = founding.objectives_of_others(row, timezone.now()) if found.is_open else ()
    lacks = gaps(charter, on=found.at.date(), taken=taken)
    before = base.charter if base else None
    named = {*charter.chairs.values(), *charter.sponsors.values(), *charter.members}
    named |= {goal.owner for goal in charter.goals} | {goal.baseline_owed_by for goal in charter.goals}
    sponsor = charter.sponsors.get(side, "")
    is_sponsor = request.tenure.post_id == sponsor and "authoriser" in request.tenure.roles
    return about(row) | {
        "version": found,
        "charter": charter,
        "lines": presenting.charter_lines(charter),
        "goals": presenting.goal_cards(standing, charter, {}),
        "changes": presenting.change_lines(changes(before, charter), charter, before) if before else [],
        "gaps": [(_gap_place(gap.field), words(GAPS, gap.code)) for gap in blocking(lacks)],
        "warnings": [(_gap_place(gap.field), words(GAPS, gap.code)) for gap in lacks if gap.warns],
        "approvals": [(charter.sponsors.get(one, ""), found.approved.get(one), found.declined.get(one))
                      for one in (side, other(side))],
        "is_ours": found.side == side,
        "is_in_force": standing.in_force is not None and standing.in_force.key == found.key,
        "may_approve": found.is_open and is_sponsor and side not in found.approved and not blocking(lacks),
        "may_decline": found.is_open and (is_sponsor or presenting.powers_of(request.tenure, row, standing).chairs),
        "may_write": presenting.powers_of(request.tenure, row, standing).chairs,
        "posts": names_of({row.post_id, row.counterpart, *named} - {""}),
        "versions": list(standing.versions.values())[::-1],
    }  # fmt: skip


def _starting_text(request: PageRequest, row: Group, standing: Standing) -> Charter:
    """Where the form starts: the text asked for, our own waiting one, the one in force, or what its kind suggests."""
    wanted = request.GET.get("from", "")[:36]
    if wanted in standing.versions:
        return standing.versions[wanted].charter
    if wanted:
        found = own_word(row, ("charter.propose",), wanted)
        if found is not None:
            return read_charter(found.facts["charter"])
    waiting = standing.proposal
    if waiting is not None and waiting.side == row.side:
        return waiting.charter
    if standing.charter is not None:
        return standing.charter
    return read_charter(_suggested(row, standing))


def _suggested(row: Group, standing: Standing) -> dict[str, Any]:
    """A first text from the kind of the group."""
    told: dict[str, Any] = {
        "name": {"en": standing.name.en, "es": standing.name.es}, "kind": standing.kind,
        "time_zone": row.post.time_zone,
    }  # fmt: skip
    kind = catalogue.kinds().get(standing.kind)
    if kind is not None:
        told |= {
            "cadence": {"every": kind.every, "unit": kind.unit}, "quorum": kind.quorum, "rule": kind.rule,
            "handling": list(kind.handling),
        }  # fmt: skip
    return told


def _renumbered(data: Any, was: int, place: int) -> Any:
    """The fields of one goal under its place once those left out are gone."""
    if was == place:
        return data
    start = f"goals-{was}-"
    return {f"goals-{place}-{name.removeprefix(start)}": data[name] for name in data if name.startswith(start)}


def _gap_place(path: str) -> str:
    """The field of a gap in words; a goal by its number."""
    parts = path.split(".")
    if parts[0] == "goals" and len(parts) > 2:
        return _("Goal %(number)d · %(field)s") % {"number": int(parts[1]) + 1, "field": FIELDS[parts[2]]}
    return str(FIELDS[parts[0]])


def _version(standing: Standing, key: UUID) -> Version:
    return or_404(standing.versions.get(str(key)))


def _has_errors(desk: Desk) -> bool:
    return bool(desk.form.errors) or any(one.errors for one in desk.goals)
