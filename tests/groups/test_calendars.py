"""Meetings as iCalendar, read back by two readers that share no code with the writer, and by the rules of RFC 5545."""

import io
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import vobject
from dateutil import tz

from contraparte.groups import calendars
from contraparte.groups.calendars import calendar_of, zone_component
from contraparte.groups.models import Group, Meeting

KEY = UUID("932f4073-314e-4205-8e2f-a887421025eb")
GROUP = UUID("4f2a1c73-314e-4205-8e2f-a887421025eb")
ZONES = (
    "America/Mexico_City", "America/Ciudad_Juarez", "America/Tijuana", "America/Matamoros", "America/Hermosillo",
    "America/Phoenix", "America/New_York", "America/Chicago", "America/Cancun", "America/Ojinaga",
)  # fmt: skip


def meeting(starts: datetime, **changed: object) -> Meeting:
    group = Group(uuid=GROUP, name_en="Kidnapping", name_es="Secuestro", handling=["H0"])
    facts = {
        "pk": 7, "group": group, "key": KEY, "number": 3, "starts": starts, "ends": starts + timedelta(hours=2),
        "zone": "America/New_York", "state": "agenda_out", "sequence": 2,
        "changed_at": datetime(2026, 3, 1, tzinfo=UTC),
    }  # fmt: skip
    return Meeting(**(facts | changed))


def lines(told: bytes) -> list[bytes]:
    assert told.endswith(b"\r\n")
    assert b"\n" not in told.replace(b"\r\n", b"")
    return told.split(b"\r\n")[:-1]


@pytest.mark.parametrize("zone", ZONES)
def test_the_zone_that_comes_along_says_what_the_tz_database_says(zone: str) -> None:
    told = zone_component(zone, 2021, 2027).to_ical().decode()
    read, known = tz.tzical(io.StringIO(told)).get(zone), ZoneInfo(zone)
    assert read is not None
    at = datetime(2021, 1, 2, 0, 30)
    while at.year < 2028:
        local = at.replace(tzinfo=known)
        # Times that do not exist, or exist twice, are read either way; every other one must be read alike.
        if local.utcoffset() == local.replace(fold=1).utcoffset():
            assert at.replace(tzinfo=read).utcoffset() == local.utcoffset(), at
        at += timedelta(hours=7)


@pytest.mark.parametrize("month", [1, 3, 7, 11])
def test_another_reader_reads_the_same_instants(month: int) -> None:
    starts = datetime(2026, month, 9, 15, tzinfo=UTC)
    told = calendar_of([meeting(starts)], language="en").decode()
    event = vobject.readOne(told).vevent
    assert event.dtstart.value.astimezone(UTC) == starts
    assert event.dtend.value - event.dtstart.value == timedelta(hours=2)
    assert (event.uid.value, event.sequence.value, event.status.value) == (str(KEY), "2", "CONFIRMED")
    assert event.dtstart.params["X-VOBJ-ORIGINAL-TZID"] == ["America/New_York"]


def test_it_says_when_and_never_what_about() -> None:
    secret = meeting(datetime(2026, 3, 9, 15, tzinfo=UTC))
    told = calendar_of([secret], language="es").decode()
    assert vobject.readOne(told).vevent.summary.value == "Grupo de trabajo 4F2A, reunión 3"
    assert "Secuestro" not in told
    properties = {line.split(b":")[0].split(b";")[0].decode() for line in lines(told.encode())}
    assert not properties & {"ORGANIZER", "ATTENDEE", "DESCRIPTION", "LOCATION", "COMMENT", "CONTACT", "CATEGORIES"}


@pytest.mark.parametrize("state", ["canceled", "moved"])
def test_what_is_off_is_a_cancellation_of_the_same_event_with_a_higher_sequence(state: str) -> None:
    told = calendar_of([meeting(datetime(2026, 3, 9, 15, tzinfo=UTC), state=state, sequence=3)], language="en").decode()
    event = vobject.readOne(told).vevent
    assert (event.uid.value, event.status.value, event.sequence.value) == (str(KEY), "CANCELLED", "3")
    assert event.transp.value == "TRANSPARENT"


def test_lines_end_and_are_folded_as_the_standard_says_and_every_zone_is_defined() -> None:
    starts = datetime(2026, 3, 9, 15, tzinfo=UTC)
    juarez = meeting(starts, zone="America/Ciudad_Juarez", pk=10**40)
    told = calendar_of([juarez, meeting(starts)], language="es")
    rows = lines(told)
    assert any(row.startswith(b" ") for row in rows)  # the address of the first is folded
    assert max(map(len, rows)) <= 75
    for row in rows:
        row.decode("utf-8")  # no character is torn apart
    whole = told.decode().replace("\r\n ", "")
    assert set(re.findall(r"TZID=([^:;]+)", whole)) == set(re.findall(r"^TZID:(.+?)\r$", whole, re.M))
    events = vobject.readOne(told.decode()).vevent_list
    assert events[0].url.value.endswith(f"/groups/meetings/{10**40}/")
    for needed in ("PRODID", "VERSION:2.0", "METHOD:PUBLISH", "DTSTAMP:20260301T000000Z", "X-PUBLISHED-TTL:PT1H"):
        assert needed in whole
    assert calendar_of([juarez, meeting(starts)], language="es") == told


def test_a_meeting_in_utc_needs_no_zone() -> None:
    told = calendar_of([meeting(datetime(2026, 3, 9, 15, tzinfo=UTC), zone="UTC")], language="en").decode()
    assert "DTSTART:20260309T150000Z" in told
    assert "VTIMEZONE" not in told


@pytest.mark.parametrize("before", range(60, 68))
def test_a_line_is_folded_between_letters_also_where_one_takes_two_octets(
    before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    title = "x" * before + "ñóñü, reunión; ¿fiscalía?"
    monkeypatch.setattr(calendars, "title_of", lambda row: title)
    told = calendar_of([meeting(datetime(2026, 3, 9, 15, tzinfo=UTC))], language="es")
    rows = lines(told)
    assert max(map(len, rows)) <= 75
    for row in rows:
        row.decode("utf-8")
    assert vobject.readOne(told.decode()).vevent.summary.value == title


def test_a_calendar_over_the_end_of_mexican_summer_time_holds_both_eras() -> None:
    """Ten o'clock stays ten o'clock in Mexico City, and is another hour for who reads it in the United States."""
    days = [datetime(2022, 7, 4, 15, tzinfo=UTC), datetime(2022, 10, 31, 16, tzinfo=UTC),
            datetime(2026, 7, 6, 16, tzinfo=UTC)]  # fmt: skip
    rows = [meeting(day, zone="America/Mexico_City", number=n, key=UUID(int=n)) for n, day in enumerate(days, 1)]
    told = calendar_of(rows, language="es").decode()
    events = vobject.readOne(told).vevent_list
    assert [event.dtstart.value.astimezone(UTC) for event in events] == days
    assert [event.dtstart.value.hour for event in events] == [10, 10, 10]
    assert told.count("BEGIN:VTIMEZONE") == 1
    zone = told.split("BEGIN:VTIMEZONE")[1].split("END:VTIMEZONE")[0]
    assert "DTSTART:20221030T020000" in zone  # the last change, in the time before it
    assert "DTSTART:2023" not in zone


def test_a_meeting_over_the_new_year_is_read_with_the_clocks_of_both_years() -> None:
    eve = datetime(2027, 1, 1, 5, 30, tzinfo=UTC)  # half past nine in the evening of 31 December in Tijuana
    told = calendar_of([meeting(eve, zone="America/Tijuana")], language="en").decode()
    event = vobject.readOne(told).vevent
    assert (event.dtstart.value.date().isoformat(), event.dtend.value.date().isoformat()) == ("2026-12-31",) * 2
    assert event.dtstart.value.astimezone(UTC) == eve
