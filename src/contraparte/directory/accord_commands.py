"""Commands about agreements (`accord`) and about who signs in (`person`)."""

import json
from pathlib import Path
from typing import Annotated

import typer

from contraparte.directory.console import HomeOption, Output, opened, refuse

AccordId = Annotated[str, typer.Argument(help="The accord's id.")]
InName = Annotated[str, typer.Option("--country", help="The country in whose name to sign.")]

accord = typer.Typer(no_args_is_help=True, help="Accords: draft, sign, adopt, suspend and resume.")
person = typer.Typer(no_args_is_help=True, help="Persons who sign in at this node.")


@accord.command("example")
def example(output: Output) -> None:
    """Write a small complete accord to start a draft from."""
    from contraparte.directory.rules import accord as rules

    output.write_text(json.dumps(rules.example(), indent=2, ensure_ascii=False) + "\n", "utf-8")


@accord.command()
def check(file: Annotated[Path, typer.Argument(help="An accord, not signed yet.")]) -> None:
    """Read an accord and name the first thing wrong with it by its JSON path."""
    from contraparte.directory.rules.accord import read_accord
    from contraparte.protocol.errors import ContraparteError

    try:
        found = read_accord(file.read_bytes())
    except (ContraparteError, OSError) as error:
        refuse(error)
    typer.echo(f"{found.id} {found.hash}")


@accord.command()
def sign(
    file: Annotated[Path, typer.Argument(help="An accord, or one the other party has signed.")],
    home: HomeOption,
    country: InName,
    output: Output,
) -> None:
    """Add a country's signature; the document's bytes stay as they are."""
    with opened(home):
        from contraparte.directory import actions
        from contraparte.directory.rules.signatures import SignedDocument
        from contraparte.protocol.errors import DocumentMalformedError

        data = file.read_bytes()
        try:
            document = SignedDocument.parse(data)
        except DocumentMalformedError:
            document = SignedDocument(data)
        signed = actions.sign_accord(document, country=country)
        output.write_bytes(signed.to_bytes())
        typer.echo(f"{signed.hash} signed by {', '.join(kid for kid, _ in signed.signatures)}")


@accord.command()
def adopt(file: Annotated[Path, typer.Argument(help="A completely signed accord.")], home: HomeOption) -> None:
    """Put a completely signed accord in force at this node."""
    with opened(home) as now:
        from contraparte.directory import actions
        from contraparte.directory.rules.signatures import SignedDocument

        row = actions.adopt_accord(SignedDocument.parse(file.read_bytes()), now=now)
        typer.echo(f"{row.pk} {row.hash}")


@accord.command()
def suspend(accord_id: AccordId, home: HomeOption, country: InName, output: Output) -> None:
    """Suspend an accord at once and write the signed statement to publish."""
    with opened(home) as now:
        from contraparte.directory import actions

        row = actions.suspend_accord(accord_id, country=country, now=now)
        output.write_bytes(actions.signed_statement(row).to_bytes())
        typer.echo(f"{accord_id} suspended")


@accord.command()
def resume(accord_id: AccordId, home: HomeOption, country: InName, output: Output) -> None:
    """Sign for the resumption of an accord and write the statement; it counts once both parties have signed it."""
    with opened(home) as now:
        from contraparte.directory import actions

        row = actions.resume_accord(accord_id, country=country, now=now)
        output.write_bytes(actions.signed_statement(row).to_bytes())
        typer.echo(f"{accord_id} {'resumed' if row.is_complete else 'waits for the signature of the other party'}")


@accord.command("take")
def take(file: Annotated[Path, typer.Argument(help="A statement by `suspend` or `resume`.")], home: HomeOption) -> None:
    """Take in a statement on an accord that came as a file."""
    with opened(home):
        from contraparte.directory import actions

        row = actions.take_statement(file.read_bytes())
        typer.echo(f"{row.accord_id} {'counts' if row.is_complete else 'waits for the signature of the other party'}")


@person.command("add")
def person_add(
    username: Annotated[str, typer.Argument(help="The name to sign in with.")],
    home: HomeOption,
    name: Annotated[str, typer.Option("--name", help="The name shown.")],
    language: Annotated[str, typer.Option(help="en or es.")] = "en",
    ask_password: Annotated[bool, typer.Option("--password", help="Ask for a password.")] = False,
) -> None:
    """Add a person, who has no right until appointed (`contraparte directory appoint`)."""
    with opened(home):
        from contraparte.directory import actions

        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True) if ask_password else None
        actions.add_person(username, name, language=language, password=password)
        typer.echo(username)


@person.command("disable")
def person_disable(username: Annotated[str, typer.Argument(help="Who.")], home: HomeOption) -> None:
    """Refuse a person's sign-in and end every tenure at once."""
    with opened(home) as now:
        from contraparte.directory import actions, queries

        typer.echo(f"{username} {actions.disable_person(queries.person(username), by=None, now=now)} tenures ended")
