"""An outsider, a wrong role and an ended tenure get nothing from any address.

The routes are found by walking the resolver; a route added tomorrow is tested tomorrow. What an agency may not see
of another agency's objects is tested object by object in `test_objects.py`.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import models
from django.http import HttpResponse
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


def knock(client: Client, routes: Iterable[Route], methods: Iterable[str] | None = None) -> dict[str, HttpResponse]:
    """What every address answers to each method (None: those it declares), by method and name.

    All is asked in one go, for signing in and counting rows at each of some hundred addresses took minutes.
    """
    return {
        f"{method} {route.name}": getattr(client, method)(route.path())
        for route in routes
        for method in (methods or sorted(name.lower() for name in DECLARED[route].methods - {"HEAD"}))
    }


def others(answers: Mapping[str, HttpResponse], *fine: int) -> dict[str, int]:
    """The addresses that answered with another status."""
    return {name: answer.status_code for name, answer in answers.items() if answer.status_code not in fine}


@pytest.mark.django_db
def test_an_outsider_is_sent_to_sign_in_and_changes_nothing() -> None:
    before = rows()
    answers = knock(Client(), CLOSED, ("get", "post"))
    assert others(answers, 302, 403, 405) == {}
    sent_on = {name: answer["Location"] for name, answer in answers.items() if answer.status_code == 302}
    assert {name for name, where in sent_on.items() if not where.startswith(reverse("account_login"))} == set()
    assert rows() == before


@pytest.mark.parametrize("role", PERSONS)
def test_a_wrong_role_is_refused_and_changes_nothing(role: Role, sign_in: SignIn) -> None:
    closed = [route for route in OF_TENURES if role not in PERMISSIONS[DECLARED[route].permission]]
    assert closed
    client = sign_in(role)
    before = rows()
    assert others(knock(client, closed), 403) == {}
    assert rows() == before


@pytest.mark.parametrize("role", PERSONS)
def test_a_right_role_is_let_in(role: Role, sign_in: SignIn) -> None:
    # The same doors do open for who may; otherwise the refusals would prove nothing.
    opened = [route for route in OF_TENURES if role in PERMISSIONS[DECLARED[route].permission] and not route.places]
    client = sign_in(role)
    wrong = {name for name, answer in knock(client, opened).items() if answer.status_code in {401, 403, 500}}
    assert wrong == set()


@pytest.fixture
def whoever(sign_in: SignIn) -> Callable[..., dict[str, Client]]:
    """Permission → somebody in all roles that hold it, in a tenure as asked for."""

    def make(**period: datetime) -> dict[str, Client]:
        asked = {DECLARED[route].permission for route in OF_TENURES}
        return {name: sign_in(*(PERMISSIONS[name] - {Role.SERVICE}), **period) for name in sorted(asked)}

    return make


def knock_as(holders: Mapping[str, Client], **more: Iterable[str]) -> dict[str, HttpResponse]:
    """What every address answers to who holds its permission."""
    answers: dict[str, HttpResponse] = {}
    for permission, client in holders.items():
        answers |= knock(client, [route for route in OF_TENURES if DECLARED[route].permission == permission], **more)
    return answers


def test_an_ended_tenure_opens_nothing(whoever: Callable[..., dict[str, Client]]) -> None:
    holders = whoever(ends=NOW - timedelta(seconds=1))
    before = rows()
    assert others(knock_as(holders), 403) == {}
    assert rows() == before


def test_a_tenure_that_has_not_begun_opens_nothing(whoever: Callable[..., dict[str, Client]]) -> None:
    assert others(knock_as(whoever(starts=NOW + timedelta(days=1))), 403) == {}


def test_a_password_without_a_second_factor_opens_nothing(whoever: Callable[..., dict[str, Client]]) -> None:
    from allauth.mfa.models import Authenticator

    holders = whoever()
    Authenticator.objects.all().delete()
    answers = knock_as(holders)
    assert others(answers, 302) == {}
    assert {answer["Location"] for answer in answers.values()} == {reverse("web:second_factor")}


def test_only_the_declared_methods_are_answered(whoever: Callable[..., dict[str, Client]]) -> None:
    wrong: dict[str, int] = {}
    for permission, client in whoever().items():
        for route in OF_TENURES:
            if DECLARED[route].permission == permission:
                declared = {name.lower() for name in DECLARED[route].methods}
                undeclared = sorted({"get", "post", "put", "patch", "delete"} - declared)
                wrong |= others(knock(client, [route], undeclared), 405)
    assert wrong == {}


def test_an_administrator_and_an_auditor_hold_no_permission_to_content() -> None:
    # `register_permissions` refuses it unless the room says that its pages show no content; here, that the
    # rooms of cases say it for nothing but figures.
    content = ("traces.", "books.", "inquiries.", "conversation", "release", "item.")
    held = {name for name, roles in PERMISSIONS.items() if roles & CONTENT_BLIND and name.startswith(content)}
    assert {name for name in held if not name.endswith((".trends", ".queries", ".figures"))} == set()


@pytest.mark.django_db
def test_a_peer_that_does_not_sign_gets_nothing() -> None:
    before = rows()
    with override_settings(ALLOWED_HOSTS=["*"]):
        assert others(knock(Client(), PEER_ROUTES, ("get", "post")), 400, 401, 403, 404, 405) == {}
    assert rows() == before


@pytest.mark.django_db
def test_the_signed_directory_is_for_reading_only() -> None:
    before = rows()
    assert others(knock(Client(), DIRECTORY_ROUTES, ("post", "put", "patch", "delete")), 405) == {}
    assert others(knock(Client(), DIRECTORY_ROUTES, ("get",)), 404) == {}
    assert rows() == before
