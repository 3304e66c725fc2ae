"""Every test: `make test`. One pass with SQLite over all, one with PostgreSQL over what touches the database.

Settings are read once a process, so two databases are two runs of pytest: side by side, for a pass keeps one core
busy. The first is shown as it goes on, what the other said when both have ended. Each writes its counts as JUnit XML;
the last line adds them up in pytest's own words, so that whoever reads the last line reads all. Exit 1 when anything
failed, when a run did not end by itself, or when a run found no test.

Arguments go to pytest: `make test ARGS="tests/ledger -k fsck"`; `--db=sqlite` or `--db=postgres` among them keeps
one pass.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
PASSES = {
    # tests/conftest.py marks what uses the database and what drives a browser. Pages are driven once: in the pass that
    # is the shorter, for there the rest would only repeat itself.
    "sqlite": ["-m", "not (store and browser)"],
    "postgres": ["-m", "store"],
}
NO_TESTS_COLLECTED = 5


def count(report: Path) -> Counter[str]:
    """Outcomes of one run; a missing or broken report counts as one error."""
    outcomes: Counter[str] = Counter()
    try:
        suites = ElementTree.parse(report).getroot().iter("testsuite")  # noqa: S314  (our own pytest wrote it)
        for suite in suites:
            number = {name: int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")}
            outcomes["failed"] += number["failures"]
            outcomes["error"] += number["errors"]
            outcomes["skipped"] += number["skipped"]
            outcomes["passed"] += number["tests"] - number["failures"] - number["errors"] - number["skipped"]
    except (OSError, ElementTree.ParseError) as broken:
        print(f"no report from pytest: {broken}", file=sys.stderr)
        outcomes["error"] += 1
    return outcomes


def run_passes(databases: list[str], arguments: list[str], folder: Path) -> dict[str, int]:
    """Run pytest on each database at the same time; gives each one's exit status."""
    running: dict[str, subprocess.Popen[bytes]] = {}
    print(f"---- tests on {databases[0]} ----", flush=True)
    with contextlib.ExitStack() as ending:
        for database in databases:
            # -qq keeps dots and failures and leaves out pytest's own closing line: there is one, at the end.
            command = [
                sys.executable, "-m", "pytest", "-qq", f"--db={database}", f"--junitxml={folder / database}.xml",
                *PASSES[database], *arguments,
            ]  # fmt: skip
            environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
            environment.pop("DATABASE_URL", None)
            told = ending.enter_context((folder / f"{database}.txt").open("w")) if running else None
            running[database] = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=told, stderr=told)
            ending.callback(running[database].terminate)
        statuses = {database: process.wait() for database, process in running.items()}
    for database in databases[1:]:
        told_by_it = (folder / f"{database}.txt").read_text("utf-8", "replace")
        print(f"---- tests on {database} ----\n{told_by_it}", flush=True)
    return statuses


def main() -> None:
    """Run the passes and print the sum."""
    arguments = sys.argv[1:]
    chosen = [word.removeprefix("--db=") for word in arguments if word.startswith("--db=")] or list(PASSES)
    arguments = [word for word in arguments if not word.startswith("--db=")]
    started = time.monotonic()
    total: Counter[str] = Counter()
    failed = False
    with tempfile.TemporaryDirectory(prefix="contraparte-test-report-") as folder:
        for database, status in run_passes(chosen, arguments, Path(folder)).items():
            total += count(Path(folder) / f"{database}.xml")
            # A part chosen by hand may hold nothing for one of the passes; the whole suite always does.
            nothing_asked = status == NO_TESTS_COLLECTED and bool(arguments)
            failed |= status != 0 and not nothing_asked
    failed |= not total["passed"]
    words = [f"{total[name]} {name}" for name in ("failed", "passed", "skipped", "error") if total[name]]
    print(f"{', '.join(words) or '0 passed'} in {time.monotonic() - started:.2f}s", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
