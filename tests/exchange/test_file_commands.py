"""`contraparte exchange …` as a person runs it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from typer.testing import CliRunner

from contraparte.exchange import actions
from contraparte.exchange.commands import GROUPS
from contraparte.exchange.models import Message
from contraparte.protocol.package import verify_package
from contraparte.protocol.package_reading import open_package
from tests.exchange.package_world import cosign, policies_of, publish_directories, thread_of
from tests.exchange.small_world import SmallWorld

Run = Callable[..., str]


@pytest.fixture
def run(world: SmallWorld, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command on the world's home; its output."""
    home = str(settings.HOME.path)
    monkeypatch.setenv("CONTRAPARTE_HOME", home)
    monkeypatch.setenv("CONTRAPARTE_OPENED", "")

    def call(*words: str | Path, code: int = 0) -> str:
        answer = CliRunner().invoke(GROUPS["exchange"], [*map(str, words), "--home", home])
        assert answer.exit_code == code, answer.output
        return answer.output

    return call


def test_a_pouch_and_its_answer_by_command(world: SmallWorld, run: Run, tmp_path: Path) -> None:
    actions.send_all([world.note("first")], now=timezone.now())
    assert "pouch 1 for the node of mx.fgr" in run("export", tmp_path / "one.pouch", "--to", "us.ntc")
    assert "pouch.file" in run("export", tmp_path / "one.pouch", "--to", "us.ntc", code=1)
    assert "agency.unknown" in run("export", tmp_path / "x.pouch", "--to", "us.nobody", code=1)
    told = run("export", tmp_path / "two.pouch", "--to", "us.ntc")
    assert "2 messages" in told and "not answered yet: 1" in told
    said = run("import", tmp_path / "two.pouch")
    assert "2 messages accepted" in said and "missing: pouch 1" in said
    assert str(tmp_path / "two.pouch.answer") in said
    assert "answer 2 from the node of mx.fgr" in run("import", tmp_path / "two.pouch.answer")
    assert set(Message.objects.filter(direction="out").values_list("state", flat=True)) == {"sent"}
    assert "(taken in before)" in run("import", tmp_path / "two.pouch.answer")
    assert "pouch.malformed" in run("import", tmp_path / "no-such.pouch", code=1)


def test_a_directory_in_a_pouch_is_named_with_what_came_of_it(world: SmallWorld, run: Run, tmp_path: Path) -> None:
    publish_directories(world, tmp_path / "safe")
    told = json.loads(run("export", tmp_path / "one.pouch", "--to", "us.ntc", "--json"))
    assert told["number"] == 1
    taken = json.loads(run("import", tmp_path / "one.pouch", "--json"))
    assert taken["directories"] == {"mx": "not newer", "us": "not newer"}
    assert "directory of mx: not newer" in run("import", tmp_path / "one.pouch")


def test_a_package_by_command(world: SmallWorld, run: Run, tmp_path: Path) -> None:
    roots = publish_directories(world, tmp_path / "safe")
    thread = thread_of(world)
    assert "not cosigned yet" in run("package", thread.uuid, "--agency", "mx.fge-son", "-o", tmp_path / "early.zip")
    cosign(world)
    assert "conversation.unknown" in run("package", thread.uuid, "-o", tmp_path / "case.zip", code=1)
    one = str(Message.objects.filter(conversation=thread).order_by("pk")[0].uuid)
    words = ("package", thread.uuid, "--agency", "mx.fge-son", "-o", tmp_path / "case.zip")
    told = json.loads(run(*words, "--items", one, "--json"))
    assert told["items"] == 1 and told["uncosigned"] == 0
    assert verify_package(open_package(tmp_path / "case.zip"), policies_of(thread), roots).ok
    assert "package.item" in run(*words[:-1], tmp_path / "x.zip", "--items", "nothing", code=1)
