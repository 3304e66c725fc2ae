"""Every switch of a node is in the reference, and the reference names no switch that is gone."""

import ast
import re
from collections.abc import Iterator

from contraparte.node.home import Home
from contraparte.node.mail_settings import KNOWN
from tests.guard.ground import PACKAGE, ROOT, modules

PAGE = ROOT / "docs" / "reference" / "settings.md"
ROW = re.compile(r"^\| `([A-Za-z_.]+)`", re.MULTILINE)
# Read by Django or set for one's own processes, not meant for the keeper of a node.
INTERNAL = {"DJANGO_SETTINGS_MODULE", "CONTRAPARTE_OPENED"}


def _environment_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        name: ast.expr | None = None
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            name = node.slice
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {
            "os.environ.get", "os.environ.setdefault", "os.environ.pop", "os.getenv",
        }:  # fmt: skip
            name = node.args[0]
        elif isinstance(node, ast.keyword) and node.arg == "envvar":
            name = node.value
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            yield name.value


def _used() -> set[str]:
    files = [*modules(), ROOT / "tools" / "setup.py"]
    return {name for file in files for name in _environment_names(ast.parse(file.read_text("utf-8")))} - INTERNAL


def _documented() -> set[str]:
    return set(ROW.findall(PAGE.read_text("utf-8")))


def test_every_environment_variable_is_documented() -> None:
    assert _used() - _documented() == set()


def test_every_documented_environment_variable_is_read() -> None:
    assert {name for name in _documented() if name.isupper()} - _used() == set()


def test_every_entry_of_node_toml_is_documented() -> None:
    entries = {f"node.{name}" for name in Home.__dataclass_fields__ if name not in {"path", "extra", "mail"}}
    documented = {name for name in _documented() if name.startswith("node.")}
    assert entries == documented
    assert {f"mail.{name}" for name in KNOWN} == {name for name in _documented() if name.startswith("mail.")}


def test_the_page_says_where_settings_are_read() -> None:
    assert (PACKAGE / "node" / "settings.py").exists()
    assert "node.toml" in PAGE.read_text("utf-8")
