"""Duty rosters: who is on duty when, also in nights in which clocks are changed; who keeps them; what is refused."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contraparte.directory import duty
from contraparte.directory.models import DutyShift, Person, Post, Tenure
from contraparte.directory.rules.duty import Shift, on_duty, stretches
from contraparte.directory.rules.roles import Role
from contraparte.protocol.errors import ContraparteError, DutyFieldError, RightMissingError, TenureEndedError
from tests.web.people import appoint, make_person, make_post

NEW_YORK, HERMOSILLO = ZoneInfo("America/New_York"), ZoneInfo("America/Hermosillo")
NIGHT = [Shift("ana", time(20), time(8), weekday=day) for day in range(7)]
MONDAY_10 = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)  # 10:00 in Hermosillo


def holders(shifts: list[Shift], at: datetime, zone: ZoneInfo = HERMOSILLO) -> list[str]:
    return [one.holder for one in on_duty(shifts, at, zone)]


def test_a_shift_that_ends_earlier_than_it_begins_runs_into_the_next_day() -> None:
    assert holders(NIGHT, datetime(2026, 11, 30, 3, 0, tzinfo=UTC)) == ["ana"]  # 20:00
    assert holders(NIGHT, datetime(2026, 11, 30, 14, 59, tzinfo=UTC)) == ["ana"]  # 07:59
    assert holders(NIGHT, datetime(2026, 11, 30, 15, 0, tzinfo=UTC)) == []  # 08:00


def test_a_shift_that_ends_when_it_begins_lasts_a_day() -> None:
    sunday = [Shift("ana", time(8), time(8), weekday=6)]
    assert holders(sunday, datetime(2026, 11, 29, 15, 0, tzinfo=UTC)) == ["ana"]
    assert holders(sunday, datetime(2026, 11, 30, 14, 59, tzinfo=UTC)) == ["ana"]
    assert holders(sunday, datetime(2026, 11, 30, 15, 0, tzinfo=UTC)) == []


def test_a_day_of_its_own_replaces_the_weekly_pattern_and_may_be_left_free() -> None:
    weekly = [Shift("ana", time(8), time(16), weekday=0)]
    other, free = (
        Shift("bea", time(9), time(12), day=date(2026, 11, 30)),
        Shift("", time(0), time(0), day=date(2026, 11, 30)),
    )
    assert holders(weekly, MONDAY_10) == ["ana"]
    assert holders([*weekly, other], MONDAY_10) == ["bea"]
    assert holders([*weekly, free], MONDAY_10) == []
    assert holders([*weekly, other], MONDAY_10 + timedelta(days=7)) == ["ana"]


def test_a_night_in_which_clocks_change_is_an_hour_longer_or_shorter() -> None:
    autumn, spring = date(2026, 10, 31), date(2026, 3, 7)
    (longer,) = stretches(NIGHT, autumn, autumn, NEW_YORK)
    (shorter,) = stretches(NIGHT, spring, spring, NEW_YORK)
    assert longer.until - longer.since == timedelta(hours=13)
    assert shorter.until - shorter.since == timedelta(hours=11)


SHIFTS = st.lists(
    st.builds(
        Shift,
        holder=st.sampled_from(["", "ana", "bea"]),
        begins=st.times().map(lambda t: t.replace(second=0, microsecond=0)),
        ends=st.times().map(lambda t: t.replace(second=0, microsecond=0)),
        weekday=st.integers(0, 6),
    ),
    max_size=6,
)
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


@given(shifts=SHIFTS, at=INSTANTS)
def test_who_is_on_duty_is_so_until_the_end_that_is_told(shifts: list[Shift], at: datetime) -> None:
    for zone in (NEW_YORK, HERMOSILLO):
        found = on_duty(shifts, at, zone)
        assert len({one.holder for one in found}) == len(found) and "" not in {one.holder for one in found}
        for one in found:
            assert one.since <= at < one.until <= at + timedelta(hours=25)
            assert one.holder in holders(shifts, one.until - timedelta(seconds=1), zone)


@pytest.fixture
def keeper(db: None) -> Tenure:
    return appoint(make_person("arturo"), make_post(), Role.AUTHORISER)


@pytest.fixture
def officer(keeper: Tenure) -> Tenure:
    return appoint(make_person("olga"), keeper.post, Role.OFFICER)


def plan(keeper: Tenure, holder: Tenure | None, **more: object) -> DutyShift:
    told = {"begins": time(0), "ends": time(0), "weekday": 0, "by": keeper, "now": MONDAY_10} | more
    return duty.plan_shift(keeper.post, holder=holder, **told)  # type: ignore[arg-type]


def test_who_is_planned_is_on_duty_and_nobody_else(keeper: Tenure, officer: Tenure) -> None:
    plan(keeper, officer)
    (found,) = duty.on_duty(keeper.post, MONDAY_10)
    assert found.tenure == officer and found.until == datetime(2026, 12, 1, 7, 0, tzinfo=UTC)
    assert duty.is_on_duty(officer, MONDAY_10) and not duty.is_on_duty(keeper, MONDAY_10)
    assert not duty.is_on_duty(officer, MONDAY_10 + timedelta(days=1))


def test_a_line_planned_twice_stands_once_and_one_taken_out_counts_no_more(keeper: Tenure, officer: Tenure) -> None:
    shift = plan(keeper, officer)
    assert plan(keeper, officer) == shift
    duty.end_shift(shift, by=keeper, now=MONDAY_10)
    assert duty.on_duty(keeper.post, MONDAY_10) == [] and duty.roster_of(keeper.post, MONDAY_10) == []
    assert DutyShift.objects.get().ended_by == keeper


def test_whose_tenure_or_account_has_ended_is_not_on_duty(keeper: Tenure, officer: Tenure) -> None:
    plan(keeper, officer)
    Person.objects.filter(pk=officer.person_id).update(is_active=False)
    assert duty.on_duty(keeper.post, MONDAY_10) == []
    Person.objects.filter(pk=officer.person_id).update(is_active=True)
    Tenure.objects.filter(pk=officer.pk).update(ends=MONDAY_10)
    assert duty.on_duty(keeper.post, MONDAY_10) == []


def test_days_that_are_over_are_not_shown(keeper: Tenure, officer: Tenure) -> None:
    plan(keeper, officer, weekday=None, day=date(2026, 11, 30))
    assert len(duty.roster_of(keeper.post, MONDAY_10)) == 1
    assert duty.roster_of(keeper.post, MONDAY_10 + timedelta(days=1)) == []


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"day": date(2026, 12, 1)}, "day"),
        ({"weekday": None}, "day"),
        ({"weekday": 7}, "day"),
        ({"weekday": None, "day": date(2026, 11, 29)}, "day"),
    ],
)
def test_a_line_without_one_day_to_come_is_refused(
    keeper: Tenure, officer: Tenure, more: dict[str, object], field: str
) -> None:
    with pytest.raises(DutyFieldError) as refused:
        plan(keeper, officer, **more)
    assert refused.value.params == {"field": field} and not DutyShift.objects.exists()


def test_only_a_single_day_is_left_free(keeper: Tenure) -> None:
    with pytest.raises(DutyFieldError):
        plan(keeper, None)
    assert plan(keeper, None, weekday=None, day=date(2026, 12, 1)).holder is None


def test_who_does_not_serve_at_the_post_stands_in_no_line(keeper: Tenure) -> None:
    other = appoint(make_person("walter"), make_post("us.doj/assistance"), Role.OFFICER)
    auditor = appoint(make_person("ines"), keeper.post, Role.AUDITOR)
    for holder in (other, auditor):
        with pytest.raises(DutyFieldError):
            plan(keeper, holder)


def test_only_an_authorising_person_of_the_post_keeps_its_roster(keeper: Tenure, officer: Tenure) -> None:
    elsewhere = appoint(make_person("beatriz"), make_post("mx.fge-son/assistance"), Role.AUTHORISER)
    shift, errors = plan(keeper, officer), []
    for by in (officer, elsewhere):
        for act in (
            lambda by=by: duty.plan_shift(
                Post.objects.get(pk=keeper.post_id),
                holder=officer,
                begins=time(1),
                ends=time(2),
                weekday=1,
                by=by,
                now=MONDAY_10,
            ),
            lambda by=by: duty.end_shift(shift, by=by, now=MONDAY_10),
        ):
            with pytest.raises(ContraparteError) as refused:
                act()
            errors.append(type(refused.value))
    assert set(errors) == {RightMissingError} and DutyShift.objects.filter(ended_at=None).count() == 1
    Tenure.objects.filter(pk=keeper.pk).update(ends=MONDAY_10)
    keeper.refresh_from_db()
    with pytest.raises(TenureEndedError):
        plan(keeper, officer)
