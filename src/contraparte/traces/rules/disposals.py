"""What one line of a custodian's book says about where a gun went.

The column `disposed_to` holds a licence or the word "individual" (27 CFR 478.125); books in use also hold words for
exports, public bodies, thefts and empty cells. This table is the only place that reads it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class DisposalKind(StrEnum):
    """Where a gun went, as one line of a book tells it."""

    LICENSEE = "licensee"
    INDIVIDUAL = "individual"
    GOVERNMENT = "government"
    FOREIGN = "foreign"
    STOLEN = "stolen"
    IN_STOCK = "in_stock"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Disposal:
    """One disposition: when, and to whom as far as the next link goes."""

    kind: DisposalKind
    disposed_on: date | None = None
    licence: str = ""
    country: str = ""


# Region-district-county-type-expiry-sequence, the blanks and dashes of which vary between books.
_LICENCE = re.compile(r"\d-\d{2}-\d{3}-\d{2}-[0-9A-Z]{2}-\d{5}", re.IGNORECASE)
_AGENCY = re.compile(r"[a-z]{2}\.[a-z0-9-]{1,40}(/[a-z0-9-]{1,40})?")
_COUNTRY = re.compile(r"\b(?:export(?:ed)?|foreign(?: sale)?)\b[\s:,-]*(?:to\s+)?([A-Z]{2})?\b", re.IGNORECASE)
_INDIVIDUAL = re.compile(r"^\s*individual\b", re.IGNORECASE)
_GOVERNMENT = re.compile(r"\b(?:government|police|sheriff|law enforcement|public agency|military)\b", re.IGNORECASE)
_STOLEN = re.compile(r"\b(?:stolen|theft|lost or stolen|robbery|burglary)\b", re.IGNORECASE)


def read_disposal(disposed_to: str, disposed_on: date | None) -> Disposal:
    """Read one `disposed_to` cell. An empty cell is a gun still in the book; unknown words are `UNREADABLE`."""
    text = disposed_to.strip()
    if not text:
        return Disposal(DisposalKind.IN_STOCK)
    if _INDIVIDUAL.match(text):
        return Disposal(DisposalKind.INDIVIDUAL, disposed_on)
    if found := _LICENCE.search(text):
        return Disposal(DisposalKind.LICENSEE, disposed_on, licence=found.group(0).upper())
    if _AGENCY.fullmatch(text):
        return Disposal(DisposalKind.LICENSEE, disposed_on, licence=text)
    if found := _COUNTRY.search(text):
        return Disposal(DisposalKind.FOREIGN, disposed_on, country=(found.group(1) or "").lower())
    for pattern, kind in ((_STOLEN, DisposalKind.STOLEN), (_GOVERNMENT, DisposalKind.GOVERNMENT)):
        if pattern.search(text):
            return Disposal(kind, disposed_on)
    return Disposal(DisposalKind.UNREADABLE, disposed_on)


def in_order(disposals: Sequence[Disposal]) -> list[Disposal]:
    """Dispositions by date; one without a date stands last, because the gun has not left since."""
    return sorted(disposals, key=lambda d: (d.disposed_on is None, d.disposed_on or date.min))
