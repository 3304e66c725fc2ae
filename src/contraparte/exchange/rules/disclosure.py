"""A duty of disclosure against H1 or intelligence: what its declaration and an objection to it must say.

A citation names a public act in one line. It is no place for the facts of a case: it crosses while an accord is
suspended, too (P6.7).
"""

from datetime import date

BASES = ("law", "court_order")
OBJECTIONS = ("source_protection", "prejudices_investigation", "rights_risk", "third_party", "not_covered")
LINE_CHARS = 120  # of a citation, and of the name of a court
NOTE_CHARS = 1000


def duty_fault(basis: str, citation: str, court: str, dated: date | None, *, today: date) -> str:
    """The field of a declaration that is wrong, or nothing. An order has a court and a day, an article neither."""
    if basis not in BASES:
        return "basis"
    if not citation.strip() or not _is_line(citation):
        return "citation"
    is_order = basis == "court_order"
    if not _is_line(court) or is_order != bool(court.strip()):
        return "court"
    if is_order != (dated is not None) or (dated is not None and dated > today):
        return "dated"
    return ""


def objection_fault(ground: str, note: str) -> str:
    """The field of an objection that is wrong; empty where none is."""
    if ground not in OBJECTIONS:
        return "ground"
    return "note" if len(note) > NOTE_CHARS or "\x00" in note else ""


def _is_line(text: str) -> bool:
    return len(text) <= LINE_CHARS and text.isprintable()
