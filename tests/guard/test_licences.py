"""What the package needs at run time may be given to anybody under Apache-2.0.

GPL and AGPL would bind the whole program; the workshop may use them (they are never part of what a node runs).
LGPL is let in by name only: used as it comes, imported, replaceable.
"""

import re
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from tools.check_lock import reachable

from tests.guard.ground import ROOT

FREE = re.compile(
    r"\b(MIT(-0)?|BSD|Apache|MPL|Mozilla Public|ISC|PSF|Python Software Foundation|Zlib|CNRI|Unlicense|0BSD)\b",
    re.IGNORECASE,
)
BINDING = re.compile(r"\bA?GPL|GNU (Affero )?General Public", re.IGNORECASE)
LESSER = {"psycopg", "psycopg-binary", "jwcrypto"}
# Packages whose metadata is silent; read from the licence file of their source.
READ_AT_SOURCE = {"cedarpy": "Apache-2.0", "pysqlite3": "Zlib"}


def _runtime() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = reachable([Requirement(text) for text in project["dependencies"]])
    return sorted(name for name in names if any(metadata.packages_distributions().values()) and _installed(name))


def _installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def licence_of(name: str) -> str:
    """Everything the metadata says about the licence, in one line."""
    told = metadata.metadata(name)
    classifiers = [
        text.split("::")[-1].strip() for text in told.get_all("Classifier", []) if text.startswith("License")
    ]
    parts = [told.get("License-Expression") or "", (told.get("License") or "").split("\n")[0], *classifiers]
    return "; ".join(part for part in parts if part and part != "UNKNOWN")


@pytest.mark.parametrize("name", _runtime())
def test_a_package_of_the_node_is_free_of_gpl(name: str) -> None:
    told = READ_AT_SOURCE.get(name) or licence_of(name)
    if name in LESSER:
        assert re.search(r"LGPL", told)
        return
    assert FREE.search(told), f"{name}: {told or 'no licence given'}"
    assert not BINDING.search(told), f"{name}: {told}"


def test_packages_of_the_workshop_are_never_imported_by_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    runtime = set(_runtime())
    workshop = {Requirement(text).name.lower() for text in project["optional-dependencies"]["dev"]} - runtime
    provides = {
        module
        for module, packages in metadata.packages_distributions().items()
        if {package.lower() for package in packages} <= workshop
    }
    imported = {
        match
        for file in (ROOT / "src").rglob("*.py")
        for match in re.findall(r"^\s*(?:from|import)\s+(\w+)", file.read_text("utf-8"), re.MULTILINE)
    }
    assert not provides & imported
