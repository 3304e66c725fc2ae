"""A keeper's console on a node: commands one after the other in one process, as each would else cost a start.

Run as `python -m tests.acceptance.console HOME`: lines of JSON come in, `{"run": [word, …]}` or `{"ask": [[post,
counterpart], …]}`, and `[exit code, stdout, stderr]` goes out for each.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contraparte.node.demo_nodes import Node

HERE = Path(__file__).parents[2]


@dataclass
class Console:
    """The process, seen from the test."""

    process: "subprocess.Popen[str]"

    @classmethod
    def on(cls, node: Node) -> "Console":
        """Start one on a founded node."""
        with (node.logs / "console.log").open("ab") as log:
            return cls(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.acceptance.console", str(node.home)], text=True, cwd=HERE,
                    env=node.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                )
            )  # fmt: skip

    def run(self, *words: Any, locale: str = "C.UTF-8") -> tuple[int, str, str]:
        """`contraparte …`: exit code, what it says, what it complains about; to who reads the language of `locale`."""
        self.tell({"run": [str(word) for word in words], "locale": locale})
        return self.hear()

    def tell(self, line: dict[str, Any]) -> None:
        """Have something done; `hear` waits for it."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()

    def hear(self) -> tuple[int, str, str]:
        """What came of it."""
        assert self.process.stdout is not None
        code, out, err = json.loads(self.process.stdout.readline())
        return code, out, err

    def close(self) -> None:
        """End the process by ending its input."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(30)


def obey(home: Path) -> None:
    """Do what the lines say until they end."""
    from typer.testing import CliRunner

    from contraparte.node.cli import assemble
    from contraparte.start import open_home

    open_home(home)
    app, runner, answers = assemble(), CliRunner(), sys.stdout
    sys.stdout = sys.stderr  # a stray print must not look like an answer
    for line in sys.stdin:
        asked = json.loads(line)
        told: tuple[int, str, str] = (0, "", "")
        os.environ["LC_ALL"] = asked.get("locale", "C.UTF-8")
        if "ask" in asked:
            ask_many(asked["ask"])
        else:
            done = runner.invoke(app, [*asked["run"], "--home", str(home)])
            told = (done.exit_code, done.stdout, done.stderr or repr(done.exception))
        answers.write(json.dumps(told) + "\n")
        answers.flush()


def ask_many(pairs: Sequence[tuple[str, str]]) -> None:
    """One police request from each post to each counterpart; two people hold all the posts nobody else does.

    Each is saved, drafted, approved by another person and released by the very actions the pages call one by one.
    """
    from django.utils import timezone

    from contraparte.directory import actions, queries
    from contraparte.directory.rules.roles import Role
    from contraparte.exchange import actions as exchange
    from contraparte.exchange.models import Draft
    from contraparte.inquiries.actions.asking import open_inquiry, save_inquiry
    from tests.inquiries.inquiry_world import POLICE

    officer, chief = (actions.add_person(name, name) for name in ("many", "many-chief"))
    for place, (post, counterpart) in enumerate(pairs):
        now = timezone.now()
        by, second = (
            next(iter(queries.holders_of(post, role, now)), None)
            or actions.appoint(person, queries.post(post), [role], by=None, now=now)
            for person, role in ((officer, Role.OFFICER), (chief, Role.AUTHORISER))
        )
        typed = POLICE | {"counterpart": counterpart, "case_number": f"CI/{place}/2026"}
        draft = open_inquiry(save_inquiry(typed, by=by, now=now), by=by, now=now)
        assert isinstance(draft, Draft)
        digest = exchange.preview(draft, now=now).content_digest
        exchange.approve_draft(draft, digest=digest, by=second, now=now)
        exchange.release_drafts([draft], by=by, now=now)


if __name__ == "__main__":
    obey(Path(sys.argv[1]))
