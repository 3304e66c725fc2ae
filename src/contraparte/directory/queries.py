"""Questions about agencies, posts, accords and tenures. Reads only; what rarely changes comes from memory."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from contraparte.directory import calendars
from contraparte.directory.models import Accord, Agency, Alarm, Country, Person, Post, Suspension, Tenure
from contraparte.directory.rules import clocks
from contraparte.directory.rules.accord import AccordView, read_accord
from contraparte.directory.rules.freshness import Freshness as Freshness  # noqa: PLC0414  (part of this module's face)
from contraparte.directory.rules.freshness import judge, worst
from contraparte.directory.rules.roles import Role as Role  # noqa: PLC0414  (part of this module's face)
from contraparte.directory.rules.suspension import standing_suspensions
from contraparte.directory.view import remember
from contraparte.protocol.errors import AccordMissingError, AgencyUnknownError, PersonInvalidError, PostUnknownError
from contraparte.protocol.ids import country_of

PAGE = 200  # rows of one page of contacts


@dataclass(frozen=True, slots=True)
class Route:
    """Where an agency is reached: the agency that runs its node, that node's address, and whether it is this one."""

    operator: str
    url: str
    is_local: bool


def agency(agency_id: str) -> Agency:
    """An agency, listed or not: old identifiers resolve (P1.8). Raises AgencyUnknownError."""

    def read() -> Agency:
        row = Agency.objects.filter(pk=agency_id).first()
        if row is None:
            raise AgencyUnknownError(agency=agency_id)
        return row

    return remember(("agency", agency_id), read)


def post(post_id: str) -> Post:
    """A post with its agency, listed or not. Raises PostUnknownError."""

    def read() -> Post:
        row = Post.objects.select_related("agency").filter(pk=post_id).first()
        if row is None:
            raise PostUnknownError(post=post_id)
        return row

    return remember(("post", post_id), read)


def route_of(agency_id: str) -> Route:
    """Where an agency is reached. Raises AgencyUnknownError."""
    row = agency(agency_id)
    return Route(row.operator, row.url, row.is_local)


def agencies_of_operator(operator: str) -> list[Agency]:
    """The agencies whose node is run by `operator`, in the order of their ids."""
    return remember(("operator", operator), lambda: list(Agency.objects.filter(operator=operator)))


def local_agencies() -> list[Agency]:
    """The agencies this node hosts."""
    return remember(("local",), lambda: list(Agency.objects.filter(is_local=True)))


def accord(accord_id: str) -> AccordView:
    """An adopted accord by id. Raises AccordMissingError."""

    def read() -> AccordView:
        row = Accord.objects.filter(pk=accord_id).first()
        if row is None:
            raise AccordMissingError(id=accord_id)
        return read_accord(bytes(row.document))

    return remember(("accord", accord_id), read)


def accord_between(country_a: str, country_b: str, *, now: datetime | None = None) -> AccordView:
    """The accord in effect between two countries, or the domestic order of one; the latest where several are.

    Raises AccordMissingError. Suspension is asked apart (`is_suspended`), it is judged at acceptance (P1.3).
    """

    def read() -> list[AccordView]:
        pair = Q(country_a=country_a, country_b=country_b) | Q(country_a=country_b, country_b=country_a)
        return [
            read_accord(bytes(row.document)) for row in Accord.objects.filter(pair).order_by("-effective_from", "id")
        ]

    at = now or timezone.now()
    for view in remember(("accords", *sorted((country_a, country_b))), read):
        if view.in_effect(at):
            return view
    raise AccordMissingError(country_a=country_a, country_b=country_b)


def is_suspended(accord_id: str) -> bool:
    """Whether a suspension stands that no resumption of both parties has lifted (P1.3)."""

    def read() -> bool:
        rows = Suspension.objects.filter(accord_id=accord_id, is_complete=True)
        return bool(standing_suspensions(bytes(row.document) for row in rows))

    return remember(("suspended", accord_id), read)


def freshness(now: datetime, country: str | None = None) -> Freshness:
    """How far the trusted view may be relied on (P1.7): of one country, or the worst of all trusted ones.

    Ask for the countries a message concerns; a third country's stale directory is no reason to hold it.
    """

    def read() -> dict[str, datetime | None]:
        return dict(Country.objects.values_list("pk", "expires_at"))

    expiries = remember(("expiries",), read)
    if country is not None:
        return judge(expiries.get(country), now)
    return worst([judge(expires_at, now) for expires_at in expiries.values()])


def freshness_between(party_a: str, party_b: str, now: datetime) -> Freshness:
    """The worse of the two countries of a sender and a recipient (posts or agencies)."""
    return worst([freshness(now, country_of(party)) for party in (party_a, party_b)])


def least_fresh(party_a: str, party_b: str, now: datetime) -> str:
    """Which of their two countries has the older view here, as a reader knows it: MX."""
    worsening = list(Freshness)
    named = sorted({country_of(party) for party in (party_a, party_b)})
    return max(named, key=lambda country: worsening.index(freshness(now, country))).upper()


def countries() -> list[Country]:
    """Every trusted country with the state of its view, in the order of codes."""
    return list(Country.objects.all())


def alarms(limit: int = PAGE) -> list[Alarm]:
    """What people must look at in the directories, the latest first."""
    return list(Alarm.objects.select_related("country")[:limit])


def overview(now: datetime) -> dict[str, list[dict[str, object]]]:
    """The state of every trusted directory in plain values, for `directory show` and `node status`."""
    return {
        "countries": [
            {
                "country": row.pk,
                "freshness": judge(row.expires_at, now).value,
                "expires_at": row.expires_at.isoformat() if row.expires_at else None,
                "refreshed_at": row.refreshed_at.isoformat() if row.refreshed_at else None,
                "versions": [row.root_version, row.targets_version, row.timestamp_version],
                "agencies": Agency.objects.filter(country=row.pk, listed=True).count(),
                "url": row.url,
                "failure": row.failure,
            }
            for row in countries()
        ],
        "accords": [
            {"id": row.pk, "hash": row.hash, "state": "suspended" if is_suspended(row.pk) else "in force"}
            for row in Accord.objects.all()[:PAGE]
        ],
        "alarms": [
            {"at": row.at.isoformat(), "country": row.country_id, "code": row.code, "subject": row.subject}
            for row in alarms()
        ],
    }


def person(username: str) -> Person:
    """A person by the name to sign in with. Raises PersonInvalidError."""
    found = Person.objects.filter(username=username).first()
    if found is None:
        raise PersonInvalidError(field="username", read=username[:80], problem="unknown")
    return found


def active_tenures(person: Person, now: datetime) -> list[Tenure]:
    """Tenures of a person that run at `now`, with post and agency. An inactive person has none."""
    if not person.is_active:
        return []
    return list(_running(now).filter(person=person))


def tenure(tenure_id: UUID | str, now: datetime) -> Tenure | None:
    """That tenure if it runs at `now`; None otherwise, whether it ended, never was or is no id at all."""
    try:
        read = UUID(str(tenure_id))
    except ValueError:
        return None
    return _running(now).filter(pk=read).first()


def _running(now: datetime) -> QuerySet[Tenure]:
    return (
        Tenure.objects.select_related("post__agency", "person")
        .filter(starts__lte=now)
        .filter(Q(ends__isnull=True) | Q(ends__gt=now))
    )


def is_running(held: Tenure, now: datetime) -> bool:
    """Whether the tenure runs at `now` as its row stands in memory."""
    return held.starts <= now and (held.ends is None or now < held.ends)


def still_runs(held: Tenure, now: datetime) -> bool:
    """The same asked of the database: after something long, what is in memory is as old as the request."""
    found = tenure(held.pk, now)
    return found is not None and (found.person is None or found.person.is_active)


def holders_of(post_id: str, role: Role, now: datetime) -> list[Tenure]:
    """Running tenures of a post that carry `role`. A post holds few, so the roles are looked at here."""
    return [held for held in _running(now).filter(post_id=post_id) if role in held.roles]


def persons_of_agency(agency_id: str, now: datetime) -> list[Tenure]:
    """Running tenures of active persons at all posts of an agency, by post and start."""
    rows = _running(now).filter(post__agency_id=agency_id, person__is_active=True)
    return list(rows.order_by("post_id", "starts", "id"))


def service_tenure(held_post: Post | str) -> Tenure:
    """The tenure under which a post answers automatically. Raises PostUnknownError where it has none."""
    post_id = held_post if isinstance(held_post, str) else held_post.pk
    found = _running(timezone.now()).filter(post_id=post_id, person__isnull=True).first()
    if found is None:
        raise PostUnknownError(post=post_id, field="service")
    return found


def who_handles(topic: str, agency_id: str | None = None, *, limit: int = PAGE) -> list[Post]:
    """Posts that answer for a message type or topic, with channel and agency, in the order of ids.

    `trace.request/1` is also handled by who lists `trace.*` or plain `trace`. Matching is done here because a query
    into JSON lists differs between the databases; a directory has thousands of posts, not millions.
    """
    wanted = {topic, topic.partition(".")[0], f"{topic.partition('.')[0]}.*"}

    def read() -> list[Post]:
        return list(Post.objects.select_related("agency").filter(listed=True, agency__listed=True))

    everyone: Iterable[Post] = remember(("posts",), read)
    found = (one for one in everyone if agency_id in {None, one.agency_id} and wanted & set(one.handles))
    return [one for one, _ in zip(found, range(limit), strict=False)]


def who_answers(topic: str, at: str = "", *, limit: int = PAGE) -> list[Post]:
    """For people: as `who_handles`, and a noun alone (`inquiry`) finds every post that handles any type of it.

    `at` narrows to an agency or a country.
    """
    wanted = {topic, topic.partition(".")[0], f"{topic.partition('.')[0]}.*"}
    rows = Post.objects.select_related("agency").filter(listed=True, agency__listed=True)
    if at:
        rows = rows.filter(Q(agency_id=at) | Q(agency__country=at))
    found = (
        one
        for one in rows.order_by("id")
        if wanted & set(one.handles) or any(str(name).partition(".")[0] == topic for name in one.handles)
    )
    return [one for one, _ in zip(found, range(limit), strict=False)]


def due_at(view: AccordView, kind: str, urgency: str | None, recipient: str, start: datetime) -> datetime | None:
    """When a stage that began at `start` is due at the recipient post, None where the accord sets no clock (P8)."""
    clock = view.clock(kind, urgency)
    if clock is None:
        return None
    calendar = view.calendar(clock.calendar)
    zone = calendars.zone_of(post(recipient).time_zone)
    return clocks.due_at(start, clock, calendar, zone, calendars.holidays_for(calendar, start.year))
