"""Commands of this room: the quarterly figures for scripts and for who prefers a terminal."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from contraparte.directory.models import Tenure

app = typer.Typer(no_args_is_help=True, help="Outcomes: what came of the exchanges, counted once.")
GROUPS: dict[str, typer.Typer] = {"outcome": app}


@app.callback()
def outcome() -> None:
    """Outcomes: what came of the exchanges, counted once."""


@app.command("report")
def report(  # noqa: PLR0917 (each is an option with a name)
    home: Annotated[Path, typer.Option("--home", help="The node's folder.")],
    username: Annotated[str, typer.Option("--as", help="Username of the person on whose behalf this is done.")],
    post: Annotated[str, typer.Option("--post", help="The post acted for, as mx.fge-son/firearms.")],
    other: Annotated[str, typer.Option("--with", help="The other agency, as us.ntc.")],
    quarter: Annotated[str, typer.Option("--quarter", help="The quarter, as 2026Q4.")],
    as_of: Annotated[
        str,
        typer.Option(
            "--as-of", help="Count what both sides held at this instant, as 2026-12-31T23:00:00Z; now otherwise."
        ),
    ] = "",
    only_post: Annotated[bool, typer.Option("--only-post", help="Only what this post asked or answered.")] = False,
    public: Annotated[
        bool, typer.Option("--public", help="The version to publish: fewer than five hidden, no ids.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
) -> None:
    """The figures of two agencies over a quarter; both nodes print the same."""
    from contraparte.start import open_home

    open_home(home)
    from django.utils import timezone

    from contraparte.outcomes import collecting
    from contraparte.outcomes.rules.publishing import rows_of, to_json
    from contraparte.outcomes.rules.quarters import Quarter
    from contraparte.protocol.encoding import parse_instant
    from contraparte.protocol.errors import ContraparteError
    from contraparte.protocol.ids import agency_of, parse_agency_id
    from contraparte.web.wording import words_of

    agency = agency_of(_tenure(username, post).post_id)
    try:
        at = parse_instant(as_of, "as-of") if as_of else timezone.now()
        wanted = Quarter.parse(quarter)
        found = collecting.figures_of(
            agency, parse_agency_id(other, "with"), wanted, as_of=at, post=post if only_post else ""
        )
    except ContraparteError as refusal:
        typer.echo(f"{words_of(refusal).title} {words_of(refusal).remedy}", err=True)
        raise typer.Exit(1) from refusal
    rows = rows_of(found, public=public)
    since = collecting.incomplete_since(agency, other)
    if since is not None:
        typer.echo(f"incomplete since {since.isoformat()}: something may not have crossed yet", err=True)
    if as_json:
        import json

        told = to_json(found, rows, incomplete_since=since.isoformat() if since else "")
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    elif as_csv:
        import io

        from contraparte.outcomes.figure_views import write_csv

        text = io.StringIO()
        write_csv(text, found, rows)
        typer.echo(text.getvalue(), nl=False)
    else:
        from rich.console import Console
        from rich.table import Table

        table = Table("section", "subject", "agency", "measure", "value")
        for row in rows:
            shown = "< 5" if row.hidden else "" if row.value is None else str(row.value)
            table.add_row(row.section, row.subject, row.agency, row.measure, shown)
        Console().print(table)


def _tenure(username: str, post: str) -> "Tenure":
    """The running tenure of that person in that post; exits 1 with the reason where it may not see figures."""
    from contraparte.directory.console import acting_or_exit
    from contraparte.web.permissions import may

    return acting_or_exit(username, post, holds=lambda tenure: may(tenure, "outcomes.figures"))
