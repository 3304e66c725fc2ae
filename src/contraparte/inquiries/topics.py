"""What inquiries are about, for "who handles X": an offence, measure or matter in either language → its types."""

from collections.abc import Iterator

from contraparte.desk.rules.matching import is_in
from contraparte.inquiries.catalogue import catalogue
from contraparte.inquiries.rules.catalogue import Entry
from contraparte.inquiries.rules.steps import OPENERS


def types_about(word: str) -> set[str]:
    """The openings of inquiries in which a folded word may matter."""
    known = catalogue()
    found: set[str] = set()
    if any(is_in(word, _texts(entry)) for entry in known.offences.values()):
        found |= {OPENERS[family] for family in ("police", "letter", "spontaneous")}
    for measure in known.measures.values():
        if is_in(word, _texts(measure)):
            found |= {opener for family, opener in OPENERS.items() if family in measure.families}
    if any(is_in(word, _texts(matter)) for code, matter in known.matters.items() if code != "other"):
        found.add(OPENERS["note"])
    for instrument in known.instruments.values():
        if is_in(word, _texts(instrument)):
            found.add(OPENERS[instrument.family])
    return found


def _texts(entry: Entry) -> Iterator[str]:
    yield from (entry.words.en, entry.words.es, entry.code.replace("_", " "))
