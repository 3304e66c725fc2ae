"""The figures of an agency's traces, content-free: from rows to `rules/analytics.py` and back with their words."""

from dataclasses import dataclass
from typing import Any

from contraparte.directory.models import Tenure
from contraparte.protocol.ids import agency_of
from contraparte.traces.models import Hop, Trace
from contraparte.traces.rules import analytics
from contraparte.traces.rules.analytics import Count, Ended, Share, Spread
from contraparte.traces.rules.codes import ResultCode
from contraparte.traces.wording import BANDS, RESULTS, Text

# The newest concluded traces that figures are made from: bounds the memory of the page.
MAX_TRACES = 100_000


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a table with a bar: `shown` None is hidden (fewer than five), `percent` of the largest shown."""

    label: Text
    shown: int | None
    percent: float
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything the page shows."""

    first_pass: Share
    codes: list[Bar]
    bands: list[Bar]
    flows: list[Bar]
    whole: Spread
    hops: Spread


def of_agency(tenure: Tenure) -> Figures:
    """The figures of the tenure's own agency."""
    agency = agency_of(tenure.post_id)
    rows = (
        Trace.objects.filter(agency=agency, state=Trace.State.CONCLUDED)
        .order_by("-concluded_at")
        .values_list(
            "code", "resubmissions", "time_to_crime_days", "result", "gun__event__region", "opened_at", "concluded_at"
        )[:MAX_TRACES]
    )
    ended = [_ended(row) for row in rows if row[0]]
    hops = Hop.objects.filter(walk__agency=agency, linked_at__isnull=False).values_list("asked_at", "linked_at")
    return Figures(
        first_pass=analytics.first_pass_yield(ended),
        codes=_bars(analytics.by_code(ended), {code.value: words.short for code, words in RESULTS.items()}),
        bands=_bars(analytics.by_band(ended), {band.value: words for band, words in BANDS.items()}),
        flows=_bars(analytics.flows(ended), {}),
        whole=analytics.spread([one.seconds for one in ended if one.seconds is not None]),
        hops=analytics.spread([(linked - asked).total_seconds() for asked, linked in hops[:MAX_TRACES] if linked]),
    )


def _ended(row: tuple[Any, ...]) -> Ended:
    code, resubmissions, days, result, region, opened, concluded = row
    return Ended(
        code=ResultCode(code),
        resubmissions=resubmissions,
        time_to_crime_days=days,
        source_state=str(result.get("source_region", "")),
        recovery_state=region or "",
        seconds=(concluded - opened).total_seconds() if concluded else None,
    )


def _bars(counts: list[Count], words: dict[str, Text]) -> list[Bar]:
    largest = max((count.shown or 0 for count in counts), default=0)
    return [
        Bar(
            words.get(count.label[0], " → ".join(count.label)),
            count.shown,
            round(100 * (count.shown or 0) / largest, 1) if largest else 0.0,
            count.label,
        )
        for count in counts
    ]
