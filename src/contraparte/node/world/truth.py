"""What the world itself knows of a recovered gun: the result an honest walk must reach, told from the chain.

Shares no code with the walk on purpose: it reads the steps as they were made, never a book and never a message.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from contraparte.node.world.chains import EXPORT, GOVERNMENT, HELD, LICENSEE, LOST, PERSON, RETURNED, Gun
from contraparte.node.world.firms import Status

if TYPE_CHECKING:
    from contraparte.node.world.build import World
    from contraparte.node.world.recoveries import Recovery


class Fate(StrEnum):
    """Why a recovery ends as it does; its value is the result code of the trace."""

    PURCHASER = "purchaser_identified"
    EXPORTED = "exported_foreign_sale"
    GOVERNMENT = "government_sale"
    IN_STOCK = "still_in_inventory"
    LOST = "record_lost"
    CLOSED = "licensee_out_of_business_searching"
    NOT_IMPORTED = "not_imported_here"
    NEVER_MADE = "serial_invalid_for_maker"
    AMBIGUOUS = "multiple_match"
    PRIVATE = "privately_made"
    ERASED = "serial_obliterated"
    DUPLICATE = "duplicate_of"


@dataclass(frozen=True)
class Truth:
    """The expected result: its code, the agencies asked in order, and at a purchaser who and when.

    `first_sold` is the first retail sale, `last_sold` the one time-to-crime runs from. `assisted` names custodians
    that answer by telephone. `duplicate_of` is the number of the recovery that is the same gun.
    """

    code: str
    chain: tuple[str, ...] = ()
    purchaser: str = ""
    first_sold: date | None = None
    last_sold: date | None = None
    assisted: tuple[str, ...] = ()
    duplicate_of: int = 0


# How the last line of a chain ends a trace.
_ENDS = {
    PERSON: Fate.PURCHASER,
    RETURNED: Fate.PURCHASER,
    EXPORT: Fate.EXPORTED,
    GOVERNMENT: Fate.GOVERNMENT,
    HELD: Fate.IN_STOCK,
    LOST: Fate.LOST,
}


def follow(world: "World", gun: Gun) -> Truth:
    """The fate of a gun whose serial was read, from the lines it left."""
    firms = world.firms.all
    chain: list[str] = []
    assisted: list[str] = []
    for step in gun.steps:
        custodian = firms[step.custodian]
        if custodian.status is Status.CLOSED:
            return Truth(Fate.CLOSED.value, tuple(chain), assisted=tuple(assisted))
        if not chain or chain[-1] != custodian.agency:
            chain.append(custodian.agency)
            if custodian.status is Status.PAPER:
                assisted.append(custodian.agency)
    last = gun.steps[-1]
    if last.outcome == LICENSEE:
        raise AssertionError(f"the chain of {gun.serial} ends in the air")
    code = _ENDS[last.outcome].value
    if last.outcome not in (PERSON, RETURNED):
        return Truth(code, tuple(chain), assisted=tuple(assisted))
    sales = [step.disposed for step in gun.steps if step.outcome == PERSON]
    return Truth(
        code,
        tuple(chain),
        purchaser=last.disposed_to,
        first_sold=date.fromordinal(sales[0]),
        last_sold=date.fromordinal(sales[-1]),
        assisted=tuple(assisted),
    )


def tell(world: "World", recovery: "Recovery") -> Truth:
    """What a recovery must end as."""
    source = world.sources[recovery.number]
    if source.fate is Fate.DUPLICATE:
        return Truth(Fate.DUPLICATE.value, duplicate_of=source.duplicate_of)
    if source.lot is None or source.fate is Fate.AMBIGUOUS:
        asked = (source.asked,) if source.asked else ()
        return Truth(source.fate.value, asked)
    return follow(world, world.guns(source.lot)[source.place])
