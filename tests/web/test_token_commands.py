"""`contraparte token …` for who keeps the node: it lists and ends tokens of others, and can make none."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from typer.testing import CliRunner

from contraparte.directory.models import Tenure
from contraparte.web.api.tokens import make_token
from contraparte.web.commands import GROUPS
from contraparte.web.models import ApiToken
from tests.exchange.conftest import world  # noqa: F401  (a fixture)
from tests.exchange.small_world import SmallWorld
from tests.traces.test_pages import browser

Run = Callable[..., str]


@pytest.fixture
def run(world: SmallWorld, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Run:  # noqa: F811
    """A command on the world's home; its output."""
    home = str(settings.HOME.path)
    monkeypatch.setenv("CONTRAPARTE_HOME", home)
    monkeypatch.setenv("CONTRAPARTE_OPENED", "")

    def call(*words: object, code: int = 0, said: str | None = None) -> str:
        answer = CliRunner().invoke(GROUPS["token"], [*map(str, words), "--home", home], input=said)
        assert answer.exit_code == code, answer.output
        return answer.output

    return call


def made(tenure: Tenure, name: str = "Asunto Talvo") -> tuple[ApiToken, str]:
    return make_token(name=name, scopes=["read"], days=9, by=tenure, now=timezone.now())


def opens(text: str) -> bool:
    return bool(Client().get("/api/v1/me", HTTP_AUTHORIZATION=f"Bearer {text}").status_code == 200)


def test_the_list_names_holders_and_neither_text_nor_purpose(world: SmallWorld, run: Run) -> None:  # noqa: F811
    assert run("list") == "no token\n"
    row, text = made(world.officer)
    made(world.chief)
    shown = run("list")
    assert f"{row.pk} olga mx.fge-son/firearms read, until" in shown and "never used" in shown
    assert "Talvo" not in shown and text not in shown and row.token_hash not in shown
    assert [one["person"] for one in json.loads(run("list", "--person", "arturo", "--json"))] == ["arturo"]
    assert run("list", "--post", "us.ntc/desk") == "no token\n"


@pytest.mark.parametrize(("language", "told"), [("en", "ended by who keeps this node"), ("es", "quien administra")])
def test_an_ended_token_is_dead_and_its_holder_reads_who_did_it(
    world: SmallWorld,  # noqa: F811
    run: Run,
    language: str,
    told: str,
) -> None:
    row, text = made(world.officer)
    _, other = made(world.chief)
    assert opens(text)
    assert "olga" in run("end", row.pk) and "had ended already" in run("end", row.pk)
    assert not opens(text) and opens(other)
    assert told in browser(world.officer, language).get("/account/api/").text
    assert str(row.pk) not in run("list").split() and "ended 2" in run("list", "--ended")


def test_a_token_that_was_found_is_ended_by_its_text(world: SmallWorld, run: Run) -> None:  # noqa: F811
    row, text = made(world.officer)
    assert f"{row.pk} olga" in run("end", "--found", said=f"{text}\n") and not opens(text)
    assert "no token of this node" in run("end", "--found", said="cpt_nothing\n", code=1)
    assert "no token 999" in run("end", 999, code=1)
    for words in (["end"], ["end", row.pk, "--found"]):
        assert "not both" in run(*words, code=1)


def test_no_command_makes_a_token() -> None:
    """Whoever keeps the node could approve in somebody's name (ADR 0105)."""
    assert sorted(one.name or "" for one in GROUPS["token"].registered_commands) == ["end", "list"]
