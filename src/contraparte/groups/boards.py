"""The board of all groups, the extent statement and what came of a group: many groups, a fixed number of questions."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Max, Q, QuerySet

from contraparte.desk.registry import GroupWork, group_work
from contraparte.directory import queries as directory
from contraparte.directory.models import Accord, Post, Tenure
from contraparte.directory.rules.roles import Role
from contraparte.exchange.models import Message, Permission
from contraparte.groups import catalogue, queries
from contraparte.groups.models import Group, GroupWord, Promise
from contraparte.groups.rules.chartering import ENDS
from contraparte.groups.rules.charters import is_zone
from contraparte.groups.rules.promises import ESCALATES_AT, WORKING
from contraparte.protocol.ids import agency_of, country_of

MOST_GROUPS = 300
LONGEST = 120  # of the name by which a request names its group
YEAR = timedelta(days=365)
NEVER = datetime.max.replace(tzinfo=UTC)
ALIVE = ("active", "provisional")
SILENT = ("dormant", "rechartering")
GOOD = ("achieved", "on_track")


@dataclass(slots=True)
class Row:
    """One group on the board."""

    group: Group
    overdue: int = 0
    escalated: int = 0
    vacant: list[str] = field(default_factory=list)

    @property
    def on_track(self) -> int:
        """Goals achieved or on track."""
        return sum(verdict in GOOD for _, verdict in self.group.goals)

    @property
    def unmeasured(self) -> int:
        """Goals without a figure."""
        return sum(verdict == "unmeasured" for _, verdict in self.group.goals)


@dataclass(slots=True)
class Board:
    """All groups, by how they stand."""

    silent: list[Row]
    alive: list[Row]
    begun: list[Row]
    ended: list[Row]

    @property
    def rows(self) -> list[Row]:
        """Those that have not ended."""
        return [*self.silent, *self.alive, *self.begun]

    @property
    def overdue(self) -> int:
        """Promises past their day."""
        return sum(row.overdue for row in self.rows)

    @property
    def vacant(self) -> int:
        """Posts that nobody holds."""
        return len({post for row in self.rows for post in row.vacant})


def board_of(tenure: Tenure, now: datetime) -> Board:
    """The groups a tenure reads, what needs attention first: the longest silent, then who falls silent next."""
    groups = list(queries.groups_of(tenure).select_related(None)[:MOST_GROUPS])
    late = overdue_by_group(groups, now)
    empty = vacant_of({post for one in groups for post in one.posts}, now)
    rows = [
        Row(
            one,
            overdue=len(late.get(one.pk, ())),
            escalated=sum(missed >= ESCALATES_AT for missed in late.get(one.pk, ())),
            vacant=[post for post in one.posts if post in empty],
        )
        for one in groups
    ]
    known = (*ALIVE, *SILENT, *ENDS)
    return Board(
        silent=sorted((row for row in rows if row.group.state in SILENT), key=_falls_silent),
        alive=sorted((row for row in rows if row.group.state in ALIVE), key=_falls_silent),
        begun=[row for row in rows if row.group.state not in known],
        ended=[row for row in rows if row.group.state in ENDS],
    )


def _falls_silent(row: Row) -> datetime:
    """When a group fell or will fall silent by its cadence; last those that name none."""
    return row.group.dormant_at or NEVER


def local_day(group: Group, now: datetime) -> date:
    """The day it is where the group counts its days."""
    return now.astimezone(ZoneInfo(group.time_zone) if is_zone(group.time_zone) else UTC).date()


def overdue_by_group(groups: Sequence[Group], now: datetime) -> dict[int, list[int]]:
    """Group → how many days passed undone, of each promise that is late now."""
    days = {one.pk: local_day(one, now) for one in groups}
    latest = max(days.values(), default=now.date())
    rows = Promise.objects.filter(group__in=list(days), is_live=True, state__in=WORKING, due_on__lt=latest)
    found: dict[int, list[int]] = {}
    for group, due_on, missed in rows.values_list("group_id", "due_on", "missed_before"):
        if due_on < days[group]:
            found.setdefault(group, []).append(missed + 1)
    return found


@dataclass(slots=True)
class Lateness:
    """How many promises run on each side, how many are late, how many come to both principals."""

    ours: int = 0
    theirs: int = 0
    overdue: int = 0
    escalated: int = 0


def lateness(rows: QuerySet[Promise], now: datetime) -> Lateness:
    """The figures of promises that run, in one question and without their words, however many they are."""
    found = Lateness()
    days: dict[str, date] = {}
    told = rows.order_by().values_list("side", "group__side", "group__time_zone", "state", "due_on", "missed_before")
    for side, own, zone, state, due_on, missed in told:
        if zone not in days:
            days[zone] = now.astimezone(ZoneInfo(zone) if is_zone(zone) else UTC).date()
        is_overdue = state in WORKING and due_on < days[zone]
        found.ours += side == own
        found.theirs += side != own
        found.overdue += is_overdue
        found.escalated += missed + is_overdue >= ESCALATES_AT
    return found


def vacant_of(posts: Iterable[str], now: datetime) -> set[str]:
    """Of these posts, those nobody holds, as far as this node can know, and those the directory no longer lists."""
    rows = {row.pk: row for row in Post.objects.select_related("agency").filter(pk__in=set(posts))}
    local = [pk for pk, row in rows.items() if row.agency.is_local]
    running = Tenure.objects.filter(post__in=local, person__isnull=False, starts__lte=now)
    held = set(running.filter(Q(ends__isnull=True) | Q(ends__gt=now)).values_list("post_id", flat=True))
    return {pk for pk, row in rows.items() if not row.listed or (row.agency.is_local and pk not in held)}


@dataclass(slots=True)
class Extent:
    """One row of the extent statement."""

    group: Group
    accord: str
    is_suspended: bool
    foreign: list[str]
    wishes: Mapping[str, str]
    framework_words: Mapping[str, str]
    may_decide: bool

    @property
    def is_orphan(self) -> bool:
        """Whether it stands under no goal that both principals still hold."""
        return not self.group.framework or "disowned" in self.framework_words.values()


@dataclass(frozen=True, slots=True)
class Volume:
    """What ran between this agency and another in the last year: messages by type, permissions now."""

    agency: str
    total: int
    by_type: list[tuple[str, int]]
    given: int  # permissions of ours that run
    held: int  # permissions of theirs that run


@dataclass(frozen=True, slots=True)
class Statement:
    """Everything an incoming principal takes over."""

    rows: list[Extent]
    others: int  # groups of the agency that other posts answer for
    volumes: list[Volume]
    accords: list[tuple[Accord, bool]]


def statement_of(tenure: Tenure, now: datetime) -> Statement:
    """Every group this tenure reads that has not ended, the instruments, and the traffic of the last year."""
    groups = list(queries.groups_of(tenure).exclude(state__in=ENDS)[:MOST_GROUPS])
    told = _latest_words(groups)
    accords = _accords(tenure)
    own = tenure.post.agency.country
    rows = []
    for one in groups:
        accord = next(
            (row for row, _off in accords if {row.country_a, row.country_b} == {own, country_of(one.counterpart)}), None
        )
        rows.append(
            Extent(
                group=one,
                accord=accord.pk if accord else "",
                is_suspended=any(off for row, off in accords if accord is not None and row.pk == accord.pk),
                foreign=[post for post in one.posts if country_of(post) != own],
                wishes=told[one.pk]["group.decide"],
                framework_words=told[one.pk]["group.framework"],
                may_decide=tenure.post_id == (one.sponsor or one.post_id) and Role.AUTHORISER in tenure.roles,
            )
        )
    all_of_agency = Group.objects.filter(agency=tenure.post.agency_id).exclude(state__in=ENDS).count()
    return Statement(rows, max(0, all_of_agency - len(groups)), _volumes(tenure, now), accords)


def _latest_words(groups: Sequence[Group]) -> dict[int, dict[str, dict[str, str]]]:
    """Group → act → "ours" or "theirs" → what that side said last."""
    found: dict[int, dict[str, dict[str, str]]] = {
        one.pk: {"group.decide": {}, "group.framework": {}} for one in groups
    }
    sides = {one.pk: one.side for one in groups}
    rows = GroupWord.objects.filter(group__in=groups, act__in=("group.decide", "group.framework"), crossed="")
    last = rows.values("group_id", "act", "side").annotate(turn=Max("turn")).order_by()
    wanted = {(one["group_id"], one["act"], one["side"], one["turn"]) for one in last}
    for row in rows.order_by("turn"):
        if (row.group_id, row.act, row.side, row.turn) in wanted:
            whose = "ours" if row.side == sides[row.group_id] else "theirs"
            word = row.facts.get("wish") or ("agreed" if row.facts.get("agreed") else "disowned")
            found[row.group_id][row.act][whose] = str(word)
    return found


def _accords(tenure: Tenure) -> list[tuple[Accord, bool]]:
    country = tenure.post.agency.country
    rows = Accord.objects.filter(Q(country_a=country) | Q(country_b=country)).order_by("-effective_from", "id")[:50]
    return [(row, directory.is_suspended(row.pk)) for row in rows]


def _volumes(tenure: Tenure, now: datetime) -> list[Volume]:
    rows = Message.objects.filter(agency=tenure.post.agency_id, at__gte=now - YEAR)
    counted: dict[str, Counter[str]] = {}
    for peer, name, many in rows.order_by().values_list("peer", "type").annotate(many=Count("pk")):
        counted.setdefault(peer, Counter())[name] += many
    running = _permissions(tenure, now)
    found = [
        Volume(
            peer, sum(told.values()), told.most_common(6), running[peer, Permission.Side.GRANTER],
            running[peer, Permission.Side.HOLDER],
        )
        for peer, told in counted.items()
    ]  # fmt: skip
    return sorted(found, key=lambda one: (-one.total, one.agency))[:50]


def _permissions(tenure: Tenure, now: datetime) -> Counter[tuple[str, str]]:
    """(Agency of the other side, side) → permissions that run."""
    rows = Permission.objects.filter(agency=tenure.post.agency_id, state=Permission.State.GRANTED, until__gt=now)
    found: Counter[tuple[str, str]] = Counter()
    for other, side, many in rows.order_by().values_list("other", "side").annotate(many=Count("pk")):
        found[agency_of(other), side] += many
    return found


def tree_of(tenure: Tenure) -> tuple[list[tuple[catalogue.Node, list[Extent]]], list[Group]]:
    """Every line of the framework with the groups under it, and the groups under none that this node knows."""
    groups = list(queries.groups_of(tenure).exclude(state__in=ENDS)[:MOST_GROUPS])
    told = _latest_words(groups)
    under: dict[str, list[Extent]] = {}
    for one in groups:
        said = told[one.pk]
        row = Extent(one, "", False, [], said["group.decide"], said["group.framework"], False)
        under.setdefault(one.framework, []).append(row)
    nodes = catalogue.framework()
    elsewhere = [row.group for code, rows in under.items() if code not in nodes for row in rows]
    return [(node, under.get(code, [])) for code, node in nodes.items()], elsewhere


def came_of(row: Group, tenure: Tenure) -> list[GroupWork]:
    """Requests that name this group, with what came of them; only what the tenure may open itself."""
    names = [name for name in dict.fromkeys((row.name_en[:LONGEST], row.name_es[:LONGEST])) if name.strip()]
    return group_work(names, agency_of(row.counterpart), tenure) if names else []


def other_groups(tenure: Tenure, row: Group | None = None) -> list[Group]:
    """Groups of the tenure that have not ended, but for one: which may take over from it."""
    rows: Any = queries.groups_of(tenure).exclude(state__in=ENDS)
    if row is not None:
        rows = rows.exclude(pk=row.pk).filter(counterpart__startswith=f"{agency_of(row.counterpart)}/")
    return list(rows[:MOST_GROUPS])
