"""What commands have in common: their options, opening a home, and how a refusal is told."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from contraparte.protocol.errors import ActingForbiddenError, ContraparteError

if TYPE_CHECKING:
    from contraparte.directory.models import Tenure

HomeOption = Annotated[Path, typer.Option("--home", help="The node's folder.", envvar="CONTRAPARTE_HOME")]
Output = Annotated[Path, typer.Option("--output", "-o", help="The file to write.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]

_words: list[Callable[[ContraparteError], str]] = []


def register_words(say: Callable[[ContraparteError], str]) -> None:
    """Have refusals told in words too: `say` gives what is wrong and how to mend it, in the active language."""
    _words.append(say)


def terminal_language() -> str:
    """The language of who sits at the terminal, as the system says it: es or en."""
    told = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return "es" if told.lower().startswith("es") else "en"


def refuse(error: Exception) -> NoReturn:
    """End the command with exit code 1: the code is for scripts, the words below it for who reads."""
    from django.utils import translation

    typer.echo(f"refused: {error}", err=True)
    if isinstance(error, ContraparteError):
        with translation.override(terminal_language()):
            for say in _words:
                typer.echo(say(error), err=True)
        for field, codes in error.params.get("fields", {}).items():
            typer.echo(f"  {field}: {', '.join(codes)}", err=True)
    raise typer.Exit(1) from error


@contextmanager
def opened(home: Path) -> Iterator[datetime]:
    """Open the home and give the time; what is refused on purpose ends the command in words, not with a traceback."""
    from contraparte.start import open_home

    open_home(home)
    from django.utils import timezone

    try:
        yield timezone.now()
    except (ContraparteError, ValueError, OSError) as error:
        refuse(error)


def acting_or_exit(username: str, post: str, *, holds: "Callable[[Tenure], object]") -> "Tenure":
    """The tenure under which a command acts; one that may not ends the command with the one reason there is."""
    from django.utils import timezone

    from contraparte.directory.acting import acting_tenure

    try:
        return acting_tenure(username, post, holds=holds, now=timezone.now())
    except ActingForbiddenError as error:
        refuse(error)
