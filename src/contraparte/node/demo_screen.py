"""What the demo shows on a terminal, and as plain lines where there is none."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table


class Screen:
    """Acts, bars, the summary and the links."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)

    def title(self, text: str) -> None:
        """The head of a run."""
        self.console.rule(f"[bold]{text}")

    def say(self, text: str) -> None:
        """One line."""
        self.console.print(f"  {text}")

    def failed(self, text: str) -> None:
        """Why it ended early."""
        self.console.print(f"[red]the demo stopped:[/red] {text}")

    @contextmanager
    def act(self, title: str) -> Iterator[None]:
        """A title before, the seconds after."""
        started = time.monotonic()
        self.console.print(f"[bold]{title}[/bold]")
        yield
        self.console.print(f"  [dim]{time.monotonic() - started:.1f} s[/dim]")

    @contextmanager
    def bar(self, title: str, total: int) -> Iterator[Callable[[int], None]]:
        """A bar to be told how far it is."""
        columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console) as progress:
            task = progress.add_task(title, total=total)
            yield lambda done: progress.update(task, completed=done)

    def summary(self, summary: dict[str, Any]) -> None:
        """What happened, for people."""
        table = Table("result", "guns", title="25 recovered guns", title_justify="left", box=None)
        for code, count in summary["results"].items():
            table.add_row(code.replace("_", " "), str(count))
        self.console.print(table)
        messages, ledgers, world = summary["messages"], summary["ledgers"], summary["world"]
        self.say(
            f"{messages['released']} messages released, {messages['accepted']} accepted, {messages['lost']} lost, "
            f"{messages['duplicates']} twice; {summary['receipts']} receipts"
        )
        checked = "[green]agree[/green]" if ledgers["cross_checked"] else "[red]do not agree[/red]"
        self.say(f"{ledgers['logs']} ledgers with {ledgers['leaves']} leaves {checked}")
        self.say(f"{world['agreeing']} of {summary['recoveries']} results are what the world knows to be true")
        for row, what in world["disagreeing"].items():
            self.say(f"[red]{row}: {what}[/red]")
        for line in ledgers["findings"]:
            self.say(f"[red]{line}[/red]")
        self.say(f"{world['book_records']:,} book records; {summary['seconds']['total']:.0f} seconds in all")

    def links(
        self, links: list[tuple[str, str]], ends: str = "Ctrl-C stops the nodes; their homes stay until the next run."
    ) -> None:
        """Where to sign in as whom; each address works once."""
        self.console.print("\n[bold]Sign in as[/bold] (each address works once)")
        for label, address in links:
            self.console.print(f"  {label}\n    {address}", soft_wrap=True)
        self.console.print(f"\n{ends}", soft_wrap=True)
