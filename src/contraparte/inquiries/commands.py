"""Commands of this room: inquiries from a terminal, for scripts and for who prefers it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from contraparte.directory.models import Tenure
    from contraparte.inquiries.models import Inquiry

app = typer.Typer(no_args_is_help=True, help="Inquiries: list and show what posts ask each other.")
GROUPS: dict[str, typer.Typer] = {"inquiry": app}

Home = Annotated[Path, typer.Option("--home", help="The node's folder.")]
AsUser = Annotated[str, typer.Option("--as", help="Username of the person on whose behalf this is done.")]
AtPost = Annotated[str, typer.Option("--post", help="The post acted for, as mx.fge-son/assistance.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def _tenure(username: str, post: str) -> "Tenure":
    """The running tenure of that person in that post, with the right to look; exits 1 with the reason otherwise."""
    from contraparte.directory.console import acting_or_exit
    from contraparte.web.permissions import may

    return acting_or_exit(username, post, holds=lambda tenure: may(tenure, "inquiries.view"))


def _inquiry(tenure: "Tenure", reference: str) -> "Inquiry":
    """The inquiry of that number; exits 1 where this tenure sees none."""
    from contraparte.inquiries import queries

    number = reference.rpartition("-")[2]
    is_number = number.isdigit() and len(number) < 10
    found = queries.inquiries_of(tenure).filter(pk=int(number)).first() if is_number else None
    if found is None or found.reference != reference:
        typer.echo(f"no inquiry {reference} at {tenure.post_id}", err=True)
        raise typer.Exit(1)
    return found


@app.command("list")
def list_inquiries(
    home: Home,
    username: AsUser,
    post: AtPost,
    ended: Annotated[bool, typer.Option("--ended", help="Show ended inquiries instead of open ones.")] = False,
    as_json: Json = False,
) -> None:
    """List the inquiries of a post, what is due first on top."""
    from contraparte.start import open_home

    open_home(home)
    from django.utils import timezone

    from contraparte.inquiries import queries

    told = [
        {
            "reference": row.inquiry.reference,
            "kind": row.inquiry.family,
            "with": row.inquiry.counterpart,
            "state": row.standing.state,
            "waits_on": row.owed.holder if row.owed else "",
            "due_at": row.due_at.isoformat() if row.due_at else None,
        }
        for row in queries.desk(_tenure(username, post), timezone.now(), ended=ended)
    ]
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    for one in told:
        typer.echo("  ".join(str(value or "–") for value in one.values()))
    if not told:
        typer.echo("nothing to list")


@app.command("show")
def show_inquiry(
    reference: Annotated[str, typer.Argument(help="The inquiry's own number, as I-26-000031.")],
    home: Home,
    username: AsUser,
    post: AtPost,
    as_json: Json = False,
) -> None:
    """Show one inquiry: where it stands, what may be done now, its steps, time by stage and by side."""
    from contraparte.start import open_home

    open_home(home)
    from django.utils import timezone

    from contraparte.inquiries.rules.times import time_by_holder, time_by_stage
    from contraparte.inquiries.standings import standing_of

    tenure = _tenure(username, post)
    found = _inquiry(tenure, reference)
    now = timezone.now()
    standing = standing_of(found, now)
    stages = standing.fold.stages
    told: dict[str, Any] = {
        "reference": found.reference,
        "their_reference": found.their_reference,
        "kind": found.family,
        "instrument": found.instrument,
        "with": found.counterpart,
        "state": standing.state,
        "open_steps": list(standing.steps),
        "steps": [[event.at.isoformat(), event.side, event.step] for event in standing.fold.applied],
        "crossed": [[event.at.isoformat(), event.side, event.step] for event in standing.fold.crossed],
        "seconds_by_stage": {
            name: round(lasted.total_seconds()) for name, lasted in time_by_stage(stages, now).items()
        },
        "seconds_by_side": {
            side: round(lasted.total_seconds()) for side, lasted in time_by_holder(stages, now).items()
        },
        "marking": found.marking,
    }
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    for name, value in told.items():
        if value:
            typer.echo(f"{name}: {value}")


@app.command("letter")
def write_letter(
    reference: Annotated[str, typer.Argument(help="The inquiry's own number, as I-26-000031.")],
    home: Home,
    username: AsUser,
    post: AtPost,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the PDF is written.")],
) -> None:
    """Write a letter of request as a PDF in English and Spanish, and print its version."""
    from contraparte.start import open_home

    open_home(home)
    from contraparte.inquiries import queries
    from contraparte.inquiries.letters import letter_of
    from contraparte.protocol.errors import LetterIncompleteError
    from contraparte.web.letters import render_letter

    found = _inquiry(_tenure(username, post), reference)
    body = queries.letter_body(found) if found.family == "letter" else {}
    if not body:
        typer.echo(f"{reference} has no letter", err=True)
        raise typer.Exit(1)
    try:
        letter = letter_of(body)
        out.write_bytes(render_letter(letter))
    except LetterIncompleteError as error:
        typer.echo(f"{error.code}: {error.params['field']} is missing in {error.params['language']}", err=True)
        raise typer.Exit(1) from error
    typer.echo(letter.version)
