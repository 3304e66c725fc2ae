"""`contraparte demo`: three nodes on this machine, 25 recovered guns, every answer found by the walk.

    found nodes → keys → directories by fingerprint → accords signed by both → people → books → 25 guns recorded
    → one merged, the rest approved and released → walked over the custodians → answered → counted and checked

The driver opens no home and touches no database: each node is its own processes, and what it reports is counted by
the nodes. The driver alone knows the world; it compares what came back with what the world knows.
"""

import fcntl
import json
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from contraparte.node import demo_cast
from contraparte.node.demo_acts import Demo, fill_books, found_nodes, is_quiet, record_guns, walk_traces
from contraparte.node.demo_nodes import DemoFailedError, Node, end_left_over, free_ports
from contraparte.node.demo_screen import Screen
from contraparte.node.demo_summary import disagreements, for_programs, is_good, summarise
from contraparte.node.history_command import history
from contraparte.node.world.build import Book, build
from contraparte.node.world.firms import Status

# What a test needs to play the same acts one by one.
__all__ = [
    "Demo",
    "app",
    "disagreements",
    "fill_books",
    "found_nodes",
    "is_good",
    "is_quiet",
    "make_nodes",
    "record_guns",
    "run",
    "walk_traces",
]

MARK = ".contraparte-demo"


@contextmanager
def demo_folder(root: Path) -> Iterator[Path]:
    """An empty folder for the homes, held by this run alone; only a folder that an earlier demo made is cleared.

    Raises SystemExit for any other folder that holds something, and where a demo is running.
    """
    mark = root / MARK
    if root.exists() and any(root.iterdir()) and not mark.exists():
        sys.exit(f"{root} holds something that is no demo; name another folder with --home")
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with mark.open("a+", encoding="utf-8") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f"a demo is running in {root}; stop it or name another folder with --home")
        end_left_over(root)
        for entry in root.iterdir():
            if entry.name != MARK:
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        yield root


def make_nodes(root: Path, database_url_template: str) -> dict[str, Node]:
    """The three nodes on free ports. `{node}` in the template stands for mx, us, custodians."""
    nodes = {}
    for name, port in zip(demo_cast.NODES, free_ports(len(demo_cast.NODES)), strict=True):
        logs = root / "logs" / name
        logs.mkdir(parents=True)
        nodes[name] = Node(name, root / name, logs, port, database_url_template.replace("{node}", name))
    return nodes


def run(demo: Demo) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """All acts; gives the summary and the sign-in links."""
    started = time.monotonic()
    cast = demo_cast.cast_for(demo.world, {name: node.url for name, node in demo.nodes.items()})
    written: list[Book] = []
    folder = demo.root / "books"
    # The files are written while the nodes are founded: two cores, two things to do.
    writing = threading.Thread(target=lambda: written.extend(demo.world.write_books(folder)), daemon=True)
    writing.start()
    with demo.act("found", "Three nodes: keys, directories by fingerprint, accords signed by both, people"):
        found_nodes(demo, cast)
    with demo.act("books", "Custodians import their books"):
        writing.join()
        if not written:
            raise DemoFailedError("the books could not be written")
        fill_books(demo, written)
    with demo.act("record", "Officers record 25 recovered guns"):
        told = record_guns(demo)
        demo.screen.say(
            f"{told['saved']} guns; {told['stopped_for_restoration']} erased serials asked for restoration;"
        )
        demo.screen.say(f"{told['merged']} loaded by both offices with one digit different, merged by a person")
    demo.everywhere(lambda node: node.start("worker"))
    with demo.act("traces", "Requests are approved, released, and walked from custodian to custodian"):
        walk_traces(demo, folder / Status.PAPER)
    with demo.act("check", "Ledgers of all nodes are derived again and held against each other"):
        summary = summarise(demo, started)
    links: list[tuple[str, str]] = []
    for name, hands in demo.hands.items():
        shown = [asdict(player) for player in cast.players if player.node == name and player.label]
        links += [(label, address) for label, address in hands.do("links", players=shown)]
    return summary, links


app = typer.Typer(help="Three nodes on this machine trace 25 recovered guns across the border.")
app.command("history")(history)


@app.callback(invoke_without_command=True)
def demo_command(  # noqa: PLR0917 (each is an option with a name)
    context: typer.Context,
    once: Annotated[
        bool, typer.Option("--once", help="stop when all is done instead of leaving the pages open")
    ] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the summary to this file")] = None,
    seed: Annotated[int, typer.Option(help="another number, another world")] = 1,
    books: Annotated[int, typer.Option(help="book records of the world", min=20_000)] = 1_000_000,
    home: Annotated[
        Path, typer.Option("--home", help="folder for the three homes; an earlier demo in it is cleared")
    ] = Path("demo-home"),
    database_url_template: Annotated[
        str,
        typer.Option(
            help="empty PostgreSQL databases, as postgresql://me@host/demo_{node}; {node} is mx, us, custodians"
        ),
    ] = "",
) -> None:
    """Make three nodes, fill the books, record 25 recovered guns, trace them, and show the pages.

    Ends by Ctrl-C, or with --once when everything is answered; the exit code is 0 if every result is what the world
    knows to be true, nothing is lost or doubled, and the ledgers agree.
    """
    if context.invoked_subcommand:
        return
    # Told to end by whatever means, the nodes are stopped first.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with demo_folder(home.absolute()) as root:
        screen = Screen()
        screen.title(f"Contraparte demo · world {seed}")
        demo = Demo(root, build(seed, books), screen, make_nodes(root, database_url_template))
        summary = _play(demo, json_file, stays=not once)
    if not is_good(summary):
        raise typer.Exit(1)


def _play(demo: Demo, json_file: Path | None, *, stays: bool) -> dict[str, Any]:
    """Run all acts, show what came of them, and stop every process whatever happens."""
    screen = demo.screen
    try:
        summary, links = run(demo)
        if json_file:
            json_file.write_text(json.dumps(for_programs(summary), indent=1, ensure_ascii=False) + "\n", "utf-8")
        screen.summary(summary)
        if stays:
            screen.links(links)
            _stay(demo)
        return summary
    except DemoFailedError as error:
        screen.failed(str(error))
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        screen.say("stopping")
        raise typer.Exit(130) from None
    finally:
        demo.stop()


def _stay(demo: Demo) -> None:
    """Leave the pages open until Ctrl-C, playing nobody: what comes next is the visitor's to do."""
    try:
        while True:
            time.sleep(1)
            demo.everywhere(lambda node: node.look_after())
    except KeyboardInterrupt:
        demo.screen.say("stopping")
