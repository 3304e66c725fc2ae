"""Posts of a group after a change of agency: words keep those they named; who has their work now is read (P1.8)."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from contraparte.directory import lineage
from contraparte.groups.models import Group, Promise
from contraparte.groups.rules.charters import Charter
from contraparte.groups.rules.standing import Standing, Version
from contraparte.groups.rules.words import Side

TOPIC = "group"


def with_present_posts(standing: Standing, now: datetime) -> Standing:
    """The same standing, with the posts that hold the work at an instant in charters and promises."""
    if not lineage.events():
        return standing
    for key, version in standing.versions.items():
        standing.versions[key] = replace(version, charter=_charter(version, now))
    if standing.in_force is not None:
        standing.in_force = replace(standing.in_force, charter=_charter(standing.in_force, now))
    for name, promise in standing.promises.items():
        standing.promises[name] = replace(promise, owner=_present(promise.owner, now, promise.made_at))
    return standing


def sponsor_of(group: Group, standing: Standing) -> str:
    """The post that sponsors it on our side; the chair's own before a charter is in force."""
    charter = standing.charter
    return (charter.sponsors.get(group.our_side, "") if charter else "") or group.post_id


def groups_to_follow(now: datetime) -> list[int]:
    """Rows of groups whose columns still name a post that has passed its work on, and has not got it back since."""
    passed = {post for event in lineage.events() if event.effective <= now for post in event.successors}
    gone = {post for post in passed if _present(post, now, now) != post}
    if not gone:
        return []
    owing = Promise.objects.filter(is_live=True, owner__in=gone).values_list("group_id", flat=True)
    sponsored = Group.objects.filter(sponsor__in=gone).values_list("pk", flat=True)
    # Chairs and owners of goals stand in the list of posts. The two of the conversation stay there as the road has
    # them: to work a group out anew for them would change nothing, and be asked for again at every turn.
    rows = Group.objects.values_list("pk", "posts", "post_id", "counterpart")
    named = [pk for pk, posts, own, far in rows if not gone.isdisjoint(set(posts) - {own, far})]
    return sorted({*owing, *sponsored, *named})


def left_behind(gone: Collection[str]) -> Iterator[tuple[str, str, str, str]]:
    """What still names one of these posts: chairs, sponsors, owners of goals and commitments, as columns have them."""
    promises = Promise.objects.filter(is_live=True, owner__in=gone)
    for key, owner, agency in promises.values_list("key", "owner", "group__agency"):
        yield "commitment", key, owner, agency
    for number, sponsor, posts, agency in Group.objects.values_list("uuid", "sponsor", "posts", "agency"):
        for post in sorted({sponsor, *posts} & set(gone)):
            yield "group", str(number), post, agency


def _charter(version: Version, now: datetime) -> Charter:
    charter, since = version.charter, version.at

    def both(posts: Mapping[Side, str]) -> dict[Side, str]:
        return {side: _present(post, now, since) for side, post in posts.items()}

    return replace(
        charter,
        chairs=both(charter.chairs),
        sponsors=both(charter.sponsors),
        members=tuple(_present(post, now, since) for post in charter.members),
        goals=tuple(
            replace(
                goal,
                owner=_present(goal.owner, now, since),
                baseline_owed_by=_present(goal.baseline_owed_by, now, since),
            )
            for goal in charter.goals
        ),
    )


def _present(post: str, now: datetime, since: datetime) -> str:
    return lineage.present_post(post, TOPIC, now=now, since=since) if post else post
