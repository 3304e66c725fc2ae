"""`contraparte node …`: found, serve, work, look after, back up and restore a node."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from contraparte.node.demo import app as demo

HOME = Path("contraparte-home")

app = typer.Typer(no_args_is_help=True, help="Found, run and look after a node: a folder with its database and keys.")
GROUPS: dict[str, typer.Typer] = {"node": app, "demo": demo}

HomeOption = Annotated[
    Path, typer.Option("--home", envvar="CONTRAPARTE_HOME", help="the node's folder", file_okay=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="write JSON for programs instead of text for people")]


@app.command()
def init(  # noqa: PLR0917 (each is an option with a name)
    home: HomeOption = HOME,
    name: Annotated[str, typer.Option(help="what people call this node")] = "",
    operator: Annotated[
        str, typer.Option(help="agency that runs the node, as mx.fge-son; its keys are made here")
    ] = "",
    url: Annotated[str, typer.Option(help="address under which peers and people reach it")] = "http://127.0.0.1:8000",
    database_url: Annotated[
        str, typer.Option(help="postgresql://user:password@host/name; empty keeps SQLite in the folder")
    ] = "",
    time_zone: Annotated[str, typer.Option(help="time zone of the node's people, as America/Hermosillo")] = "UTC",
) -> None:
    """Make a node: folder, settings, database and the operator's keys. Never overwrites anything."""
    from datetime import UTC, datetime

    from contraparte.node.founding import HomeTakenError, Settings, found
    from contraparte.protocol.errors import ContraparteError

    settings = Settings(name or operator or home.name, operator, url, database_url, time_zone)
    try:
        made = found(home, settings, now=datetime.now(UTC))
    except (HomeTakenError, ContraparteError, ValueError) as error:
        sys.exit(f"no node was made: {error}")
    typer.echo(f"node {settings.name} is in {made.home}")
    if made.public_keys:
        typer.echo(f"public keys to publish in the directory: {made.public_keys}")
    typer.echo(f"next: contraparte node serve --home {home}   and   contraparte node worker --home {home}")


@app.command()
def migrate(home: HomeOption = HOME) -> None:
    """Bring the database up to date with this release. Make a backup first."""
    from contraparte.start import open_home

    _require_home(home)
    open_home(home, migrate=True)
    typer.echo("the database is up to date")


@app.command()
def serve(
    home: HomeOption = HOME,
    bind: Annotated[str, typer.Option(help="HOST:PORT to listen on; default: from the node's address")] = "",
    processes: Annotated[int, typer.Option(help="web processes; PostgreSQL only, 0 chooses by the machine")] = 0,
) -> None:
    """Answer people and peers over HTTP until stopped; requests under way are finished."""
    from contraparte.start import open_home

    _require_home(home)
    open_home(home)

    from django.conf import settings

    from contraparte.node import processes as running

    running.require_ready()
    address = bind or running.default_bind(settings.NODE_URL)
    running.serve(
        bind=address,
        url=settings.NODE_URL,
        workers=processes or None,
        announce=lambda url: typer.echo(
            f"{settings.NODE_NAME} answers at {url} (listening on {address}); Ctrl-C stops"
        ),
    )


@app.command()
def worker(home: HomeOption = HOME) -> None:
    """Deliver messages, handle what arrived, keep clocks and logs, until stopped; what is under way is finished."""
    from contraparte.start import open_home

    _require_home(home)
    open_home(home)

    from contraparte.node import processes as running
    from contraparte.protocol.errors import ContraparteError

    running.require_ready()
    typer.echo("the worker is at work; Ctrl-C stops it")
    try:
        running.work()
    except ContraparteError as error:
        sys.exit(f"the worker stopped: {error.code}: {error}")


@app.command()
def status(home: HomeOption = HOME, as_json: JsonOption = False) -> None:
    """Show database, directory, log heads against the guard, what waits and for how long. Exit code 1 on a problem."""
    import json
    from datetime import UTC, datetime

    from contraparte.start import open_home

    _require_home(home)
    open_home(home)

    from contraparte.node.standing import standing

    report = standing(datetime.now(UTC))
    if as_json:
        typer.echo(json.dumps(report, indent=1, ensure_ascii=False))
    else:
        _print_status(report)
    if report["problems"]:
        raise typer.Exit(1)


@app.command()
def backup(
    to: Annotated[Path, typer.Argument(metavar="FILE", help="the backup to write; must not exist")],
    home: HomeOption = HOME,
    keys_to: Annotated[
        Path | None, typer.Option(help="also write the private keys, to a file of their own for another safe")
    ] = None,
) -> None:
    """Write a consistent copy of the node while it works. Keys and guard are left out on purpose."""
    from datetime import UTC, datetime

    from contraparte.start import open_home

    _require_home(home)
    open_home(home)

    from contraparte.node import backup as copies
    from contraparte.node.database_copy import BackupDamagedError

    try:
        manifest = copies.back_up(to, now=datetime.now(UTC))
        saved = copies.save_keys(keys_to, home) if keys_to else 0
    except (BackupDamagedError, OSError) as error:
        sys.exit(f"no backup was made: {error}")
    typer.echo(f"{to}: {len(manifest.parts)} parts, {sum(part.size for part in manifest.parts):,} bytes")
    if keys_to:
        typer.echo(f"{keys_to}: {saved} keys; keep it where no backup lies")
    else:
        typer.echo("keys are not in it; `--keys-to FILE` writes them apart")


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="a backup", exists=True, dir_okay=False)],
    home: HomeOption = HOME,
    keys: Annotated[
        Path | None, typer.Option(help="the file that `backup --keys-to` wrote", exists=True, dir_okay=False)
    ] = None,
    check_only: Annotated[
        bool, typer.Option("--check-only", help="read the backup to its end and make nothing")
    ] = False,
) -> None:
    """Make a node from a backup, in an empty folder. It signs nothing until it knows how far it had signed."""
    from datetime import UTC, datetime

    from contraparte.node import backup as copies
    from contraparte.node.database_copy import BackupDamagedError, load_tables
    from contraparte.node.founding import HomeTakenError

    try:
        if check_only:
            manifest = copies.verify(source)
            typer.echo(f"{source} is whole: {manifest.node}, {manifest.made_at}, {len(manifest.parts)} parts")
            return
        manifest = copies.restore(source, home, keys=keys, now=datetime.now(UTC))
        if manifest.vendor != "sqlite":
            from contraparte.start import open_home

            open_home(home)
            load_tables(home)
    except (BackupDamagedError, HomeTakenError, OSError) as error:
        sys.exit(f"nothing was restored: {error}")
    typer.echo(f"{home}: node {manifest.node} as of {manifest.made_at}")
    if keys is None:
        typer.echo("it has no keys yet: put them back with `--keys`, or from their safe into keys/")
    typer.echo(
        f"it starts only after `contraparte node rejoin --home {home}` has asked its peers how far it had signed"
    )


@app.command()
def rejoin(
    home: HomeOption = HOME,
    without: Annotated[
        list[str] | None, typer.Option(help="an agency or operator whose silence is accepted; may be repeated")
    ] = None,
) -> None:
    """After a restore: ask peers how far this node's logs had gone; open the node if none knows a later head."""
    from datetime import UTC, datetime

    from contraparte.start import open_home

    _require_home(home)
    open_home(home)

    from contraparte.exchange.transport import LedgerTransport
    from contraparte.node import rejoining

    found = rejoining.rejoin(LedgerTransport(), without=frozenset(without or ()), now=datetime.now(UTC))
    for line in found.reasons:
        typer.echo(line)
    if not found.may_start:
        sys.exit("the node stays shut; docs/how-to/back-up-and-restore.md says what to do")
    typer.echo(f"{found.asked} logs compared; the node may start")


@app.command("demo-hand", hidden=True)
def demo_hand(home: HomeOption = HOME) -> None:
    """Obey the driver of the demo: JSON lines on stdin, answers on stdout."""
    from contraparte.node.demo_hand import obey

    obey(home.absolute())


def _require_home(home: Path) -> None:
    """Exit with a sentence when there is no node in the folder."""
    if not (home / "node.toml").exists():
        sys.exit(f"there is no node in {home}: `contraparte node init --home {home}` makes one")


def _print_status(report: dict[str, Any]) -> None:
    """The report for people."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    database = report["database"]
    console.print(f"[bold]{report['node']}[/bold]  {report['url']}")
    console.print(f"database  {database['vendor']} {database['version']}, {database['bytes'] / 1e6:.1f} MB")
    for row in report.get("directory", []):
        console.print(
            f"directory {row['country']}  {row['freshness']}, version {row['version']}, until {row['expires_at']}"
        )
    if report.get("heads"):
        table = Table("log", "size", "guard", "cosigned", box=None)
        for head in report["heads"]:
            table.add_row(head["origin"], *(str(head[name]) for name in ("size", "guard_size", "cosigned_size")))
        console.print(table)
    for name, value in report.get("road", {}).items():
        console.print(f"{name.replace('_', ' ')}  {'–' if value in (None, '') else value}")
    for name, value in report.get("attachments", {}).items():
        console.print(f"files {name.replace('_', ' ')}  {value}")
    for problem in report["problems"]:
        console.print(f"[red]problem[/red]  {problem}")
    if not report["problems"]:
        console.print("[green]nothing needs a person[/green]")
