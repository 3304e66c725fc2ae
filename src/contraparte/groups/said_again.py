"""Texts of this side that crossed with one of the other: kept, shown to who wrote them, and written again on top.

The rules let the first of two stand (P9.3). What lost moves nothing, and here it is found again: for an agenda while
the meeting lies ahead, for minutes until they are final.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.urls import reverse

from contraparte.desk.queries import type_title
from contraparte.groups.models import Group, GroupWord, Meeting
from contraparte.groups.rules.charters import Text
from contraparte.groups.rules.meetings import OVER, TOOK_PLACE
from contraparte.groups.rules.reading import read_text
from contraparte.groups.wording import CROSSED, words

AGENDA: Final = "meeting.agenda"
MINUTES: Final = ("minutes.propose", "minutes.dispute")
MOST_LOST: Final = 10  # of one meeting


@dataclass(frozen=True, slots=True)
class Lost:
    """A text of ours without effect: what it says, why it moved nothing, where it may be said anew ("": nowhere)."""

    word: GroupWord
    title: str
    reason: str
    texts: tuple[Text, ...]
    again: str


def lost_of(row: Meeting, now: datetime) -> list[Lost]:
    """What this side wrote for a meeting and crossed with another text, the latest first."""
    ours = GroupWord.objects.filter(group=row.group, side=row.group.side, act__in=(AGENDA, *MINUTES))
    rows = ours.exclude(crossed="").select_related("message").order_by("-at", "-pk")
    at = _meetings_of(row.group, rows)
    mine = [word for word in rows if at.get(word.pk) == row and not word.facts.get("forgotten")]
    return [
        Lost(
            word, type_title(f"{word.act}/1"), str(words(CROSSED, word.crossed)), _texts(word), _address(word, row, now)
        )
        for word in mine[:MOST_LOST]
    ]


def addresses_of(row: Group, found: Iterable[GroupWord], now: datetime) -> dict[int, str]:
    """For words of this side that crossed: where each may be said anew, by its row."""
    ours = [word for word in found if word.crossed and word.side == row.side and not word.facts.get("forgotten")]
    told = {
        word.pk: f"{reverse('groups:charter', args=[row.pk])}?from={word.message.uuid}"
        for word in ours
        if word.act == "charter.propose"
    }
    at = _meetings_of(row, [word for word in ours if word.act in (AGENDA, *MINUTES)])
    told |= {word.pk: _address(word, at[word.pk], now) for word in ours if word.pk in at}
    return told


def own_word(row: Group, acts: Iterable[str], wanted: str) -> GroupWord | None:
    """A word of this side by the id of its message, as an address names it; None for any other."""
    try:
        key = UUID(wanted[:36])
    except ValueError:
        return None
    return GroupWord.objects.filter(group=row, side=row.side, act__in=tuple(acts), message__uuid=key).first()


def _meetings_of(row: Group, found: Iterable[GroupWord]) -> dict[int, Meeting]:
    """The meeting each word is about; a dispute names a text, which names it."""
    rows = list(found)
    if not rows:
        return {}
    disputed = [str(word.facts["minutes"]) for word in rows if "minutes" in word.facts]
    texts = GroupWord.objects.filter(group=row, message__uuid__in=disputed).select_related("message")
    named = {str(one.message.uuid): str(one.facts.get("meeting", "")) for one in texts}
    keys = {word.pk: str(word.facts.get("meeting") or named.get(str(word.facts.get("minutes")), "")) for word in rows}
    known = {str(one.key): one for one in Meeting.objects.filter(group=row, key__in=set(keys.values()) - {""})}
    return {pk: known[key] for pk, key in keys.items() if key in known}


def _address(word: GroupWord, meeting: Meeting, now: datetime) -> str:
    if word.act == AGENDA:
        is_open, name = meeting.starts > now and meeting.state not in OVER, "groups:agenda"
    else:
        is_open, name = meeting.state in TOOK_PLACE and meeting.minutes != "final", "groups:write_minutes"
    return f"{reverse(name, args=[meeting.pk])}?from={word.message.uuid}" if is_open else ""


def _texts(word: GroupWord) -> tuple[Text, ...]:
    facts: Mapping[str, Any] = word.facts
    plain = [facts.get("text"), *facts.get("decisions", ())]
    plain += [one.get("text") for one in (*facts.get("items", ()), *facts.get("commitments", ()))]
    return tuple(text for text in map(read_text, plain) if text.en.strip() or text.es.strip())
