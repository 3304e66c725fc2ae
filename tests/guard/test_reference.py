"""What the documentation says of the code is what the code says of itself, and its links lead somewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.guard.ground import ROOT, shown

LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
# `tests/…` and `tools/…` named in running text must exist as well, or a claim of a test is empty.
NAMED_FILE = re.compile(r"`((?:tests|tools|src|bench)/[\w/.-]+\.(?:py|toml|md|cedar))(?:::(\w+))?`")


def test_commands_errors_roles_decisions_and_readme_are_as_the_program_prints_them() -> None:
    result = subprocess.run(
        [sys.executable, "tools/reference.py", "--check"],
        cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    broken = [target for target in LINK.findall(page.read_text("utf-8")) if not (page.parent / target).exists()]
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_file_and_test_a_page_names_is_there(page: Path) -> None:
    gone = []
    for name, test in NAMED_FILE.findall(page.read_text("utf-8")):
        file = ROOT / name
        if not file.exists() or (test and f"def {test}(" not in file.read_text("utf-8")):
            gone.append(f"{name}::{test}" if test else name)
    assert not gone


def test_every_page_of_the_documentation_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8")
    pages = [str(page.relative_to(ROOT / "docs")) for page in PAGES if (ROOT / "docs") in page.parents]
    assert not [page for page in pages if not page.startswith("adr/0") and f": {page}\n" not in navigation]


def test_every_command_of_the_tutorial_and_the_how_tos_exists() -> None:
    told = (ROOT / "docs" / "reference" / "commands.md").read_text("utf-8")
    known = set(re.findall(r"^#{2,3} (contraparte[ \w-]*)$", told, re.MULTILINE))
    unknown = []
    for page in PAGES:
        # Commands stand at the start of a line of a code block, or in a code span.
        for found in re.findall(
            r"(?:^|`)(?:\.venv/bin/)?(contraparte(?: [a-z][a-z-]+)+)", page.read_text("utf-8"), re.M
        ):
            words = found.split()
            if not any(" ".join(words[:length]) in known for length in (3, 2) if len(words) >= length):
                unknown.append(f"{shown(page)}: {found}")
    assert not unknown
