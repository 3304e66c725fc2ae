"""Persons in posts for a time: who may appoint, and that an end is an end (P1.4)."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from contraparte.directory import actions, queries
from contraparte.directory.models import Tenure
from contraparte.directory.rules.roles import Role
from contraparte.protocol.errors import (
    PersonInvalidError,
    PostUnknownError,
    RightMissingError,
    RolesIncompatibleError,
    TenureEndedError,
    TenurePeriodError,
)
from tests.directory.factory import NOW, agency_entry, load, register_of

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def post():
    load(register_of("mx", [agency_entry("mx.fge-son", "firearms", "legal"), agency_entry("mx.fgr", "traces")], []))
    return queries.post("mx.fge-son/firearms")


@pytest.fixture
def ana():
    return actions.add_person("ana", "Ana", language="es")


@pytest.fixture
def administrator(post):
    keeper = actions.add_person("keeper", "Keeper")
    return actions.appoint(keeper, post, ["administrator"], by=None, now=NOW)


def test_a_tenure_runs_from_its_start_to_its_end(post, ana):
    held = actions.appoint(ana, post, ["officer"], starts=NOW + DAY, ends=NOW + 2 * DAY, by=None, now=NOW)
    running = [bool(queries.active_tenures(ana, NOW + days * DAY)) for days in (0, 1, 1.99, 2)]
    assert running == [False, True, True, False]
    assert queries.tenure(held.pk, NOW + DAY) == held
    assert queries.tenure(held.pk, NOW) is None


def test_an_ended_tenure_is_over_at_once_and_for_good(post, ana, administrator):
    held = actions.appoint(ana, post, ["officer"], by=administrator, now=NOW)
    assert queries.holders_of(post.pk, Role.OFFICER, NOW) == [held]
    actions.end_tenure(held, by=administrator, now=NOW + DAY)
    assert queries.active_tenures(ana, NOW + DAY) == []
    assert queries.holders_of(post.pk, Role.OFFICER, NOW + DAY) == []
    with pytest.raises(TenureEndedError):
        actions.end_tenure(held, by=None, now=NOW + DAY)
    held.refresh_from_db()
    assert (held.appointed_by, held.ended_by) == (administrator, administrator)


def test_a_tenure_that_has_not_begun_can_be_taken_back(post, ana):
    held = actions.appoint(ana, post, ["officer"], starts=NOW + DAY, by=None, now=NOW)
    actions.end_tenure(held, by=None, now=NOW)
    assert queries.active_tenures(ana, NOW + DAY) == []


def test_only_an_administrator_near_enough_appoints_and_nobody_appoints_himself(post, ana, administrator):
    officer = actions.appoint(ana, post, ["officer", "authoriser"], by=administrator, now=NOW)
    luis = actions.add_person("luis", "Luis")
    far = queries.post("mx.fgr/traces")
    for actor, target in ((officer, post), (administrator, far)):
        with pytest.raises(RightMissingError):
            actions.appoint(luis, target, ["officer"], by=actor, now=NOW)
    with pytest.raises(RightMissingError):
        actions.appoint(administrator.person, post, ["officer"], by=administrator, now=NOW)
    with pytest.raises(RightMissingError):
        actions.end_tenure(administrator, by=officer, now=NOW)
    actions.end_tenure(administrator, by=administrator, now=NOW)
    administrator.refresh_from_db()
    with pytest.raises(TenureEndedError):
        actions.appoint(luis, post, ["officer"], by=administrator, now=NOW)
    assert Tenure.objects.count() == 2


def test_a_refused_appointment_names_the_field_and_leaves_nothing(post, ana):
    for roles, period, error in (
        (["administrator", "officer"], {}, RolesIncompatibleError),
        (["service"], {}, RolesIncompatibleError),
        (["officer"], {"ends": NOW}, TenurePeriodError),
        (["officer"], {"starts": NOW + DAY, "ends": NOW}, TenurePeriodError),
    ):
        with pytest.raises(error) as refused:
            actions.appoint(ana, post, roles, by=None, now=NOW, **period)
        assert refused.value.params["field"]
    assert not Tenure.objects.exists()


def test_the_database_itself_refuses_an_end_before_the_start(post, ana):
    with pytest.raises(IntegrityError), transaction.atomic():
        Tenure.objects.create(person=ana, post=post, roles=["officer"], starts=NOW, ends=NOW - DAY)


def test_a_posts_service_has_no_person(post):
    with pytest.raises(PostUnknownError):
        queries.service_tenure(post)
    held = actions.appoint_service(post, now=NOW)
    assert queries.service_tenure(post) == queries.service_tenure(post.pk) == held


def test_a_disabled_person_has_no_tenure_and_no_sign_in(post, ana):
    actions.appoint(ana, post, ["officer"], by=None, now=NOW)
    actions.appoint(ana, queries.post("mx.fge-son/legal"), ["officer"], starts=NOW + DAY, by=None, now=NOW)
    assert actions.disable_person(ana, by=None, now=NOW) == 2
    ana.refresh_from_db()
    assert not ana.is_active
    assert queries.active_tenures(ana, NOW + 2 * DAY) == []


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("username", {"username": ""}),
        ("username", {"username": "a b"}),
        ("username", {"username": "ana"}),
        ("username", {"username": "x" * 81}),
        ("display_name", {"display_name": " "}),
        ("display_name", {"display_name": "A\x00"}),
        ("language", {"language": "xx"}),
    ],
)
def test_a_person_that_cannot_be_added_is_refused_by_field(ana, field, given):
    asked = {"username": "other", "display_name": "Other", "language": "en", **given}
    with pytest.raises(PersonInvalidError) as refused:
        actions.add_person(**asked)
    assert refused.value.params["field"] == field
