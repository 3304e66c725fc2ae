"""One recovered gun as an officer typed it: what is read, and what is refused and why (S6).

Refused, each under its own code: a state in words nobody confirmed, scientific notation, a number from barrel or slide,
a model in the serial field, a calibre that may be several, a foreign gun without importer. What is merely missing is
no error here but a gap (`completeness.py`): a row is saved as far as it is known.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final

from contraparte.books.rules.confusables import fold
from contraparte.books.rules.descriptions import (
    canonical_maker,
    canonical_model,
    compact,
    plain,
    read_caliber,
    require_caliber,
    require_type,
)
from contraparte.books.rules.notation import MARKS, SerialPattern
from contraparte.books.rules.serials import SerialReading, SerialState, read_serial
from contraparte.books.rules.spellings import MAKERS
from contraparte.protocol.errors import (
    BarrelNumberError,
    ContraparteError,
    FieldUnreadableError,
    ImporterMissingError,
    PossessorMinorError,
    RecoveryAfterRequestError,
    SerialIsModelError,
    SerialIsStateError,
)
from contraparte.traces.rules.countries import read_country

MAX_FIELD: Final = 200  # characters of one typed field; the longest real maker's mark is far below
ADULT_AT: Final = 18  # years; the age of majority in both countries

_NOT_FRAME = re.compile(r"\b(?:CANON|BARREL|BBL|SLIDE|CORREDERA|CERROJO|BOLT|CARRO)\b")
_FRAME_PLACES: Final = frozenset({"", "frame", "receiver", "armazon", "cajon", "cajon de mecanismos", "marco"})
_PRIVATE: Final = frozenset(
    {"PRIVATELYMADE", "PMF", "GHOSTGUN", "HECHIZA", "HECHIZO", "ARTESANAL", "HOMEMADE", "POLYMER80", "CASERA", "P80"}
)
NONE_MARKED: Final = frozenset({"NONE", "NINGUNO", "SINMARCA", "NOTMARKED", "NOMARCADO", "NOTIENE"})

# Models that are typed into serial fields, in comparable form; a worn pistol shows its model larger than its number.
_MODELS: Final = frozenset(
    """
    G17 G19 G20 G21 G22 G23 G26 G27 G34 G42 G43 G43X G45 AR15 AR10 AK47 AKM AKMS M16 M16A1 M16A2 M4 M4A1 M1911
    M1911A1 1911A1 P226 P228 P229 P320 P365 92FS 92F PX4 PX4STORM PT92 PT111 PT247 PT140 G2C G3C TH9 M9 M92 M70
    MINI14 MINI30 SR9 LCP LC9 FIVESEVEN FNX45 FNX9 FN57 SCAR17 PS90 P90 XD9 XD40 XDM SW40VE SW9VE SHIELD MANDP9
    MANDP40 MANDP15 WASR10 MP5 MP5K UZI MAC10 MAC11 TEC9 TEC22 CZ75 CZ83 CZ52 HIPOINT C9 CF380 JHP45 REM870
    MODEL870 MAVERICK88 M82A1 M107 M82 BARRETT50 SKS TT33 MAKAROV M1CARBINE GARAND PPK PPKS P22 DESERTEAGLE
    """.split()  # noqa: SIM905  (a table of ninety words reads better so)
)
# Long names only: "CZ" or "STAR" may well begin a serial.
_MAKER_NAMES: Final = frozenset(key for name in MAKERS if len(key := compact(name)) >= 5)


@dataclass(frozen=True, slots=True)
class TypedGun:
    """The fields of one row exactly as typed; empty text where nothing was."""

    serial: str = ""
    serial_place: str = ""
    state_confirmed: str = ""
    restoration: str = ""
    maker: str = ""
    importer: str = ""
    type: str = ""
    model: str = ""
    calibre: str = ""
    nominal_calibre: str = ""
    country: str = ""
    markings: str = ""

    @classmethod
    def of(cls, typed: dict[str, str]) -> "TypedGun":
        """From a form or a file; unknown keys are left out. Raises FieldUnreadableError for too long a field."""
        known = {}
        for name in (f.name for f in fields(cls)):
            text = str(typed.get(name) or "").strip()
            if len(text) > MAX_FIELD or "\x00" in text:
                raise FieldUnreadableError(field=name, read=text[:40])
            known[name] = text
        return cls(**known)


@dataclass(frozen=True, slots=True)
class ReadSerial:
    """How a serial field is read. One of `canonical`, `pattern`, `state` is set, or none for an empty field.

    `known` counts readable characters, `has_unread` is true for investigators' notation.
    """

    canonical: str = ""
    pattern: str = ""
    state: str = ""
    known: int = 0
    has_unread: bool = False
    label: str = ""

    @property
    def searched(self) -> str:
        """What custodians are asked for: the serial or its pattern."""
        return self.canonical or self.pattern

    @property
    def folded(self) -> str:
        """The canonical serial with confusable characters made one."""
        return fold(self.canonical)


@dataclass(frozen=True, slots=True)
class ReadGun:
    """One row as read. `errors` holds everything refused, the first to be raised first."""

    typed: TypedGun
    serial: ReadSerial
    maker: str = ""
    importer: str = ""
    type: str = ""
    model: str = ""
    calibre: str = ""
    calibre_is_known: bool = False
    nominal_calibre: str = ""
    country: str = ""
    is_privately_made: bool = False
    importer_is_none: bool = False
    reading: SerialReading | None = None
    errors: tuple[ContraparteError, ...] = ()

    def raise_if_refused(self) -> None:
        """Raise the first refusal, if there is one."""
        if self.errors:
            raise self.errors[0]


def read_gun(typed: TypedGun, *, requested_country: str) -> ReadGun:
    """Read a whole row without raising; `requested_country` is where the trace will be asked (two letters)."""
    errors: list[ContraparteError] = []

    def kept(default: Any, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except ContraparteError as refusal:
            errors.append(refusal)
            return default

    serial = kept(ReadSerial(), lambda: _serial(typed))
    calibre = kept(read_caliber(""), lambda: require_caliber(typed.calibre, field="calibre")) if typed.calibre else None
    kind = kept("", lambda: require_type(typed.type)) if typed.type else ""
    country = kept("", lambda: _country(typed.country)) if typed.country else ""
    importer_is_none = compact(typed.importer) in NONE_MARKED
    is_private = compact(typed.maker) in _PRIVATE
    if country and country != requested_country and not typed.importer and not is_private:
        errors.append(ImporterMissingError(field="importer", country=country, requested=requested_country))
    return ReadGun(
        typed=typed,
        serial=serial,
        maker=canonical_maker(typed.maker),
        importer="" if importer_is_none else canonical_maker(typed.importer),
        type=kind,
        model=canonical_model(typed.model),
        calibre=calibre.code if calibre else "",
        calibre_is_known=bool(calibre and calibre.is_known),
        nominal_calibre=plain(typed.nominal_calibre),
        country=country,
        is_privately_made=is_private,
        importer_is_none=importer_is_none,
        reading=read_serial(typed.serial),
        errors=tuple(errors),
    )


def _country(text: str) -> str:
    found = read_country(text)
    if not found:
        raise FieldUnreadableError(field="country", read=text)
    return found


def _serial(typed: TypedGun) -> ReadSerial:
    """Read the serial field of a row. Raises the refusal that fits best."""
    raw = typed.serial
    if not raw:
        return ReadSerial()
    if _NOT_FRAME.search(plain(raw)) or plain(typed.serial_place).lower() not in _FRAME_PLACES:
        raise BarrelNumberError(field="serial", read=raw)
    if MARKS & set(raw):
        pattern = SerialPattern.parse(raw)
        if not pattern.plain:
            return ReadSerial(pattern=str(pattern), known=pattern.known, has_unread=True)
        raw = pattern.plain
    reading = read_serial(raw)
    if reading.state is not None:
        if typed.state_confirmed != reading.state.value:
            raise SerialIsStateError(field="serial", read=raw, state=reading.state.value)
        return ReadSerial(state=reading.state.value)
    if reading.error is not None:
        raise reading.error
    if model := _model_in(reading.canonical, typed):
        raise SerialIsModelError(field="serial", read=raw, model=model)
    return ReadSerial(canonical=reading.canonical, known=len(reading.canonical), label=reading.label)


def _model_in(canonical: str, typed: TypedGun) -> str:
    """The model a serial field holds instead of a serial: a known one, the row's own, or maker and model together."""
    own = compact(typed.model)
    makers = {name for name in _MAKER_NAMES if canonical.startswith(name)}
    if (maker := compact(typed.maker)) and canonical.startswith(maker):
        makers.add(maker)
    bare = canonical[max(map(len, makers), default=0) :]
    bare = bare.removeprefix("MODELO").removeprefix("MODEL").removeprefix("MOD")
    if bare in _MODELS or (makers and not bare) or (own and own in (canonical, bare)):
        return bare or canonical
    if "GLOCK" in makers and f"G{bare}" in _MODELS:
        return bare
    return ""


def serial_state_of(raw: str) -> SerialState | None:
    """The state a serial field proposes, for the form to ask about."""
    return read_serial(raw).state


def check_dates(recovered_on: date, requested_on: date) -> None:
    """A recovery lies on or before the request. Raises RecoveryAfterRequestError."""
    if recovered_on > requested_on:
        raise RecoveryAfterRequestError(
            field="recovered_on", recovered=recovered_on.isoformat(), requested=requested_on.isoformat()
        )


def age_on(born: date, day: date) -> int:
    """Whole years of age on a day."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def check_possessor(born: date | None, recovered_on: date, *, is_protected: bool) -> bool:
    """True for a minor. A minor is recorded only withheld or under a second reviewer; else PossessorMinorError."""
    if born is None:
        return False
    age = age_on(born, recovered_on)
    if age < 0:
        raise FieldUnreadableError(field="possessor_born", read=born.isoformat())
    if age < ADULT_AT and not is_protected:
        raise PossessorMinorError(field="possessor_born", age=age)
    return age < ADULT_AT
