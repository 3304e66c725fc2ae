"""`contraparte tlog verify`: check a proof file offline, without a node, a database or the code that wrote the log.

It shares no code with the writer (P5.6): verification in `tlog`, files in `notes` and `tlog_proof`, and its own reading
of the leaf, after docs/protocol/ledger.md.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(name="tlog", no_args_is_help=True, help="Verify proofs from transparency logs offline.")

_KINDS = (
    "log:opened",
    "message:released",
    "message:accepted",
    "message:rejected",
    "message:delivered",
    "message:opened",
    "message:used",
    "message:deleted",
    "message:resealed",
    "message:erased",
    "hold:placed",
    "hold:lifted",
    "node:recovered",
    "message:recalled",
)
_MAX_MINUTE = int(datetime(9999, 12, 31, 23, 59, tzinfo=UTC).timestamp()) // 60
_FIELDS = ("envelope_hash", "commitment", "signature_hash")


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


def read_leaf(data: bytes) -> dict[str, Any]:
    """What a leaf of this protocol says, as text; nothing for a leaf of another log."""
    import cbor2

    try:
        fields = cbor2.loads(data)
    except (cbor2.CBORError, ValueError):
        return {}
    if not _is_ours(fields):
        return {}
    _, kind, direction, message_id, *hashes, references, retention, minute = fields
    told: dict[str, Any] = {"kind": _KINDS[kind - 1] if 1 <= kind <= len(_KINDS) else f"kind {kind}"}
    told["direction"] = ("none", "out", "in")[direction] if direction in (0, 1, 2) else str(direction)
    if message_id:
        text = message_id.hex()
        told["message_id"] = "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
    told.update({name: value.hex() for name, value in zip(_FIELDS, hashes, strict=True) if value})
    if references:
        told["references"] = [reference.hex() for reference in references]
    if retention:
        told["retention"] = retention
    told["at"] = datetime.fromtimestamp(minute * 60, UTC).isoformat()
    return told


def _is_ours(fields: Any) -> bool:
    """Whether a decoded leaf has the ten fields of version 1, each of its type."""
    if not isinstance(fields, list) or len(fields) != 10 or fields[0] != 1:
        return False
    _, kind, direction, *hashes, references, retention, minute = fields
    numbers = all(type(number) is int and 0 <= number <= _MAX_MINUTE for number in (kind, direction, minute))
    whole = all(one is None or isinstance(one, bytes) for one in hashes)
    return (
        numbers
        and whole
        and isinstance(retention, str)
        and isinstance(references, list)
        and all(isinstance(reference, bytes) for reference in references)
    )


GROUPS: dict[str, typer.Typer] = {"tlog": app}
