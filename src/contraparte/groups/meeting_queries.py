"""Reads for the pages of meetings: one meeting, the posts and zones it may name, who is free when."""

from collections.abc import Collection, Iterable
from datetime import date, datetime

from contraparte.directory import queries as directory
from contraparte.directory.calendars import public_holidays
from contraparte.directory.models import Post, Tenure
from contraparte.directory.rules.roles import CONTENT_ROLES
from contraparte.groups.models import Group, Meeting
from contraparte.groups.queries import meetings_of
from contraparte.groups.recording import standing_of
from contraparte.groups.rules.charters import is_zone
from contraparte.groups.rules.meetings import Meeting as Told
from contraparte.groups.rules.standing import Standing
from contraparte.groups.rules.words import Side, other
from contraparte.protocol.errors import MeetingDayError
from contraparte.protocol.ids import country_of
from contraparte.web.admission import zone_of
from contraparte.web.finding import or_404

SATURDAY = 5
MOST_POSTS = 200


def meeting(tenure: Tenure, pk: int) -> Meeting:
    """One meeting of a group the tenure may read. Raises Http404."""
    return or_404(meetings_of(tenure).select_related("group__post", "group__conversation").filter(pk=pk).first())


def told(tenure: Tenure, pk: int, now: datetime) -> tuple[Meeting, Standing, Told]:
    """One meeting, how its group stands, and how the meeting does. Raises Http404."""
    row = meeting(tenure, pk)
    standing = standing_of(row.group, now)
    found = or_404(standing.meetings.get(str(row.key)))
    return row, standing, found


def zones_of(group: Group, standing: Standing) -> dict[Side, str]:
    """The time zone of each side: that of its post where the directory names one, else the group's own."""
    posts = Post.objects.in_bulk([group.post_id, group.counterpart])
    shared = standing.zone.key
    ours, theirs = posts.get(group.post_id), posts.get(group.counterpart)
    side = group.our_side
    mine = ours.time_zone if ours and ours.time_zone != "UTC" else shared
    far = theirs.time_zone if theirs and theirs.time_zone != "UTC" else shared
    return {side: mine if is_zone(mine) else shared, other(side): far if is_zone(far) else shared}


def zone_choices(group: Group, standing: Standing, tenure: Tenure) -> list[str]:
    """Zones a meeting may be typed in: the group's, those of the posts of both sides, that of the reader's post."""
    named = Post.objects.filter(pk__in=posts_named(group, standing)).values_list("time_zone", flat=True)
    found = [standing.zone.key, *zones_of(group, standing).values(), zone_of(tenure), *sorted(set(named))]
    known = [zone for zone in dict.fromkeys(found) if is_zone(zone)]
    return [zone for zone in known if zone != "UTC"] or ["UTC"]


def posts_named(group: Group, standing: Standing) -> list[str]:
    """The posts of both sides that the group names: chairs, sponsors, members, owners of goals."""
    charter = standing.charter
    found = [group.post_id, group.counterpart]
    if charter is not None:
        found += [*charter.chairs.values(), *charter.sponsors.values(), *charter.members]
        found += [goal.owner for goal in charter.goals]
    return [post for post in dict.fromkeys(found) if post]


def posts_of_side(group: Group, standing: Standing, side: Side) -> list[str]:
    """Of those, the posts of one side's country."""
    country = country_of(group.post_id if side == group.our_side else group.counterpart)
    return [post for post in posts_named(group, standing) if country_of(post) == country]


def substitutes_of(group: Group, standing: Standing) -> list[str]:
    """Posts of our country that may stand in for another one."""
    country = country_of(group.post_id)
    rows = Post.objects.filter(agency__country=country).order_by("pk").values_list("pk", flat=True)
    named = set(posts_of_side(group, standing, group.our_side))
    return [post for post in rows[:MOST_POSTS] if post not in named]


def countries_of(group: Group) -> tuple[str, str]:
    """The countries of both sides, ours first."""
    return country_of(group.post_id), country_of(group.counterpart)


def free_in(day: date, countries: Iterable[str]) -> list[str]:
    """The countries in which nobody works on a day: a weekend, or a public holiday."""
    return [one for one in countries if day.weekday() >= SATURDAY or day in public_holidays(one.upper(), day.year)]


def require_working_day(group: Group, day: date, *, is_confirmed: bool) -> None:
    """Raise MeetingDayError, naming the countries, for a day that is free in one of them and was not confirmed."""
    free = free_in(day, countries_of(group))
    if free and not is_confirmed:
        raise MeetingDayError(field="anyway", read=day.isoformat(), countries=", ".join(one.upper() for one in free))


def vacant_among(posts: Collection[str], now: datetime) -> list[str]:
    """Of these posts, the ones of this node's agencies that nobody who may read content holds."""
    rows = Post.objects.filter(pk__in=posts, agency__is_local=True).values_list("pk", flat=True)
    return [one for one in sorted(rows) if not any(directory.holders_of(one, role, now) for role in CONTENT_ROLES)]
