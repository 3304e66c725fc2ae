"""Text of an item that turns up in a draft: compared by runs of words, so that pasting is noticed (S3).

Case, accents, punctuation and line breaks do not count. A warning, not a proof: who retells in other words is not
found, and a form of words that everybody uses may be.
"""

import re
import unicodedata
from collections.abc import Iterable

RUN_WORDS = 6
"""Words of one run that must agree: fewer are stock phrases, more let a changed word hide a quotation."""

_WORD = re.compile(r"\w+")


def words_of(texts: Iterable[str]) -> list[str]:
    """The words of several texts in order, folded; texts are kept apart by an empty word."""
    found: list[str] = []
    for text in texts:
        plain = unicodedata.normalize("NFKD", text.casefold())
        found += _WORD.findall("".join(letter for letter in plain if not unicodedata.combining(letter)))
        found.append("")
    return found


def runs_of(words: list[str]) -> set[tuple[str, ...]]:
    """Every run of `RUN_WORDS` words that lies within one text."""
    spans = (tuple(words[start : start + RUN_WORDS]) for start in range(len(words) - RUN_WORDS + 1))
    return {span for span in spans if "" not in span}


def quoted_run(draft: list[str], item: set[tuple[str, ...]]) -> str:
    """The first run of the draft that also stands in the item, as words; empty where nothing was taken over."""
    for start in range(len(draft) - RUN_WORDS + 1):
        span = tuple(draft[start : start + RUN_WORDS])
        if span in item:
            return " ".join(span)
    return ""
