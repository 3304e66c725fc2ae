"""Commitments and goals for programs: what was promised, what becomes of it, how far a goal has come."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.utils import timezone
from ninja import Router, Schema

from contraparte.directory.models import Tenure
from contraparte.groups import queries
from contraparte.groups.actions import promising
from contraparte.groups.messages import Day
from contraparte.groups.models import GroupWord, Promise
from contraparte.groups.recording import standing_of, verdict_on
from contraparte.groups.telling import (
    CODE,
    LINE,
    POST,
    WORDS,
    Words,
    promise_told,
    require_fields,
    require_posts,
    require_short,
)
from contraparte.protocol.errors import ApiFieldError
from contraparte.protocol.ids import country_of
from contraparte.web.api.answers import once, page_of
from contraparte.web.api.doors import ApiRequest, Opens
from contraparte.web.finding import or_404
from contraparte.web.permissions import may

router = Router(tags=["groups"])
MOST_STEPS = 100  # of one commitment


class Figure(Schema):
    """A figure of a goal, in digits; of a milestone, the day it was done or is expected."""

    value: str = ""
    since: Day | None = None
    until: Day | None = None
    source: str = ""
    comparable: bool = True
    done_on: Day | None = None
    expected_on: Day | None = None
    note: str = ""


class Commitment(Schema):
    """Something promised outside a meeting; without an `owner` the post of the chair owes it."""

    text: Words
    due_on: Day
    owner: str = ""
    one_sided: bool = False


class Step(Schema):
    """What happens with a commitment: accept, begin, claim, verify, reopen, carry, hand or drop."""

    do: str
    due_on: Day | None = None
    owner: str = ""
    note: str = ""


@router.get("/commitments", auth=Opens("groups.view", "read"))
def list_commitments(request: ApiRequest, cursor: str = "") -> dict[str, Any]:
    """What both sides of the groups promised, and what the post owes elsewhere, in the order of their numbers."""
    rows = queries.promises_of(request.tenure) | queries.own_promises(request.tenure)
    return page_of(rows.distinct(), cursor, promise_told)


@router.get("/commitments/{int:pk}", auth=Opens("groups.view", "read"))
def show_commitment(request: ApiRequest, pk: int) -> dict[str, Any]:
    """One commitment: the days it was due, what was said of it, and the steps that are open to this token."""
    row, now = queries.promise(request.tenure, pk), timezone.now()
    plain = or_404(standing_of(row.group, now).promises.get(row.key))
    said = GroupWord.objects.filter(group=row.group, act="commitment.take", facts__commitment=row.key)
    return promise_told(row) | {
        "carried_from": list(plain.carried),
        "open_steps": list(_open_steps(row, request.tenure, now)),
        "steps": [
            {"do": one.facts.get("do"), "is_ours": one.side == row.group.side, "at": one.at, "crossed": one.crossed,
             "due_on": one.facts.get("due_on"), "owner": one.facts.get("owner"), "note": one.facts.get("note")}
            for one in said.order_by("at", "pk")[:MOST_STEPS]
        ],
    }  # fmt: skip


@router.post("/groups/{int:pk}/commitments", auth=Opens("groups.write", "write"))
def make_commitment(request: ApiRequest, pk: int, told: Commitment) -> dict[str, Any]:
    """Promise something for this side, outside a meeting. Leaves at once. Wants an Idempotency-Key."""
    row = queries.group(request.tenure, pk)
    require_fields(request, told)
    owner = told.owner or row.post_id
    require_posts({"owner": owner}, [country_of(row.post_id)])

    def act() -> dict[str, Any]:
        word = promising.make_promise(
            row, text=told.text.dict(), owner=owner, due_on=told.due_on, one_sided=told.one_sided,
            by=request.tenure, now=timezone.now(),
        )  # fmt: skip
        made = Promise.objects.get(group=row, key=str(word.message.uuid))
        return {"commitment": made.pk, "state": made.state, "due_on": made.due_on.isoformat()}

    return once(request, act)


@router.post("/commitments/{int:pk}/steps", auth=Opens("groups.write", "write"))
def take_commitment(request: ApiRequest, pk: int, told: Step) -> dict[str, Any]:
    """Say what happens with a commitment. Leaves at once. Wants an Idempotency-Key."""
    row = queries.promise(request.tenure, pk)
    require_fields(request, told)
    require_short(owner=(told.owner, POST), note=(told.note, WORDS))

    def act() -> dict[str, Any]:
        _require_step(row, told)
        promising.take_promise(
            row, told.do, due_on=told.due_on, owner=told.owner, note=told.note, by=request.tenure, now=timezone.now()
        )
        row.refresh_from_db()
        return {"commitment": row.pk, "state": row.state, "due_on": row.due_on.isoformat()}

    return once(request, act)


@router.get("/groups/{int:pk}/goals/{key}", auth=Opens("groups.view", "read"))
def show_goal(request: ApiRequest, pk: int, key: str) -> dict[str, Any]:
    """One goal of the charter in force: its figures, the smallest change its count can show, the verdict."""
    now = timezone.now()
    row, standing = queries.standing(request.tenure, pk, now)
    goals = standing.charter.goals if standing.charter else ()
    goal = or_404(next((one for one in goals if one.key == key), None))
    return asdict(goal) | {
        "change": goal.change,
        "smallest_change": goal.smallest_change,
        "is_visible": goal.is_visible,
        "verdict": verdict_on(standing, goal, now).value,
        "reports": [
            {"is_ours": one.side == row.side, "at": one.at, "facts": dict(one.facts)}
            for one in standing.reports
            if one.goal == key
        ],
    }


@router.post("/groups/{int:pk}/goals/{key}", auth=Opens("groups.write", "write"))
def report_goal(request: ApiRequest, pk: int, key: str, told: Figure) -> dict[str, Any]:
    """Enter a figure of a goal. Leaves at once. Wants an Idempotency-Key."""
    row = queries.group(request.tenure, pk)
    require_fields(request, told)
    require_short(value=(told.value, CODE), source=(told.source, LINE), note=(told.note, WORDS))

    def act() -> dict[str, Any]:
        promising.report_goal(row, key, **told.dict(), by=request.tenure, now=timezone.now())
        row.refresh_from_db()
        return {"group": row.pk, "goals": row.goals}

    return once(request, act)


def _require_step(row: Promise, told: Step) -> None:
    """Raise ApiFieldError for a step that is not open, naming those that are, or a new owner nobody lists.

    Asked where the step is taken: a repeat of the call is told the same, though the step is no longer open.
    """
    plain = or_404(standing_of(row.group, timezone.now()).promises.get(row.key))
    allowed = plain.allowed(row.group.our_side)
    if told.do not in allowed:
        raise ApiFieldError(field="do", fields={"do": list(allowed)})
    if told.do == "hand" and told.owner:
        require_posts({"owner": told.owner}, [country_of(row.owner)])


def _open_steps(row: Promise, tenure: Tenure, now: datetime) -> tuple[str, ...]:
    """What may happen with it by this tenure's word."""
    standing, side = standing_of(row.group, now), row.group.our_side
    speaks = tenure.post_id == row.group.post_id or (row.side == side and tenure.post_id == row.owner)
    if not speaks or not may(tenure, "groups.write") or standing.end is not None:
        return ()
    return standing.promises[row.key].allowed(side)
