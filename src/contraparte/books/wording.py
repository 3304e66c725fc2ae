"""Words for the explanation of a candidate: what happened to a character, how far descriptions agree."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contraparte.books.rules.channel import Event
from contraparte.books.rules.descriptions import Agreement

EVENTS: dict[Event, Promise] = {
    Event.AGREES: _("agrees"),
    Event.UNREAD: _("was not read"),
    Event.RUN: _("unread run"),
    Event.CONFUSED: _("easily confused"),
    Event.MISTAKEN: _("read differently"),
    Event.MISSED: _("not seen"),
    Event.ADDED: _("not in the book"),
    Event.SWAPPED: _("changed places"),
    Event.ZERO: _("leading zero"),
}

AGREEMENTS: dict[Agreement, Promise] = {
    Agreement.SAME: _("agrees"),
    Agreement.NEAR: _("nearly agrees"),
    Agreement.MISSING: _("not stated"),
    Agreement.DIFFERENT: _("differs"),
}

FIELDS: dict[str, Promise] = {
    "maker": _("Maker"),
    "type": _("Type"),
    "caliber": _("Calibre"),
    "model": _("Model"),
}
