"""A marking in words, as it stands under the title of a page."""

from django.utils.translation import gettext as _

from contraparte.desk.words import EVIDENCE, HANDLING, PURPOSES
from contraparte.protocol.marking import Marking


def marking_parts(marking: Marking) -> list[str]:
    """The marking, one restriction or fact each, the strictest first."""
    parts = []
    for code in sorted(marking.handling, reverse=True):
        text = marking.handling_text if code == "H3" and marking.handling_text else str(HANDLING.get(code, ""))
        parts.append(f"{code} · {text}" if text else code)
    if marking.purposes:
        names = ", ".join(str(PURPOSES.get(code, code)) for code in sorted(marking.purposes))
        parts.append(_("only for %(purposes)s") % {"purposes": names})
    if marking.evaluation is not None:
        grade = f"{marking.evaluation.source}{marking.evaluation.information}"
        parts.append(_("evaluated %(grade)s") % {"grade": grade})
    parts.append(str(EVIDENCE.get(marking.evidence, marking.evidence)))
    if marking.retention_until is not None:
        parts.append(_("kept until %(day)s") % {"day": marking.retention_until.isoformat()})
    return parts


def marking_words(marking: Marking) -> str:
    """The marking in one line."""
    return "; ".join(marking_parts(marking))
