"""Two nodes of two countries that keep groups together, the people of both sides, and a clock a test moves.

What both hold is read with plain SQL and must be the same on both (`GroupPair.record`).
"""

import io
import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
from rich import console as screens

from contraparte.directory.view import RECHECK_S
from contraparte.node import demo, demo_acts, demo_cast
from contraparte.node.demo_cast import HERMOSILLO, INQUIRIES, Cast, Player
from contraparte.node.demo_nodes import Node
from contraparte.node.demo_screen import Screen
from contraparte.node.world.build import build
from tests.acceptance.console import Console
from tests.acceptance.days import Clock, moved_clock
from tests.acceptance.trio import BOOKS, Databases, Trio, read_rows, wait_until
from tests.acceptance.visitor import Visitor

COUNTRIES = ("mx", "us")
LANGUAGES = ("en", "es")
CHAIR, SPONSOR, OUTSIDE = "mx.fge-son/kidnapping", "mx.fge-son/principal", "mx.fgr/uecs"
PARTNER, PRINCIPAL, DEPUTY = "us.fbi/phoenix", "us.fbi/principal", "us.fbi/deputy"
PHOENIX = "America/Phoenix"
POSTS = {
    "mx": {"mx.fge-son": {CHAIR: "Secuestros", SPONSOR: "Titular", "mx.fge-son/audit": "Auditoría"},
           "mx.fgr": {OUTSIDE: "Unidad antisecuestro"}},
    "us": {"us.ntc": {"us.ntc/desk": "Desk"},
           "us.fbi": {PARTNER: "Kidnapping squad", PRINCIPAL: "Principal", DEPUTY: "Deputy"}},
}  # fmt: skip
# Who plays: name → node, language, post, roles.
PEOPLE = {
    "chair": ("mx", "es", CHAIR, ("officer",)),
    "auditor": ("mx", "es", "mx.fge-son/audit", ("auditor",)),
    "sponsor": ("mx", "es", SPONSOR, ("authoriser",)),
    "outsider": ("mx", "es", OUTSIDE, ("officer", "authoriser")),
    "partner": ("us", "en", PARTNER, ("officer",)),
    "principal": ("us", "en", PRINCIPAL, ("authoriser",)),
    "heir": ("us", "en", DEPUTY, ("officer",)),
}
RECORD = {
    "groups": "SELECT uuid, state, successor, open_promises, heartbeat FROM groups_group ORDER BY uuid",
    "words": "SELECT m.uuid AS uuid, w.act, w.side, w.turn, w.seen, w.facts, w.crossed FROM groups_groupword w "
             "JOIN exchange_message m ON m.id = w.message_id ORDER BY m.uuid",
    "meetings": 'SELECT key, number, starts, "ends", state, minutes, sequence FROM groups_meeting ORDER BY key',
    "promises": "SELECT g.uuid AS of, p.key, p.owner, p.side, p.state, p.is_live, p.due_on, p.first_due, "
                "p.missed_before FROM groups_promise p JOIN groups_group g ON g.id = p.group_id ORDER BY g.uuid, p.key",
}  # fmt: skip


Posts = Mapping[str, Mapping[str, Mapping[str, str]]]
People = Mapping[str, tuple[str, str, str, tuple[str, ...]]]


@dataclass
class TwoCast(Cast):
    """Every post of these nodes answers by itself, but for those that only read or keep a machine."""

    posts: Posts = field(default_factory=dict)

    def services(self, node: str) -> list[str]:
        """Every post that keeps groups or answers requests."""
        return [post for posts in self.posts[node].values() for post in posts if not post.endswith(("/audit", "/desk"))]


def cast_of(nodes: dict[str, Node], posts: Posts, people: People) -> TwoCast:
    """Agencies, posts and people of both countries."""
    made = TwoCast(posts=posts)
    for country, agencies in posts.items():
        made.hosted[country] = list(agencies)
        zone = {"mx": HERMOSILLO, "us": PHOENIX}[country]
        made.agencies[country] = [
            {
                "id": agency, "name": {"en": agency, "es": agency}, "kind": "prosecutor", "url": nodes[country].url,
                "operator": demo_cast.OPERATORS[country],
                "posts": [{"id": post, "name": {"en": name, "es": name}, "handles": INQUIRIES, "time_zone": zone}
                          for post, name in named.items()],
            }
            for agency, named in agencies.items()
        ]  # fmt: skip
    made.players = [
        Player(node, name, name, language, post, roles, "/log/" if "auditor" in roles else "/groups/")
        for name, (node, language, post, roles) in people.items()
    ]
    return made


@dataclass
class GroupPair:
    """Two nodes and their people before the pages; after the clock has moved everybody signs in again."""

    trio: Trio
    clock: Clock
    people: dict[str, Visitor] = field(default_factory=dict)
    consoles: dict[str, Console] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Visitor:
        """A person by name, signed in when first asked for."""
        if name not in {player.username for player in self.trio.cast.players}:
            raise AttributeError(name)
        if name not in self.people:
            (player,) = [one for one in self.trio.cast.players if one.username == name][-1:]
            told = {key: getattr(player, key) for key in player.__dataclass_fields__} | {"label": name}
            ((_, link),) = self.trio.do(player.node, "links", players=[told])
            self.people[name] = Visitor(link)
        return self.people[name]

    def pass_time(self, **spans: float) -> None:
        """Move the clock on, as the directories' daily timers do their work; sessions end by it."""
        self.clock.set_ahead(self.clock.seconds + timedelta(**spans).total_seconds())
        for country in COUNTRIES:
            self.trio.do(country, "publish_accords", country=country, signed={})
        for node in COUNTRIES:
            self.trio.do(node, "refresh", countries=list(COUNTRIES))
        self.people.clear()
        await_recheck()

    def wait_for(self, moment: datetime, **more: float) -> None:
        """Move the clock to so long after a moment."""
        self.pass_time(seconds=(moment + timedelta(**more) - self.clock.now).total_seconds())

    def day(self, days: float) -> str:
        """The calendar day so many days from now where the group meets."""
        return (self.clock.now + timedelta(days=days)).astimezone(ZoneInfo(HERMOSILLO)).date().isoformat()

    def record(self, node: str, *parts: str) -> dict[str, list[dict[str, Any]]]:
        """What a node holds of its groups, but for numbers of its own."""
        told = {part: read_rows(self.trio.nodes[node], RECORD[part]) for part in parts or RECORD}
        for row in told.get("words", []):
            row["facts"] = json.loads(row["facts"]) if isinstance(row["facts"], str) else row["facts"]
        return told

    def settle(self) -> dict[str, list[dict[str, Any]]]:
        """Wait until both sides have heard every word; gives what both hold then, which is the same."""

        def alike() -> bool:
            ours, theirs = ({row["uuid"] for row in self.record(node, "words")["words"]} for node in COUNTRIES)
            return ours == theirs

        wait_until("both sides have heard every word", alike)
        ours, theirs = (self.record(node) for node in COUNTRIES)
        assert ours == theirs
        return ours

    def row(self, node: str, table: str, where: str) -> int:
        """The number a node gives to a row of its own."""
        return int(read_rows(self.trio.nodes[node], f"SELECT id FROM {table} WHERE {where} ORDER BY id DESC")[0]["id"])

    def run(self, *words: Any, node: str, fails: bool = False) -> str:
        """What a command says: on stdout, or on stderr where it must be refused; in Spanish at the Mexican node."""
        locale = "es_MX.UTF-8" if node == "mx" else "en_US.UTF-8"
        code, out, complaint = self.console(node).run(*words, locale=locale)
        assert (code != 0) is fails, (out, complaint)
        return complaint if fails else out

    def console(self, node: str) -> Console:
        """The console of a node's keeper, opened when first asked for."""
        if node not in self.consoles:
            self.consoles[node] = Console.on(self.trio.nodes[node])
        return self.consoles[node]

    def refused(
        self, who: Visitor, path: str, fields: dict[str, Any], says: tuple[str, str], status: int = 422
    ) -> None:
        """A form is refused in the words of both languages, and neither node holds anything else than before."""
        before = [self.record(node) for node in COUNTRIES]
        for language, words in zip(LANGUAGES, says, strict=True):
            read_in(who, language)
            got, page = who.post(path, fields, seen_on="/groups/")
            page = who.get(path.removesuffix("approve/")) if got == 302 else page
            assert (got, words in squeezed(page)) == (status, True), f"{path} in {language}: {got} {main_of(page)}"
        assert [self.record(node) for node in COUNTRIES] == before

    def token(self, who: Visitor) -> str:
        """The key of a program that reads as this person."""
        fields = {"name": "Reader", "scopes": ["read"], "days": 3}
        status, page = who.post("/account/api/", fields, seen_on="/account/api/")
        assert status == 200, main_of(page)
        return page.split('id="new-token">')[1].split("<")[0]

    def ask(self, who: Visitor, path: str, token: str) -> requests.Response:
        """What the API answers to a program."""
        return requests.get(f"{who.root}/api/v1/{path}", headers={"Authorization": f"Bearer {token}"}, timeout=60)


def await_recheck() -> None:
    """Wait until every process of the nodes has looked at the directories again."""
    since = time.monotonic()
    wait_until("every process has looked", lambda: time.monotonic() - since > RECHECK_S)


def read_in(who: Visitor, language: str) -> None:
    """Switch the language of the pages."""
    assert who.post("/language/", {"language": language}, seen_on="/groups/")[0] == 302


def done(told: tuple[int, str]) -> None:
    """A form was taken."""
    assert told[0] == 302, main_of(told[1])


def squeezed(page: str) -> str:
    return re.sub(r"\s+", " ", page)


def main_of(page: str) -> str:
    """The words of a page, for a failure to show."""
    return re.sub(r"<[^>]+>|\s+", " ", page.partition("<main")[2])[:1500]


@contextmanager
def founded_pair(
    root: Path, databases: Databases, posts: Posts = POSTS, people: People = PEOPLE
) -> Iterator[GroupPair]:
    """Both nodes at work, their directories trusted, their accord signed, everybody in their posts."""
    with moved_clock(root) as clock, pytest.MonkeyPatch.context() as patched:
        patched.setattr(demo_cast, "NODES", COUNTRIES)
        nodes = demo.make_nodes(root, databases.template())
        made = demo_acts.Demo(root, build(7, BOOKS), Screen(screens.Console(file=io.StringIO())), nodes)
        trio = Trio(made, cast_of(nodes, posts, people))
        try:
            demo_acts.found_nodes(made, trio.cast)
            made.everywhere(lambda node: node.start("worker"))
            pair = GroupPair(trio, clock)
            yield pair
            for console in pair.consoles.values():
                console.close()
        finally:
            trio.stop()
