"""Two nodes and the people who ask each other through their pages: a state's prosecutor, an authority abroad."""

import json
import re
from dataclasses import dataclass
from typing import Any

from contraparte.node.demo_cast import ABROAD_ASSISTANCE
from tests.acceptance.trio import Trio, contraparte, read_rows, wait_until
from tests.acceptance.visitor import Visitor
from tests.inquiries.test_pages import form_of


@dataclass
class Pair:
    """Two nodes and their people before the pages."""

    trio: Trio
    prosecutor: Visitor
    director: Visitor
    attorney: Visitor
    chief: Visitor
    clerk: Visitor

    def show(self, node: str, username: str, post: str, reference: str) -> dict[str, Any]:
        """An inquiry as the command line of a node shows it."""
        ran = contraparte(
            "inquiry", "show", reference, "--as", username, "--post", post, "--json", node=self.trio.nodes[node]
        )
        assert ran.returncode == 0, ran.stderr
        return dict(json.loads(ran.stdout))

    def release(self, path: str, author: Visitor, approver: Visitor) -> None:
        """Have a draft approved by another person and released by its author."""
        digest = re.search(r'name="digest" value="([0-9a-f]{64})"', approver.get(path))
        assert digest
        assert approver.post(f"{path}approve/", {"digest": digest[1]}, seen_on=path)[0] == 302
        assert author.post(f"{path}send/", {}, seen_on=path)[0] == 302

    def step(self, who: Visitor, pk: int, step: str, fields: dict[str, Any], approver: Visitor | None = None) -> None:
        """Take a step on its page; with an approver, release the draft it made."""
        page = f"/inquiries/{pk}/steps/{step}/"
        answer = who.session.get(who.root + page, timeout=60)
        assert answer.status_code == 200, f"{step}: {answer.text[-600:]}"
        before = latest_draft(self.trio, who)
        status, told = who.post(page, fields, seen_on=page)
        assert status == 302, told
        if approver is not None:
            draft = wait_until("the draft stands", lambda: (latest_draft(self.trio, who) or 0) > (before or 0) and
                               latest_draft(self.trio, who))  # fmt: skip
            self.release(f"/release/{draft}/", who, approver)

    def await_step(self, who: Visitor, pk: int, step: str) -> None:
        """Wait until a step is open on somebody's page."""
        wait_until(f"{step} is open", lambda: f"/inquiries/{pk}/steps/{step}/" in who.get(f"/inquiries/{pk}/"))


def enter(trio: Trio) -> Pair:
    """Everybody before their pages in English, by a fresh link."""
    mx, us = trio.links("mx"), trio.links("us")
    people = [Visitor(link) for link in (mx["prosecutor"], mx["director"], us["attorney"], us["chief"], us["clerk"])]
    for one in people:
        read_in(one, "en")
    return Pair(trio, *people)


def read_in(who: Visitor, language: str) -> None:
    assert who.post("/language/", {"language": language}, seen_on="/inquiries/")[0] == 302


def latest_draft(trio: Trio, who: Visitor) -> int | None:
    node = next(node for node in trio.nodes.values() if node.url == who.root)
    return read_rows(node, "SELECT max(id) AS id FROM exchange_draft")[0]["id"]


def await_inquiry(trio: Trio, node: str, post: str, number: int = 1) -> int:
    """The row of the latest inquiry that came in for a post, once there are `number`."""
    wanted = f"SELECT id FROM inquiries_inquiry WHERE post_id = '{post}' AND side = 'responder' ORDER BY id"

    def look() -> list[dict[str, Any]]:
        rows = read_rows(trio.nodes[node], wanted)
        return rows if len(rows) >= number else []

    return int(wait_until(f"an inquiry reaches {post}", look)[-1]["id"])


def own_row(trio: Trio) -> int:
    rows = read_rows(trio.nodes["mx"], "SELECT max(id) AS id FROM inquiries_inquiry WHERE side = 'initiator'")
    return int(rows[0]["id"])


def ask_through_form(pair: Pair, typed: dict[str, Any], **changes: Any) -> int:
    """Ask through the form, have it approved and released; gives our row."""
    fields = form_of(typed | {"counterpart": ABROAD_ASSISTANCE}, **changes)
    status, told = pair.prosecutor.post("/inquiries/new/", fields | {"do": "draft"}, seen_on="/inquiries/new/")
    assert status == 302, told
    pair.release(f"/release/{latest_draft(pair.trio, pair.prosecutor)}/", pair.prosecutor, pair.director)
    return own_row(pair.trio)


def reference(pair: Pair, node: str, pk: int) -> str:
    rows = read_rows(pair.trio.nodes[node], f"SELECT opened_at FROM inquiries_inquiry WHERE id = {pk}")
    return f"I-{str(rows[0]['opened_at'])[2:4]}-{pk:06d}"


def row_of_the_other_side(pair: Pair, row: int) -> int:
    """Their row of the same thread."""
    thread = read_rows(
        pair.trio.nodes["mx"],
        "SELECT c.uuid AS uuid FROM inquiries_inquiry i JOIN exchange_conversation c ON c.id = i.conversation_id "
        f"WHERE i.id = {row}",
    )[0]["uuid"]

    def look() -> list[dict[str, Any]]:
        rows = read_rows(
            pair.trio.nodes["us"],
            "SELECT i.id AS id, c.uuid AS uuid FROM inquiries_inquiry i "
            "JOIN exchange_conversation c ON c.id = i.conversation_id",
        )
        return [one for one in rows if one["uuid"] == thread]

    return int(wait_until("the same thread there", look)[0]["id"])
