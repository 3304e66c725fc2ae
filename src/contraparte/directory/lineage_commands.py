"""`contraparte directory lineage …`: announce, review and look at changes of agencies."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from contraparte.directory.console import AsJson, HomeOption, Output, opened

if TYPE_CHECKING:
    from contraparte.directory.models import LineageStatement

EventId = Annotated[str, typer.Argument(help="The id of the change, as absorb-2027.")]
InName = Annotated[str, typer.Option("--country", help="The country in whose name to sign.")]
StatementId = Annotated[str, typer.Argument(help="Its number, or the first eight characters or more.")]

lineage = typer.Typer(no_args_is_help=True, help="Changes of agencies: who became whom, when, on what legal basis.")


@lineage.command()
def check(file: Annotated[Path, typer.Argument(help="A change, not signed yet.")], home: HomeOption) -> None:
    """Read a change and name the first thing wrong with it, by all that this node knows."""
    with opened(home):
        from contraparte.directory import lineage as known
        from contraparte.directory.rules.lineage import read_event

        event = read_event(file.read_bytes())
        known.check_now(event)
        typer.echo(f"{event.id} {event.hash} to be signed by {', '.join(sorted(event.signers))}")


@lineage.command()
def sign(
    file: Annotated[Path, typer.Argument(help="The change to announce or amend.")],
    home: HomeOption,
    country: InName,
    output: Output,
) -> None:
    """Sign a change in the name of a country, and write the signed file for the publisher and the other side."""
    with opened(home) as now:
        from contraparte.directory import actions

        row = actions.sign_event(file.read_bytes(), country=country, now=now)
        output.write_bytes(actions.signed_event(row).to_bytes())
        typer.echo(f"{row.event} {row.hash} {_state(row.is_complete)}")


@lineage.command()
def agree(event: EventId, home: HomeOption, country: InName, output: Output) -> None:
    """Sign the version that would win, as the other side published it."""
    with opened(home) as now:
        from contraparte.directory import actions

        row = actions.agree_to_event(event, country=country, now=now)
        output.write_bytes(actions.signed_event(row).to_bytes())
        typer.echo(f"{row.event} {row.hash} {_state(row.is_complete)}")


@lineage.command()
def dispute(
    event: EventId,
    home: HomeOption,
    country: InName,
    output: Output,
    rows: Annotated[
        Path, typer.Option("--rows", help='File {"rows": [{"from": post, "reason": words, "language": "en" or "es"}]}.')
    ],
) -> None:
    """Dispute rows of the version that would win, each with a reason; sign that and write it for the publisher."""
    with opened(home) as now:
        from contraparte.directory import reviewing
        from contraparte.directory.rules.lineage_statements import read_rows

        _hand_out(reviewing.dispute_event(event, read_rows(rows.read_bytes()), country=country, now=now), output)


@lineage.command()
def pause(
    *,
    event: EventId,
    home: HomeOption,
    country: InName,
    output: Output,
    begins: Annotated[datetime, typer.Option("--from", help="First instant, UTC.")],
    until: Annotated[datetime, typer.Option(help="Last instant, UTC; 90 days later at most.")],
) -> None:
    """Propose that the clocks of the threads the change moves stand still; it counts once all have signed it."""
    with opened(home) as now:
        from contraparte.directory import reviewing

        span = {"begins": begins.replace(tzinfo=UTC), "until": until.replace(tzinfo=UTC)}
        _hand_out(reviewing.propose_pause(event, **span, country=country, now=now), output)


@lineage.command("agree-statement")
def agree_statement(statement: StatementId, home: HomeOption, country: InName, output: Output) -> None:
    """Sign a pause, or the early end of one, as the other side published it."""
    with opened(home) as now:
        from contraparte.directory import reviewing

        _hand_out(reviewing.agree_to_statement(statement, country=country, now=now), output)


@lineage.command()
def withdraw(statement: StatementId, home: HomeOption, country: InName, output: Output) -> None:
    """Take back a dispute or a proposed pause; an agreed pause ends once the others sign this too."""
    with opened(home) as now:
        from contraparte.directory import reviewing

        _hand_out(reviewing.withdraw_statement(statement, country=country, now=now), output)


@lineage.command("statements")
def list_statements(home: HomeOption, as_json: AsJson = False) -> None:
    """List what was said of changes: disputes with their reasons, pauses and withdrawals, who signed, what stands."""
    with opened(home):
        from contraparte.directory import lineage_statements

        told = lineage_statements.listed()
        if as_json:
            typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
            return
        for one in told:
            words = (one[name] for name in ("event", "kind", "country", "state", "says"))
            typer.echo("  ".join((one["statement"][:16], *words)))


@lineage.command()
def show(home: HomeOption, as_json: AsJson = False) -> None:
    """List every version of every change, those that lost included."""
    with opened(home):
        from contraparte.directory import lineage as known
        from contraparte.directory.rules.lineage import read_event

        counting = {event.hash for event in known.events()}
        told: list[dict[str, Any]] = [
            {
                "event": row.event,
                "version": row.version,
                "country": row.country,
                "kind": row.kind,
                "from": read_event(bytes(row.document)).document.before,
                "to": read_event(bytes(row.document)).document.after,
                "effective": row.effective.isoformat(),
                "legal_basis_en": read_event(bytes(row.document)).document.legal_basis.en,
                "signed_by": [kid for kid, _ in row.signatures],
                "state": "counts" if row.pk in counting else "lost" if row.is_complete else "not signed by all",
                "hash": row.pk,
            }
            for row in known.versions()
        ]
        if as_json:
            typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
            return
        for one in told:
            typer.echo(
                f"{one['event']} {one['version']}  {one['kind']}  {', '.join(one['from'])} > {', '.join(one['to'])}  "
                f"{one['effective'][:10]}  {one['state']}"
            )


def _state(is_complete: bool) -> str:
    return "counts" if is_complete else "waits for the other signatures"


def _hand_out(row: "LineageStatement", output: Path) -> None:
    """Write a statement with all signatures seen, for the publisher and the other side; its number is said last."""
    from contraparte.directory.reviewing import signed_statement

    output.write_bytes(signed_statement(row).to_bytes())
    typer.echo(f"{row.event} {row.event_hash} {row.kind} {row.pk}")
