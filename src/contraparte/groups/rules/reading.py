"""From the plain JSON of a word to the values the rules work with."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, cast

from contraparte.groups.rules.cadence import Cadence
from contraparte.groups.rules.charters import Charter, Goal, Measure, Rule, Text
from contraparte.groups.rules.meetings import Item
from contraparte.groups.rules.words import SIDES, Side

Plain = Mapping[str, Any]


def read_text(plain: Plain | None) -> Text:
    """A text in both languages."""
    told = plain or {}
    return Text(str(told.get("en", "")), str(told.get("es", "")))


def read_day(plain: object) -> date | None:
    """A day, or None for none."""
    return date.fromisoformat(str(plain)) if plain else None


def read_instant(plain: object) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(str(plain)).astimezone(UTC)


def read_posts(plain: Plain | None) -> dict[Side, str]:
    """A post of each side."""
    told = plain or {}
    return {side: str(told[side]) for side in SIDES if told.get(side)}


def read_goal(plain: Plain) -> Goal:
    """One goal."""
    side = plain.get("one_sided")
    return Goal(
        key=str(plain.get("key", "")),
        statement=read_text(plain.get("statement")),
        indicator=read_text(plain.get("indicator")),
        measure=cast(Measure, plain.get("measure", "count")),
        baseline=str(plain.get("baseline", "")),
        baseline_days=int(plain.get("baseline_days", 365)),
        baseline_on=read_day(plain.get("baseline_on")),
        target=str(plain.get("target", "")),
        due_on=read_day(plain.get("due_on")),
        source=read_text(plain.get("source")),
        owner=str(plain.get("owner", "")),
        baseline_owed_by=str(plain.get("baseline_owed_by", "")),
        one_sided=cast(Side, side) if side in SIDES else None,
    )


def read_charter(plain: Plain) -> Charter:
    """A charter."""
    told = plain.get("cadence") or {}
    return Charter(
        name=read_text(plain.get("name")),
        kind=str(plain.get("kind", "")),
        purpose=read_text(plain.get("purpose")),
        scope=read_text(plain.get("scope")),
        out_of_scope=read_text(plain.get("out_of_scope")),
        chairs=read_posts(plain.get("chairs")),
        sponsors=read_posts(plain.get("sponsors")),
        members=tuple(map(str, plain.get("members", ()))),
        cadence=Cadence(int(told["every"]), told["unit"]) if told else None,
        quorum=int(plain.get("quorum", 1)),
        rule=cast(Rule | None, plain.get("rule") or None),
        handling=tuple(map(str, plain.get("handling", ()))),
        time_zone=str(plain.get("time_zone", "")),
        goals=tuple(read_goal(goal) for goal in plain.get("goals", ())),
        review_on=read_day(plain.get("review_on")),
        provisional=bool(plain.get("provisional", False)),
    )


def read_agenda(plain: object) -> tuple[Item, ...]:
    """The lines of an agenda."""
    lines = cast("list[Plain]", plain or [])
    return tuple(Item(read_text(line.get("text")), str(line.get("handling", "H0"))) for line in lines)
