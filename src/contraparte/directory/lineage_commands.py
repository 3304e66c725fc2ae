"""`contraparte directory lineage …`: announce, review and look at changes of agencies."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from contraparte.directory.console import AsJson, HomeOption, Output, opened

EventId = Annotated[str, typer.Argument(help="The id of the change, as absorb-2027.")]
InName = Annotated[str, typer.Option("--country", help="The country in whose name to sign.")]

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
