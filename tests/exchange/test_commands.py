"""Files from a terminal: put into a draft, listed, saved; refused with a sentence."""

import os
from pathlib import Path

import pytest
from django.conf import settings
from typer.testing import CliRunner

from contraparte.directory.queries import Role
from contraparte.exchange.commands import app
from contraparte.exchange.models import Attachment, Message
from contraparte.protocol.ids import new_id
from tests.exchange.small_world import CENTRE, SONORA, SmallWorld
from tests.exchange.test_attachments import content, release


def run(*words: object, username: str = "olga", post: str = SONORA) -> tuple[int, str]:
    who = ["--home", str(settings.HOME.path), "--as", username, "--post", post]
    done = CliRunner().invoke(app, [*map(str, words), *who])
    return done.exit_code, done.output


@pytest.fixture(autouse=True)
def _opened(world: SmallWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The home of this test is open in this process already: the commands find it so and open none."""
    monkeypatch.setenv("CONTRAPARTE_HOME", str(settings.HOME.path))
    monkeypatch.setenv("CONTRAPARTE_OPENED", f"{os.getpid()}:{settings.HOME.path}")


@pytest.fixture
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("camera") / "frame.jpg"
    path.write_bytes(content(2_500_000))
    return path


def test_files_go_into_a_draft_cross_and_are_saved_on_the_other_side(
    world: SmallWorld, photo: Path, tmp_path: Path
) -> None:
    draft = world.draft()
    code, told = run("attach", draft.uuid, photo, photo)
    row = Attachment.objects.earliest("pk")
    assert code == 0 and told.count(bytes(row.sha256).hex()) == 2 and "2500000 bytes" in told
    assert (row.name, row.media_type) == ("frame.jpg", "image/jpeg")
    message = release(world, draft)
    world.settle()
    world.appoint("nina", CENTRE, Role.OFFICER)
    code, told = run("files", message.uuid, username="nina", post=CENTRE)
    assert code == 0 and told.count("frame.jpg: 2500000 bytes") == 2
    number = int(told.split()[0])
    target = tmp_path / "saved.jpg"
    assert run("save", message.uuid, number, target, username="nina", post=CENTRE)[0] == 0
    assert target.read_bytes() == photo.read_bytes()
    again = run("save", message.uuid, number, target, username="nina", post=CENTRE)
    assert again[0] == 1 and "nothing is replaced" in again[1]


def test_what_cannot_be_done_is_said_and_changes_nothing(world: SmallWorld, photo: Path, tmp_path: Path) -> None:
    draft, empty = world.draft(), tmp_path / "empty.jpg"
    empty.write_bytes(b"")
    world.appoint("nina", CENTRE, Role.OFFICER)
    world.appoint("ada", SONORA, Role.AUDITOR)
    for words, who, said in (
        (("attach", draft.uuid, empty), {}, "attachment.empty"),
        (("attach", new_id(), photo), {}, "no draft"),
        (("attach", "x", photo), {}, "no number"),
        (("attach", draft.uuid, photo), {"username": "nina"}, "tenure.acting"),
        (("attach", draft.uuid, photo), {"username": "nina", "post": CENTRE}, "no draft"),
        (("attach", draft.uuid, photo), {"username": "ada"}, "tenure.acting"),
        (("save", draft.uuid, 1, tmp_path / "x"), {}, "no file 1"),
    ):
        code, told = run(*words, **who)
        assert code == 1 and said in told, words
    assert not Attachment.objects.exists() and not Message.objects.exists() and not (tmp_path / "x").exists()
