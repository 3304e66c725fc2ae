"""`contraparte exchange …`: pouches for a cut-off node, evidence packages; files are in `file_commands`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from contraparte.directory.lineage_commands import lineage
from contraparte.exchange import file_commands

app = typer.Typer(
    name="exchange",
    no_args_is_help=True,
    help="Files of drafts and messages; exchange with a node that was cut off; evidence packages.",
)
app.add_typer(file_commands.app)
GROUPS: dict[str, typer.Typer] = {"exchange": app}

HomeOption = Annotated[
    Path, typer.Option("--home", help="Folder of the node.", envvar="CONTRAPARTE_HOME", file_okay=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


@contextmanager
def _opened(home: Path) -> Iterator[datetime]:
    """Open the home and give the time; what is refused on purpose ends the command with its code and its words."""
    from contraparte.directory.console import refuse
    from contraparte.protocol.errors import ContraparteError
    from contraparte.start import open_home

    open_home(home)
    try:
        yield datetime.now(UTC)
    except ContraparteError as error:
        refuse(error)


@contextmanager
def _bar(what: str, total: int | None, unit: str, quiet: bool) -> Iterator[Any]:
    """A progress bar on the error stream; gives a function that takes how much more is done."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn(what), BarColumn(), TextColumn("{task.completed:,.0f} " + unit))
    with Progress(*columns, console=Console(stderr=True, quiet=quiet), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.advance(task, done)


@app.command("export")
def export_pouch(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The pouch to write; must not exist.")],
    to: Annotated[str, typer.Option("--to", help="An agency of the node it goes to, as us.ntc.")],
    home: HomeOption,
    above: Annotated[
        int, typer.Option(min=0, help="Number this pouch above NUMBER, after the home was restored from a backup.")
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """Write what waits for another node into one file. Nothing counts as sent until its receipt is back."""
    with _opened(home) as now:
        from contraparte.exchange.packing import pack

        with _bar("packing", None, "envelopes, receipts and directories", as_json) as told:
            made = pack(to, file, now=now, above=above, told=lambda _, done: told(done))
    manifest = made.manifest
    counts = {kind: manifest.count(kind) for kind in ("messages", "receipts")}
    found = {"file": str(file), "number": manifest.number, "to": manifest.recipient, "sha256": made.sha256.hex()}
    if as_json:
        typer.echo(json.dumps({**found, **counts, "unanswered": made.unheard, "unfinished": made.unfinished}))
        return
    typer.echo(f"pouch {manifest.number} for the node of {manifest.recipient}: {file}")
    typer.echo(f"{counts['messages']} messages, {counts['receipts']} receipts; SHA-256 {made.sha256.hex()}")
    if made.unfinished:
        typer.echo(f"files of {made.unfinished} messages go on in the next pouch, after the answer to this one")
    if made.unheard:
        typer.echo(f"not answered yet: {', '.join(map(str, made.unheard))}")


@app.command("import")
def import_pouch(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A pouch, or the answer to one.", dir_okay=False)],
    home: HomeOption,
    answer: Annotated[
        Path | None, typer.Option(help="Where to write the answer to a pouch; default: FILE.answer.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Take in a pouch as if it had come over the network, and write its answer. May be repeated."""
    with _opened(home) as now:
        from contraparte.exchange.unpacking import take_in

        size = file.stat().st_size if file.exists() else 0
        with _bar("reading", 2 * size or None, "bytes", as_json) as told:
            taken = take_in(file, answer=answer or file.with_name(f"{file.name}.answer"), now=now, progress=told)
    if as_json:
        typer.echo(json.dumps(_taken_json(taken)))
    else:
        _print_taken(taken)
    if taken.refused:
        raise typer.Exit(1)


def _taken_json(taken: Any) -> dict[str, Any]:
    counts = {
        name: getattr(taken, name) for name in ("accepted", "rejected", "deferred", "receipts", "heads", "share_bytes")
    }
    return {
        "kind": taken.manifest.kind,
        "number": taken.manifest.number,
        "from": taken.manifest.sender,
        "again": taken.again,
        **counts,
        "directories": taken.directories,
        "refused": taken.refused,
        "missing": taken.missing,
        "answer": str(taken.answer) if taken.answer else None,
    }


def _print_taken(taken: Any) -> None:
    manifest = taken.manifest
    again = " (taken in before)" if taken.again else ""
    typer.echo(f"{manifest.kind} {manifest.number} from the node of {manifest.sender}{again}")
    typer.echo(
        f"{taken.accepted} messages accepted, {taken.rejected} refused, {taken.deferred} put off; "
        f"{taken.receipts} receipts kept"
    )
    if taken.share_bytes:
        typer.echo(f"{taken.share_bytes} bytes of files")
    for country, outcome in taken.directories.items():
        typer.echo(f"directory of {country}: {outcome}")
    for code, count in taken.refused.items():
        typer.echo(f"not taken: {count} ({code})")
    for first, last in taken.missing:
        typer.echo(f"missing: pouch {first}" if first == last else f"missing: pouches {first} to {last}")
    if taken.answer:
        typer.echo(f"carry this answer back: {taken.answer}")


@app.command("package")
def make_package(  # noqa: PLR0917 (each is an option with a name)
    conversation: Annotated[str, typer.Argument(help="The conversation, by the id its page shows.")],
    home: HomeOption,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder or FILE.zip to write; must not exist.")],
    items: Annotated[
        list[str] | None, typer.Option("--items", help="Only this message; repeat it. Default: every message.")
    ] = None,
    agency: Annotated[str, typer.Option(help="Whose side, where several agencies of this node take part.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Write an evidence package that `contraparte tlog verify-package` checks without any node."""
    with _opened(home) as now:
        from contraparte.exchange.packaging import write_package
        from contraparte.exchange.queries import conversation_by_id

        found = conversation_by_id(conversation, agency)
        with _bar("packaging", None, "messages", as_json) as told:
            package = write_package(found, output, uuids=items, now=now, told=told)
    if as_json:
        facts = {"path": str(output), "items": len(package.items), "uncosigned": package.uncosigned}
        typer.echo(json.dumps({**facts, "agency": found.agency}))
        return
    typer.echo(f"{len(package.items)} messages of {found.agency}: {output}")
    if package.uncosigned:
        typer.echo(f"{package.uncosigned} not cosigned yet: a policy that asks for the other side refuses these")
    origins = ", ".join(sorted({item.row.log_origin for item in package.items}))
    typer.echo(f"give the expert, by another way, a policy for {origins}: `contraparte ledger policy --log …`")


@lineage.command("orphans")
def list_orphans(home: HomeOption, as_json: JsonOption = False) -> None:
    """List every record whose post has passed its work on and that nobody holds; there must be none."""
    with _opened(home) as now:
        from dataclasses import asdict

        from contraparte.exchange.orphans import orphans

        found = orphans(now)
        if as_json:
            typer.echo(json.dumps([asdict(one) for one in found], indent=1))
        for one in found if not as_json else ():
            typer.echo(f"{one.kind} {one.id}  {one.post}")
        if not found and not as_json:
            typer.echo("none")
        if found:
            raise typer.Exit(1)
