"""Who answers for a post now, which posts nobody answers for, who is leaving, and how fast people go. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Q, QuerySet, Subquery

from contraparte.directory import queries
from contraparte.directory.models import Departure, DepartureStep, Pack, Post, PostNotice, Tenure
from contraparte.directory.rules.leaving import Erosion, Holder, Standing, Step, Term, erosion, standing
from contraparte.directory.rules.roles import CONTENT_ROLES, Role

MOST_POSTS = 2000  # posts of one agency looked at in one go


@dataclass(frozen=True, slots=True)
class PostState:
    """One post of this node: how it stands, who holds it, since when it stands so."""

    post: Post
    standing: Standing
    holders: list[Tenure]


def states_of(agency_id: str, now: datetime) -> list[PostState]:
    """Every listed post of an agency of this node, in the order of ids; three questions whatever their number."""
    posts = list(
        Post.objects.select_related("agency").filter(agency_id=agency_id, listed=True).order_by("id")[:MOST_POSTS]
    )
    held: dict[str, list[Tenure]] = {}
    for tenure in queries.persons_of_agency(agency_id, now):
        if CONTENT_ROLES & set(tenure.roles):
            held.setdefault(tenure.post_id, []).append(tenure)
    leaving = _handed_over(agency_id)
    return [PostState(one, _standing(held.get(one.pk, []), leaving), held.get(one.pk, [])) for one in posts]


def standing_of(post: Post, now: datetime) -> Standing:
    """How one post of this node stands."""
    held = [
        one
        for one in queries.persons_of_agency(post.agency_id, now)
        if one.post_id == post.pk and CONTENT_ROLES & set(one.roles)
    ]
    return _standing(held, _handed_over(post.agency_id))


def vacant_posts(agency_id: str, now: datetime) -> list[Post]:
    """Posts of an agency of this node that nobody answers for, whatever they owe."""
    return [one.post for one in states_of(agency_id, now) if one.standing is Standing.VACANT]


def missing_roles(agency_id: str, now: datetime) -> dict[str, frozenset[str]]:
    """Post → the roles that see content and that its present persons hold, where one who left held another.

    Nobody there can do what needs that role, though somebody answers for the post.
    """
    left: dict[str, set[str]] = {}
    gone = Departure.objects.filter(post__agency_id=agency_id, tenure__ends__lte=now)
    for post_id, roles in gone.values_list("post_id", "tenure__roles"):
        left.setdefault(post_id, set()).update(CONTENT_ROLES & set(roles))
    held: dict[str, set[str]] = {}
    for tenure in queries.persons_of_agency(agency_id, now):
        held.setdefault(tenure.post_id, set()).update(CONTENT_ROLES & set(tenure.roles))
    return {post: frozenset(held.get(post, ())) for post, roles in left.items() if roles - held.get(post, set())}


def erosion_of(agency_id: str, now: datetime) -> Erosion:
    """Exits in twelve months, median length of tenures, posts without anybody: of those who see what crosses."""
    rows = Tenure.objects.filter(post__agency_id=agency_id, person__isnull=False)
    terms = [
        Term(starts, ends)
        for roles, starts, ends in rows.values_list("roles", "starts", "ends")
        if CONTENT_ROLES & set(roles)
    ]
    return erosion(terms, now=now, vacancies=len(vacant_posts(agency_id, now)))


def departures_for(tenure: Tenure) -> QuerySet[Departure]:
    """Leavings a tenure may read: its own, what it takes over, those of its post; who authorises, all of the agency."""
    rows = Departure.objects.select_related("tenure__person", "successor__person", "post__agency")
    rows = rows.filter(post__agency_id=tenure.post.agency_id)
    if Role.AUTHORISER in tenure.roles:
        return rows
    return rows.filter(Q(post_id=tenure.post_id) | Q(tenure_id=tenure.pk) | Q(successor_id=tenure.pk))


def settled_departures() -> Iterable[Departure]:
    """Of each post of this node the latest leaving that has changed who answers for it: named or gone."""
    changed = DepartureStep.objects.filter(step__in=(Step.ASSIGNED.value, Step.ACCESS_ENDED.value))
    settled = _with_work().filter(pk__in=changed.values("departure_id"))
    newest = settled.filter(post=OuterRef("post")).order_by("-pk").values("pk")[:1]
    rows = settled.filter(pk=Subquery(newest)).select_related("post__agency", "tenure", "successor")
    return rows.order_by("pk")


def successions_owed(agency_id: str) -> QuerySet[Departure]:
    """Leavings of an agency for which nobody has been named."""
    rows = _with_work().select_related("tenure__person", "post__agency")
    return rows.filter(post__agency_id=agency_id, successor=None).order_by("leaves_at", "pk")


def acknowledgements_owed(tenure: Tenure) -> QuerySet[Departure]:
    """Leavings whose successor this is and who has not acknowledged yet."""
    done = DepartureStep.objects.filter(step=Step.ACKNOWLEDGED.value).values("departure_id")
    rows = Departure.objects.filter(successor_id=tenure.pk).exclude(pk__in=done)
    return rows.select_related("tenure__person", "post__agency").order_by("leaves_at", "pk")


def notice_about(post_id: str) -> PostNotice | None:
    """What another agency said last about who answers for its post, where it has said anything."""
    return PostNotice.objects.filter(pk=post_id).first()


def notices_about(post_ids: Iterable[str]) -> dict[str, PostNotice]:
    """The same of many posts."""
    return PostNotice.objects.in_bulk(list(post_ids))


def _with_work() -> QuerySet[Departure]:
    """Leavings of who saw what crosses: who keeps or audits the node hands over no post's work."""
    return Departure.objects.filter(pk__in=Pack.objects.values("departure_id"))


def _handed_over(agency_id: str) -> set[object]:
    """Tenures of who is leaving and has a successor."""
    rows = Departure.objects.filter(post__agency_id=agency_id, successor__isnull=False)
    return set(rows.values_list("tenure_id", flat=True))


def _standing(held: Iterable[Tenure], leaving: set[object]) -> Standing:
    return standing(Holder(one.acting, one.pk in leaving) for one in held)
