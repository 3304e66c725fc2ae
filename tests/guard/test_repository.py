"""What must never be committed: addresses of registries, paths of a machine, other people's code, built things."""

import json
import re
from pathlib import Path

from tests.guard.ground import ROOT, kept_files, shown

LARGEST_KB = 400
BUILT = re.compile(
    r"(^|/)(node_modules|vendor|static_built|site|build|dist|\.venv|__pycache__|demo-home|contraparte-home)/"
    r"|\.min\.(js|css)$|\.(map|mo|pyc|whl|tar\.gz|zip|sqlite3|woff2?|ttf|egg-info)$|(^|/)uv\.lock$"
)
# Composed, so that this file does not hold what it looks for.
REGISTRY_NAMES = (
    "registry.npm" + "js.org",
    "files.python" + "hosted.org",
    "pypi.org/" + "simple",
    "extra-index" + "-url",
)
REGISTRIES = re.compile("|".join(map(re.escape, REGISTRY_NAMES)))
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:work|home|root|Users|opt/pypi|opt/wheels)/(?!\.)[\w.-]+")
TEXT = {
    "", ".py", ".md", ".toml", ".yml", ".yaml", ".json", ".html", ".css", ".js", ".txt", ".lock", ".cedar", ".po",
    ".csv", ".cfg", ".ini", ".svg",
}  # fmt: skip
FOREIGN_LICENCE = re.compile(r"@license|SPDX-License|Licensed under the (?!Apache License, Version 2\.0 \(the)", re.I)


def _texts() -> list[tuple[Path, str]]:
    return [(file, file.read_text("utf-8", "replace")) for file in kept_files() if file.suffix in TEXT]


def test_nothing_built_or_fetched_is_kept() -> None:
    assert not [shown(file) for file in kept_files() if BUILT.search(shown(file))]


def test_no_file_is_a_bundle_by_its_size() -> None:
    # The lock is large by its hashes; pictures of the documentation are ours.
    large = [
        f"{shown(file)}: {file.stat().st_size // 1024} KB"
        for file in kept_files()
        if file.stat().st_size > LARGEST_KB * 1024 and file.name != "requirements.lock" and file.suffix != ".png"
    ]
    assert not large


def test_no_file_names_a_registry() -> None:
    assert not [shown(file) for file, text in _texts() if REGISTRIES.search(text)]


def test_no_file_names_a_path_of_a_machine() -> None:
    found = [f"{shown(file)}: {match[0]}" for file, text in _texts() for match in MACHINE_PATHS.finditer(text)]
    assert not found


def test_no_file_bears_a_foreign_licence_header() -> None:
    here = Path(__file__)
    assert not [shown(file) for file, text in _texts() if file != here and FOREIGN_LICENCE.search(text[:4000])]


def test_the_lock_of_the_page_assets_names_no_address() -> None:
    file = ROOT / "package-lock.json"
    packages = json.loads(file.read_text("utf-8"))["packages"]
    assert not [name for name, entry in packages.items() if "resolved" in entry]
    assert all("integrity" in entry for name, entry in packages.items() if name)


def test_the_licence_is_apache_in_full() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert "Apache License" in text
    assert "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION" in text
    assert "END OF TERMS AND CONDITIONS" in text
