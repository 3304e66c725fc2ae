"""Words a person types against words of the house: case and accents do not count, every word must be found."""

import re
import unicodedata
from collections.abc import Iterable

TOKEN = re.compile(r"[^\W_]+")
BEGINNING = 3  # letters from which on a beginning is enough
MOST_WORDS = 8  # of a search; more narrow nothing any more


def fold(text: str) -> str:
    """The text without case and accents: `Extorsión` → `extorsion`."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(char for char in plain if not unicodedata.combining(char)).casefold()


def words_of(text: str) -> list[str]:
    """The words of a search, folded, none twice."""
    return list(dict.fromkeys(fold(text).split()))[:MOST_WORDS]


def is_in(word: str, texts: Iterable[str]) -> bool:
    """Whether a word of one of these texts begins with a folded word.

    One of two letters is meant whole (`us`), one with signs in it may stand anywhere (`fge-son`).
    """
    if not word.isalnum():
        return any(word in fold(text) for text in texts)
    found = (one for text in texts for one in TOKEN.findall(fold(text)))
    return word in found if len(word) < BEGINNING else any(one.startswith(word) for one in found)
