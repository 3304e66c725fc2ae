"""Commands of this room: groups from a terminal, for scripts and for who prefers it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from contraparte.directory.models import Tenure
    from contraparte.groups.models import Group
    from contraparte.protocol.errors import ContraparteError

app = typer.Typer(no_args_is_help=True, help="Groups: their state, their charters, what was promised.")
GROUPS: dict[str, typer.Typer] = {"group": app}

Home = Annotated[Path, typer.Option("--home", help="The node's folder.")]
AsUser = Annotated[str, typer.Option("--as", help="Username of the person on whose behalf this is done.")]
AtPost = Annotated[str, typer.Option("--post", help="The post acted for, as mx.fge-son/kidnapping.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")]
Number = Annotated[int, typer.Argument(help="The group's number, as `group list` prints it.")]


def _tenure(username: str, post: str, permission: str = "groups.view") -> "Tenure":
    """The running tenure of that person in that post; exits 1 with the reason where it may not."""
    from contraparte.directory.console import acting_or_exit
    from contraparte.web.permissions import may

    return acting_or_exit(username, post, holds=lambda tenure: may(tenure, permission))


def _group(tenure: "Tenure", number: int) -> "Group":
    """The group of that number; exits 1 where this tenure reads none."""
    from contraparte.groups import queries

    found = queries.groups_of(tenure).filter(pk=number).first()
    if found is None:
        typer.echo(f"no group {number} at {tenure.post_id}", err=True)
        raise typer.Exit(1)
    return found


def _say(told: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False, default=str))
        return
    for one in told:
        typer.echo("  ".join(str(value) if value not in (None, "") else "–" for value in one.values()))
    if not told:
        typer.echo("nothing to list")


def _refuse(error: "ContraparteError") -> None:
    from contraparte.web.wording import words_of

    told = words_of(error)
    named = "".join(f"\n  {field}: {', '.join(codes)}" for field, codes in error.params.get("fields", {}).items())
    typer.echo(f"{told.title} {told.remedy}{named}", err=True)
    raise typer.Exit(1) from error


@app.command("list")
def list_groups(home: Home, username: AsUser, post: AtPost, as_json: Json = False) -> None:
    """List the groups of a post: state, last meeting, next meeting, goals on track, commitments overdue."""
    from contraparte.start import open_home

    open_home(home)
    from django.utils import timezone

    from contraparte.groups import boards

    board = boards.board_of(_tenure(username, post), timezone.now())
    told = [
        {
            "group": row.group.pk,
            "name": row.group.name_en or row.group.name_es,
            "with": row.group.counterpart,
            "state": row.group.state,
            "last_held": row.group.last_held_at.date() if row.group.last_held_at else None,
            "next": row.group.next_at.date() if row.group.next_at else None,
            "on_track": f"{row.on_track}/{len(row.group.goals)}",
            "overdue": row.overdue,
            "vacant": ", ".join(row.vacant),
        }
        for row in (*board.rows, *board.ended)
    ]
    _say(told, as_json=as_json)


@app.command("show")
def show_group(number: Number, home: Home, username: AsUser, post: AtPost) -> None:
    """Show one group as JSON: its charter in force, the texts proposed, its states, what this side owes."""
    from dataclasses import asdict

    from contraparte.start import open_home

    open_home(home)

    from django.utils import timezone

    from contraparte.groups import queries

    tenure = _tenure(username, post)
    row, standing = queries.standing(tenure, _group(tenure, number).pk, timezone.now())
    told = {
        "group": row.pk,
        "name": {"en": row.name_en, "es": row.name_es},
        "state": row.state,
        "owed": row.owed,
        "in_force": standing.in_force.key if standing.in_force else "",
        "charter": asdict(standing.charter) if standing.charter else None,
        "versions": [
            {"key": one.key, "number": one.number, "approved": sorted(one.approved), "declined": dict(one.declined)}
            for one in standing.versions.values()
        ],
        "history": [asdict(one) for one in standing.history],
    }
    typer.echo(json.dumps(told, ensure_ascii=False, indent=2, default=str))


@app.command("propose-charter")
def propose_charter(  # noqa: PLR0917 (each is an option with a name)
    number: Number,
    text: Annotated[Path, typer.Argument(help="A JSON file with the charter, as `charter.propose/1` carries it.")],
    home: Home,
    username: AsUser,
    post: AtPost,
    base: Annotated[str, typer.Option("--base", help="Key of the charter in force that it changes.")] = "",
) -> None:
    """Propose a text of the charter; prints its key and, on stderr, what it still lacks."""
    from contraparte.start import open_home

    open_home(home)
    from django.utils import timezone
    from pydantic import ValidationError

    from contraparte.groups.actions import founding
    from contraparte.groups.messages import Charter
    from contraparte.protocol.errors import ContraparteError

    tenure = _tenure(username, post, "groups.write")
    row = _group(tenure, number)
    try:
        read = Charter.model_validate_json(text.read_text("utf-8")).model_dump(mode="json")
    except (OSError, UnicodeDecodeError, ValidationError) as refused:
        typer.echo(f"{text} is no charter: {refused}", err=True)
        raise typer.Exit(1) from refused
    now = timezone.now()
    try:
        sent = founding.propose_charter(row, read, base=base, by=tenure, now=now)
    except ContraparteError as refused:
        _refuse(refused)
        return
    for gap in founding.gaps_of(row, read, now=now):
        typer.echo(f"{'mind' if gap.warns else 'lacks'} {gap.field}: {gap.code}", err=True)
    typer.echo(str(sent.message.uuid))


@app.command("approve")
def approve_charter(
    number: Number,
    key: Annotated[str, typer.Argument(help="Key of the text, as `group show` prints it.")],
    home: Home,
    username: AsUser,
    post: AtPost,
) -> None:
    """Approve a text of the charter for this side: its sponsor's act."""
    from contraparte.start import open_home

    open_home(home)
    from django.utils import timezone

    from contraparte.groups.actions import founding
    from contraparte.protocol.errors import ContraparteError

    tenure = _tenure(username, post, "groups.approve")
    row = _group(tenure, number)
    try:
        founding.approve_charter(row, key, by=tenure, now=timezone.now())
    except ContraparteError as refused:
        _refuse(refused)
        return
    row.refresh_from_db()
    typer.echo(f"approved; the group is {row.state}")


@app.command("promises")
def list_promises(home: Home, username: AsUser, post: AtPost, as_json: Json = False) -> None:
    """List what both sides of the groups promised each other and still owe, the earliest due first."""
    from contraparte.start import open_home

    open_home(home)
    from contraparte.groups import queries

    rows = queries.promises_of(_tenure(username, post)).filter(is_live=True)[:300]
    told = [
        {
            "commitment": row.pk,
            "group": row.group_id,
            "text": row.text_en or row.text_es,
            "owner": row.owner,
            "due": row.due_on,
            "state": row.state,
            "missed": row.missed_before,
        }
        for row in rows
    ]
    _say(told, as_json=as_json)
