"""Ten years of a hundred groups in a demo node: directories as countries publish them, then every word of both sides.

    world/group_history (words, judged) ─▶ threads, messages, words ─▶ changes of agency ─▶ every group worked out

What is real: keys, directories trusted by fingerprint, an accord and three changes of agency signed by both countries,
each payload checked by its type, each word judged by the rules before it is kept, threads moved by the exchange's own
`reconcile`, columns, meetings and promises worked out by the room. Both sides of each group are worked out, and must
read the same.

What is left out: sealing, signatures, receipts and leaves of some eighty thousand messages, which would take half an
hour. Their rows have no content and no place in a log. `ledger fsck` therefore finds no leaf for them; a thread shows
them as it shows what was erased. What is said in such a node from now on takes the real road.
"""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from django.conf import settings

from contraparte.directory import actions as directory
from contraparte.directory import client, publisher, queries
from contraparte.directory.models import Agency, Person
from contraparte.directory.rules.lineage import write_event
from contraparte.directory.rules.register import AgencyEntry, KeyEntry, Register
from contraparte.directory.rules.roles import Role
from contraparte.directory.rules.signatures import SignedDocument
from contraparte.exchange import succession
from contraparte.exchange.models import Conversation, Message, Turn
from contraparte.exchange.writing import writing
from contraparte.groups.models import Group, GroupWord, Meeting, Promise
from contraparte.groups.recording import work_out
from contraparte.groups.rules.standing import Standing
from contraparte.groups.rules.words import SIDES, Side, Word, other
from contraparte.node import demo_cast
from contraparte.node.founding import PUBLIC_KEYS
from contraparte.node.world import group_history, group_posts
from contraparte.node.world.group_history import Story
from contraparte.protocol.encoding import canonical_json
from contraparte.protocol.ids import agency_of
from contraparte.protocol.keys import Purpose

YEAR = timedelta(days=365.25)
COUNTRIES = ("mx", "us")
ACCORD = "mx-us-firearms"
ZONES = {"mx": "America/Hermosillo", "us": "America/Phoenix"}
ROWS = 400  # of one statement
LIFETIME = timedelta(days=30)
GONE = {"mx": (4, 11, 19), "us": (7, 20)}  # chairs nobody holds since some weeks
Tell = Callable[[str, int], None]


class NotADemoError(Exception):
    """The node is no demo, or holds records already; a history is never mixed with real ones."""


@dataclass(slots=True)
class Loaded:
    """What a history came to."""

    groups: int = 0
    words: int = 0
    crossed: int = 0
    meetings: int = 0
    promises: int = 0
    open_promises: int = 0
    people: int = 0
    changes: int = 0
    moved: int = 0
    states: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Span:
    """The time a history covers."""

    since: datetime
    until: datetime


def load_history(
    root_folder: Path, *, groups: int, years: int, seed: int, now: datetime, tell: Tell | None = None
) -> Loaded:
    """Fill an empty demo node, whose home is open. `tell` hears each step and how far it is.

    Raises NotADemoError.
    """
    if not settings.DEMO:
        raise NotADemoError("this node is no demo; name another folder with --home")
    if any(model.objects.exists() for model in (Agency, Person)):
        raise NotADemoError("this node holds records already; delete the folder, or name another with --home")
    tell = tell or (lambda _step, _done: None)
    span = Span(now - YEAR * years, now)
    loaded = Loaded(groups=groups)
    tell("directory", 0)
    found_directory(root_folder, span)
    loaded.people = place_people(span, seed)
    stories = []
    for number in range(groups):
        story = _story(number, groups, seed, span)
        with writing():
            _keep(story)
        loaded.words += len(story.words)
        loaded.crossed += story.crossed
        stories.append(story)
        tell("words", number + 1)
    tell("changes", 0)
    loaded.changes = len(group_posts.CHANGES)
    loaded.moved = succession.reconcile(now)
    for done, story in enumerate(stories, start=1):
        with writing():
            standing = _settle(story, now)
        loaded.states[standing.state(now)[0]] += 1
        tell("groups", done)
    loaded.meetings = Meeting.objects.filter(group__side="a").count()
    promises = Promise.objects.filter(group__side="a")
    loaded.promises, loaded.open_promises = promises.count(), promises.filter(is_live=True).count()
    return loaded


def _story(number: int, groups: int, seed: int, span: Span) -> Story:
    cast = group_posts.cast_of(number, span.since, span.until)
    # Into one of the next that chairs the same subject elsewhere; where there is none, it is concluded.
    into = (number + len(group_posts.CHANGES)) % groups
    return group_history.tell(
        number, seed=seed, cast=cast, since=span.since, until=span.until,
        into=group_history.uuid_of(into, seed) if into != number else None,
    )  # fmt: skip


# --- the directory and its people ---


def found_directory(root_folder: Path, span: Span) -> None:
    """Both countries' directories with every agency of the history; the accord and the changes signed by both."""
    now = span.until
    for country in COUNTRIES:
        agencies = (*group_posts.BEFORE[country], group_posts.AFTER[country])
        fingerprint = publisher.create_directory(country, root_folder=root_folder, now=now)
        (accord,) = directory.make_agency_keys(group_posts.AFTER[country], [Purpose.ACCORD], now=now)
        entries = [
            group_posts.entry(name, settings.NODE_OPERATOR, settings.NODE_URL, ZONES[country]) for name in agencies
        ]
        register = Register(
            country,
            agencies=tuple(AgencyEntry.model_validate(entry) for entry in entries),
            keys=(*_keys(agencies, now), accord),
            accord_keys=(accord.kid,),
        )
        publisher.publish(register, now=now)
        client.trust_root(country, publisher.first_root(country), fingerprint, url=settings.NODE_URL, now=now)
        client.refresh(country, now=now)
    _sign(span)


def _keys(agencies: Sequence[str], now: datetime) -> list[KeyEntry]:
    """Keys of these agencies; those of the operator were made with the node."""
    file = settings.HOME.path / PUBLIC_KEYS
    told: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.exists() else {"agency": "", "keys": []}
    own = [KeyEntry.model_validate(entry) for entry in told["keys"]] if told["agency"] in agencies else []
    return [*own, *directory.make_keys([name for name in agencies if name != told["agency"]], now=now)]


def _sign(span: Span) -> None:
    """The accord of the demo and the three changes, signed by both countries and published by both."""
    now = span.until
    registers = {country: publisher.current_register(country) for country in COUNTRIES}
    agreed = demo_cast.accords()[ACCORD] | {"routing": []}
    signed = SignedDocument(canonical_json(agreed, "accord"))
    for country in COUNTRIES:
        signed = directory.sign_accord(signed, country=country)
    registers = {name: one.with_accord(ACCORD, signed.to_bytes()) for name, one in registers.items()}
    for change in group_posts.CHANGES:
        document = write_event(group_posts.lineage(change, span.since, now))
        own = change.after.partition(".")[0]
        for country in (own, *(one for one in COUNTRIES if one != own)):
            row = directory.sign_event(document, country=country, now=now)
        event = directory.signed_event(row).to_bytes()
        registers = {name: one.with_lineage(row.pk, event) for name, one in registers.items()}
    for register in registers.values():
        publisher.publish(register, now=now)
    for country in COUNTRIES:
        client.refresh(country, now=now)


def place_people(span: Span, seed: int) -> int:
    """Everybody who ever held a post: people leave, some posts are empty now. Gives how many people there were."""
    chance = random.Random(f"{seed} people")  # noqa: S311 (a world, not a secret)
    people = 0
    for country in COUNTRIES:
        for chair in range(group_posts.CHAIRS):
            people += _line_of_holders(country, chair, span, chance)
        people += _principals(country, span)
        agency = queries.agency(group_posts.AFTER[country])
        for post in agency.posts.all():
            directory.appoint_service(post, now=span.until)
    return people


def _line_of_holders(country: str, chair: int, span: Span, chance: random.Random) -> int:
    """One chair's holders, one after the other; a change of agency gives the same person a new tenure."""
    at, number = span.since, 0
    slug = group_posts.slug(chair)
    leaves = span.until - timedelta(days=40) if chair in GONE[country] else None
    while at < (leaves or span.until):
        number += 1
        ends = at + timedelta(days=chance.randint(400, 1_500))
        name = f"{slug}-{number}" if country == "mx" else f"us-{slug}-{number}"
        shown = (
            f"Titular {number} de la mesa {chair + 1}" if country == "mx" else f"Holder {number} of desk {chair + 1}"
        )
        person = directory.add_person(name, shown, language="es" if country == "mx" else "en")
        for begins, until, agency in _pieces(country, chair, at, min(ends, leaves or ends), span):
            post = queries.post(f"{agency}/{slug}")
            directory.appoint(person, post, [Role.OFFICER], starts=begins, ends=until, by=None, now=begins)
        at = ends + timedelta(days=chance.randint(1, 90))
    return number


def _pieces(
    country: str, chair: int, begins: datetime, ends: datetime, span: Span
) -> Iterable[tuple[datetime, datetime | None, str]]:
    """A time in a chair, cut where its agency changed; without an end where it runs still."""
    cuts = [group_posts.effective(change, span.since, span.until) for change in group_posts.CHANGES]
    edges = [begins, *(cut for cut in cuts if begins < cut < ends), ends]
    joined: list[tuple[datetime, datetime, str]] = []
    for left, right in pairwise(edges):
        agency = group_posts.agency_at(country, chair, left, span.since, span.until)
        if joined and joined[-1][2] == agency:
            joined[-1] = (joined[-1][0], right, agency)
        else:
            joined.append((left, right, agency))
    for left, right, agency in joined:
        yield left, None if right >= span.until else right, agency


def _principals(country: str, span: Span) -> int:
    """The principal now, who sponsors every group of the country."""
    post = queries.post(f"{group_posts.AFTER[country]}/principal")
    shown = "Titular de la Fiscalía del Norte" if country == "mx" else "Principal of the Border Bureau"
    person = directory.add_person(f"{country}-principal", shown, language="es" if country == "mx" else "en")
    directory.appoint(person, post, [Role.AUTHORISER], by=None, now=span.until)
    return 1


# --- what both sides said ---


def _keep(story: Story) -> None:
    """The threads and words of one group on both sides, as they stood before any change of agency."""
    opened = story.words[0].at
    for side in SIDES:
        own, far = story.post(side, opened), story.post(other(side), opened)
        thread = Conversation.objects.create(
            agency=agency_of(own), uuid=story.uuid, post_id=own, counterpart=far, kind="group", opened_at=opened
        )
        group = Group.objects.create(
            agency=agency_of(own), uuid=story.uuid, post_id=own, counterpart=far, conversation=thread, side=side,
            since=opened, opened_at=opened, changed_at=opened,
        )  # fmt: skip
        turns: Counter[tuple[str, str, str]] = Counter()
        rows = [_message(story, word, side, thread, turns) for word in story.words]
        kept = Message.objects.bulk_create(rows, batch_size=ROWS)
        GroupWord.objects.bulk_create(
            [
                GroupWord(
                    group=group, message=row, act=word.act, side=word.side, turn=word.turn, seen=word.seen, at=word.at,
                    facts=word.facts,
                )
                for word, row in zip(story.words, kept, strict=True)
            ],
            batch_size=ROWS,
        )  # fmt: skip
        Turn.objects.bulk_create(
            Turn(
                conversation=thread, peer=peer, direction=direction, own="" if own_then == thread.agency else own_then,
                seq=seq,
            )
            for (own_then, peer, direction), seq in turns.items()
        )  # fmt: skip


def _message(
    story: Story, word: Word, side: Side, thread: Conversation, turns: Counter[tuple[str, str, str]]
) -> Message:
    """The row of a word on one side: who said it to whom under the names of that day. It has no content and no leaf."""
    direction = "out" if word.side == side else "in"
    sender, recipient = story.post(word.side, word.at), story.post(other(word.side), word.at)
    own, peer = (sender, recipient) if direction == "out" else (recipient, sender)
    place = (agency_of(own), agency_of(peer), direction)
    turns[place] += 1
    return Message(
        agency=place[0], direction=direction, peer=place[1], uuid=word.uuid, conversation=thread, seq=turns[place],
        type=f"{word.act}/1", sender=sender, recipient=recipient,
        digest=hashlib.sha256(canonical_json(dict(word.facts))).digest(), envelope_hash=b"",
        state=Message.State.SENT if direction == "out" else Message.State.HANDLED, created=word.at,
        expires=word.at + LIFETIME, at=word.at, log_origin="", log_index=0, leaf_hash=b"",
    )  # fmt: skip


def _settle(story: Story, now: datetime) -> Standing:
    """Work both sides out. Raises RuntimeError where they do not read the same."""
    first, second = (
        work_out(row, now) for row in Group.objects.filter(uuid=story.uuid).select_related("conversation", "post")
    )
    if first != second or len(first.crossed) != story.crossed:
        raise RuntimeError(f"the two sides of group {story.number} do not read the same")
    return first
