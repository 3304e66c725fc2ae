"""Commands of this room: `directory`, `directory key`, `accord` and `person`.

A publisher's day: `directory init`, `directory key make`, `directory publish`, and `directory renew` by a timer.
A reader's: `directory trust` once, with the fingerprint heard in person, then `directory refresh` by the worker.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from contraparte.directory.accord_commands import accord, person
from contraparte.directory.console import AsJson, HomeOption, Output, opened
from contraparte.directory.lineage_commands import lineage
from contraparte.directory.post_commands import post as post_group
from contraparte.protocol.errors import ContraparteError

Country = Annotated[str, typer.Argument(help="Country in two small letters, such as mx.")]
RootKeys = Annotated[Path, typer.Option("--root-keys", help="Folder of the offline root keys, such as a drive.")]

app = typer.Typer(no_args_is_help=True, help="Signed directories: publish one's own, trust and refresh others.")
keys = typer.Typer(no_args_is_help=True, help="Keys of the agencies this node hosts.")
app.add_typer(keys, name="key")
app.add_typer(lineage, name="lineage")
rotate = typer.Typer(no_args_is_help=True, help="Rotating the keys of a directory.")
app.add_typer(rotate, name="rotate")


@app.command()
def init(
    country: Country,
    home: HomeOption,
    root_keys: RootKeys,
    number: Annotated[int, typer.Option("--keys", help="How many root keys to make.")] = 3,
    threshold: Annotated[int, typer.Option(help="How many of them must sign a root.")] = 2,
) -> None:
    """Make the root of a country's directory and print the fingerprint to hand over in person."""
    with opened(home) as now:
        from contraparte.directory import publisher

        mark = publisher.create_directory(
            country, root_folder=root_keys, now=now, root_keys=number, threshold=threshold
        )
        typer.echo(mark)


@app.command()
def root(country: Country, home: HomeOption, output: Output) -> None:
    """Write the first root of the country published here, for others to trust."""
    with opened(home):
        from contraparte.directory import publisher

        data = publisher.first_root(country)
        output.write_bytes(data)
        typer.echo(publisher.fingerprint(data))


@app.command()
def publish(
    *,
    country: Country,
    home: HomeOption,
    agencies: Annotated[
        list[Path] | None, typer.Option(help="File {agencies: [...]}; those named are replaced.")
    ] = None,
    key_files: Annotated[list[Path] | None, typer.Option("--keys", help="File {keys: [...]}, by `key make`.")] = None,
    accord_key: Annotated[list[str] | None, typer.Option(help="Id of a key that signs accords.")] = None,
    accords: Annotated[list[Path] | None, typer.Option("--accord", help="A signed accord.")] = None,
    statements: Annotated[list[Path] | None, typer.Option("--statement", help="A signed suspension.")] = None,
    changes: Annotated[list[Path] | None, typer.Option("--lineage", help="A signed change of agency.")] = None,
) -> None:
    """Publish the directory with these additions; everything published before stays."""
    with opened(home) as now:
        from dataclasses import replace

        from contraparte.directory import publisher
        from contraparte.directory.rules.accord import read_accord
        from contraparte.directory.rules.register import read_agencies, read_keys
        from contraparte.directory.rules.signatures import SignedDocument

        register = publisher.current_register(country)
        for file in agencies or ():
            register = register.with_agencies(read_agencies(file.read_bytes()))
        for file in key_files or ():
            register = register.with_keys(read_keys(file.read_bytes()))
        for file in accords or ():
            signed = SignedDocument.parse(file.read_bytes())
            register = register.with_accord(read_accord(signed.document).id, signed.to_bytes())
        for file in statements or ():
            signed = SignedDocument.parse(file.read_bytes())
            register = register.with_suspension(signed.hash, signed.to_bytes())
        for file in changes or ():
            signed = SignedDocument.parse(file.read_bytes())
            register = register.with_lineage(signed.hash, signed.to_bytes())
        kids = (*register.accord_keys, *(kid for kid in accord_key or () if kid not in register.accord_keys))
        state = publisher.publish(replace(register, accord_keys=kids), now=now)
        typer.echo(f"{country} version {state.timestamp_version}, good until {state.expires_at:%Y-%m-%d %H:%M} UTC")


@app.command()
def renew(country: Country, home: HomeOption) -> None:
    """Sign anew what is about to expire; for a daily timer."""
    with opened(home) as now:
        from contraparte.directory import publisher

        state = publisher.renew(country, now=now)
        typer.echo(f"{country} version {state.timestamp_version}, good until {state.expires_at:%Y-%m-%d %H:%M} UTC")


@app.command("rotate-root")
def rotate_root(
    country: Country,
    home: HomeOption,
    root_keys: RootKeys,
    fresh_root: Annotated[bool, typer.Option(help="Make new root keys.")] = False,
    fresh_online: Annotated[bool, typer.Option(help="Make new keys for targets, snapshot and timestamp.")] = False,
) -> None:
    """Sign the next root with the old and the new keys."""
    with opened(home) as now:
        from contraparte.directory import publisher

        version = publisher.rotate_root(
            country, root_folder=root_keys, now=now, fresh_root=fresh_root, fresh_online=fresh_online
        )
        typer.echo(f"{country} root version {version}")


@rotate.command("rehearse")
def rotate_rehearse(country: Country, home: HomeOption, root_keys: RootKeys) -> None:
    """Rotate root, online and agency keys on a copy, followed by a reader who knows the first root only."""
    with opened(home) as now:
        from contraparte.directory.rehearsing import rehearse_rotation

        for step in rehearse_rotation(country, root_folder=root_keys, now=now):
            typer.echo(f"{step.name}: the reader trusts {step.outcome}")
        typer.echo("rehearsed; nothing of this home has changed")


@app.command()
def trust(
    country: Country,
    home: HomeOption,
    root_file: Annotated[Path, typer.Option("--root", help="The first root, by `directory root`.")],
    fingerprint: Annotated[str, typer.Option(help="What was read out in person: 64 hex digits.")],
    url: Annotated[str, typer.Option(help="Address of the node that publishes it.")],
) -> None:
    """Trust a country's first root, if it bears the fingerprint that was handed over in person."""
    with opened(home) as now:
        from contraparte.directory import client

        client.trust_root(country, root_file.read_bytes(), fingerprint, url=url, now=now)
        typer.echo(f"{country} trusted; next: contraparte directory refresh {country}")


@app.command()
def refresh(
    home: HomeOption,
    country: Annotated[str, typer.Argument(help="One country; all trusted ones if left out.")] = "",
    folder: Annotated[
        Path | None, typer.Option("--from", help="Read a published folder instead of the network.")
    ] = None,
) -> None:
    """Bring the trusted view up to date. A bad update changes nothing."""
    with opened(home) as now:
        from contraparte.directory import client
        from contraparte.directory.fetching import FolderFetcher

        if country:
            row = client.refresh(country, now=now, fetcher=FolderFetcher(folder) if folder else None)
            typer.echo(f"{country} good until {row.expires_at:%Y-%m-%d %H:%M} UTC")
            return
        outcome = client.refresh_all(now=now)
        for name, error in outcome.items():
            typer.echo(f"{name} {error or 'up to date'}", err=error is not None)
        if any(outcome.values()):
            raise typer.Exit(1)


@app.command()
def show(home: HomeOption, as_json: AsJson = False) -> None:
    """Show each trusted country, how fresh its view is, its agencies and the alarms."""
    with opened(home) as now:
        from contraparte.directory import queries

        told = queries.overview(now)
        if as_json:
            typer.echo(json.dumps(told, indent=2))
            return
        for line in told["countries"]:
            typer.echo(
                f"{line['country']}  {line['freshness']}  until {line['expires_at']}  "
                f"{line['agencies']} agencies  {line['url']}  {line['failure']}".rstrip()
            )
        for accord in told["accords"]:
            typer.echo(f"accord {accord['id']}  {accord['state']}")
        for alarm in told["alarms"]:
            typer.echo(f"alarm {alarm['at']}  {alarm['country']}  {alarm['code']}  {alarm['subject']}")


@keys.command("make")
def key_make(
    agency: Annotated[list[str], typer.Argument(help="Agency ids.")],
    home: HomeOption,
    output: Output,
    purpose: Annotated[list[str] | None, typer.Option(help="message, transport, seal, log, witness, accord.")] = None,
) -> None:
    """Make keys for agencies hosted here, keep the private halves, and write the public ones for the publisher."""
    with opened(home) as now:
        from contraparte.directory import actions
        from contraparte.directory.rules.register import write_keys
        from contraparte.protocol.keys import Purpose

        purposes = [Purpose(name) for name in purpose] if purpose else actions.AGENCY_PURPOSES
        entries = actions.make_keys(agency, purposes, now=now)
        output.write_bytes(write_keys(entries))
        for entry in entries:
            typer.echo(entry.kid)


@keys.command("rotate")
def key_rotate(
    agency: Annotated[str, typer.Argument(help="Agency id.")],
    purpose: Annotated[str, typer.Argument(help="message, transport, seal, log, witness or accord.")],
    home: HomeOption,
    output: Output,
) -> None:
    """Make the next key, vouched for by the present one, which runs out after 14 days."""
    with opened(home) as now:
        from contraparte.directory import actions
        from contraparte.directory.rules.register import write_keys
        from contraparte.protocol.keys import Purpose

        entries = actions.rotate_key(agency, Purpose(purpose), now=now)
        output.write_bytes(write_keys(entries))
        typer.echo(entries[-1].kid)


@keys.command("list")
def key_list(home: HomeOption) -> None:
    """List the private keys held here, and whether the directory names each as good."""
    with opened(home) as now:
        from contraparte.directory import keyfiles, keyring

        for agency in keyfiles.hosted_agencies():
            for kid in keyfiles.kids_of(agency):
                try:
                    keyring.accepting_key(kid, now=now)
                    state = "in use"
                except ContraparteError as error:
                    state = error.code
                typer.echo(f"{kid}  {state}")


@app.command()
def who(
    topic: Annotated[str, typer.Argument(help="A message type or topic, as inquiry.request/1 or trace.")],
    home: HomeOption,
    at: Annotated[str, typer.Option(help="Only of this agency or country, as us.doj or us.")] = "",
    as_json: AsJson = False,
) -> None:
    """List the posts that handle a type or topic: post, agency, channel, time there."""
    with opened(home) as now:
        from contraparte.directory import queries
        from contraparte.directory.calendars import zone_of

        found = [
            {
                "post": post.pk,
                "name_en": post.name_en,
                "name_es": post.name_es,
                "agency": post.agency_id,
                "agency_en": post.agency.name_en,
                "agency_es": post.agency.name_es,
                "channel": post.channel,
                "handles": post.handles,
                "time_zone": post.time_zone,
                "local_time": f"{now.astimezone(zone_of(post.time_zone)):%Y-%m-%dT%H:%M}",
            }
            for post in queries.who_answers(topic, at)
        ]
        if as_json:
            typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
            return
        for one in found:
            told = f"{one['post']}  {one['name_en']}, {one['agency_en']}  {one['local_time']} {one['time_zone']}"
            typer.echo(f"{told}  {one['channel']}".rstrip())


@app.command()
def appoint(
    post: Annotated[str, typer.Argument(help="Post id.")],
    home: HomeOption,
    username: Annotated[str, typer.Argument(help="Who; left out for the post's own service.")] = "",
    role: Annotated[
        list[str] | None, typer.Option(help="officer, authoriser, custodian, auditor, administrator.")
    ] = None,
    acting: Annotated[bool, typer.Option(help="In charge for the time being.")] = False,
) -> None:
    """Put a person in a post with roles, or give the post its service, and print the tenure's id."""
    with opened(home) as now:
        from contraparte.directory import actions, queries

        held = queries.post(post)
        if not username:
            typer.echo(actions.appoint_service(held, now=now).pk)
            return
        person = queries.person(username)
        typer.echo(actions.appoint(person, held, role or [], acting=acting, by=None, now=now).pk)


@app.command("end-tenure")
def end_tenure(tenure: Annotated[str, typer.Argument(help="The tenure's id.")], home: HomeOption) -> None:
    """End a tenure at once."""
    with opened(home) as now:
        from contraparte.directory import actions, queries
        from contraparte.protocol.errors import TenureEndedError

        held = queries.tenure(tenure, now)
        if held is None:
            raise TenureEndedError(tenure=tenure)
        actions.end_tenure(held, by=None, now=now)
        typer.echo(f"{held.post_id} ended")


GROUPS: dict[str, typer.Typer] = {"directory": app, "accord": accord, "person": person, "post": post_group}
