"""S2 on two real nodes through their pages: a letter of request, with every bad input.

S1, and what needs days to pass, is in `test_s1_phone_lead.py`, whose nodes have a clock that moves.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from contraparte.node import demo_acts
from contraparte.node.demo_cast import ABROAD_ASSISTANCE, ABROAD_COURT, OPERATORS, STATE_ASSISTANCE
from contraparte.node.demo_nodes import Node
from contraparte.protocol.envelope import Envelope
from contraparte.protocol.frames import encode_batch
from contraparte.protocol.keys import Purpose
from tests.acceptance.inquiry_pair import (
    Pair,
    ask_through_form,
    await_inquiry,
    enter,
    latest_draft,
    own_row,
    read_in,
    reference,
)
from tests.acceptance.liar import flipped, post_batch, private_key
from tests.acceptance.trio import Databases, Trio, read_rows, row_counts, stop_worker, wait_until
from tests.inquiries.inquiry_world import LETTER
from tests.inquiries.test_pages import LANGUAGES, WORDS, form_of

pytestmark = [pytest.mark.store, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Pair]:
    """Founded nodes with their workers; the custodians' node stands by."""
    trio = Trio.of(tmp_path_factory.mktemp("s2") / "demo", 2, databases)
    try:
        demo_acts.found_nodes(trio.demo, trio.cast)
        trio.demo.everywhere(lambda node: node.start("worker"))
        yield enter(trio)
    finally:
        trio.stop()


@pytest.mark.parametrize("language", LANGUAGES)
def test_bad_inputs_are_refused_by_name_keep_what_was_typed_and_change_nothing(pair: Pair, language: str) -> None:
    who = pair.prosecutor
    read_in(who, language)
    before = read_rows(pair.trio.nodes["mx"], "SELECT count(*) AS n FROM exchange_draft")
    second = {"code": "bank_records", "object": "Account 2", "nexus": ""}
    search = {"code": "search", "object": "Warehouse 4", "nexus": "Goods."}
    for typed, status, words in (
        (form_of(LETTER, offences=[{"code": "extortion"}], measures=[LETTER["measures"][0], second]), 409,
         ("statute", "nexus")),
        (form_of(LETTER, measures=[search, LETTER["measures"][1]]), 409, ("dual",)),
    ):  # fmt: skip
        answered, page = who.post(
            "/inquiries/new/", typed | {"counterpart": ABROAD_ASSISTANCE, "do": "draft"}, seen_on="/inquiries/new/"
        )
        assert answered == status
        for name in words:
            assert WORDS[language][name] in re.sub(r"\s+", " ", page)
        assert typed["facts"] in page
    assert read_rows(pair.trio.nodes["mx"], "SELECT count(*) AS n FROM exchange_draft") == before
    read_in(who, "en")


def test_a_letter_is_transferred_clarified_conditioned_answered_and_both_nodes_tell_the_same(pair: Pair) -> None:
    row = ask_through_form(pair, LETTER, case_number="CI-FGE/S2/2026")
    theirs = await_inquiry(pair.trio, "us", ABROAD_ASSISTANCE)
    pair.await_step(pair.attorney, theirs, "transfer")
    for language in LANGUAGES:
        read_in(pair.attorney, language)
        page = f"/inquiries/{theirs}/steps/refuse/"
        status, told = pair.attorney.post(page, {"ground": "sovereignty", "text": "Not this."}, seen_on=page)
        assert status == 409
        assert WORDS[language]["consult"] in told and "Not this." in told
    read_in(pair.attorney, "en")
    pair.step(pair.attorney, theirs, "transfer", {"to": ABROAD_COURT, "text": "Bank records are the court's."})
    wait_until("the transfer is known", lambda: "/redirect/" in pair.prosecutor.get(f"/inquiries/{row}/"))
    assert pair.prosecutor.post(f"/inquiries/{row}/redirect/", {}, seen_on=f"/inquiries/{row}/")[0] == 302
    row = own_row(pair.trio)
    edit = f"/inquiries/{row}/edit/"
    assert LETTER["facts"] in pair.prosecutor.get(edit)
    fields = form_of(LETTER | {"counterpart": ABROAD_COURT}, case_number="CI-FGE/S2/2026")
    assert pair.prosecutor.post(edit, fields | {"do": "draft"}, seen_on=edit)[0] == 302
    pair.release(f"/release/{latest_draft(pair.trio, pair.prosecutor)}/", pair.prosecutor, pair.director)
    court = await_inquiry(pair.trio, "us", ABROAD_COURT)
    _walk_at_court(pair, row, court)
    mine = pair.show("mx", "prosecutor", STATE_ASSISTANCE, reference(pair, "mx", row))
    other = pair.show("us", "clerk", ABROAD_COURT, reference(pair, "us", court))
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
    _answer_over_a_road_that_changes_a_byte(pair, court)
    pair.await_step(asked, row, "verify")
    page = asked.get(f"/inquiries/{row}/")
    assert page.count("H3 · Not for tax proceedings.") >= 2
    assert "Statements of account 1." in page and "The manager testified." in page
    assert asked.post(f"/inquiries/{row}/steps/verify/", {}, seen_on=f"/inquiries/{row}/")[0] == 302
    pair.await_step(asked, row, "use")
    pair.step(asked, row, "use", {"used": "yes", "way": "court_file", "text": "Admitted at trial."})
    pair.await_step(asked, row, "close")
    assert asked.post(f"/inquiries/{row}/steps/close/", {}, seen_on=f"/inquiries/{row}/")[0] == 302
    wait_until("the close is known", lambda: pair.show("us", "clerk", ABROAD_COURT, reference(pair, "us", court))[
        "state"] == "closed")  # fmt: skip
    wait_until("the close is confirmed", lambda: "on its way" not in asked.get(f"/inquiries/{row}/"))


def _answer_over_a_road_that_changes_a_byte(pair: Pair, court: int) -> None:
    """The final answer: whoever carries it and changes a byte is refused by name; as it was sealed it is accepted."""
    us, mx = pair.trio.nodes["us"], pair.trio.nodes["mx"]
    wait_until("nothing is under way", lambda: demo_acts.is_quiet(pair.trio.progress()))
    stop_worker(us)
    told = {"outcome_2": "done", "result_2": "The manager testified."}
    pair.step(pair.clerk, court, "answer", told, pair.chief)
    [sealed] = read_rows(
        us,
        "SELECT m.uuid, m.digest, k.header, k.ciphertext, k.signature FROM exchange_message m "
        "JOIN exchange_content k ON k.message_id = m.id WHERE m.type = 'inquiry.answer/1' AND m.state = 'queued'",
    )
    honest = Envelope(sealed["header"], sealed["ciphertext"], sealed["signature"])
    before, key = kept(mx), private_key(us, OPERATORS["us"], Purpose.TRANSPORT)
    body = encode_batch([honest])
    on_the_way = flipped(body, len(body) // 2)
    refused = post_batch(mx.url, on_the_way, key, signed=body)
    assert (refused.status, refused.code) == (401, "peer.unproven"), "the request no longer proves who sends it"
    for place in (0, len(honest.ciphertext) // 2, len(honest.ciphertext) - 1):
        changed = replace(honest, ciphertext=flipped(honest.ciphertext, place))
        statements = post_batch(mx.url, encode_batch([changed]), key).statements
        assert [(one.kind, one.code) for one in statements] == [("deferred", "signature.invalid")], place
    assert kept(mx) == before, "nothing of it is kept"
    us.start("worker")
    arrived = f"SELECT digest FROM exchange_message WHERE uuid = '{sealed['uuid']}' AND direction = 'in'"
    [here] = wait_until("the true answer is accepted", lambda: read_rows(mx, arrived))
    assert here["digest"] == sealed["digest"]


def kept(node: Node) -> dict[str, int]:
    """How much a node holds of messages and inquiries. Its ledger goes on cosigning and mirroring meanwhile."""
    return {name: n for name, n in row_counts(node).items() if name.startswith(("exchange_", "inquiries_"))}
