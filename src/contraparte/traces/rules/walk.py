"""The walk of a trace over custodians, as a pure state machine: given what is known, what is the next step.

maker or importer → wholesaler(s) → retail dealer → first retail purchaser. At each custodian first the count is asked
(by serial only), then, the description confirmed, the one next link. `docs/explanation/how-a-trace-walks.md` lists the
result of every dead end; `DEAD_ENDS` is that table in code.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from contraparte.traces.rules.codes import ResultCode
from contraparte.traces.rules.disposals import Disposal, DisposalKind, in_order

# More custodians than any lawful chain has; a longer one is a loop between two books.
MAX_HOPS = 16
# Fewer known characters than this and a count would only measure the size of a book.
MIN_KNOWN_CHARACTERS = 3


class HopState(StrEnum):
    """Where one custodian's part of the walk stands."""

    COUNT_ASKED = "count_asked"
    LINK_ASKED = "link_asked"
    TO_CALL = "to_call"
    FOREIGN_ASKED = "foreign_asked"
    LINKED = "linked"
    DEAD_END = "dead_end"


class Reach(StrEnum):
    """How a custodian can be asked."""

    NODE = "node"
    CALL = "call"
    CLOSED = "closed"


class Role(StrEnum):
    """What a custodian is in the chain; decides what "no such serial" means there."""

    MAKER = "maker"
    IMPORTER = "importer"
    LICENSEE = "licensee"
    COUNTRY = "country"


@dataclass(frozen=True, slots=True)
class Custodian:
    """Who keeps a book, as the directory tells it. `post` is empty for one reached by telephone only."""

    licence: str
    post: str
    reach: Reach
    role: Role = Role.LICENSEE


@dataclass(frozen=True, slots=True)
class Asked:
    """The gun as far as the walk needs it. `serial_state` is "" for a serial that was read."""

    maker: str
    importer: str
    country: str
    serial_state: str
    known_characters: int
    has_unread: bool
    is_privately_made: bool = False


@dataclass(frozen=True, slots=True)
class HopView:
    """One custodian already asked, in order."""

    licence: str
    role: Role
    disposals: tuple[Disposal, ...] = ()


@dataclass(frozen=True, slots=True)
class AskCount:
    """Ask this custodian how many of its records match the serial."""

    custodian: Custodian


@dataclass(frozen=True, slots=True)
class AskLink:
    """The count allows it: ask the same custodian for the one next link."""


@dataclass(frozen=True, slots=True)
class Call:
    """The custodian has no system: a specialist asks by telephone, fax or page image."""

    custodian: Custodian


@dataclass(frozen=True, slots=True)
class AskCountry:
    """The gun left for another country: its node is asked under its accord."""

    country: str
    post: str


@dataclass(frozen=True, slots=True)
class Conclude:
    """The walk ends here."""

    code: ResultCode


Step = AskCount | AskLink | Call | AskCountry | Conclude


@dataclass(frozen=True, slots=True)
class Finders:
    """Who keeps which book; plain look-ups in the public directory, handed in by the caller."""

    maker: Callable[[str], Custodian | None]
    importer: Callable[[str], Custodian | None]
    licence: Callable[[str], Custodian | None]
    country: Callable[[str], str]


# A serial field that holds a state instead of a serial: nothing can be searched, and why decides the result.
STATE_RESULTS = {
    "erased": ResultCode.SERIAL_OBLITERATED,
    "unread": ResultCode.SERIAL_PARTIAL,
    "never_had": ResultCode.RECORD_TOO_OLD,
}

# "No such serial" at each kind of custodian.
NONE_RESULTS = {
    Role.MAKER: ResultCode.SERIAL_INVALID_FOR_MAKER,
    Role.IMPORTER: ResultCode.NOT_IMPORTED_HERE,
    Role.LICENSEE: ResultCode.NO_RECORD,
    Role.COUNTRY: ResultCode.NO_RECORD,
}

# A last disposition after which no custodian can be asked.
DEAD_ENDS = {
    DisposalKind.GOVERNMENT: ResultCode.GOVERNMENT_SALE,
    DisposalKind.STOLEN: ResultCode.REPORTED_STOLEN,
    DisposalKind.IN_STOCK: ResultCode.STILL_IN_INVENTORY,
    DisposalKind.RECORD_LOST: ResultCode.RECORD_LOST,
    DisposalKind.UNREADABLE: ResultCode.DEALER_ONLY,
}


def begin(gun: Asked, find: Finders, *, home_country: str) -> Step:
    """The first step: the maker of a gun made at home, the importer of any other, or a result at once."""
    if gun.is_privately_made:
        return Conclude(ResultCode.PRIVATELY_MADE)
    if gun.serial_state:
        return Conclude(STATE_RESULTS.get(gun.serial_state, ResultCode.SERIAL_PARTIAL))
    if gun.known_characters < MIN_KNOWN_CHARACTERS:
        return Conclude(ResultCode.SERIAL_PARTIAL)
    if gun.country == home_country:
        return _ask(find.maker(gun.maker))
    if not gun.importer:
        return Conclude(ResultCode.NOT_IMPORTED_HERE)
    return _ask(find.importer(gun.importer))


def after_count(role: Role, count: int, *, has_unread: bool) -> Step:
    """What a count of 0, 1 or more leads to. More than one is no dead end: the custodian's own person chooses."""
    if count > 0:
        return AskLink()
    if has_unread and role in (Role.MAKER, Role.IMPORTER):
        return Conclude(ResultCode.SERIAL_PARTIAL)
    return Conclude(NONE_RESULTS[role])


def after_link(chain: Sequence[HopView], find: Finders, *, purchaser_known: bool) -> Step:
    """What the last custodian's dispositions lead to; `chain` ends with it.

    Of several lines for one gun (return, repair, trade-in) the last decides where the walk goes on.
    `purchaser_known` is true where the custodian named the buyer or withheld the name under a rule.
    """
    disposals = in_order(chain[-1].disposals)
    if not disposals:
        return Conclude(ResultCode.NO_RECORD)
    last = disposals[-1]
    if last.kind is DisposalKind.INDIVIDUAL:
        return Conclude(ResultCode.PURCHASER_IDENTIFIED if purchaser_known else ResultCode.PURCHASER_ON_4473)
    if last.kind is DisposalKind.FOREIGN:
        post = find.country(last.country) if last.country else ""
        return AskCountry(last.country, post) if post else Conclude(ResultCode.EXPORTED_FOREIGN_SALE)
    if last.kind is DisposalKind.LICENSEE:
        if len(chain) >= MAX_HOPS or last.licence in {hop.licence for hop in chain}:
            # Back at a book already read: the later disposition is missing there.
            return Conclude(ResultCode.NO_RECORD)
        return _ask(find.licence(last.licence))
    return Conclude(DEAD_ENDS[last.kind])


def _ask(custodian: Custodian | None) -> Step:
    if custodian is None:
        return Conclude(ResultCode.LICENSEE_UNKNOWN)
    if custodian.reach is Reach.CLOSED:
        return Conclude(ResultCode.OUT_OF_BUSINESS_SEARCHING)
    if custodian.reach is Reach.CALL:
        return Call(custodian)
    return AskCount(custodian)


@dataclass(frozen=True, slots=True)
class RetailSales:
    """Two retail sales told apart: the first names the first purchaser, time-to-crime runs from the last."""

    first: date | None
    last: date | None


def retail_sales(chain: Sequence[HopView]) -> RetailSales:
    """First and last known sale to an individual over the whole chain."""
    dates = sorted(
        disposal.disposed_on
        for hop in chain
        for disposal in hop.disposals
        if disposal.kind is DisposalKind.INDIVIDUAL and disposal.disposed_on and not disposal.is_return
    )
    return RetailSales(dates[0], dates[-1]) if dates else RetailSales(None, None)
