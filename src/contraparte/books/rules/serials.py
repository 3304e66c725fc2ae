"""Serial numbers: how they are read, what is a state and not a serial, what is refused.

Rules (DOMAIN, "Serials" and "Request"):
  1. Case, blanks, dots, dashes and slashes do not count.
  2. What is left must be 1 to 24 of A-Z and 0-9; nothing is guessed ("ß" is not "SS", "Ñ" is not "N").
  3. "LIMADO", "SIN NÚMERO", "ILEGIBLE", "S/N", "N/A" and their like are states. They are proposed to a person
     who confirms them and are never searched as serials.
  4. Scientific notation ("1.23E+05") is the mark of a spreadsheet that has altered the number: refused.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from contraparte.books.rules.confusables import fold, lookalikes
from contraparte.protocol.errors import (
    ContraparteError,
    SerialIsStateError,
    SerialScientificError,
    SerialUnreadableError,
)

MAX_CHARACTERS: Final = 24
MAX_RAW: Final = 120  # longest text read at all; a serial with every separator fits in half of it

SEPARATORS: Final = " .-/\t\u00a0\u2010\u2011\u2012\u2013\u2014\u2212"
_DROP_SEPARATORS: Final = {ord(mark): None for mark in SEPARATORS}
_CANONICAL: Final = re.compile(r"[A-Z0-9]{1,24}")
_FAST: Final = re.compile(r"[A-Z0-9]{3,24}")
_SCIENTIFIC: Final = re.compile(r"\s*[+-]?(?:\d+(?:[.,]\d+)?[eE]\s*\+\s*\d+|\d[.,]\d+[eE]-?\d+)\s*")
_LABEL: Final = re.compile(r"(?:S/?N|NO|NUM|NRO|SERIE|SERIAL|MAT|MATRICULA)\s*[.:#]*\s+(?=[A-Za-z0-9])", re.IGNORECASE)


class SerialState(StrEnum):
    """What is said of a gun in place of a serial."""

    ERASED = "erased"
    NEVER_HAD = "never_had"
    UNREAD = "unread"


_STATE_WORDS: Final[dict[SerialState, tuple[str, ...]]] = {
    SerialState.ERASED: (
        "LIMADO", "LIMADA", "LIMADOS", "NUMERO LIMADO", "SERIE LIMADA", "MATRICULA LIMADA", "BORRADO", "BORRADA",
        "DEVASTADO", "DEVASTADA", "REMOVIDO", "REMOVIDA", "SUPRIMIDO", "SUPRIMIDA", "ESMERILADO", "ESMERILADA",
        "OBLITERATED", "OBLITERATE", "OBLIT", "ERASED", "DEFACED", "REMOVED", "GROUND OFF", "FILED OFF", "FILED",
    ),
    SerialState.NEVER_HAD: (
        "SIN NUMERO", "SIN NUMERO DE SERIE", "SIN SERIE", "SIN MATRICULA", "SINNUMERO", "NO TIENE", "NINGUNO",
        "NINGUNA", "S/N", "S/S", "SN", "N/A", "NA", "NO APLICA", "NOT APPLICABLE", "NONE", "NO SERIAL",
        "NO SERIAL NUMBER", "NSN", "NO NUMBER", "NO SN",
    ),
    SerialState.UNREAD: (
        "ILEGIBLE", "ILEGIBLES", "NO LEGIBLE", "NO VISIBLE", "NO SE APRECIA", "NO SE LEE", "POR DETERMINAR",
        "DESCONOCIDO", "DESCONOCIDA", "SE DESCONOCE", "ILLEGIBLE", "UNREADABLE", "UNREAD", "NOT READABLE",
        "NOT LEGIBLE", "UNKNOWN", "UNK", "PENDING",
    ),
}  # fmt: skip


def _plain_words(raw: str) -> str:
    """Upper case without accents, with single blanks and no closing dots: for comparing with the words of a state."""
    bare = "".join(c for c in unicodedata.normalize("NFD", raw.upper()) if not unicodedata.combining(c))
    return " ".join(bare.replace(".", "").replace("_", " ").replace("-", " ").strip("*?() ").split())


_STATES: Final[dict[str, SerialState]] = {
    spelling: state
    for state, words in _STATE_WORDS.items()
    for word in words
    for spelling in {word, word.replace(" ", "")}
}


def serial_state(raw: str) -> SerialState | None:
    """The state that `raw` names, or None when it may be a serial."""
    if len(raw) > MAX_RAW:
        return None
    words = _plain_words(raw)
    return _STATES.get(words) or _STATES.get(words.replace(" / ", "/"))


def is_scientific(raw: str) -> bool:
    """True for a number a spreadsheet has written in scientific notation, as 1.23E+05.

    "12E5" is left alone: without a sign or a decimal mark it is an ordinary serial of four characters.
    """
    return len(raw) <= MAX_RAW and _SCIENTIFIC.fullmatch(raw) is not None


@dataclass(frozen=True, slots=True, order=True)
class Serial:
    """A serial number in canonical form: 1 to 24 of A-Z and 0-9."""

    text: str

    def __post_init__(self) -> None:
        if not _CANONICAL.fullmatch(self.text):
            raise SerialUnreadableError(field="serial", read=self.text[:MAX_RAW])

    def __str__(self) -> str:
        return self.text

    @classmethod
    def parse(cls, raw: str, *, field: str = "serial") -> Self:
        """Read what an officer typed or a book holds (rules 1 to 4).

        Raises SerialIsStateError, SerialScientificError or SerialUnreadableError, all with `field` and `read`.
        """
        return cls(parse_key(raw, field=field))

    @property
    def folded(self) -> str:
        """The canonical form with confusable characters made one."""
        return fold(self.text)


def parse_key(raw: str, *, field: str = "serial") -> str:
    """The canonical text of a serial; the same rules and errors as `Serial.parse`, for millions of rows."""
    if _FAST.fullmatch(raw) and raw not in _STATES:  # the common case: already canonical and no word of a state
        return raw
    if len(raw) > MAX_RAW:
        raise SerialUnreadableError(field=field, read=raw[:MAX_RAW], at=MAX_RAW)
    state = serial_state(raw)
    if state is not None:
        raise SerialIsStateError(field=field, read=raw, state=state.value)
    if is_scientific(raw):
        raise SerialScientificError(field=field, read=raw)
    bare = raw.translate(_DROP_SEPARATORS)
    text = bare.upper() if bare.isascii() else bare
    if not _CANONICAL.fullmatch(text):
        raise SerialUnreadableError(field=field, read=raw, at=_first_unreadable(raw))
    return text


def _first_unreadable(raw: str) -> int:
    """Where reading stopped: the index in `raw` of the first character that cannot stand in a serial."""
    for index, character in enumerate(raw):
        if character not in SEPARATORS and not (character.isascii() and character.isalnum()):
            return index
    return len(raw)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A character of a canonical serial that is easily taken for others."""

    position: int
    character: str
    lookalikes: str


@dataclass(frozen=True, slots=True)
class SerialReading:
    """How a serial field is read, shown while it is typed. Exactly one of `serial`, `state`, `error` is set;
    none of them for an empty field."""

    raw: str
    serial: Serial | None = None
    state: SerialState | None = None
    error: ContraparteError | None = None
    doubtful: tuple[Doubt, ...] = ()
    label: str = ""

    @property
    def canonical(self) -> str:
        """The canonical form, or an empty text."""
        return self.serial.text if self.serial else ""


def read_serial(raw: str, *, field: str = "serial") -> SerialReading:
    """Read a serial field without raising. `label` is a leading "S/N", "SERIE" or "No." that may not belong to it."""
    if not raw.strip():
        return SerialReading(raw)
    try:
        serial = Serial.parse(raw, field=field)
    except SerialIsStateError as refusal:
        return SerialReading(raw, state=SerialState(refusal.params["state"]))
    except ContraparteError as refusal:
        return SerialReading(raw, error=refusal)
    label = _LABEL.match(raw.strip())
    return SerialReading(raw, serial=serial, doubtful=doubts(serial), label=label.group().strip() if label else "")


def doubts(serial: Serial) -> tuple[Doubt, ...]:
    """The doubtful characters of a serial, in order.

    Only a mixed serial is doubtful in a digit: in one of digits alone an O cannot be meant, unless it was typed.
    """
    mixed = not serial.text.isdigit()
    return tuple(
        Doubt(position, character, lookalikes(character))
        for position, character in enumerate(serial.text)
        if lookalikes(character) and mixed
    )
