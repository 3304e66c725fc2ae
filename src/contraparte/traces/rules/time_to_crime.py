"""Time-to-crime: how long a gun took from its last known retail sale to its recovery."""

from datetime import date
from enum import StrEnum

from contraparte.protocol.errors import RecoveryBeforeSaleError


class Band(StrEnum):
    """The bands national tracing centres publish; a month is 30.44 days, so bounds are in whole days."""

    UNDER_3_MONTHS = "under_3_months"
    MONTHS_3_TO_7 = "3_to_7_months"
    MONTHS_7_TO_12 = "7_to_12_months"
    YEARS_1_TO_2 = "1_to_2_years"
    YEARS_2_TO_3 = "2_to_3_years"
    YEARS_3_AND_MORE = "3_years_and_more"


# Exclusive upper bound in days of each band but the last.
_BOUNDS = (
    (91, Band.UNDER_3_MONTHS),
    (213, Band.MONTHS_3_TO_7),
    (365, Band.MONTHS_7_TO_12),
    (730, Band.YEARS_1_TO_2),
    (1095, Band.YEARS_2_TO_3),
)


def time_to_crime(sold: date, recovered: date) -> int:
    """Whole days from the last known retail sale to the recovery, 0 or more.

    Raises RecoveryBeforeSaleError. Source: ATF Firearms Trace Data, definition of time-to-crime.
    """
    days = (recovered - sold).days
    if days < 0:
        raise RecoveryBeforeSaleError(field="recovered_on", sold=sold.isoformat(), recovered=recovered.isoformat())
    return days


def band_of(days: int) -> Band:
    """The published band a time-to-crime falls in."""
    return next((band for bound, band in _BOUNDS if days < bound), Band.YEARS_3_AND_MORE)
