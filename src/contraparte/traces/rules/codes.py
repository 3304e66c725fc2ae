"""The codes a trace can end with, and what each allows next. The words are in `traces/wording.py`, in both languages.

Source: DOMAIN "Result codes", after the result codes of national tracing centres.
"""

from dataclasses import dataclass
from enum import StrEnum


class ResultCode(StrEnum):
    """How a trace ended. Stable: peers, figures and translators rely on the text."""

    PURCHASER_IDENTIFIED = "purchaser_identified"
    DEALER_ONLY = "dealer_only"
    EXPORTED_FOREIGN_SALE = "exported_foreign_sale"
    GOVERNMENT_SALE = "government_sale"
    NOT_IMPORTED_HERE = "not_imported_here"
    SERIAL_OBLITERATED = "serial_obliterated"
    SERIAL_PARTIAL = "serial_partial"
    SERIAL_INVALID_FOR_MAKER = "serial_invalid_for_maker"
    DESCRIPTION_INCOMPLETE = "description_incomplete"
    MULTIPLE_MATCH = "multiple_match"
    NO_RECORD = "no_record"
    RECORD_LOST = "record_lost"
    RECORD_TOO_OLD = "record_too_old"
    OUT_OF_BUSINESS_SEARCHING = "licensee_out_of_business_searching"
    NO_REPLY = "licensee_no_reply"
    LICENSEE_UNKNOWN = "licensee_unknown"
    STILL_IN_INVENTORY = "still_in_inventory"
    PURCHASER_ON_4473 = "purchaser_on_4473"
    REPORTED_STOLEN = "reported_stolen"
    PRIVATELY_MADE = "privately_made"
    DUPLICATE_OF = "duplicate_of"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class Mend(StrEnum):
    """Who can do something about a result, so that a desk can sort its next steps."""

    NOTHING = "nothing"
    REQUESTER_LOOKS_AGAIN = "requester_looks_again"
    CUSTODIAN_LOOKS_AGAIN = "custodian_looks_again"
    OTHER_ROAD = "other_road"


@dataclass(frozen=True, slots=True)
class CodeRule:
    """What a code means for the desk and the figures."""

    mend: Mend
    can_resubmit: bool
    found_first_buyer: bool = False
    blames_request: bool = False


_AGAIN = CodeRule(Mend.REQUESTER_LOOKS_AGAIN, can_resubmit=True, blames_request=True)
_CUSTODIAN = CodeRule(Mend.CUSTODIAN_LOOKS_AGAIN, can_resubmit=True)
_OTHER = CodeRule(Mend.OTHER_ROAD, can_resubmit=True)
_DONE = CodeRule(Mend.NOTHING, can_resubmit=False)

RULES: dict[ResultCode, CodeRule] = {
    ResultCode.PURCHASER_IDENTIFIED: CodeRule(Mend.NOTHING, can_resubmit=False, found_first_buyer=True),
    ResultCode.DEALER_ONLY: _CUSTODIAN,
    ResultCode.EXPORTED_FOREIGN_SALE: _OTHER,
    ResultCode.GOVERNMENT_SALE: _OTHER,
    ResultCode.NOT_IMPORTED_HERE: CodeRule(Mend.OTHER_ROAD, can_resubmit=True, blames_request=True),
    ResultCode.SERIAL_OBLITERATED: _AGAIN,
    ResultCode.SERIAL_PARTIAL: _AGAIN,
    ResultCode.SERIAL_INVALID_FOR_MAKER: _AGAIN,
    ResultCode.DESCRIPTION_INCOMPLETE: _AGAIN,
    ResultCode.MULTIPLE_MATCH: _AGAIN,
    ResultCode.NO_RECORD: _CUSTODIAN,
    ResultCode.RECORD_LOST: _OTHER,
    ResultCode.RECORD_TOO_OLD: _OTHER,
    ResultCode.OUT_OF_BUSINESS_SEARCHING: _CUSTODIAN,
    ResultCode.NO_REPLY: _CUSTODIAN,
    ResultCode.LICENSEE_UNKNOWN: _OTHER,
    ResultCode.STILL_IN_INVENTORY: _CUSTODIAN,
    ResultCode.PURCHASER_ON_4473: CodeRule(Mend.CUSTODIAN_LOOKS_AGAIN, can_resubmit=True, found_first_buyer=True),
    ResultCode.REPORTED_STOLEN: _OTHER,
    ResultCode.PRIVATELY_MADE: _OTHER,
    ResultCode.DUPLICATE_OF: _DONE,
    ResultCode.REFUSED: _OTHER,
    ResultCode.CANCELLED: CodeRule(Mend.NOTHING, can_resubmit=True),
}

# What the person of a custodian may answer instead of a link. Anything else is the walk's own conclusion.
DECLINE_CODES = frozenset(
    {
        ResultCode.NO_RECORD,
        ResultCode.SERIAL_INVALID_FOR_MAKER,
        ResultCode.SERIAL_PARTIAL,
        ResultCode.DESCRIPTION_INCOMPLETE,
        ResultCode.MULTIPLE_MATCH,
        ResultCode.RECORD_LOST,
        ResultCode.RECORD_TOO_OLD,
        ResultCode.OUT_OF_BUSINESS_SEARCHING,
        ResultCode.REPORTED_STOLEN,
        ResultCode.DEALER_ONLY,
        ResultCode.REFUSED,
    }
)
