"""The commands of a home that is used for its books only, as an outsider runs them; and `kill -9` at any moment."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.books.guns import guns
from tests.books.test_rows import HEADER, table

ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "CONTRAPARTE_HOME")}


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "contraparte.node.cli", *map(str, arguments)]


def run(*arguments: str | Path, code: int = 0) -> str:
    done = subprocess.run(
        command(*arguments), env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


def write(path: Path, count: int) -> list[str]:
    rows = list(guns(count))
    cells = [
        [*row.made, row.serial, row.acquired_on.isoformat(), row.acquired_from, "2022-01-05", "individual; Somebody"]
        for row in rows
    ]
    path.write_text(table([HEADER, *cells]), "utf-8")
    return [row.serial for row in rows]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one book of 3,000 lines."""
    folder = tmp_path_factory.mktemp("books")
    write(folder / "book.csv", 3000)
    report = json.loads(
        run("book", "import", folder / "book.csv", "--home", folder / "home", "--book", "main", "--json")
    )
    assert (report["added"], report["refused"]) == (3000, 0)
    return folder / "home"


def test_a_bare_home_imports_a_book_and_answers_a_search(home: Path) -> None:
    serial = next(guns(1)).serial
    found = json.loads(run("book", "search", serial.replace("1", "I"), "--home", home, "--json"))
    assert list(found[0]) == ["serial", "maker", "model", "calibre", "probability", "why"]
    assert found[0]["serial"] == serial
    assert [one["probability"] for one in found] == sorted((one["probability"] for one in found), reverse=True)


def test_a_file_of_queries_is_answered_line_by_line(home: Path, tmp_path: Path) -> None:
    one, two = (row.serial for row in guns(2))
    maker = next(iter(guns(1))).made.manufacturer
    queries = tmp_path / "queries.txt"
    queries.write_text(f'{one},"{maker}",pistol,9mm\nLIMADO\n\n{two}\n', "utf-8")
    answers = [json.loads(line) for line in run("book", "search", "--queries", queries, "--home", home).splitlines()]
    assert [answer[0]["serial"] if answer else None for answer in answers] == [one, None, None, two]


def test_a_refusal_is_said_in_words_and_fails(home: Path) -> None:
    told = run("book", "search", "1.23E+05", "--home", home, code=1)
    assert "[trace.serial.scientific]" in told
    assert "Traceback" not in told
    assert "[books.unknown]" in run("book", "search", "ABC123", "--home", home, "--book", "none", code=1)


def test_a_book_is_listed_and_its_index_derived_anew(home: Path) -> None:
    assert json.loads(run("book", "list", "--home", home, "--json")) == [
        {"agency_id": "xx.local", "name": "main", "kind": "acquisitions", "lines": 3000}
    ]
    assert "3,000 lines indexed" in run("book", "reindex", "--home", home)


@pytest.mark.parametrize("after_bytes", [1, 6_000_000, 12_000_000])
def test_an_import_killed_at_any_moment_loses_and_doubles_nothing(tmp_path: Path, after_bytes: int) -> None:
    """`kill -9` once so much is written: before the first chunk is in, between two, while the index grows."""
    serials = write(tmp_path / "book.csv", 60_000)
    home = tmp_path / "home"
    arguments = ("book", "import", tmp_path / "book.csv", "--home", home, "--book", "main", "--json")
    with subprocess.Popen(command(*arguments), env=ENVIRONMENT, stdout=subprocess.DEVNULL) as process:
        until_grown(home, process, after_bytes)
        process.send_signal(signal.SIGKILL)
    report = json.loads(run(*arguments))
    assert report["added"] + report["unchanged"] == 60_000
    queries = tmp_path / "queries.txt"
    queries.write_text("\n".join(serials[::6_000]), "utf-8")
    answers = [json.loads(line) for line in run("book", "search", "--queries", queries, "--home", home).splitlines()]
    assert [answer[0]["serial"] for answer in answers] == serials[::6_000]
    assert json.loads(run("book", "list", "--home", home, "--json"))[0]["lines"] == 60_000


def until_grown(home: Path, process: "subprocess.Popen[bytes]", size: int) -> int:
    """Wait until the database's files have grown by `size` bytes, or the process has ended; returns the growth."""
    ended = threading.Event()
    grown, empty = 0, 0
    while process.poll() is None and grown < size:
        ended.wait(0.005)
        now = sum(file.stat().st_size for file in home.glob("node.sqlite3*"))
        empty = empty or (now if any(home.glob("node.sqlite3-wal")) and now > 400_000 else 0)
        grown = max(0, now - empty) if empty else 0
    return grown
