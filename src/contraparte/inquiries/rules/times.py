"""Time per stage and per holder, from the stages both sides hold (P8.1). Pure: `now` is given."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from contraparte.inquiries.rules.lifecycle import PAUSE_CAP, Side, Stage


@dataclass(frozen=True, slots=True)
class Share:
    """One stretch of the bar. `part` is of 1. A stretch of a clarification past its cap counts to the responder."""

    state: str
    holder: Side | None
    lasted: timedelta
    part: float
    is_running: bool


def stretches(stages: Sequence[Stage], now: datetime) -> list[Share]:
    """The bar: every stage in order, a clarification cut where its pause is used up."""
    cut: list[tuple[str, Side | None, timedelta, bool]] = []
    for stage in stages:
        lasted = max((stage.end or now) - stage.start, timedelta(0))
        running = stage.end is None
        if stage.state == "clarification" and lasted > PAUSE_CAP:
            cut.append((stage.state, stage.holder, PAUSE_CAP, False))
            cut.append((stage.state, "responder", lasted - PAUSE_CAP, running))
        else:
            cut.append((stage.state, stage.holder, lasted, running))
    whole = sum((lasted for _, _, lasted, _ in cut), timedelta(0))
    return [
        Share(state, holder, lasted, lasted / whole if whole else 0.0, running)
        for state, holder, lasted, running in cut
    ]


def time_by_stage(stages: Sequence[Stage], now: datetime) -> dict[str, timedelta]:
    """State → how long it lasted in all, in the order in which states were first entered."""
    told: dict[str, timedelta] = {}
    for one in stretches(stages, now):
        told[one.state] = told.get(one.state, timedelta(0)) + one.lasted
    return told


def time_by_holder(stages: Sequence[Stage], now: datetime) -> dict[Side, timedelta]:
    """Side → how long the next move was its own."""
    told: dict[Side, timedelta] = {}
    for one in stretches(stages, now):
        if one.holder is not None:
            told[one.holder] = told.get(one.holder, timedelta(0)) + one.lasted
    return told
