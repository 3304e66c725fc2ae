"""What an instrument, an offence, a measure and a ground are to the rules: plain values, read from data elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Family = Literal["police", "letter", "spontaneous", "note"]


@dataclass(frozen=True, slots=True)
class Words:
    """A text in the two languages of the house."""

    en: str
    es: str

    def in_language(self, language: str) -> str:
        """The text for a language code such as "es-mx"."""
        return self.es if language.startswith("es") else self.en


@dataclass(frozen=True, slots=True)
class Entry:
    """What all have: a code, words, where it comes from, and whether somebody read it there."""

    code: str
    words: Words
    source: Words
    verified: bool


@dataclass(frozen=True, slots=True)
class Instrument(Entry):
    """What a request is based on. `needs` names what must be in it whatever it asks for."""

    family: Family
    articles: tuple[str, ...]
    needs: frozenset[str]
    formal: bool
    allows_oral: bool


@dataclass(frozen=True, slots=True)
class Offence(Entry):
    """`screen` names the rights flags this offence raises by itself."""

    screen: frozenset[str]


@dataclass(frozen=True, slots=True)
class Measure(Entry):
    """One thing that can be asked for. `needs` adds to what the instrument needs, for this measure alone."""

    coercive: bool
    families: frozenset[str]
    needs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ground(Entry):
    """A ground of refusal."""

    after_consultation: bool
    coercive_only: bool


@dataclass(frozen=True, slots=True)
class Matter(Entry):
    """What a liaison note is about."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All of it by code."""

    instruments: Mapping[str, Instrument]
    offences: Mapping[str, Offence]
    measures: Mapping[str, Measure]
    grounds: Mapping[str, Ground]
    matters: Mapping[str, Matter]
