"""What goes wrong under /api/ is a problem in the caller's language: never a page, never a line of the case."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contraparte.exchange import actions
from tests.exchange.conftest import world  # noqa: F401  (a fixture)
from tests.exchange.small_world import SmallWorld
from tests.inquiries.test_by_program import Program

SAID = {
    "en": {"api.missing": "There is nothing", "api.method": "not open for this kind", "api.broken": "The node failed"},
    "es": {"api.missing": "no hay nada", "api.method": "no admite", "api.broken": "falló"},
}


def told(answer: Any, status: int, code: str, language: str) -> None:
    assert answer.status_code == status and answer["Content-Type"] == "application/problem+json"
    assert answer["Content-Language"] == language and answer["Cache-Control"] == "no-store"
    assert answer.json()["code"] == code and SAID[language][code] in answer.json()["title"]
    assert "<" not in answer.content.decode()


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("debug", [False, True])
def test_a_failure_tells_nothing_of_the_case(
    world: SmallWorld,  # noqa: F811
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    debug: bool,
) -> None:
    settings.DEBUG = debug

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the informer is Talvo")

    draft = world.draft("where is Talvo?")
    monkeypatch.setattr(actions, "preview", fail)
    client = Client(raise_request_exception=False)
    headers = Program(world.officer).headers | {"HTTP_ACCEPT_LANGUAGE": language}
    answer = client.get(f"/api/v1/drafts/{draft.pk}", **headers)
    told(answer, 500, "api.broken", language)
    assert "Talvo" not in answer.content.decode() and "Traceback" not in answer.content.decode()


@pytest.mark.parametrize("language", ["en", "es"])
def test_no_such_address_and_a_wrong_method_are_problems(world: SmallWorld, language: str) -> None:  # noqa: F811
    headers = Program(world.officer).headers | {"HTTP_ACCEPT_LANGUAGE": language}
    for address in ("/api/", "/api/v1", "/api/v1/me/", "/api/v2/me", "/api/v1/drafts/x", "/api/v1/drafts/999"):
        told(Client().get(address, **headers), 404, "api.missing", language)
    for call in (Client().put, Client().head, Client().options, Client().delete):
        answer = call("/api/v1/me", **headers)
        assert answer.status_code == 405 and "GET" in answer["Allow"]
    told(Client().post("/api/v1/me", **headers), 405, "api.method", language)
    assert timezone.get_current_timezone_name() == "UTC"
