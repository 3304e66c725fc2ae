"""Minutes for programs: written on the text that stands, agreed, disputed, printed."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router, Schema

from contraparte.groups import meeting_queries
from contraparte.groups.actions import meeting as acts
from contraparte.groups.meeting_api import meeting_state
from contraparte.groups.messages import Day
from contraparte.groups.minutes_files import minutes_answer
from contraparte.groups.models import Group, Meeting
from contraparte.groups.rules.words import other
from contraparte.groups.telling import Part, Words, refuse, require_fields, require_posts, require_words
from contraparte.protocol.ids import country_of
from contraparte.web.api.answers import once
from contraparte.web.api.doors import ApiRequest, Opens

router = Router(tags=["meetings"])


class Promised(Part):
    """A commitment: what, which post of either side, until when."""

    text: Words
    owner: str
    due_on: Day
    one_sided: bool = False


class Text(Schema):
    """What was said, written on the minutes that stand: their key as `base`, "" for none."""

    text: Words
    base: str
    decisions: list[Words] = []
    commitments: list[Promised] = []


class Agreed(Schema):
    """The key of the minutes that were read."""

    minutes: str


class Disputed(Schema):
    """The key of the minutes that were read, and our own text."""

    minutes: str
    text: Words


@router.post("/meetings/{int:pk}/minutes", auth=Opens("groups.write", "write"))
def propose_minutes(request: ApiRequest, pk: int, told: Text) -> dict[str, Any]:
    """Propose minutes; our side has agreed to them with that. Leaves at once. Wants an Idempotency-Key."""
    row = meeting_queries.meeting(request.tenure, pk)
    group = row.group
    require_fields(request, told)
    said = [one.en + one.es for one in told.decisions]
    refuse({f"decisions.{place}": "missing" for place, words in enumerate(said) if not words.strip()})
    require_words("commitments", [one.text for one in told.commitments])
    require_posts(
        {f"commitments.{place}.owner": one.owner for place, one in enumerate(told.commitments)},
        meeting_queries.countries_of(group),
    )
    promises = [_promised(group, number, one) for number, one in enumerate(told.commitments, start=1)]

    def act() -> dict[str, Any]:
        word = acts.propose_minutes(
            group, str(row.key), text=told.text.dict(), base=told.base,
            decisions=[one.dict() for one in told.decisions], commitments=promises, by=request.tenure,
            now=timezone.now(),
        )  # fmt: skip
        return meeting_state(row) | {"key": str(word.message.uuid)}

    return once(request, act)


@router.post("/meetings/{int:pk}/minutes/agree", auth=Opens("groups.write", "write"))
def agree_minutes(request: ApiRequest, pk: int, told: Agreed) -> dict[str, Any]:
    """Agree to the minutes that were read; what they promise counts from now. Wants an Idempotency-Key."""
    row = _with_minutes(request, pk, told)

    def act() -> dict[str, Any]:
        acts.agree_minutes(row.group, told.minutes, by=request.tenure, now=timezone.now())
        return meeting_state(row)

    return once(request, act)


@router.post("/meetings/{int:pk}/minutes/dispute", auth=Opens("groups.write", "write"))
def dispute_minutes(request: ApiRequest, pk: int, told: Disputed) -> dict[str, Any]:
    """Dispute the minutes that were read and leave our text beside them. Wants an Idempotency-Key."""
    row = _with_minutes(request, pk, told)

    def act() -> dict[str, Any]:
        acts.dispute_minutes(row.group, told.minutes, text=told.text.dict(), by=request.tenure, now=timezone.now())
        return meeting_state(row)

    return once(request, act)


@router.get("/meetings/{int:pk}/minutes.pdf", auth=Opens("groups.view", "read"))
def print_minutes(request: ApiRequest, pk: int) -> HttpResponse:
    """The minutes that stand as a tagged PDF in both languages."""
    now = timezone.now()
    row, standing, told = meeting_queries.told(request.tenure, pk, now)
    return minutes_answer(row, standing, told, now)


def _with_minutes(request: ApiRequest, pk: int, told: Agreed | Disputed) -> Meeting:
    """The meeting whose minutes were read. Raises ApiFieldError where they are another one's."""
    row, _standing, known = meeting_queries.told(request.tenure, pk, timezone.now())
    require_fields(request, told)
    refuse({} if told.minutes in {one.key for one in known.minutes} else {"minutes": "unknown"})
    return row


def _promised(group: Group, number: int, told: Promised) -> dict[str, Any]:
    """A commitment as the minutes state it; it belongs to the side of its owner."""
    side = group.our_side
    is_ours = country_of(told.owner) == country_of(group.post_id)
    return {
        "key": f"c{number}", "text": told.text.dict(), "owner": told.owner, "side": side if is_ours else other(side),
        "due_on": told.due_on.isoformat(), "one_sided": told.one_sided,
    }  # fmt: skip
