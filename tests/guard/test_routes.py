"""An outsider, a wrong role and an ended tenure get nothing from any address.

The routes are found by walking the resolver; a route added tomorrow is tested tomorrow. What an agency may not see
of another agency's objects is tested object by object in `test_objects.py`.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import models
from django.test import Client, override_settings
from django.urls import reverse

from contraparte.directory.models import Agency, Person, Post, Tenure
from contraparte.directory.rules.roles import Role
from contraparte.web.admission import LIBRARY_DOORS
from contraparte.web.permissions import CONTENT_BLIND, PERMISSIONS, Declaration, Door, declaration_of
from tests.guard.routes import DIRECTORY_ROUTES, PAGE_ROUTES, PEER_ROUTES, Route

# Everything that answers without signing in, by name: a new public page must be written here as well.
PUBLIC = {
    "web:choose_language", "web:one_time", "web:healthz", "groups:calendar_read",
    "account_login", "account_inactive", "mfa_authenticate", "mfa_login_webauthn",
}  # fmt: skip
PERSONS = [role for role in Role if role is not Role.SERVICE]
NOW = datetime.now(UTC)

SignIn = Callable[..., Client]


def door_of(route: Route) -> Declaration | None:
    """What the route declares, by decorator or by the list of library views."""
    if route.name in LIBRARY_DOORS:
        return Declaration(LIBRARY_DOORS[route.name], frozenset({"GET", "HEAD", "POST"}))
    return declaration_of(route.view)


DECLARED = {route: door for route in PAGE_ROUTES if (door := door_of(route)) is not None}
CLOSED = [route for route, door in DECLARED.items() if door.door is not Door.PUBLIC]
OF_TENURES = [route for route, door in DECLARED.items() if door.door is Door.TENURE]


def named(route: Route) -> str:
    return route.name


@pytest.fixture
def sign_in(db: None) -> SignIn:
    """Make a person in a post of `xx.guard` with one tenure, signed in with a second factor."""
    from allauth.mfa.models import Authenticator

    agency = Agency.objects.create(id="xx.guard", country="xx", name_en="Guard", name_es="Guardia", is_local=True)
    post = Post.objects.create(id="xx.guard/desk", agency=agency, name_en="Desk", name_es="Mesa")

    def make(*roles: Role, ends: datetime | None = None, starts: datetime = NOW - timedelta(days=30)) -> Client:
        person = Person.objects.create_user(f"person-{Person.objects.count()}", display_name="Person")
        Tenure.objects.create(person=person, post=post, roles=[role.value for role in roles], starts=starts, ends=ends)
        Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "guard"})
        client = Client(raise_request_exception=True)
        client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
        return client

    return make


def rows() -> dict[str, int]:
    """How many rows each of our tables holds; sessions and rate limits are not ours."""
    from django.apps import apps

    from tests.guard.ground import HEIGHTS

    ours: list[type[models.Model]] = [model for model in apps.get_models() if model._meta.app_label in HEIGHTS]
    return {model._meta.label: model._default_manager.count() for model in ours if model.__name__ != "CacheRow"}


def test_every_page_declares_its_door() -> None:
    assert not [route.name for route in PAGE_ROUTES if door_of(route) is None]


def test_public_pages_are_the_ones_listed_here() -> None:
    assert {route.name for route, door in DECLARED.items() if door.door is Door.PUBLIC} == PUBLIC


def test_every_permission_asked_for_is_registered_and_every_registered_one_is_asked_for() -> None:
    asked = {door.permission for door in DECLARED.values() if door.permission}
    assert asked - set(PERMISSIONS) == set()


def test_the_library_doors_are_all_routed() -> None:
    assert set(LIBRARY_DOORS) == {route.name for route in PAGE_ROUTES if route.name in LIBRARY_DOORS}


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("route", CLOSED, ids=named)
def test_an_outsider_is_sent_to_sign_in_and_changes_nothing(route: Route, method: str) -> None:
    before = rows()
    answer = getattr(Client(), method)(route.path())
    assert answer.status_code in {302, 403, 405}
    if answer.status_code == 302:
        assert answer["Location"].startswith(reverse("account_login"))
    assert rows() == before


@pytest.mark.parametrize("role", PERSONS)
@pytest.mark.parametrize("route", OF_TENURES, ids=named)
def test_a_wrong_role_is_refused(route: Route, role: Role, sign_in: SignIn) -> None:
    door = DECLARED[route]
    allowed = role in PERMISSIONS[door.permission]
    client = sign_in(role)
    before = rows()
    for method in sorted(door.methods - {"HEAD"}):
        answer = getattr(client, method.lower())(route.path())
        if not allowed:
            assert answer.status_code == 403
            assert rows() == before
        elif not route.places:
            # The same door does open for who may; otherwise the refusals above would prove nothing.
            assert answer.status_code not in {401, 403, 500}


@pytest.mark.parametrize("route", OF_TENURES, ids=named)
def test_an_ended_tenure_opens_nothing(route: Route, sign_in: SignIn) -> None:
    door = DECLARED[route]
    client = sign_in(*(PERMISSIONS[door.permission] - {Role.SERVICE}), ends=NOW - timedelta(seconds=1))
    before = rows()
    for method in sorted(door.methods - {"HEAD"}):
        assert getattr(client, method.lower())(route.path()).status_code == 403
    assert rows() == before


@pytest.mark.parametrize("route", OF_TENURES, ids=named)
def test_a_tenure_that_has_not_begun_opens_nothing(route: Route, sign_in: SignIn) -> None:
    door = DECLARED[route]
    client = sign_in(*(PERMISSIONS[door.permission] - {Role.SERVICE}), starts=NOW + timedelta(days=1))
    method = sorted(door.methods - {"HEAD"})[0].lower()
    assert getattr(client, method)(route.path()).status_code == 403


@pytest.mark.parametrize("route", OF_TENURES, ids=named)
def test_a_password_without_a_second_factor_opens_nothing(route: Route, sign_in: SignIn) -> None:
    from allauth.mfa.models import Authenticator

    door = DECLARED[route]
    client = sign_in(*(PERMISSIONS[door.permission] - {Role.SERVICE}))
    Authenticator.objects.all().delete()
    method = sorted(door.methods - {"HEAD"})[0].lower()
    answer = getattr(client, method)(route.path())
    assert (answer.status_code, answer["Location"]) == (302, reverse("web:second_factor"))


@pytest.mark.parametrize("route", OF_TENURES, ids=named)
def test_only_the_declared_methods_are_answered(route: Route, sign_in: SignIn) -> None:
    door = DECLARED[route]
    client = sign_in(*(PERMISSIONS[door.permission] - {Role.SERVICE}))
    for method in {"get", "post", "put", "patch", "delete"} - {name.lower() for name in door.methods}:
        assert getattr(client, method)(route.path()).status_code == 405


def test_an_administrator_and_an_auditor_hold_no_permission_to_content() -> None:
    # `register_permissions` refuses it unless the room says that its pages show no content; here, that the
    # rooms of cases say it for nothing but figures.
    content = ("traces.", "books.", "inquiries.", "conversation", "release", "item.")
    held = {name for name, roles in PERMISSIONS.items() if roles & CONTENT_BLIND and name.startswith(content)}
    assert {name for name in held if not name.endswith((".trends", ".queries", ".figures"))} == set()


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("route", PEER_ROUTES, ids=named)
def test_a_peer_that_does_not_sign_gets_nothing(route: Route, method: str) -> None:
    before = rows()
    with override_settings(ALLOWED_HOSTS=["*"]):
        answer = getattr(Client(), method)(route.path())
    assert answer.status_code in {400, 401, 403, 404, 405}
    assert rows() == before


@pytest.mark.django_db
@pytest.mark.parametrize("route", DIRECTORY_ROUTES, ids=named)
def test_the_signed_directory_is_for_reading_only(route: Route) -> None:
    before = rows()
    for method in ("post", "put", "patch", "delete"):
        assert getattr(Client(), method)(route.path()).status_code == 405
    assert Client().get(route.path()).status_code == 404
    assert rows() == before
