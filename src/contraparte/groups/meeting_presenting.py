"""What pages of meetings show: local times of both sides, attendance by side, both texts of the minutes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from contraparte.desk.registry import Step
from contraparte.directory.models import Post, Tenure
from contraparte.groups import meeting_queries as queries
from contraparte.groups.meeting_wording import MEETING_STATES, MINUTES_STATES, Text
from contraparte.groups.models import Group
from contraparte.groups.models import Meeting as Row
from contraparte.groups.presenting import powers_of
from contraparte.groups.rules.charters import Text as Both
from contraparte.groups.rules.health import Health, health_of
from contraparte.groups.rules.meetings import OVER, RECORD_WITHIN, TOOK_PLACE, Attendance, Meeting, Minutes
from contraparte.groups.rules.planning import Planned, planned_next
from contraparte.groups.rules.standing import Standing
from contraparte.groups.rules.words import Side, other
from contraparte.web.templatetags.pages import day_text, named, place_of

RECENT = 12


@dataclass(frozen=True, slots=True)
class Shown:
    """One meeting as a row shows it."""

    row: Row
    told: Meeting
    state: str
    look: str
    words: Text
    minutes_look: str
    minutes: Text
    times: tuple[SafeString, ...]


@dataclass(frozen=True, slots=True)
class SideShown:
    """Who of one side came."""

    side: Side
    is_ours: bool
    country: str
    told: Attendance | None
    present: tuple[tuple[str, str], ...]  # post, the post it stood in for
    is_quorate: bool
    needs: str  # "", waiting, granted or refused: its authorisation


@dataclass(frozen=True, slots=True)
class TextShown:
    """A text in one language: the reader's where there is one."""

    language: str
    text: str
    is_other: bool  # not the reader's language


def hours(starts: datetime, ends: datetime, zone: str) -> SafeString:
    """A span of local time in words: 10 Dec 2026, 10:00–12:00 (Hermosillo)."""
    begun, ended = starts.astimezone(ZoneInfo(zone)), ends.astimezone(ZoneInfo(zone))
    until = f"{ended:%H:%M}" if begun.date() == ended.date() else f"{day_text(ended)}, {ended:%H:%M}"
    return format_html(
        '<time datetime="{}"><span class="cp-unbroken">{}, {}–{}</span> <span class="cp-place">({})</span></time>',
        begun.isoformat(), day_text(begun), f"{begun:%H:%M}", until, place_of(begun),
    )  # fmt: skip


def times_of(meeting: Meeting, zones: Mapping[Side, str]) -> tuple[SafeString, ...]:
    """When it is, in the zone it was typed in and in that of each side, each local time once."""
    every = dict.fromkeys([meeting.zone, *zones.values()])
    return tuple(hours(meeting.starts, meeting.ends, zone) for zone in every)


def shown(row: Row, told: Meeting, zones: Mapping[Side, str], now: datetime) -> Shown:
    """One meeting."""
    state = told.state(now)
    look, words = MEETING_STATES[state]
    minutes_look, minutes = MINUTES_STATES[told.current_minutes.state if told.current_minutes else ""]
    return Shown(row, told, state, look, words, minutes_look, minutes, times_of(told, zones))


def rows_of(group: Group, standing: Standing, now: datetime) -> tuple[list[Shown], list[Shown]]:
    """Meetings that lie ahead or are open, the next first; and those that are over, the last first."""
    zones = queries.zones_of(group, standing)
    found = [
        shown(row, standing.meetings[str(row.key)], zones, now)
        for row in group.meetings.select_related("group")
        if str(row.key) in standing.meetings
    ]
    ahead = [one for one in found if one.state not in OVER]
    return ahead, [one for one in reversed(found) if one.state in OVER]


def part(group: Group, standing: Standing, tenure: Tenure, now: datetime) -> dict[str, Any]:
    """The context of `parts/meetings.html`: next, planned, the last ones, how well the group is kept."""
    ahead, over = rows_of(group, standing, now)
    return {
        "meetings_group": group,
        "ahead": ahead,
        "over": over[:RECENT],
        "planned": planned(group, standing, now),
        "health": health(group, standing, now),
        "may_call": powers_of(tenure, group, standing).chairs,
    }


def planned(group: Group, standing: Standing, now: datetime) -> Planned | None:
    """The next meeting by the cadence, on a day on which both sides work."""
    countries = queries.countries_of(group)
    return planned_next(standing, now, lambda day: not queries.free_in(day, countries))


def health(group: Group, standing: Standing, now: datetime) -> Health:
    """How well the group is kept; vacancies as far as this node knows who holds its posts."""
    owners = {one.owner for one in standing.promises.values() if one.is_live}
    owners |= {goal.owner for goal in standing.charter.goals} if standing.charter else set()
    return health_of(standing, now, vacant=queries.vacant_among(owners, now))


def sides_of(group: Group, meeting: Meeting) -> list[SideShown]:
    """Both sides, ours first."""
    own = group.our_side
    found = []
    for side in (own, other(own)):
        told = meeting.attendance.get(side)
        present = tuple((post, told.substitutes.get(post, "")) for post in told.present) if told else ()
        needs = ""
        if side in meeting.needs:
            needs = "granted" if side in meeting.authorised else "refused" if side in meeting.forbidden else "waiting"
        country = queries.countries_of(group)[side != own]
        found.append(SideShown(side, side == own, country, told, present, meeting.is_quorate(side), needs))
    return found


def texts(text: Both) -> list[TextShown]:
    """A text in the languages it has, the reader's first."""
    reads = "es" if (translation.get_language() or "en").startswith("es") else "en"
    pairs = [(code, getattr(text, code)) for code in (reads, "en" if reads == "es" else "es")]
    return [TextShown(code, said, code != reads) for code, said in pairs if said.strip()]


def minutes_shown(group: Group, standing: Standing, minutes: Minutes) -> dict[str, Any]:
    """One text of the minutes with what it decides and promises, who agreed, and the other text if disputed."""
    own = group.our_side
    look, words = MINUTES_STATES[minutes.state]
    return {
        "minutes": minutes,
        "look": look,
        "words": words,
        "is_ours": minutes.side == own,
        "we_agreed": own in minutes.agreed,
        "they_agreed": other(own) in minutes.agreed,
        "text": texts(minutes.text),
        "decisions": [texts(one) for one in minutes.decisions],
        "promises": [_promised(one) for one in standing.drafted.get(minutes.key, ())],
        "disputes": [(side == own, texts(text)) for side, text in minutes.disputes.items()],
    }


def _promised(one: Mapping[str, Any]) -> dict[str, Any]:
    told = one.get("text") or {}
    return {
        "text": texts(Both(str(told.get("en", "")), str(told.get("es", "")))),
        "owner": str(one.get("owner", "")),
        "due_on": date.fromisoformat(str(one["due_on"])),
        "one_sided": bool(one.get("one_sided")),
    }


def steps_of(row: Row, standing: Standing, told: Meeting, tenure: Tenure, now: datetime) -> list[Step]:
    """What this reader may do with the meeting now, the likeliest first."""
    group, own, state = row.group, row.group.our_side, told.state(now)
    powers = powers_of(tenure, group, standing)
    place = [row.pk]
    found: list[Step] = []
    if powers.sponsors and own in told.needs and now < told.starts and state not in OVER:
        found.append(Step(_("Authorise, or not"), reverse("groups:authorise", args=place), main=told.waits_for(own)))
    if not powers.chairs:
        return found
    if now < told.starts and state not in OVER:
        found += [
            Step(_("Write the agenda"), reverse("groups:agenda", args=place), main=not told.agenda),
            Step(_("Move it"), reverse("groups:move", args=place)),
            Step(_("Cancel it"), reverse("groups:cancel", args=place)),
        ]
    is_on = state not in {"canceled", "moved"}
    if is_on and own not in told.attendance and told.starts <= now <= told.decided_at + RECORD_WITHIN:
        found.append(Step(_("Record who came"), reverse("groups:attend", args=place), main=True))
    return [*found, *_minutes_steps(told, own, state, place)]


def _minutes_steps(told: Meeting, own: Side, state: str, place: list[int]) -> list[Step]:
    current = told.current_minutes
    if state not in TOOK_PLACE or (current is not None and current.state == "final"):
        return []
    write = reverse("groups:write_minutes", args=place)
    if current is None:
        return [Step(_("Write the minutes"), write, main=True)]
    found = []
    if own not in current.agreed:
        found.append(Step(_("Agree to the minutes"), reverse("groups:agree_minutes", args=place), post=True, main=True))
        if own not in current.disputes:
            found.append(Step(_("Dispute them"), reverse("groups:dispute_minutes", args=place)))
    return [*found, Step(_("Propose another text"), write, main=bool(current.disputes) and own in current.agreed)]


def post_choices(posts: Iterable[str], known: Mapping[str, Post]) -> list[tuple[str, str]]:
    """Posts as a list offers them."""
    return [(one, f"{named(known[one])}, {named(known[one].agency)}" if one in known else one) for one in posts]
