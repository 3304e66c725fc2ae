"""Commands about meetings and how well a group is kept: for its secretary, who looks and prints."""

import json
from pathlib import Path
from typing import Annotated

import typer

from contraparte.groups.console import AsUser, AtPost, Home, Json, Number, group_of, say, tenure_of

MeetingNumber = Annotated[int, typer.Argument(help="The meeting's number in its group, as `group meetings` prints it.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="The PDF file to write.")]


def list_meetings(number: Number, home: Home, username: AsUser, post: AtPost, as_json: Json = False) -> None:
    """List the meetings of a group in the order they were called: when, how each stands, its minutes."""
    from contraparte.start import open_home

    open_home(home)
    from zoneinfo import ZoneInfo

    row = group_of(tenure_of(username, post), number)
    told = [
        {
            "meeting": one.number,
            "starts": one.starts.astimezone(ZoneInfo(one.zone)).strftime("%Y-%m-%d %H:%M"),
            "zone": one.zone,
            "state": one.state,
            "minutes": one.minutes,
        }
        for one in row.meetings.order_by("number")
    ]
    say(told, as_json=as_json)


def show_health(number: Number, home: Home, username: AsUser, post: AtPost) -> None:
    """Show as JSON how well a group is kept, when it should meet next, and what it left open."""
    from contraparte.start import open_home

    open_home(home)
    from dataclasses import asdict

    from django.utils import timezone

    from contraparte.groups import meeting_presenting, queries
    from contraparte.groups.actions.meeting import proposed_agenda

    tenure, now = tenure_of(username, post), timezone.now()
    row, standing = queries.standing(tenure, group_of(tenure, number).pk, now)
    planned = meeting_presenting.planned(row, standing, now)
    told = {
        "group": row.pk,
        "state": row.state,
        "dormant_at": row.dormant_at,
        **asdict(meeting_presenting.health(row, standing, now)),
        "next_planned": planned.day if planned else None,
        "left_open": proposed_agenda(row, now),
    }
    told["came"] = {"ours" if side == row.our_side else "theirs": many for side, many in told["came"].items()}
    typer.echo(json.dumps(told, ensure_ascii=False, indent=2, default=str))


def print_minutes(  # noqa: PLR0917 (each is an option with a name)
    number: Number, meeting: MeetingNumber, home: Home, username: AsUser, post: AtPost, output: Output
) -> None:
    """Write the minutes of a meeting as a PDF in both languages; prints how they stand."""
    from contraparte.start import open_home

    open_home(home)
    from django.utils import timezone

    from contraparte.groups import queries
    from contraparte.groups.minutes_pdf import render_minutes

    tenure, now = tenure_of(username, post), timezone.now()
    row, standing = queries.standing(tenure, group_of(tenure, number).pk, now)
    told = next((one for one in standing.meetings.values() if one.number == meeting), None)
    if told is None or told.current_minutes is None:
        typer.echo(f"no minutes of meeting {meeting} in group {number}", err=True)
        raise typer.Exit(1)
    try:
        output.write_bytes(render_minutes(row, standing, told, now))
    except OSError as refused:
        typer.echo(f"cannot write {output}: {refused}", err=True)
        raise typer.Exit(1) from refused
    typer.echo(f"{told.current_minutes.state} {output}")
