"""Commands for files: put into drafts and read again from a terminal, in pieces, whatever their size."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from contraparte.directory.models import Tenure
    from contraparte.exchange.models import Attachment

app = typer.Typer(no_args_is_help=True)

READ_BYTES = 1024 * 1024  # held in memory at a time

Home = Annotated[Path, typer.Option("--home", help="The node's folder.")]
AsUser = Annotated[str, typer.Option("--as", help="Username of the person on whose behalf this is done.")]
AtPost = Annotated[str, typer.Option("--post", help="The post acted for, as mx.fge-son/firearms.")]


@app.command("attach")
def attach_files(
    draft: Annotated[str, typer.Argument(help="The draft's id: the number of the message it becomes.")],
    files: Annotated[list[Path], typer.Argument(help="The files, of any size.", exists=True, dir_okay=False)],
    *,
    home: Home,
    username: AsUser,
    post: AtPost,
) -> None:
    """Put files into a draft, sealed while they are read; approvals given before no longer count."""
    from contraparte.start import open_home

    open_home(home)
    import mimetypes

    from django.utils import timezone

    from contraparte.exchange import attaching
    from contraparte.exchange.models import Draft
    from contraparte.protocol.errors import ContraparteError

    tenure = _tenure(username, post)
    row = Draft.objects.select_related("conversation").filter(agency=tenure.post.agency_id, uuid=_uuid(draft)).first()
    if row is None:
        _refuse(f"no draft {draft} at {post}")
    for file in files:
        try:
            added = attaching.attach_pieces(
                row,
                _pieces(file),
                name=file.name,
                media_type=mimetypes.guess_type(file.name)[0] or "",
                by=tenure,
                now=timezone.now(),
            )
        except ContraparteError as error:
            _refuse(f"{file.name}: {error}")
        typer.echo(f"{added.name}: {added.size} bytes, sha256 {bytes(added.sha256).hex()}")


@app.command("files")
def list_files(
    message: Annotated[str, typer.Argument(help="The message's number.")], home: Home, username: AsUser, post: AtPost
) -> None:
    """List the files of a message that left or came in, with size and hash."""
    from contraparte.start import open_home

    open_home(home)
    for row in _files_of(_tenure(username, post), message):
        here = "" if row.file else ", no longer here"
        typer.echo(f"{row.number} {row.name}: {row.size} bytes, sha256 {bytes(row.sha256).hex()}{here}")


@app.command("save")
def save_file(
    message: Annotated[str, typer.Argument(help="The message's number.")],
    number: Annotated[int, typer.Argument(help="The file's number, as `exchange files` lists it.")],
    target: Annotated[Path, typer.Argument(help="Where to write it; an existing file is not replaced.")],
    *,
    home: Home,
    username: AsUser,
    post: AtPost,
) -> None:
    """Write a file of a message to disk, after every byte of it was proven; that it was taken is on record."""
    from contraparte.start import open_home

    open_home(home)
    from django.utils import timezone

    from contraparte.exchange import attaching
    from contraparte.protocol.errors import ContraparteError

    tenure = _tenure(username, post)
    row = next((one for one in _files_of(tenure, message) if one.number == number), None)
    if row is None:
        _refuse(f"no file {number} in the message {message} at {post}")
    if target.exists():
        _refuse(f"{target} exists; nothing is replaced")
    try:
        pieces = attaching.give_out(row, by=tenure, now=timezone.now())
        with target.open("xb") as handle:
            for piece in pieces:
                handle.write(piece)
    except ContraparteError as error:
        _refuse(f"{row.name}: {error}")
    typer.echo(f"{target}: {row.size} bytes, sha256 {bytes(row.sha256).hex()}")


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as handle:
        while piece := handle.read(READ_BYTES):
            yield piece


def _uuid(read: str) -> str:
    from contraparte.protocol.errors import ContraparteError
    from contraparte.protocol.ids import parse_uuid

    try:
        return parse_uuid(read)
    except ContraparteError:
        _refuse(f"{read} is no number of a message or draft")


def _files_of(tenure: "Tenure", message: str) -> "QuerySet[Attachment]":
    """The files of a message in a conversation of the post; none of any other."""
    from contraparte.exchange.models import Attachment

    rows = Attachment.objects.filter(message__uuid=_uuid(message), message__conversation__post_id=tenure.post_id)
    return rows.select_related("message", "draft").order_by("pk")


def _tenure(username: str, post: str) -> "Tenure":
    """The running tenure of that person in that post, in a role that sees content; exits 1 otherwise."""
    from contraparte.directory.acting import sees_content
    from contraparte.directory.console import acting_or_exit

    return acting_or_exit(username, post, holds=sees_content)


def _refuse(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(1)
