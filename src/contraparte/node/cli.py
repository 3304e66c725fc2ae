"""The command `contraparte`: one group of commands per room, found in the room's `commands.py`.

A room's `commands.py` offers `app: typer.Typer` and imports Django inside its functions only, so that
`contraparte tlog verify` starts without it. `--home DIR` is an option of each command that works on a node.
"""

import importlib

import typer

ROOMS = (
    "node", "directory", "ledger", "exchange", "books", "traces", "inquiries", "outcomes", "groups", "web", "protocol",
)  # fmt: skip

app = typer.Typer(
    name="contraparte",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Agencies of two countries work a case together while each keeps its own records.",
)


def assemble() -> typer.Typer:
    """Collect every room's commands. `commands.GROUPS` maps a group's name to its Typer application."""
    for room in ROOMS:
        commands = importlib.import_module(f"contraparte.{room}.commands")
        for name, group in commands.GROUPS.items():
            app.add_typer(group, name=name)
    return app


def main() -> None:
    """Entry point of the installed command."""
    assemble()()


if __name__ == "__main__":
    main()
