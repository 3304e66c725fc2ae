"""Nodes whose clock a test moves: `moved_clock` before they are founded, then `Clock.pass_time`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.acceptance.trio import Trio, contraparte


@dataclass
class Clock:
    """The file that says how many seconds ahead the clock of every node is."""

    file: Path

    @property
    def seconds(self) -> float:
        return float(self.file.read_text("ascii"))

    @property
    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.seconds)

    def set_ahead(self, seconds: float) -> None:
        """Whole at once: the processes read it at any moment."""
        fresh = self.file.with_suffix(".new")
        fresh.write_text(str(seconds), "ascii")
        fresh.replace(self.file)

    def pass_time(self, trio: Trio, **spans: float) -> None:
        """Move the clock on, as the directories' daily timers do their work; sessions may end by it."""
        self.set_ahead(self.seconds + timedelta(**spans).total_seconds())
        for country in ("mx", "us"):
            renewed = contraparte("directory", "renew", country, node=trio.nodes[country])
            assert renewed.returncode == 0, renewed.stderr
        for node in ("mx", "us"):
            fetched = contraparte("directory", "refresh", node=trio.nodes[node])
            assert fetched.returncode == 0, fetched.stderr


@contextmanager
def moved_clock(folder: Path, seconds: float = 0.0) -> Iterator[Clock]:
    """Every process of a node started in here asks this clock."""
    clock = Clock(folder / "ahead")
    clock.set_ahead(seconds)
    path, before = str(Path(__file__).parent / "moved_clock"), os.environ.get("PYTHONPATH")
    os.environ |= {"PYTHONPATH": os.pathsep.join([path, *([before] if before else [])]), "MOVED_CLOCK": str(clock.file)}
    try:
        yield clock
    finally:
        del os.environ["MOVED_CLOCK"]
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
