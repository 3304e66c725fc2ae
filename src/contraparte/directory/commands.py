"""Commands of this room."""

import typer

GROUPS: dict[str, typer.Typer] = {}
