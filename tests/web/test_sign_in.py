"""Sign-in: password and code, lock-out, no enumeration, a second factor before anything else."""

import re
import time

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from contraparte.directory.models import Person
from contraparte.directory.rules.roles import Role
from contraparte.web.admission import LIBRARY_DOORS
from tests.web.people import PASSWORD, appoint, make_person, make_post


def code_of(person: Person) -> str:
    """What the person's generator shows now."""
    from allauth.mfa.models import Authenticator
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
    from allauth.mfa.utils import decrypt

    secret = decrypt(Authenticator.objects.get(user=person, type="totp").data["secret"])
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def enter(client: Client, username: str, password: str) -> str:
    """Post the form; the body of the answer without what differs at every request."""
    answer = client.post("/account/login/", {"login": username, "password": password})
    body = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", answer.content.decode())
    body = re.sub(r"X-CSRFToken[^}]+", "", body).replace(username, "")
    return f"{answer.status_code} {answer.get('Location', '')} {body}"


@pytest.fixture(autouse=True)
def _no_attempts_so_far(db: None) -> None:
    cache.clear()


def test_password_and_code_sign_in() -> None:
    person = make_person(password=PASSWORD)
    appoint(person, make_post(), Role.OFFICER)
    client = Client()
    assert client.post("/account/login/", {"login": "ana", "password": PASSWORD})["Location"] == "/account/code/"
    assert client.get("/notices/").status_code == 302, "a password alone is not in"
    before = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert client.post("/account/code/", {"code": code_of(person)}).status_code == 302
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != before, "the session's name changes on the way in"
    assert client.get("/notices/").status_code == 200


def test_a_wrong_code_does_not() -> None:
    make_person(password=PASSWORD)
    client = Client()
    client.post("/account/login/", {"login": "ana", "password": PASSWORD})
    assert "not the code" in client.post("/account/code/", {"code": "000000"}).content.decode()
    assert client.get("/notices/").status_code == 302


def test_a_code_works_once() -> None:
    person = make_person(password=PASSWORD)
    code = code_of(person)
    for expected in (302, 200):
        client = Client()
        client.post("/account/login/", {"login": "ana", "password": PASSWORD})
        assert client.post("/account/code/", {"code": code}).status_code == expected


def test_without_a_second_factor_nothing_opens_but_its_set_up() -> None:
    make_person(password=PASSWORD, second_factor=False)
    client = Client()
    client.post("/account/login/", {"login": "ana", "password": PASSWORD})
    for closed in ("/notices/", "/post/", "/search/", "/account/password/", "/account/recovery-codes/"):
        assert client.get(closed)["Location"] == "/second-factor/", closed
    assert client.get("/second-factor/").status_code == 200


def test_who_does_not_exist_is_answered_like_a_wrong_password() -> None:
    make_person(password=PASSWORD)
    make_person("ines", password=PASSWORD)
    Person.objects.filter(username="ines").update(is_active=False)
    answers = {enter(Client(), name, "wrong-wrong-wrong") for name in ("ana", "nobody", "ines")}
    assert len(answers) == 1


def test_an_inactive_person_does_not_sign_in() -> None:
    person = make_person(password=PASSWORD)
    Person.objects.update(is_active=False)
    client = Client()
    client.post("/account/login/", {"login": "ana", "password": PASSWORD})
    client.post("/account/code/", {"code": code_of(person)})
    assert client.get("/notices/").status_code == 302


def test_five_wrong_passwords_lock_the_name_out_in_every_process() -> None:
    make_person(password=PASSWORD)
    for _ in range(5):
        enter(Client(), "ana", "wrong-wrong-wrong")
    assert "Too many attempts" in enter(Client(), "ana", PASSWORD)
    assert "/account/code/" not in enter(Client(), "ana", PASSWORD)
    from contraparte.web.models import CacheRow

    assert CacheRow.objects.exists(), "counted in the shared table, not in one process"


def test_signing_out_ends_the_session() -> None:
    from tests.web.people import signed_in

    client = signed_in(Role.OFFICER)
    assert client.get("/notices/").status_code == 200
    answer = client.post("/account/logout/")
    assert answer["Clear-Site-Data"] == '"cache"'
    assert client.get("/notices/").status_code == 302


@pytest.mark.parametrize(
    "address",
    [
        "/account/signup/",
        "/account/password/reset/",
        "/account/email/",
        "/accounts/login/",
        "/account/login/code/",
        "/account/confirm-email/",
    ],
)
def test_what_is_not_used_of_the_library_is_not_there(address: str) -> None:
    assert Client().get(address).status_code == 404


def test_every_library_view_that_is_routed_has_a_door() -> None:
    from contraparte.web.urls import sign_in

    assert {route.name for route in sign_in} == set(LIBRARY_DOORS)


def test_the_secret_of_a_generator_lies_encrypted_in_the_database() -> None:
    from allauth.mfa.models import Authenticator

    person = make_person()
    stored = Authenticator.objects.get(user=person).data["secret"]
    assert len(stored) > 60 and code_of(person).isdecimal()


def test_a_page_for_signing_in_is_drawn_in_the_house_style_in_both_languages() -> None:
    for language, word in (("en", "Sign in with a passkey"), ("es", "Ingresar con llave de acceso")):
        client = Client()
        client.cookies["django_language"] = language
        page = client.get("/account/login/").content.decode()
        assert word in page and "cp-entrance" in page
