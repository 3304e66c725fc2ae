"""`contraparte ledger`: check the logs of a node, take proofs out of them, write the policy to verify proofs by."""

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="ledger", no_args_is_help=True, help="Check the tamper-evident logs of a node and prove entries."
)

HomeOption = Annotated[Path, typer.Option("--home", help="Folder of the node.", file_okay=False)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
LogOption = Annotated[str | None, typer.Option("--log", help="Origin of the log, such as mx.fge-son/us.ntc/2026.")]


@app.command()
def fsck(home: HomeOption, as_json: JsonOption = False) -> None:
    """Derive every log again from its leaves and name the first bad one. Exit code 0 if all holds, 1 if not."""
    from contraparte.start import open_home

    open_home(home)
    from contraparte.ledger.fsck import check_ledger

    if as_json:
        report = check_ledger()
        typer.echo(json.dumps(report.to_json()))
        raise typer.Exit(0 if report.ok else 1)

    from rich.progress import Progress, SpinnerColumn, TextColumn

    with Progress(SpinnerColumn(), TextColumn("{task.completed:,.0f} leaves"), transient=True) as progress:
        task = progress.add_task("leaves", total=None)
        report = check_ledger(lambda done: progress.update(task, completed=done))
    typer.echo(
        f"{report.logs} logs, {report.leaves} leaves, {report.checkpoints} checkpoints, {report.tiles} tiles, "
        f"{report.matched} messages matched with the other side"
    )
    bad = report.first_bad_leaf
    if bad is not None:
        typer.echo(f"first bad leaf: {bad.origin} index {bad.index}")
    for finding in report.findings:
        place = finding.origin if finding.index is None else f"{finding.origin} index {finding.index}"
        typer.echo(f"{finding.code}: {place}{': ' if finding.detail else ''}{finding.detail}")
    typer.echo("everything holds" if report.ok else f"{len(report.findings)} findings")
    raise typer.Exit(0 if report.ok else 1)


@app.command()
def prove(
    message_id: Annotated[str, typer.Argument(help="The message, as its page shows it.")],
    home: HomeOption,
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write, FILE.tlog-proof.")],
    kind: Annotated[str | None, typer.Option(help="Prove this event, such as message:delivered.")] = None,
    log: LogOption = None,
) -> None:
    """Write a proof that a message is in a log of this node: its release, or else its acceptance."""
    from contraparte.protocol.errors import ContraparteError
    from contraparte.start import open_home

    open_home(home)
    from contraparte.ledger import queries
    from contraparte.ledger.rules.leaves import parse_leaf
    from contraparte.protocol.ids import parse_uuid

    try:
        proofs = queries.prove_message(parse_uuid(message_id, "message_id"), kinds=[kind] if kind else [], origin=log)
    except ContraparteError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    rank = {"message:released": 0, "message:accepted": 1, "message:rejected": 2}
    proof = min(proofs, key=lambda one: rank.get(str(parse_leaf(one.extra or b"").kind), 3))
    output.write_bytes(proof.to_bytes())
    leaf = parse_leaf(proof.extra or b"")
    origin = proof.checkpoint.split(b"\n", 1)[0].decode()
    level = queries.level_of(queries.log_of(origin), proof.index)
    typer.echo(f"{leaf.kind} at index {proof.index} of {origin} ({level}): {output}")


@app.command()
def policy(
    home: HomeOption,
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write.")],
    log: LogOption = None,
    quorum: Annotated[str, typer.Option(help="peer: the other side must have cosigned; none: it need not.")] = "peer",
) -> None:
    """Write whom to trust when verifying proofs from a log: its keys, and its counterpart as witness.

    One file is about one log: a key may stand in it only once (C2SP tlog-policy).
    """
    from contraparte.protocol.errors import ContraparteError
    from contraparte.start import open_home

    open_home(home)
    from contraparte.ledger.policies import trust_policy

    try:
        output.write_text(trust_policy(log, quorum=quorum), "utf-8")
    except ContraparteError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(f"written: {output}")


GROUPS: dict[str, typer.Typer] = {"ledger": app}
