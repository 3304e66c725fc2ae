"""Values as the pages of this room show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from contraparte.desk.registry import value_word, word
from contraparte.outcomes.models import Feedback, Outcome, OutcomeWord
from contraparte.outcomes.rules.kinds import Contribution, Thing
from contraparte.outcomes.rules.lifecycle import Act, Facts
from contraparte.outcomes.rules.publishing import Row
from contraparte.outcomes.rules.quantities import Unit
from contraparte.outcomes.saying import facts_stored
from contraparte.outcomes.wording import (
    ACTS,
    CONTRIBUTIONS,
    KINDS,
    MEASURES,
    THINGS,
    UNITS,
    Text,
    kind_words,
    use_words,
)
from contraparte.web.templatetags.pages import day, span


def ways_words(ways: Sequence[str] | frozenset[Contribution]) -> str:
    """Contributions in a line."""
    known = set(ways)
    return ", ".join(str(words) for way, words in CONTRIBUTIONS.items() if way in known) or _("no contribution")


def facts_lines(row: Outcome) -> list[tuple[str, Any]]:
    """The facts of an outcome as pairs of name and text, what is empty left out; contributions seen from here."""
    return told_lines(facts_stored(row.facts), is_ours=row.is_ours) if row.facts else []


def told_lines(facts: Facts, *, is_ours: bool) -> list[tuple[str, Any]]:
    """Facts as pairs of name and text."""
    here, there = (facts.ours, facts.yours) if is_ours else (facts.yours, facts.ours)
    quantity = f"{facts.quantity.number} {UNITS[facts.quantity.unit]}" if facts.quantity else ""
    lines: list[tuple[str, Any]] = [
        (_("What came of it"), KINDS[facts.kind]),
        (_("Day"), day(facts.happened_on)),
        (_("State"), facts.region),
        (_("What was seized or frozen"), THINGS[facts.what] if facts.what else ""),
        (_("Quantity"), quantity),
        (_("What this side did"), ways_words(here)),
        (_("What the other side did"), ways_words(there)),
        (_("Overturned by a court on"), day(facts.overturned_on) if facts.overturned_on else ""),
    ]
    return [(name, text) for name, text in lines if text]


@dataclass(frozen=True, slots=True)
class Spoken:
    """One word about an outcome as its page shows it."""

    title: Text
    is_ours: bool
    at: Any
    reason: str
    lines: list[tuple[str, Any]]


def spoken(said: OutcomeWord, row: Outcome) -> Spoken:
    """A word with its title, reason, and what it says of the facts."""
    body = said.body
    lines: list[tuple[str, Any]] = []
    if said.act == Act.CORRECT.value and "facts" in body:
        lines = told_lines(facts_stored(body["facts"]), is_ours=row.is_ours)
    if said.act == Act.CONFIRM.value:
        lines = [(_("Contribution"), ways_words(body.get("contribution", [])))]
        if body.get("same_as"):
            lines.append((_("Same event as"), body["same_as"]))
    is_ours = said.by_reporter == row.is_ours
    return Spoken(ACTS[Act(said.act)], is_ours, said.message.at, str(body.get("reason", "")), lines)


def given(row: Feedback) -> dict[str, Any]:
    """What was said of an answer."""
    return {
        "row": row,
        "conversation": row.request.conversation,
        "words": use_words(row.code, is_used=row.is_used),
    }


@dataclass(frozen=True, slots=True)
class Bar:
    """One stage as a drawn row, in percent of the longest time on the chart."""

    label: str
    agency: str
    n: int
    still_open: int
    median: float | None
    low: float | None
    high: float | None
    p90: float | None
    median_words: str
    p90_words: str
    is_hidden: bool


def bars_of(rows: Sequence[Row]) -> list[Bar]:
    """The stages of a report, drawn on one scale."""
    groups: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        if row.section == "stage":
            groups.setdefault((row.subject, row.agency), {})[row.measure] = row
    longest = max((float(value) for told in groups.values() for value in _ends(told) if value is not None), default=0.0)
    return [_bar(stage, agency, told, longest) for (stage, agency), told in groups.items()]


def _ends(told: Mapping[str, Row]) -> list[Any]:
    return [told["median_s"].value, told["median_s"].high, told["p90_s"].value]


def _bar(stage: str, agency: str, told: Mapping[str, Row], longest: float) -> Bar:
    def part(value: Any) -> float | None:
        return None if value is None or not longest else round(96 * float(value) / longest, 2)

    median, p90 = told["median_s"], told["p90_s"]
    return Bar(
        label=word("stage", stage),
        agency=agency,
        n=int(told["count"].value or 0),
        still_open=int(told["still_open"].value or 0),
        median=part(median.value),
        low=part(median.low),
        high=96.0 if median.value is not None and median.low is not None and median.high is None else part(median.high),
        p90=part(p90.value),
        median_words=_time(median.value),
        p90_words=_time(p90.value),
        is_hidden=told["count"].hidden,
    )


def _time(value: Any) -> str:
    return "–" if value is None else span(timedelta(seconds=float(value)))


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure as its table shows it; `column` says what the cell is where columns are stacked."""

    column: Text
    shown: str
    interval: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table: what, whose, its figures, and the conversations behind them."""

    label: Text
    agency: str
    cells: list[Cell]
    ids: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Table:
    """One section of the report. The two directions, or the two agencies, stand side by side."""

    title: str
    columns: list[Text]
    lines: list[Line]


def tables_of(rows: Sequence[Row], places: Mapping[str, int], names: Mapping[str, str]) -> list[Table]:
    """The report's tables in a fixed order, the empty ones left out. `names` are those of the two agencies."""
    titles = section_titles()
    return [
        _table(title, [row for row in rows if row.section == section], places, names)
        for section, title in titles.items()
        if any(row.section == section for row in rows)
    ]


def _table(title: str, rows: Sequence[Row], places: Mapping[str, int], names: Mapping[str, str]) -> Table:
    columns: dict[str, Text] = {}
    lines: dict[tuple[str, str], tuple[Text, str, dict[str, Cell], dict[str, int]]] = {}
    for row in rows:
        (column, heading), (key, label, agency) = _column(row, names), _line(row)
        columns[column] = heading
        _, _, cells, ids = lines.setdefault((key, agency), (label, agency, {}, {}))
        cells[column] = Cell(heading, "< 5" if row.hidden else _shown(row), _interval(row))
        ids.update({name: places[name] for name in row.ids if name in places})
    empty = Cell("", "–", "")
    return Table(
        title,
        list(columns.values()),
        [
            Line(label, agency, [cells.get(column, empty) for column in columns], list(ids.items()))
            for label, agency, cells, ids in lines.values()
        ],
    )


def _column(row: Row, names: Mapping[str, str]) -> tuple[str, Text]:
    """The column a figure stands in, and its heading."""
    if row.section == "reciprocity":
        asker, holder = names.get(row.subject, row.subject), names.get(row.agency, row.agency)
        return row.subject, _("%(asker)s asked %(holder)s") % {"asker": asker, "holder": holder}
    if row.section in ("feedback", "contributions", "refusals"):
        return row.agency, names.get(row.agency, row.agency)
    if row.section == "seized":
        return "amount", _("Quantity")
    return row.measure, MEASURES.get(row.measure, row.measure)


def _line(row: Row) -> tuple[str, Text, str]:
    """The line a figure stands in: its key, its words, and the agency where the line is that of one."""
    if row.section in ("reciprocity", "feedback"):
        return row.measure, MEASURES.get(row.measure, row.measure), ""
    if row.section == "stage":
        return row.subject, _subject(row), row.agency
    if row.section == "seized":
        return f"{row.subject} {row.measure}", _subject(row), ""
    return row.subject, _subject(row), ""


def _subject(row: Row) -> Text:
    if row.section == "stage":
        return word("stage", row.subject)
    if row.section == "refusals":
        ground = value_word("/ground", row.subject)
        return word("reason", row.subject) if ground == row.subject else str(ground)
    if row.section == "outcomes":
        return kind_words(row.subject)
    if row.section == "seized":
        return THINGS[Thing(row.subject)]
    if row.section == "contributions":
        return CONTRIBUTIONS[Contribution(row.subject)]
    return row.subject


def _shown(row: Row) -> str:
    if row.measure.endswith("_s"):
        return _time(row.value)
    if row.value is None:
        return "–"
    if row.section == "seized":
        return f"{row.value} {UNITS[Unit(row.measure)]}"
    return f"{row.value} %" if row.measure.endswith("percent") else str(row.value)


def _interval(row: Row) -> str:
    if row.low is None and row.high is None:
        return ""
    if row.measure.endswith("_s"):
        return f"{_time(row.low)} – {_time(row.high) if row.high is not None else '…'}"
    return f"{row.low} – {row.high} %"


def section_titles() -> dict[str, str]:
    """The headings of the report's tables."""
    return {
        "reciprocity": _("What each side asked of the other"),
        "stage": _("Times by stage and holder"),
        "refusals": _("Refusals by ground"),
        "feedback": _("What became of the answers"),
        "outcomes": _("Outcomes, each real event once"),
        "seized": _("Confirmed quantities"),
        "contributions": _("Contributions to confirmed events"),
    }
