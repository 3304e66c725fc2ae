"""Groups for programs: the same queries and actions as the pages, in JSON."""

from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from django.utils import timezone
from ninja import Router, Schema
from pydantic import ValidationError

from contraparte.groups import boards, queries
from contraparte.groups.actions import founding, promising
from contraparte.groups.messages import Charter
from contraparte.groups.models import Group, Promise
from contraparte.groups.recording import standing_of
from contraparte.groups.rules.charters import gaps
from contraparte.protocol.errors import ApiFieldError
from contraparte.web.api.answers import once, page_of
from contraparte.web.api.doors import ApiRequest, Opens
from contraparte.web.finding import or_404

router = Router(tags=["groups"])


class Proposal(Schema):
    """A text of the charter, in the form of `charter.propose/1`, written on the one in force (`base`)."""

    charter: dict[str, Any]
    base: str = ""


class Why(Schema):
    """Why it is declined."""

    reason: str


class Figure(Schema):
    """A figure of a goal, in digits; of a milestone, the day it was done or is expected."""

    value: str = ""
    since: date | None = None
    until: date | None = None
    source: str = ""
    comparable: bool = True
    done_on: date | None = None
    expected_on: date | None = None
    note: str = ""


class Step(Schema):
    """What happens with a commitment: accept, begin, claim, verify, reopen, carry, hand or drop."""

    do: str
    due_on: date | None = None
    owner: str = ""
    note: str = ""


@router.get("/groups", auth=Opens("groups.view", "read"))
def list_groups(request: ApiRequest, cursor: str = "") -> dict[str, Any]:
    """The groups the post reads in the order of their numbers: state, last meetings, goals, what this side owes."""
    return page_of(queries.groups_of(request.tenure), cursor, _told)


@router.get("/groups/{int:pk}", auth=Opens("groups.view", "read"))
def show_group(request: ApiRequest, pk: int) -> dict[str, Any]:
    """One group: how it stands, its charter in force, the texts that were proposed, its states over time."""
    now = timezone.now()
    row, standing = queries.standing(request.tenure, pk, now)
    return _told(row) | {
        "in_force": standing.in_force.key if standing.in_force else "",
        "charter": asdict(standing.charter) if standing.charter else None,
        "versions": [
            {
                "key": one.key, "number": one.number, "is_ours": one.side == row.side, "at": one.at, "base": one.base,
                "approved": dict(one.approved), "declined": dict(one.declined), "charter": asdict(one.charter),
                "gaps": [asdict(gap) for gap in gaps(one.charter, on=one.at.date())],
            }
            for one in standing.versions.values()
        ],
        "history": [asdict(one) for one in standing.history],
        "reports": [{"goal": one.goal, "is_ours": one.side == row.side, "at": one.at, "facts": dict(one.facts)}
                    for one in standing.reports],
        "vacant": sorted(boards.vacant_of(row.posts, now)),
    }  # fmt: skip


@router.get("/commitments", auth=Opens("groups.view", "read"))
def list_commitments(request: ApiRequest, cursor: str = "") -> dict[str, Any]:
    """What both sides of the groups promised, in the order of their numbers."""
    return page_of(queries.promises_of(request.tenure), cursor, _promised)


@router.post("/groups/{int:pk}/charters", auth=Opens("groups.write", "write"))
def propose_charter(request: ApiRequest, pk: int, told: Proposal) -> dict[str, Any]:
    """Propose a text of the charter; gaps come back and stop its approval. Leaves at once. Wants an Idempotency-Key."""
    row = queries.group(request.tenure, pk)
    text = _charter(told.charter)

    def act() -> dict[str, Any]:
        now = timezone.now()
        sent = founding.propose_charter(row, text, base=told.base, by=request.tenure, now=now)
        return {
            "charter": str(sent.message.uuid),
            "gaps": [asdict(gap) for gap in founding.gaps_of(row, text, now=now)],
        }

    return once(request, act)


@router.post("/groups/{int:pk}/charters/{key}/approve", auth=Opens("groups.approve", "write"))
def approve_charter(request: ApiRequest, pk: int, key: UUID) -> dict[str, Any]:
    """Approve a text for this side: its sponsor's act. Wants an Idempotency-Key."""
    row = queries.group(request.tenure, pk)

    def act() -> dict[str, Any]:
        founding.approve_charter(row, str(key), by=request.tenure, now=timezone.now())
        return _state(row)

    return once(request, act)


@router.post("/groups/{int:pk}/charters/{key}/decline", auth=Opens("groups.decline", "write"))
def decline_charter(request: ApiRequest, pk: int, key: UUID, told: Why) -> dict[str, Any]:
    """Decline a text, or take our own back. Wants an Idempotency-Key."""
    row = queries.group(request.tenure, pk)

    def act() -> dict[str, Any]:
        founding.decline_charter(row, str(key), reason=told.reason[:2_000], by=request.tenure, now=timezone.now())
        return _state(row)

    return once(request, act)


@router.post("/groups/{int:pk}/goals/{key}", auth=Opens("groups.write", "write"))
def report_goal(request: ApiRequest, pk: int, key: str, told: Figure) -> dict[str, Any]:
    """Enter a figure of a goal. Leaves at once. Wants an Idempotency-Key."""
    row = queries.group(request.tenure, pk)
    _require_short(value=(told.value, 40), source=(told.source, 300), note=(told.note, 2_000))

    def act() -> dict[str, Any]:
        promising.report_goal(row, key, **told.dict(), by=request.tenure, now=timezone.now())
        row.refresh_from_db()
        return {"group": row.pk, "goals": row.goals}

    return once(request, act)


@router.post("/commitments/{int:pk}/steps", auth=Opens("groups.write", "write"))
def take_commitment(request: ApiRequest, pk: int, told: Step) -> dict[str, Any]:
    """Say what happens with a commitment. Leaves at once. Wants an Idempotency-Key."""
    row = queries.promise(request.tenure, pk)
    _require_short(owner=(told.owner, 106), note=(told.note, 2_000))
    plain = or_404(standing_of(row.group, timezone.now()).promises.get(row.key))
    if told.do not in plain.allowed(row.group.our_side):
        raise ApiFieldError(field="do", fields={"do": list(plain.allowed(row.group.our_side))})

    def act() -> dict[str, Any]:
        promising.take_promise(
            row, told.do, due_on=told.due_on, owner=told.owner, note=told.note, by=request.tenure, now=timezone.now()
        )
        row.refresh_from_db()
        return {"commitment": row.pk, "state": row.state, "due_on": row.due_on.isoformat()}

    return once(request, act)


def _charter(fields: dict[str, Any]) -> dict[str, Any]:
    """The text as it travels. Raises ApiFieldError naming every field that cannot be read."""
    try:
        read = Charter.model_validate(fields)
    except ValidationError as refused:
        wrong = {"charter." + ".".join(map(str, one["loc"])): [str(one["type"])] for one in refused.errors()}
        raise ApiFieldError(field=next(iter(wrong)), fields=wrong) from refused
    return read.model_dump(mode="json")


def _require_short(**fields: tuple[str, int]) -> None:
    wrong = {name: ["too_long"] for name, (text, most) in fields.items() if len(text) > most}
    if wrong:
        raise ApiFieldError(field=next(iter(wrong)), fields=wrong)


def _told(row: Group) -> dict[str, Any]:
    return {
        "id": row.pk,
        "uuid": str(row.uuid),
        "name": {"en": row.name_en, "es": row.name_es},
        "kind": row.kind,
        "framework": row.framework,
        "state": row.state,
        "since": row.since,
        "post": row.post_id,
        "counterpart": row.counterpart,
        "sponsor": row.sponsor,
        "meetings": row.heartbeat,
        "goals": row.goals,
        "owed": row.owed,
        "open_commitments": row.open_promises,
        "last_held_at": row.last_held_at,
        "next_at": row.next_at,
        "dormant_at": row.dormant_at,
        "lapses_at": row.lapses_at,
        "conversation": row.conversation_id,
    }


def _promised(row: Promise) -> dict[str, Any]:
    return {
        "id": row.pk,
        "group": row.group_id,
        "text": {"en": row.text_en, "es": row.text_es},
        "owner": row.owner,
        "is_ours": row.side == row.group.side,
        "state": row.state,
        "is_live": row.is_live,
        "one_sided": row.one_sided,
        "due_on": row.due_on,
        "first_due": row.first_due,
        "missed_before": row.missed_before,
    }


def _state(row: Group) -> dict[str, Any]:
    row.refresh_from_db()
    return {"group": row.pk, "state": row.state}
