"""When a deadline falls: weekends, holidays, time zones and the two nights when the clocks change (P8)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contraparte.directory import calendars
from contraparte.directory.rules.accord import Calendar, Clock
from contraparte.directory.rules.clocks import counts, due_at

ALWAYS = Calendar(continuous=True)
WORKING = Calendar()
NEW_YORK, HERMOSILLO, TIJUANA = (
    ZoneInfo(name) for name in ("America/New_York", "America/Hermosillo", "America/Tijuana")
)


def clock(**unit):
    return Clock.model_validate(
        {"types": ["trace.request/1"], "calendar": "c", "source": {"kind": "law", "cite": "x"}, **unit}
    )


def local(zone, *when):
    return datetime(*when, tzinfo=zone)


def test_hours_run_through_a_weekend_where_the_law_says_so():
    friday = local(NEW_YORK, 2026, 3, 6, 17, 30)
    assert due_at(friday, clock(hours=24), ALWAYS, NEW_YORK, ()) == friday + timedelta(hours=24)


@pytest.mark.parametrize("start", [(2026, 3, 7, 12), (2026, 10, 31, 12)])
def test_twenty_four_hours_are_twenty_four_hours_also_when_the_clocks_change(start):
    begins = local(NEW_YORK, *start)
    due = due_at(begins, clock(hours=24), ALWAYS, NEW_YORK, ())
    assert due - begins.astimezone(UTC) == timedelta(hours=24)
    assert due.astimezone(NEW_YORK).hour != 12


def test_working_hours_stop_over_the_weekend():
    friday = local(HERMOSILLO, 2026, 3, 6, 20)
    assert due_at(friday, clock(hours=8), WORKING, HERMOSILLO, ()) == local(HERMOSILLO, 2026, 3, 9, 4)
    saturday = local(HERMOSILLO, 2026, 3, 7, 20)
    assert due_at(saturday, clock(hours=8), WORKING, HERMOSILLO, ()) == local(HERMOSILLO, 2026, 3, 9, 8)


def test_a_short_working_day_gives_fewer_hours():
    every_day = Calendar(weekdays=[0, 1, 2, 3, 4, 5, 6])
    night = local(NEW_YORK, 2026, 3, 8, 0)  # 23 hours long
    assert due_at(night, clock(hours=24), every_day, NEW_YORK, ()) == local(NEW_YORK, 2026, 3, 9, 1)


def test_days_are_working_days_and_end_with_the_last_second_of_the_recipients_day():
    start = local(HERMOSILLO, 2026, 3, 5, 23, 30)  # Thursday there, Friday already in UTC
    due = due_at(start, clock(days=3), WORKING, HERMOSILLO, {date(2026, 3, 9)})
    assert due.astimezone(HERMOSILLO) == local(HERMOSILLO, 2026, 3, 11, 23, 59, 59)
    assert due_at(start, clock(days=3), WORKING, ZoneInfo("UTC"), {date(2026, 3, 9)}) == datetime(
        2026, 3, 12, 23, 59, 59, tzinfo=UTC
    )


def test_calendar_days_count_every_day():
    start = local(TIJUANA, 2026, 3, 6, 12)
    due = due_at(start, clock(days=2), ALWAYS, TIJUANA, {date(2026, 3, 7)})
    assert due.astimezone(TIJUANA) == local(TIJUANA, 2026, 3, 8, 23, 59, 59)


def test_sonora_keeps_its_hours_while_the_border_cities_change_theirs():
    start = datetime(2026, 3, 6, 18, tzinfo=UTC)
    assert due_at(start, clock(days=1), WORKING, HERMOSILLO, ()).hour == 6
    assert due_at(start, clock(days=2), WORKING, TIJUANA, ()).hour == 6  # Tijuana is an hour nearer from 8 March
    assert due_at(start - timedelta(days=2), clock(days=1), WORKING, TIJUANA, ()).hour == 7


starts = st.datetimes(datetime(2025, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))
zones = st.sampled_from([NEW_YORK, HERMOSILLO, TIJUANA, ZoneInfo("UTC"), ZoneInfo("America/Sao_Paulo")])
free_days = st.frozensets(st.dates(date(2025, 1, 1), date(2036, 1, 1)), max_size=30)
weekdays = st.lists(st.integers(0, 6), min_size=1, max_size=7, unique=True)


@given(starts, zones, free_days, weekdays, st.integers(1, 200))
def test_a_deadline_lies_on_a_counted_day_after_the_start_and_grows_with_the_term(start, zone, free, week, amount):
    calendar = Calendar(weekdays=week)
    for unit in ("hours", "days"):
        due = due_at(start, clock(**{unit: amount}), calendar, zone, free)
        later = due_at(start, clock(**{unit: amount + 1}), calendar, zone, free)
        assert start < due < later
        assert counts((due - timedelta(microseconds=1)).astimezone(zone).date(), calendar, free)


def test_public_holidays_come_from_the_package_and_the_accords_own_list():
    working = Calendar.model_validate({"holidays_of": "US", "also_free": [date(2026, 3, 5)]})
    free = calendars.holidays_for(working, 2026)
    assert {date(2026, 7, 3), date(2026, 3, 5), date(2027, 1, 1)} <= free
    assert calendars.holidays_for(Calendar(), 2026) == frozenset()
    assert date(2026, 9, 16) in calendars.public_holidays("MX", 2026)
    for nobody_keeps in ("XX", "US-XX"):
        assert calendars.public_holidays(nobody_keeps, 2026) == frozenset()


def test_a_time_zone_nobody_knows_is_utc():
    for name in ("", "Mars/Olympus", "../../etc/passwd", "America/Hermosillo\x00"):
        assert str(calendars.zone_of(name)) == "UTC"
    assert str(calendars.zone_of("America/Hermosillo")) == "America/Hermosillo"
