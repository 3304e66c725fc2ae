"""Investigators' notation for a damaged serial.

    ?       one unread character
    *       an unread run, none or more characters
    [8B]    one of these
    other   the characters of a serial; case, blanks, dots, dashes and slashes do not count

`SerialPattern.parse("12?4[8B]*")` keeps the five positions as `Piece`s. A pattern without marks is an ordinary
serial that may still have been read wrongly: the search allows for it either way.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

from contraparte.books.rules.serials import MAX_CHARACTERS, MAX_RAW, SEPARATORS, parse_key
from contraparte.protocol.errors import SerialPatternError, SerialPatternVagueError

MIN_KNOWN: Final = 2  # fewer readable characters describe a tenth of any book: not a search
MAX_PIECES: Final = 32
MAX_CLASS: Final = 12
MARKS: Final = frozenset("?*[]")


@dataclass(frozen=True, slots=True)
class Piece:
    """One position of a pattern: `choices` holds one character, several, or none.

    `run` is True for `*`; a piece with neither choices nor run is `?`.
    """

    choices: str = ""
    run: bool = False

    @property
    def is_unread(self) -> bool:
        """True for `?`."""
        return not self.choices and not self.run

    def __str__(self) -> str:
        if self.run:
            return "*"
        if not self.choices:
            return "?"
        return self.choices if len(self.choices) == 1 else f"[{self.choices}]"


ANY: Final = Piece()
RUN: Final = Piece(run=True)


@dataclass(frozen=True, slots=True)
class SerialPattern:
    """A damaged serial, piece by piece."""

    pieces: tuple[Piece, ...]

    @classmethod
    def parse(cls, raw: str, *, field: str = "serial") -> Self:
        """Read investigators' notation.

        Raises SerialPatternError (`at` = where reading stopped), SerialPatternVagueError when fewer than `MIN_KNOWN`
        characters can be read, and what `parse_key` raises when there is no mark in it (states, 1.23E+05).
        """
        if not MARKS & set(raw[: MAX_RAW + 1]):
            pattern = cls(tuple(Piece(character) for character in parse_key(raw, field=field)))
        else:
            if len(raw) > MAX_RAW:
                raise SerialPatternError(field=field, read=raw[:MAX_RAW], at=MAX_RAW)
            pattern = cls(tuple(_pieces(raw, field)))
        if len(pattern.pieces) > MAX_PIECES or pattern.shortest > MAX_CHARACTERS:
            raise SerialPatternError(field=field, read=raw, at=len(raw))
        if pattern.known < MIN_KNOWN:
            raise SerialPatternVagueError(field=field, read=raw, known=pattern.known, needed=MIN_KNOWN)
        return pattern

    @property
    def known(self) -> int:
        """How many positions say something: read characters and classes."""
        return sum(1 for piece in self.pieces if piece.choices)

    @property
    def shortest(self) -> int:
        """Characters of the shortest serial the pattern stands for."""
        return sum(1 for piece in self.pieces if not piece.run)

    @property
    def has_run(self) -> bool:
        """True when the length is open."""
        return any(piece.run for piece in self.pieces)

    @property
    def plain(self) -> str:
        """The serial itself when nothing is marked as unread or doubtful, else an empty text."""
        if all(len(piece.choices) == 1 for piece in self.pieces):
            return "".join(piece.choices for piece in self.pieces)
        return ""

    def __str__(self) -> str:
        return "".join(map(str, self.pieces))

    def matches(self, serial: str) -> bool:
        """True when `serial` (canonical) is one of those the pattern stands for, letter by letter."""
        return re.fullmatch("".join(map(_as_regex, self.pieces)), serial) is not None


def _as_regex(piece: Piece) -> str:
    if piece.run:
        return "[A-Z0-9]*"
    return f"[{piece.choices}]" if piece.choices else "[A-Z0-9]"


def _pieces(raw: str, field: str) -> Iterator[Piece]:
    """Read the pieces of a pattern with marks; runs that touch are one."""
    index, after_run = 0, False
    while index < len(raw):
        character = raw[index]
        if character == "*":
            if not after_run:
                yield RUN
            after_run = True
        elif character not in SEPARATORS:
            after_run = False
            if character == "?":
                yield ANY
            elif character == "[":
                end = raw.find("]", index)
                choices = _class(raw[index + 1 : end]) if end > 0 else ""
                if not choices:
                    raise SerialPatternError(field=field, read=raw, at=index)
                yield Piece(choices)
                index = end
            elif character.isascii() and character.isalnum():
                yield Piece(character.upper())
            else:
                raise SerialPatternError(field=field, read=raw, at=index)
        index += 1


def _class(inside: str) -> str:
    """The distinct characters of `[...]` in the order written; empty when it cannot be read."""
    characters = [character.upper() for character in inside if character not in SEPARATORS + ",|"]
    if not 1 <= len(characters) <= MAX_CLASS or not all(c.isascii() and c.isalnum() for c in characters):
        return ""
    return "".join(dict.fromkeys(characters))
