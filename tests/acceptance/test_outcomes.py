"""What came of two traces, told through pages of two real nodes: both count it once and print the same figures."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from contraparte.node.demo_cast import CENTRE, STATE_DESK
from contraparte.node.demo_nodes import Node
from tests.acceptance import audit
from tests.acceptance.trio import Trio, contraparte, read_rows, row_counts, wait_until
from tests.acceptance.visitor import Visitor

pytestmark = [pytest.mark.store, pytest.mark.timeout(900)]

MX, US = STATE_DESK.split("/")[0], CENTRE.split("/")[0]
TODAY = datetime.now(UTC).date()
SEIZED = {
    "kind": "seizure", "happened_on": TODAY.replace(day=1).isoformat(), "region": "MX-SON", "what": "fentanyl",
    "quantity": "22", "unit": "lb", "ours": ["requested"], "yours": ["provided"],
}  # fmt: skip
UNREADABLE = ("This field is missing or cannot be so.", "Este campo falta o no puede ser así.")
BAD = {
    "happened_on": ({"happened_on": f"{TODAY.year + 1}-06-01"}, "may not lie ahead", "El día no puede ser futuro"),
    "quantity": ({"quantity": "2,2"}, *UNREADABLE),
    "region": ({"region": "Nogales"}, *UNREADABLE),
}


def one(node: Node, sql: str) -> Any:
    """The first value of the first row, or None."""
    rows = read_rows(node, sql)
    return next(iter(rows[0].values())) if rows else None


def report(node: Node, username: str, post: str, other: str, as_of: str) -> dict[str, Any]:
    """What the command prints for this quarter."""
    quarter = f"{TODAY.year}Q{(TODAY.month + 2) // 3}"
    asked = ["--as", username, "--post", post, "--with", other, "--quarter", quarter, "--as-of", as_of, "--json"]
    ran = contraparte("outcome", "report", *asked, node=node)
    assert ran.returncode == 0, ran.stderr
    return dict(json.loads(ran.stdout))


def spans_by_receipts(node: Node) -> list[float]:
    """Seconds from the accepted request to its accepted answer, from the signed receipts alone."""
    rows = read_rows(
        node,
        "SELECT m.uuid, m.in_reply_to, m.type, r.statement FROM exchange_message m JOIN exchange_receipt r "
        "ON r.message_id = m.id AND r.kind = 'accepted' WHERE m.copy_of IS NULL AND m.agency = "
        f"'{MX}' AND m.peer = '{US}' AND m.type IN ('trace.request/1', 'trace.result/1')",
    )
    at = {row["uuid"]: datetime.fromisoformat(json.loads(row["statement"])["at"]) for row in rows}
    answers = {row["in_reply_to"]: at[row["uuid"]] for row in rows if row["type"] == "trace.result/1"}
    asked = [row["uuid"] for row in rows if row["type"] == "trace.request/1"]
    return sorted((answers[name] - at[name]).total_seconds() for name in asked if name in answers)


@pytest.fixture
def answered(new_trio: Callable[[int], Trio]) -> Trio:
    """Two traces asked and answered; everything is at work."""
    trio = new_trio(3)
    trio.found_and_record()
    trio.do("mx", "release_requests", at_most=2)
    wait_until("both traces have ended", trio.is_quiet, within_s=400)
    return trio


def test_both_nodes_count_what_came_of_a_trace_once_and_print_the_same_figures(answered: Trio) -> None:
    mx, us = answered.nodes["mx"], answered.nodes["us"]
    officer, analyst = Visitor(answered.links("mx")["officer"]), Visitor(answered.links("us")["analyst"])
    step = "SELECT {} FROM exchange_obligation WHERE stage = 'trace' AND agency = '{}' ORDER BY id LIMIT 1"
    about, owed = one(mx, step.format("conversation_id", MX)), one(mx, step.format("id", MX))
    form = f"/outcomes/about/{about}/"

    for language, words in (("en", 1), ("es", 2)):
        officer.read_in(language)
        for field, bad in BAD.items():
            before = row_counts(mx)
            status, page = officer.post(form, SEIZED | bad[0], seen_on=form)
            assert (status, bad[words] in page) == (422, True), f"{field} in {language}"
            assert row_counts(mx) == before

    assert officer.post(form, SEIZED, seen_on=form)[0] == 302
    heard = "SELECT id FROM outcomes_outcome WHERE NOT is_ours"
    wait_until("the centre has heard of it", lambda: one(us, heard))
    confirm = f"/outcomes/{one(us, heard)}/confirm/"
    assert analyst.post(confirm, {"contribution": ["provided"]}, seen_on=confirm)[0] == 302
    assert analyst.post(confirm, {"contribution": ["provided"]}, seen_on=confirm)[0] == 422, "confirmed already"
    give = f"/outcomes/feedback/{owed}/"
    assert officer.post(give, {"code": "used:evidence", "note": ""}, seen_on=give)[0] == 302
    wait_until("it is confirmed on both", lambda: one(mx, "SELECT state FROM outcomes_outcome") == "confirmed")
    wait_until("its use is told", lambda: one(us, "SELECT id FROM outcomes_feedback"))
    used = "SELECT id FROM exchange_receipt WHERE kind = 'used' AND NOT ours"
    wait_until("the signed receipt of the use is there", lambda: one(us, used))
    settled = "SELECT count(*) AS n FROM exchange_message WHERE direction = 'out' AND state = 'queued'"
    wait_until("nothing is on its way", lambda: not one(mx, settled) and not one(us, settled))

    as_of = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    ours, theirs = report(mx, "officer", STATE_DESK, US, as_of), report(us, "analyst", CENTRE, MX, as_of)
    assert ours == theirs
    told = {
        (row["section"], row.get("subject", ""), row.get("agency", ""), row["measure"]): row["value"]
        for row in ours["figures"]
    }
    spans = spans_by_receipts(mx)
    assert told["reciprocity", MX, US, "asked"] == told["reciprocity", MX, US, "answered"] == len(spans) == 2
    assert (told["reciprocity", MX, US, "median_s"], told["reciprocity", MX, US, "p90_s"]) == tuple(spans)
    assert told["outcomes", "seizure", "", "confirmed"] == 1
    assert told["seized", "fentanyl", "", "kg"] == "9.979", "22 lb are 9.97903214 kg"
    assert (told["feedback", "", MX, "owed"], told["feedback", "", MX, "used"]) == (2, 1)
    asked = ["--as", "officer", "--post", STATE_DESK, "--with", US, "--as-of", as_of]
    written = contraparte("outcome", "report", *asked, "--quarter", ours["quarter"], "--csv", "--public", node=mx)
    lines = list(csv.DictReader(io.StringIO(written.stdout)))
    assert {line["value"] for line in lines if line["measure"] in ("asked", "confirmed", "used")} == {""}
    refused = contraparte("outcome", "report", *asked, "--quarter", "2026Q7", node=mx)
    assert (refused.returncode, "2026Q7" in refused.stderr) == (1, True)
    assert audit.faults(answered.nodes.values()) == []
