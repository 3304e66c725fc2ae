"""Who became whom: a change of agency as a signed event, and what an old identifier means today (P1.8).

An event maps each old post to the post that takes its work; a post split among several says by topic which gets what.
So nothing is ever without a holder. It counts once its own country and every reviewer named in it have signed the same
bytes. Two versions of one event may stand side by side while people argue: of those that count, the higher version
wins, then the smaller hash; the others are kept and shown.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import Field

from contraparte.directory.rules.accord import AccordId, Code, Country
from contraparte.directory.rules.documents import Instant, Signed, read_document, read_instant
from contraparte.protocol import limits
from contraparte.protocol.encoding import canonical_json
from contraparte.protocol.errors import (
    LineageCountryError,
    LineageCycleError,
    LineageKindError,
    LineagePeriodError,
    LineagePostMissingError,
    LineagePostUnknownError,
    LineageRuleError,
)
from contraparte.protocol.ids import agency_of, country_of, parse_agency_id, parse_post_id

FORMAT = "contraparte-lineage/1"
MAX_POSTS = 5_000

AgencyId = Annotated[str, Field(max_length=64)]
PostId = Annotated[str, Field(max_length=106)]
Kind = Literal["rename", "merge", "split", "absorb", "abolish", "recreate"]

#: Kind → agencies before, agencies after: (fewest, most). `most` 0 is any number.
SIZES: Mapping[str, tuple[tuple[int, int], tuple[int, int]]] = {
    "rename": ((1, 1), (1, 1)),
    "merge": ((2, 0), (1, 1)),
    "split": ((1, 1), (2, 0)),
    "absorb": ((1, 0), (1, 1)),
    "abolish": ((1, 0), (1, 0)),
    "recreate": ((1, 0), (1, 0)),
}


class LegalBasis(Signed):
    """The law or decree by which it happens, in both languages."""

    en: Annotated[str, Field(min_length=1, max_length=500)]
    es: Annotated[str, Field(min_length=1, max_length=500)]


class Successor(Signed):
    """A post that takes work over: of these topics (`trace`, `inquiry`), or without any all the rest."""

    post: PostId
    topics: Annotated[list[Code], Field(max_length=100)] = []


class MappedPost(Signed):
    """What becomes of one old post. An abolished one has no function left; its open work still has one taker."""

    old: PostId = Field(alias="from")
    abolished: bool = False
    to: Annotated[list[Successor], Field(min_length=1, max_length=50)]


class EventDocument(Signed):
    """The event as signed; `Event` is how the rest of the house asks it."""

    format: Literal["contraparte-lineage/1"]
    id: AccordId
    version: Annotated[int, Field(ge=1, le=10_000)] = 1
    country: Country
    kind: Kind
    announced: Instant
    effective: Instant
    accepts_until: Instant
    legal_basis: LegalBasis
    before: Annotated[list[AgencyId], Field(min_length=1, max_length=100, alias="from")]
    after: Annotated[list[AgencyId], Field(min_length=1, max_length=100, alias="to")]
    reviewers: Annotated[list[Country], Field(max_length=50)] = []
    mapping: Annotated[list[MappedPost], Field(min_length=1, max_length=MAX_POSTS)]


@dataclass(frozen=True, slots=True)
class Event:
    """One event, read and checked. Made by `read_event` only."""

    document: EventDocument
    hash: str
    effective: datetime
    accepts_until: datetime
    successors: Mapping[str, tuple[Successor, ...]]

    @property
    def id(self) -> str:
        """The identifier that all versions of the event share."""
        return self.document.id

    @property
    def country(self) -> str:
        """Whose agencies change."""
        return self.document.country

    @property
    def signers(self) -> frozenset[str]:
        """Countries that must have signed these bytes before they count."""
        return frozenset({self.document.country, *self.document.reviewers})

    @property
    def ended(self) -> frozenset[str]:
        """Agencies that are no more from `effective` on; whoever gives up a function to a new body goes on."""
        if self.document.kind == "recreate":
            return frozenset()
        return frozenset(self.document.before) - frozenset(self.document.after)

    def successor(self, post: str, topic: str = "") -> str | None:
        """Who takes the work of `post` on `topic`; None where the event says nothing about the post."""
        found = self.successors.get(post)
        if found is None:
            return None
        return next((one.post for one in found if topic and topic in one.topics), _rest(found).post)

    def targets(self, post: str) -> frozenset[str]:
        """All who take something from `post`."""
        return frozenset(one.post for one in self.successors.get(post, ()))


@lru_cache(maxsize=256)
def read_event(data: bytes) -> Event:
    """Read and check the exact bytes of an event, as far as it can be judged alone.

    Raises DocumentMalformedError, LineagePeriodError, LineageCountryError, LineageKindError, LineageRuleError for two
    successors without a rule, LineageCycleError.
    """
    document = read_document(EventDocument, data, document="lineage", limit=limits.LINEAGE_BYTES)
    effective, until = read_instant(document.effective), read_instant(document.accepts_until)
    if effective < read_instant(document.announced):
        raise LineagePeriodError(field="effective", event=document.id)
    if until < effective:
        raise LineagePeriodError(field="accepts_until", event=document.id)
    _check_bodies(document)
    successors = {line.old: tuple(line.to) for line in document.mapping}
    _check_steps(document.id, {old: {one.post for one in to} for old, to in successors.items()})
    _check_rules(document)
    return Event(document, hashlib.sha256(data).hexdigest(), effective, until, successors)


def write_event(document: Mapping[str, object]) -> bytes:
    """The bytes of an event, ready to be signed: read once, so that nothing wrong is ever signed."""
    data = canonical_json(dict(document))
    read_event(data)
    return data


def _check_bodies(document: EventDocument) -> None:
    sizes = zip(SIZES[document.kind], (document.before, document.after), ("from", "to"), strict=True)
    for (fewest, most), named, field in sizes:
        if len(set(named)) != len(named) or len(named) < fewest or (most and len(named) > most):
            raise LineageKindError(field=field, kind=document.kind, event=document.id)
        for agency in named:
            if country_of(parse_agency_id(agency)) != document.country:
                raise LineageCountryError(field=field, read=agency, event=document.id)
    if document.country in document.reviewers:
        raise LineageCountryError(field="reviewers", read=document.country, event=document.id)


def _check_rules(document: EventDocument) -> None:
    seen: set[str] = set()
    for line in document.mapping:
        if agency_of(parse_post_id(line.old)) not in document.before:
            raise LineagePostUnknownError(field="from", post=line.old, event=document.id)
        topics = [topic for one in line.to for topic in one.topics]
        rests = sum(not one.topics for one in line.to)
        if line.old in seen or rests != 1 or len(set(topics)) != len(topics) or (line.abolished and len(line.to) > 1):
            raise LineageRuleError(post=line.old, event=document.id)
        seen.add(line.old)
        for one in line.to:
            if agency_of(parse_post_id(one.post)) not in document.after and one.post != line.old:
                raise LineagePostUnknownError(field="to", post=one.post, event=document.id)


def _check_steps(event: str, steps: Mapping[str, Iterable[str]]) -> None:
    """A post that takes work over must not give its own away in the same moment: who would hold it then?"""
    for old, targets in steps.items():
        for new in targets:
            if new != old and set(steps.get(new, (new,))) != {new}:
                raise LineageCycleError(post=old, successor=new, event=event)


def check_against(event: Event, posts: Iterable[str], others: Iterable[Event]) -> None:
    """Judge an event by what is known: every post of a body that ends is mapped, every taker exists and will go on.

    `posts`: all posts of the country, old and new; `others`: the events that count. Raises LineagePostMissingError,
    LineagePostUnknownError, LineageRuleError, LineageCycleError.
    """
    known, others = set(posts), [one for one in others if one.id != event.id]
    for post in sorted(known):
        if agency_of(post) in event.ended and post not in event.successors and not _has_left(post, event, others):
            raise LineagePostMissingError(post=post, event=event.id)
    for old in event.successors:
        for new in sorted({old} | event.targets(old)):
            if new not in known:
                raise LineagePostUnknownError(field="mapping", post=new, event=event.id)
            if agency_of(new) in event.ended and new != old:
                raise LineagePostUnknownError(field="to", post=new, event=event.id)
        if event.targets(old) & {old} and agency_of(old) in event.ended:
            raise LineagePostUnknownError(field="to", post=old, event=event.id)
    steps = {old: event.targets(old) for old in event.successors}
    for other in others:
        if other.effective != event.effective:
            continue
        for old in other.successors:
            if old in steps and steps[old] != other.targets(old):
                raise LineageRuleError(post=old, event=event.id)
            steps[old] = other.targets(old)
    _check_steps(event.id, steps)


def _has_left(post: str, event: Event, others: Sequence[Event]) -> bool:
    """Whether an earlier event has taken all work from a post, so that there is nothing left to map."""
    earlier = [one for one in others if one.effective < event.effective]
    return present(post, earlier, event.effective) != post


def choose(versions: Iterable[Event]) -> dict[str, Event]:
    """Of the versions that count, the one that wins for each event id: higher version, then smaller hash."""
    won: dict[str, Event] = {}
    for one in versions:
        held = won.get(one.id)
        if held is None or _rank(one) < _rank(held):
            won[one.id] = one
    return won


def _rank(event: Event) -> tuple[int, str]:
    return -event.document.version, event.hash


def present(post: str, events: Iterable[Event], at: datetime, topic: str = "", since: datetime | None = None) -> str:
    """Who holds at `at` what `post` held at `since`, over all changes in the order of time. Itself where none fits.

    Time runs one way, so no chain runs for ever. `since`: what passed before the post was created again does not
    concern it; without it the identifier is an old one of unknown age.
    """
    steps = path(post, events, at, topic, since)
    return steps[-1][1] if steps else post


def path(
    post: str, events: Iterable[Event], at: datetime, topic: str = "", since: datetime | None = None
) -> list[tuple[Event, str]]:
    """The steps of `present`: each event that passed the work on, and to whom."""
    holder, steps = post, []
    for event in _from_its_life(post, in_order(events), since):
        taker = event.successor(holder, topic) if event.effective <= at else None
        if taker is not None and taker != holder:
            holder = taker
            steps.append((event, holder))
    return steps


def _from_its_life(post: str, events: list[Event], since: datetime | None) -> list[Event]:
    """Events after the last one, not later than `since`, by which the post itself took work over."""
    if since is None:
        return events
    begins = [
        index
        for index, event in enumerate(events)
        if event.effective <= since and any(post in event.targets(old) for old in event.successors)
    ]
    return events[begins[-1] + 1 :] if begins else events


def holders(post: str, events: Iterable[Event], at: datetime) -> frozenset[str]:
    """All posts that hold at `at` a part of what once was `post`'s."""
    found = frozenset({post})
    for event in in_order(events):
        if event.effective <= at:
            found = frozenset(new for one in found for new in event.targets(one) or (one,))
    return found


def in_order(events: Iterable[Event]) -> list[Event]:
    """Events by the time at which they count; those of one moment in an order both sides share."""
    return sorted(events, key=lambda one: (one.effective, one.id, one.hash))


def line_of(agency: str, events: Iterable[Event]) -> frozenset[str]:
    """Agencies tied to `agency` by any change: under one of these names its records may stand."""
    found, links = {agency}, [{*one.document.before, *one.document.after} for one in events]
    while True:
        wider = found.union(*(link for link in links if link & found))
        if wider == found:
            return frozenset(found)
        found = wider


def predecessors(events: Iterable[Event]) -> dict[str, frozenset[str]]:
    """Agency → those from which an event lets it come: one of them vouches for its first keys (P1.5)."""
    found: dict[str, frozenset[str]] = {}
    for event in events:
        for agency in event.document.after:
            older = frozenset(event.document.before) - {agency}
            found[agency] = found.get(agency, frozenset()) | older
    return found


def closed_since(party: str, events: Iterable[Event], at: datetime) -> Event | None:
    """The event after whose last day nothing new is taken from or for an old post or agency; None while it may be."""
    closing = given_up(party, events, at)
    return closing if closing is not None and closing.accepts_until <= at else None


def given_up(party: str, events: Iterable[Event], at: datetime) -> Event | None:
    """The event by which a post gave all its work away, or an agency ended; None where it holds something at `at`.

    Whoever was created again, or got work from others since, is there again.
    """
    closing: Event | None = None
    for event in in_order(events):
        if event.effective > at:
            continue
        if "/" in party:
            moved = party in event.successors and party not in event.targets(party)
            returned = any(party in event.targets(old) for old in event.successors)
        else:
            moved, returned = party in event.ended, party in event.document.after
        if moved:
            closing = event
        elif returned:
            closing = None
    return closing


def _rest(successors: Sequence[Successor]) -> Successor:
    return next(one for one in successors if not one.topics)
