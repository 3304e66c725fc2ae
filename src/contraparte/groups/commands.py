"""Commands of this room: groups from a terminal, for scripts and for who prefers it."""

import json
from pathlib import Path
from typing import Annotated

import typer

from contraparte.directory.console import refuse
from contraparte.groups import meeting_commands
from contraparte.groups.console import AsUser, AtPost, Home, Json, Number, group_of, say, tenure_of

app = typer.Typer(no_args_is_help=True, help="Groups: their state, their charters, what was promised.")
GROUPS: dict[str, typer.Typer] = {"group": app}
app.command("meetings")(meeting_commands.list_meetings)
app.command("health")(meeting_commands.show_health)
app.command("minutes")(meeting_commands.print_minutes)


@app.command("list")
def list_groups(home: Home, username: AsUser, post: AtPost, as_json: Json = False) -> None:
    """List the groups of a post: state, last meeting, next meeting, goals on track, commitments overdue."""
    from contraparte.start import open_home

    open_home(home)
    from django.utils import timezone

    from contraparte.groups import boards

    board = boards.board_of(tenure_of(username, post), timezone.now())
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
    say(told, as_json=as_json)


@app.command("show")
def show_group(number: Number, home: Home, username: AsUser, post: AtPost) -> None:
    """Show one group as JSON: its charter in force, the texts proposed, its states, what this side owes."""
    from dataclasses import asdict

    from contraparte.start import open_home

    open_home(home)

    from django.utils import timezone

    from contraparte.groups import queries

    tenure = tenure_of(username, post)
    row, standing = queries.standing(tenure, group_of(tenure, number).pk, timezone.now())
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

    tenure = tenure_of(username, post, "groups.write")
    row = group_of(tenure, number)
    try:
        read = Charter.model_validate_json(text.read_text("utf-8")).model_dump(mode="json")
    except (OSError, UnicodeDecodeError, ValidationError) as refused:
        typer.echo(f"{text} is no charter: {refused}", err=True)
        raise typer.Exit(1) from refused
    now = timezone.now()
    try:
        sent = founding.propose_charter(row, read, base=base, by=tenure, now=now)
    except ContraparteError as refused:
        refuse(refused)
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

    tenure = tenure_of(username, post, "groups.approve")
    row = group_of(tenure, number)
    try:
        founding.approve_charter(row, key, by=tenure, now=timezone.now())
    except ContraparteError as refused:
        refuse(refused)
    row.refresh_from_db()
    typer.echo(f"approved; the group is {row.state}")


@app.command("decline")
def decline_charter(  # noqa: PLR0917 (each is an option with a name)
    number: Number,
    key: Annotated[str, typer.Argument(help="Key of the text, as `group show` prints it.")],
    home: Home,
    username: AsUser,
    post: AtPost,
    reason: Annotated[str, typer.Option("--reason", help="Why; the other side reads it.")],
) -> None:
    """Decline a text of the charter, or take our own back."""
    from contraparte.start import open_home

    open_home(home)
    from django.utils import timezone

    from contraparte.groups.actions import founding
    from contraparte.protocol.errors import ContraparteError

    tenure = tenure_of(username, post, "groups.decline")
    row = group_of(tenure, number)
    try:
        founding.decline_charter(row, key, reason=reason, by=tenure, now=timezone.now())
    except ContraparteError as refused:
        refuse(refused)
    row.refresh_from_db()
    typer.echo(f"declined; the group is {row.state}")


@app.command("promises")
def list_promises(home: Home, username: AsUser, post: AtPost, as_json: Json = False) -> None:
    """List what both sides of the groups promised each other and still owe, the earliest due first."""
    from contraparte.start import open_home

    open_home(home)
    from contraparte.groups import queries

    rows = queries.promises_of(tenure_of(username, post)).filter(is_live=True)[:300]
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
    say(told, as_json=as_json)
