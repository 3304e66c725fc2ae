"""What one line of a custodian's book says about where a gun went.

The column `disposed_to` holds a licence or the word "individual" (27 CFR 478.125); books in use also hold words for
exports, public bodies, thefts, destroyed records and empty cells, mostly with details behind a semicolon. This table is
the only place that reads it.
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
    RECORD_LOST = "record_lost"
    IN_STOCK = "in_stock"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Disposal:
    """One disposition: when, and to whom as far as the next link goes. `country` is two small letters or "".

    `is_return`: a gun given back (after repair, say) to who had it before; no sale.
    """

    kind: DisposalKind
    disposed_on: date | None = None
    licence: str = ""
    country: str = ""
    is_return: bool = False


@dataclass(frozen=True, slots=True)
class Purchaser:
    """Who bought at retail, as the last custodian's line names it; leaves only under the release policies."""

    name: str = ""
    form: str = ""


# Region-district-county-type-expiry-sequence.
_LICENCE = re.compile(r"\b\d-\d{2}-\d{3}-\d{2}-[0-9A-Z]{2}-\d{5}\b", re.IGNORECASE)
# An identifier of the directory, alone or in brackets behind a trading name.
_AGENCY = re.compile(r"(?:^|\()([a-z]{2}\.[a-z0-9-]{1,40}(?:/[a-z0-9-]{1,40})?)(?:\)|$)")
_INDIVIDUAL = re.compile(r"individual\b", re.IGNORECASE)
_FOREIGN = re.compile(r"(?:export(?:ed)?|foreign(?: sale)?)\b[\s:;,-]*(?:to\s+)?(?:([A-Z]{2})\b)?", re.IGNORECASE)
_LOST = re.compile(r"record (?:lost|destroyed|illegible)\b", re.IGNORECASE)
_STOLEN = re.compile(r"(?:stolen|theft|lost or stolen|robbery|burglary)\b", re.IGNORECASE)
_GOVERNMENT = re.compile(r"(?:government|law enforcement|public agency|police|sheriff|military)\b", re.IGNORECASE)
_WORDS = (
    (_INDIVIDUAL, DisposalKind.INDIVIDUAL),
    (_LOST, DisposalKind.RECORD_LOST),
    (_STOLEN, DisposalKind.STOLEN),
    (_GOVERNMENT, DisposalKind.GOVERNMENT),
)
_FORM = re.compile(r"\s*(?:form\s*)?4473[\s#:]*([A-Z0-9-]*)\s*", re.IGNORECASE)


def read_disposal(disposed_to: str, disposed_on: date | None) -> Disposal:
    """Read one `disposed_to` cell by its first words. Empty is a gun still in the book, unknown words `UNREADABLE`."""
    text = disposed_to.strip()
    if not text:
        return Disposal(DisposalKind.IN_STOCK)
    if found := _FOREIGN.match(text):
        return Disposal(DisposalKind.FOREIGN, disposed_on, country=(found.group(1) or "").lower())
    # A licence beside such a word belongs to a trading name ("Police Supply Inc"), so it is looked for first.
    if not _INDIVIDUAL.match(text) and (licence := _licence_in(text)):
        return Disposal(DisposalKind.LICENSEE, disposed_on, licence=licence)
    kind = next((kind for pattern, kind in _WORDS if pattern.match(text)), DisposalKind.UNREADABLE)
    return Disposal(kind, disposed_on)


def _licence_in(text: str) -> str:
    if found := _LICENCE.search(text):
        return found.group(0).upper()
    found = _AGENCY.search(text)
    return found.group(1) if found else ""


def read_purchaser(disposed_to: str) -> Purchaser:
    """The purchaser a retail line names ("individual; 4473 A-1; Name"); empty where it says "individual" only."""
    name = form = ""
    for part in disposed_to.split(";")[1:]:
        if found := _FORM.fullmatch(part):
            form = found.group(1)
        elif part.strip() and not name:
            name = part.strip()
    return Purchaser(name, form)


def in_order(disposals: Sequence[Disposal]) -> list[Disposal]:
    """Dispositions by date; one without a date stands last, because the gun has not left since."""
    return sorted(disposals, key=lambda d: (d.disposed_on is None, d.disposed_on or date.min))
