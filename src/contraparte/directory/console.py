"""What the commands of this room have in common: their options, and opening a home."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contraparte.protocol.errors import ActingForbiddenError, ContraparteError

if TYPE_CHECKING:
    from contraparte.directory.models import Tenure

HomeOption = Annotated[Path, typer.Option("--home", help="The node's folder.", envvar="CONTRAPARTE_HOME")]
Output = Annotated[Path, typer.Option("--output", "-o", help="The file to write.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]


@contextmanager
def opened(home: Path) -> Iterator[datetime]:
    """Open the home and give the time; what is refused on purpose ends the command with its code, not a traceback."""
    from contraparte.start import open_home

    open_home(home)
    from django.utils import timezone

    try:
        yield timezone.now()
    except (ContraparteError, ValueError, OSError) as error:
        typer.echo(f"refused: {error}", err=True)
        raise typer.Exit(1) from error


def acting_or_exit(username: str, post: str, *, holds: "Callable[[Tenure], object]") -> "Tenure":
    """The tenure under which a command acts; one that may not ends the command with the one reason there is."""
    from django.utils import timezone

    from contraparte.directory.acting import acting_tenure

    try:
        return acting_tenure(username, post, holds=holds, now=timezone.now())
    except ActingForbiddenError as error:
        typer.echo(f"refused: {error}", err=True)
        raise typer.Exit(1) from error
