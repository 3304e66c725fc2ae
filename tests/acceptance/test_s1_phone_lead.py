"""S1 on two real nodes whose clock moves: a phone lead while a kidnap goes on, and what needs days to pass in S2.

The nodes are founded in the night in which New York puts its clocks forward; Hermosillo stays at UTC−7. Everybody
comes again by a fresh link after a move, for sessions end as well.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from contraparte.node import demo_acts
from contraparte.node.demo_cast import ABROAD_ASSISTANCE, STATE_ASSISTANCE
from tests.acceptance import audit
from tests.acceptance.days import Clock, moved_clock
from tests.acceptance.inquiry_pair import (
    Pair,
    ask_through_form,
    enter,
    latest_draft,
    own_row,
    read_in,
    reference,
    row_of_the_other_side,
)
from tests.acceptance.trio import Databases, Trio, contraparte, read_rows, row_counts, wait_until
from tests.acceptance.visitor import Visitor
from tests.inquiries.inquiry_world import LETTER, POLICE
from tests.inquiries.test_pages import LANGUAGES, WORDS, form_of

pytestmark = [pytest.mark.store, pytest.mark.timeout(900)]

NEW_YORK, SONORA = ZoneInfo("America/New_York"), ZoneInfo("America/Hermosillo")
SHOP = "The line belongs to a shop."
SAYS = {
    "en": {"matters": r"(\d+) matters? in all", "linked": "made from this", "lead": "its lead",
           "shut": "What came in here may no longer be used.", "expired": "expired, never confirmed",
           "twelve": "12 days", "held back": "Held back, incomplete: measure"},
    "es": {"matters": r"(\d+) asuntos? en total", "linked": "derivada de esta", "lead": "su indicio",
           "shut": "Lo que se recibió aquí ya no se puede utilizar.", "expired": "vencida, nunca confirmada",
           "twelve": "12 días", "held back": "Retenida por incompleta: diligencia"},
}  # fmt: skip


@dataclass
class Days:
    """The pair of nodes and their clock."""

    trio: Trio
    clock: Clock
    pair: Pair = field(init=False)

    def pass_time(self, **spans: float) -> None:
        """Move the clock on; everybody signs in again."""
        self.clock.pass_time(self.trio, **spans)
        self.pair = enter(self.trio)

    @property
    def now(self) -> datetime:
        return self.clock.now


def night_of_summer_time(after: datetime) -> datetime:
    """Half past midnight in New York, on the next night in which its clocks go forward."""
    nights = [(after + timedelta(days=n)).astimezone(NEW_YORK).replace(hour=0, minute=30) for n in range(1, 400)]
    return next(one for one, next_ in pairwise(nights) if (next_.utcoffset() or one) > (one.utcoffset() or one))


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Days]:
    """Founded nodes with their workers; every process asks a clock that the test moves."""
    root = tmp_path_factory.mktemp("s1")
    now = datetime.now(UTC)
    with moved_clock(root, (night_of_summer_time(now) - now).total_seconds()) as clock:
        trio = Trio.of(root / "demo", 2, databases)
        try:
            demo_acts.found_nodes(trio.demo, trio.cast)
            trio.demo.everywhere(lambda node: node.start("worker"))
            made = Days(trio, clock)
            made.pair = enter(trio)
            yield made
        finally:
            trio.stop()


def matters(who: Visitor, language: str = "en") -> int:
    """How many matters the desk counts."""
    found = re.search(SAYS[language]["matters"], who.get("/inquiries/"))
    return int(found[1]) if found else 0


def shown(pair: Pair, row: int, theirs: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """An inquiry as the command line of both nodes tells it."""
    return (
        pair.show("mx", "prosecutor", STATE_ASSISTANCE, reference(pair, "mx", row)),
        pair.show("us", "attorney", ABROAD_ASSISTANCE, reference(pair, "us", theirs)),
    )


def assert_same(pair: Pair, row: int, theirs: int) -> dict[str, Any]:
    """Both nodes come to the same; gives what they tell."""
    told: list[dict[str, Any]] = []

    def look() -> bool:
        told[:] = shown(pair, row, theirs)
        return told[0]["state"] == told[1]["state"]

    wait_until("both nodes come to the same state", look)
    for name in ("steps", "crossed"):
        assert told[0][name] == told[1][name], name
    return told[0]


def says(who: Visitor, path: str, name: str) -> None:
    """A page says it in both languages."""
    for language in LANGUAGES:
        read_in(who, language)
        assert SAYS[language][name] in re.sub(r"\s+", " ", who.get(path)), (language, name)
    read_in(who, "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_bad_inputs_of_a_phone_lead_are_refused_by_name_and_change_nothing(days: Days, language: str) -> None:
    who, node = days.pair.prosecutor, days.trio.nodes["mx"]
    read_in(who, language)
    before = row_counts(node)["exchange_draft"]
    for typed, status, words in (
        (form_of(POLICE, urgency="urgent"), 409, ("reason", "date")),
        (form_of(POLICE, handling=["H9"]), 422, ("handling",)),
        (form_of(POLICE, source_grade="A", information_grade="4", urgency="urgent"), 409, ("grade",)),
    ):
        answered, page = who.post(
            "/inquiries/new/", typed | {"counterpart": ABROAD_ASSISTANCE, "do": "draft"}, seen_on="/inquiries/new/"
        )
        assert answered == status
        for name in words:
            assert WORDS[language][name] in re.sub(r"\s+", " ", page)
        assert typed["facts"] in page
    assert row_counts(node)["exchange_draft"] == before
    warned = form_of(POLICE, source_grade="A", information_grade="4") | {"counterpart": ABROAD_ASSISTANCE}
    assert WORDS[language]["grade"] in who.post("/inquiries/gaps/", warned, seen_on="/inquiries/new/")[1]
    assert who.post("/inquiries/new/", warned | {"do": "draft"}, seen_on="/inquiries/new/")[0] == 302, "it warns only"
    read_in(who, "en")


def test_a_phone_lead_is_answered_in_its_eight_hours_kept_out_of_court_and_converted_once(days: Days) -> None:
    before = matters(days.pair.prosecutor)
    row = ask_through_form(
        days.pair, POLICE, case_number="CI-FGE/S1/2026", urgency="at_hand", urgent_reason="A life is at risk.",
        due_on=days.now.date().isoformat(), handling=["H1"], source_grade="B", information_grade="2", is_oral=True,
        oral_by="Duty officer 12",
    )  # fmt: skip
    theirs = row_of_the_other_side(days.pair, row)
    days.pair.await_step(days.pair.prosecutor, row, "confirm")
    due = _deadline(days, row, theirs)
    days.pair.step(days.pair.prosecutor, row, "confirm", {"text": "Confirmed."})
    days.pair.await_step(days.pair.attorney, theirs, "acknowledge")
    page = f"/inquiries/{theirs}/"
    assert days.pair.attorney.post(f"{page}steps/acknowledge/", {}, seen_on=page)[0] == 302
    wait_until("the acknowledgement is known", lambda: shown(days.pair, row, theirs)[0]["state"] == "acknowledged")
    days.pass_time(minutes=40)
    told = {"text": SHOP, "handling": ["H1"], "source_grade": "B", "information_grade": "2"}
    days.pair.await_step(days.pair.attorney, theirs, "answer")
    days.pair.step(days.pair.attorney, theirs, "answer", told, days.pair.chief)
    days.pair.await_step(days.pair.prosecutor, row, "use")
    steps = {step: datetime.fromisoformat(at) for at, _, step in assert_same(days.pair, row, theirs)["steps"]}
    assert steps["answer"] < due
    assert timedelta(minutes=40) <= steps["answer"] - steps["acknowledge"] < timedelta(hours=2)
    assert matters(days.pair.prosecutor) == before + 1
    formal = _kept_out_of_court_and_converted(days.pair, row)
    there = row_of_the_other_side(days.pair, formal)
    linked = f"SELECT lead_id FROM inquiries_inquiry WHERE id = {there}"
    assert read_rows(days.trio.nodes["us"], linked)[0]["lead_id"] == theirs
    for who, lead, letter in ((days.pair.prosecutor, row, formal), (days.pair.attorney, theirs, there)):
        says(who, f"/inquiries/{lead}/", "linked")
        says(who, f"/inquiries/{letter}/", "lead")
    assert matters(days.pair.prosecutor) == before + 1, "a lead and its formal request are one"
    days.pair.step(
        days.pair.prosecutor, row, "use", {"used": "yes", "way": "prevention", "text": "The victim is free."}
    )
    wait_until("the use is known", lambda: shown(days.pair, row, theirs)[1]["state"] != "answered")
    assert_same(days.pair, row, theirs)


def _deadline(days: Days, row: int, theirs: int) -> datetime:
    """When the answer is due: eight hours on, whatever the clocks on the walls do. Both pages tell it in their time."""
    listed = contraparte("inquiry", "list", "--as", "prosecutor", "--post", STATE_ASSISTANCE, "--json",
                         node=days.trio.nodes["mx"])  # fmt: skip
    assert listed.returncode == 0, listed.stderr
    own = reference(days.pair, "mx", row)
    due = next(datetime.fromisoformat(one["due_at"]) for one in json.loads(listed.stdout) if one["reference"] == own)
    asked = due - timedelta(hours=8)
    assert timedelta(0) <= days.now - asked < timedelta(minutes=30)
    walls = {zone: due.astimezone(zone).replace(tzinfo=None) - asked.astimezone(zone).replace(tzinfo=None)
             for zone in (NEW_YORK, SONORA)}  # fmt: skip
    assert walls == {NEW_YORK: timedelta(hours=9), SONORA: timedelta(hours=8)}, "New York's clocks go forward meanwhile"
    for who, pk, zone, place in (
        (days.pair.prosecutor, row, SONORA, "Hermosillo"), (days.pair.attorney, theirs, NEW_YORK, "New York"),
    ):  # fmt: skip
        for language in LANGUAGES:
            read_in(who, language)
            assert f"{due.astimezone(zone):%H:%M} ({place})" in who.get(f"/inquiries/{pk}/")
        read_in(who, "en")
    return due


def _kept_out_of_court_and_converted(pair: Pair, row: int) -> int:
    """A court filing is blocked in both languages; the formal request is made once, and sent. Gives its row."""
    who, use, instrument = pair.prosecutor, f"/inquiries/{row}/steps/use/", {"instrument": "mlat_mx_us_1987"}
    for language in LANGUAGES:
        read_in(who, language)
        status, page = who.post(use, {"used": "yes", "way": "court_file", "text": "…"}, seen_on=use)
        assert status == 403
        assert WORDS[language]["court"] in page and f"/inquiries/{row}/convert/" in page
    read_in(who, "en")
    assert who.post(f"/inquiries/{row}/convert/", instrument, seen_on=f"/inquiries/{row}/")[0] == 302
    formal = own_row(pair.trio)
    edit = f"/inquiries/{formal}/edit/"
    filled = who.get(edit)
    assert formal != row and POLICE["facts"] in filled and SHOP not in filled
    assert who.post(f"/inquiries/{row}/convert/", instrument, seen_on=use)[0] == 409
    fields = form_of(LETTER | {"counterpart": ABROAD_ASSISTANCE, "facts": POLICE["facts"]}, handling=["H1"])
    assert who.post(edit, fields | {"do": "draft"}, seen_on=edit)[0] == 302
    pair.release(f"/release/{latest_draft(pair.trio, who)}/", who, pair.director)
    return formal


def test_twelve_days_of_a_clarification_are_the_requesters_and_withdrawing_after_the_answer_shuts_it(
    days: Days,
) -> None:
    search = {"code": "search", "object": "Warehouse 4", "nexus": "Goods were kept there."}
    row = ask_through_form(days.pair, LETTER, measures=[search, LETTER["measures"][1]], leave_out="1")
    theirs = row_of_the_other_side(days.pair, row)
    says(days.pair.prosecutor, f"/inquiries/{row}/", "held back")
    asked = days.pair.attorney.get(f"/inquiries/{theirs}/")
    assert "Branch manager" in asked and "Warehouse 4" not in asked, "only the search stops"
    page = f"/inquiries/{theirs}/"
    days.pair.await_step(days.pair.attorney, theirs, "acknowledge")
    assert days.pair.attorney.post(f"{page}steps/acknowledge/", {}, seen_on=page)[0] == 302
    days.pair.await_step(days.pair.attorney, theirs, "clarify")
    days.pair.step(days.pair.attorney, theirs, "clarify", {"text": "Which branch?"})
    days.pair.await_step(days.pair.prosecutor, row, "clarification")
    days.pass_time(days=12)
    assert "clock stopped" in days.pair.prosecutor.get(f"/inquiries/{row}/")
    days.pair.step(days.pair.prosecutor, row, "clarification", {"text": "Nogales."}, days.pair.director)
    days.pair.await_step(days.pair.attorney, theirs, "accept")
    for who, pk in ((days.pair.prosecutor, row), (days.pair.attorney, theirs)):
        says(who, f"/inquiries/{pk}/", "twelve")
    both = [told["seconds_by_side"] for told in shown(days.pair, row, theirs)]
    for told in both:
        assert timedelta(days=12) <= timedelta(seconds=told["initiator"]) < timedelta(days=12, hours=1)
        assert timedelta(seconds=told["responder"]) < timedelta(hours=1)
    days.pair.step(days.pair.attorney, theirs, "accept", {}, days.pair.chief)
    days.pair.await_step(days.pair.attorney, theirs, "answer")
    days.pair.step(
        days.pair.attorney, theirs, "answer", {"outcome_2": "done", "result_2": "The manager testified."},
        days.pair.chief,
    )  # fmt: skip
    days.pair.await_step(days.pair.prosecutor, row, "withdraw")
    days.pair.step(days.pair.prosecutor, row, "withdraw", {"text": "The case was closed."})
    wait_until("the withdrawal is known", lambda: shown(days.pair, row, theirs)[1]["state"] == "withdrawn")
    assert assert_same(days.pair, row, theirs)["state"] == "withdrawn"
    for who, pk in ((days.pair.prosecutor, row), (days.pair.attorney, theirs)):
        says(who, f"/inquiries/{pk}/", "shut")
        assert f"/inquiries/{pk}/steps/" not in who.get(f"/inquiries/{pk}/")


def test_a_spoken_request_nobody_confirms_ends_after_five_days_and_what_it_brought_is_shut(days: Days) -> None:
    row = ask_through_form(days.pair, POLICE, is_oral=True, oral_by="Duty officer 12", handling=["H1"])
    theirs = row_of_the_other_side(days.pair, row)
    days.pair.await_step(days.pair.attorney, theirs, "answer")
    days.pair.step(days.pair.attorney, theirs, "answer", {"text": SHOP, "handling": ["H1"]}, days.pair.chief)
    days.pair.await_step(days.pair.prosecutor, row, "use")
    use = f"/inquiries/{row}/steps/use/"
    assert days.pair.prosecutor.get(use)
    days.pass_time(days=5, minutes=1)
    for who, pk in ((days.pair.prosecutor, row), (days.pair.attorney, theirs)):
        says(who, f"/inquiries/{pk}/", "expired")
        says(who, f"/inquiries/{pk}/", "shut")
    before = row_counts(days.trio.nodes["mx"])["exchange_message"]
    told = {"used": "yes", "way": "prevention", "text": "…"}
    assert days.pair.prosecutor.post(use, told, seen_on="/inquiries/")[0] == 409
    assert row_counts(days.trio.nodes["mx"])["exchange_message"] == before
    assert assert_same(days.pair, row, theirs)["state"] == "expired"
    wait_until("nothing is under way", lambda: demo_acts.is_quiet(days.trio.progress()))
    assert audit.faults(days.trio.nodes.values()) == []
