"""What a group waits for now, and which side owes it: read from how it stands, for the desk and the board."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from contraparte.groups.rules.charters import blocking, gaps
from contraparte.groups.rules.meetings import TOOK_PLACE
from contraparte.groups.rules.standing import Standing
from contraparte.groups.rules.words import SIDES, Side, other


@dataclass(frozen=True, slots=True)
class Owed:
    """One thing a side owes. `key` names the text or meeting it is about; `due` where the clock decides it."""

    what: str
    side: Side
    key: str
    since: datetime
    due: datetime | None = None


def owed(standing: Standing, now: datetime) -> tuple[Owed, ...]:
    """Everything either side owes now; nothing once the group has ended."""
    return () if standing.end is not None else tuple(_owed(standing, now))


def _owed(standing: Standing, now: datetime) -> Iterator[Owed]:
    proposal = standing.proposal
    if proposal is not None:
        is_whole = not blocking(gaps(proposal.charter, on=proposal.at.date()))
        for side in SIDES:
            if side in proposal.approved:
                continue
            if is_whole:
                yield Owed("charter", side, proposal.key, proposal.at)
            elif side == proposal.side:
                yield Owed("charter_gaps", side, proposal.key, proposal.at)
    for side in SIDES:
        if side not in standing.ending and other(side) in standing.ending:
            yield Owed("end", side, "", standing.now)
    yield from _of_meetings(standing, now)


def _of_meetings(standing: Standing, now: datetime) -> Iterator[Owed]:
    for meeting in standing.meetings.values():
        state, minutes = meeting.state(now), meeting.current_minutes
        for side in SIDES:
            if now < meeting.starts and state in {"invited", "agenda_out"} and meeting.waits_for(side):
                yield Owed("authorise", side, meeting.key, meeting.starts, meeting.starts)
            if state == "recording" and side not in meeting.attendance:
                yield Owed("attend", side, meeting.key, meeting.ends, meeting.decided_at)
            if minutes is not None and minutes.state == "draft" and side not in minutes.agreed:
                yield Owed("minutes", side, meeting.key, meeting.ends)
        if state in TOOK_PLACE and minutes is None:
            yield Owed("minutes_missing", meeting.called_by, meeting.key, meeting.ends)
