"""Every number the ranking of candidates rests on, in one table (natural logarithms, "nats").

A damaged serial is explained by a true one through a noisy channel: each thing that went wrong costs as much as it
is improbable, relative to a character read rightly. Descriptions then add or take: the logarithm of how much more
often two descriptions of the same gun agree so than those of two guns that have nothing to do with each other.
The figures are judgements of the trade's rules of thumb (DOMAIN, "Serials": agreement of the serial outweighs maker
and model, which are often recorded wrongly), not fitted to real traces, which no public source holds.
"""

from typing import Final

from contraparte.books.rules.descriptions import Agreement

# --- the channel: nats per event -------------------------------------------------------------------------------
CONFUSED: Final = 3.6  # 8 read as B: about one character in forty, within its group
MISTAKEN: Final = 8.0  # 8 read as K: one in a hundred, and any of thirty-five
MISSED: Final = 6.0  # a character of the true serial was not seen
ADDED: Final = 7.2  # a character was read that is not there
SWAPPED: Final = 5.6  # two neighbours changed places
LEADING_ZERO: Final = 1.2  # each zero at the start that one side leaves out
UNREAD_ABSENT: Final = 4.6  # a "?" where there was nothing
OUTSIDE_CLASS: Final = 1.0  # beyond the above, for a character that is none of "[8B]"
RUN_CHARACTER: Final = 0.3  # each character a "*" stands for
RUN_EMPTY: Final = 1.5  # a "*" that stands for nothing

# --- descriptions: nats by how far they agree --------------------------------------------------------------------
AGREEMENTS: Final[dict[str, dict[Agreement, float]]] = {
    "maker": {Agreement.SAME: 2.4, Agreement.NEAR: 1.4, Agreement.MISSING: 0.0, Agreement.DIFFERENT: -1.8},
    "type": {Agreement.SAME: 0.6, Agreement.NEAR: -0.2, Agreement.MISSING: 0.0, Agreement.DIFFERENT: -1.8},
    "caliber": {Agreement.SAME: 1.5, Agreement.NEAR: 0.2, Agreement.MISSING: 0.0, Agreement.DIFFERENT: -1.5},
    "model": {Agreement.SAME: 2.0, Agreement.NEAR: 1.0, Agreement.MISSING: 0.0, Agreement.DIFFERENT: -0.6},
}

# --- the gun that is not in the book -----------------------------------------------------------------------------
IN_BOOK: Final = 0.7  # share of guns asked for that the custodian asked has once held
DIGIT: Final = 1 / 10  # chance that a digit of an unrelated serial is the one read
LETTER: Final = 1 / 24
LENGTH: Final = 0.15  # chance that an unrelated serial is as long

# Share a description must agree to, beside an exact serial, for a link to be answered without a person.
AUTOMATIC_NATS: Final = 2.0
