"""Commands of this room: recoveries and traces from a terminal, for scripts and for who prefers it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from contraparte.directory.models import Tenure

app = typer.Typer(no_args_is_help=True, help="Firearm traces: import recovered guns, list and show traces.")
GROUPS: dict[str, typer.Typer] = {"trace": app}

Home = Annotated[Path, typer.Option("--home", help="The node's folder.")]
AsUser = Annotated[str, typer.Option("--as", help="Username of the person on whose behalf this is done.")]
AtPost = Annotated[str, typer.Option("--post", help="The post acted for, as mx.fge-son/firearms.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def _tenure(username: str, post: str, permission: str) -> "Tenure":
    """The running tenure of that person in that post, with the permission; exits 1 with the reason otherwise."""
    from contraparte.directory.console import acting_or_exit
    from contraparte.web.permissions import may

    return acting_or_exit(username, post, holds=lambda tenure: may(tenure, permission))


@app.command("list")
def list_traces(
    home: Home,
    username: AsUser,
    post: AtPost,
    answered: Annotated[bool, typer.Option("--answered", help="Show answered traces instead of open ones.")] = False,
    as_json: Json = False,
) -> None:
    """List the traces of a post, what is due first on top."""
    from contraparte.start import open_home

    open_home(home)
    from contraparte.traces import queries

    tenure = _tenure(username, post, "traces.view")
    rows = [*queries.walks(tenure, concluded=answered), *queries.desk(tenure, concluded=answered)]
    _print(
        [
            {
                "reference": row.reference,
                "serial": row.serial,
                "gun": row.description,
                "state": row.code or row.state,
                "waits_on": row.holder,
                "due_at": row.due_at.isoformat() if row.due_at else None,
            }
            for row in rows
        ],
        as_json=as_json,
    )


@app.command("show")
def show_trace(
    reference: Annotated[str, typer.Argument(help="The trace's number, as T-26-000031.")],
    home: Home,
    username: AsUser,
    post: AtPost,
    as_json: Json = False,
) -> None:
    """Show one trace: its state, its chain and its result."""
    from contraparte.start import open_home

    open_home(home)
    from contraparte.traces.actions.requesting import sent_state
    from contraparte.traces.models import Trace

    tenure = _tenure(username, post, "traces.view")
    number = reference.rpartition("-")[2]
    trace = Trace.objects.filter(pk=int(number), post_id=tenure.post_id).first() if number.isdigit() else None
    if trace is None or trace.reference != reference:
        typer.echo(f"no trace {reference} at {post}", err=True)
        raise typer.Exit(1)
    told: dict[str, Any] = {
        "reference": trace.reference,
        "state": sent_state(trace),
        "code": trace.code,
        "chain": trace.result.get("chain", []),
        "purchaser": trace.result.get("purchaser", {}),
        "withheld": trace.result_withheld,
        "first_retail_on": trace.first_retail_on.isoformat() if trace.first_retail_on else None,
        "last_retail_on": trace.last_retail_on.isoformat() if trace.last_retail_on else None,
        "time_to_crime_days": trace.time_to_crime_days,
        "marking": trace.marking,
    }
    if as_json:
        _print(told, as_json=True)
        return
    for name, value in told.items():
        if value:
            typer.echo(f"{name}: {value}")


@app.command("import")
def import_recovered(
    file: Annotated[Path, typer.Argument(help="Rows of guns, CSV or XLSX; the first row names the columns.")],
    *,
    home: Home,
    username: AsUser,
    post: AtPost,
    event: Annotated[str, typer.Option("--event", help="The recovery the guns belong to, as E-26-000004.")],
    as_json: Json = False,
) -> None:
    """Read recovered guns from a file into a recovery; each refused row is named, the others are saved."""
    from contraparte.start import open_home

    open_home(home)
    from django.utils import timezone

    from contraparte.protocol.errors import ContraparteError
    from contraparte.traces.actions.recording import import_rows
    from contraparte.traces.models import Event
    from contraparte.traces.rows import read_file
    from contraparte.web.wording import words_of

    tenure = _tenure(username, post, "traces.record")
    number = event.rpartition("-")[2]
    found = Event.objects.filter(pk=int(number), post_id=tenure.post_id).first() if number.isdigit() else None
    if found is None or found.reference != event:
        typer.echo(f"no recovery {event} at {post}", err=True)
        raise typer.Exit(1)
    try:
        report = import_rows(found, read_file(file.name, file.read_bytes()), by=tenure, now=timezone.now())
    except ContraparteError as refusal:
        typer.echo(f"{words_of(refusal).title} {words_of(refusal).remedy}", err=True)
        raise typer.Exit(1) from refusal
    told = {
        "saved": len(report.saved),
        "refused": [
            {"row": one.row, "code": one.error.code, "title": words_of(one.error).title} for one in report.refused
        ],
    }
    if as_json:
        _print(told, as_json=True)
    else:
        typer.echo(f"{len(report.saved)} saved, {len(report.refused)} refused")
        for one in report.refused:
            typer.echo(f"row {one.row}: {words_of(one.error).title} ({one.error.code})")
    if report.refused:
        raise typer.Exit(1)


def _print(told: Any, *, as_json: bool) -> None:
    """JSON, or a table of equal mappings."""
    if as_json:
        import json

        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*(told[0] if told else ("nothing",)))
    for row in told:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console().print(table)
