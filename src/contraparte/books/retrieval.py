"""From a damaged serial to queries of the index: every line within reach of two errors, in tiers of likelihood.

An error is one character mistaken, missed or added, or two neighbours swapped; confusable characters and leading
zeros are free, because the index holds serials without them. Each mark of the notation uses up the tolerance it
stands for: `?` is one error whose place is known, `*` bounds what may be exact.

    without marks       tier 1: up to one error, tier 2: up to two      (Levenshtein automata over field f)
    with ? or [..]      tier 1: exactly the pattern, tier 2: one error more
    with *              tier 1: exactly the pattern, tier 2: one error in what is known before or after the run
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

import tantivy

from contraparte.books.index import END, START, schema
from contraparte.books.rules.confusables import fold, fold_all
from contraparte.books.rules.notation import Piece, SerialPattern
from contraparte.books.rules.weights import CONFUSED, SWAPPED, UNREAD_ABSENT

UNKNOWN: Final = "~"  # stands for "?" in an automaton: no serial holds it, so it costs the one error it is
MOST_EXPLAINED: Final = 3_000  # lines explained one by one; beyond, those whose description agrees best
MOST_WITH_RUN: Final = 1_000  # lines that agree but for a run are alike: of more, ten cannot be chosen
MOST_BESIDE_RUN: Final = 400  # still less of those that have an error besides
LEAST_KNOWN: Final = 4  # with a run and fewer known characters, one of them wrong leaves nothing to search by
MOST_VARIANTS: Final = 6  # readings of narrow classes tried one by one; wider ones count as unread
MUST, SHOULD = tantivy.Occur.Must, tantivy.Occur.Should

Query = tantivy.Query


@dataclass(frozen=True, slots=True)
class Tier:
    """A query, the fewest nats that explain a line it adds to those before it, and how many are worth explaining."""

    query: Query
    least_nats: float
    most: int = MOST_EXPLAINED


def tiers(pattern: SerialPattern) -> list[Tier]:
    """The queries for a pattern, likeliest first; each holds all of those before it."""
    if pattern.has_run:
        return _with_run(pattern)
    pieces = _without_zeros(pattern.pieces)
    unread = sum(1 for piece in pieces if not _narrow(piece))
    if not unread and all(len(fold_all(piece.choices)) == 1 for piece in pieces):
        texts = _texts(pattern, pieces)
        found = [Tier(_any([_fuzzy("f", text, 1) for text in texts]), 0.0)]
        if len(texts[0]) > 2:
            least = 2 * (CONFUSED if texts[0][0] == "0" else SWAPPED)
            found.append(Tier(_any([_fuzzy("f", text, 2) for text in texts]), least))
        return found
    exact = Tier(_regex(pieces), 0.0)
    if unread > 2:
        return [exact]
    texts = _variants(pieces)
    near = _any([_fuzzy("f", text, 2 if unread else 1) for text in texts])
    if unread and len(pieces) - unread < 2:
        return [exact]
    return [exact, Tier(near, UNREAD_ABSENT)]


def _without_zeros(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """The pieces as the index holds serials: leading zeros dropped, but for the last character."""
    start = 0
    while start < len(pieces) - 1 and pieces[start].choices == "0":
        start += 1
    return pieces[start:]


def _texts(pattern: SerialPattern, pieces: tuple[Piece, ...]) -> list[str]:
    """A serial without marks as the index holds it, and with its zeros: what stood before them may have been lost."""
    return [
        fold("".join(piece.choices[0] for piece in some))
        for some in ((pieces, pattern.pieces) if len(pieces) < len(pattern.pieces) else (pieces,))
    ]


def _narrow(piece: Piece) -> bool:
    """True for a piece that is one of few folded characters."""
    return 0 < len(fold_all(piece.choices)) <= 3


def _variants(pieces: tuple[Piece, ...]) -> list[str]:
    """The readings of a pattern with its narrow classes spelt out; `UNKNOWN` for the rest."""
    options: list[str] = []
    readings = 1
    for piece in pieces:
        folded = fold_all(piece.choices)
        if not _narrow(piece) or readings * len(folded) > MOST_VARIANTS:
            folded = UNKNOWN
        readings *= len(folded)
        options.append(folded)
    return ["".join(reading) for reading in product(*options)]


def _fuzzy(field: str, text: str, distance: int, *, prefix: bool = False) -> Query:
    return Query.fuzzy_term_query(schema(), field, text, distance, transposition_cost_one=True, prefix=prefix)


def _any(queries: list[Query]) -> Query:
    return queries[0] if len(queries) == 1 else Query.boolean_query([(SHOULD, query) for query in queries])


def _all(queries: list[Query]) -> Query:
    return queries[0] if len(queries) == 1 else Query.boolean_query([(MUST, query) for query in queries])


def _regex(pieces: tuple[Piece, ...]) -> Query:
    """Exactly the pattern, from the end that begins with more known characters.

    What is unread at the very start may be a zero, which the index does not hold.
    """
    parts, may_be_zero = [], True
    for piece in pieces:
        if piece.run:
            parts.append(".*")
        else:
            folded = fold_all(piece.choices)
            part = folded if len(folded) == 1 else f"[{folded}]" if folded else "."
            zero = may_be_zero and (not folded or "0" in folded)
            parts.append(f"{part}?" if zero and len(pieces) > 1 else part)
            may_be_zero = zero
    forward = next((index for index, piece in enumerate(pieces) if not piece.choices), len(pieces))
    backward = next((index for index, piece in enumerate(reversed(pieces)) if not piece.choices), len(pieces))
    if backward > forward:
        return Query.regex_query(schema(), "r", "".join(reversed(parts)))
    return Query.regex_query(schema(), "f", "".join(parts))


def _with_run(pattern: SerialPattern) -> list[Tier]:
    exact = _any([_exact_run(pieces) for pieces in _run_variants(pattern.pieces)])
    near = [query for pieces in _run_variants(pattern.pieces) for query in _near_run(pieces)]
    first = Tier(exact, 0.0, MOST_WITH_RUN)
    return [first, Tier(_any(near), UNREAD_ABSENT, MOST_BESIDE_RUN)] if near else [first]


def _run_variants(pieces: tuple[Piece, ...]) -> Iterator[tuple[Piece, ...]]:
    """The pattern, and for a run followed by zeros also those zeros as leading ones."""
    yield _without_zeros(pieces)
    if pieces[0].run and len(pieces) > 2 and pieces[1].choices == "0":
        yield _without_zeros(pieces[1:])


def _exact_run(pieces: tuple[Piece, ...]) -> Query:
    """Every trigram of what is known, ends marked; without any trigram the whole pattern."""
    grams = [gram for stretch in _stretches(pieces) for gram in _trigrams(stretch)]
    if not grams:
        return _regex(pieces)
    return _all([Query.term_query(schema(), "g", gram) for gram in dict.fromkeys(grams)])


def _stretches(pieces: tuple[Piece, ...]) -> list[str]:
    """Known characters that stand together, folded, with marks where they touch an end of the serial."""
    stretches = [START]
    for piece in pieces:
        folded = fold_all(piece.choices)
        if len(folded) == 1:
            stretches[-1] += folded
        else:
            stretches.append("")
    stretches[-1] += END
    return stretches


def _trigrams(stretch: str) -> list[str]:
    return [stretch[start : start + 3] for start in range(len(stretch) - 2)]


def _near_run(pieces: tuple[Piece, ...]) -> Iterator[Query]:
    """One error more in what stands before the first run, or after the last one, the other side being exact."""
    runs = [index for index, piece in enumerate(pieces) if piece.run]
    if not runs:  # the run itself was found to be leading zeros
        yield from (_fuzzy("f", text, 1) for text in _variants(pieces))
        return
    known = sum(1 for piece in pieces if _narrow(piece))
    if known < LEAST_KNOWN:
        return
    head, tail = pieces[: runs[0]], pieces[runs[-1] + 1 :]
    for field, side, other in (("f", head, pieces[runs[0] :]), ("r", tail[::-1], pieces[: runs[-1] + 1])):
        unread = sum(1 for piece in side if not _narrow(piece))
        grams = [gram for stretch in _without_ends(other, field == "f") for gram in _trigrams(stretch)]
        exact = [Query.term_query(schema(), "g", gram) for gram in dict.fromkeys(grams)]
        if len(side) - unread >= 3 and unread <= 1:
            near = _any([_fuzzy(field, text, 1 + unread, prefix=True) for text in _variants(side)])
            yield _all([near, *exact])
        elif side and len(exact) > 1:  # too short for an automaton: the error may be anywhere in it
            yield _all(exact)


def _without_ends(pieces: tuple[Piece, ...], is_tail: bool) -> list[str]:
    """As `_stretches` for one side of a pattern: only the side's own end is an end of the serial."""
    stretches = _stretches(pieces)
    if is_tail:
        stretches[0] = stretches[0].removeprefix(START)
    else:
        stretches[-1] = stretches[-1].removesuffix(END)
    return stretches
