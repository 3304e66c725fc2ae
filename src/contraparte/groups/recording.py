"""From words to standings and back into columns. One place reads words, one writes what follows from them."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import cast
from uuid import UUID

from django.db.models import Q

from contraparte.directory.models import Post
from contraparte.exchange.models import Message
from contraparte.groups.holders import with_present_posts
from contraparte.groups.models import Group, GroupWord, Meeting, Promise, Reader
from contraparte.groups.rules.charters import Goal, number
from contraparte.groups.rules.hearing import read_standing
from contraparte.groups.rules.meetings import OFF, OVER
from contraparte.groups.rules.owing import owed
from contraparte.groups.rules.promises import WORKING
from contraparte.groups.rules.promises import Promise as PlainPromise
from contraparte.groups.rules.reading import read_day
from contraparte.groups.rules.standing import Report, Standing
from contraparte.groups.rules.verdicts import Counted, Path, Verdict, judge_count, judge_level, judge_milestone
from contraparte.groups.rules.words import Side, Word

HEARTBEATS = 12
GONE = (Message.State.REJECTED.value, Message.State.EXPIRED.value)  # the other side does not hold it, nor do we


def words_of(group: Group) -> list[Word]:
    """What both sides said about a group and both hold, or will."""
    rows = GroupWord.objects.filter(group=group).exclude(message__state__in=GONE).order_by()
    # A group of ten years has some thousand words, and they are read at every page: plain values, in no order.
    told = rows.values_list("message__uuid", "side", "turn", "seen", "at", "act", "facts")
    return [Word(str(uuid), cast(Side, side), *rest) for uuid, side, *rest in told]


def standing_of(group: Group, now: datetime, *, passed: frozenset[UUID] = frozenset()) -> Standing:
    """How a group stands at an instant. `passed`: groups on whose behalf this is asked, so that no circle is walked."""
    words = words_of(group)
    succeeds = next((word.facts.get("succeeds", ()) for word in words if word.act == "group.found"), ())
    inherited = _inherited(group, succeeds, now, passed | {group.uuid}) if succeeds else []
    return with_present_posts(read_standing(words, inherited=inherited, until=now), now)


def _inherited(group: Group, succeeds: Iterable[str], now: datetime, passed: frozenset[UUID]) -> list[PlainPromise]:
    """Promises still open of the groups this one names and that both sides ended in its favour."""
    before = Group.objects.filter(agency=group.agency, uuid__in=list(succeeds), successor=group.uuid)
    found = [standing_of(row, now, passed=passed) for row in before.exclude(uuid__in=passed)]
    return [one for standing in found for one in standing.promises.values() if one.is_live]


def work_out(group: Group, now: datetime) -> Standing:
    """Write down what follows from all words at this instant. Must run in a transaction."""
    standing = standing_of(group, now)
    group.state = standing.state(now)[0]
    group.since = standing.history[-1].since if standing.history else group.opened_at
    group.name_en, group.name_es = standing.name.en[:300], standing.name.es[:300]
    group.kind, group.framework = standing.kind, standing.framework
    charter = standing.charter
    group.handling = list(charter.handling) if charter else []
    group.time_zone = standing.zone.key
    held = standing.last_held()
    group.last_held_at = held.starts if held else None
    meetings = sorted(standing.meetings.values(), key=lambda one: one.starts)
    ahead = [one.starts for one in meetings if one.state(now) not in OVER and one.starts > now]
    group.next_at = min(ahead, default=None)
    group.dormant_at = standing.dormant_at()
    past = [one for one in meetings if one.state(now) in OVER and one.state(now) != "moved"]
    group.heartbeat = [[standing.day(one.starts).isoformat(), one.state(now)] for one in past[-HEARTBEATS:]]
    group.goals = [[goal.key, verdict_on(standing, goal, now).value] for goal in charter.goals] if charter else []
    _note_parties(group, standing, now)
    group.open_promises = sum(one.is_live for one in standing.promises.values())
    was, group.successor = group.successor, UUID(standing.end[1]) if standing.end and standing.end[1] else None
    group.changes_at = _next_change(standing, now)
    group.changed_at = now
    group.save()
    _keep_meetings(group, standing, now)
    _keep_promises(group, standing)
    _keep_readers(group, standing)
    _mark_crossed(group, standing)
    if group.successor is not None and group.successor != was:
        for row in Group.objects.filter(agency=group.agency, uuid=group.successor):
            work_out(row, now)
    return standing


def _note_parties(group: Group, standing: Standing, now: datetime) -> None:
    """Who sponsors it here, which posts it hangs on, and what this side owes."""
    version, side = standing.in_force or standing.proposal, group.our_side
    charter = version.charter if version else None
    group.sponsor = charter.sponsors.get(side, "") if charter else ""
    live = [one.owner for one in standing.promises.values() if one.is_live]
    named = {group.post_id, group.counterpart, *live}
    if charter is not None:
        named |= {*charter.chairs.values(), *charter.sponsors.values(), *(goal.owner for goal in charter.goals)}
    group.posts = sorted(named - {""})
    group.lapses_at = standing.in_force.lapses_at if standing.in_force else None
    group.owed = [
        [one.what, one.key, one.since.isoformat(), one.due.isoformat() if one.due else ""]
        for one in owed(standing, now)
        if one.side == side
    ]


def verdict_on(standing: Standing, goal: Goal, now: datetime) -> Verdict:
    """The word on a goal by what was last reported of it."""
    told = [one for one in standing.reports if one.goal == goal.key]
    last = told[-1] if told else None
    today = standing.day(now)
    if goal.due_on is None:
        return Verdict.UNMEASURED
    if goal.measure == "milestone":
        return judge_milestone(
            done_on=read_day(last.facts.get("done_on")) if last else None, due_on=goal.due_on, on=today
        )
    comparable = bool(last.facts.get("comparable", True)) if last else True
    if goal.measure == "level":
        return _judge_level(goal, last, comparable=comparable)
    before, change = number(goal.baseline), goal.change
    if before is None or change is None or change == 0:
        return Verdict.UNMEASURED
    after = _counted(last) if last else None
    return judge_count(
        Counted(int(before), goal.baseline_days), after, change=max(change, -1.0), comparable=comparable
    ).verdict


def _judge_level(goal: Goal, last: Report | None, *, comparable: bool) -> Verdict:
    before, target = number(goal.baseline), number(goal.target)
    if before is None or target is None or goal.baseline_on is None or goal.due_on is None or last is None:
        return Verdict.UNMEASURED
    on = read_day(last.facts.get("until")) or last.at.date()
    path = Path(before, target, goal.baseline_on, goal.due_on)
    return judge_level(path, number(str(last.facts.get("value", ""))), on=on, comparable=comparable)


def _counted(report: Report) -> Counted | None:
    value = number(str(report.facts.get("value", "")))
    since, until = read_day(report.facts.get("since")), read_day(report.facts.get("until"))
    if value is None or value < 0 or since is None or until is None or until < since:
        return None
    return Counted(int(value), (until - since).days + 1)


def _next_change(standing: Standing, now: datetime) -> datetime | None:
    """The next instant at which the clock alone changes the state, a meeting, or which promises are late."""
    soon = [standing.dormant_at(), standing.in_force.lapses_at if standing.in_force else None]
    for one in standing.meetings.values():
        if one.state(now) not in OVER:
            soon += [one.ends, one.decided_at]
    for promise in standing.promises.values():
        if promise.state in WORKING:
            late = promise.due_on + timedelta(days=1)
            soon.append(datetime.combine(late, time.min, tzinfo=standing.zone).astimezone(UTC))
    return min((at for at in soon if at is not None and at > now), default=None)


def _keep_meetings(group: Group, standing: Standing, now: datetime) -> None:
    held = {str(row.key): row for row in group.meetings.all()}
    fresh: list[Meeting] = []
    for one in standing.meetings.values():
        minutes = one.current_minutes
        told = {
            "number": one.number, "starts": one.starts, "ends": one.ends, "zone": one.zone, "state": one.state(now),
            "minutes": minutes.state if minutes else "", "sequence": one.sequence,
        }  # fmt: skip
        row = held.get(one.key)
        if row is None:
            fresh.append(Meeting(group=group, key=one.key, changed_at=now, **told))
            continue
        told["sequence"] = _sequence(row, one.sequence, str(told["state"]))
        if any(getattr(row, name) != value for name, value in told.items()):
            Meeting.objects.filter(pk=row.pk).update(changed_at=now, **told)
    Meeting.objects.bulk_create(fresh)
    # A call that crossed with a word that came before it in the order may lose its effect.
    group.meetings.exclude(key__in=list(standing.meetings)).delete()


def _sequence(row: Meeting, read: int, state: str) -> int:
    """The number of changes calendars were told, which never goes back.

    A word that comes late may take the effect of one that was read already, and with it a cancellation.
    """
    is_turned = (state in OFF) != (row.state in OFF)
    return max(read, row.sequence + is_turned)


def _keep_promises(group: Group, standing: Standing) -> None:
    held = {row.key: row for row in group.promises.all()}
    fresh: list[Promise] = []
    for one in standing.promises.values():
        told = {
            "text_en": one.text.en, "text_es": one.text.es, "owner": one.owner, "side": one.side, "state": one.state,
            "is_live": one.is_live and standing.end is None, "one_sided": one.one_sided, "due_on": one.due_on,
            "first_due": one.first_due, "missed_before": one.missed_before, "source": one.source,
            "made_at": one.made_at,
        }  # fmt: skip
        row = held.get(one.key)
        if row is None:
            fresh.append(Promise(group=group, key=one.key, **told))
        elif any(getattr(row, name) != value for name, value in told.items()):
            Promise.objects.filter(pk=row.pk).update(**told)
    Promise.objects.bulk_create(fresh)
    group.promises.exclude(key__in=list(standing.promises)).delete()


def _keep_readers(group: Group, standing: Standing) -> None:
    """Who of our agency reads it: sponsor, members and owners of goals of what is in force, or, before, is proposed."""
    version = standing.in_force or standing.proposal
    side = group.our_side
    charters = [one.charter for one in (version, standing.proposal) if one]
    named = {one.sponsors.get(side, "") for one in charters} | {post for one in charters for post in one.members}
    named |= {goal.owner for one in charters for goal in one.goals}
    wanted = set(Post.objects.filter(agency=group.agency, pk__in=named).values_list("pk", flat=True)) - {group.post_id}
    held = set(group.readers.values_list("post_id", flat=True))
    group.readers.filter(post_id__in=held - wanted).delete()
    Reader.objects.bulk_create([Reader(group=group, post_id=post) for post in sorted(wanted - held)])


def _mark_crossed(group: Group, standing: Standing) -> None:
    codes = {word.uuid: code for word, code in standing.crossed}
    touched = Q(message__uuid__in=list(codes)) | ~Q(crossed="")
    for row in GroupWord.objects.filter(touched, group=group).select_related("message"):
        code = codes.get(str(row.message.uuid), "")
        if row.crossed != code:
            GroupWord.objects.filter(pk=row.pk).update(crossed=code)
