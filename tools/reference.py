"""Write the pages that the code itself can tell: commands, error codes, roles, operations of the API, decisions,
and the commands in the README.

`--check` writes nothing and fails when a page says something else than the code. Needs no node: commands are read
from the program, errors from the one tree, their words from each room in both languages.
"""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
DECISIONS = ROOT / "docs" / "adr"
README = ROOT / "README.md"
BLOCK = re.compile(r"(<!-- commands: made by make reference -->\n).*?(<!-- end of commands -->)", re.DOTALL)
# Typer reads these when it is imported, so they are set for this process and not only for a call.
PLAIN_TERMINAL = {"TERMINAL_WIDTH": "100", "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
COMMANDS_INTRODUCTION = (
    "What `contraparte --help` and the help of every command print. "
    "Made by `make reference`; a guard test holds it equal to the program."
)
ERRORS_INTRODUCTION = (
    "Everything Contraparte refuses on purpose. A code is stable: peers, pages and scripts may rely on it; words may "
    "improve. `%(name)s` stands for what was read. Made by `make reference` from `protocol/errors.py` and the words "
    "of each room."
)

ROLES_INTRODUCTION = (
    "A person has rights through a tenure: a post, a time, and roles. Only {content} may hold permissions that show "
    "content; the auditor, the administrator and the automatic service each stand alone in a tenure. Every page names "
    "the permission it asks for; a page that names none is refused to everybody. Made by `make reference` from what "
    "the rooms register."
)

API_INTRODUCTION = (
    "What agencies' own systems may ask of a node. A call shows a token of the scope named, whose holder has the "
    "permission named; how it is done stands in [Use the API](../how-to/use-the-api.md). The node serves the same as "
    "an OpenAPI document to who is signed in, from the page of tokens. Made by `make reference` from the operations."
)


@cache
def program() -> Any:
    """The assembled command; the groups may be added to it only once a process."""
    from typer.main import get_command

    from contraparte.node.cli import assemble

    return get_command(assemble())


def help_of(*words: str) -> str:
    """What `contraparte WORDS --help` prints, at a fixed width and without colour."""
    from typer.testing import CliRunner

    from contraparte.node.cli import app

    program()
    result = CliRunner().invoke(app, [*words, "--help"], prog_name="contraparte", env=PLAIN_TERMINAL)
    if result.exit_code:
        raise SystemExit(f"contraparte {' '.join(words)} --help failed: {result.output}")
    return "\n".join(line.rstrip() for line in result.output.strip("\n").split("\n"))


def command_words() -> Iterator[tuple[str, ...]]:
    """Every group and command that `--help` shows, as the words a person types."""

    def walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        yield words
        for name, child in sorted(getattr(command, "commands", {}).items()):
            if not child.hidden:
                yield from walk(child, (*words, name))

    yield from walk(program(), ())


def commands_page() -> str:
    """docs/reference/commands.md: the help of every command, as the program prints it."""
    parts = ["# Commands", COMMANDS_INTRODUCTION]
    for words in command_words():
        title = " ".join(("contraparte", *words))
        parts.append(f"{'##' if len(words) < 2 else '###'} {title}\n\n```text\n{help_of(*words)}\n```")
    return "\n\n".join(parts) + "\n"


def readme() -> str:
    """The README with its block of commands as the program prints it now."""
    text = README.read_text("utf-8")
    if not BLOCK.search(text):
        raise SystemExit("README.md has lost its block of commands")
    return BLOCK.sub(lambda found: f"{found[1]}```text\n{help_of()}\n```\n{found[2]}", text)


def _cell(text: object) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")


def errors_page() -> str:
    """docs/reference/errors.md: every error code with its words in both languages."""
    from django.utils import translation

    from contraparte.protocol import errors
    from contraparte.web.registry import PROBLEMS

    def family(parent: type[errors.ContraparteError]) -> Iterator[type[errors.ContraparteError]]:
        for child in sorted(parent.__subclasses__(), key=lambda error: error.code):
            yield child
            yield from family(child)

    parts = ["# Error codes", ERRORS_INTRODUCTION]
    for branch in sorted(errors.ContraparteError.__subclasses__(), key=lambda error: error.__name__):
        said = (branch.__doc__ or "").strip().split("\n")[0]
        rows = ["| code | what is wrong | how to mend it | en español |", "|---|---|---|---|"]
        for error in sorted({branch, *family(branch)}, key=lambda found: found.code):
            problem = PROBLEMS.get(error.code)
            if problem is None:
                continue
            with translation.override("en"):
                title, remedy = _cell(problem.title), _cell(problem.remedy)
            with translation.override("es"):
                spanish = f"{_cell(problem.title)} {_cell(problem.remedy)}"
            rows.append(f"| `{error.code}` | {title} | {remedy} | {spanish} |")
        parts.append(f"## {branch.__name__}\n\n{said}\n\n" + "\n".join(rows))
    return "\n\n".join(parts) + "\n"


def roles_page() -> str:
    """docs/reference/roles.md: which role holds which permission, as the rooms registered them."""
    from contraparte.directory.rules.roles import CONTENT_ROLES, Role
    from contraparte.web.permissions import PERMISSIONS

    shown = [role for role in Role if role is not Role.SERVICE]
    rows = [f"| permission | {' | '.join(shown)} |", f"|---|{'---|' * len(shown)}"]
    for permission, holders in sorted(PERMISSIONS.items()):
        marks = " | ".join("yes" if role in holders else "" for role in shown)
        rows.append(f"| `{permission}` | {marks} |")
    content = ", ".join(sorted(CONTENT_ROLES))
    return (
        "\n\n".join(
            (
                "# Roles and permissions",
                ROLES_INTRODUCTION.format(content=content),
                "\n".join(rows),
            )
        )
        + "\n"
    )


def api_page() -> str:
    """docs/reference/api.md: every operation of the API, with the scope and the permission it asks for."""
    from contraparte.web.api.mounting import operations

    rows = ["| operation | scope | permission | what it does |", "|---|---|---|---|"]
    for one in operations():
        address = one.path.replace("int:", "")
        rows.append(f"| `{one.method} {address}` | {one.door.scope} | `{one.door.permission}` | {_cell(one.told)} |")
    return "\n\n".join(("# API for programs", API_INTRODUCTION, "\n".join(rows))) + "\n"


def decisions_page() -> str:
    """docs/adr/index.md with its table of decisions, one row a file."""
    page = DECISIONS / "index.md"
    introduction = page.read_text("utf-8").split("| decision |")[0]
    rows = ["| decision | status |", "|---|---|"]
    for file in sorted(DECISIONS.glob("0*.md")):
        lines = file.read_text("utf-8").splitlines()
        status = next((line for line in lines[1:] if line.strip()), "").replace("**Status**", "").strip()
        rows.append(f"| [{lines[0].removeprefix('# ')}]({file.name}) | {status.split('.')[0]} |")
    return introduction + "\n".join(rows) + "\n"


def pages() -> dict[Path, str]:
    """Every generated page and what it should hold."""
    return {
        REFERENCE / "commands.md": commands_page(),
        REFERENCE / "errors.md": errors_page(),
        REFERENCE / "roles.md": roles_page(),
        REFERENCE / "api.md": api_page(),
        DECISIONS / "index.md": decisions_page(),
        README: readme(),
    }


def main() -> None:
    """Write the pages, or with `--check` compare them."""
    with tempfile.TemporaryDirectory(prefix="contraparte-reference-") as home:
        os.environ.update(PLAIN_TERMINAL, CONTRAPARTE_HOME=home)
        os.environ["DJANGO_SETTINGS_MODULE"] = "contraparte.node.settings"
        import django

        django.setup()
        wanted = pages()
    stale = [file for file, text in wanted.items() if not file.exists() or file.read_text("utf-8") != text]
    if "--check" in sys.argv:
        if stale:
            names = ", ".join(str(file.relative_to(ROOT)) for file in stale)
            sys.exit(f"not what the code says: {names}; run make reference")
        return
    for file in stale:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(wanted[file], "utf-8")
        print(f"wrote {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
