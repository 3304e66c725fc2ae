"""Commands `post`: who answers for posts, leaving, inventory, successor, acknowledgement.

Without `--as` they act as the console of the machine: for who keeps the node and for days when nobody else is left.
"""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from contraparte.directory.console import AsJson, HomeOption, opened

if TYPE_CHECKING:
    from contraparte.directory.models import Departure, Tenure

Post = Annotated[str, typer.Argument(help="Post id, as mx.fge-son/firearms.")]
Username = Annotated[str, typer.Argument(help="Username of who leaves.")]
As = Annotated[str, typer.Option("--as", help="Username of the person on whose behalf this is done.")]
AsPost = Annotated[str, typer.Option("--as-post", help="The post that person acts in; the same post if left out.")]

post = typer.Typer(no_args_is_help=True, help="Posts: who answers for them, leaving and handing over.")


@post.command()
def show(
    agency: Annotated[str, typer.Argument(help="Agency id, as mx.fge-son.")], home: HomeOption, as_json: AsJson = False
) -> None:
    """List the posts of an agency of this node with who holds them, and its figures of continuity."""
    with opened(home) as now:
        from contraparte.directory import continuity

        figures = continuity.erosion_of(agency, now)
        lines: list[dict[str, Any]] = [
            {
                "post": one.post.pk,
                "standing": one.standing.value,
                "holders": [held.person.username for held in one.holders if held.person is not None],
            }
            for one in continuity.states_of(agency, now)
        ]
        told = {
            "posts": lines,
            "exits_12_months": figures.exits,
            "tenures_running": figures.running,
            "median_tenure_days": figures.median_days,
            "vacant": figures.vacancies,
        }
        if as_json:
            typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
            return
        for line in lines:
            names = ", ".join(line["holders"])
            typer.echo(f"{line['post']}  {line['standing']}  {names}".rstrip())
        typer.echo(
            f"exits in 12 months {figures.exits}, running {figures.running}, "
            f"median days {figures.median_days if figures.median_days is not None else '-'}, vacant {figures.vacancies}"
        )


@post.command()
def leave(  # noqa: PLR0917 (each is an option with a name)
    username: Username,
    post_id: Post,
    home: HomeOption,
    at: Annotated[
        str, typer.Option("--at", help="When access ends, as 2026-12-31T23:00:00Z; at once if left out.")
    ] = "",
    acting_as: As = "",
    as_post: AsPost = "",
) -> None:
    """Say that somebody leaves a post; the inventory is taken. Without a day, access ends now."""
    with opened(home) as now:
        from contraparte.directory import leaving
        from contraparte.protocol.encoding import parse_instant

        by = _by(acting_as, as_post or post_id, now)
        held = _tenure(username, post_id, now)
        day = parse_instant(at, "at") if at else now
        departure = leaving.announce_leaving(held, leaves_at=day, by=by, now=now)
        typer.echo(f"{departure.pk} {post_id} {'access ends ' + at if at else 'access ended'}")


@post.command()
def pack(
    username: Username,
    post_id: Post,
    home: HomeOption,
    renew: Annotated[bool, typer.Option("--renew", help="Take the inventory again first.")] = False,
) -> None:
    """Print the inventory of a hand-over as JSON, in both languages, as it was frozen."""
    with opened(home) as now:
        from contraparte.directory import leaving

        departure = _departure(username, post_id)
        if renew:
            leaving.make_pack(departure, by=None, now=now)
        found = departure.packs.order_by("-pk").first()
        told: dict[str, Any] = {"post": post_id, "made_at": "", "sha256": "", "sections": []}
        if found is not None:
            told |= {"made_at": found.made_at.isoformat(), "sha256": found.sha256, "sections": found.sections}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))


@post.command()
def assign(  # noqa: PLR0917 (each is an option with a name)
    username: Username,
    post_id: Post,
    successor: Annotated[str, typer.Argument(help="Username of who takes over.")],
    home: HomeOption,
    acting_as: As = "",
    as_post: AsPost = "",
) -> None:
    """Name who takes over; somebody of another post of the agency takes charge for the time being."""
    with opened(home) as now:
        from contraparte.directory import leaving, queries

        by = _by(acting_as, as_post or post_id, now)
        row = leaving.assign_successor(_departure(username, post_id), queries.person(successor), by=by, now=now)
        assert row.successor is not None
        typer.echo(f"{row.pk} {row.successor_id} {'acting' if row.successor.acting else 'held'}")


@post.command()
def acknowledge(
    username: Username,
    post_id: Post,
    home: HomeOption,
    acting_as: Annotated[str, typer.Option("--as", help="Username of who takes over.")],
) -> None:
    """Say as the successor that inventory and work are taken over."""
    with opened(home) as now:
        from contraparte.directory import leaving

        by = _tenure(acting_as, post_id, now)
        row = leaving.acknowledge_hand_over(_departure(username, post_id), by=by, now=now)
        typer.echo(f"{row.pk} acknowledged")


def _tenure(username: str, post_id: str, now: datetime) -> "Tenure":
    from contraparte.directory.acting import acting_tenure

    return acting_tenure(username, post_id, holds=lambda _: True, now=now)


def _by(username: str, post_id: str, now: datetime) -> "Tenure | None":
    return _tenure(username, post_id, now) if username else None


def _departure(username: str, post_id: str) -> "Departure":
    from contraparte.directory.models import Departure
    from contraparte.protocol.errors import ActingForbiddenError

    rows = Departure.objects.filter(tenure__person__username=username, post_id=post_id)
    found = rows.order_by("-pk").first()
    if found is None:
        raise ActingForbiddenError(person=username, post=post_id)
    return found
