"""`contraparte demo history`: a node of its own in which ten years of a hundred groups can be looked at."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contraparte.node.demo_screen import Screen

if TYPE_CHECKING:
    from contraparte.node.history import Loaded

OPERATOR = "mx.fiscalia-norte"
STEPS = {
    "directory": "Keys, directories, people; an accord and three changes of agency signed by both countries",
    "words": "What both sides said, group by group",
    "changes": "Threads follow the changes of agency",
    "groups": "Every group is worked out on both sides, which must read the same",
}
SIGN_IN = (
    ("mx-principal", "Fiscalía del Norte, principal: sponsors every group"),
    ("us-principal", "Border Bureau, principal: sponsors every group"),
)


def history(  # noqa: PLR0917 (each is an option with a name)
    home: Annotated[
        Path, typer.Option("--home", help="folder of the node; new or empty, or a demo node without records")
    ] = Path("demo-history"),
    groups: Annotated[int, typer.Option(help="groups that both sides keep", min=1, max=300)] = 100,
    years: Annotated[int, typer.Option(help="years until today", min=1, max=20)] = 10,
    seed: Annotated[int, typer.Option(help="another number, another history")] = 1,
    url: Annotated[str, typer.Option(help="address of the node, on loopback")] = "http://127.0.0.1:8000",
    database_url: Annotated[
        str, typer.Option(help="an empty PostgreSQL database; empty keeps SQLite in the folder")
    ] = "",
) -> None:
    """Make a demo node that holds both sides of many groups: meetings, minutes, commitments, three reorganisations.

    Refuses a node that is no demo, and one that holds records. The messages have no leaf in a log: they are a demo's.
    """
    from contraparte.node.founding import HomeTakenError
    from contraparte.protocol.errors import ContraparteError

    screen, started = Screen(), time.monotonic()
    screen.title(f"Contraparte demo · history {seed}: {groups} groups, {years} years")
    try:
        _open(home.absolute(), url, database_url)
        loaded = _load(home.absolute(), screen, groups, years, seed)
    except (HomeTakenError, ContraparteError, ValueError, RuntimeError) as error:
        sys.exit(f"no history was made: {error}")
    _say(screen, loaded, time.monotonic() - started)
    screen.links(_links(), ends=f"contraparte node serve --home {home}   answers at these addresses.")


def _open(home: Path, url: str, database_url: str) -> None:
    """A new node, or one there is: a demo, and no other."""
    from datetime import UTC, datetime

    from contraparte.node.founding import HomeTakenError, Settings, found
    from contraparte.node.home import CONFIG_NAME, Home
    from contraparte.start import open_home

    if not (home / CONFIG_NAME).exists():
        found(
            home,
            Settings("Historia", OPERATOR, url, database_url, "America/Hermosillo", demo=True),
            now=datetime.now(UTC),
        )
        return
    there = Home.load(home)
    if not there.demo or there.operator != OPERATOR:
        raise HomeTakenError(f"{home} is no demo of histories; name another folder with --home")
    open_home(home, migrate=True)


def _load(home: Path, screen: Screen, groups: int, years: int, seed: int) -> "Loaded":
    """Load it, with the seconds of each step, and a line every 25 groups."""
    from django.utils import timezone

    from contraparte.node.founding import HomeTakenError
    from contraparte.node.history import NotADemoError, load_history

    begun = time.monotonic()

    def tell(step: str, done: int) -> None:
        if done <= 1:
            screen.say(STEPS[step])
        if done and (done % 25 == 0 or done == groups):
            screen.say(f"  {done} of {groups} groups, {time.monotonic() - begun:.0f} s")

    try:
        return load_history(home / "root-keys", groups=groups, years=years, seed=seed, now=timezone.now(), tell=tell)
    except NotADemoError as error:
        raise HomeTakenError(str(error)) from error


def _say(screen: Screen, loaded: "Loaded", seconds: float) -> None:
    """The figures."""
    screen.say(
        f"{loaded.groups} groups, {loaded.words:,} words ({loaded.crossed} crossed), {loaded.meetings:,} meetings, "
        f"{loaded.promises:,} commitments of which {loaded.open_promises} are open"
    )
    screen.say(", ".join(f"{many} {state}" for state, many in loaded.states.most_common()))
    screen.say(
        f"{loaded.people} people in fifty posts, {loaded.changes} changes of agency that moved {loaded.moved} threads; "
        f"both sides read the same; {seconds:.0f} seconds"
    )


def _links() -> list[tuple[str, str]]:
    from django.utils import timezone

    from contraparte.directory.models import Tenure
    from contraparte.web.one_time import make_one_time_link

    made = []
    for username, label in SIGN_IN:
        tenure = Tenure.objects.select_related("person").get(person__username=username)
        assert tenure.person is not None
        address = make_one_time_link(tenure.person, tenure=tenure, lands_on="/groups/", now=timezone.now())
        made.append((label, address))
    return made
