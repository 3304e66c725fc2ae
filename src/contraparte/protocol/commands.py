"""`contraparte tlog …`: check a proof or an evidence package offline, without a node or the code that wrote either.

It shares no code with the writer (P5.6): verification in `tlog`, files in `notes` and `tlog_proof`, and in
`leaf_reading` its own reading of the leaf.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(name="tlog", no_args_is_help=True, help="Verify proofs from transparency logs offline.")


@app.callback()
def group() -> None:
    """Verify proofs from transparency logs offline."""


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="The proof, FILE.tlog-proof.", exists=True, dir_okay=False)],
    policy: Annotated[Path, typer.Option(help="Whom to trust: logs, witnesses, quorum.", exists=True, dir_okay=False)],
    leaf: Annotated[Path | None, typer.Option(help="The leaf's bytes, where the proof does not carry them.")] = None,
    message_id: Annotated[str | None, typer.Option(help="Also require that the leaf is about this message.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Verify that an entry is in a trusted log under a cosigned head. Exit code 0 if it is, 1 if not."""
    from contraparte.protocol.errors import ContraparteError, NoteMalformedError
    from contraparte.protocol.leaf_reading import read_leaf
    from contraparte.protocol.tlog import leaf_hash
    from contraparte.protocol.tlog_proof import TlogProof, TrustPolicy, verify_proof

    try:
        proof = TlogProof.parse(file.read_bytes())
        data = leaf.read_bytes() if leaf else proof.extra
        if data is None:
            raise NoteMalformedError(field="extra", reason="no_leaf")
        verdict = verify_proof(proof, leaf_hash(data), TrustPolicy.parse(policy.read_bytes()))
        told = read_leaf(data)
        if message_id is not None and told.get("message_id") != message_id:
            raise NoteMalformedError(field="message_id", reason="another_message")
    except ContraparteError as error:
        if as_json:
            typer.echo(json.dumps({"ok": False, "code": error.code, **{k: str(v) for k, v in error.params.items()}}))
        else:
            typer.echo(f"not proven: {error}", err=True)
        raise typer.Exit(1) from error
    witnesses = {name: datetime.fromtimestamp(at, UTC).isoformat() for name, at in verdict.witnesses.items()}
    head = verdict.head
    if as_json:
        found = {"ok": True, "origin": head.origin, "size": head.size, "index": verdict.index, "witnesses": witnesses}
        typer.echo(json.dumps({**found, "leaf": told}))
        return
    typer.echo(f"proven: index {verdict.index} of {head.origin}, under its head of {head.size} leaves")
    for name, at in witnesses.items():
        typer.echo(f"cosigned by {name} at {at}")
    for name, value in told.items():
        typer.echo(f"{name}: {value}")


@app.command("verify-package")
def verify_package_command(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="An evidence package: a folder or a zip file.")],
    policy: Annotated[
        list[Path],
        typer.Option(help="Whom to trust: logs and witnesses. Repeat it for each log.", exists=True, dir_okay=False),
    ],
    root: Annotated[
        list[str] | None,
        typer.Option(help="COUNTRY=FINGERPRINT of a directory's first root, as handed over; repeat it."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Verify everything in an evidence package and name what was changed. Exit code 0 if all holds, 1 if not."""
    from dataclasses import asdict

    from contraparte.protocol.errors import ContraparteError
    from contraparte.protocol.package import verify_package
    from contraparte.protocol.package_reading import open_package
    from contraparte.protocol.tlog_proof import TrustPolicy

    pinned = dict(_root(text) for text in root or [])
    try:
        policies = [TrustPolicy.parse(file.read_bytes()) for file in policy]
        verdict = verify_package(open_package(path), policies, pinned)
    except ContraparteError as error:
        if as_json:
            typer.echo(json.dumps({"ok": False, "code": error.code, **{k: str(v) for k, v in error.params.items()}}))
        else:
            typer.echo(f"not verified: {error}", err=True)
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(json.dumps({"ok": verdict.ok, **asdict(verdict)}))
        raise typer.Exit(0 if verdict.ok else 1)
    for finding in verdict.findings:
        typer.echo(f"{finding.code}: {finding.path}{f' ({finding.detail})' if finding.detail else ''}")
    for origin in verdict.logs:
        typer.echo(f"no policy names the log {origin}: its head was held to the directory in the package only")
    for country, fingerprint in verdict.roots.items():
        known = "as handed over" if country in pinned else "compare it with the one handed over"
        typer.echo(f"first root of {country}: {fingerprint} ({known})")
    if not verdict.ok:
        typer.echo(f"not verified: {len(verdict.findings)} findings")
        raise typer.Exit(1)
    typer.echo(f"verified: {verdict.items} messages, {verdict.proofs} proofs, packaged by {verdict.agency}")


def _root(text: str) -> tuple[str, str]:
    country, _, fingerprint = text.partition("=")
    read = fingerprint.lower().translate(str.maketrans("", "", " :"))
    if len(country) != 2 or len(read) != 64:
        raise typer.BadParameter("COUNTRY=FINGERPRINT, two letters and 64 hex digits", param_hint="--root")
    return country, read


GROUPS: dict[str, typer.Typer] = {"tlog": app}
