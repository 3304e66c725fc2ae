"""S3 on real nodes through their pages: a tip that belongs to a third party, and who may pass it on.

    country C's liaison ──tip, H2──▶ provider abroad ──▶ prosecutor in Sonora ──▶ liaison of a municipal police
      (US node)                       (US node)           (Mexican node)            (Mexican node)

Each link down asks up: nothing goes on without the consent of C, asked through whoever passed it. What C withdraws is
withdrawn from everybody, and C reads who had it and whether they had opened it. The clock of both nodes moves: a
permission runs out, and content whose time is over is gone to the last byte. Recalls of holders that were away and the
order of arrival are held in `tests/exchange`.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import requests

from contraparte.node import demo_acts, demo_cast
from contraparte.node.demo_cast import ABROAD_ASSISTANCE, HERMOSILLO, INQUIRIES, STATE_ASSISTANCE, Player
from contraparte.node.demo_nodes import Node
from tests.acceptance import audit
from tests.acceptance.days import Clock, moved_clock
from tests.acceptance.remnants import found_in
from tests.acceptance.trio import (
    Databases,
    Trio,
    contraparte,
    fsck,
    is_serving,
    read_rows,
    row_counts,
    stop_worker,
    wait_until,
)
from tests.acceptance.visitor import Visitor
from tests.inquiries.inquiry_world import POLICE
from tests.inquiries.test_pages import form_of

pytestmark = [pytest.mark.store, pytest.mark.timeout(900)]

ORIGIN, MUNICIPAL = "us.ntc/assistance", "mx.fgr/assistance"
TIP = "A grey Ford pickup with two rifles under the seat crosses at Nogales before dawn on Tuesday."
SAYS = {
    "en": {
        "repeats": "The draft repeats words of an item under H2.",
        "stays": "Nothing leaves to this post.",
        "missing": "An item it draws on may not be passed on without permission of who sent it.",
        "withdrawn": "The permission to pass it on was withdrawn.",
        "expired": "The time of the permission to pass it on is over.",
        "past": "the last day lies ahead.",
        "had it": "Who had it when it was withdrawn:",
        "read": "had read it",
    },
    "es": {
        "repeats": "El borrador repite palabras de una información sujeta a H2.",
        "stays": "Nada sale hacia este puesto.",
        "missing": "Se apoya en información que no puede transmitirse a terceros sin permiso de quien la envió.",
        "withdrawn": "El permiso para transmitirla fue revocado.",
        "expired": "El permiso para transmitirla está vencido.",
        "past": "y el último día debe ser futuro.",
        "had it": "Quién la tenía cuando se revocó:",
        "read": "la había leído",
    },
}
LANGUAGES = ("en", "es")
CONDITION = "Not for tax proceedings."
# Days a police request is kept in these nodes' accords; everything else is kept for ten years.
KEPT_DAYS = 2


def day(days: int) -> str:
    """A calendar day from now."""
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


@dataclass
class Chain:
    """The people along the way of the tip, each post's officer and who releases."""

    trio: Trio
    clock: Clock
    people: dict[str, tuple[Visitor, Visitor]] = field(default_factory=dict)

    def enter(self) -> None:
        """Everybody before their pages, by a fresh link."""
        mx, us = self.trio.links("mx"), self.trio.links("us")
        links = {
            ORIGIN: (us["origin"], us["origin-chief"]),
            ABROAD_ASSISTANCE: (us["attorney"], us["chief"]),
            STATE_ASSISTANCE: (mx["prosecutor"], mx["director"]),
            MUNICIPAL: (mx["municipal"], mx["municipal-chief"]),
        }
        self.people = {post: (Visitor(one), Visitor(two)) for post, (one, two) in links.items()}

    def pass_days(self, days: int) -> None:
        """Move the clock on; sessions end meanwhile."""
        self.clock.pass_time(self.trio, days=days)
        self.enter()

    def pass_on(self, post: str, to: str, facts: str, **more: Any) -> str:
        """Write a piece of spontaneous information to another post; gives the path of its release preview."""
        who, _ = self.people[post]
        typed = {
            "instrument": "spontaneous", "counterpart": to, "facts": facts, "purpose": "So that it is looked at.",
            "offences": [{"code": "arms_trafficking"}], "handling": ["H2"],
        }  # fmt: skip
        status, told = who.post("/inquiries/new/", form_of(typed | more) | {"do": "draft"}, seen_on="/inquiries/new/")
        assert status == 302, told[-800:]
        node = self.node_of(post)
        draft = read_rows(node, "SELECT max(id) AS id FROM exchange_draft")[0]["id"]
        return f"/release/{draft}/"

    def release(self, post: str, path: str) -> int:
        """Have it approved and sent; gives the status of the sending."""
        who, reader = self.people[post]
        digest = re.search(r'name="digest" value="([0-9a-f]{64})"', reader.get(path))
        if digest:
            reader.post(f"{path}approve/", {"digest": digest[1]}, seen_on=path)
        return who.post(f"{path}send/", {}, seen_on=path)[0]

    def node_of(self, post: str) -> Any:
        return self.trio.nodes[post[:2]]

    def await_item(self, post: str, sender: str, number: int = 1) -> int:
        """The row of the latest thing a post got from another, once there are so many."""
        wanted = (
            f"SELECT id FROM exchange_message WHERE direction = 'in' AND recipient = '{post}' AND sender = '{sender}' "
            "AND type = 'inquiry.spontaneous/1' AND state = 'handled' ORDER BY id"
        )

        def look() -> list[dict[str, Any]]:
            rows = read_rows(self.node_of(post), wanted)
            return rows if len(rows) >= number else []

        return int(wait_until(f"the tip is at {post}", look)[-1]["id"])

    def sent_item(self, post: str, recipient: str) -> int:
        wanted = (
            f"SELECT id FROM exchange_message WHERE direction = 'out' AND sender = '{post}' "
            f"AND recipient = '{recipient}' AND type = 'inquiry.spontaneous/1' ORDER BY id DESC"
        )
        return int(read_rows(self.node_of(post), wanted)[0]["id"])

    def ask(self, post: str, item: int, recipient: str, until: str) -> tuple[int, str]:
        """Ask who sent an item to let it be passed on."""
        fields = {
            "kind": "onward",
            "recipient": recipient,
            "purpose": "",
            "until": until,
            "why": "They watch the road.",
        }
        return self.people[post][0].post(f"/items/{item}/ask/", fields, seen_on=f"/items/{item}/")

    def permission(self, post: str, item: int, state: str) -> int:
        """The latest permission of an item as a post has it, once it stands so."""
        wanted = f"SELECT id FROM exchange_permission WHERE item_id = {item} AND state = '{state}' ORDER BY id DESC"
        return int(wait_until(f"{state} at {post}", lambda: read_rows(self.node_of(post), wanted))[0]["id"])

    def decide(self, post: str, item: int, permission: int, what: str) -> tuple[int, str]:
        """Grant or revoke, by who releases at that post."""
        return self.people[post][1].post(f"/permissions/{permission}/{what}/", {}, seen_on=f"/items/{item}/")


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Chain]:
    """Founded nodes with their workers, and two more posts: country C's liaison, and that of a municipal police."""
    root, accords = tmp_path_factory.mktemp("s3"), demo_cast.accords()
    for document in accords.values():
        document["retention_days"] |= {"inquiry.request/1": KEPT_DAYS}
    with moved_clock(root) as clock, pytest.MonkeyPatch.context() as patched:
        patched.setattr(demo_cast, "accords", lambda: accords)
        trio = Trio.of(root / "demo", 3, databases)
        for country, place, post, names in (
            ("us", 0, ORIGIN, ("Liaison of country C", "Enlace del país C")),
            ("mx", 1, MUNICIPAL, ("Municipal police, liaison", "Policía municipal, enlace")),
        ):
            told = {"id": post, "name": {"en": names[0], "es": names[1]}, "handles": INQUIRIES, "time_zone": HERMOSILLO}
            trio.cast.agencies[country][place]["posts"].append(told)
        for node, post, name in (("us", ORIGIN, "origin"), ("mx", MUNICIPAL, "municipal")):
            for username, role in ((name, "officer"), (f"{name}-chief", "authoriser")):
                trio.cast.players.append(Player(node, username, username, "en", post, (role,), "/inquiries/"))
        try:
            demo_acts.found_nodes(trio.demo, trio.cast)
            trio.demo.everywhere(lambda node: node.start("worker"))
            made = Chain(trio, clock)
            made.enter()
            yield made
        finally:
            trio.stop()


def read_in(visitor: Visitor, language: str) -> None:
    assert visitor.post("/language/", {"language": language}, seen_on="/inquiries/")[0] == 302


def preview(chain: Chain, post: str, path: str, language: str) -> str:
    """The release preview as its writer reads it."""
    who = chain.people[post][0]
    read_in(who, language)
    return re.sub(r"\s+", " ", html.unescape(who.get(path)))


def cite(chain: Chain, post: str, path: str, item: int) -> None:
    assert chain.people[post][0].post(f"{path}cite/{item}/", {}, seen_on=path)[0] == 302


def test_a_third_partys_tip_goes_on_by_its_consent_alone_and_comes_back_when_that_is_withdrawn(chain: Chain) -> None:
    bound = {"handling": ["H2", "H3"], "handling_text": CONDITION}
    assert chain.release(ORIGIN, chain.pass_on(ORIGIN, ABROAD_ASSISTANCE, TIP, **bound)) == 302
    tip = chain.await_item(ABROAD_ASSISTANCE, ORIGIN)

    # Pasting its words into a new message warns; named as a source it stays at home until C has been asked.
    path = chain.pass_on(ABROAD_ASSISTANCE, STATE_ASSISTANCE, f"They say: {TIP}")
    for language in LANGUAGES:
        assert SAYS[language]["repeats"] in preview(chain, ABROAD_ASSISTANCE, path, language)
    cite(chain, ABROAD_ASSISTANCE, path, tip)
    for language in LANGUAGES:
        shown = preview(chain, ABROAD_ASSISTANCE, path, language)
        assert SAYS[language]["stays"] in shown and SAYS[language]["missing"] in shown
    before = row_counts(chain.trio.nodes["us"])["exchange_message"]
    assert chain.release(ABROAD_ASSISTANCE, path) in {403, 409, 422}
    assert row_counts(chain.trio.nodes["us"])["exchange_message"] == before

    # A time that is over asks for nothing; what nobody asked of C's liaison it cannot be given by another post.
    for language in LANGUAGES:
        read_in(chain.people[ABROAD_ASSISTANCE][0], language)
        status, told = chain.ask(ABROAD_ASSISTANCE, tip, STATE_ASSISTANCE, day(-3))
        assert status == 422 and SAYS[language]["past"] in re.sub(r"\s+", " ", told)
    assert chain.ask(ABROAD_ASSISTANCE, tip, STATE_ASSISTANCE, day(20))[0] == 302
    origin = chain.sent_item(ORIGIN, ABROAD_ASSISTANCE)
    asked = chain.permission(ORIGIN, origin, "asked")
    foreign = chain.people[ABROAD_ASSISTANCE][1].post(f"/permissions/{asked}/grant/", {}, seen_on="/inquiries/")
    assert foreign[0] == 404, "consent from the wrong post"
    assert chain.decide(ORIGIN, origin, asked, "grant")[0] == 302
    chain.permission(ABROAD_ASSISTANCE, tip, "granted")
    assert chain.release(ABROAD_ASSISTANCE, path) == 302
    passed = chain.await_item(STATE_ASSISTANCE, ABROAD_ASSISTANCE)

    # The prosecutor may not hand it to the municipal police; the provider may not allow it before C does.
    onward = chain.pass_on(STATE_ASSISTANCE, MUNICIPAL, f"Watch for this: {TIP}")
    cite(chain, STATE_ASSISTANCE, onward, passed)
    for language in LANGUAGES:
        assert SAYS[language]["missing"] in preview(chain, STATE_ASSISTANCE, onward, language)
    assert chain.ask(STATE_ASSISTANCE, passed, MUNICIPAL, day(10))[0] == 302
    given = chain.sent_item(ABROAD_ASSISTANCE, STATE_ASSISTANCE)
    wanted = chain.permission(ABROAD_ASSISTANCE, given, "asked")
    assert chain.decide(ABROAD_ASSISTANCE, given, wanted, "grant")[0] in {403, 409, 422}, "C was not asked"
    assert chain.ask(ABROAD_ASSISTANCE, tip, MUNICIPAL, day(20))[0] == 302
    second = chain.permission(ORIGIN, origin, "asked")
    assert chain.decide(ORIGIN, origin, second, "grant")[0] == 302
    wait_until(
        "both consents are held",
        lambda: len(read_rows(chain.trio.nodes["us"], f"SELECT id FROM exchange_permission WHERE item_id = {tip} AND "
                              "state = 'granted'")) == 2,
    )  # fmt: skip
    assert chain.decide(ABROAD_ASSISTANCE, given, wanted, "grant")[0] == 302
    chain.permission(STATE_ASSISTANCE, passed, "granted")
    assert chain.release(STATE_ASSISTANCE, onward) == 302
    last = chain.await_item(MUNICIPAL, STATE_ASSISTANCE)

    # Somebody reads it; C withdraws. Whoever relied on it is told, and C reads who had it and who had read it.
    municipal = chain.people[MUNICIPAL][0]
    assert TIP in municipal.get(conversation(chain, MUNICIPAL, last))
    for post, item in ((STATE_ASSISTANCE, passed), (MUNICIPAL, last)):
        for address in (conversation(chain, post, item), f"/items/{item}/"):
            assert CONDITION in chain.people[post][0].get(address), "the condition is on every copy that is passed on"
    assert chain.decide(ORIGIN, origin, second, "revoke")[0] == 302
    chain.permission(ABROAD_ASSISTANCE, tip, "revoked")
    chain.permission(STATE_ASSISTANCE, passed, "revoked")
    again = chain.pass_on(STATE_ASSISTANCE, MUNICIPAL, "The pickup again.")
    cite(chain, STATE_ASSISTANCE, again, passed)
    for language in LANGUAGES:
        assert SAYS[language]["withdrawn"] in preview(chain, STATE_ASSISTANCE, again, language)
    reader = chain.people[ORIGIN][0]
    for language in LANGUAGES:
        read_in(reader, language)
        wait_until("C reads who had it", lambda said=SAYS[language]["had it"]: said in reader.get(f"/items/{origin}/"))
        page = reader.get(f"/items/{origin}/")
        assert SAYS[language]["read"] in page
    wait_until("nothing is under way", lambda: demo_acts.is_quiet(chain.trio.progress()))
    assert audit.faults(chain.trio.nodes.values()) == []


def test_a_recall_reaches_who_was_down_and_who_got_the_item_onward_and_the_proof_still_holds(
    chain: Chain, tmp_path: Path
) -> None:
    tip = "A courier with a red cap brings the money on Thursday."
    assert chain.release(ORIGIN, chain.pass_on(ORIGIN, ABROAD_ASSISTANCE, tip)) == 302
    held = chain.await_item(ABROAD_ASSISTANCE, ORIGIN, 2)
    path = chain.pass_on(ABROAD_ASSISTANCE, STATE_ASSISTANCE, f"They say: {tip}")
    cite(chain, ABROAD_ASSISTANCE, path, held)
    assert chain.ask(ABROAD_ASSISTANCE, held, STATE_ASSISTANCE, day(20))[0] == 302
    origin = chain.sent_item(ORIGIN, ABROAD_ASSISTANCE)
    assert chain.decide(ORIGIN, origin, chain.permission(ORIGIN, origin, "asked"), "grant")[0] == 302
    chain.permission(ABROAD_ASSISTANCE, held, "granted")
    assert chain.release(ABROAD_ASSISTANCE, path) == 302
    passed = chain.await_item(STATE_ASSISTANCE, ABROAD_ASSISTANCE, 2)
    prosecutor, attorney, reader = (chain.people[post][0] for post in (STATE_ASSISTANCE, ABROAD_ASSISTANCE, ORIGIN))
    addresses = {
        attorney: conversation(chain, ABROAD_ASSISTANCE, held),
        prosecutor: conversation(chain, STATE_ASSISTANCE, passed),
    }
    assert all(tip in who.get(address) for who, address in addresses.items())
    prove(chain, origin, tmp_path / "before")

    # The node of the prosecutor is down when C wants its tip back: the list says who has not answered.
    mx = chain.trio.nodes["mx"]
    mx.stop()
    read_in(reader, "en")
    recalled = reader.post(f"/items/{origin}/recall/", {"reason": "source_at_risk", "note": ""}, seen_on="/inquiries/")
    assert recalled[0] == 302
    wait_until("the provider has answered", lambda: holders(reader, origin, "withdrawn from everybody") == 1)
    wait_until("the prosecutor has not", lambda: holders(reader, origin, "has not answered") == 1)
    assert tip not in attorney.get(addresses[attorney])

    mx.start("serve")
    wait_until("the node is back", lambda: is_serving(mx))
    mx.start("worker")
    wait_until("both have answered", lambda: holders(reader, origin, "withdrawn from everybody") == 2)
    for who, address in addresses.items():
        assert tip not in who.get(address)
    # What was not under lock goes on, and that the tip passed is proven as before.
    prove(chain, origin, tmp_path / "after")
    wait_until("nothing is under way", lambda: demo_acts.is_quiet(chain.trio.progress()))
    assert audit.faults(chain.trio.nodes.values()) == []


def conversation(chain: Chain, post: str, item: int) -> str:
    """The page of the thread an item stands in."""
    found = read_rows(chain.node_of(post), f"SELECT conversation_id AS c FROM exchange_message WHERE id = {item}")
    return f"/conversations/{found[0]['c']}/"


def holders(reader: Visitor, item: int, answer: str) -> int:
    """How many holders of an item its sender's page shows with this answer."""
    table = reader.get(f"/items/{item}/").partition("cp-holders")[2].partition("</table>")[0]
    return table.count(f"<span>{answer}")


def test_a_permission_that_has_run_out_lets_nothing_on_until_another_is_given(chain: Chain) -> None:
    tip = "A white van waits at kilometre 12 with its lights out."
    assert chain.release(ORIGIN, chain.pass_on(ORIGIN, ABROAD_ASSISTANCE, tip)) == 302
    held = chain.await_item(ABROAD_ASSISTANCE, ORIGIN, 3)
    path = chain.pass_on(ABROAD_ASSISTANCE, STATE_ASSISTANCE, f"They say: {tip}")
    cite(chain, ABROAD_ASSISTANCE, path, held)
    origin = chain.sent_item(ORIGIN, ABROAD_ASSISTANCE)
    permit(chain, held, origin, day(2))
    assert SAYS["en"]["stays"] not in preview(chain, ABROAD_ASSISTANCE, path, "en")
    chain.pass_days(3)
    for language in LANGUAGES:
        shown = preview(chain, ABROAD_ASSISTANCE, path, language)
        assert SAYS[language]["stays"] in shown and SAYS[language]["expired"] in shown
    before = row_counts(chain.trio.nodes["us"])
    attorney = chain.people[ABROAD_ASSISTANCE][0]
    read_in(attorney, "en")
    refused = attorney.post(f"{path}send/", {}, seen_on=path)
    assert refused[0] == 403 and "The gate lets nothing of this draft out." in refused[1]
    assert row_counts(chain.trio.nodes["us"]) == before
    told = call_as(attorney, path.replace("/release/", "/api/v1/drafts/") + "release")
    assert (told["status"], told["code"]) == (403, "release.withheld")
    permit(chain, held, origin, day(20))
    assert chain.release(ABROAD_ASSISTANCE, path) == 302
    assert chain.await_item(STATE_ASSISTANCE, ABROAD_ASSISTANCE, 3)


def call_as(who: Visitor, path: str) -> dict[str, Any]:
    """POST as a program of that person; gives what the API answers."""
    status, page = who.post("/account/api/", {"name": "P", "scopes": ["release"], "days": 3}, seen_on="/account/api/")
    assert status == 200
    token = page.split('id="new-token">')[1].split("<")[0]
    answer = requests.post(who.root + path, headers={"Authorization": f"Bearer {token}"}, timeout=60)
    return dict(answer.json())


def permit(chain: Chain, held: int, origin: int, until: str) -> None:
    """C lets the provider pass an item on to the prosecutor."""
    assert chain.ask(ABROAD_ASSISTANCE, held, STATE_ASSISTANCE, until)[0] == 302
    assert chain.decide(ORIGIN, origin, chain.permission(ORIGIN, origin, "asked"), "grant")[0] == 302
    wanted = f"SELECT id FROM exchange_permission WHERE item_id = {held} AND state = 'asked'"
    wait_until("the consent is held", lambda: not read_rows(chain.trio.nodes["us"], wanted))


FACTS, ACCOUNT = "La ñandú-7731 señala la bodega.", "Muñeca-8842"
FILE, INSIDE = "canario-9953.txt", "El zorzal-6604 anotó cada placa."
WORDS = (FACTS, ACCOUNT, FILE, INSIDE)


@dataclass
class Side:
    """One node's hold on the request whose time will be over."""

    node: Node
    post: str
    item: int
    told: list[str | bytes]

    def left(self, *more: Path) -> set[tuple[str, str]]:
        """Where anything of it still shows."""
        return found_in(self.node, self.told, *more)


def test_what_is_over_is_in_no_byte_of_either_node_or_a_backup_and_what_proves_it_stays(
    chain: Chain, tmp_path: Path
) -> None:
    mx, us = chain.trio.nodes["mx"], chain.trio.nodes["us"]
    uuid = ask_with_a_file(chain)
    sides = [
        side_of(chain, node, post, await_request(node, uuid, way))
        for node, post, way in ((mx, STATE_ASSISTANCE, "out"), (us, ABROAD_ASSISTANCE, "in"))
    ]
    quoted = chain.pass_on(ABROAD_ASSISTANCE, ORIGIN, f"They say: {FACTS}")
    cite(chain, ABROAD_ASSISTANCE, quoted, sides[1].item)
    wait_until("nothing is under way", lambda: demo_acts.is_quiet(chain.trio.progress()))

    chain.pass_days(KEPT_DAYS + 1)
    for side in sides:
        stop_worker(side.node)
        side.node.start("worker")  # its rounds by the clock begin at once
    for side in sides:
        await_clean(side)
        assert not [*(side.node.home / "attachments").glob("*"), *(side.node.home / "arriving").glob("*")]
    deleted = f"SELECT ours, statement FROM exchange_receipt WHERE kind = 'deleted' AND uuid = '{uuid}'"
    wait_until("the sender knows of the deletion", lambda: read_rows(mx, deleted))
    [theirs], [ours] = read_rows(mx, deleted), read_rows(us, deleted)
    assert theirs["statement"] == ours["statement"] and (bool(theirs["ours"]), bool(ours["ours"])) == (False, True)
    for side in sides:
        backup = tmp_path / f"{side.node.name}.backup"
        made = contraparte("node", "backup", backup, node=side.node)
        assert made.returncode == 0, made.stderr
        assert side.left(backup) == set()
        status, report = fsck(side.node)
        assert status == 0, report["findings"]
        prove(chain, side.item, tmp_path / side.node.name, side.node.name)
        who = chain.people[side.post][0]
        for address in (conversation(chain, side.post, side.item), "/inquiries/", "/search/?q=8842"):
            page = who.get(address)
            assert not [word for word in (FACTS, ACCOUNT, FILE) if word in page], address


def side_of(chain: Chain, node: Node, post: str, item: int) -> Side:
    """Before: its reader sees it, its words stand in the database, the file only sealed."""
    page = chain.people[post][0].get(conversation(chain, post, item))
    assert FACTS in page and FILE in page
    assert {word for _, word in found_in(node, WORDS)} == {repr(one) for one in (FACTS, ACCOUNT, FILE)}
    [file] = read_rows(node, f"SELECT key, file FROM exchange_attachment WHERE message_id = {item}")
    sealed = [(node.home / "attachments" / file["file"]).read_bytes()]
    rows = read_rows(node, f"SELECT ciphertext FROM exchange_content WHERE message_id = {item}")
    sealed += [row["ciphertext"] for row in rows if len(row["ciphertext"]) > 32]
    # Secret without being words: the key of the file, and a run of bytes of everything sealed.
    return Side(node, post, item, [*WORDS, file["key"], *(one[64:96] for one in sealed)])


def await_clean(side: Side) -> None:
    """Wait until no byte shows it; fails naming what still does."""
    left: set[tuple[str, str]] = set()

    def look() -> bool:
        left.clear()
        left.update(side.left())
        return not left

    try:
        wait_until("no byte shows it", look, within_s=60, every_s=1)
    except AssertionError:
        raise AssertionError(f"{side.node.name} still shows {sorted(left)}") from None


def ask_with_a_file(chain: Chain) -> str:
    """A police request with a file beside it, approved and sent; gives the id of its message."""
    who, node = chain.people[STATE_ASSISTANCE][0], chain.trio.nodes["mx"]
    measures = [{"code": "telephone_subscriber", "object": ACCOUNT, "nexus": "The line that called."}]
    typed = POLICE | {"counterpart": ABROAD_ASSISTANCE, "facts": FACTS, "measures": measures}
    assert who.post("/inquiries/new/", form_of(typed) | {"do": "draft"}, seen_on="/inquiries/new/")[0] == 302
    path = f"/release/{read_rows(node, 'SELECT max(id) AS id FROM exchange_draft')[0]['id']}/"
    inside = (INSIDE * 400).encode()
    assert who.post(f"{path}attach/", {}, seen_on=path, files={"file": (FILE, inside)})[0] == 302
    assert chain.release(STATE_ASSISTANCE, path) == 302
    return str(read_rows(node, "SELECT uuid FROM exchange_message WHERE direction = 'out' ORDER BY id DESC")[0]["uuid"])


def await_request(node: Node, uuid: str, way: str) -> int:
    """The row of a message on one side, once it has arrived with its file."""
    wanted = (
        f"SELECT id FROM exchange_message WHERE uuid = '{uuid}' AND direction = '{way}' "
        "AND state IN ('sent', 'handled')"
    )
    return int(wait_until(f"the request is at {node.name}", lambda: read_rows(node, wanted))[0]["id"])


def prove(chain: Chain, item: int, folder: Path, at: str = "us") -> None:
    """Export the proof of an item and its log's policy, and verify them with no node in sight.

    A proof holds once a head that its peer has cosigned covers the item: that comes by the next round.
    """
    folder.mkdir()
    node = chain.trio.nodes[at]
    row = read_rows(node, f"SELECT uuid, log_origin FROM exchange_message WHERE id = {item}")[0]
    log = ["--log", row["log_origin"]]

    def holds() -> bool:
        for words in (
            ["ledger", "prove", str(UUID(row["uuid"])), "-o", folder / "proof", *log],
            ["ledger", "policy", "-o", folder / "policy", *log],
        ):
            ran = contraparte(*words, node=node)
            assert ran.returncode == 0, ran.stderr
        return contraparte("tlog", "verify", folder / "proof", "--policy", folder / "policy").returncode == 0

    wait_until("the proof of an item holds", holds, within_s=60)
