"""Changes of agency for programs: who became whom, what nobody holds, permissions that await a word (P1.8).

Events and mappings are public between the countries and hold no content. A change is announced, amended and signed by
who keeps the directory, with the country's key, from a terminal: no token stands for a country.
"""

from collections.abc import Callable
from typing import Any

from django.utils import timezone
from ninja import Router

from contraparte.desk import lineage
from contraparte.directory.lineage import line_of
from contraparte.exchange import succession
from contraparte.exchange.models import Reconfirmation
from contraparte.exchange.orphans import orphans
from contraparte.web.api.answers import once
from contraparte.web.api.doors import ApiRequest, Opens

router = Router(tags=["changes of agency"])
MOST_ORPHANS = 500


@router.get("/lineage", auth=Opens("contacts.view", "read"))
def list_events(request: ApiRequest) -> dict[str, Any]:
    """Every version of every change this node knows, in the order of time, with the mapping of posts."""
    return {"items": [_told(one) for one in lineage.table(timezone.now())]}


@router.get("/lineage/orphans", auth=Opens("posts.view", "read"))
def list_orphans(request: ApiRequest) -> dict[str, Any]:
    """Records of the caller's agency whose post has passed its work on and that nobody holds; there must be none.

    The first 500; `more` says how many are left.
    """
    own = line_of(request.tenure.post.agency_id)
    found = [one for one in orphans(timezone.now()) if one.agency in own]
    told = [{"kind": one.kind, "id": one.id, "post": one.post} for one in found[:MOST_ORPHANS]]
    return {"items": told, "more": len(found) - len(told)}


@router.get("/lineage/confirmations", auth=Opens("item.view", "read"))
def list_confirmations(request: ApiRequest) -> dict[str, Any]:
    """Permissions of this post that were given to a body that is another now, and wait for a word."""
    return {"items": [_waiting(one) for one in lineage.to_confirm(request.tenure)]}


@router.post("/lineage/confirmations/{int:pk}/confirm", auth=Opens("item.decide", "release"))
def confirm(request: ApiRequest, pk: int) -> dict[str, Any]:
    """The permission holds for the successor too. Wants an Idempotency-Key."""
    return _decide(request, pk, succession.confirm_permission)


@router.post("/lineage/confirmations/{int:pk}/withdraw", auth=Opens("item.decide", "release"))
def withdraw(request: ApiRequest, pk: int) -> dict[str, Any]:
    """The permission ends; its holder is told at once. Wants an Idempotency-Key."""
    return _decide(request, pk, succession.withdraw_permission)


def _decide(request: ApiRequest, pk: int, action: Callable[..., Reconfirmation]) -> dict[str, Any]:
    row = lineage.reconfirmation_for(request.tenure, pk)

    def act() -> dict[str, Any]:
        return {"id": row.pk, "state": action(row, by=request.tenure, now=timezone.now()).state}

    return once(request, act)


def _told(one: lineage.Told) -> dict[str, Any]:
    document = one.event.document
    return {
        "event": one.event.id,
        "version": document.version,
        "hash": one.row.pk,
        "country": one.event.country,
        "kind": document.kind,
        "announced": document.announced,
        "effective": one.event.effective,
        "accepts_until": one.event.accepts_until,
        "legal_basis": dict(one.basis),
        "from": list(document.before),
        "to": list(document.after),
        "mapping": [
            {
                "from": line.old,
                "abolished": line.abolished,
                "to": [{"post": taker.post, "topics": list(taker.topics)} for taker in line.to],
            }
            for line in document.mapping
        ],
        "missing_signatures": one.missing,
        "counts": one.is_winner,
    }


def _waiting(row: Reconfirmation) -> dict[str, Any]:
    permission = row.permission
    return {
        "id": row.pk,
        "permission": permission.pk,
        "item": permission.item_id,
        "kind": permission.kind,
        "was": row.was,
        "became": row.became,
        "until": permission.until,
        "since": row.at,
    }
