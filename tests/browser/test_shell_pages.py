"""Signing in and the shell, in Chromium: both languages, both widths, without a mouse, without a complaint."""

from collections.abc import Callable

import pytest
from django.core.cache import cache
from playwright.sync_api import Page

from contraparte.directory.rules.roles import Role
from tests.browser.harness import assert_accessible, assert_fits, visit
from tests.web.people import PASSWORD, appoint, make_person, make_post, signed_in
from tests.web.test_sign_in import code_of

pytestmark = [pytest.mark.django_db(transaction=True)]
OpenPage = Callable[..., Page]
BOTH = pytest.mark.parametrize("language", ["en", "es"])
WIDTHS = pytest.mark.parametrize("width", ["desk", "telephone"])


@BOTH
@WIDTHS
def test_the_entrance_is_accessible_and_fits(open_page: OpenPage, language: str, width: str) -> None:
    page = visit(open_page(language=language, width=width), "/account/login/")
    assert page.locator("html").get_attribute("lang") == language
    assert_accessible(page)
    assert_fits(page)


@BOTH
@WIDTHS
def test_every_page_of_the_shell_is_accessible_and_fits(open_page: OpenPage, language: str, width: str) -> None:
    client = signed_in(Role.OFFICER, Role.AUTHORISER)
    page = open_page(client, language, width)
    for address, status in (
        ("/post/", 200),
        ("/search/?q=abc", 200),
        ("/notices/", 200),
        ("/account/methods/", 200),
        ("/account/logout/", 200),
        ("/books/no-such-page/", 404),
    ):
        visit(page, address, status)
        assert_accessible(page)
        assert_fits(page)


def test_somebody_signs_in_with_password_and_code_by_keyboard_only(open_page: OpenPage) -> None:
    cache.clear()
    person = make_person(password=PASSWORD)
    appoint(person, make_post(), Role.OFFICER)
    page = visit(open_page(), "/account/login/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "usa-skipnav"
    page.focus("#id_login")
    page.keyboard.type("ana")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/code/")
    assert_accessible(page)
    page.keyboard.type(code_of(person))
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/")
    assert page.locator(".cp-post__name").inner_text() == "Firearms desk"


def test_a_passkey_made_here_signs_in_alone(open_page: OpenPage) -> None:
    """With Chromium's own virtual authenticator: resident key, user verified."""
    cache.clear()
    person = make_person(password=PASSWORD)
    appoint(person, make_post(), Role.OFFICER)
    page = open_page()
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    tools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    visit(page, "/account/login/")
    page.fill("#id_login", "ana")
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_url("**/account/code/")
    page.fill("#id_code", code_of(person))
    page.press("#id_code", "Enter")
    page.wait_for_url("**/desk/")
    page.goto("/account/passkeys/add/")
    page.wait_for_url("**/account/reauthenticate/**")
    page.fill("input[type=password]", PASSWORD)
    page.press("input[type=password]", "Enter")
    page.wait_for_url("**/account/passkeys/add/**")
    assert_accessible(page)
    page.fill("#id_name", "telephone")
    page.click("#passkey_add")
    page.wait_for_url(lambda address: "/add/" not in address)
    page.context.clear_cookies()
    visit(page, "/account/login/")
    page.click("#passkey_login")
    page.wait_for_url("**/desk/")


def test_the_menu_of_a_telephone_opens_closes_and_leads_on(open_page: OpenPage) -> None:
    page = visit(open_page(signed_in(Role.OFFICER), width="telephone"), "/notices/")
    assert not page.locator("#side").is_visible()
    page.click(".cp-menu-button")
    assert page.locator("#side").is_visible()
    assert_accessible(page)
    page.keyboard.press("Escape")
    assert not page.locator("#side").is_visible()


def test_the_language_switch_keeps_the_page(open_page: OpenPage) -> None:
    page = visit(open_page(signed_in(Role.OFFICER)), "/search/?q=abc")
    page.click("button[value=es]")
    page.wait_for_url("**/search/?q=abc")
    assert page.locator("h1").inner_text() == "Buscar"
    assert page.input_value("#q") == "abc"


def test_the_navigation_is_there_without_scripts(open_page: OpenPage) -> None:
    page = open_page(signed_in(Role.OFFICER), width="telephone")
    page.route("**/*.js*", lambda route: route.abort())
    visit(page, "/notices/")
    assert page.locator("#side").is_visible()
