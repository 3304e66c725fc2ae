"""Filters that turn the codes of traces into words on a page."""

from django import template
from django.utils.translation import gettext as _

from contraparte.exchange import registry
from contraparte.protocol.errors import MessageTypeUnknownError
from contraparte.traces.rules.walk import HopState
from contraparte.traces.wording import DISPOSALS, FIELDS, HOP_STATES, ROLES, STATES, result_words

register = template.Library()


@register.filter
def result_short(code: str) -> str:
    """A result code in two words; another word of the walk as it is known there."""
    words = result_words(code)
    return str(words.short) if words else disposal_words(code)


@register.filter
def disposal_words(kind: str) -> str:
    """Where a gun went."""
    return str(DISPOSALS.get(kind, ""))


@register.filter
def role_words(role: str) -> str:
    """What a custodian is in the chain."""
    return str(ROLES.get(role, role))


@register.filter
def state_words(state: str) -> str:
    """The state of a trace or of its waiting custodian."""
    if state in STATES:
        return str(STATES[state])
    return str(HOP_STATES[HopState(state)]) if state in HopState._value2member_map_ else state


@register.filter
def field_words(name: str) -> str:
    """The name of a field of a gun or an event."""
    return str(FIELDS.get("calibre" if name == "caliber" else name, name))


@register.filter
def message_title(name: str) -> str:
    """The title of a message type; its name where this release does not know it."""
    try:
        return str(registry.message_type(name).title)
    except MessageTypeUnknownError:
        return name


@register.filter
def receipt_words(kind: str) -> str:
    """A kind of receipt."""
    words = {
        "accepted": _("logged"),
        "delivered": _("delivered"),
        "opened": _("opened"),
        "used": _("used"),
        "rejected": _("rejected"),
        "deleted": _("deleted"),
    }
    return words.get(kind, kind)


@register.filter
def serial_state_words(state: str) -> str:
    """What a state in the serial field means."""
    words = {
        "erased": _("Read as: the serial was erased."),
        "never_had": _("Read as: the gun never had a serial."),
        "unread": _("Read as: there is a serial, but it cannot be read."),
    }
    return words.get(state, state)


@register.filter
def confirm_words(state: str) -> str:
    """The button that confirms a state."""
    words = {
        "erased": _("Yes, the serial was erased"),
        "never_had": _("Yes, the gun never had a serial"),
        "unread": _("Yes, the serial cannot be read"),
    }
    return words.get(state, state)


@register.filter
def likeness_words(likeness: str) -> str:
    """How two serials are alike, in a sentence."""
    words = {
        "equal": _("Two rows have the same serial."),
        "confusable": _("Two rows differ only in characters that look alike."),
        "one_character": _("Two rows differ in one character of the serial."),
    }
    return words.get(likeness, likeness)


@register.filter
def agreement_words(how: str) -> str:
    """How far a part of two descriptions agrees."""
    words = {"same": _("same"), "near": _("near"), "different": _("different"), "missing": _("not recorded")}
    return words.get(how, how)
