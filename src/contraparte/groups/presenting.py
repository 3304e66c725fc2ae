"""What the pages of groups show: charters in lines, changes in words, the story of a group, a goal as a drawing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contraparte.directory.models import Tenure
from contraparte.directory.rules.roles import Role
from contraparte.groups.catalogue import in_language, kind_words, path_of
from contraparte.groups.holders import sponsor_of
from contraparte.groups.models import Group, GroupWord
from contraparte.groups.rules.cadence import Cadence
from contraparte.groups.rules.charters import Change, Charter, Goal, Text, number
from contraparte.groups.rules.reading import read_day
from contraparte.groups.rules.standing import Report, Standing
from contraparte.groups.rules.verdicts import CONFIDENCE, Counted, rate_ratio
from contraparte.groups.rules.words import SIDES, Side
from contraparte.groups.wording import FIELDS, HANDLING, MEASURES, RULES, words
from contraparte.web.templatetags.pages import day_text

DASH: Final = "–"


@dataclass(frozen=True, slots=True)
class Powers:
    """What a tenure may say in a group."""

    chairs: bool
    sponsors: bool


def powers_of(tenure: Tenure, row: Group, standing: Standing) -> Powers:
    """The chair's post writes; our sponsor approves, or an authorising person of the chair before there is one."""
    return Powers(
        chairs=tenure.post_id == row.post_id and Role.OFFICER in tenure.roles,
        sponsors=tenure.post_id == sponsor_of(row, standing) and Role.AUTHORISER in tenure.roles,
    )


def post_of(row: Group, side: Side) -> str:
    """The chair of a side."""
    return row.post_id if side == row.side else row.counterpart


def percent(share: float) -> str:
    """A share as a whole percentage."""
    return f"{round(abs(share) * 100)} %"


def cadence_words(cadence: Cadence | None) -> str:
    """How often it meets."""
    if cadence is None:
        return DASH
    told = (
        ngettext("every week", "every %(every)d weeks", cadence.every)
        if cadence.unit == "week"
        else ngettext("every month", "every %(every)d months", cadence.every)
    )
    return told % {"every": cadence.every}


def charter_lines(charter: Charter) -> list[tuple[str, Any]]:
    """A charter but for texts, posts and goals, as pairs of name and words."""
    return [
        (str(FIELDS[name]), shown(name, getattr(charter, name)))
        for name in ("kind", "cadence", "quorum", "rule", "handling", "time_zone", "review_on")
    ]


def shown(name: str, value: Any) -> str:
    """The value of a field in words."""
    if value is None or value in ("", ()):
        return DASH
    code_words = _CODES.get(name.rsplit(".", 1)[-1])
    if code_words is not None:
        return code_words(value)
    return next((told(value) for kind, told in _SHAPES if isinstance(value, kind)), str(value))


def _posts(value: Mapping[str, str]) -> str:
    return ", ".join(str(value[side]) for side in SIDES if value.get(side)) or DASH


_CODES: Final[Mapping[str, Callable[[Any], str]]] = {
    "kind": kind_words,
    "rule": lambda code: str(words(RULES, code)),
    "measure": lambda code: str(words(MEASURES, code)),
    "handling": lambda codes: "; ".join(str(words(HANDLING, code)) for code in codes),
}
_SHAPES: Final[tuple[tuple[type, Callable[[Any], str]], ...]] = (
    (bool, lambda value: _("yes") if value else _("no")),
    (Text, lambda value: in_language(value) or DASH),
    (Cadence, cadence_words),
    (date, day_text),
    (Goal, lambda value: in_language(value.statement) or value.key),
    (dict, _posts),
    (tuple, lambda value: ", ".join(map(str, value))),
)


@dataclass(frozen=True, slots=True)
class Changed:
    """One difference between two texts."""

    name: str
    before: str
    after: str


def change_lines(found: Iterable[Change], *charters: Charter | None) -> list[Changed]:
    """Differences in words; goals are named by their statements. A text shows in each language that changed."""
    goals = {goal.key: in_language(goal.statement) for one in charters if one for goal in one.goals}
    lines: list[Changed] = []
    for change in found:
        parts = change.field.split(".")
        label = str(FIELDS.get(parts[-1], ""))
        if parts[0] == "goals":
            title = goals.get(parts[1], parts[1])
            label = f"{title} · {FIELDS[parts[2]]}" if len(parts) > 2 else str(FIELDS["goals"])
        if isinstance(change.before, Text) and isinstance(change.after, Text):
            for tongue in ("en", "es"):
                old, new = getattr(change.before, tongue), getattr(change.after, tongue)
                if old != new:
                    lines.append(Changed(f"{label} ({tongue.upper()})", old or DASH, new or DASH))
            continue
        lines.append(Changed(label, shown(parts[-1], change.before), shown(parts[-1], change.after)))
    return lines


def effect_words(goal: Goal) -> str:
    """What a goal of this size can show at all, in a sentence; "" for what is no count."""
    before, change = number(goal.baseline), goal.change
    if goal.measure != "count" or before is None or change is None:
        return ""
    smallest = goal.smallest_change
    facts = {"n": number_format(int(before), use_l10n=True), "agreed": percent(change)}
    if smallest is None:
        return _("With %(n)s events in the baseline no change can be told from chance.") % facts
    facts["least"] = percent(smallest)
    told = (
        _("With %(n)s events in the baseline the smallest fall that can be told from chance is %(least)s.")
        if change < 0
        else _("With %(n)s events in the baseline the smallest rise that can be told from chance is %(least)s.")
    )
    agreed = _("A fall of %(agreed)s is agreed.") if change < 0 else _("A rise of %(agreed)s is agreed.")
    return f"{told} {agreed}" % facts


@dataclass(frozen=True, slots=True)
class GoalCard:
    """A goal as pages show it."""

    goal: Goal
    verdict: str
    effect: str
    is_visible: bool
    latest: str


def goal_cards(standing: Standing, charter: Charter, verdicts: dict[str, str]) -> list[GoalCard]:
    """The goals of a charter, each with the word on it."""
    cards = []
    for goal in charter.goals:
        told = [one for one in standing.reports if one.goal == goal.key]
        cards.append(
            GoalCard(
                goal,
                verdicts.get(goal.key, ""),
                effect_words(goal),
                goal.is_visible,
                report_words(goal, told[-1]) if told else "",
            )
        )
    return cards


def report_words(goal: Goal, report: Report) -> str:
    """What a report says, in a line."""
    facts = report.facts
    if goal.measure == "milestone":
        done, expected = read_day(facts.get("done_on")), read_day(facts.get("expected_on"))
        if done is not None:
            return _("done on %(day)s") % {"day": day_text(done)}
        return _("expected on %(day)s") % {"day": day_text(expected)} if expected else DASH
    until, since = read_day(facts.get("until")), read_day(facts.get("since"))
    if until is None:
        return str(facts.get("value", "")) or DASH
    told = {"value": facts.get("value", DASH), "until": day_text(until), "since": day_text(since) if since else ""}
    if since is None:
        return _("%(value)s on %(until)s") % told
    return _("%(value)s from %(since)s to %(until)s") % told


@dataclass(frozen=True, slots=True)
class Point:
    """One figure of a goal on its drawing, in its own numbers and in percent of the drawing."""

    on: date
    value: float
    low: float | None
    high: float | None
    comparable: bool
    x: float = 0.0
    y: float = 0.0
    y_low: float | None = None
    y_high: float | None = None


@dataclass(frozen=True, slots=True)
class Drawing:
    """The series of a goal against baseline and target; time on x, zero included."""

    points: list[Point]
    baseline_y: float
    target_y: float
    baseline: str
    target: str
    first: date
    last: date
    top: str


def drawing_of(goal: Goal, reports: Sequence[Report]) -> Drawing | None:
    """The drawing of a count or a level; None without numbers or without a figure."""
    before, after = number(goal.baseline), number(goal.target)
    points = [point for one in reports if one.goal == goal.key and (point := _point(goal, one)) is not None]
    if before is None or after is None or not points or goal.due_on is None:
        return None
    first = min([goal.baseline_on or points[0].on, *(one.on for one in points)])
    last = max([goal.due_on, *(one.on for one in points)])
    top = max([before, after, *(one.high or one.value for one in points)]) * 1.1 or 1.0
    length = max(1, (last - first).days)

    def y(value: float) -> float:
        return round(100 - 100 * max(0.0, value) / top, 2)

    placed = [
        Point(
            one.on, one.value, one.low, one.high, one.comparable, round(4 + 92 * (one.on - first).days / length, 2),
            y(one.value), None if one.low is None else y(one.low), None if one.high is None else y(one.high),
        )
        for one in points
    ]  # fmt: skip
    return Drawing(placed, y(before), y(after), goal.baseline, goal.target, first, last, f"{top:.0f}")


def _point(goal: Goal, report: Report) -> Point | None:
    """A figure over as many days as the baseline covers, with the interval of its ratio to the baseline."""
    facts = report.facts
    value, until = number(str(facts.get("value", ""))), read_day(facts.get("until"))
    if value is None or until is None:
        return None
    comparable = bool(facts.get("comparable", True))
    since, before = read_day(facts.get("since")), number(goal.baseline)
    if goal.measure != "count" or since is None or not before:
        return Point(until, value, None, None, comparable)
    days = max(1, (until - since).days + 1)
    _ratio, low, high = rate_ratio(Counted(int(before), goal.baseline_days), Counted(int(value), days))
    return Point(
        until,
        value * goal.baseline_days / days,
        low * before,
        None if high is None else high * before,
        comparable,
    )


def interval_words(point: Point) -> str:
    """The interval of a figure."""
    if point.low is None:
        return DASH
    high = "…" if point.high is None else f"{point.high:.0f}"
    return _("%(low)s to %(high)s (%(sure)s)") % {"low": f"{point.low:.0f}", "high": high, "sure": percent(CONFIDENCE)}


@dataclass(frozen=True, slots=True)
class Told:
    """One word of either side, as the story of the group tells it."""

    word: GroupWord
    title: str
    is_ours: bool
    at: datetime
    note: str
    crossed: str
    again: str  # where it may be said anew


def framework_path(code: str) -> list[tuple[str, str]]:
    """Level and words of a node and what it hangs on."""
    return [(node.level, in_language(node)) for node in path_of(code)]
