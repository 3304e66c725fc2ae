"""A custodian's book: how fast lines come in, how fast and how well a damaged serial is found again.

Peers on the same rows in the same run: bare inserts into SQLite for the import, SQLite's FTS5 trigram index for the
search. Serials are those of the tests (ten formats in blocks), damaged in every way those know, one and two errors.
"""

import random
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.books.guns import CLASSES, Damage, guns

from bench.nodes import NOW, open_empty_node
from bench.rows import Row, Size, percentile

LINES = {Size.QUICK: 200_000, Size.FULL: 10_000_000}
QUERIES = {Size.QUICK: 400, Size.FULL: 1_000}
PART = 1_000_000  # lines made and written at a time: bounds memory at the full size


def measure(size: Size) -> Iterator[Row]:
    """Lines per second, milliseconds per search, recall in the first ten, bytes of index per line."""
    open_empty_node()
    from contraparte.books import index
    from contraparte.books.actions import create_book, load_lines
    from contraparte.books.models import Line
    from contraparte.directory.models import Agency

    count = LINES[size]
    agency = Agency.objects.create(id="xx.bench", country="xx", name_en="Bench", name_es="Banco", is_local=True)
    book = create_book(agency, "bench", now=NOW)
    ours = theirs = 0.0
    draw, asked = random.Random(7), []
    peer = _Trigrams(Path(index.folder_of(book)).parent / "peer.sqlite3")
    for part in range(0, count, PART):
        rows = list(guns(min(PART, count - part), seed=part + 1))
        ours += _seconds(lambda rows=rows: load_lines(book, rows))
        theirs += _seconds(lambda rows=rows: peer.add([row.key for row in rows]))
        asked += draw.sample([row for row in rows if len(row.key) > 5], QUERIES[size] * len(rows) // count + 1)
    yield Row(
        f"lines into a book of {count:,} and its index", count / ours, "lines/s", count / theirs,
        "bare inserts into SQLite FTS5", goal="1,000,000 lines in 35 s",
    )  # fmt: skip
    yield from _searches(book, asked[: QUERIES[size]], peer, count)
    folder = index.folder_of(book)
    held = sum(file.stat().st_size for file in folder.iterdir())
    lines = Line.objects.filter(book=book).count()
    yield Row("search index on disk", held / lines, "bytes/line", goal="at most 40", more_is_better=False)


def _searches(book: Any, asked: Sequence[Any], peer: "_Trigrams", count: int) -> Iterator[Row]:
    from contraparte.books.rules.channel import Channel
    from contraparte.books.search import Inquiry, explained, look_up

    damage = Damage(11)
    spent, peer_spent, shown, peer_shown, reached, possible = [], [], 0, 0, 0, 0.0
    for number, row in enumerate(asked):
        text = row.key
        for wrong in CLASSES[number % len(CLASSES)]:
            text = getattr(damage, wrong)(text)
        inquiry = Inquiry.read(text)
        started = time.perf_counter()
        answer = look_up([book], inquiry)
        spent.append((time.perf_counter() - started) * 1000)
        started = time.perf_counter()
        found = peer.find(text)
        peer_spent.append((time.perf_counter() - started) * 1000)
        shown += any(candidate.key == row.key for candidate in answer.candidates)
        peer_shown += row.key in found
        channel = Channel(inquiry.pattern)
        guns_found, _ = explained(book, inquiry, channel, limit=10, complete=True)
        reached += any(gun.key == row.key for gun in guns_found)
        as_good = sum(1 for gun in guns_found if gun.nats <= channel.cost(row.key) + 1e-9)
        possible += min(1.0, 10 / max(1, as_good))
    title = f"search among {count:,} lines, every damage"
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        yield Row(
            f"{title}, {name}", percentile(spent, share), "ms", percentile(peer_spent, share), "SQLite FTS5 trigram",
            goal={"p50": "p50 ≤ 2 ms", "p99": "p99 ≤ 15 ms"}[name], more_is_better=False,
        )  # fmt: skip
    yield Row(
        f"{title}, true gun in the first ten", shown / max(possible, 1), "of what is possible",
        peer_shown / max(possible, 1), "SQLite FTS5 trigram", goal="at least 0.97",
    )  # fmt: skip
    yield Row(f"{title}, true gun among the candidates", reached / len(asked), "share", goal="at least 0.995")


class _Trigrams:
    """The peer: serials in an FTS5 table with trigrams, ranked by bm25."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("CREATE VIRTUAL TABLE guns USING fts5(serial, tokenize='trigram', detail='none')")

    def add(self, keys: Sequence[str]) -> None:
        with self._database:
            self._database.executemany("INSERT INTO guns VALUES (?)", [(key,) for key in keys])

    def find(self, text: str) -> set[str]:
        plain = "".join(character if character.isalnum() else " " for character in text)
        grams = {word[at : at + 3] for word in plain.split() for at in range(len(word) - 2)}
        if not grams:
            return set()
        asked = " OR ".join(f'"{gram}"' for gram in sorted(grams))
        rows = self._database.execute("SELECT serial FROM guns WHERE guns MATCH ? ORDER BY rank LIMIT 10", [asked])
        return {serial for (serial,) in rows}


def _seconds(work: Any) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
