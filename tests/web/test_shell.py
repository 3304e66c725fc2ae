"""The shell: language that keeps the page, navigation by right, bands, static files, strict policy."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from tools.assets import ICONS

from contraparte.directory.models import Person
from contraparte.directory.rules.roles import Role
from contraparte.web import registry
from contraparte.web.registry import AccordState, FooterFacts, Notice, NoticeSource
from contraparte.web.static_files import VersionedFiles
from tests.web.people import make_post, signed_in

PACKAGE = Path(settings.PACKAGE)
TEMPLATES = sorted(PACKAGE.rglob("templates/**/*.html"))


@pytest.fixture
def footer() -> Iterator[FooterFacts]:
    before = registry.footer_facts()
    kept = FooterFacts(before.accords, before.cosigned_at, before.silent_peers)
    yield before
    registry.register_footer(kept)


def test_the_language_switch_keeps_the_page_and_is_remembered(db: None) -> None:
    client = signed_in(Role.OFFICER)
    answer = client.post("/language/", {"language": "es", "next": "/search/?q=abc"})
    assert answer["Location"] == "/search/?q=abc"
    assert '<html lang="es">' in client.get("/search/?q=abc").content.decode()
    assert Person.objects.get().language == "es"


def test_a_person_reads_in_their_own_language_before_choosing(db: None) -> None:
    client = signed_in(Role.OFFICER)
    Person.objects.update(language="es")
    answer = client.get("/notices/")
    assert '<html lang="es">' in answer.content.decode() and answer["Content-Language"] == "es"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_the_switch_leads_nowhere_else(db: None, elsewhere: str) -> None:
    assert Client().post("/language/", {"language": "es", "next": elsewhere})["Location"] == "/"


def test_an_unknown_language_changes_nothing(db: None) -> None:
    answer = Client().post("/language/", {"language": "xx", "next": "/account/login/"})
    assert "django_language" not in answer.cookies


def test_the_navigation_shows_what_the_role_may_open(db: None) -> None:
    officer = signed_in(Role.OFFICER).get("/notices/").content.decode()
    auditor = signed_in(Role.AUDITOR, username="iker").get("/notices/").content.decode()
    assert 'href="/desk/"' in officer and 'href="/desk/"' not in auditor
    assert 'href="/log/"' in auditor


def test_the_frame_names_post_agency_node_and_version(db: None) -> None:
    client = signed_in(Role.OFFICER, post=make_post())
    client.cookies["django_language"] = "es"
    page = client.get("/notices/").content.decode()
    assert "Unidad de Armas de Fuego" in page and "Fiscalía General de Justicia de Sonora" in page
    assert settings.NODE_NAME in page and "0.1.0" in page


def test_a_suspended_accord_and_a_silent_peer_stand_as_bands_on_every_page(db: None, footer: FooterFacts) -> None:
    footer.accords = lambda _: [AccordState("mx-us-traces", is_suspended=True)]
    footer.silent_peers = lambda _: [("National Tracing Center", 3)]
    page = signed_in(Role.OFFICER).get("/search/").content.decode()
    assert "The accord mx-us-traces is suspended." in page
    assert "National Tracing Center does not answer." in page and "3 messages wait here" in page


def test_notices_count_and_link_and_show_no_content(db: None) -> None:
    source = NoticeSource("desk.view", lambda tenure, now: [Notice("drafts", 2, "/desk/"), Notice("none", 0, "/x/")])
    registry.NOTICE_SOURCES.append(source)
    try:
        page = signed_in(Role.OFFICER).get("/notices/").content.decode()
    finally:
        registry.NOTICE_SOURCES.remove(source)
    assert "drafts" in page and 'href="/x/"' not in page


def test_search_asks_only_where_the_role_may(db: None) -> None:
    asked: list[str] = []

    def find(tenure: Any, text: str, limit: int) -> list[registry.Hit]:
        asked.append(text)
        return [registry.Hit("R-1", "trace", "/traces/1/")]

    source = registry.SearchSource("Things", "desk.view", find)
    registry.SEARCH_SOURCES.append(source)
    try:
        assert "R-1" in signed_in(Role.OFFICER).get("/search/?q=R\0-1").content.decode()
        assert "/traces/1/" not in signed_in(Role.AUDITOR, username="iker").get("/search/?q=R-1x").content.decode()
    finally:
        registry.SEARCH_SOURCES.remove(source)
    assert asked == ["R-1"]


@pytest.mark.parametrize("language", ["en", "es"])
def test_what_does_not_exist_says_so_in_the_readers_language(db: None, language: str) -> None:
    client = Client()
    client.cookies["django_language"] = language
    answer = client.get("/no/such/page/")
    assert answer.status_code == 404
    assert {"en": "There is no such page", "es": "La página no existe"}[language] in answer.content.decode()


def test_a_failing_page_is_told_in_words_and_without_details(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    client = signed_in(Role.OFFICER)
    client.raise_request_exception = False
    source = NoticeSource("desk.view", lambda tenure, now: 1 / 0)  # type: ignore[arg-type, return-value]
    registry.NOTICE_SOURCES.append(source)
    try:
        answer = client.get("/notices/")
    finally:
        registry.NOTICE_SOURCES.remove(source)
    assert answer.status_code == 500
    assert "The node failed" in answer.content.decode() and "ZeroDivision" not in answer.content.decode()


def test_pages_carry_a_strict_policy(db: None) -> None:
    policy = Client().get("/account/login/")["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_no_template_holds_inline_script_style_or_handler(file: Path) -> None:
    text = file.read_text("utf-8")
    for tag in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in tag or 'type="application/json"' in tag, tag
    assert not re.search(r"<style\b|\sstyle=|\son[a-z]+=\"|javascript:", text)


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_every_icon_a_template_names_is_in_the_sprite(file: Path) -> None:
    named = set(re.findall(r"{%\s*icon\s+\"([a-z_]+)\"", file.read_text("utf-8")))
    named |= set(re.findall(r"empty\.html\" with icon=\"([a-z_]+)\"", file.read_text("utf-8")))
    assert named <= set(ICONS)


def test_every_icon_of_the_navigation_is_in_the_sprite() -> None:
    assert {item.icon for item in registry.NAVIGATION} <= set(ICONS)


def test_a_static_file_carries_its_version_and_is_served() -> None:
    address = VersionedFiles().url("web/app.css")
    assert re.fullmatch(r"/static/web/app\.css\?v=[0-9a-f]{10}", address)
    assert VersionedFiles().url("web/none.css") == "/static/web/none.css"
    answer = Client().get(address)
    assert answer.status_code == 200 and "max-age" in answer["Cache-Control"]


def test_the_first_load_of_a_page_weighs_at_most_300_kb_compressed(db: None) -> None:
    page = signed_in(Role.OFFICER).get("/notices/").content
    weight = len(page)
    static = PACKAGE / "web/static"
    for address in set(re.findall(rb'(?:href|src)="/static/([^"?#]+)', page)):
        file = static / address.decode()
        twin = file.with_name(file.name + ".gz")
        weight += (twin if twin.exists() else file).stat().st_size
    weight += sum(file.stat().st_size for file in (static / "vendor/uswds/fonts").rglob("*.woff2"))
    assert weight < 300_000
