"""When the time of an item is over, and what a legal hold must say (P5.5)."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from contraparte.protocol.marking import Marking

HOLD_REASONS = ("litigation", "disclosure", "review", "data_subject")
"""Why deletion is stopped, as a class and never in words: it stands in both sides' logs."""


def keep_until(marking: Marking, passed_at: datetime, accord_days: int) -> date:
    """The last day an item is kept: what its marking says, and never longer than the accord allows."""
    by_accord = (passed_at + timedelta(days=accord_days)).astimezone(UTC).date()
    return min(by_accord, marking.retention_until or by_accord)


def is_over(last_day: date, now: datetime) -> bool:
    """Whether that day has passed, by the calendar of UTC: both sides count the same."""
    return now.astimezone(UTC).date() > last_day


def hold_fault(reason: str, review_on: date, now: datetime) -> str:
    """The field of a hold that is wrong; empty where none is."""
    if reason not in HOLD_REASONS:
        return "reason"
    return "review_on" if review_on <= now.astimezone(UTC).date() else ""


def is_held(lifted: Iterable[datetime | None]) -> bool:
    """Whether any hold stands: one that was lifted does not."""
    return any(at is None for at in lifted)


def wordless(marking: Mapping[str, Any]) -> dict[str, Any]:
    """A stored marking without the words somebody wrote in it (the text of H3); its codes stay."""
    return {name: value for name, value in marking.items() if name != "handling_text"}
