"""Words for the codes of this room, in the reader's language."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from contraparte.outcomes.rules.kinds import Contribution, Kind, Thing
from contraparte.outcomes.rules.lifecycle import Act, State
from contraparte.outcomes.rules.quantities import Unit
from contraparte.outcomes.rules.uses import NotUsed, Used

Text = str | Promise

KINDS: dict[Kind, Text] = {
    Kind.ARREST: _("arrest"),
    Kind.DETENTION: _("pre-trial detention"),
    Kind.CHARGE: _("charge"),
    Kind.TRIAL: _("trial"),
    Kind.CONVICTION: _("conviction"),
    Kind.ACQUITTAL: _("acquittal"),
    Kind.DISMISSAL: _("dismissal"),
    Kind.EVIDENCE_ADMITTED: _("evidence admitted"),
    Kind.EVIDENCE_EXCLUDED: _("evidence excluded"),
    Kind.SEIZURE: _("seizure"),
    Kind.ASSET_FROZEN: _("asset frozen"),
    Kind.VICTIM_FREED: _("victim freed"),
    Kind.EXTRADITION: _("extradition"),
    Kind.FIREARM_TRACED: _("firearm traced"),
}

CONTRIBUTIONS: dict[Contribution, Text] = {
    Contribution.REQUESTED: pgettext_lazy("contribution", "requested"),
    Contribution.PROVIDED: pgettext_lazy("contribution", "provided"),
    Contribution.JOINT: pgettext_lazy("contribution", "acted jointly"),
    Contribution.SUPPORT: pgettext_lazy("contribution", "supported"),
}

THINGS: dict[Thing, Text] = {
    Thing.FENTANYL: _("fentanyl"),
    Thing.METHAMPHETAMINE: _("methamphetamine"),
    Thing.COCAINE: _("cocaine"),
    Thing.HEROIN: _("heroin"),
    Thing.CANNABIS: _("cannabis"),
    Thing.PRECURSOR: _("precursor chemicals"),
    Thing.FIREARM: _("firearms"),
    Thing.AMMUNITION: _("ammunition"),
    Thing.CASH: _("cash"),
    Thing.ACCOUNT: _("accounts"),
    Thing.VEHICLE: _("vehicles"),
    Thing.FUEL: _("fuel"),
    Thing.OTHER: _("other things"),
}

UNITS: dict[Unit, Text] = {
    Unit.KILOGRAM: "kg",
    Unit.GRAM: "g",
    Unit.POUND: "lb",
    Unit.OUNCE: "oz",
    Unit.LITRE: "l",
    Unit.COUNT: _("pieces"),
    Unit.USD: "USD",
    Unit.MXN: "MXN",
}

STATES: dict[State, Text] = {
    State.REPORTED: _("reported, not confirmed yet"),
    State.CORROBORATED: _("it happened; contributions not agreed"),
    State.CONTESTED: _("contested"),
    State.CONFIRMED: _("confirmed by both sides"),
    State.CORRECTED: _("corrected, not confirmed again yet"),
    State.RETRACTED: _("retracted"),
}

ACTS: dict[Act, Text] = {
    Act.REPORT: pgettext_lazy("act", "Reported"),
    Act.CORRECT: pgettext_lazy("act", "Corrected"),
    Act.RETRACT: pgettext_lazy("act", "Retracted"),
    Act.CONFIRM: pgettext_lazy("act", "Confirmed"),
    Act.CONTEST: pgettext_lazy("act", "Contested"),
}

USED: dict[Used, Text] = {
    Used.LEAD: _("as a lead"),
    Used.IDENTIFICATION: _("to identify a person or thing"),
    Used.CASE_FILE: _("in the case file"),
    Used.EVIDENCE: _("as evidence before a court"),
    Used.PREVENTION: _("to prevent an offence"),
    Used.FURTHER_REQUEST: _("for a further request"),
}

NOT_USED: dict[NotUsed, Text] = {
    NotUsed.TOO_LATE: _("it came too late"),
    NotUsed.NOT_RELEVANT: _("it was not relevant"),
    NotUsed.ALREADY_KNOWN: _("it was known already"),
    NotUsed.INCOMPLETE: _("it was incomplete"),
    NotUsed.NOT_ADMISSIBLE: _("it was not admissible"),
    NotUsed.CASE_CLOSED: _("the case had been closed"),
    NotUsed.OTHER: _("another reason, in words"),
}

LINK_STATES: dict[str, Text] = {
    "asked": pgettext_lazy("link", "asked for"),
    "agreed": pgettext_lazy("link", "agreed"),
    "ended": pgettext_lazy("link", "ended"),
}

MEASURES: dict[str, Text] = {
    "count": pgettext_lazy("figure", "number"),
    "dropped": pgettext_lazy("figure", "withdrawn or passed on"),
    "still_open": pgettext_lazy("figure", "still open"),
    "median_s": pgettext_lazy("figure", "median"),
    "p90_s": pgettext_lazy("figure", "nine of ten within"),
    "asked": pgettext_lazy("figure", "asked"),
    "answered": pgettext_lazy("figure", "answered"),
    "refused": pgettext_lazy("figure", "refused"),
    "first_try_percent": pgettext_lazy("figure", "complete at first try"),
    "owed": pgettext_lazy("figure", "answers received"),
    "used": pgettext_lazy("feedback", "used"),
    "not_used": pgettext_lazy("feedback", "not used"),
    "overdue": pgettext_lazy("figure", "no word, past its time"),
    "pending": pgettext_lazy("figure", "no word yet"),
    "confirmed": pgettext_lazy("events", "confirmed"),
    "waiting": pgettext_lazy("events", "waiting for confirmation"),
    "contested": pgettext_lazy("events", "contested"),
    "overturned": pgettext_lazy("events", "overturned"),
}


def kind_words(code: str) -> Text:
    """A type of event; one of a later release as it stands."""
    return KINDS[Kind(code)] if code in set(Kind) else code


def state_words(code: str) -> Text:
    """How an outcome stands."""
    return STATES[State(code)] if code in set(State) else code


def use_words(code: str, *, is_used: bool) -> Text:
    """How an answer was used, or why not."""
    if is_used:
        return USED[Used(code)] if code in set(Used) else code
    return NOT_USED[NotUsed(code)] if code in set(NotUsed) else code
