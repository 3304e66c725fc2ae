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
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from contraparte.node import demo_cast
from contraparte.node.demo_nodes import DemoFailedError, Hands, Node, end_left_over, free_ports
from contraparte.node.demo_screen import Screen
from contraparte.node.world.build import Book, World, build
from contraparte.node.world.firms import Status
from contraparte.node.world.truth import Truth

MARK = ".contraparte-demo"
# Looks at the nodes a second while a walk is under way.
LOOK_EVERY_S = 0.25
# Seconds without any change after which the demo says what it waits for and gives up.
PATIENCE_S = 120.0


@dataclass
class Demo:
    """One run: the world, the nodes, their hands, and how long each act took."""

    root: Path
    world: World
    screen: Screen
    nodes: dict[str, Node]
    hands: dict[str, Hands] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def act(self, name: str, title: str) -> Iterator[None]:
        """Time an act and show it."""
        started = time.monotonic()
        with self.screen.act(title):
            yield
        self.seconds[name] = round(time.monotonic() - started, 2)

    def everywhere(self, work: Callable[[Node], Any]) -> list[Any]:
        """Do something for every node at once; the first failure is raised."""
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            return list(pool.map(work, self.nodes.values()))

    def stop(self) -> None:
        """Stop every process."""
        for hands in self.hands.values():
            hands.close()
        self.hands.clear()
        self.everywhere(lambda node: node.stop())


# --- the acts ---


def found_nodes(demo: Demo, cast: demo_cast.Cast) -> None:
    """Homes, keys, directories trusted by fingerprint, accords signed by both, people in their posts."""
    hands, nodes = demo.hands, demo.nodes

    def found(node: Node) -> list[dict[str, Any]]:
        hands[node.name] = Hands.of(node)
        settings = {
            "name": TITLES[node.name],
            "operator": demo_cast.OPERATORS[node.name],
            "url": node.url,
            "demo": True,
        }
        hands[node.name].do("found", time_zone=ZONES[node.name], **settings)
        return hands[node.name].do("make_keys", agencies=cast.hosted[node.name])

    keys = [entry for entries in demo.everywhere(found) for entry in entries]
    countries = {}
    for country, publisher in demo_cast.PUBLISHERS.items():
        told = hands[publisher].do("make_country", country=country, root_folder=str(demo.root / "root-keys"))
        own = [entry for entry in keys if entry["kid"].startswith(f"{country}.")]
        hands[publisher].do(
            "publish", country=country, agencies=cast.agencies[country], keys=[*own, told["accord_key"]],
            accord_kid=told["accord_key"]["kid"],
        )  # fmt: skip
        countries[country] = told
    demo.everywhere(lambda node: node.start("serve"))
    demo.everywhere(lambda node: node.await_answering(time.sleep))

    def trust(node: Node) -> None:
        for country, told in countries.items():
            url = nodes[demo_cast.PUBLISHERS[country]].url
            hands[node.name].do("trust", country=country, root=told["root"], fingerprint=told["fingerprint"], url=url)
        hands[node.name].do("refresh", countries=list(countries))

    demo.everywhere(trust)
    _agree(demo)
    demo.everywhere(lambda node: hands[node.name].do("refresh", countries=list(countries)))

    def appoint(node: Node) -> None:
        players = [asdict(player) for player in cast.players if player.node == node.name]
        hands[node.name].do("appoint", players=players, services=cast.services(node.name))

    demo.everywhere(appoint)


def _agree(demo: Demo) -> None:
    """Every accord is signed by its parties, one after the other, and published by each of them."""
    signed: dict[str, dict[str, str]] = {country: {} for country in demo_cast.PUBLISHERS}
    for name, document in demo_cast.accords().items():
        told: Any = document
        parties = sorted(set(document["parties"]))
        for country in parties:
            told = demo.hands[demo_cast.PUBLISHERS[country]].do("sign", country=country, document=told)
        for country in parties:
            signed[country][name] = told
    for country, publisher in demo_cast.PUBLISHERS.items():
        demo.hands[publisher].do("publish_accords", country=country, signed=signed[country])


def fill_books(demo: Demo, books: list[Book]) -> None:
    """Import every connected custodian's book on the custodians' node, two processes at a time."""
    node = demo.nodes["custodians"]
    second = Hands.of(node)
    try:
        second.do("open")
        shares: list[list[str]] = [[], []]
        sizes = [0, 0]
        wanted = [book for book in books if book.custodian.status is Status.CONNECTED]
        for book in sorted(wanted, key=lambda book: -book.lines):
            place = sizes.index(min(sizes))
            shares[place].append(str(book.path))
            sizes[place] += book.lines
        done = [0, 0]
        with demo.screen.bar("lines of custodians' books", sum(sizes)) as show, ThreadPoolExecutor(2) as pool:

            def work(place: int, hands: Hands) -> int:
                def tell(count: int) -> None:
                    done[place] = count
                    show(sum(done))

                return int(hands.do("import_books", files=shares[place], progress=tell))

            taken = sum(pool.map(work, (0, 1), (demo.hands["custodians"], second)))
        if taken != sum(sizes):
            raise DemoFailedError(f"{sum(sizes) - taken} book lines were not taken")
    finally:
        second.close()


def record_guns(demo: Demo) -> dict[str, Any]:
    """The officers record what was recovered; the same gun loaded twice is merged by a person."""
    events: dict[int, dict[str, Any]] = {}
    for recovery in demo.world.recoveries:
        event = recovery.event
        given = events.setdefault(
            event.number,
            {
                "office": event.office, "case": event.case, "recovered_on": event.recovered_on.isoformat(),
                "place": event.place, "crime_code": event.crime_code, "urgent_reason": event.urgent_reason, "guns": [],
            },
        )  # fmt: skip
        given["guns"].append([recovery.number, recovery.typed])
    with demo.screen.bar("guns recorded", len(demo.world.recoveries)) as show:
        told = demo.hands["mx"].do("record", events=list(events.values()), progress=show)
    told["merged"] = demo.hands["mx"].do("merge_duplicates")
    return dict(told)


def walk_traces(demo: Demo, papers: Path) -> int:
    """Release the requests, then play the persons the walk waits for until every trace has its result.

    Gives how many looks it took. Raises DemoFailedError when nothing changes for PATIENCE_S.
    """
    told = demo.hands["mx"].do("release_requests")
    looks, changed_at, before = 0, time.monotonic(), None
    with demo.screen.bar("traces answered", told["opened"]) as show:
        while True:
            demo.everywhere(lambda node: node.look_after())
            demo.hands["custodians"].do("answer_questions")
            demo.hands["us"].do("make_calls", papers=str(papers))
            waiting = {name: hands.do("progress") for name, hands in demo.hands.items()}
            show(told["opened"] - waiting["mx"]["open_traces"])
            looks += 1
            if failed := {name: one["failed"] for name, one in waiting.items() if one["failed"]}:
                raise DemoFailedError(f"messages failed in their feature: {failed}; see the workers' logs")
            if is_quiet(waiting):
                return looks
            if waiting != before:
                before, changed_at = waiting, time.monotonic()
            elif time.monotonic() - changed_at > PATIENCE_S:
                raise DemoFailedError(f"nothing moves any more: {waiting}")
            time.sleep(LOOK_EVERY_S)


def is_quiet(waiting: dict[str, dict[str, int]]) -> bool:
    """Every trace concluded, nothing on the road, every head cosigned by its peer."""
    names = ("open_traces", "outbox", "unhandled", "receipts_due", "uncosigned")
    return not any(one[name] for one in waiting.values() for name in names)


# --- the summary ---


def summarise(demo: Demo, started: float) -> dict[str, Any]:
    """The summary of the issue, every number from the nodes' databases; `world` compares with what the world knows."""
    counted = dict(zip(demo.nodes, demo.everywhere(lambda node: demo.hands[node.name].do("counts")), strict=True))
    found = demo.hands["mx"].do("results")
    released = Counter(one for told in counted.values() for one in told["released"])
    accepted = Counter(one for told in counted.values() for one in told["accepted"])
    wrong = disagreements(demo.world, found)
    demo.seconds["total"] = round(time.monotonic() - started, 2)
    return {
        "recoveries": len(found),
        "results": dict(sorted(Counter(result["code"] for result in found.values()).items())),
        "messages": {
            "released": released.total(),
            "accepted": accepted.total(),
            "duplicates": sum(count - 1 for count in (*released.values(), *accepted.values())),
            "lost": len(released.keys() - accepted.keys()),
        },
        "receipts": sum(told["receipts"] for told in counted.values()),
        "ledgers": {
            "cross_checked": all(told["ledger_ok"] and told["incidents"] == 0 for told in counted.values()),
            "leaves": sum(told["leaves"] for told in counted.values()),
            "logs": sum(told["logs"] for told in counted.values()),
            "matched": sum(told["ledger_matched"] for told in counted.values()),
            "findings": [line for told in counted.values() for line in told["findings"]],
        },
        "world": {
            "seed": demo.world.seed,
            "book_records": sum(told["book_records"] for told in counted.values()),
            "agreeing": len(found) - len(wrong),
            "disagreeing": wrong,
        },
        "processes_restarted": sum(node.restarts for node in demo.nodes.values()),
        "seconds": demo.seconds,
    }


# What the summary for programs holds, and of its parts where they hold more for people.
PROMISED: dict[str, tuple[str, ...] | None] = {
    "recoveries": None,
    "results": None,
    "messages": None,
    "receipts": None,
    "ledgers": ("cross_checked", "leaves"),
    "seconds": None,
}


def for_programs(summary: dict[str, Any]) -> dict[str, Any]:
    """The summary as `--json` writes it: the members that are promised and no other."""
    return {
        name: summary[name] if parts is None else {part: summary[name][part] for part in parts}
        for name, parts in PROMISED.items()
    }


def disagreements(world: World, found: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Each recovery whose result is not the world's own truth: row → what differs. Empty where all agree."""
    wrong = {}
    for recovery in world.recoveries:
        row = f"r{recovery.number:02d}"
        told, truth = found.get(row, {}), world.truth(recovery)
        for name, expected in _expected(world, truth).items():
            if told.get(name) != expected:
                wrong[row] = f"{name} is {told.get(name)!r}, not {expected!r} ({recovery.damage})"
                break
    return wrong


def _expected(world: World, truth: Truth) -> dict[str, Any]:
    """What the requester must have been told."""
    expected: dict[str, Any] = {"code": truth.code}
    if truth.duplicate_of:
        expected["duplicate_of"] = f"r{truth.duplicate_of:02d}"
    elif truth.chain:
        expected["chain"] = [world.firms.by_agency(agency).name for agency in truth.chain]
    if truth.last_sold and truth.first_sold:
        expected["purchaser"] = truth.purchaser.split("; ")[-1]
        expected |= {"first_sold": truth.first_sold.isoformat(), "last_sold": truth.last_sold.isoformat()}
    return expected


# --- running it ---

TITLES = {"mx": "Sonora and federal office", "us": "Tracing centre", "custodians": "Custodians"}
ZONES = {"mx": "America/Hermosillo", "us": "America/New_York", "custodians": "America/Phoenix"}


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


@app.callback(invoke_without_command=True)
def demo_command(  # noqa: PLR0917 (each is an option with a name)
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


def is_good(summary: dict[str, Any]) -> bool:
    """Whether a summary says that all went as it must."""
    messages, ledgers = summary["messages"], summary["ledgers"]
    lossless = messages["lost"] == messages["duplicates"] == 0 and messages["released"] == messages["accepted"]
    return bool(lossless and ledgers["cross_checked"] and not summary["world"]["disagreeing"])


def _stay(demo: Demo) -> None:
    """Leave the pages open until Ctrl-C, playing nobody: what comes next is the visitor's to do."""
    try:
        while True:
            time.sleep(1)
            demo.everywhere(lambda node: node.look_after())
    except KeyboardInterrupt:
        demo.screen.say("stopping")
