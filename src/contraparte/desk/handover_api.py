"""Posts and hand-overs for programs: who answers for a post, who leaves, what the post has open, who takes over.

The note of who leaves is in no answer: it is theirs to write and their successor's to read, on the page and on paper.
That somebody leaves, and that access ends now, is said on the page of the post by who answers for it in person.
"""

from collections.abc import Callable
from typing import Any

from django.utils import timezone
from ninja import Router, Schema

from contraparte.desk import handovers
from contraparte.directory import continuity, leaving
from contraparte.directory.models import Departure, Pack, Person
from contraparte.directory.rules.leaving import Step, is_finished, may_take
from contraparte.protocol.errors import DepartureFieldError
from contraparte.web.api.answers import once, page_of, require_known
from contraparte.web.api.doors import ApiRequest, Opens, require_readable

router = Router(tags=["hand-over"])
MOST_DIGITS = 18  # of the number of a person


class Successor(Schema):
    """Who takes over, by the number under `candidates`."""

    successor: int


@router.get("/posts", auth=Opens("posts.view", "read"))
def list_posts(request: ApiRequest) -> dict[str, Any]:
    """Posts of the caller's agency, vacant ones that owe something first, and how fast the agency loses people."""
    now = timezone.now()
    figures = handovers.erosion_for(request.tenure, now)
    return {
        "items": [
            {
                "post": one.post.pk,
                "standing": str(one.standing),
                "holders": [str(held.person) for held in one.holders],
                "owed": one.owed,
                "is_alarm": one.is_alarm,
            }
            for one in handovers.post_lines(request.tenure.post.agency_id, now)
        ],
        "exits_12_months": figures.exits,
        "tenures_running": figures.running,
        "median_tenure_days": figures.median_days,
        "vacant": figures.vacancies,
    }


@router.get("/handovers", auth=Opens("handover.view", "read"))
def list_handovers(request: ApiRequest, cursor: str = "") -> dict[str, Any]:
    """Leavings this post may read, those it takes over included; who authorises reads all of the agency."""
    return page_of(continuity.departures_for(request.tenure).prefetch_related("steps"), cursor, _told)


@router.get("/handovers/{int:pk}", auth=Opens("handover.view", "read"))
def show_handover(request: ApiRequest, pk: int) -> dict[str, Any]:
    """One leaving: its steps, the inventory in the caller's language, who may take over where you name them."""
    departure, now = handovers.departure_for(request.tenure, pk), timezone.now()
    pack = handovers.latest_pack(departure)
    manages = leaving.may_manage(request.tenure, departure.tenure, own=False)
    return _told(departure) | {
        "steps": [{"step": one.step, "at": one.at, "detail": one.detail} for one in departure.steps.all()],
        "pack": _pack(pack) if pack is not None else None,
        "candidates": [_candidate(one) for one in leaving.candidates(departure, now)] if manages else [],
    }


@router.post("/handovers/{int:pk}/pack", auth=Opens("handover.take", "write"))
def renew_pack(request: ApiRequest, pk: int) -> dict[str, Any]:
    """Take the inventory again; the earlier ones stay. Wants an Idempotency-Key."""
    departure = handovers.departure_for(request.tenure, pk)
    return _act(request, departure, lambda: leaving.make_pack(departure, by=request.tenure, now=timezone.now()))


@router.post("/handovers/{int:pk}/successor", auth=Opens("handover.assign", "release"))
def name_successor(request: ApiRequest, pk: int, told: Successor) -> dict[str, Any]:
    """Name who takes over. The other side is told the same day. Wants an Idempotency-Key."""
    departure = handovers.departure_of_agency(request.tenure, pk)
    require_known(require_readable(request), {"successor"})
    number = told.successor if 0 < told.successor < 10**MOST_DIGITS else 0
    person = Person.objects.filter(pk=number).first()
    if person is None:
        raise DepartureFieldError(field="successor")
    return _act(
        request,
        departure,
        lambda: leaving.assign_successor(departure, person, by=request.tenure, now=timezone.now()),
    )


@router.post("/handovers/{int:pk}/acknowledge", auth=Opens("handover.take", "write"))
def acknowledge(request: ApiRequest, pk: int) -> dict[str, Any]:
    """Say, as who takes over, that you have the inventory and the work. Wants an Idempotency-Key."""
    departure = handovers.departure_for(request.tenure, pk)
    return _act(
        request, departure, lambda: leaving.acknowledge_hand_over(departure, by=request.tenure, now=timezone.now())
    )


def _act(request: ApiRequest, departure: Departure, action: Callable[[], object]) -> dict[str, Any]:
    """Do it once; the answer names no person and no content."""

    def act() -> dict[str, Any]:
        action()
        return {"handover": departure.pk, "done": sorted(step.value for step in leaving.steps_done(departure))}

    return once(request, act)


def _told(departure: Departure) -> dict[str, Any]:
    done = {Step(one.step) for one in departure.steps.all()}
    successor = departure.successor
    return {
        "id": departure.pk,
        "post": departure.post_id,
        "leaves": str(departure.tenure.person),
        "leaves_at": departure.leaves_at,
        "is_planned": departure.is_planned,
        "successor": str(successor.person) if successor is not None else "",
        "successor_is_acting": bool(successor is not None and successor.acting),
        "done": sorted(step.value for step in done),
        "open": [step.value for step in Step if may_take(step, done)],
        "is_finished": is_finished(done),
    }


def _pack(pack: Pack) -> dict[str, Any]:
    return {"made_at": pack.made_at, "sha256": pack.sha256, "sections": handovers.sections_shown(pack)}


def _candidate(one: leaving.Candidate) -> dict[str, Any]:
    return {"successor": one.person.pk, "name": str(one.person), "would_be_acting": one.tenure is None}
