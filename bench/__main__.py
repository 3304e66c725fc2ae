"""`make bench`: run the measuring modules one after the other and write docs/explanation/performance.md.

    make bench                          everything, quick sizes (some minutes)
    make bench ARGS="--full"            everything, at the sizes of the goals (hours)
    make bench ARGS="primitives ledger" a part, printed and not written
    make bench ARGS="board --write"     a part, put in its place on the page with its own day and load

Each module runs in a process and a home of its own, so that none measures what another left in memory.
"""

import argparse
import datetime
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from bench.rows import Row, Size

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "explanation" / "performance.md"
# In the order of the table; a module that a room brings later takes its place when it is there.
ORDER = ("primitives", "accept", "road", "attachments", "ledger", "proofs", "books", "traces", "pages", "board")
HEAD = "- **{}.** "  # of a note
MODULES = tuple(name for name in ORDER if (Path(__file__).parent / f"{name}.py").exists())


def machine() -> dict[str, str]:
    """What the figures were taken on."""
    from contraparte.node import database  # noqa: F401  (the SQLite that a node uses)

    cpu = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    import sqlite3

    return {
        "processor": f"{cpu}, {os.cpu_count()} cores seen by the process",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        "load before": f"{os.getloadavg()[0]:.1f}",
    }


def run_module(name: str, size: Size) -> tuple[list[Row], float]:
    """Rows of one module and the seconds it took. Raises SystemExit when it fails: half a table is none."""
    started = time.monotonic()
    rows = []
    with tempfile.TemporaryDirectory(prefix=f"contraparte-bench-{name}-") as home:
        environment = {**os.environ, "CONTRAPARTE_HOME": home, "DJANGO_SETTINGS_MODULE": "contraparte.node.settings"}
        environment.pop("DATABASE_URL", None)
        command = [sys.executable, "-m", "bench.run", name, size.value]
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                row = Row.from_json(line)
                rows.append(row)
                print(told(row), flush=True)
    if process.returncode:
        sys.exit(f"bench {name} ended with {process.returncode}")
    return rows, time.monotonic() - started


def figure(value: float | None) -> str:
    """A number as a reader wants it: three digits that matter."""
    if value is None:
        return "–"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def told(row: Row) -> str:
    """One row for the terminal."""
    beside = f" · {row.beside_name}: {figure(row.beside)} {row.unit} · ratio {figure(row.ratio)}" if row.beside else ""
    return f"{row.what}: {figure(row.value)} {row.unit}{beside}"


def page(rows: list[tuple[str, Row]], size: Size, facts: dict[str, str], seconds: float) -> str:
    """The page of the documentation."""
    command = "make bench" if size is Size.QUICK else 'make bench ARGS="--full"'
    introduction = (
        f"Made by `{command}` on {datetime.datetime.now(datetime.UTC):%d %B %Y} in {seconds / 60:.0f} minutes. Each "
        "figure stands beside its floor (the bare steps that cannot be left out) or a peer, taken in the same run on "
        "the same machine. Look at the ratio: figures of another machine differ, and so do figures of a machine that "
        "does other things as well."
    )
    lines = [
        "# Performance",
        "",
        introduction,
        "",
        "| machine | |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in facts.items()),
        "",
        "| what | ours | beside | ratio | goal |",
        "|---|---:|---:|---:|---|",
    ]
    lines += [line(row) for _, row in rows]
    notes = [f"{HEAD.format(row.what)}{row.note}" for _, row in rows if row.note]
    if notes:
        lines += ["", "## Notes", "", *notes]
    return "\n".join(lines) + "\n"


def line(row: Row) -> str:
    """One line of the table."""
    beside = f"{figure(row.beside)} {row.unit} ({row.beside_name})" if row.beside else "–"
    return f"| {row.what} | {figure(row.value)} {row.unit} | {beside} | {figure(row.ratio)} | {row.goal} |"


def amended(before: str, rows: list[Row], facts: dict[str, str]) -> str:
    """The page with some rows taken anew, or added; their notes say on which day and beside what load."""
    taken = f"Taken apart on {datetime.datetime.now(datetime.UTC):%d %B %Y}; load before: {facts['load before']}."
    table, _, notes = before.rstrip("\n").partition("\n\n## Notes\n\n")
    lines, told = table.split("\n"), notes.split("\n") if notes else []
    for row in rows:
        _put(lines, f"| {row.what} |", line(row))
        _put(told, HEAD.format(row.what), f"{HEAD.format(row.what)}{f'{row.note} {taken}'.strip()}")
    return "\n".join([*lines, "", "## Notes", "", *told]) + "\n"


def _put(lines: list[str], begins: str, text: str) -> None:
    """In the place of the line that begins so, or at the end."""
    place = next((index for index, one in enumerate(lines) if one.startswith(begins)), len(lines))
    lines[place : place + 1] = [text]


def main() -> None:
    """Run what is asked for; everything at once is also written down."""
    reader = argparse.ArgumentParser(prog="bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    reader.add_argument("modules", nargs="*", choices=[*MODULES, []], help="only these")
    reader.add_argument("--write", action="store_true", help="put a part in its place on the page")
    reader.add_argument("--full", action="store_true", help="the sizes of the goals")
    wanted = reader.parse_args()
    size = Size.FULL if wanted.full else Size.QUICK
    facts, started, rows = machine(), time.monotonic(), []
    for name in wanted.modules or MODULES:
        print(f"-- {name}", flush=True)
        found, _ = run_module(name, size)
        rows += [(name, row) for row in found]
    if wanted.modules and wanted.write:
        PAGE.write_text(amended(PAGE.read_text("utf-8"), [row for _, row in rows], facts), "utf-8")
        print(f"amended {PAGE.relative_to(ROOT)}")
    if not wanted.modules:
        PAGE.write_text(page(rows, size, facts, time.monotonic() - started), "utf-8")
        print(f"wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
