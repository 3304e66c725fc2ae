"""S1 and S2 on two real nodes through their pages: a phone lead and a letter of request, with every bad input.

What needs days to pass (a clarification of twelve days, a spoken request of five) is held in `tests/inquiries`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from contraparte.node import demo_acts
from contraparte.node.demo_cast import ABROAD_ASSISTANCE, ABROAD_COURT, STATE_ASSISTANCE
from tests.acceptance.trio import Databases, Trio, contraparte, read_rows, wait_until
from tests.acceptance.visitor import Visitor
from tests.inquiries.inquiry_world import LETTER, POLICE
from tests.inquiries.test_pages import LANGUAGES, WORDS, form_of

pytestmark = [pytest.mark.store, pytest.mark.timeout(900)]


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
        before = _latest(self.trio, who)
        status, told = who.post(page, fields, seen_on=page)
        assert status == 302, told
        if approver is not None:
            draft = wait_until("the draft stands", lambda: (_latest(self.trio, who) or 0) > (before or 0) and
                               _latest(self.trio, who))  # fmt: skip
            self.release(f"/release/{draft}/", who, approver)

    def await_step(self, who: Visitor, pk: int, step: str) -> None:
        """Wait until a step is open on somebody's page."""
        wait_until(f"{step} is open", lambda: f"/inquiries/{pk}/steps/{step}/" in who.get(f"/inquiries/{pk}/"))


def _latest(trio: Trio, who: Visitor) -> int | None:
    node = next(node for node in trio.nodes.values() if node.url == who.root)
    return read_rows(node, "SELECT max(id) AS id FROM exchange_draft")[0]["id"]


def _await_inquiry(trio: Trio, node: str, post: str, number: int = 1) -> int:
    """The row of the latest inquiry that came in for a post, once there are `number`."""
    wanted = f"SELECT id FROM inquiries_inquiry WHERE post_id = '{post}' AND side = 'responder' ORDER BY id"

    def look() -> list[dict[str, Any]]:
        rows = read_rows(trio.nodes[node], wanted)
        return rows if len(rows) >= number else []

    return int(wait_until(f"an inquiry reaches {post}", look)[-1]["id"])


def _own(trio: Trio) -> int:
    rows = read_rows(trio.nodes["mx"], "SELECT max(id) AS id FROM inquiries_inquiry WHERE side = 'initiator'")
    return int(rows[0]["id"])


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Pair]:
    """Founded nodes with their workers; the custodians' node stands by."""
    trio = Trio.of(tmp_path_factory.mktemp("s2") / "demo", 2, databases)
    try:
        demo_acts.found_nodes(trio.demo, trio.cast)
        trio.demo.everywhere(lambda node: node.start("worker"))
        mx, us = trio.links("mx"), trio.links("us")
        people = [
            Visitor(link) for link in (mx["prosecutor"], mx["director"], us["attorney"], us["chief"], us["clerk"])
        ]
        for one in people:
            status, _ = one.post("/language/", {"language": "en"}, seen_on="/inquiries/")
            assert status == 302
        yield Pair(trio, *people)
    finally:
        trio.stop()


def _ask(pair: Pair, typed: dict[str, Any], **changes: Any) -> int:
    """Ask through the form, have it approved and released; gives our row."""
    fields = form_of(typed | {"counterpart": ABROAD_ASSISTANCE}, **changes)
    status, told = pair.prosecutor.post("/inquiries/new/", fields | {"do": "draft"}, seen_on="/inquiries/new/")
    assert status == 302, told
    pair.release(f"/release/{_latest(pair.trio, pair.prosecutor)}/", pair.prosecutor, pair.director)
    return _own(pair.trio)


@pytest.mark.parametrize("language", LANGUAGES)
def test_bad_inputs_are_refused_by_name_keep_what_was_typed_and_change_nothing(pair: Pair, language: str) -> None:
    who = pair.prosecutor
    assert who.post("/language/", {"language": language}, seen_on="/inquiries/")[0] == 302
    before = read_rows(pair.trio.nodes["mx"], "SELECT count(*) AS n FROM exchange_draft")
    second = {"code": "bank_records", "object": "Account 2", "nexus": ""}
    search = {"code": "search", "object": "Warehouse 4", "nexus": "Goods."}
    for typed, status, words in (
        (form_of(LETTER, offences=[{"code": "extortion"}], measures=[LETTER["measures"][0], second]), 409,
         ("statute", "nexus")),
        (form_of(LETTER, measures=[search, LETTER["measures"][1]]), 409, ("dual",)),
        (form_of(POLICE, urgency="urgent"), 409, ("reason", "date")),
        (form_of(POLICE, handling=["H9"]), 422, ("handling",)),
        (form_of(POLICE, source_grade="A", information_grade="4", urgency="urgent"), 409, ("grade",)),
    ):  # fmt: skip
        answered, page = who.post(
            "/inquiries/new/", typed | {"counterpart": ABROAD_ASSISTANCE, "do": "draft"}, seen_on="/inquiries/new/"
        )
        assert answered == status
        for name in words:
            assert WORDS[language][name] in re.sub(r"\s+", " ", page)
        assert typed["facts"] in page
    assert read_rows(pair.trio.nodes["mx"], "SELECT count(*) AS n FROM exchange_draft") == before
    assert who.post("/language/", {"language": "en"}, seen_on="/inquiries/")[0] == 302


def test_a_letter_is_transferred_clarified_conditioned_answered_and_both_nodes_tell_the_same(pair: Pair) -> None:
    row = _ask(pair, LETTER, case_number="CI-FGE/S2/2026")
    theirs = _await_inquiry(pair.trio, "us", ABROAD_ASSISTANCE)
    pair.await_step(pair.attorney, theirs, "transfer")
    for language in LANGUAGES:
        assert pair.attorney.post("/language/", {"language": language}, seen_on="/inquiries/")[0] == 302
        page = f"/inquiries/{theirs}/steps/refuse/"
        status, told = pair.attorney.post(page, {"ground": "sovereignty", "text": "Not this."}, seen_on=page)
        assert status == 409
        assert WORDS[language]["consult"] in told and "Not this." in told
    assert pair.attorney.post("/language/", {"language": "en"}, seen_on="/inquiries/")[0] == 302
    pair.step(pair.attorney, theirs, "transfer", {"to": ABROAD_COURT, "text": "Bank records are the court's."})
    wait_until("the transfer is known", lambda: "/redirect/" in pair.prosecutor.get(f"/inquiries/{row}/"))
    assert pair.prosecutor.post(f"/inquiries/{row}/redirect/", {}, seen_on=f"/inquiries/{row}/")[0] == 302
    row = _own(pair.trio)
    edit = f"/inquiries/{row}/edit/"
    assert LETTER["facts"] in pair.prosecutor.get(edit)
    fields = form_of(LETTER | {"counterpart": ABROAD_COURT}, case_number="CI-FGE/S2/2026")
    assert pair.prosecutor.post(edit, fields | {"do": "draft"}, seen_on=edit)[0] == 302
    pair.release(f"/release/{_latest(pair.trio, pair.prosecutor)}/", pair.prosecutor, pair.director)
    court = _await_inquiry(pair.trio, "us", ABROAD_COURT)
    _walk_at_court(pair, row, court)
    mine = pair.show("mx", "prosecutor", STATE_ASSISTANCE, _reference(pair, "mx", row))
    other = pair.show("us", "clerk", ABROAD_COURT, _reference(pair, "us", court))
    assert mine["state"] == other["state"] == "closed"
    assert mine["steps"] == other["steps"] and len(mine["steps"]) == 11
    assert mine["seconds_by_stage"] == other["seconds_by_stage"]
    assert mine["seconds_by_side"] == other["seconds_by_side"]
    assert mine["crossed"] == other["crossed"] == []


def _walk_at_court(pair: Pair, row: int, court: int) -> None:
    """From the acknowledgement to the close, each step waited for on the other side's page."""
    asked, clerk, chief, director = pair.prosecutor, pair.clerk, pair.chief, pair.director
    pair.await_step(clerk, court, "acknowledge")
    assert clerk.post(f"/inquiries/{court}/steps/acknowledge/", {}, seen_on=f"/inquiries/{court}/")[0] == 302
    pair.await_step(clerk, court, "clarify")
    pair.step(clerk, court, "clarify", {"text": "Which branch?"})
    pair.await_step(asked, row, "clarification")
    wait_until("the clock stands still", lambda: "clock stopped" in asked.get(f"/inquiries/{row}/"))
    pair.step(asked, row, "clarification", {"text": "The one at Nogales."}, director)
    pair.await_step(clerk, court, "conditions")
    assert "clock stopped" not in clerk.get(f"/inquiries/{court}/")
    pair.step(clerk, court, "conditions", {"text": "Not for tax proceedings."}, chief)
    pair.await_step(asked, row, "agree")
    assert asked.post(f"/inquiries/{row}/steps/agree/", {}, seen_on=f"/inquiries/{row}/")[0] == 302
    pair.await_step(clerk, court, "part")
    pair.step(clerk, court, "part", {"outcome_1": "done", "result_1": "Statements of account 1."}, chief)
    pair.await_step(clerk, court, "answer")
    pair.step(clerk, court, "answer", {"outcome_2": "done", "result_2": "The manager testified."}, chief)
    pair.await_step(asked, row, "verify")
    page = asked.get(f"/inquiries/{row}/")
    assert page.count("H3 · Not for tax proceedings.") >= 2
    assert "Statements of account 1." in page and "The manager testified." in page
    assert asked.post(f"/inquiries/{row}/steps/verify/", {}, seen_on=f"/inquiries/{row}/")[0] == 302
    pair.await_step(asked, row, "use")
    pair.step(asked, row, "use", {"used": "yes", "way": "court_file", "text": "Admitted at trial."})
    pair.await_step(asked, row, "close")
    assert asked.post(f"/inquiries/{row}/steps/close/", {}, seen_on=f"/inquiries/{row}/")[0] == 302
    wait_until("the close is known", lambda: pair.show("us", "clerk", ABROAD_COURT, _reference(pair, "us", court))[
        "state"] == "closed")  # fmt: skip
    wait_until("the close is confirmed", lambda: "on its way" not in asked.get(f"/inquiries/{row}/"))


def _reference(pair: Pair, node: str, pk: int) -> str:
    rows = read_rows(pair.trio.nodes[node], f"SELECT opened_at FROM inquiries_inquiry WHERE id = {pk}")
    return f"I-{str(rows[0]['opened_at'])[2:4]}-{pk:06d}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_phone_lead_is_answered_kept_out_of_court_and_converted_once(pair: Pair, language: str) -> None:
    row = _ask(
        pair, POLICE, case_number=f"CI-FGE/S1/{language}", urgency="at_hand", urgent_reason="A life is at risk.",
        due_on="2099-01-01", handling=["H1"], source_grade="B", information_grade="2", is_oral=True,
        oral_by="Duty officer 12",
    )  # fmt: skip
    pair.await_step(pair.prosecutor, row, "confirm")
    pair.step(pair.prosecutor, row, "confirm", {"text": "Confirmed."})
    wait_until("it is confirmed", lambda: "/steps/confirm/" not in pair.prosecutor.get(f"/inquiries/{row}/"))
    theirs = _matching(pair, row)
    pair.await_step(pair.attorney, theirs, "answer")
    told = {"text": "The line belongs to a shop.", "handling": ["H1"], "source_grade": "B", "information_grade": "2"}
    pair.step(pair.attorney, theirs, "answer", told, pair.chief)
    pair.await_step(pair.prosecutor, row, "use")
    who = pair.prosecutor
    assert who.post("/language/", {"language": language}, seen_on="/inquiries/")[0] == 302
    page = f"/inquiries/{row}/steps/use/"
    status, told_page = who.post(page, {"used": "yes", "way": "court_file", "text": "…"}, seen_on=page)
    assert status == 403
    assert WORDS[language]["court"] in told_page and f"/inquiries/{row}/convert/" in told_page
    instrument = {"instrument": "mlat_mx_us_1987"}
    assert who.post(f"/inquiries/{row}/convert/", instrument, seen_on=f"/inquiries/{row}/")[0] == 302
    formal = _own(pair.trio)
    assert formal != row and POLICE["facts"] in who.get(f"/inquiries/{formal}/edit/")
    assert "The line belongs to a shop." not in who.get(f"/inquiries/{formal}/edit/")
    assert who.post(f"/inquiries/{row}/convert/", instrument, seen_on=f"/inquiries/{row}/steps/use/")[0] == 409
    assert who.post("/language/", {"language": "en"}, seen_on="/inquiries/")[0] == 302


def _matching(pair: Pair, row: int) -> int:
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
