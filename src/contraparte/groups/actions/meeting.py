"""Meetings: calling, moving and cancelling them, their agenda, who came, what was said. The chair's post speaks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from contraparte.directory.models import Tenure
from contraparte.groups.actions.founding import require_sponsor
from contraparte.groups.actions.speaking import require_post, say
from contraparte.groups.models import Group, GroupWord
from contraparte.groups.recording import standing_of
from contraparte.groups.rules.meetings import Item
from contraparte.groups.rules.reading import read_agenda
from contraparte.groups.rules.standing import Standing
from contraparte.protocol.errors import GroupFieldError
from contraparte.protocol.ids import country_of

Plain = Mapping[str, Any]


def call_meeting(
    group: Group,
    *,
    starts: datetime,
    ends: datetime,
    zone: str,
    venue: str = "",
    agenda: Sequence[Plain] = (),
    replaces: str = "",
    by: Tenure,
    now: datetime,
) -> GroupWord:
    """Call a meeting; `replaces` moves the one with that key. Raises MeetingTimeError, GroupHandlingError."""
    require_post(by, group.post_id)
    facts = {
        "starts": starts.isoformat(), "ends": ends.isoformat(), "zone": zone, "venue": venue, "agenda": list(agenda),
        "replaces": replaces,
    }  # fmt: skip
    return say(group, "meeting.call", facts, by=by, now=now)


def set_agenda(
    group: Group, meeting: str, items: Sequence[Plain], *, base: str, by: Tenure, now: datetime
) -> GroupWord:
    """Set the agenda, written on the one that stands (`base`, "" for none). GroupBaseError, GroupHandlingError."""
    require_post(by, group.post_id)
    return say(group, "meeting.agenda", {"meeting": meeting, "base": base, "items": list(items)}, by=by, now=now)


def cancel_meeting(group: Group, meeting: str, *, reason: str, by: Tenure, now: datetime) -> GroupWord:
    """Cancel a meeting that has not begun. Raises GroupFieldError without a reason, MeetingOffError."""
    require_post(by, group.post_id)
    if not reason.strip():
        raise GroupFieldError(field="reason", read="")
    return say(group, "meeting.cancel", {"meeting": meeting, "reason": reason}, by=by, now=now)


def authorise_meeting(
    group: Group, meeting: str, *, granted: bool, reason: str = "", by: Tenure, now: datetime
) -> GroupWord:
    """Let our people go, or not: the sponsor's word where our gate is set. Raises MeetingGateError."""
    require_sponsor(group, by, now)
    return say(group, "meeting.authorise", {"meeting": meeting, "granted": granted, "reason": reason}, by=by, now=now)


def record_attendance(
    group: Group, meeting: str, present: Sequence[str], *, substitutes: Plain | None = None, by: Tenure, now: datetime
) -> GroupWord:
    """State which posts of our country were there; nobody is an answer too.

    Raises GroupFieldError for a post of another country, MeetingTimeError, MeetingGateError, GroupSaidError.
    """
    require_post(by, group.post_id)
    for post in present:
        if country_of(post) != country_of(group.post_id):
            raise GroupFieldError(field="present", read=post)
    for post, absent in (substitutes or {}).items():
        if post not in present or absent in present or country_of(absent) != country_of(group.post_id):
            raise GroupFieldError(field="substitutes", read=str(absent))
    facts = {"meeting": meeting, "present": list(present), "substitutes": dict(substitutes or {})}
    return say(group, "meeting.attend", facts, by=by, now=now)


def propose_minutes(
    group: Group,
    meeting: str,
    *,
    text: Plain,
    base: str,
    decisions: Sequence[Plain] = (),
    commitments: Sequence[Plain] = (),
    by: Tenure,
    now: datetime,
) -> GroupWord:
    """Write the minutes, on the text that stands (`base`, "" for none). Our side has agreed to them with that.

    Raises GroupFieldError without a text, GroupBaseError, GroupInformalError, MeetingOffError.
    """
    require_post(by, group.post_id)
    if not any(str(value).strip() for value in text.values()):
        raise GroupFieldError(field="text", read="")
    facts = {
        "meeting": meeting, "base": base, "text": dict(text), "decisions": list(decisions),
        "commitments": list(commitments),
    }  # fmt: skip
    return say(group, "minutes.propose", facts, by=by, now=now)


def agree_minutes(group: Group, minutes: str, *, by: Tenure, now: datetime) -> GroupWord:
    """Agree; what they promise counts from now. Raises GroupSaidError, GroupBaseError."""
    require_post(by, group.post_id)
    return say(group, "minutes.agree", {"minutes": minutes}, by=by, now=now)


def dispute_minutes(group: Group, minutes: str, *, text: Plain, by: Tenure, now: datetime) -> GroupWord:
    """Dispute the text and leave ours beside it. Raises GroupFieldError without a text."""
    require_post(by, group.post_id)
    return say(group, "minutes.dispute", {"minutes": minutes, "text": dict(text)}, by=by, now=now)


def proposed_agenda(group: Group, now: datetime) -> list[Plain]:
    """An agenda from what the group left open: promises that are live, goals without a figure, the next day to meet."""
    standing = standing_of(group, now)
    lines: list[Plain] = [{"text": {"en": one.text.en[:300], "es": one.text.es[:300]}, "handling": "H0"}
                          for one in standing.promises.values() if one.is_live]  # fmt: skip
    measured = {one.goal for one in standing.reports}
    charter = standing.charter
    for goal in charter.goals if charter else ():
        if goal.key not in measured:
            lines.append({"text": {"en": goal.statement.en[:300], "es": goal.statement.es[:300]}, "handling": "H0"})
    return lines[:60]


def left_open(group: Group, standing: Standing, now: datetime) -> tuple[Item, ...]:
    """What a silent group left open is on the agenda with which it meets again; nothing for one that meets."""
    if standing.state(now)[0] != "dormant":
        return ()
    return read_agenda(proposed_agenda(group, now))
