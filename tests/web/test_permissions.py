"""Permissions: default deny, decisions with reasons, and the door checked at every request."""

import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from django.utils import translation

from contraparte.directory.models import Person, Tenure
from contraparte.directory.rules.roles import Role
from contraparte.node.urls import urlpatterns as node_urls
from contraparte.web.permissions import (
    PERMISSIONS,
    Door,
    declaration_of,
    form_page,
    may,
    page,
    public_page,
    register_permissions,
    require_post,
)
from tests.web.people import BACKEND, NOW, appoint, make_person, make_post, signed_in

PERMISSION = "test.look"


@pytest.fixture(autouse=True)
def _a_permission() -> Any:
    PERMISSIONS[PERMISSION] = frozenset({Role.OFFICER})
    yield
    del PERMISSIONS[PERMISSION]


@page(PERMISSION)
def look(request: HttpRequest) -> HttpResponse:
    return HttpResponse("seen")


@require_post(PERMISSION)
def change(request: HttpRequest) -> HttpResponse:
    return HttpResponse("changed")


@form_page(PERMISSION)
def both(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.method or "")


@public_page
def anybody(request: HttpRequest) -> HttpResponse:
    return HttpResponse("open")


def forgotten(request: HttpRequest) -> HttpResponse:
    return HttpResponse("never")


urlpatterns = [
    *node_urls,
    path("look/", look),
    path("change/", change),
    path("both/", both),
    path("anybody/", anybody),
    path("forgotten/", forgotten),
]


@pytest.fixture(autouse=True)
def _these_addresses() -> Any:
    with override_settings(ROOT_URLCONF=__name__):
        yield


def tenure_of(*roles: Role) -> Any:
    return SimpleNamespace(roles=[role.value for role in roles])


def test_an_unknown_permission_is_held_by_nobody() -> None:
    assert not may(tenure_of(*Role), "test.unheard_of")


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_refusal_names_who_may(language: str) -> None:
    with translation.override(language):
        decision = may(tenure_of(Role.AUDITOR), PERMISSION)
        assert not decision.allowed
        assert {"en": "officer", "es": "agente"}[language] in str(decision.reason)


def test_a_yes_tells_by_which_role() -> None:
    with translation.override("en"):
        decision = may(tenure_of(Role.OFFICER), PERMISSION)
        assert decision.allowed and "officer" in str(decision.reason)


def test_a_permission_is_named_once_and_held_by_somebody() -> None:
    with pytest.raises(ValueError, match="twice"):
        register_permissions({PERMISSION: {Role.OFFICER}})
    with pytest.raises(ValueError, match="nobody"):
        register_permissions({"test.empty": set()})


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUDITOR, Role.SERVICE])
def test_content_is_never_given_to_who_serves_the_node_or_the_proof(role: Role) -> None:
    with pytest.raises(ValueError, match="see no content"):
        register_permissions({"test.content": {role}})
    assert "test.content" not in PERMISSIONS


def test_decorators_declare_their_door() -> None:
    assert declaration_of(look) is not None and declaration_of(look).permission == PERMISSION  # type: ignore[union-attr]
    assert declaration_of(anybody).door is Door.PUBLIC  # type: ignore[union-attr]
    assert declaration_of(forgotten) is None


def test_a_view_without_a_declaration_is_refused_to_everybody(db: None) -> None:
    assert Client().get("/forgotten/").status_code == 403
    assert signed_in(Role.OFFICER).get("/forgotten/").status_code == 403


def test_an_outsider_is_sent_to_sign_in_and_back(db: None) -> None:
    answer = Client().get("/look/?a=1")
    assert answer.status_code == 302
    assert answer["Location"] == "/account/login/?next=%2Flook%2F%3Fa%3D1"


def test_a_fragment_asked_for_by_an_outsider_sends_the_whole_page_to_sign_in(db: None) -> None:
    answer = Client().get("/look/", headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert answer["HX-Redirect"].startswith("/account/login/")


def test_the_right_role_sees_and_the_wrong_one_is_told_who_may(db: None) -> None:
    assert signed_in(Role.OFFICER).get("/look/").content == b"seen"
    answer = signed_in(Role.AUDITOR, username="iker").get("/look/")
    assert answer.status_code == 403
    assert "It is for: officer" in answer.content.decode()


def test_only_the_declared_methods_pass(db: None) -> None:
    client = signed_in(Role.OFFICER)
    assert client.post("/look/").status_code == 405
    assert client.get("/change/").status_code == 405
    assert client.post("/change/").content == b"changed"
    assert client.get("/both/").content == b"GET" and client.post("/both/").content == b"POST"


def test_an_ended_tenure_loses_access_at_the_next_click(db: None) -> None:
    client = signed_in(Role.OFFICER)
    assert client.get("/look/").status_code == 200
    Tenure.objects.update(ends=NOW)
    answer = client.get("/look/")
    assert answer.status_code == 403
    assert "hold none" in answer.content.decode()


def test_an_inactive_person_is_out_at_the_next_click(db: None) -> None:
    client = signed_in(Role.OFFICER)
    Person.objects.update(is_active=False)
    assert client.get("/look/").status_code == 302


def test_a_lost_second_factor_closes_the_door(db: None) -> None:
    from allauth.mfa.models import Authenticator

    client = signed_in(Role.OFFICER)
    Authenticator.objects.all().delete()
    assert client.get("/look/")["Location"] == "/second-factor/"


def test_of_several_posts_one_is_chosen_and_only_that_one_counts(db: None) -> None:
    person = make_person()
    first = appoint(person, make_post(), Role.OFFICER)
    second = appoint(person, make_post("us.ntc/desk"), Role.AUDITOR)
    client = Client()
    client.force_login(person, backend=BACKEND)
    assert client.get("/look/")["Location"].startswith("/post/?next=")
    assert client.post("/post/", {"tenure": str(first.id), "next": "/look/"})["Location"] == "/look/"
    assert client.get("/look/").status_code == 200
    client.post("/post/", {"tenure": str(second.id)})
    assert client.get("/look/").status_code == 403


def test_a_chosen_tenure_that_ended_is_not_silently_replaced(db: None) -> None:
    person = make_person()
    first = appoint(person, make_post(), Role.OFFICER)
    appoint(person, make_post("us.ntc/desk"), Role.OFFICER)
    appoint(person, make_post("us.ntc/other"), Role.OFFICER)
    client = Client()
    client.force_login(person, backend=BACKEND)
    client.post("/post/", {"tenure": str(first.id)})
    Tenure.objects.filter(pk=first.pk).update(ends=NOW)
    assert client.get("/look/")["Location"].startswith("/post/")


@pytest.mark.parametrize("wanted", ["", "x", str(uuid.UUID(int=7))])
def test_a_post_that_is_not_held_cannot_be_chosen(db: None, wanted: str) -> None:
    client = signed_in(Role.OFFICER)
    assert client.post("/post/", {"tenure": wanted}).status_code == 403


def test_somebody_elses_tenure_cannot_be_chosen(db: None) -> None:
    other = appoint(make_person("beto"), make_post(), Role.AUTHORISER)
    client = signed_in(Role.OFFICER)
    assert client.post("/post/", {"tenure": str(other.id)}).status_code == 403
