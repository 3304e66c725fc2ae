"""The board of groups, one group, and how one is proposed: parse, call one action or query, answer."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from contraparte.desk.markings import marking_words
from contraparte.desk.queries import names_of, type_title
from contraparte.exchange import actions as exchange
from contraparte.groups import boards, catalogue, meeting_presenting, presenting, queries, said_again
from contraparte.groups.actions import founding
from contraparte.groups.actions.speaking import PURPOSES, circle_of
from contraparte.groups.answering import done, foreign_posts
from contraparte.groups.forms import FoundForm, group_name
from contraparte.groups.models import Group, GroupWord
from contraparte.groups.wording import CROSSED, words
from contraparte.protocol.marking import Marking
from contraparte.web.permissions import PageRequest, form_page, may, page

NOTES = ("reason", "note")
STORY_PAGE = 40


@page("groups.view")
def board(request: PageRequest) -> HttpResponse:
    """All groups of this post: which are alive, and what each lacks."""
    told = boards.board_of(request.tenure, timezone.now())
    rows = [*told.rows, *told.ended]
    posts = names_of([row.group.counterpart for row in rows] + [post for row in rows for post in row.vacant])
    context = {"board": told, "posts": posts, "may_found": may(request.tenure, "groups.write")}
    return render(request, "groups/board.html", context)


@form_page("groups.write")
def found(request: PageRequest) -> HttpResponse:
    """Propose a group to a post of the other side."""
    tenure = request.tenure
    before = boards.other_groups(tenure)
    form = FoundForm(
        request.POST or None, posts=foreign_posts(tenure), groups=before,
        initial={"counterpart": request.GET.get("with", "")[:106]},
    )  # fmt: skip

    def act() -> Group:
        told = form.cleaned_data
        chosen = [row for row in before if str(row.pk) in told.get("succeeds", ())]
        name = {"en": told["name_en"], "es": told["name_es"]}
        return founding.found_group(
            told["counterpart"], name=name, kind=told["kind"], framework=told["framework"], succeeds=chosen,
            by=tenure, now=timezone.now(),
        )  # fmt: skip

    made = done(request, form, act)
    if made is not None:
        messages.success(request, _("Proposed. Next, write its charter; both sponsors approve it."))
        return redirect("groups:group", made.pk)
    context = {"form": form, "framework_source": catalogue.framework_source()}
    return render(request, "groups/found.html", context, status=422 if form.errors else 200)


@page("groups.view")
def group(request: PageRequest, pk: int) -> HttpResponse:
    """One group: charter in force, goals, the next meeting, promises, and what came of it."""
    now, tenure = timezone.now(), request.tenure
    row, standing = queries.standing(tenure, pk, now)
    exchange.note_opened(row.conversation, by=tenure, now=now)
    charter, proposal = standing.charter, standing.proposal
    side = row.our_side
    promises = list(row.promises.filter(is_live=True)[:50])
    vacant = boards.vacant_of(row.posts, now)
    successor = queries.groups_of(tenure).filter(uuid=row.successor).first() if row.successor else None
    context = about(row) | {
        "standing": standing,
        "charter": charter,
        "proposal": proposal,
        "is_ours": proposal is not None and proposal.side == side,
        "lines": presenting.charter_lines(charter) if charter else [],
        "goals": presenting.goal_cards(standing, charter, dict(row.goals)) if charter else [],
        "promises": promises,
        "today": boards.local_day(row, now),
        "vacant": sorted(vacant),
        "powers": presenting.powers_of(tenure, row, standing),
        "owed": row.owed,
        "framework": presenting.framework_path(row.framework),
        "framework_words": [(presenting.post_of(row, one), word) for one, word in standing.framework_words.items()],
        "wishes": [(presenting.post_of(row, one), word) for one, word in standing.wishes.items()],
        "gates": [presenting.post_of(row, one) for one in sorted(standing.gates)],
        "has_gate": side in standing.gates,
        "ending": [(presenting.post_of(row, one), how) for one, (how, _into) in standing.ending.items()],
        "successor": successor,
        "matters": boards.came_of(row, tenure),
        "crossed": told_of(row, _crossed_of(row), now),
        "posts": names_of({*row.posts, row.post_id, row.counterpart}),
    }
    return render(request, "groups/group.html", context | meeting_presenting.part(row, standing, tenure, now))


@page("groups.view")
def story(request: PageRequest, pk: int) -> HttpResponse:
    """What both sides said of a group, and the states it passed through."""
    now = timezone.now()
    row, standing = queries.standing(request.tenure, pk, now)
    told = row.words.select_related("message").order_by("-at", "-pk")
    found = Paginator(told, STORY_PAGE).get_page(request.GET.get("page"))
    context = about(row) | {"page": found, "told": told_of(row, found, now), "history": standing.history}
    return render(request, "groups/story.html", context)


def about(row: Group) -> dict[str, Any]:
    """What every page about a group needs."""
    level = Marking(handling=frozenset(row.handling or ["H0"]), purposes=PURPOSES, circle=circle_of(row))
    return {
        "group": row,
        "title": group_name(row),
        "marking": marking_words(level),
        "posts": names_of([row.post_id, row.counterpart]),
    }


def _crossed_of(row: Group) -> QuerySet[GroupWord]:
    return GroupWord.objects.filter(group=row).exclude(crossed="").select_related("message").order_by("-at", "-pk")[:20]


def told_of(row: Group, found: Iterable[GroupWord], now: datetime) -> list[presenting.Told]:
    """Words as their story tells them; one of ours that crossed may be said again where that makes sense."""
    rows = list(found)
    again = said_again.addresses_of(row, rows, now)
    lines = []
    for one in rows:
        note = next((str(one.facts[name]) for name in NOTES if one.facts.get(name)), "")
        crossed = str(words(CROSSED, one.crossed)) if one.crossed else ""
        title = type_title(f"{one.act}/1")
        lines.append(presenting.Told(one, title, one.side == row.side, one.at, note, crossed, again.get(one.pk, "")))
    return lines
