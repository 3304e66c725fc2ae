"""The commands `contraparte book …`: import a file, search, rebuild an index, list what a home holds."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from contraparte.books.models import Book, Import
    from contraparte.books.search import Answer, Candidate
    from contraparte.directory.models import Agency

app = typer.Typer(no_args_is_help=True, help="A custodian's books: bring them in, search them by a damaged serial.")
GROUPS: dict[str, typer.Typer] = {"book": app}

Home = Annotated[Path, typer.Option("--home", help="The node's folder; an empty one is set up for its books only.")]
Named = Annotated[str, typer.Option("--book", help="Name of the book.")]
Custodian = Annotated[str, typer.Option("--agency", help="The custodian's agency, where the home holds several.")]

LOCAL_AGENCY = "xx.local"  # the custodian of a home that is used for its books and belongs to no directory


@contextmanager
def _refusals() -> Iterator[None]:
    """Say a refusal in words on standard error and exit with 1."""
    from contraparte.protocol.errors import ContraparteError

    try:
        yield
    except ContraparteError as refusal:
        from contraparte.web.wording import words_of

        words = words_of(refusal)
        typer.echo(f"{words.title} {words.remedy} [{words.code}]", err=True)
        raise typer.Exit(1) from None


@app.command("import")
def import_command(  # noqa: PLR0917  (options of a command)
    file: Annotated[Path, typer.Argument(help="CSV with the columns of 27 CFR 478.125.", exists=True, dir_okay=False)],
    home: Home,
    book: Named,
    agency: Custodian = "",
    dates: Annotated[str, typer.Option(help="How day and month are written: dmy, mdy or iso.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Bring a file into a book. The same file again adds nothing; an interrupted import goes on where it ended."""
    from contraparte.start import open_home

    open_home(home, migrate=True)
    with _refusals():
        from django.utils import timezone

        from contraparte.books.actions import LOCAL_MAINTENANCE, create_book, import_file
        from contraparte.books.rules.dates import DateFormat

        if dates and dates not in set(DateFormat):
            raise typer.BadParameter("dmy, mdy or iso", param_hint="--dates")
        now = timezone.now()
        target = create_book(_agency(agency, book), book, now=now)
        with _progress(not as_json) as advance:
            origin = import_file(
                target,
                file,
                by=LOCAL_MAINTENANCE,
                now=now,
                dates=DateFormat(dates) if dates else None,
                progress=advance,
            )
    _report(origin, as_json)


@contextmanager
def _progress(wanted: bool) -> Iterator[Any]:
    """A bar on standard error that an import tells its bytes; nothing when not `wanted` or no terminal watches."""
    if not wanted or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("import", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _report(origin: "Import", as_json: bool) -> None:
    counts = {name: getattr(origin, name) for name in ("added", "completed", "corrected", "unchanged", "refused")}
    refusals = list(origin.refusals.values("row", "field", "code", "read")[:1000])
    if as_json:
        typer.echo(json.dumps({**counts, "ignored_columns": origin.ignored_columns, "refusals": refusals}))
        return
    typer.echo(", ".join(f"{name} {count:,}" for name, count in counts.items()))
    for refusal in refusals:
        typer.echo(f"  row {refusal['row']}, {refusal['field']}: {refusal['code']} {refusal['read']}".rstrip())
    if origin.refused > len(refusals):
        typer.echo(f"  and {origin.refused - len(refusals):,} more")


def _agency(wanted: str, book: str) -> "Agency":
    """The custodian meant: the one named, the only one, the one that has such a book, or the home's own."""
    from contraparte.books.models import Book
    from contraparte.directory.models import Agency
    from contraparte.protocol.errors import BookNotNamedError

    local = Agency.objects.filter(is_local=True)
    if wanted:
        found = Agency.objects.filter(pk=wanted).first()
        if found is None:
            raise BookNotNamedError(field="agency", choices=", ".join(local.values_list("pk", flat=True)[:10]))
        return found
    candidates = list(local[:2])
    if len(candidates) > 1:
        holders = set(Book.objects.filter(name=book).values_list("agency", flat=True))
        candidates = list(local.filter(pk__in=holders)[:2])
    if len(candidates) == 1:
        return candidates[0]
    if local.exists():
        raise BookNotNamedError(field="agency", choices=", ".join(local.values_list("pk", flat=True)[:10]))
    return Agency.objects.get_or_create(
        pk=LOCAL_AGENCY,
        defaults={
            "country": "xx",
            "name_en": "Books of this home",
            "name_es": "Registros de esta carpeta",
            "kind": "custodian",
            "operator": LOCAL_AGENCY,
            "is_local": True,
        },
    )[0]


def _books(name: str, agency: str) -> "list[Book]":
    """The books meant by the options; those of one custodian only."""
    from contraparte.books.models import Book
    from contraparte.protocol.errors import BookNotNamedError, BookUnknownError

    books = Book.objects.all()
    if agency:
        books = books.filter(agency=agency)
    if name:
        books = books.filter(name=name)
    found = list(books[:200])
    if not found:
        raise BookUnknownError(field="book", book=name or agency)
    owners = sorted({book.agency_id for book in found})
    if len(owners) > 1:
        raise BookNotNamedError(field="agency", choices=", ".join(owners[:10]))
    return found


@app.command("search")
def search_command(  # noqa: PLR0917  (options of a command)
    home: Home,
    query: Annotated[
        str, typer.Argument(help="Serial as read: ? one unread character, * an unread run, [8B] one of these.")
    ] = "",
    book: Named = "",
    agency: Custodian = "",
    purpose: Annotated[str, typer.Option(help="What the search is for; logged.")] = "",
    case: Annotated[str, typer.Option(help="The case it belongs to; logged.")] = "",
    maker: Annotated[str, typer.Option(help="Maker, in any usual spelling.")] = "",
    kind: Annotated[str, typer.Option("--type", help="NCIC type, or a word for it in English or Spanish.")] = "",
    caliber: Annotated[str, typer.Option("--calibre", "--caliber", help="Calibre, in any usual spelling.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100, help="Candidates shown.")] = 10,
    queries: Annotated[
        Path | None,
        typer.Option(
            "--queries",
            exists=True,
            dir_okay=False,
            help="A file of queries, one a line as QUERY[,maker[,type[,calibre]]]; answers one JSON list a line.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Search a book by a damaged serial. Without purpose and case the search is logged as local maintenance."""
    from contraparte.start import open_home

    if bool(query) == bool(queries):
        raise typer.BadParameter("give either QUERY or --queries", param_hint="QUERY")
    open_home(home, migrate=True)
    with _refusals():
        from contraparte.books.actions import LOCAL_MAINTENANCE

        asked: dict[str, Any] = {
            "books": _books(book, agency),
            "by": LOCAL_MAINTENANCE,
            "purpose": purpose or LOCAL_MAINTENANCE,
            "case": case or "-",
            "limit": limit,
        }
        if queries:
            _answer_file(queries, asked)
            return
        from django.utils import timezone

        from contraparte.books.search import Inquiry, search

        inquiry = Inquiry.read(query, maker=maker, type=kind, caliber=caliber)
        answer = search(inquiry=inquiry, now=timezone.now(), **asked)
    if as_json:
        typer.echo(json.dumps([_as_json(candidate) for candidate in answer.candidates]))
    else:
        _print(answer)


def _answer_file(file: Path, asked: dict[str, Any]) -> None:
    """Answer a file of queries line by line; one that cannot be read is answered by an empty list and told apart."""
    import csv

    from django.utils import timezone

    from contraparte.books.search import BATCH, Inquiry, search_many
    from contraparte.protocol.errors import ContraparteError

    def answer(batch: "Sequence[Inquiry | None]") -> None:
        readable = [inquiry for inquiry in batch if inquiry is not None]
        answers = iter(search_many(inquiries=readable, now=timezone.now(), **asked) if readable else [])
        for inquiry in batch:
            shown = next(answers).candidates if inquiry is not None else ()
            sys.stdout.write(json.dumps([_as_json(candidate) for candidate in shown]) + "\n")
        sys.stdout.flush()

    batch: list[Inquiry | None] = []
    with file.open(encoding="utf-8-sig", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            try:
                serial, *rest = next(csv.reader([line.strip("\r\n")]), [""]) or [""]
                described = dict(zip(("maker", "type", "caliber"), rest, strict=False))
                batch.append(Inquiry.read(serial, **described))
            except (ContraparteError, csv.Error) as refusal:
                typer.echo(f"line {number}: {refusal}", err=True)
                batch.append(None)
            if len(batch) == BATCH:
                answer(batch)
                batch.clear()
    if batch:
        answer(batch)


def _as_json(candidate: "Candidate") -> dict[str, Any]:
    return {
        "serial": candidate.serial,
        "maker": candidate.maker,
        "model": candidate.model,
        "calibre": candidate.caliber,
        "probability": round(candidate.probability, 6),
        "why": candidate.why(),
    }


def _print(answer: "Answer") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("serial", "maker", "model", "calibre", "probability", "reading", box=None)
    for candidate in answer.candidates:
        reading = " ".join(
            step.true if step.event == "agrees" else f"{step.read or '-'}/{step.true or '-'}"
            for step in candidate.reading
        )
        table.add_row(
            candidate.serial,
            candidate.maker,
            candidate.model,
            candidate.caliber,
            f"{candidate.probability:.1%}",
            reading,
        )
    console = Console()
    console.print(table)
    console.print(f"not in this book: {answer.absent:.1%}; lines within reach: {answer.matched:,}")


@app.command("reindex")
def reindex_command(home: Home, book: Named = "", agency: Custodian = "") -> None:
    """Throw the search index of a book away and derive it anew from its lines."""
    from contraparte.start import open_home

    open_home(home, migrate=True)
    with _refusals():
        from contraparte.books import index

        for found in _books(book, agency):
            with _progress(True) as advance:
                lines = index.rebuild(found, progress=advance)
            typer.echo(f"{found.agency_id} {found.name}: {lines:,} lines indexed")


@app.command("list")
def list_command(home: Home, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the books a home holds, with their custodians and how many lines each has."""
    from contraparte.start import open_home

    open_home(home, migrate=True)
    from contraparte.books.models import Book

    rows = list(Book.objects.values("agency_id", "name", "kind", "lines")[:1000])
    if as_json:
        typer.echo(json.dumps(rows))
    for row in rows if not as_json else ():
        typer.echo(f"{row['agency_id']:40} {row['name']:24} {row['kind']:14} {row['lines']:>12,}")
