"""How groups stand, for programs, and what a sponsor says of them: board, extent, framework, health, gate, end.

What a sponsor says leaves at once and nobody stands between, so it wants a token of the scope `release` (ADR 0104).
"""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from django.utils import timezone
from ninja import Router, Schema

from contraparte.groups import boards, meeting_presenting, queries
from contraparte.groups.actions import founding, meeting
from contraparte.groups.models import Group
from contraparte.groups.rules.health import Health
from contraparte.groups.telling import refuse, require_fields, state_told
from contraparte.web.api.answers import once
from contraparte.web.api.doors import ApiRequest, Opens

router = Router(tags=["groups"])


class Gate(Schema):
    """Whether our part in meetings called from now on needs our sponsor's authorisation."""

    required: bool


class Wish(Schema):
    """`wish`: keep, refocus or conclude."""

    wish: str
    note: str = ""


class OnFramework(Schema):
    """Whether this side agrees to the goal of the framework the group stands under, or disowns it."""

    agreed: bool
    note: str = ""


class End(Schema):
    """`how`: concluded, replaced or merged; `into`: the id of the group that takes over, where one does."""

    how: str
    into: int | None = None
    reason: str = ""


@router.get("/groups/board", auth=Opens("groups.view", "read"))
def board(request: ApiRequest) -> dict[str, Any]:
    """All groups of the post by how they stand, those that fell silent first, and what each lacks."""
    told = boards.board_of(request.tenure, timezone.now())
    parts = {"silent": told.silent, "alive": told.alive, "begun": told.begun, "ended": told.ended}
    rows = {name: [_on_board(row) for row in part] for name, part in parts.items()}
    return rows | {"overdue": told.overdue, "vacant": told.vacant}


@router.get("/groups/extent", auth=Opens("groups.view", "read"))
def extent(request: ApiRequest) -> dict[str, Any]:
    """Everything an incoming principal takes over: groups, posts abroad, accords, the traffic of the last year."""
    told = boards.statement_of(request.tenure, timezone.now())
    return {
        "groups": [
            _named(row.group)
            | {
                "counterpart": row.group.counterpart, "accord": row.accord, "is_suspended": row.is_suspended,
                "posts_abroad": row.foreign, "wishes": dict(row.wishes), "is_orphan": row.is_orphan,
                "framework_words": dict(row.framework_words), "may_decide": row.may_decide,
            }
            for row in told.rows
        ],
        "groups_of_other_posts": told.others,
        "volumes": [
            {"agency": one.agency, "messages": one.total, "by_type": dict(one.by_type), "permissions_given": one.given,
             "permissions_held": one.held}
            for one in told.volumes
        ],
        "accords": [{"id": row.pk, "is_suspended": off} for row, off in told.accords],
    }  # fmt: skip


@router.get("/groups/framework", auth=Opens("groups.view", "read"))
def framework_tree(request: ApiRequest) -> dict[str, Any]:
    """The framework: goals, areas, objectives, actions, with the groups that stand under each."""
    lines, elsewhere = boards.tree_of(request.tenure)
    return {
        "lines": [
            {"code": node.code, "level": node.level, "parent": node.parent, "text": {"en": node.en, "es": node.es},
             "groups": [_named(row.group) | {"framework_words": dict(row.framework_words)} for row in under]}
            for node, under in lines
        ],
        "elsewhere": [_named(row) for row in elsewhere],
    }  # fmt: skip


@router.get("/groups/{int:pk}/health", auth=Opens("groups.view", "read"))
def show_health(request: ApiRequest, pk: int) -> dict[str, Any]:
    """How well a group is kept, when it should meet next, and the agenda that what it left open makes."""
    now = timezone.now()
    row, standing = queries.standing(request.tenure, pk, now)
    planned = meeting_presenting.planned(row, standing, now)
    return _health(row, meeting_presenting.health(row, standing, now)) | {
        "planned": {"day": planned.day, "by_cadence": planned.by_cadence, "agenda_due": planned.agenda_due}
        if planned
        else None,
        "left_open": meeting.proposed_agenda(row, now),
    }


@router.post("/groups/{int:pk}/gate", auth=Opens("groups.approve", "release"))
def set_gate(request: ApiRequest, pk: int, told: Gate) -> dict[str, Any]:
    """Set or lift the authorisation that our part in meetings needs. Leaves at once. Wants an Idempotency-Key."""
    row = _found(request, pk, told)

    def act() -> dict[str, Any]:
        founding.set_gate(row, required=told.required, by=request.tenure, now=timezone.now())
        return state_told(row)

    return once(request, act)


@router.post("/groups/{int:pk}/decide", auth=Opens("groups.approve", "release"))
def decide_extent(request: ApiRequest, pk: int, told: Wish) -> dict[str, Any]:
    """Say keep, refocus or conclude of a group. Leaves at once. Wants an Idempotency-Key."""
    row = _found(request, pk, told)

    def act() -> dict[str, Any]:
        founding.decide_extent(row, told.wish, note=told.note, by=request.tenure, now=timezone.now())
        return state_told(row)

    return once(request, act)


@router.post("/groups/{int:pk}/framework", auth=Opens("groups.approve", "release"))
def speak_of_framework(request: ApiRequest, pk: int, told: OnFramework) -> dict[str, Any]:
    """Agree to, or disown, the framework goal of a group. Leaves at once. Wants an Idempotency-Key."""
    row = _found(request, pk, told)

    def act() -> dict[str, Any]:
        founding.speak_of_framework(row, agreed=told.agreed, note=told.note, by=request.tenure, now=timezone.now())
        return state_told(row)

    return once(request, act)


@router.post("/groups/{int:pk}/end", auth=Opens("groups.approve", "release"))
def end_group(request: ApiRequest, pk: int, told: End) -> dict[str, Any]:
    """Ask to end a group, or agree with the other side that has asked. Leaves at once. Wants an Idempotency-Key."""
    row = _found(request, pk, told)
    into = _into(boards.other_groups(request.tenure, row), told.into)

    def act() -> dict[str, Any]:
        founding.end_group(row, told.how, into=into, reason=told.reason, by=request.tenure, now=timezone.now())
        return state_told(row)

    return once(request, act)


def _found(request: ApiRequest, pk: int, told: Schema) -> Group:
    row = queries.group(request.tenure, pk)
    require_fields(request, told)
    return row


def _into(others: Iterable[Group], pk: int | None) -> Group | None:
    found = next((one for one in others if one.pk == pk), None)
    refuse({"into": "unknown"} if pk is not None and found is None else {})
    return found


def _named(row: Group) -> dict[str, Any]:
    return {"id": row.pk, "name": {"en": row.name_en, "es": row.name_es}, "state": row.state}


def _on_board(row: boards.Row) -> dict[str, Any]:
    group = row.group
    return _named(group) | {
        "counterpart": group.counterpart,
        "meetings": group.heartbeat,
        "last_held_at": group.last_held_at,
        "next_at": group.next_at,
        "goals": len(group.goals),
        "goals_on_track": row.on_track,
        "goals_unmeasured": row.unmeasured,
        "overdue": row.overdue,
        "escalated": row.escalated,
        "vacant": row.vacant,
    }


def _health(row: Group, told: Health) -> dict[str, Any]:
    found = asdict(told)
    came = found.pop("came")
    return found | {
        "came": {"ours" if side == row.our_side else "theirs": many for side, many in came.items()},
        "minutes_owed": told.minutes_owed,
    }
