"""S3 on real nodes through their pages: a tip that belongs to a third party, and who may pass it on.

    country C's liaison ──tip, H2──▶ provider abroad ──▶ prosecutor in Sonora ──▶ liaison of a municipal police
      (US node)                       (US node)           (Mexican node)            (Mexican node)

Each link down asks up: nothing goes on without the consent of C, asked through whoever passed it. What C withdraws is
withdrawn from everybody, and C reads who had it and whether they had opened it. Retention, recalls of holders that were
away and the order of arrival are held in `tests/exchange`.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contraparte.node import demo_acts
from contraparte.node.demo_cast import ABROAD_ASSISTANCE, HERMOSILLO, INQUIRIES, STATE_ASSISTANCE, Player
from tests.acceptance import audit
from tests.acceptance.trio import Databases, Trio, read_rows, row_counts, wait_until
from tests.acceptance.visitor import Visitor
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
        "past": "the last day lies ahead.",
        "had it": "Who had it when it was withdrawn:",
        "read": "had read it",
    },
    "es": {
        "repeats": "El borrador repite palabras de una información sujeta a H2.",
        "stays": "Nada sale hacia este puesto.",
        "missing": "Se apoya en información que no puede transmitirse a terceros sin permiso de quien la envió.",
        "withdrawn": "El permiso para transmitirla fue revocado.",
        "past": "y el último día debe ser futuro.",
        "had it": "Quién la tenía cuando se revocó:",
        "read": "la había leído",
    },
}
LANGUAGES = ("en", "es")


def day(days: int) -> str:
    """A calendar day from now."""
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


@dataclass
class Chain:
    """The people along the way of the tip, each post's officer and who releases."""

    trio: Trio
    people: dict[str, tuple[Visitor, Visitor]]

    def pass_on(self, post: str, to: str, facts: str) -> str:
        """Write a piece of spontaneous information to another post; gives the path of its release preview."""
        who, _ = self.people[post]
        typed = {
            "instrument": "spontaneous", "counterpart": to, "facts": facts, "purpose": "So that it is looked at.",
            "offences": [{"code": "arms_trafficking"}], "handling": ["H2"],
        }  # fmt: skip
        status, told = who.post("/inquiries/new/", form_of(typed) | {"do": "draft"}, seen_on="/inquiries/new/")
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

    def await_item(self, post: str, sender: str) -> int:
        """The row of what a post got from another."""
        wanted = (
            f"SELECT id FROM exchange_message WHERE direction = 'in' AND recipient = '{post}' AND sender = '{sender}' "
            "AND type = 'inquiry.spontaneous/1' AND state = 'handled'"
        )
        return int(wait_until(f"the tip is at {post}", lambda: read_rows(self.node_of(post), wanted))[0]["id"])

    def sent_item(self, post: str, recipient: str) -> int:
        wanted = (
            f"SELECT id FROM exchange_message WHERE direction = 'out' AND sender = '{post}' "
            f"AND recipient = '{recipient}' AND type = 'inquiry.spontaneous/1'"
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
    trio = Trio.of(tmp_path_factory.mktemp("s3") / "demo", 3, databases)
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
        mx, us = trio.links("mx"), trio.links("us")
        people = {
            ORIGIN: (us["origin"], us["origin-chief"]),
            ABROAD_ASSISTANCE: (us["attorney"], us["chief"]),
            STATE_ASSISTANCE: (mx["prosecutor"], mx["director"]),
            MUNICIPAL: (mx["municipal"], mx["municipal-chief"]),
        }
        yield Chain(trio, {post: (Visitor(one), Visitor(two)) for post, (one, two) in people.items()})
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
    assert chain.release(ORIGIN, chain.pass_on(ORIGIN, ABROAD_ASSISTANCE, TIP)) == 302
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
    thread = read_rows(chain.trio.nodes["mx"], f"SELECT conversation_id AS c FROM exchange_message WHERE id = {last}")
    assert TIP in municipal.get(f"/conversations/{thread[0]['c']}/")
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
