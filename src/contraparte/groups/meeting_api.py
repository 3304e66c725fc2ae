"""Meetings for programs: called, moved, canceled, their agenda, their authorisation, who came. Minutes are beside."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from ninja import Router, Schema

from contraparte.directory.models import Tenure
from contraparte.exchange import actions as exchange
from contraparte.groups import meeting_presenting, meeting_queries, queries
from contraparte.groups.actions import meeting as acts
from contraparte.groups.messages import Instant
from contraparte.groups.models import Group, Meeting
from contraparte.groups.rules.charters import is_zone
from contraparte.groups.rules.meetings import Item, Minutes
from contraparte.groups.rules.meetings import Meeting as Told
from contraparte.groups.rules.standing import Standing
from contraparte.groups.rules.words import other
from contraparte.groups.telling import Part, Words, both, refuse, require_fields, require_posts, require_words
from contraparte.web.api.answers import once, page_of
from contraparte.web.api.doors import ApiRequest, Opens

router = Router(tags=["meetings"])


class Line(Part):
    """A line of an agenda with the handling it needs."""

    text: Words
    handling: str = "H0"


class Call(Schema):
    """When and where. `anyway`: also on a day that is free on one of the sides.

    Without a zone it is the group's. A meeting that moves keeps the zone, venue and agenda that are not named.
    """

    starts: Instant
    ends: Instant
    zone: str = ""
    venue: str | None = None
    agenda: list[Line] | None = None
    anyway: bool = False


class Agenda(Schema):
    """The agenda now, written on the one that stands: its key as `base`, "" for none."""

    items: list[Line]
    base: str


class Why(Schema):
    """Why it does not take place."""

    reason: str


class Authorisation(Schema):
    """Whether our people may go."""

    granted: bool
    reason: str = ""


class Attendance(Schema):
    """Posts of our side that were there, none for nobody; `substitutes`: post → the post it stood in for."""

    present: list[str]
    substitutes: dict[str, str] = {}


@router.get("/groups/{int:pk}/meetings", auth=Opens("groups.view", "read"))
def list_meetings(request: ApiRequest, pk: int, cursor: str = "") -> dict[str, Any]:
    """The meetings of a group in the order they were called: when, how each stands, its minutes."""
    row = queries.group(request.tenure, pk)
    return page_of(row.meetings.all(), cursor, _row)


@router.get("/meetings/{int:pk}", auth=Opens("groups.view", "read"))
def show_meeting(request: ApiRequest, pk: int) -> dict[str, Any]:
    """One meeting: agenda, authorisations, who came of each side, every text of its minutes."""
    now = timezone.now()
    row, standing, told = meeting_queries.told(request.tenure, pk, now)
    group = row.group
    exchange.note_opened(group.conversation, by=request.tenure, now=now)
    return _row(row) | {
        "state": told.state(now),
        "called_by_us": told.called_by == group.our_side,
        "is_exploratory": told.is_exploratory,
        "venue": told.venue,
        "quorum": told.quorum,
        "agenda": {
            "key": told.agenda_key,
            "is_late": told.is_agenda_late,
            "items": [asdict(item) for item in told.agenda],
        },
        "sides": [_side(one) for one in meeting_presenting.sides_of(group, told)],
        "replaces": told.replaces,
        "moved_to": told.moved_to,
        "canceled": told.canceled,
        "minutes": [_minutes(group, standing, one) for one in told.minutes],
    }


@router.post("/groups/{int:pk}/meetings", auth=Opens("groups.write", "write"))
def call_meeting(request: ApiRequest, pk: int, told: Call) -> dict[str, Any]:
    """Call a meeting. A silent group takes what it left open where no agenda is named. Wants an Idempotency-Key."""
    now = timezone.now()
    group, standing = queries.standing(request.tenure, pk, now)
    require_fields(request, told)
    agenda = acts.left_open(group, standing, now) if told.agenda is None else ()
    return once(request, lambda: _call(group, standing, told, agenda, by=request.tenure, now=now))


@router.post("/meetings/{int:pk}/move", auth=Opens("groups.write", "write"))
def move_meeting(request: ApiRequest, pk: int, told: Call) -> dict[str, Any]:
    """Move a meeting; venue and agenda stay where none is named. The new one is told. Wants an Idempotency-Key."""
    now = timezone.now()
    row, standing, known = meeting_queries.told(request.tenure, pk, now)
    require_fields(request, told)
    agenda = known.agenda if told.agenda is None else ()
    return once(request, lambda: _call(row.group, standing, told, agenda, moved=known, by=request.tenure, now=now))


@router.post("/meetings/{int:pk}/cancel", auth=Opens("groups.write", "write"))
def cancel_meeting(request: ApiRequest, pk: int, told: Why) -> dict[str, Any]:
    """Cancel a meeting that has not begun. Leaves at once. Wants an Idempotency-Key."""
    row = _found(request, pk, told)

    def act() -> dict[str, Any]:
        acts.cancel_meeting(row.group, str(row.key), reason=told.reason, by=request.tenure, now=timezone.now())
        return meeting_state(row)

    return once(request, act)


@router.post("/meetings/{int:pk}/agenda", auth=Opens("groups.write", "write"))
def set_agenda(request: ApiRequest, pk: int, told: Agenda) -> dict[str, Any]:
    """Write the agenda on the one that stands. Leaves at once. Wants an Idempotency-Key."""
    row = _found(request, pk, told)
    require_words("items", [one.text for one in told.items])

    def act() -> dict[str, Any]:
        items = [one.dict() for one in told.items]
        word = acts.set_agenda(
            row.group, str(row.key), items, base=told.base, by=request.tenure, now=timezone.now()
        )  # fmt: skip
        return meeting_state(row) | {"agenda": str(word.message.uuid)}

    return once(request, act)


@router.post("/meetings/{int:pk}/authorise", auth=Opens("groups.approve", "release"))
def authorise_meeting(request: ApiRequest, pk: int, told: Authorisation) -> dict[str, Any]:
    """Let our people go to a meeting, or not: the sponsor's word. Leaves at once. Wants an Idempotency-Key."""
    row = _found(request, pk, told)

    def act() -> dict[str, Any]:
        acts.authorise_meeting(
            row.group, str(row.key), granted=told.granted, reason=told.reason, by=request.tenure, now=timezone.now()
        )
        return meeting_state(row)

    return once(request, act)


@router.post("/meetings/{int:pk}/attendance", auth=Opens("groups.write", "write"))
def record_attendance(request: ApiRequest, pk: int, told: Attendance) -> dict[str, Any]:
    """State which posts of our side were there. Leaves at once. Wants an Idempotency-Key."""
    row = _found(request, pk, told)
    own = [meeting_queries.countries_of(row.group)[0]]
    require_posts({f"present.{place}": post for place, post in enumerate(told.present)}, own)
    require_posts({f"substitutes.{post}": absent for post, absent in told.substitutes.items()}, own)

    def act() -> dict[str, Any]:
        acts.record_attendance(
            row.group, str(row.key), told.present, substitutes=told.substitutes, by=request.tenure, now=timezone.now()
        )
        return meeting_state(row)

    return once(request, act)


def meeting_state(row: Meeting) -> dict[str, Any]:
    """How a meeting stands once something was said: codes and numbers only."""
    row.refresh_from_db()
    return {"meeting": row.pk, "state": row.state, "minutes": row.minutes, "sequence": row.sequence}


def _call(
    group: Group,
    standing: Standing,
    told: Call,
    agenda: tuple[Item, ...],
    *,
    moved: Told | None = None,
    by: Tenure,
    now: datetime,
) -> dict[str, Any]:
    zone = told.zone or (moved.zone if moved else standing.zone.key)
    venue = told.venue if told.venue is not None else (moved.venue if moved else "")
    lines = told.agenda or []
    require_words("agenda", [one.text for one in lines])
    refuse({} if is_zone(zone) else {"zone": "unknown"})
    meeting_queries.require_working_day(group, told.starts.astimezone(ZoneInfo(zone)).date(), is_confirmed=told.anyway)
    word = acts.call_meeting(
        group, starts=told.starts, ends=told.ends, zone=zone, venue=venue,
        agenda=[asdict(one) for one in agenda] or [one.dict() for one in lines],
        replaces=moved.key if moved else "", by=by, now=now,
    )  # fmt: skip
    return meeting_state(Meeting.objects.get(group=group, key=word.message.uuid))


def _found(request: ApiRequest, pk: int, told: Schema) -> Meeting:
    row = meeting_queries.meeting(request.tenure, pk)
    require_fields(request, told)
    return row


def _row(row: Meeting) -> dict[str, Any]:
    return {
        "id": row.pk,
        "key": str(row.key),
        "group": row.group_id,
        "number": row.number,
        "starts": row.starts,
        "ends": row.ends,
        "zone": row.zone,
        "state": row.state,
        "minutes_state": row.minutes,
        "sequence": row.sequence,
    }


def _side(shown: meeting_presenting.SideShown) -> dict[str, Any]:
    told = shown.told
    return {
        "is_ours": shown.is_ours,
        "country": shown.country,
        "authorisation": shown.needs,
        "recorded_at": told.at if told else None,
        "is_late": bool(told and told.is_late),
        "present": [{"post": post, "in_place_of": absent} for post, absent in shown.present],
        "is_quorate": shown.is_quorate,
    }


def _minutes(group: Group, standing: Standing, told: Minutes) -> dict[str, Any]:
    own = group.our_side
    return {
        "key": told.key,
        "base": told.base,
        "is_ours": told.side == own,
        "state": told.state,
        "we_agreed": own in told.agreed,
        "they_agreed": other(own) in told.agreed,
        "text": both(told.text),
        "decisions": [both(one) for one in told.decisions],
        "commitments": [
            {"text": one.get("text"), "owner": one.get("owner"), "due_on": one.get("due_on"),
             "one_sided": bool(one.get("one_sided")), "is_ours": one.get("side") == own}
            for one in standing.drafted.get(told.key, ())
        ],
        "disputes": [{"is_ours": side == own, "text": both(text)} for side, text in told.disputes.items()],
    }  # fmt: skip
