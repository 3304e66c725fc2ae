"""Words of this room in templates.

{% load inquiry_words %}
{{ "police"|family_words }}   {{ code|instrument_words }}   {{ state|state_words }}   {{ "offences"|rows_words }}
"""

from django import template
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from contraparte.inquiries import wording
from contraparte.inquiries.rules.catalogue import Words

register = template.Library()

ROWS: dict[str, tuple[str | Promise, str | Promise, str | Promise]] = {
    "offences": (_("Offences"), _("Offence"), _("Add an offence")),
    "measures": (_("What is asked"), _("Measure"), _("Add a measure")),
    "persons": (_("Persons"), _("Person"), _("Add a person")),
}
SECTIONS: dict[str, str | Promise] = {
    "who": _("Case and authorities"),
    "when": _("Urgency"),
    "oral": _("By word of mouth"),
    "what": _("Facts and purpose"),
    "translation": _("Certified translation"),
    "marking": _("Handling restrictions and evaluation"),
    "rights": _("Rights screen"),
    "note": _("What it is about"),
}


@register.filter
def family_words(code: str) -> str:
    """What a kind of inquiry is called."""
    return str(wording.FAMILIES.get(code, code))


@register.filter
def instrument_words(code: str) -> str:
    """What an instrument is called."""
    return wording.instrument_words(code)


@register.filter
def in_language(words: Words) -> str:
    """A text of the catalogue in the reader's language."""
    return words.in_language(get_language() or "en")


@register.filter
def state_words(code: str) -> str:
    """What a state is called."""
    return str(wording.STATES.get(code, code))


@register.filter
def section_words(code: str) -> str:
    """The heading of a part of the form."""
    return str(SECTIONS.get(code, code))


@register.filter
def rows_words(kind: str, which: int = 0) -> str:
    """The heading of rows (0), of one row (1), or of the button that adds one (2)."""
    return str(ROWS[kind][which])
