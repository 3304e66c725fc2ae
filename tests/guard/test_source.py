"""House rules about the text of the code itself."""

import ast
import re
from pathlib import Path

import pytest

from tests.guard.ground import PACKAGE, ROOT, modules, shown

LONGEST_MODULE = 400
LONGEST_FUNCTION = 70
REASON_FOR_LENGTH = re.compile(r"\b(lines?|long|length|one place|together)\b", re.IGNORECASE)
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc", "base", "tools", "core"}
# Spelled apart so that this very file does not hold the words.
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX|NotImplemented" + r"Error|st" + r"ub)\b")
PURE = ("protocol", "rules", "messages.py")

ALL_CODE = [*modules(), *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "tools").rglob("*.py"))]


@pytest.fixture(scope="module")
def trees() -> dict[Path, ast.Module]:
    return {file: ast.parse(file.read_text("utf-8"), str(file)) for file in ALL_CODE}


def test_every_init_is_empty() -> None:
    assert not [shown(file) for file in PACKAGE.rglob("__init__.py") if file.read_bytes().strip()]


def test_every_module_says_what_it_is_for(trees: dict[Path, ast.Module]) -> None:
    # apps.py is Django's own shape: a name and registrations. Of tests, the names are the claims.
    silent = [
        shown(file)
        for file, tree in trees.items()
        if file.name not in {"__init__.py", "apps.py"} and "tests" not in file.parts and not ast.get_docstring(tree)
    ]
    assert not silent


def test_a_module_is_short_or_says_why_it_is_long(trees: dict[Path, ast.Module]) -> None:
    long = [
        f"{shown(file)}: {lines} lines"
        for file, tree in trees.items()
        if (lines := file.read_text("utf-8").count("\n")) > LONGEST_MODULE
        and PACKAGE in file.parents
        and not REASON_FOR_LENGTH.search(ast.get_docstring(tree) or "")
    ]
    assert not long


def test_a_function_fits_on_a_page(trees: dict[Path, ast.Module]) -> None:
    long = [
        f"{shown(file)}:{node.lineno} {node.name}: {node.end_lineno - node.lineno} lines"
        for file, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= LONGEST_FUNCTION
        and "tests" not in file.parts
    ]
    assert not long


def test_no_module_has_a_vague_name() -> None:
    vague = [shown(file) for file in modules() if file.stem in VAGUE_NAMES or file.parent.name in VAGUE_NAMES]
    assert not vague


def test_nothing_is_left_unfinished() -> None:
    found = [
        f"{shown(file)}:{number} {line.strip()}"
        for file in ALL_CODE
        for number, line in enumerate(file.read_text("utf-8").split("\n"), 1)
        if UNFINISHED.search(line)
    ]
    assert not found


def test_no_error_is_swallowed(trees: dict[Path, ast.Module]) -> None:
    swallowed = [
        f"{shown(file)}:{node.lineno}"
        for file, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and len(node.body) == 1 and isinstance(node.body[0], ast.Pass)
    ]
    assert not swallowed


def test_pure_code_reads_no_clock(trees: dict[Path, ast.Module]) -> None:
    clocks = {"now", "utcnow", "today", "time", "monotonic", "perf_counter"}
    read = []
    for file, tree in trees.items():
        if PACKAGE not in file.parents or not any(part in PURE for part in file.relative_to(PACKAGE).parts):
            continue
        if file.name == "commands.py":  # the door of a command is an edge, whatever its room
            continue
        read += [
            f"{shown(file)}:{node.lineno} {ast.unparse(node.func)}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in clocks
            and ast.unparse(node.func.value).split(".")[-1] in {"datetime", "date", "time", "timezone"}
        ]
    assert not read


def test_no_test_is_passed_over_or_waits_by_the_clock(trees: dict[Path, ast.Module]) -> None:
    forbidden = {"pytest.skip", "pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail", "pytest.xfail"}
    found = [
        f"{shown(file)}:{node.lineno} {ast.unparse(node)}"
        for file, tree in trees.items()
        if "tests" in file.parts
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and (ast.unparse(node) in forbidden or ast.unparse(node) == "time.sleep")
    ]
    assert not found


def test_every_test_asserts_something(trees: dict[Path, ast.Module]) -> None:
    checks = re.compile(r"(raises|warns|assert|expect|check|verify|refus|audit|run_state_machine)", re.IGNORECASE)
    silent = []
    for file, tree in trees.items():
        if "tests" not in file.parts:
            continue
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test"):
                continue
            seen = any(
                isinstance(inner, ast.Assert | ast.Try)  # "only these errors come out" is a claim, too
                or (isinstance(inner, ast.Call) and checks.search(ast.unparse(inner.func)))
                for inner in ast.walk(node)
            )
            if not seen:
                silent.append(f"{shown(file)}:{node.lineno} {node.name}")
    assert not silent
