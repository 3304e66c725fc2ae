"""The page of pouches: for who runs the node, without content, by the same rules as the command."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from contraparte.directory import view
from contraparte.directory.models import Agency, Tenure
from contraparte.directory.rules.roles import Role
from contraparte.exchange import actions
from contraparte.exchange.models import Message
from tests.exchange.small_world import FEDERAL, OPERATOR, SONORA, SmallWorld

BrowserOf = Callable[[Tenure], Client]


@pytest.fixture
def keeper(world: SmallWorld, browser_of: BrowserOf) -> Client:
    """An administrator of the agency that runs the node. One agency stands for another node, to have one to list."""
    Agency.objects.filter(pk="us.ntc").update(is_local=False)
    return browser_of(world.appoint("ines", FEDERAL, Role.ADMINISTRATOR))


def carried(browser: Client, data: bytes, status: int = 200) -> str:
    answer = browser.post("/pouches/take/", {"file": SimpleUploadedFile("a.pouch", data)})
    assert answer.status_code == status
    return answer.content.decode()


def test_an_administrator_makes_a_pouch_takes_it_in_and_hears_its_answer(world: SmallWorld, keeper: Client) -> None:
    actions.send_all([world.note("the gun of Hermosillo")], now=timezone.now())
    page = keeper.get("/pouches/").content.decode()
    assert OPERATOR in page and "Hermosillo" not in page
    made = keeper.post("/pouches/make/", {"to": "us.ntc"})
    assert made["Content-Disposition"] == f'attachment; filename="{OPERATOR}-{OPERATOR}-1.pouch"'
    Agency.objects.filter(pk="us.ntc").update(is_local=True)
    view.forget()
    pouch = b"".join(made.streaming_content)
    told = carried(keeper, pouch)
    assert "Messages accepted" in told and "Not taken" not in told and "Hermosillo" not in told
    assert f"/pouches/{OPERATOR}/1/answer/" in told
    answer = b"".join(keeper.get(f"/pouches/{OPERATOR}/1/answer/").streaming_content)
    carried(keeper, answer)
    assert set(Message.objects.filter(direction="out").values_list("state", flat=True)) == {"sent"}
    assert "taken in before" in carried(keeper, pouch)
    assert keeper.get(f"/pouches/{OPERATOR}/2/answer/").status_code == 404
    assert keeper.get("/pouches/nobody/1/answer/").status_code == 404


@pytest.mark.parametrize(("language", "words"), [("en", "This file is not a pouch"), ("es", "no es una valija")])
def test_what_is_no_pouch_is_refused_in_words(keeper: Client, language: str, words: str) -> None:
    keeper.cookies["django_language"] = language
    assert words in carried(keeper, b"a letter", 422)
    assert keeper.post("/pouches/take/", {}).status_code == 422
    for to in ("", "us.nobody", "../x"):
        assert keeper.post("/pouches/make/", {"to": to}).status_code == 422


def test_only_an_administrator_of_the_operator_carries_pouches(
    world: SmallWorld, browser_of: BrowserOf, settings: object, tmp_path: Path
) -> None:
    other = browser_of(world.appoint("otto", SONORA, Role.ADMINISTRATOR))
    page = other.get("/pouches/").content.decode()
    assert (
        f"administrators of {OPERATOR}" in page
        and "<form method" not in page.partition("<main")[2].partition("</main")[0]
    )
    assert other.post("/pouches/make/", {"to": "us.ntc"}).status_code == 404
    assert other.post("/pouches/take/", {"file": SimpleUploadedFile("a", b"x")}).status_code == 404
    assert browser_of(world.officer).get("/pouches/").status_code == 403
    assert not (tmp_path / "pouches").exists()
