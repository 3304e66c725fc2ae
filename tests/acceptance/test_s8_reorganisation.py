"""S8 on two nodes: a ministry of 31 posts is absorbed while it works with the other country, and created again.

The change is announced, reviewed, signed and published by the commands a keeper runs; both nodes take it in from each
other over HTTP. 58 requests are open then: they are asked by the actions the pages call (`console.ask_many`), since
forms would take minutes. Groups, the permission, its confirmation and every answer go through pages. Clocks that pause
are held in `tests/exchange`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from contraparte.node.demo_cast import accords
from contraparte.node.demo_nodes import DemoFailedError
from tests.acceptance.group_pair import (
    COUNTRIES,
    LANGUAGES,
    PARTNER,
    PRINCIPAL,
    GroupPair,
    await_recheck,
    done,
    founded_pair,
    main_of,
    read_in,
    squeezed,
)
from tests.acceptance.trio import Databases, contraparte, read_rows, stop_worker, wait_until
from tests.acceptance.visitor import Visitor
from tests.directory.lineage_events import document
from tests.inquiries.inquiry_world import POLICE, SPONTANEOUS
from tests.inquiries.test_pages import form_of

pytestmark = [pytest.mark.store, pytest.mark.timeout(600)]

REQUESTS, COUNT, MAPPED, BACK = 58, 31, 27, 20
OLD = [f"mx.old/p{number:02}" for number in range(COUNT)]
NEW = [f"mx.new/n{number:02}" for number in range(MAPPED)]
CHAIR, HOLDER, LATE, UNIT = OLD[1], OLD[0], OLD[2], "mx.fgr/uecs"
WINDOW = NEW[-1]
POSTS = {
    "mx": {"mx.fgr": {UNIT: "Unidad antisecuestro"}, "mx.old": {one: f"Oficina {one[-2:]}" for one in OLD},
           "mx.new": {one: f"Dirección {one[-2:]}" for one in NEW}},
    "us": {"us.ntc": {"us.ntc/desk": "Desk"}, "us.fbi": {PARTNER: "Kidnapping squad", PRINCIPAL: "Principal"}},
}  # fmt: skip
PEOPLE = {
    "unit": ("mx", "es", UNIT, ("officer", "authoriser")),
    "holder": ("mx", "es", HOLDER, ("officer",)),
    "holder-chief": ("mx", "es", HOLDER, ("authoriser",)),
    "chair": ("mx", "es", CHAIR, ("officer",)),
    "late": ("mx", "es", LATE, ("officer",)),
    "late-chief": ("mx", "es", LATE, ("authoriser",)),
    "taker": ("mx", "es", NEW[0], ("officer",)),
    "new-chair": ("mx", "es", NEW[1], ("officer",)),
    "partner": ("us", "en", PARTNER, ("officer",)),
    "partner-chief": ("us", "en", PARTNER, ("authoriser",)),
    "principal": ("us", "en", PRINCIPAL, ("authoriser",)),
}
GROUPS = [f"Grupo {number}" for number in range(1, 5)]
OPEN = """
    SELECT m.uuid AS uuid, o.due_at, o.opened_at, o.holder FROM exchange_obligation o
    JOIN exchange_message m ON m.id = o.message_id WHERE o.closed_at IS NULL ORDER BY m.uuid"""


def absorption(effective: datetime, **more: Any) -> dict[str, Any]:
    """All posts of the old body: 27 have a successor of their own, four are abolished and leave theirs to one."""
    posts = {old: NEW[place] if place < MAPPED else NEW[0] for place, old in enumerate(OLD)}
    told = document("absorb-2027", "absorb", ["mx.old"], ["mx.new"], posts, at(effective), reviewers=["us"])
    for line in told["mapping"][MAPPED:]:
        line["abolished"] = True
    return told | {"accepts_until": at(effective + timedelta(days=5)), **more}


def at(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Ministry:
    """Both nodes, the folder their keepers write files to, and what was open when all was still as it was."""

    pair: GroupPair
    folder: Path
    owed: dict[str, list[tuple[Any, ...]]]

    def file(self, name: str, told: dict[str, Any]) -> Path:
        """A change as its author writes it down."""
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(told), "utf-8")
        return path

    def lineage(self, *words: Any, node: str, fails: str = "") -> str:
        """`contraparte directory lineage …`, done or refused with this code."""
        said = self.pair.run("directory", "lineage", *words, node=node, fails=bool(fails))
        assert fails in said, said
        return said

    def publish(self, signed: Path, country: str) -> None:
        """The country's publisher takes a signed change into its directory."""
        self.pair.run("directory", "publish", country, "--lineage", signed, node=country)

    def refresh(self, *nodes: str) -> None:
        """Nodes fetch both directories from each other."""
        for node in nodes or COUNTRIES:
            self.pair.trio.do(node, "refresh", countries=list(COUNTRIES))
        await_recheck()

    def agree(self, told: dict[str, Any]) -> None:
        """Announced and signed by the one, taken in, reviewed and signed by the other, taken in by both."""
        name, ours, theirs = told["id"], self.folder / "ours", self.folder / "theirs"
        self.lineage("sign", self.file(name, told), "--country", "mx", "-o", ours, node="mx")
        self.publish(ours, "mx")
        self.refresh("us")
        assert "counts" in self.lineage("agree", name, "--country", "us", "-o", theirs, node="us")
        self.publish(theirs, "us")
        self.refresh()

    def pass_time(self, **spans: float) -> None:
        """Time passes while the workers rest; their rounds by the clock begin at once when they are back."""
        nodes = self.pair.trio.nodes.values()
        for node in nodes:
            if "worker" in node.running:
                stop_worker(node)
        self.pair.pass_time(**spans)
        for node in nodes:
            node.start("worker")

    def open_steps(self, node: str) -> list[tuple[Any, ...]]:
        """What is owed on a node: message, since when, until when; never by whom."""
        return [(row["uuid"], row["due_at"], row["opened_at"]) for row in self.rows(node, OPEN)]

    def holders(self, node: str) -> set[str]:
        return {row["holder"] for row in self.rows(node, OPEN)}

    def rows(self, node: str, sql: str) -> list[dict[str, Any]]:
        return read_rows(self.pair.trio.nodes[node], sql)

    def who(self, name: str) -> Visitor:
        """A person before the pages."""
        return self.pair.__getattr__(name)

    def release(self, author: str, chief: str, node: str) -> None:
        """The author's latest draft is approved by another person and let out."""
        draft = self.rows(node, "SELECT max(id) AS id FROM exchange_draft")[0]["id"]
        path = f"/release/{draft}/"
        digest = self.who(chief).get(path).split('name="digest" value="')[1][:64]
        done(self.who(chief).post(f"{path}approve/", {"digest": digest}, seen_on=path))
        done(self.who(author).post(f"{path}send/", {}, seen_on=path))

    def asks(self, author: str, typed: dict[str, Any], **changed: Any) -> tuple[int, str]:
        """Somebody asks through the form."""
        fields = form_of(typed, **changed) | {"do": "draft"}
        return self.who(author).post("/inquiries/new/", fields, seen_on="/inquiries/new/")

    def latest(self, node: str, where: str) -> dict[str, Any]:
        """The last message on a node of which this holds, once there is one."""
        wanted = (
            "SELECT m.id, m.uuid, m.recipient, m.sender, m.state, m.log_origin, c.post_id FROM exchange_message m "
            f"JOIN exchange_conversation c ON c.id = m.conversation_id WHERE {where} ORDER BY m.id DESC"
        )
        return wait_until(f"{where} on {node}", lambda: self.rows(node, wanted), within_s=40)[0]

    def await_notices(self, number: int) -> None:
        """Each node tells its people once of each change that counts, when all of it has been followed."""
        wanted = "SELECT id FROM directory_alarm WHERE code = 'lineage.in_effect'"
        for node in COUNTRIES:
            wait_until(f"{node} has followed", lambda node=node: len(self.rows(node, wanted)) >= number)
            assert len(self.rows(node, wanted)) == number

    def has_no_orphans(self) -> None:
        """The question that must answer "none" on both nodes."""
        for node in COUNTRIES:
            assert self.lineage("orphans", node=node) == "none\n"


@pytest.fixture(scope="module")
def ministry(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Ministry]:
    """Both nodes at work, with 58 requests that have arrived and that one side or the other owes an answer."""
    root = tmp_path_factory.mktemp("s8")
    with founded_pair(root, databases, POSTS, PEOPLE) as pair:
        half = [OLD[place % COUNT] for place in range(0, REQUESTS, 2)]
        pairs = {"mx": [(one, PARTNER) for one in half], "us": [(PARTNER, one) for one in reversed(OLD[2:])]}
        for node, told in pairs.items():
            pair.console(node).tell({"ask": told})
        assert [pair.console(node).hear()[0] for node in pairs] == [0, 0]
        made = Ministry(pair, root, {})
        wait_until("all requests are open on both", lambda: {len(made.open_steps(one)) for one in COUNTRIES}
                   == {REQUESTS})  # fmt: skip
        made.owed = {node: made.open_steps(node) for node in COUNTRIES}
        yield made


def test_s8_a_ministry_is_absorbed_and_created_again_on_two_nodes(ministry: Ministry, tmp_path: Path) -> None:
    first = ministry.latest("mx", f"m.direction = 'out' AND m.sender = '{OLD[4]}' AND m.state = 'sent'")
    groups_and_a_permission_are_there(ministry)
    effective = ministry.pair.clock.now + timedelta(days=10)
    bad_changes_are_refused_by_name(ministry, effective)
    ministry.agree(absorption(effective))
    late = what_is_sent_under_the_old_key_waits(ministry)
    ministry.pass_time(days=16)
    everything_is_with_its_successor(ministry, late)
    the_permission_is_confirmed_by_page(ministry)
    four_months_later_a_single_window(ministry)
    five_years_later_it_works_back(ministry)
    old_signatures_verify(ministry, first, tmp_path)


def groups_and_a_permission_are_there(ministry: Ministry) -> None:
    chair = ministry.who("chair")
    for name in GROUPS:
        fields = {"counterpart": PARTNER, "name_en": "", "name_es": name, "kind": "working_group", "framework": ""}
        done(chair.post("/groups/new/", fields, seen_on="/groups/new/"))
    ministry.pair.settle()
    done(ministry.asks("partner", SPONTANEOUS, counterpart=HOLDER))
    ministry.release("partner", "partner-chief", "us")
    item = ministry.latest(
        "mx", f"m.recipient = '{HOLDER}' AND m.type = 'inquiry.spontaneous/1' AND m.state = 'handled'"
    )
    fields = {"kind": "onward", "recipient": UNIT, "purpose": "", "why": "They watch the road.",
              "until": (ministry.pair.clock.now + timedelta(days=20)).date().isoformat()}  # fmt: skip
    done(ministry.who("holder").post(f"/items/{item['id']}/ask/", fields, seen_on=f"/items/{item['id']}/"))
    asked = "SELECT id FROM exchange_permission WHERE state = '{}'"
    given = wait_until("it is asked", lambda: ministry.rows("us", asked.format("asked")))[0]["id"]
    done(ministry.who("partner-chief").post(f"/permissions/{given}/grant/", {}, seen_on="/inquiries/"))
    wait_until("it is granted", lambda: ministry.rows("mx", asked.format("granted")))


def bad_changes_are_refused_by_name(ministry: Ministry, effective: datetime) -> None:
    """Nothing of it is signed, and a statement the other country forged is taken in by nobody."""
    cycle = [{"from": a, "to": [{"post": b}]} for a, b in ((OLD[0], OLD[1]), (OLD[1], OLD[0]))]
    for code, english, spanish, changed in (
        ("lineage.cycle", "give its own away at the same moment", "en el mismo momento", {"mapping": cycle}),
        ("lineage.rule", "It is not clear who takes the work", "No queda claro quién recibe los asuntos",
         {"mapping": [{"from": OLD[0], "to": [{"post": NEW[0]}, {"post": NEW[1]}]}]}),
        ("lineage.period", "do not fit together", "no concuerdan", {"announced": "2099-01-01T00:00:00Z"}),
        ("lineage.post.missing", "leaves out the post", "omite el puesto",
         {"mapping": absorption(effective)["mapping"][:-1]}),
    ):  # fmt: skip
        file = ministry.file("bad", absorption(effective, **changed))
        for node, words in (("mx", spanish), ("us", english)):
            assert words in ministry.lineage("check", file, node=node, fails=code)
    forged = ministry.folder / "forged"
    ministry.lineage(
        "sign", ministry.file("forged-1", absorption(effective)), "--country", "us", "-o", forged, node="us"
    )
    ministry.publish(forged, "mx")
    for node in COUNTRIES:
        with pytest.raises(DemoFailedError, match=r"lineage\.forged"):
            ministry.refresh(node)


def what_is_sent_under_the_old_key_waits(ministry: Ministry) -> str:
    """Released in the last days, and still in the outbox when the old body's last day is over."""
    stop_worker(ministry.pair.trio.nodes["mx"])
    done(ministry.asks("late", POLICE, counterpart=PARTNER))
    ministry.release("late", "late-chief", "mx")
    return str(ministry.latest("mx", f"m.sender = '{LATE}' AND m.state = 'queued'")["uuid"])


def everything_is_with_its_successor(ministry: Ministry, late: str) -> None:
    pair = ministry.pair
    ministry.await_notices(1)
    ministry.has_no_orphans()
    for node in COUNTRIES:
        told = [one for one in ministry.open_steps(node) if one[0] in {uuid for uuid, *_ in ministry.owed[node]}]
        assert told == ministry.owed[node], "no clock has stopped, none began anew"
        assert ministry.holders(node) <= {*NEW, PARTNER}
    # What the old body's key signed and nobody had got by its last day is taken from nobody any more.
    refused = (
        f"SELECT o.code FROM exchange_outbox o JOIN exchange_message m ON m.id = o.message_id WHERE m.uuid = '{late}'"
    )
    wait_until("the other side has refused it", lambda: [one["code"] for one in ministry.rows("mx", refused)]
               == ["agency.succeeded"])  # fmt: skip
    assert not ministry.rows("us", f"SELECT id FROM exchange_message WHERE uuid = '{late}'")
    for language, words in zip(LANGUAGES, (f"The post {LATE} has passed its work on.",
                                           f"El puesto {LATE} ya entregó sus asuntos."), strict=True):  # fmt: skip
        read_in(ministry.who("late"), language)
        status, page = ministry.asks("late", POLICE, counterpart=PARTNER)
        assert (status in {403, 409, 422}, words in squeezed(page)) == (True, True), (status, main_of(page))
    # Who writes to the old address reaches who has its work, and the groups go on at the new chair's desk.
    done(ministry.asks("partner", POLICE, counterpart=OLD[5]))
    ministry.release("partner", "partner-chief", "us")
    assert ministry.latest("mx", f"m.recipient = '{NEW[5]}' AND m.direction = 'in'")["post_id"] == NEW[5]
    board = ministry.who("new-chair").get("/groups/")
    assert [name for name in GROUPS if name not in board] == []
    assert ministry.who("chair").get("/groups/").count("Grupo ") == 0
    assert {one["counterpart"] for one in ministry.rows("us", "SELECT counterpart FROM groups_group")} == {NEW[1]}
    for name, words in (("taker", "Absorción"), ("partner", "Absorption")):
        page = ministry.who(name).get("/contacts/lineage/")
        assert words in page and page.count('<svg class="cp-lineage"') == 1
    assert pair.record("mx", "words") == pair.record("us", "words")


def the_permission_is_confirmed_by_page(ministry: Ministry) -> None:
    chief, page = ministry.who("partner-chief"), "/contacts/lineage/"
    for language in LANGUAGES:
        read_in(chief, language)
        assert HOLDER in chief.get(page).partition("cp-lineage")[0]
    waiting = ministry.rows("us", "SELECT id FROM exchange_reconfirmation WHERE state = 'waiting'")
    for row in waiting:
        for name, status in (("partner", 403), ("principal", 404)):
            assert ministry.who(name).post(f"{page}{row['id']}/confirm/", {}, seen_on=page)[0] == status
        done(chief.post(f"{page}{row['id']}/confirm/", {}, seen_on=page))
    assert len(waiting) == 1
    assert not ministry.rows("us", "SELECT id FROM exchange_reconfirmation WHERE state = 'waiting'")


def four_months_later_a_single_window(ministry: Ministry) -> None:
    """What comes from abroad goes through one window; each thread stays with the post that has it."""
    ministry.pass_time(days=120)
    do, now = ministry.pair.trio.do, ministry.pair.clock.now
    begins = at(now - timedelta(hours=1))
    told = accords()["mx-us-firearms"] | {"id": "mx-us-window", "effective_from": begins}
    told["routing"] = [*told["routing"], {
        "types": ["inquiry.*"], "from": "us", "to": "mx", "mode": "window", "window": WINDOW,
        "effective_from": begins, "effective_until": at(now + timedelta(days=300)),
    }]  # fmt: skip
    signed: Any = told
    for country in COUNTRIES:
        signed = do(country, "sign", country=country, document=signed)
    for country in COUNTRIES:
        do(country, "publish_accords", country=country, signed={"mx-us-window": signed})
    ministry.refresh()
    asked = ministry.latest("us", f"m.direction = 'in' AND m.sender = '{OLD[6]}'")
    answer_it(ministry, "partner", "us", asked)
    through = ministry.latest("mx", f"m.direction = 'in' AND m.recipient = '{WINDOW}'")
    assert through["post_id"] == NEW[6]
    ministry.has_no_orphans()


def answer_it(ministry: Ministry, name: str, node: str, asked: dict[str, Any]) -> None:
    """Somebody says on the page of a request that it has come in."""
    joined = "inquiries_inquiry i JOIN exchange_message m ON m.conversation_id = i.conversation_id"
    sql = f"SELECT i.id FROM {joined} WHERE m.id = {asked['id']}"
    page = f"/inquiries/{ministry.rows(node, sql)[0]['id']}/steps/acknowledge/"
    done(ministry.who(name).post(page, {"number": "A-1"}, seen_on=page))


def five_years_later_it_works_back(ministry: Ministry) -> None:
    """The body is created again for twenty of its posts; the rest stays where it is."""
    pair = ministry.pair
    for node in pair.trio.nodes.values():
        stop_worker(node)
    pair.clock.set_ahead(pair.clock.seconds + timedelta(days=5 * 365).total_seconds())
    for country in COUNTRIES:  # a root is good for a year: the keeper signs the next one with the keys from the safe
        pair.run("directory", "rotate-root", country, "--root-keys", ministry.folder / "root-keys", node=country)
    ministry.pass_time()
    back = dict(zip(NEW[:BACK], OLD[:BACK], strict=True))
    now = at(pair.clock.now)
    told = document("again-2032", "recreate", ["mx.new"], ["mx.old"], back, now, announced=now, reviewers=["us"])
    ministry.agree(told)
    ministry.pass_time()
    wanted = "SELECT DISTINCT post_id FROM exchange_conversation WHERE agency <> 'us.fbi'"
    ours = {*OLD[:BACK], *NEW[BACK:]}
    ministry.await_notices(2)
    assert {one["post_id"] for one in ministry.rows("mx", wanted)} <= ours
    ministry.has_no_orphans()
    board = ministry.who("chair").get("/groups/")
    assert [name for name in GROUPS if name not in board] == []
    assert ministry.who("new-chair").get("/groups/").count("Grupo ") == 0
    asked = ministry.latest("mx", f"m.direction = 'in' AND c.post_id = '{LATE}'")
    answer_it(ministry, "late", "mx", asked)
    heard = ministry.latest("us", f"m.direction = 'in' AND m.sender = '{LATE}' AND m.state = 'handled'")
    assert heard["recipient"] == PARTNER
    for node in COUNTRIES:
        assert json.loads(pair.run("ledger", "fsck", "--json", node=node))["findings"] == []


def old_signatures_verify(ministry: Ministry, first: dict[str, Any], folder: Path) -> None:
    """What the old body signed before all this is proven without any node."""
    log = ["--log", first["log_origin"]]
    ministry.pair.run("ledger", "prove", UUID(first["uuid"]), "-o", folder / "proof", *log, node="mx")
    ministry.pair.run("ledger", "policy", "-o", folder / "policy", *log, node="mx")
    assert contraparte("tlog", "verify", folder / "proof", "--policy", folder / "policy").returncode == 0
