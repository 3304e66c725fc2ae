"""Words for what the rules say in codes: results with their next step, gaps and how to mend them, states, bands."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contraparte.traces.rules.codes import ResultCode
from contraparte.traces.rules.time_to_crime import Band
from contraparte.traces.rules.walk import HopState

Text = str | Promise


@dataclass(frozen=True, slots=True)
class ResultWords:
    """A result in one sentence, and what to do next."""

    short: Text
    sentence: Text
    next_step: Text


RESULTS: dict[ResultCode, ResultWords] = {
    ResultCode.PURCHASER_IDENTIFIED: ResultWords(
        _("Purchaser identified"),
        _("The first retail sale and its purchaser were found."),
        _("Use the lead under its marking. A sale is lawful until shown otherwise; it accuses nobody."),
    ),
    ResultCode.PURCHASER_ON_4473: ResultWords(
        _("Purchaser on the dealer's form"),
        _("The dealer sold the gun to an individual whose name stands only on the form kept at the counter."),
        _("Resubmit and ask that the dealer look up the form."),
    ),
    ResultCode.DEALER_ONLY: ResultWords(
        _("Traced to a dealer"),
        _("The gun was followed to a dealer whose record does not say to whom it was sold."),
        _("Resubmit with any receipt, box or earlier report; the dealer may find the sale by date."),
    ),
    ResultCode.EXPORTED_FOREIGN_SALE: ResultWords(
        _("Exported"),
        _("The gun was sold abroad, and no node of that country can be asked."),
        _("Ask the authorities of the country of import by a letter of request."),
    ),
    ResultCode.GOVERNMENT_SALE: ResultWords(
        _("Sold to a public body"),
        _("The gun was sold to a public body of the requested country."),
        _("Ask that body for its record of loss or disposal by an inquiry."),
    ),
    ResultCode.NOT_IMPORTED_HERE: ResultWords(
        _("Not imported here"),
        _("No importer of the requested country has a record of this gun."),
        _("Look for the importer's mark on frame and barrel; if there is none, ask the country of manufacture."),
    ),
    ResultCode.SERIAL_OBLITERATED: ResultWords(
        _("Serial erased"),
        _("The serial was erased and nothing of it could be read."),
        _("Have the laboratory restore it (chemical or magnetic), then resubmit with what was read."),
    ),
    ResultCode.SERIAL_PARTIAL: ResultWords(
        _("Serial not whole"),
        _("Too little of the serial could be read to find one gun."),
        _("Clean the frame, photograph it under slanting light, and resubmit with every character that can be read."),
    ),
    ResultCode.SERIAL_INVALID_FOR_MAKER: ResultWords(
        _("No such serial at the maker"),
        _("The maker never stamped this serial."),
        _("Read the serial on the frame again, character by character, and check the maker; then resubmit."),
    ),
    ResultCode.DESCRIPTION_INCOMPLETE: ResultWords(
        _("Description not enough"),
        _("The description does not suffice to tell the gun."),
        _("Resubmit with maker, model, calibre and country as stamped, and all further marks."),
    ),
    ResultCode.MULTIPLE_MATCH: ResultWords(
        _("Several guns match"),
        _("Several guns fit the serial and description, and the custodian could not tell which is meant."),
        _("Resubmit with barrel length, finish, import marks or a photograph."),
    ),
    ResultCode.NO_RECORD: ResultWords(
        _("No record"),
        _("A custodian that should have received the gun has no record of it."),
        _("Resubmit with the serial read again; the tracing centre can also ask for an inspection of the book."),
    ),
    ResultCode.RECORD_LOST: ResultWords(
        _("Record lost"),
        _("The record of this gun was lost or destroyed."),
        _("Ask the wholesaler before for its shipping papers, or the insurer of the loss, by an inquiry."),
    ),
    ResultCode.RECORD_TOO_OLD: ResultWords(
        _("Older than the records"),
        _("The gun is older than the records that the law requires, or was never marked."),
        _("No more can be traced by records; a collector's or museum's expertise may date the gun."),
    ),
    ResultCode.OUT_OF_BUSINESS_SEARCHING: ResultWords(
        _("Dealer closed, records being searched"),
        _("A custodian has gone out of business; its records are being searched by hand."),
        _("Nothing is needed now. Resubmit after 30 days if nothing has come."),
    ),
    ResultCode.NO_REPLY: ResultWords(
        _("A custodian did not reply"),
        _("A custodian did not reply within twice the time the law gives."),
        _("Resubmit; the tracing centre is told to remind or visit the custodian."),
    ),
    ResultCode.LICENSEE_UNKNOWN: ResultWords(
        _("Custodian unknown"),
        _("The record names a licence that nobody in the directory holds."),
        _("Check the maker's and importer's names as stamped; otherwise ask the licensing authority by an inquiry."),
    ),
    ResultCode.STILL_IN_INVENTORY: ResultWords(
        _("Still in a book"),
        _("According to its book the gun never left the custodian, and yet it was recovered."),
        _("Suspect a theft nobody noticed, or a clone of the number: ask the custodian for a stock count."),
    ),
    ResultCode.REPORTED_STOLEN: ResultWords(
        _("Reported stolen"),
        _("The gun was reported stolen or lost."),
        _("Ask the agency that holds the theft report by an inquiry."),
    ),
    ResultCode.PRIVATELY_MADE: ResultWords(
        _("Privately made"),
        _("The gun was made privately and has no maker's record."),
        _("Trace its parts by their own numbers, and compare tool marks with other cases."),
    ),
    ResultCode.DUPLICATE_OF: ResultWords(
        _("Same gun as another trace"),
        _("This is the same gun as another one already recorded; both cases follow that trace."),
        _("Open the other trace."),
    ),
    ResultCode.REFUSED: ResultWords(
        _("Refused"),
        _("The tracing centre or a custodian refused the request."),
        _("Read the reason given, and resubmit if it can be met."),
    ),
    ResultCode.CANCELLED: ResultWords(
        _("Called off"),
        _("The requester called the trace off."),
        _("Nothing; open it again if it is needed after all."),
    ),
}

STATES: dict[str, Text] = {
    "drafted": _("draft"),
    "sent": _("sent"),
    "acknowledged": _("being walked"),
    "walking": _("being walked"),
    "concluded": _("answered"),
    "cancelled": _("called off"),
}

HOP_STATES: dict[HopState, Text] = {
    HopState.COUNT_ASKED: _("asked how many match"),
    HopState.LINK_ASKED: _("asked for the next link"),
    HopState.TO_CALL: _("to be called by telephone"),
    HopState.FOREIGN_ASKED: _("the other country was asked"),
    HopState.LINKED: _("answered"),
    HopState.DEAD_END: _("the trail ends here"),
}

ROLES: dict[str, Text] = {
    "maker": _("maker"),
    "importer": _("importer"),
    "licensee": _("licensee"),
    "country": _("country"),
}

DISPOSALS: dict[str, Text] = {
    "licensee": _("to another licensee"),
    "individual": _("retail sale"),
    "government": _("to a public body"),
    "foreign": _("abroad"),
    "stolen": _("reported stolen"),
    "record_lost": _("record lost"),
    "in_stock": _("still in the book"),
    "unreadable": _("not readable"),
}

BANDS: dict[Band, Text] = {
    Band.UNDER_3_MONTHS: _("under 3 months"),
    Band.MONTHS_3_TO_7: _("3 to 7 months"),
    Band.MONTHS_7_TO_12: _("7 to 12 months"),
    Band.YEARS_1_TO_2: _("1 to 2 years"),
    Band.YEARS_2_TO_3: _("2 to 3 years"),
    Band.YEARS_3_AND_MORE: _("3 years and more"),
}

# NCIC gun types, first character; the words books and officers use are in `books/rules/spellings.py`.
TYPES: dict[str, Text] = {
    "A": _("cannon"),
    "B": _("submachine gun"),
    "C": _("rifle-shotgun combination"),
    "D": _("disguised gun"),
    "E": _("electric shock gun"),
    "F": _("ammunition"),
    "G": _("grenade"),
    "H": _("bomb"),
    "I": _("mine"),
    "J": _("missile"),
    "K": _("rocket"),
    "M": _("machine gun"),
    "O": _("mortar"),
    "P": _("pistol or revolver"),
    "Q": _("shotgun pistol"),
    "R": _("rifle"),
    "S": _("shotgun"),
    "V": _("silencer"),
    "Z": _("other"),
}

SERIAL_STATES: dict[str, Text] = {
    "erased": _("erased"),
    "never_had": _("never had one"),
    "unread": _("not readable"),
}

FIELDS: dict[str, Text] = {
    "requester_code": _("Organisation code"),
    "case_number": _("Case number"),
    "crime_code": _("Crime code"),
    "recovered_on": _("Recovery date"),
    "place": _("Place"),
    "region": _("State"),
    "counterpart": _("Tracing centre"),
    "urgent_reason": _("Reason for urgency"),
    "serial": _("Serial"),
    "serial_place": _("Where the serial stands"),
    "maker": _("Maker"),
    "importer": _("Importer"),
    "type": _("Type"),
    "model": _("Model"),
    "calibre": _("Calibre"),
    "nominal_calibre": _("Calibre as stamped"),
    "country": _("Country of origin"),
    "restoration": _("Restoration"),
    "markings": _("Further marks"),
    "possessor_name": _("Possessor"),
    "possessor_born": _("Possessor's date of birth"),
}

# Field and reason of a gap → how to mend it.
GAPS: dict[tuple[str, str], Text] = {
    ("requester_code", "missing"): _("Enter the ORI or organisation code of your office."),
    ("case_number", "missing"): _("Enter the case number or carpeta."),
    ("crime_code", "missing"): _("Choose the offence investigated."),
    ("recovered_on", "missing"): _("Enter the day of the recovery."),
    ("place", "missing"): _("Enter where the gun was found."),
    ("urgent_reason", "missing"): _("Say why it is urgent, or choose routine."),
    ("serial", "missing"): _("Read the serial on the frame or receiver; if it has none, say so in the field."),
    ("serial", "unread"): _("Some characters are marked as unread: a person at the custodian will compare them."),
    ("serial", "label"): _("The field begins with a label such as “No.”: leave it out unless it is stamped."),
    ("maker", "missing"): _("Enter the maker as stamped; for a gun with several marks, the original maker."),
    ("type", "missing"): _("Choose the type: pistol, rifle, shotgun…"),
    ("calibre", "missing"): _("Enter the calibre as measured or stamped."),
    ("calibre", "unknown_spelling"): _("This spelling of a calibre is not known: check it against the barrel."),
    ("model", "missing"): _("Enter the model, or “unknown” if none is stamped."),
    ("country", "missing"): _("Enter the country of manufacture as stamped."),
    ("importer", "missing"): _("Enter the importer: a gun made abroad enters the records through its importer."),
    ("importer", "none_marked"): _(
        "Without an importer's mark the trace ends at once: look again at barrel and frame."
    ),
    ("restoration", "missing"): _("Say what was done to restore the erased serial, and what it showed."),
}


def result_words(code: str) -> ResultWords | None:
    """The words of a result code, or None for one of a later release."""
    return RESULTS.get(ResultCode(code)) if code in ResultCode._value2member_map_ else None


def gap_words(field: str, why: str) -> Text:
    """How to mend a gap; a refused field speaks by its own error."""
    return GAPS.get((field, why), _("Mend what is said beside this field."))
