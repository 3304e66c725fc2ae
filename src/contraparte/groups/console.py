"""What the commands of this room have in common: their options, who acts, the group that is meant."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from contraparte.directory.models import Tenure
    from contraparte.groups.models import Group

Home = Annotated[Path, typer.Option("--home", help="The node's folder.")]
AsUser = Annotated[str, typer.Option("--as", help="Username of the person on whose behalf this is done.")]
AtPost = Annotated[str, typer.Option("--post", help="The post acted for, as mx.fge-son/kidnapping.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")]
Number = Annotated[int, typer.Argument(help="The group's number, as `group list` prints it.")]


def tenure_of(username: str, post: str, permission: str = "groups.view") -> "Tenure":
    """The running tenure of that person in that post; exits 1 with the reason where it may not."""
    from contraparte.directory.console import acting_or_exit
    from contraparte.web.permissions import may

    return acting_or_exit(username, post, holds=lambda tenure: may(tenure, permission))


def group_of(tenure: "Tenure", number: int) -> "Group":
    """The group of that number; exits 1 where this tenure reads none."""
    from contraparte.groups import queries

    found = queries.groups_of(tenure).filter(pk=number).first()
    if found is None:
        typer.echo(f"no group {number} at {tenure.post_id}", err=True)
        raise typer.Exit(1)
    return found


def say(told: list[dict[str, Any]], *, as_json: bool) -> None:
    """Rows as lines, or as JSON."""
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False, default=str))
        return
    for one in told:
        typer.echo("  ".join(str(value) if value not in (None, "") else "–" for value in one.values()))
    if not told:
        typer.echo("nothing to list")
