"""Local times of both countries: where clocks change and where not, working days, leap days, ends of years."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from contraparte.groups.meeting_queries import free_in
from contraparte.groups.rules.cadence import Cadence
from contraparte.groups.rules.health import health_of
from contraparte.groups.rules.local_times import instant_of
from contraparte.groups.rules.planning import planned_next, working_day
from contraparte.protocol.errors import MeetingTimeMissingError, MeetingTimeTwiceError
from tests.groups.talk import ZONE, Talk

BOTH = ("mx", "us")
TEN = time(10)


def works(day: date) -> bool:
    return not free_in(day, BOTH)


@pytest.mark.parametrize(
    ("day", "zone", "offset"),
    [
        # Before 30 October 2022 the interior of Mexico kept summer time; after it, none.
        (date(2022, 7, 1), "America/Mexico_City", -5),
        (date(2023, 7, 3), "America/Mexico_City", -6),
        (date(2023, 1, 2), "America/Mexico_City", -6),
        # The border changes with the United States; the state of Sonora and Arizona never do.
        (date(2023, 7, 3), "America/Tijuana", -7),
        (date(2023, 7, 3), "America/Matamoros", -5),
        (date(2022, 7, 1), "America/Tijuana", -7),
        (date(2023, 1, 2), "America/Tijuana", -8),
        # Ojinaga kept the hours of Juárez, and those of Texas since.
        (date(2022, 7, 1), "America/Ojinaga", -6),
        (date(2023, 1, 2), "America/Ojinaga", -6),
        (date(2023, 7, 3), "America/Ojinaga", -5),
        (date(2023, 7, 3), "America/Chihuahua", -6),
        (date(2022, 7, 1), "America/Ciudad_Juarez", -6),
        (date(2023, 1, 2), "America/Ciudad_Juarez", -7),
        (date(2023, 7, 3), "America/Ciudad_Juarez", -6),
        (date(2026, 7, 1), "America/Hermosillo", -7),
        (date(2026, 7, 1), "America/Phoenix", -7),
        (date(2026, 7, 1), "America/New_York", -4),
        (date(2026, 12, 1), "America/New_York", -5),
        (date(2026, 7, 1), "America/Cancun", -5),
        (date(2026, 1, 5), "America/Cancun", -5),
        (date(2026, 1, 5), "America/Hermosillo", -7),
        (date(2026, 1, 5), "America/Phoenix", -7),
        (date(2028, 2, 29), "America/Chicago", -6),
    ],
)
def test_a_local_time_is_the_right_instant(day: date, zone: str, offset: int) -> None:
    assert instant_of(day, TEN, zone) == datetime.combine(day, TEN, UTC) - timedelta(hours=offset)


def test_ten_in_mexico_city_moves_by_an_hour_in_new_york_twice_a_year_since_2022() -> None:
    def in_new_york(day: date) -> int:
        return instant_of(day, TEN, "America/Mexico_City").astimezone(ZoneInfo("America/New_York")).hour

    assert [in_new_york(date(2022, month, 15)) for month in (1, 7, 12)] == [11, 11, 11]
    assert [in_new_york(date(2023, month, 15)) for month in (1, 3, 7, 11, 12)] == [11, 12, 12, 11, 11]


@pytest.mark.parametrize(
    ("day", "pair", "hours"),
    [
        # While Mexico kept summer time, the United States began three weeks before it and ended a week after it.
        (date(2022, 3, 12), ("America/Mexico_City", "America/Chicago"), 0),
        (date(2022, 3, 14), ("America/Mexico_City", "America/Chicago"), 1),
        (date(2022, 4, 2), ("America/Mexico_City", "America/Chicago"), 1),
        (date(2022, 4, 4), ("America/Mexico_City", "America/Chicago"), 0),
        (date(2022, 10, 29), ("America/Mexico_City", "America/Chicago"), 0),
        (date(2022, 10, 31), ("America/Mexico_City", "America/Chicago"), 1),
        (date(2022, 11, 7), ("America/Mexico_City", "America/Chicago"), 0),
        # Since 30 October 2022 they differ all summer, on the days the United States sets.
        (date(2026, 3, 7), ("America/Mexico_City", "America/Chicago"), 0),
        (date(2026, 3, 9), ("America/Mexico_City", "America/Chicago"), 1),
        (date(2026, 10, 31), ("America/Mexico_City", "America/Chicago"), 1),
        (date(2026, 11, 2), ("America/Mexico_City", "America/Chicago"), 0),
        # Neighbours over the line: the border's municipalities never differ, Sonora and Arizona neither.
        (date(2026, 7, 1), ("America/Tijuana", "America/Los_Angeles"), 0),
        (date(2026, 3, 9), ("America/Tijuana", "America/Los_Angeles"), 0),
        (date(2026, 7, 1), ("America/Ciudad_Juarez", "America/Denver"), 0),
        (date(2026, 7, 1), ("America/Ojinaga", "America/Chicago"), 0),
        (date(2026, 7, 1), ("America/Matamoros", "America/Chicago"), 0),
        (date(2026, 7, 1), ("America/Hermosillo", "America/Phoenix"), 0),
        (date(2026, 7, 1), ("America/Hermosillo", "America/Denver"), 1),
        (date(2026, 1, 5), ("America/Hermosillo", "America/Denver"), 0),
        (date(2026, 7, 1), ("America/Cancun", "America/New_York"), 1),
        (date(2026, 1, 5), ("America/Cancun", "America/New_York"), 0),
    ],
)
def test_two_places_differ_by_as_many_hours_as_their_clocks_do_on_that_day(
    day: date, pair: tuple[str, str], hours: int
) -> None:
    here, there = (instant_of(day, TEN, zone) for zone in pair)
    assert here - there == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("day", "zone"),
    [(date(2026, 3, 8), "America/New_York"), (date(2026, 3, 8), "America/Ciudad_Juarez"),
     (date(2026, 3, 8), "America/Ojinaga"), (date(2026, 3, 8), "America/Tijuana"),
     (date(2022, 4, 3), "America/Mexico_City")],
)  # fmt: skip
def test_a_time_the_clocks_pass_over_is_refused_by_name(day: date, zone: str) -> None:
    with pytest.raises(MeetingTimeMissingError) as refused:
        instant_of(day, time(2, 30), zone)
    assert refused.value.params["field"] == "at"
    assert (refused.value.params["zone"], refused.value.params["instead"]) == (zone, "03:30")
    assert instant_of(day, time(3), zone) - instant_of(day, time(1, 59), zone) == timedelta(minutes=1)


def test_no_clock_changes_in_mexico_city_any_more() -> None:
    for day in (date(2023, 4, 2), date(2026, 4, 5), date(2026, 3, 8)):
        assert instant_of(day, time(2, 30), "America/Mexico_City").hour == 8
    for day in (date(2023, 10, 29), date(2026, 10, 25), date(2026, 11, 1)):
        assert instant_of(day, time(1, 30), "America/Mexico_City").hour == 7  # exists once


def test_the_last_night_of_mexican_summer_time_had_an_hour_twice() -> None:
    day, zone = date(2022, 10, 30), "America/Mexico_City"
    first, second = (instant_of(day, time(1, 30), zone, which) for which in ("first", "second"))  # type: ignore[arg-type]
    assert (first.hour, second.hour) == (6, 7)
    with pytest.raises(MeetingTimeTwiceError):
        instant_of(day, time(1, 30), zone)


def test_a_new_year_begins_where_the_meeting_is() -> None:
    eve, night = date(2026, 12, 31), time(23, 30)
    assert instant_of(eve, night, "America/Tijuana") == datetime(2027, 1, 1, 7, 30, tzinfo=UTC)
    assert instant_of(eve, night, "America/Cancun") == datetime(2027, 1, 1, 4, 30, tzinfo=UTC)
    assert (
        instant_of(date(2027, 1, 1), time(0), "America/Mexico_City").astimezone(ZoneInfo("America/Tijuana")).date()
        == eve
    )
    assert instant_of(date(2028, 2, 29), night, "America/Tijuana") == datetime(2028, 3, 1, 7, 30, tzinfo=UTC)


def test_of_a_time_that_exists_twice_it_is_asked_which() -> None:
    day, zone = date(2026, 11, 1), "America/Tijuana"
    with pytest.raises(MeetingTimeTwiceError) as refused:
        instant_of(day, time(1, 30), zone)
    assert (refused.value.params["first"], refused.value.params["second"]) == ("UTC-07:00", "UTC-08:00")
    first, second = (instant_of(day, time(1, 30), zone, which) for which in ("first", "second"))  # type: ignore[arg-type]
    assert second - first == timedelta(hours=1)


@pytest.mark.parametrize(
    ("day", "free"),
    [
        (date(2026, 11, 26), ["us"]),  # Thanksgiving
        (date(2026, 11, 16), ["mx"]),  # Revolution, on the third Monday
        (date(2026, 9, 16), ["mx"]),  # Independence
        (date(2026, 7, 3), ["us"]),  # Independence, observed on the Friday
        (date(2026, 12, 25), ["mx", "us"]),
        (date(2026, 12, 26), ["mx", "us"]),  # a Saturday
        (date(2024, 10, 1), ["mx"]),  # a new presidency begins
        (date(2028, 2, 29), []),
        (date(2026, 12, 1), []),
        # Mexico moves three of its days to a Monday; the days of the calendar themselves are worked.
        (date(2026, 2, 2), ["mx"]),  # Constitution, the first Monday of February
        (date(2026, 2, 5), []),
        (date(2026, 3, 16), ["mx"]),  # Juárez, the third Monday of March
        (date(2025, 3, 21), []),
        (date(2025, 11, 17), ["mx"]),
        (date(2025, 11, 20), []),
        (date(2026, 5, 1), ["mx"]),
        (date(2030, 10, 1), ["mx"]),  # the presidency changes each sixth year, on 1 October since 2024
        (date(2025, 10, 1), []),
        (date(2024, 12, 2), []),
        # The United States keep a day that falls on a Saturday on the Friday, on a Sunday on the Monday.
        (date(2026, 1, 19), ["us"]),  # King
        (date(2026, 2, 16), ["us"]),  # Washington
        (date(2026, 5, 25), ["us"]),  # Memorial
        (date(2027, 6, 18), ["us"]),  # Juneteenth, a Saturday in 2027
        (date(2027, 7, 5), ["us"]),  # Independence, a Sunday
        (date(2026, 9, 7), ["us"]),  # Labour
        (date(2026, 10, 12), ["us"]),  # Columbus
        (date(2026, 11, 11), ["us"]),  # Veterans
        (date(2027, 12, 24), ["us"]),  # Christmas, a Saturday
        (date(2027, 12, 31), ["us"]),  # the new year of 2028, a Saturday: kept in the year before
        (date(2026, 12, 31), []),
        (date(2027, 1, 1), ["mx", "us"]),
    ],
)
def test_it_is_known_who_works_on_a_day(day: date, free: list[str]) -> None:
    assert free_in(day, BOTH) == free


def test_the_next_meeting_falls_on_a_day_on_which_both_work() -> None:
    assert working_day(date(2026, 12, 25), works) == date(2026, 12, 28)
    assert working_day(date(2027, 1, 1), works) == date(2027, 1, 4)
    assert working_day(date(2026, 9, 16), works) == date(2026, 9, 17)
    assert working_day(date(2026, 9, 16), lambda day: False) == date(2026, 9, 16)


def test_a_cadence_of_months_goes_over_leap_days_and_ends_of_years() -> None:
    month = Cadence(1, "month")
    assert month.after(date(2028, 1, 31)) == date(2028, 2, 29)
    assert month.after(date(2027, 1, 31)) == date(2027, 2, 28)
    assert month.after(date(2026, 12, 31)) == date(2027, 1, 31)
    assert Cadence(12, "month").after(date(2028, 2, 29)) == date(2029, 2, 28)
    assert Cadence(48, "month").after(date(2028, 2, 29)) == date(2032, 2, 29)
    assert Cadence(2, "week").after(date(2028, 2, 22)) == date(2028, 3, 7)
    assert Cadence(1, "week").after(date(2026, 12, 28)) == date(2027, 1, 4)


@pytest.mark.parametrize(
    ("begun", "next_ones"),
    [
        (date(2026, 12, 29), [date(2027, 1, 29), date(2027, 2, 28), date(2027, 3, 28)]),
        (date(2027, 12, 30), [date(2028, 1, 30), date(2028, 2, 29), date(2028, 3, 29)]),
        (date(2027, 10, 31), [date(2027, 11, 30), date(2027, 12, 30), date(2028, 1, 30)]),
    ],
)
def test_a_monthly_group_never_skips_a_short_month_and_counts_from_the_day_it_met(
    begun: date, next_ones: list[date]
) -> None:
    found, day = [], begun
    for _ in next_ones:
        day = Cadence(1, "month").after(day)
        found.append(day)
    assert found == next_ones


def test_while_none_is_called_the_next_meeting_is_planned_with_its_agenda_ten_days_before() -> None:
    talk = Talk()
    talk.chartered()
    told = planned_next(talk.both(), talk.now, works)
    assert told is not None
    # Chartered on Monday 5 January; a month later is the holiday of the Constitution's Thursday, a working day.
    assert (told.by_cadence, told.day, told.agenda_due) == (date(2026, 2, 5), date(2026, 2, 5), date(2026, 1, 26))
    talk.meeting(12)
    assert planned_next(talk.both(), talk.now, works) is None
    talk.wait(days=15)
    told = planned_next(talk.both(), talk.now, works)
    assert told is not None
    assert told.by_cadence == date(2026, 2, 5)  # nobody came: the cadence counts from the charter


def test_a_meeting_is_settled_at_the_end_of_the_local_day_after() -> None:
    talk = Talk()
    talk.chartered()
    key = talk.tell(
        "a", "meeting.call", starts="2026-03-07T23:00:00-05:00", ends="2026-03-08T01:00:00-05:00",
        zone="America/New_York", agenda=[],
    )  # fmt: skip
    told = talk.both().meetings[key]
    # It ends on the night the clocks go forward; the day after is over at midnight of summer time.
    assert told.decided_at == datetime(2026, 3, 10, 4, tzinfo=UTC)


def test_health_counts_what_is_over_and_leaves_out_what_was_moved_or_canceled() -> None:
    talk = Talk()
    talk.chartered()
    first = talk.meeting(3)
    second = talk.meeting(5, replaces=first)
    gone = talk.meeting(7)
    talk.tell("b", "meeting.cancel", meeting=gone, reason="storm")
    talk.wait(days=5, hours=1)
    talk.tell("a", "meeting.attend", meeting=second, present=["mx.fge-son/kidnapping"])
    talk.tell("b", "meeting.attend", meeting=second, present=["us.fbi/phoenix"])
    talk.wait(days=5)
    told = health_of(talk.both(), talk.now, vacant=["mx.fge-son/kidnapping", "mx.fgr/uecs"])
    assert (told.held, told.meetings, told.with_both, told.minutes_agreed, told.minutes_owed) == (1, 1, 1, 0, 1)
    assert told.came == {"a": 1, "b": 1}
    assert (told.unmeasured, told.vacant) == (("g1",), ("mx.fge-son/kidnapping",))
    assert talk.both().meetings[second].zone == ZONE
