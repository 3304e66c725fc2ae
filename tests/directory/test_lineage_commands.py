"""`contraparte directory lineage …`: check, sign, agree, show, what nobody holds; good and bad input."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from typer.testing import CliRunner

from contraparte.directory import view
from contraparte.directory.commands import GROUPS
from contraparte.directory.models import LineageEvent
from contraparte.directory.rules.signatures import SignedDocument
from contraparte.exchange import commands as _attached  # noqa: F401  (brings `orphans` to this group)
from contraparte.protocol.encoding import instant
from tests.directory.factory import NOW, load
from tests.directory.test_lineage import DAY, World

pytestmark = pytest.mark.django_db
Run = Callable[..., str]


@pytest.fixture
def world() -> Iterator[World]:
    view.forget()
    made = World()
    load(made.with_successor())
    yield made
    view.forget()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """A subcommand; what it prints on either stream."""
    monkeypatch.setenv("CONTRAPARTE_HOME", str(settings.HOME.path))
    monkeypatch.setenv("CONTRAPARTE_OPENED", "")

    def call(*words: object, refused: bool = False) -> str:
        answer = CliRunner().invoke(GROUPS["directory"], ["lineage", *map(str, words)])
        assert answer.exit_code == (1 if refused else 0), answer.output
        return answer.output.strip()

    return call


def written(place: Path, data: bytes) -> Path:
    place.write_bytes(data)
    return place


def test_a_change_is_checked_signed_agreed_to_and_shown(world: World, run: Run, tmp_path: Path) -> None:
    assert (run("show"), run("show", "--json")) == ("", "[]")
    file, first, both = written(tmp_path / "one.json", world.event()), tmp_path / "mx.json", tmp_path / "both.json"
    assert run("check", file).endswith("to be signed by mx, us")
    assert not LineageEvent.objects.exists(), "checking keeps nothing"
    assert run("sign", file, "--country", "mx", "-o", first).endswith("waits for the other signatures")
    assert "not signed by all" in run("show")
    assert run("agree", "one", "--country", "us", "-o", both).endswith("counts")
    assert [len(SignedDocument.parse(place.read_bytes()).signatures) for place in (first, both)] == [1, 2]
    (told,) = json.loads(run("show", "--json"))
    assert (told["event"], told["state"], told["from"], told["to"]) == ("one", "counts", ["mx.old"], ["mx.new"])
    assert (told["legal_basis_en"], len(told["signed_by"])) == ("Decree of reorganisation", 2)

    amended = written(tmp_path / "two.json", world.event(version=2))
    run("sign", amended, "--country", "mx", "-o", tmp_path / "mx2.json")
    run("agree", "one", "--country", "us", "-o", tmp_path / "both2.json")
    assert [line.rsplit("  ", 1)[1] for line in run("show").splitlines()] == ["lost", "counts"]
    assert run("orphans") == "none"
    assert json.loads(run("orphans", "--json")) == []


def other_kind(world: World) -> bytes:
    return world.event().replace(b'"absorb"', b'"explode"')


def of_a_post_nobody_knows(world: World) -> bytes:
    return world.event().replace(b"mx.new/desk", b"mx.new/cave")


def ending_before_it_begins(world: World) -> bytes:
    return world.event().replace(instant(NOW + 10 * DAY).encode(), instant(NOW - 9 * DAY).encode())


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (lambda world: b"{", "json"),
        (other_kind, "document"),
        (of_a_post_nobody_knows, "lineage.post.unknown"),
        (ending_before_it_begins, "lineage.period"),
    ],
)
def test_what_is_wrong_with_a_change_is_said_and_nothing_is_kept(
    world: World, run: Run, tmp_path: Path, data: Callable[[World], bytes], code: str
) -> None:
    file = written(tmp_path / "wrong.json", data(world))
    for words in (("check", file), ("sign", file, "--country", "mx", "-o", tmp_path / "out.json")):
        told = run(*words, refused=True)
        assert told.startswith("refused: ")
        assert code in told
    assert not LineageEvent.objects.exists()
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize(
    ("locale", "says"),
    [("es_MX.UTF-8", "El puesto mx.new/cave no está en el directorio"), ("C", "The post mx.new/cave is not in")],
)
def test_a_refusal_is_told_in_the_language_of_the_terminal(
    world: World, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locale: str, says: str
) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    told = run("check", written(tmp_path / "wrong.json", of_a_post_nobody_knows(world)), refused=True)
    assert told.startswith("refused: lineage.post.unknown") and says in told


def test_nobody_signs_without_a_file_a_key_an_event_or_a_part_in_it(world: World, run: Run, tmp_path: Path) -> None:
    out: Any = tmp_path / "out.json"
    assert run("check", tmp_path / "none.json", refused=True).startswith("refused: ")
    file = written(tmp_path / "one.json", world.event())
    assert "lineage.country" in run("sign", file, "--country", "ca", "-o", out, refused=True)
    assert "lineage.unknown" in run("agree", "two", "--country", "us", "-o", out, refused=True)
    assert not out.exists()
