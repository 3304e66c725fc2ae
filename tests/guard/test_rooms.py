"""Rooms use only rooms below them, also where import-linter cannot look.

It sees imports. It does not see foreign keys named by text, migrations, templates, addresses by name or models by
name; these tests do.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.db.migrations.loader import MigrationLoader
from django.db.models import Field

from tests.guard.ground import HEIGHTS, PACKAGE, may_use, modules, room_of, shown

TEMPLATE_USE = re.compile(r"""{%\s*(?:extends|include|url|component|load)\s+["']?([a-z_]+)(?=[/:"'\s])[/:]?""")
LOAD = re.compile(r"{%\s*load\s+([^%]+)%}")
# Functions whose first text argument, or second for `render`, names something of a room: "room/…", "room:…", "room.…".
NAMING_CALLS = {
    "get_model", "reverse", "reverse_lazy", "redirect", "render", "render_to_string", "get_template", "import_module",
    "import_string", "include", "NavItem", "resolve_url", "select_template", "ForeignKey", "OneToOneField",
    "ManyToManyField",
}  # fmt: skip
NAMED_ROOM = re.compile(r"^(?:contraparte\.)?([a-z_]+)[/:.]")


def test_every_room_stands_in_the_contract() -> None:
    folders = {folder.name for folder in PACKAGE.iterdir() if (folder / "__init__.py").exists()}
    modules_beside = {file.stem for file in PACKAGE.glob("*.py")} - {"__init__"}
    assert folders | modules_beside == set(HEIGHTS)


def test_foreign_keys_point_down_and_leave_no_accessor_in_a_lower_room() -> None:
    wrong = []
    for model in apps.get_models(include_auto_created=True):
        room = model._meta.app_label
        if room not in HEIGHTS:
            continue
        for field in model._meta.get_fields():
            if not isinstance(field, Field) or not field.is_relation or field.related_model is None:
                continue
            other = field.related_model._meta.app_label
            where = f"{model._meta.label}.{field.name} → {other}"
            if not may_use(room, other):
                wrong.append(f"{where} points up or sideways")
            if other in HEIGHTS and other != room and not field.remote_field.hidden:
                wrong.append(f'{where} needs related_name="+"')
    assert not wrong


def test_the_ledger_names_agencies_by_text() -> None:
    relations = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_app_config("ledger").get_models()
        for field in model._meta.get_fields()
        if isinstance(field, Field) and field.is_relation and field.related_model._meta.app_label != "ledger"
    ]
    assert not relations


def test_migrations_depend_downwards() -> None:
    wrong = [
        f"{key[0]}.{key[1]} depends on {needed[0]}.{needed[1]}"
        for key, migration in MigrationLoader(None).disk_migrations.items()
        for needed in migration.dependencies
        if key[0] in HEIGHTS and needed[0] in HEIGHTS and not may_use(key[0], needed[0])
    ]
    assert not wrong


def _rooms_in_template(file: Path) -> Iterator[str]:
    text = file.read_text("utf-8")
    yield from TEMPLATE_USE.findall(text)
    for names in LOAD.findall(text):
        for library in names.split():
            owners = [tag.parents[1].name for tag in PACKAGE.rglob(f"templatetags/{library}.py")]
            yield from owners


def test_templates_use_rooms_below_only() -> None:
    wrong = [
        f"{shown(file)} uses {other}"
        for file in sorted(PACKAGE.rglob("*.html"))
        for other in _rooms_in_template(file)
        if not may_use(room_of(file), other)
    ]
    assert not wrong


def test_a_template_lies_in_the_folder_of_its_own_room() -> None:
    # web alone overrides templates of libraries (sign-in) and answers errors for the whole node.
    wrong = []
    for file in sorted(PACKAGE.rglob("templates/*/*")):
        room = room_of(file)
        folder = file.relative_to(PACKAGE / room / "templates").parts[0]
        if folder != room and room != "web":
            wrong.append(shown(file))
    assert not wrong


def _names_in_code(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if called not in NAMING_CALLS:
            continue
        for value in [*call.args[:2], *(word.value for word in call.keywords if word.arg in {"url_name", "to"})]:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                match = NAMED_ROOM.match(value.value)
                if match:
                    yield call.lineno, match[1]


def test_names_in_code_stay_in_rooms_below() -> None:
    wrong = []
    for file in modules():
        room = room_of(file)
        if room not in HEIGHTS:
            continue
        wrong += [
            f"{shown(file)}:{line} names {other}"
            for line, other in _names_in_code(ast.parse(file.read_text("utf-8")))
            if not may_use(room, other)
        ]
    assert not wrong


def test_handlers_are_reached_through_the_registry_only() -> None:
    wrong = [
        f"{shown(file)}:{node.lineno}"
        for file in modules()
        if file.name not in {"apps.py", "registrations.py"}
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        and (str(node.module).endswith(".handlers") or any(name.name == "handlers" for name in node.names))
    ]
    assert not wrong
