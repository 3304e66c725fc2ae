"""Groups for programs: the same queries and actions as the pages, in JSON. Here the group itself and its charter."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.utils import timezone
from ninja import Router, Schema
from pydantic import ValidationError

from contraparte.exchange import actions as exchange
from contraparte.groups import boards, queries
from contraparte.groups.actions import founding
from contraparte.groups.answering import foreign_posts
from contraparte.groups.forms import FoundForm
from contraparte.groups.messages import Charter
from contraparte.groups.models import GroupWord
from contraparte.groups.rules.charters import gaps
from contraparte.groups.telling import (
    LINE,
    WORDS,
    Words,
    group_told,
    refuse,
    require_fields,
    require_short,
    state_told,
)
from contraparte.protocol.errors import ApiFieldError
from contraparte.web.api.answers import once, page_of, posted, require_valid
from contraparte.web.api.doors import ApiRequest, Opens

router = Router(tags=["groups"])


class Founding(Schema):
    """A group that is proposed. `succeeds`: ids of our groups whose open commitments it takes over."""

    counterpart: str
    name: Words
    kind: str
    framework: str = ""
    succeeds: list[int] = []


class Proposal(Schema):
    """A text of the charter, in the form of `charter.propose/1`, written on the one in force (`base`)."""

    charter: dict[str, Any]
    base: str = ""


class Why(Schema):
    """Why it is declined."""

    reason: str


@router.get("/groups", auth=Opens("groups.view", "read"))
def list_groups(request: ApiRequest, cursor: str = "") -> dict[str, Any]:
    """The groups the post reads in the order of their numbers: state, last meetings, goals, what this side owes."""
    return page_of(queries.groups_of(request.tenure), cursor, group_told)


@router.post("/groups", auth=Opens("groups.write", "write"))
def found_group(request: ApiRequest, told: Founding) -> dict[str, Any]:
    """Propose a group to a post of the other side. Leaves at once. Wants an Idempotency-Key."""
    require_fields(request, told)
    before = {row.pk: row for row in boards.other_groups(request.tenure)}
    refuse({} if set(told.succeeds) <= before.keys() else {"succeeds": "unknown"})
    require_short(**{"name.en": (told.name.en, LINE), "name.es": (told.name.es, LINE)})
    typed = {"counterpart": told.counterpart, "kind": told.kind, "framework": told.framework}
    require_valid(FoundForm(posted(typed), posts=foreign_posts(request.tenure), groups=before.values()))

    def act() -> dict[str, Any]:
        made = founding.found_group(
            told.counterpart, name=told.name.dict(), kind=told.kind, framework=told.framework,
            succeeds=[before[pk] for pk in told.succeeds], by=request.tenure, now=timezone.now(),
        )  # fmt: skip
        return {"id": made.pk, "uuid": str(made.uuid), "state": made.state}

    return once(request, act)


@router.get("/groups/{int:pk}", auth=Opens("groups.view", "read"))
def show_group(request: ApiRequest, pk: int) -> dict[str, Any]:
    """One group: how it stands, its charter in force, the texts that were proposed, its states, what came of it."""
    now = timezone.now()
    row, standing = queries.standing(request.tenure, pk, now)
    exchange.note_opened(row.conversation, by=request.tenure, now=now)
    return group_told(row) | {
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
        "came_of_it": [{"title": str(one.title), "detail": str(one.detail), "conversation": one.conversation}
                       for one in boards.came_of(row, request.tenure)],
    }  # fmt: skip


@router.get("/groups/{int:pk}/words", auth=Opens("groups.view", "read"))
def list_words(request: ApiRequest, pk: int, cursor: str = "") -> dict[str, Any]:
    """What both sides said of a group, in the order it came here; `crossed` says why a word moved nothing."""
    row = queries.group(request.tenure, pk)
    exchange.note_opened(row.conversation, by=request.tenure, now=timezone.now())

    def tell(word: GroupWord) -> dict[str, Any]:
        return {
            "id": word.pk, "key": str(word.message.uuid), "act": word.act, "is_ours": word.side == row.side,
            "at": word.at, "facts": word.facts, "crossed": word.crossed,
        }  # fmt: skip

    return page_of(row.words.select_related("message"), cursor, tell)


@router.post("/groups/{int:pk}/charters", auth=Opens("groups.write", "write"))
def propose_charter(request: ApiRequest, pk: int, told: Proposal) -> dict[str, Any]:
    """Propose a text of the charter; gaps come back and stop its approval. Leaves at once. Wants an Idempotency-Key."""
    row = queries.group(request.tenure, pk)
    require_fields(request, told)
    text = _charter(told.charter)

    def act() -> dict[str, Any]:
        now = timezone.now()
        sent = founding.propose_charter(row, text, base=told.base, by=request.tenure, now=now)
        return {
            "charter": str(sent.message.uuid),
            "gaps": [asdict(gap) for gap in founding.gaps_of(row, text, now=now)],
        }

    return once(request, act)


@router.post("/groups/{int:pk}/charters/{key}/approve", auth=Opens("groups.approve", "release"))
def approve_charter(request: ApiRequest, pk: int, key: UUID) -> dict[str, Any]:
    """Approve a text for this side: its sponsor's act. Leaves at once. Wants an Idempotency-Key."""
    row = queries.group(request.tenure, pk)

    def act() -> dict[str, Any]:
        founding.approve_charter(row, str(key), by=request.tenure, now=timezone.now())
        return state_told(row)

    return once(request, act)


@router.post("/groups/{int:pk}/charters/{key}/decline", auth=Opens("groups.decline", "write"))
def decline_charter(request: ApiRequest, pk: int, key: UUID, told: Why) -> dict[str, Any]:
    """Decline a text, or take our own back. Wants an Idempotency-Key."""
    row = queries.group(request.tenure, pk)
    require_fields(request, told)
    require_short(reason=(told.reason, WORDS))

    def act() -> dict[str, Any]:
        founding.decline_charter(row, str(key), reason=told.reason, by=request.tenure, now=timezone.now())
        return state_told(row)

    return once(request, act)


def _charter(fields: dict[str, Any]) -> dict[str, Any]:
    """The text as it travels. Raises ApiFieldError naming every field that cannot be read."""
    try:
        read = Charter.model_validate(fields)
    except ValidationError as refused:
        wrong = {"charter." + ".".join(map(str, one["loc"])): [str(one["type"])] for one in refused.errors()}
        raise ApiFieldError(field=next(iter(wrong)), fields=wrong) from refused
    return read.model_dump(mode="json")
