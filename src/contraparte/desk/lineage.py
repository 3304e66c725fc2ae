"""Who became whom, as a picture and as a table under it, and the permissions that wait for a word (P1.8)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from contraparte.desk.queries import conversations_of
from contraparte.directory import lineage
from contraparte.directory import lineage_statements as statements
from contraparte.directory.models import Agency, LineageEvent, Post, Tenure
from contraparte.directory.rules import lineage_statements as rules
from contraparte.directory.rules.lineage import Event, in_order, read_event
from contraparte.directory.rules.lineage_statements import Pause
from contraparte.directory.rules.roles import Role
from contraparte.exchange.models import ChangeNotice, Conversation, Moved, Reconfirmation
from contraparte.protocol.ids import country_of
from contraparte.protocol.keys import parse_kid
from contraparte.web.finding import or_404
from contraparte.web.registry import Notice
from contraparte.web.templatetags.pages import day_text

LANE, COLUMN, LEFT, TOP, BEND = 46, 150, 260, 54, 34
SHOWN_FOR = timedelta(days=30)
EVENTS = 24  # the latest; a picture of more says nothing


@dataclass(frozen=True, slots=True)
class Lane:
    """One agency in the picture: its height, and the stretches of time in which it was there."""

    agency: Agency | str
    id: str
    y: int
    stretches: list[tuple[int, int]]

    @property
    def text_y(self) -> int:
        """Where its name stands."""
        return self.y + 5


@dataclass(frozen=True, slots=True)
class Column:
    """One event in the picture: its place, its number in the table, and the paths between lanes."""

    x: int
    number: int
    day: str  # in words: a picture holds no elements of a page
    is_ahead: bool
    paths: list[str]


@dataclass(frozen=True, slots=True)
class Picture:
    """The drawing in its own units."""

    width: int
    height: int
    lanes: list[Lane]
    columns: list[Column]


@dataclass(frozen=True, slots=True)
class Mapped:
    """One old post and who takes its work, each with the topics it takes ("" for all the rest)."""

    old: Post | str
    abolished: bool
    takers: list[tuple[Post | str, str]]


@dataclass(frozen=True, slots=True)
class Disputed:
    """One row of the mapping that a country disputes, with its reason in its own language."""

    country: str
    post: Post | str
    reason: str
    language: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """A pause of clocks that waits for the word of others."""

    country: str
    begins: datetime
    until: datetime
    missing: list[str]


@dataclass(frozen=True, slots=True)
class Told:
    """One version of an event in the table."""

    row: LineageEvent
    event: Event
    number: int
    before: list[Agency | str]
    after: list[Agency | str]
    posts: list[Mapped]
    missing: list[str]  # countries that have not signed yet
    is_winner: bool
    disputed: list[Disputed]
    pauses: list[Pause]  # of clocks, agreed by all
    proposed: list[Proposed]

    @property
    def basis(self) -> Mapping[str, str]:
        """The legal basis by language."""
        words = self.event.document.legal_basis
        return {"en": words.en, "es": words.es}


def table(now: datetime) -> list[Told]:
    """Every version ever seen, the events in the order of time."""
    rows = list(LineageEvent.objects.all())
    events = {row.pk: read_event(bytes(row.document)) for row in rows}
    counting = {event.hash for event in lineage.events()}
    ordered = sorted(rows, key=lambda row: (row.effective, row.event, row.version, row.pk))
    numbers = {event.hash: place for place, event in enumerate(in_order(lineage.events()), 1)}
    agencies: dict[str, Agency] = Agency.objects.in_bulk(
        {name for event in events.values() for name in lineage.agencies_of(event)}
    )
    posts: dict[str, Post] = Post.objects.in_bulk(
        {name for event in events.values() for old in event.successors for name in (old, *event.targets(old))}
    )
    return [
        _told(row, events[row.pk], numbers.get(row.pk, 0), {**posts, **agencies}, is_winner=row.pk in counting)
        for row in ordered
    ]


def _told(
    row: LineageEvent,
    event: Event,
    number: int,
    known: Mapping[str, Any],
    *,
    is_winner: bool,
) -> Told:
    signed = {country_of(parse_kid(kid)[0]) for kid, _ in row.signatures}
    mapped = [
        Mapped(
            known.get(line.old, line.old),
            line.abolished,
            [(known.get(one.post, one.post), ", ".join(one.topics)) for one in line.to],
        )
        for line in event.document.mapping
    ]
    before = [known.get(name, name) for name in event.document.before]
    after = [known.get(name, name) for name in event.document.after]
    missing = [] if row.is_complete else sorted(event.signers - signed)
    return Told(row, event, number, before, after, mapped, missing, is_winner, *_reviewed(row, event, known))


def _reviewed(
    row: LineageEvent, event: Event, known: Mapping[str, Any]
) -> tuple[list[Disputed], list[Pause], list[Proposed]]:
    """What was said of a version beside signing it, as far as it stands."""
    said = statements.said_of(row.pk)
    disputed = [
        Disputed(one.statement.country, known.get(line.old, line.old), line.reason, line.language)
        for one in rules.standing_disputes(event, statements.signers_of(row), said)
        for line in one.statement.rows
    ]
    proposed = [
        Proposed(one.statement.country, *rules.span_of(one), rules.missing_signers(one, event))
        for one in rules.proposed_pauses(event, said)
    ]
    return disputed, rules.agreed_pauses(event, said), proposed


def picture(now: datetime) -> Picture | None:
    """The drawing of the events that count; None where there are none."""
    known = in_order(lineage.events())
    first = max(0, len(known) - EVENTS)
    events = known[first:]
    if not events:
        return None
    names = list(dict.fromkeys(name for event in events for name in lineage.agencies_of(event)))
    rows: dict[str, Agency] = Agency.objects.in_bulk(names)
    height = {name: TOP + place * LANE for place, name in enumerate(names)}
    width = LEFT + COLUMN * len(events) + COLUMN // 2
    xs = {event.hash: LEFT + COLUMN // 2 + COLUMN * place for place, event in enumerate(events)}
    lanes = [Lane(rows.get(name, name), name, height[name], _stretches(name, events, xs, width)) for name in names]
    columns = [
        Column(
            xs[event.hash],
            first + place,
            day_text(timezone.localtime(event.effective).date()),
            event.effective > now,
            _paths(event, height, xs[event.hash]),
        )
        for place, event in enumerate(events, 1)
    ]
    return Picture(width, TOP + LANE * len(names), lanes, columns)


def _stretches(name: str, events: Iterable[Event], xs: Mapping[str, int], width: int) -> list[tuple[int, int]]:
    """When an agency was there: from the left edge, unless an event made it; up to the event that ended it."""
    found: list[tuple[int, int]] = []
    mentions = [event for event in events if name in lineage.agencies_of(event)]
    begins: int | None = LEFT if name in mentions[0].document.before else None
    for event in mentions:
        if begins is None and name in event.document.after:
            begins = xs[event.hash] + BEND
        elif begins is not None and name in event.ended:
            found.append((begins, xs[event.hash] - BEND))
            begins = None
    if begins is not None:
        found.append((begins, width))
    return found


def _paths(event: Event, height: Mapping[str, int], x: int) -> list[str]:
    """Curves from each old body to each that takes some of its work."""
    pairs = {(old.partition("/")[0], new.partition("/")[0]) for old in event.successors for new in event.targets(old)}
    return [
        f"M{x - BEND} {height[old]} C{x} {height[old]} {x} {height[new]} {x + BEND} {height[new]}"
        for old, new in sorted(pairs)
        if old != new
    ]


def moves_of(conversation: Conversation) -> list[Moved]:
    """Which posts had a conversation before, on either side; no question where no agency ever changed."""
    return list(conversation.moves.all()) if lineage.events() else []


def notices_told(tenure: Tenure, now: datetime) -> list[ChangeNotice]:
    """What other agencies told this one of their changes lately; an officer sees what concerns the own post."""
    rows = ChangeNotice.objects.filter(agency=tenure.post.agency_id, ours=False, at__gt=now - SHOWN_FOR)
    if Role.AUTHORISER in tenure.roles:
        return list(rows[:EVENTS])
    # Sought before they are cut: what concerns others must not push out what concerns this post.
    return list(islice((row for row in rows.iterator() if tenure.post_id in row.rows["concerned"]), EVENTS))


@dataclass(frozen=True, slots=True)
class NoticeShown:
    """One notice on the page: which agency told it, and the old and new posts in pairs."""

    row: ChangeNotice
    peer: Agency | str
    pairs: list[tuple[str, str]]


def notices_shown(tenure: Tenure, now: datetime) -> list[NoticeShown]:
    """The same with names, for the page."""
    rows = notices_told(tenure, now)
    peers: dict[str, Agency] = Agency.objects.in_bulk({row.peer for row in rows})
    return [
        NoticeShown(row, peers.get(row.peer, row.peer), list(zip(row.rows["was"], row.rows["became"], strict=True)))
        for row in rows
    ]


def told_notices(tenure: Tenure, now: datetime) -> Iterable[Notice]:
    """Changes the other side told of; no question where no agency ever changed."""
    if lineage.events():
        told = notices_told(tenure, now)
        since = max((one.at for one in told), default=None)
        yield Notice(_("changes of agencies: others answer now"), len(told), reverse("desk:lineage") + "#told", since)


def to_confirm(tenure: Tenure, limit: int = 200) -> list[Reconfirmation]:
    """Permissions of this post's threads that were given to a post whose work another has now."""
    rows = Reconfirmation.objects.select_related("permission__item", "permission__conversation__post__agency")
    mine = conversations_of(tenure).filter(post_id=tenure.post_id)
    return list(rows.filter(state=Reconfirmation.State.WAITING, permission__conversation__in=mine)[:limit])


def reconfirmation_for(tenure: Tenure, pk: int) -> Reconfirmation:
    """One of them. Raises Http404."""
    rows = Reconfirmation.objects.select_related("permission__item", "permission__conversation__post__agency")
    mine = conversations_of(tenure).filter(post_id=tenure.post_id)
    return or_404(rows.filter(permission__conversation__in=mine, pk=pk).first())


def notices(tenure: Tenure, now: datetime) -> Iterable[Notice]:
    """How many permissions wait for this person's word; no question where no agency ever changed."""
    if lineage.events():
        waiting = to_confirm(tenure)
        since = min((one.at for one in waiting), default=None)
        yield Notice(
            _("permissions to be confirmed after a change of agency"), len(waiting), reverse("desk:lineage"), since
        )
