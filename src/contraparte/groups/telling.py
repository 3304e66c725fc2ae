"""What operations of this room have in common: what a body may hold, and how groups and promises are told."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from ninja import Schema
from pydantic import ConfigDict

from contraparte.directory.models import Post
from contraparte.groups.models import Group, Promise
from contraparte.groups.rules.charters import Text
from contraparte.protocol.errors import ApiFieldError
from contraparte.web.api.answers import require_known
from contraparte.web.api.doors import ApiRequest, require_readable

LINE, WORDS, CODE, POST = 300, 2_000, 40, 106  # characters, as messages carry them


class Part(Schema):
    """A part of a body: a field in it that nobody reads is refused, not lost in silence."""

    model_config = ConfigDict(extra="forbid")


class Words(Part):
    """A text in one or both languages."""

    en: str = ""
    es: str = ""


def require_fields(request: ApiRequest, told: Schema) -> None:
    """Raise ApiFieldError for a field of the body that nobody reads. Asked after the object is found."""
    require_known(require_readable(request), set(type(told).model_fields))


def require_short(**fields: tuple[str, int]) -> None:
    """Raise ApiFieldError naming every text that is too long."""
    refuse({name: "too_long" for name, (text, most) in fields.items() if len(text) > most})


def require_words(field: str, texts: Iterable[Words]) -> None:
    """Raise ApiFieldError naming every line of a list that says nothing."""
    refuse({f"{field}.{place}.text": "missing" for place, one in enumerate(texts) if not (one.en + one.es).strip()})


def require_posts(named: Mapping[str, str], countries: Iterable[str]) -> None:
    """Field → post. Raise ApiFieldError where the directory lists none there: what it owed would be nobody's."""
    rows = Post.objects.filter(pk__in=set(named.values()), listed=True, agency__country__in=list(countries))
    known = set(rows.values_list("pk", flat=True))
    refuse({field: "unknown_post" for field, post in named.items() if post not in known})


def refuse(wrong: Mapping[str, str]) -> None:
    """Raise ApiFieldError for fields with the code of what is wrong; nothing where there are none."""
    if wrong:
        raise ApiFieldError(field=next(iter(wrong)), fields={name: [code] for name, code in wrong.items()})


def both(text: Text) -> dict[str, str]:
    """A text in both languages."""
    return asdict(text)


def group_told(row: Group) -> dict[str, Any]:
    """One group as its columns tell it."""
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


def promise_told(row: Promise) -> dict[str, Any]:
    """One commitment as its columns tell it."""
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


def state_told(row: Group) -> dict[str, Any]:
    """How a group stands once something was said; numbers and codes only, because the answer is kept for a day."""
    row.refresh_from_db()
    return {"group": row.pk, "state": row.state}
