"""The minutes of a meeting as a tagged PDF in English and Spanish (PDF/UA-1, by typst).

Both halves say the same in the same order. What was typed in one language only stands in both halves in that language,
marked as such: nobody translates for the other side. The same minutes give the same bytes, and both halves bear the
SHA-256 of all they say, so that a printed copy is bound to one text.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from contraparte.desk.queries import names_of
from contraparte.directory.models import Post
from contraparte.groups.meeting_queries import zones_of
from contraparte.groups.meeting_wording import MEETING_STATES, MINUTES_STATES
from contraparte.groups.models import Group
from contraparte.groups.rules.charters import Text
from contraparte.groups.rules.meetings import Meeting, Minutes
from contraparte.groups.rules.standing import Standing
from contraparte.groups.rules.words import SIDES, Side
from contraparte.web.letters import day_in_words
from contraparte.web.templatetags.pages import named, place_of

LANGUAGES: Final = ("en", "es")
Section = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Told:
    """All a half is made from."""

    group: Group
    standing: Standing
    meeting: Meeting
    minutes: Minutes
    posts: Mapping[str, Post]
    now: datetime


def render_minutes(group: Group, standing: Standing, meeting: Meeting, now: datetime) -> bytes:
    """The minutes that stand as PDF/UA-1. The meeting must have some."""
    import typst

    current = meeting.current_minutes
    assert current is not None
    told = _Told(group, standing, meeting, current, names_of(_posts(standing, meeting, current)), now)
    halves = []
    for language in LANGUAGES:
        with translation.override(language):
            halves.append(_half(told, language))
    version = hashlib.sha256(json.dumps(halves, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    for half, words in zip(halves, ("Version (SHA-256)", "Versión (SHA-256)"), strict=True):
        half["version"] = f"{words}: {version}"
    whole = {"title": " · ".join(half["title"] for half in halves), "halves": halves}
    return bytes(
        typst.compile(
            (Path(__file__).parent / "minutes.typ").read_bytes(),
            format="pdf",
            ignore_system_fonts=True,
            sys_inputs={"minutes": json.dumps(whole, ensure_ascii=False)},
            pdf_standards="ua-1",
            timestamp=meeting.starts.astimezone(UTC).replace(microsecond=0),
        )
    )


def _posts(standing: Standing, meeting: Meeting, current: Minutes) -> list[str]:
    came = [post for told in meeting.attendance.values() for post in (*told.present, *told.substitutes.values())]
    return came + [str(one["owner"]) for one in standing.drafted.get(current.key, ())]


def _half(told: _Told, language: str) -> dict[str, Any]:
    """One language's half: the head, then numbered sections."""
    group, standing, meeting, current, posts = told.group, told.standing, told.meeting, told.minutes, told.posts
    promised = standing.drafted.get(current.key, ())
    sections = [_attendance(group, meeting, posts, side) for side in SIDES]
    sections += [
        _section(_("Agenda"), [_said(item.text, language) for item in meeting.agenda], is_list=True),
        _section(_("What was discussed"), _paragraphs(current.text, language)),
        _section(_("Decisions"), [_said(one, language) for one in current.decisions], is_list=True),
        _section(_("Commitments"), [_promised(one, posts, language) for one in promised], is_list=True),
    ]
    for side, text in current.disputes.items():
        title = _("Text of the side that disputes them: %(country)s") % {"country": _country(group, side)}
        sections.append(_section(title, _paragraphs(text, language)))
    by_side = zones_of(group, standing)
    zones = dict.fromkeys([meeting.zone, *(by_side[side] for side in SIDES)])  # the same order on both nodes
    agreed = ", ".join(_country(group, side) for side in SIDES if side in current.agreed)
    name = _one(Text(group.name_en, group.name_es), language)
    title = _("Minutes of meeting %(number)s") % {"number": meeting.number}
    head = [
        [_("Group"), name],
        [_("When"), "; ".join(_hours(meeting, zone, language) for zone in zones)],
        [pgettext("of a meeting", "Place"), meeting.venue or "–"],
        [pgettext("of a meeting", "Stands"), str(MEETING_STATES[meeting.state(told.now)][1])],
        [_("Minutes"), str(MINUTES_STATES[current.state][1])],
        [_("Agreed by"), agreed or "–"],
    ]
    return {
        "language": language,
        "title": title,
        "head": head,
        "sections": sections,
        "footer": f"{title} · {current.key[:8]}",
        "page": _("page"),
    }


def _section(title: str, items: list[dict[str, str]], *, is_list: bool = False) -> Section:
    nothing = [{"text": pgettext("minutes", "None."), "language": translation.get_language() or "en", "note": ""}]
    return {"title": title, "items": items or nothing, "list": is_list and bool(items)}


def _attendance(group: Group, meeting: Meeting, posts: Mapping[str, Post], side: Side) -> Section:
    told = meeting.attendance.get(side)
    language = translation.get_language() or "en"
    lines = []
    for post in told.present if told else ():
        absent = told.substitutes.get(post, "") if told else ""
        line = _name(post, posts)
        if absent:
            line = _("%(post)s, in place of %(absent)s") % {"post": line, "absent": _name(absent, posts)}
        lines.append({"text": line, "language": language, "note": ""})
    title = _("Attendance: %(country)s") % {"country": _country(group, side)}
    if told is None:
        return _section(title, [{"text": _("Not recorded."), "language": language, "note": ""}])
    return _section(title, lines or [{"text": _("Nobody."), "language": language, "note": ""}], is_list=bool(lines))


def _promised(one: Mapping[str, Any], posts: Mapping[str, Post], language: str) -> dict[str, str]:
    told = one.get("text") or {}
    said = _said(Text(str(told.get("en", "")), str(told.get("es", ""))), language)
    owner, due = _name(str(one["owner"]), posts), day_in_words(date.fromisoformat(str(one["due_on"])), language)
    words = _("owner: %(owner)s; due: %(due)s") % {"owner": owner, "due": due}
    if one.get("one_sided"):
        words = f"{words}; {_('a step of that side alone')}"
    return {**said, "note": "; ".join(filter(None, (said["note"], words)))}


def _said(text: Text, language: str) -> dict[str, str]:
    """A text in this half's language; where it has none, in the other one, and marked so."""
    own = getattr(text, language).strip()
    if own:
        return {"text": own, "language": language, "note": ""}
    far = "es" if language == "en" else "en"
    note = _("written in Spanish only") if far == "es" else _("written in English only")
    return {"text": getattr(text, far).strip(), "language": far, "note": note}


def _paragraphs(text: Text, language: str) -> list[dict[str, str]]:
    said = _said(text, language)
    lines = [line for line in said["text"].split("\n") if line.strip()]
    last = len(lines) - 1
    return [{**said, "text": line, "note": said["note"] if place == last else ""} for place, line in enumerate(lines)]


def _one(text: Text, language: str) -> str:
    return _said(text, language)["text"]


def _hours(meeting: Meeting, zone: str, language: str) -> str:
    begun, ended = (at.astimezone(ZoneInfo(zone)) for at in (meeting.starts, meeting.ends))
    until = f"{ended:%H:%M}" if begun.date() == ended.date() else _moment(ended, language)
    return f"{_moment(begun, language)}–{until} ({place_of(begun)})"


def _moment(at: datetime, language: str) -> str:
    return f"{day_in_words(at.date(), language)}, {at:%H:%M}"


def _name(post: str, posts: Mapping[str, Post]) -> str:
    known = posts.get(post)
    return f"{named(known)}, {named(known.agency)}" if known else post


def _country(group: Group, side: Side) -> str:
    post = group.post_id if side == group.our_side else group.counterpart
    return post.split(".", 1)[0].upper()
