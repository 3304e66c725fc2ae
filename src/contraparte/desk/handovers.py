"""What the pages of posts and hand-overs show. Reads only; everything is read through the tenure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import translation

from contraparte.desk.handover_words import STANDINGS, STEPS
from contraparte.directory import continuity, leaving
from contraparte.directory.models import Departure, DepartureStep, Pack, Post, PostNotice, Tenure
from contraparte.directory.rules.leaving import Erosion, Standing, Step, may_take
from contraparte.exchange.models import Obligation
from contraparte.protocol.encoding import parse_instant
from contraparte.web.finding import or_404

FRESH = timedelta(days=30)  # so long it is worth saying that the other side's post is held again


@dataclass(frozen=True, slots=True)
class PostLine:
    """One post of the reader's agency: how it stands, who holds it, what it owes."""

    post: Post
    standing: str
    words: str
    holders: list[Tenure]
    owed: int

    @property
    def is_alarm(self) -> bool:
        """Nobody is there and something is owed."""
        return self.standing == Standing.VACANT and self.owed > 0


def post_lines(agency_id: str, now: datetime) -> list[PostLine]:
    """Every post of the agency, those that need somebody first."""
    owed: dict[str, int] = {}
    for holder in Obligation.objects.filter(agency=agency_id, closed_at=None).values_list("holder", flat=True):
        owed[holder] = owed.get(holder, 0) + 1
    lines = [
        PostLine(one.post, one.standing, str(STANDINGS[one.standing]), one.holders, owed.get(one.post.pk, 0))
        for one in continuity.states_of(agency_id, now)
    ]
    return sorted(lines, key=lambda line: (not line.is_alarm, line.post.pk))


def line_of(post: Post, now: datetime) -> PostLine | None:
    """The same of one post."""
    return next((one for one in post_lines(post.agency_id, now) if one.post.pk == post.pk), None)


def post_for(tenure: Tenure, agency: str, name: str) -> Post:
    """A listed post of the reader's own agency. Raises Http404."""
    rows = Post.objects.select_related("agency").filter(agency_id=tenure.post.agency_id, listed=True)
    return or_404(rows.filter(pk=f"{agency}/{name}").first() if agency == tenure.post.agency_id else None)


def erosion_for(tenure: Tenure, now: datetime) -> Erosion:
    """The figures of the reader's agency."""
    return continuity.erosion_of(tenure.post.agency_id, now)


def departure_of_agency(tenure: Tenure, pk: int) -> Departure:
    """A leaving of the reader's agency, for acts that show no content. Raises Http404."""
    rows = Departure.objects.select_related("tenure__person", "tenure__post__agency", "post__agency")
    return or_404(rows.filter(post__agency_id=tenure.post.agency_id, pk=pk).first())


def departure_for(tenure: Tenure, pk: int) -> Departure:
    """A leaving whose pack this tenure may read. Raises Http404."""
    return or_404(continuity.departures_for(tenure).filter(pk=pk).first())


@dataclass(frozen=True, slots=True)
class Leaving:
    """A leaving on the page of its post."""

    departure: Departure
    done: set[Step]
    may_read: bool
    may_manage: bool
    candidates: list[leaving.Candidate]

    @property
    def may_assign(self) -> bool:
        """Whether a successor may be named now."""
        return may_take(Step.ASSIGNED, self.done)

    @property
    def may_end(self) -> bool:
        """Whether access may be ended now."""
        return may_take(Step.ACCESS_ENDED, self.done)


def leavings_of(post: Post, tenure: Tenure, now: datetime) -> list[Leaving]:
    """The leavings of a post, the latest first."""
    rows = Departure.objects.filter(post=post).select_related(
        "tenure__person", "tenure__post__agency", "successor__person", "post__agency"
    )
    readable = set(continuity.departures_for(tenure).filter(post=post).values_list("pk", flat=True))
    found = []
    for row in rows[:20]:
        manages = leaving.may_manage(tenure, row.tenure, own=False)
        named = leaving.candidates(row, now) if manages else []
        found.append(Leaving(row, leaving.steps_done(row), row.pk in readable, manages, named))
    return found


def leavable(post: Post, tenure: Tenure, now: datetime) -> list[Tenure]:
    """Whose leaving this reader may announce: running tenures of persons at the post without one announced."""
    announced = set(Departure.objects.filter(post=post).values_list("tenure_id", flat=True))
    state = next((one for one in continuity.states_of(post.agency_id, now) if one.post.pk == post.pk), None)
    held = state.holders if state is not None else []
    return [one for one in held if one.pk not in announced and leaving.may_manage(tenure, one)]


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step as it was taken."""

    words: str
    step: DepartureStep
    detail: str


def step_lines(departure: Departure) -> list[StepLine]:
    """Every step, in the order taken."""
    rows = departure.steps.select_related("by__person")
    return [StepLine(str(STEPS[Step(row.step)]), row, str(STANDINGS.get(row.detail, ""))) for row in rows]


def latest_pack(departure: Departure) -> Pack | None:
    """The pack as it counts now."""
    return departure.packs.order_by("-pk").first()


def sections_shown(pack: Pack) -> list[dict[str, Any]]:
    """The sections of a pack in the reader's language, instants read."""
    language = "es" if (translation.get_language() or "en").startswith("es") else "en"
    return [
        {
            "code": section["code"],
            "label": section["label"][language],
            "more": section["more"],
            "rows": [_shown(row, language) for row in section["rows"]],
        }
        for section in pack.sections
    ]


def _shown(row: Mapping[str, Any], language: str) -> dict[str, Any]:
    words = {name: row[name][language] for name in ("title", "detail", "waits_on", "marking")}
    instants = {name: parse_instant(row[name], name) if row[name] else None for name in ("since", "due")}
    return {**words, **instants, "url": row["url"]}


def standing_told(post_id: str, now: datetime) -> PostNotice | None:
    """What another agency said about its post, where it still matters: not held, or held again only lately."""
    found = continuity.notice_about(post_id)
    if found is None or (found.standing == Standing.HELD and now - found.said_at > FRESH):
        return None
    return found
