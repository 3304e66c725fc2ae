"""Tokens of programs, for who keeps the node: commands list and end them; none makes one (ADR 0105)."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from contraparte.web.models import ApiToken

app = typer.Typer(no_args_is_help=True, help="Tokens of programs: who holds which, and an end to one.")
GROUPS: dict[str, typer.Typer] = {"token": app}

Home = Annotated[Path, typer.Option("--home", help="The node's folder.")]
FOUND_MAX = 200  # characters read; longer than any token


@app.callback()
def token() -> None:
    """Tokens of programs: who holds which, and an end to one. A token is made by its holder, on the page of tokens."""


@app.command("list")
def list_tokens(
    home: Home,
    person: Annotated[str, typer.Option("--person", help="Only those of this username.")] = "",
    post: Annotated[str, typer.Option("--post", help="Only those for this post, as mx.fge-son/firearms.")] = "",
    ended: Annotated[bool, typer.Option("--ended", help="Those that have ended or expired as well.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """List tokens: number, holder, post, scopes, until when, last used. What they are for is their holders' word."""
    from contraparte.start import open_home

    open_home(home)
    from django.utils import timezone

    from contraparte.web.api.tokens import tokens_on_node

    now = timezone.now()
    rows = [_told(row) for row in tokens_on_node(now=now, username=person, post=post, ended=ended)[:1000]]
    if as_json:
        import json

        typer.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        used = f"last used {row['used_at']}" if row["used_at"] else "never used"
        end = f"ended {row['ended_at']}" if row["ended_at"] else f"until {row['expires_at']}"
        typer.echo(f"{row['id']} {row['person']} {row['post']} {','.join(row['scopes'])}, {end}, {used}")
    if not rows:
        typer.echo("no token")


@app.command("end")
def end_token(
    home: Home,
    number: Annotated[int, typer.Argument(help="The token's number, as `token list` prints it.")] = 0,
    found: Annotated[
        bool, typer.Option("--found", help="Read the text of a token that was found somewhere from standard input.")
    ] = False,
) -> None:
    """End a token at once. Its holder reads on the page of tokens that the keeper ended it."""
    from contraparte.start import open_home

    if bool(number) == found:
        _refuse("name the token by its number, or give its text with --found; not both")
    open_home(home)
    from django.utils import timezone

    from contraparte.web.api.tokens import revoke_token, token_of_text
    from contraparte.web.models import ApiToken

    rows = ApiToken.objects.select_related("tenure__person", "tenure__post")
    row = token_of_text(_text()) if found else rows.filter(pk=number).first()
    if row is None:
        _refuse("no token of this node" if found else f"no token {number}; `contraparte token list --ended` lists all")
    told = _told(row)
    is_new = revoke_token(row, now=timezone.now(), by_keeper=True)
    state = "ended" if is_new else f"had ended already: {told['ended_at']}"
    typer.echo(f"{told['id']} {told['person']} {told['post']}: {state}")


def _text() -> str:
    """Not an argument of the command: those stand in the list of processes and in the shell's history."""
    return typer.get_text_stream("stdin").read(FOUND_MAX).strip()


def _told(row: "ApiToken") -> dict[str, Any]:
    person = row.tenure.person
    return {
        "id": row.pk,
        "person": person.username if person is not None else "",
        "post": row.tenure.post_id,
        "scopes": row.scopes,
        "expires_at": _instant(row.expires_at),
        "used_at": _instant(row.used_at),
        "ended_at": _instant(row.revoked_at),
        "ended_by_keeper": row.revoked_by_keeper,
    }


def _instant(at: Any) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at is not None else ""


def _refuse(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(1)
