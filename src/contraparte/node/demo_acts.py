"""The acts of the demo, in order: found the nodes, fill the books, record the guns, walk the traces.

Each tells the nodes' hands what to do and waits for it; nothing here opens a home or reads a database.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from contraparte.node import demo_cast
from contraparte.node.demo_nodes import DemoFailedError, Hands, Node
from contraparte.node.demo_screen import Screen
from contraparte.node.world.build import Book, World
from contraparte.node.world.firms import Status

# Seconds between two looks at the nodes while a walk is under way.
LOOK_EVERY_S = 0.25
# Seconds without any change after which the demo says what it waits for and gives up.
PATIENCE_S = 120.0
TITLES = {"mx": "Sonora y oficina federal", "us": "Tracing centre", "custodians": "Custodians"}
ZONES = {"mx": "America/Hermosillo", "us": "America/New_York", "custodians": "America/Phoenix"}


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


def found_nodes(demo: Demo, cast: demo_cast.Cast) -> None:
    """Homes, keys, directories trusted by fingerprint, accords signed by both, people in their posts."""
    hands, nodes = demo.hands, demo.nodes

    def found(node: Node) -> list[dict[str, Any]]:
        hands[node.name] = Hands.of(node)
        hands[node.name].do(
            "found",
            name=TITLES[node.name],
            operator=demo_cast.OPERATORS[node.name],
            url=node.url,
            time_zone=ZONES[node.name],
            demo=True,
        )
        entries: list[dict[str, Any]] = hands[node.name].do("make_keys", agencies=cast.hosted[node.name])
        return entries

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
