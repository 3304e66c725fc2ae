"""What can come of an exchange, who contributed what to it, and which of them can be undone by a court."""

from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """The types of a real event."""

    ARREST = "arrest"
    DETENTION = "detention"
    CHARGE = "charge"
    TRIAL = "trial"
    CONVICTION = "conviction"
    ACQUITTAL = "acquittal"
    DISMISSAL = "dismissal"
    EVIDENCE_ADMITTED = "evidence_admitted"
    EVIDENCE_EXCLUDED = "evidence_excluded"
    SEIZURE = "seizure"
    ASSET_FROZEN = "asset_frozen"
    VICTIM_FREED = "victim_freed"
    EXTRADITION = "extradition"
    FIREARM_TRACED = "firearm_traced"


class Contribution(StrEnum):
    """What a party did for the event."""

    REQUESTED = "requested"
    PROVIDED = "provided"
    JOINT = "joint"
    SUPPORT = "support"


class Thing(StrEnum):
    """What was seized or frozen. A closed list: a report names no person and no place below the state."""

    FENTANYL = "fentanyl"
    METHAMPHETAMINE = "methamphetamine"
    COCAINE = "cocaine"
    HEROIN = "heroin"
    CANNABIS = "cannabis"
    PRECURSOR = "precursor"
    FIREARM = "firearm"
    AMMUNITION = "ammunition"
    CASH = "cash"
    ACCOUNT = "account"
    VEHICLE = "vehicle"
    FUEL = "fuel"
    OTHER = "other"


#: Types that are nothing without saying what, how much and in which unit.
MEASURED: Final = frozenset({Kind.SEIZURE, Kind.ASSET_FROZEN})

#: A court may overturn these; then they count as overturned, not as what they were.
OVERTURNABLE: Final = frozenset(
    {
        Kind.CHARGE,
        Kind.CONVICTION,
        Kind.ACQUITTAL,
        Kind.DISMISSAL,
        Kind.EVIDENCE_ADMITTED,
        Kind.EVIDENCE_EXCLUDED,
        Kind.ASSET_FROZEN,
        Kind.EXTRADITION,
    }
)
