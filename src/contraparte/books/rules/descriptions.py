"""What a gun is called: maker, calibre, type, model, made comparable.

Descriptions are often recorded wrongly, so nothing is refused here that a book may hold: an unknown word stays as
it is in a comparable form. What is too vague for a trace ("9") is told by `Caliber.is_ambiguous`.
"""

import unicodedata
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Final

from contraparte.books.rules.spellings import (
    AMBIGUOUS_CALIBERS,
    CALIBERS,
    LEGAL_WORDS,
    MAKERS,
    NEAR_CALIBERS,
    TYPE_CODES,
)
from contraparte.protocol.errors import CaliberAmbiguousError, FirearmTypeUnknownError

_CACHE: Final = 65_536  # a book of ten million lines has a few hundred distinct spellings; bounds what a query can add


def plain(text: str) -> str:
    """Upper case without accents, words of A-Z and 0-9 parted by single blanks; "&" reads AND, a comma as a point."""
    if not text.isascii():
        text = text.replace("×", "x")
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(
        "".join(c if c.isascii() and c.isalnum() else " " for c in text.upper().replace("&", " AND ")).split()
    )


def compact(text: str) -> str:
    """`plain` without blanks: the key of the spelling tables."""
    return plain(text).replace(" ", "")


def _maker_words(text: str) -> str:
    """The words of a maker's name without legal forms; all of them when nothing else is left."""
    words = plain(text.replace("'", "").replace("’", "")).split()
    kept = [word for word in words if word not in LEGAL_WORDS] or words
    return " ".join(kept)


_MAKERS: Final = {
    key.replace(" ", ""): name
    for name, others in MAKERS.items()
    for spelling in (name, *others.split("|"))
    if spelling
    for key in (plain(spelling), _maker_words(spelling))
}


@lru_cache(_CACHE)
def canonical_maker(text: str) -> str:
    """The usual name of a maker ("SMITH AND WESSON, INC." → "Smith & Wesson"); an unknown one in plain capitals.

    An empty text stays empty.
    """
    words = _maker_words(text)
    return _MAKERS.get(plain(text).replace(" ", "")) or _MAKERS.get(words.replace(" ", "")) or words


@dataclass(frozen=True, slots=True)
class Caliber:
    """A calibre as read: `code` is the canonical name, or the plain text of an unknown one.

    `choices` names the cartridges an ambiguous one may mean ("9").
    """

    code: str
    is_known: bool = False
    choices: tuple[str, ...] = ()

    @property
    def is_ambiguous(self) -> bool:
        """True when several cartridges go by this name."""
        return bool(self.choices)


def _caliber_key(text: str) -> str:
    words = [word for word in plain(text.replace(",", ".")).split() if word not in {"CAL", "CALIBER", "CALIBRE"}]
    return "".join(words)


_CALIBERS: Final = {
    key: code
    for code, others in CALIBERS.items()
    for spelling in (code, *others.split("|"))
    if (key := _caliber_key(spelling)) and key not in AMBIGUOUS_CALIBERS
}


@lru_cache(_CACHE)
def read_caliber(text: str) -> Caliber:
    """Read a calibre in any usual spelling: "9mm", "9 Para", "calibre 9x19" are one; "9" is ambiguous."""
    key = _caliber_key(text)
    for attempt in (key, key.removeprefix("0"), key.removesuffix("MM"), key.replace("MM", "")):
        if attempt in AMBIGUOUS_CALIBERS:
            return Caliber(attempt, choices=AMBIGUOUS_CALIBERS[attempt])
        if attempt in _CALIBERS:
            return Caliber(_CALIBERS[attempt], is_known=True)
    return Caliber(plain(text.replace(",", ".")))


def canonical_caliber(text: str) -> str:
    """The canonical name of a calibre, or its plain text."""
    return read_caliber(text).code


def require_caliber(text: str, *, field: str = "caliber") -> Caliber:
    """As `read_caliber`, but raises CaliberAmbiguousError for one such as "9", naming what it may mean."""
    caliber = read_caliber(text)
    if caliber.is_ambiguous:
        raise CaliberAmbiguousError(field=field, read=text, choices=", ".join(caliber.choices))
    return caliber


_TYPES: Final = {compact(word): code for code, words in TYPE_CODES.items() for word in words.split("|")}


@lru_cache(_CACHE)
def canonical_type(text: str) -> str:
    """The NCIC type code (one capital) of a word in English or Spanish, or of a code; "" when there is none."""
    key = compact(text)
    if len(key) == 1 and key in TYPE_CODES:
        return key
    if key in _TYPES:
        return _TYPES[key]
    if len(key) == 2 and key[0] in TYPE_CODES:  # a full NCIC code, such as PI for a semi-automatic pistol
        return key[0]
    if key.endswith("S") and key[:-1] in _TYPES:
        return _TYPES[key[:-1]]
    return next((_TYPES[compact(word)] for word in plain(text).split() if compact(word) in _TYPES), "")


def require_type(text: str, *, field: str = "type") -> str:
    """As `canonical_type`, but raises FirearmTypeUnknownError when no type goes by that word."""
    code = canonical_type(text)
    if not code:
        raise FirearmTypeUnknownError(field=field, read=text)
    return code


@lru_cache(_CACHE)
def canonical_model(text: str) -> str:
    """A model in comparable form: capitals and digits only ("M&P 15" → "MANDP15")."""
    return compact(text)


class Agreement(IntEnum):
    """How far two descriptions of one thing agree; ordered. MISSING: one side says nothing."""

    DIFFERENT = 0
    MISSING = 1
    NEAR = 2
    SAME = 3


@lru_cache(_CACHE)
def compare_makers(one: str, other: str) -> Agreement:
    """Compare two canonical makers. NEAR: one misspelling apart, or one name begins with the other."""
    if not one or not other:
        return Agreement.MISSING
    if one == other:
        return Agreement.SAME
    left, right = compact(one), compact(other)
    short, long = sorted((left, right), key=len)
    if left == right or (
        len(short) >= 4 and (long.startswith(short) or edit_distance(left, right) <= len(short) // 5 + 1)
    ):
        return Agreement.NEAR
    return Agreement.DIFFERENT


@lru_cache(_CACHE)
def compare_calibers(one: str, other: str) -> Agreement:
    """Compare two calibre codes. NEAR: often confused, or one is an ambiguous form of the other."""
    if not one or not other:
        return Agreement.MISSING
    if one == other:
        return Agreement.SAME
    near = any({one, other} <= group for group in NEAR_CALIBERS)
    vague = other in AMBIGUOUS_CALIBERS.get(one, ()) or one in AMBIGUOUS_CALIBERS.get(other, ())
    return Agreement.NEAR if near or vague else Agreement.DIFFERENT


def compare_types(one: str, other: str) -> Agreement:
    """Compare two NCIC type codes. NEAR: pistol with submachine gun, rifle with machine gun and the like."""
    if not one or not other:
        return Agreement.MISSING
    if one == other:
        return Agreement.SAME
    return Agreement.NEAR if frozenset((one, other)) in _NEAR_TYPES else Agreement.DIFFERENT


_NEAR_TYPES: Final = {frozenset(pair) for pair in ("PB", "RM", "BM", "RB", "SQ", "PQ", "RC", "SC", "RZ", "PZ", "SZ")}


def compare_models(one: str, other: str) -> Agreement:
    """Compare two canonical models. NEAR: one holds the other, as G19 and 19."""
    if not one or not other:
        return Agreement.MISSING
    if one == other:
        return Agreement.SAME
    short, long = sorted((one, other), key=len)
    return Agreement.NEAR if len(short) >= 2 and short in long else Agreement.DIFFERENT


def edit_distance(one: str, other: str, limit: int = 8) -> int:
    """Edits (insert, delete, replace, swap of neighbours) that lead from `one` to `other`; `limit` + 1 when more."""
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        before, row, above = row, [i], before
        for j, right in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return min(row[-1], limit + 1)
