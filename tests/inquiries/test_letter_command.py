"""`contraparte inquiry letter`: the PDF on disk and its version, or the name of what is missing."""

import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from contraparte.inquiries.commands import GROUPS
from tests.inquiries.inquiry_world import LETTER, POLICE, SONORA, InquiryWorld
from tests.inquiries.test_letters import translate, version


@pytest.fixture
def letter(world: InquiryWorld, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The command as the officer's terminal calls it, on the node of this test."""
    home = str(settings.HOME.path)
    monkeypatch.setenv("CONTRAPARTE_OPENED", f"{os.getpid()}:{Path(home).absolute()}")

    def call(reference: str, out: Path, username: str = "olga") -> Any:
        words = ["letter", reference, "-o", str(out), "--as", username, "--post", SONORA, "--home", home]
        return CliRunner().invoke(GROUPS["inquiry"], words)

    return call


def test_the_letter_is_written_and_its_version_printed(world: InquiryWorld, letter: Any, tmp_path: Path) -> None:
    row = translate(world, world.save(LETTER))
    answer = letter(row.reference, tmp_path / "letter.pdf")
    assert (answer.exit_code, answer.stdout.strip()) == (0, version(row))
    assert (tmp_path / "letter.pdf").read_bytes().startswith(b"%PDF-")


def test_what_has_no_letter_is_named_and_nothing_is_written(world: InquiryWorld, letter: Any, tmp_path: Path) -> None:
    half, police = world.save(LETTER), world.save(POLICE)
    out = tmp_path / "letter.pdf"
    for reference, username, told in (
        (half.reference, "olga", "letter.incomplete: letter is missing in en"),
        (police.reference, "olga", f"{police.reference} has no letter"),
        ("I-26-999999", "olga", "no inquiry I-26-999999"),
        (half.reference, "cecil", ""),
    ):
        answer = letter(reference, out, username)
        assert answer.exit_code == 1 and told in answer.output
    assert not out.exists()
