"""Words about meetings: calls, agendas, authorisations, attendance."""

from dataclasses import replace

from contraparte.groups.rules.charters import HANDLING, is_zone
from contraparte.groups.rules.meetings import LONGEST, RECORD_WITHIN, Attendance, Item, Meeting
from contraparte.groups.rules.reading import read_agenda, read_instant
from contraparte.groups.rules.standing import CHARTERED, Standing, WordRefusedError
from contraparte.groups.rules.words import SIDES, Word


def call_meeting(standing: Standing, word: Word) -> None:
    """A side calls a meeting; one it replaces keeps a tombstone that names the new one."""
    facts = word.facts
    starts, ends = read_instant(facts["starts"]), read_instant(facts["ends"])
    if starts <= word.at:
        raise WordRefusedError("past")
    if not starts < ends <= starts + LONGEST:
        raise WordRefusedError("ends")
    if not is_zone(str(facts["zone"])):
        raise WordRefusedError("zone")
    is_exploratory = standing.state(standing.now)[0] not in CHARTERED
    agenda = _agenda(standing, word, "agenda")
    replaced = str(facts.get("replaces", ""))
    if replaced:
        before = _open_meeting(standing, word, replaced)
        standing.meetings[replaced] = replace(before, moved_to=word.uuid, sequence=before.sequence + 1)
    charter = standing.charter
    standing.meetings[word.uuid] = Meeting(
        key=word.uuid,
        number=len(standing.meetings) + 1,
        called_by=word.side,
        starts=starts,
        ends=ends,
        zone=str(facts["zone"]),
        venue=str(facts.get("venue", "")),
        agenda=agenda,
        agenda_key=word.uuid if agenda else "",
        agenda_at=word.at if agenda else None,
        is_exploratory=is_exploratory,
        quorum=charter.quorum if charter else 1,
        needs=frozenset(standing.gates),
        replaces=replaced,
    )


def set_agenda(standing: Standing, word: Word) -> None:
    """A side changes the agenda, written on the one that stands."""
    meeting = _open_meeting(standing, word)
    if str(word.facts.get("base", "")) != meeting.agenda_key:
        raise WordRefusedError("base")
    items = _agenda(standing, word, "items")
    standing.meetings[meeting.key] = replace(
        meeting, agenda=items, agenda_key=word.uuid, agenda_at=word.at, sequence=meeting.sequence + 1
    )


def cancel_meeting(standing: Standing, word: Word) -> None:
    """A side cancels a meeting that has not begun."""
    meeting = _open_meeting(standing, word)
    standing.meetings[meeting.key] = replace(
        meeting, canceled=str(word.facts.get("reason", "")), sequence=meeting.sequence + 1
    )


def authorise_meeting(standing: Standing, word: Word) -> None:
    """A side whose gate is set lets its people go, or not."""
    meeting = _open_meeting(standing, word)
    if word.side not in meeting.needs:
        raise WordRefusedError("no_gate")
    granted = bool(word.facts.get("granted"))
    standing.meetings[meeting.key] = replace(
        meeting,
        authorised=meeting.authorised | {word.side} if granted else meeting.authorised - {word.side},
        forbidden=meeting.forbidden - {word.side} if granted else meeting.forbidden | {word.side},
    )


def attend_meeting(standing: Standing, word: Word) -> None:
    """A side states who of its own was there, once."""
    meeting = meeting_of(standing, word)
    if meeting.canceled is not None or meeting.moved_to:
        raise WordRefusedError("meeting_off")
    if word.side in meeting.attendance:
        raise WordRefusedError("said_already")
    if not meeting.starts <= word.at <= meeting.decided_at + RECORD_WITHIN:
        raise WordRefusedError("not_yet" if word.at < meeting.starts else "too_late")
    present = tuple(dict.fromkeys(map(str, word.facts.get("present", ()))))
    if present and word.side in meeting.needs and word.side not in meeting.authorised:
        raise WordRefusedError("not_authorised")
    told = Attendance(present, word.at, dict(word.facts.get("substitutes", {})), word.at >= meeting.decided_at)
    standing.meetings[meeting.key] = replace(meeting, attendance={**meeting.attendance, word.side: told})
    last = standing.last_held()
    if all(standing.meetings[meeting.key].is_quorate(side) for side in SIDES) and (
        last is None or last.starts < meeting.starts
    ):
        standing.held = meeting.key


def _agenda(standing: Standing, word: Word, name: str) -> tuple[Item, ...]:
    items = read_agenda(word.facts.get(name))
    allowed = standing.charter.handling if standing.charter else ("H0",)
    for item in items:
        if item.handling not in HANDLING or item.handling not in {*allowed, "H0"}:
            raise WordRefusedError("handling")
    return items


def meeting_of(standing: Standing, word: Word, key: str = "") -> Meeting:
    found = standing.meetings.get(key or str(word.facts.get("meeting", "")))
    if found is None:
        raise WordRefusedError("no_such_meeting")
    return found


def _open_meeting(standing: Standing, word: Word, key: str = "") -> Meeting:
    """A meeting that has not begun and still stands."""
    found = meeting_of(standing, word, key)
    if found.canceled is not None or found.moved_to:
        raise WordRefusedError("meeting_off")
    if word.at >= found.starts:
        raise WordRefusedError("begun")
    return found
