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
        (date(2022, 7, 1), "America/Ciudad_Juarez", -6),
        (date(2023, 1, 2), "America/Ciudad_Juarez", -7),
        (date(2023, 7, 3), "America/Ciudad_Juarez", -6),
        (date(2026, 7, 1), "America/Hermosillo", -7),
        (date(2026, 7, 1), "America/Phoenix", -7),
        (date(2026, 7, 1), "America/New_York", -4),
        (date(2026, 12, 1), "America/New_York", -5),
        (date(2026, 7, 1), "America/Cancun", -5),
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
    ("day", "zone"),
    [(date(2026, 3, 8), "America/New_York"), (date(2026, 3, 8), "America/Ciudad_Juarez"),
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
    assert Cadence(2, "week").after(date(2028, 2, 22)) == date(2028, 3, 7)


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
