"""Filters that turn the codes of outcomes into words on a page."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from contraparte.outcomes.desk_entries import outcome_title
from contraparte.outcomes.models import Outcome
from contraparte.outcomes.wording import LINK_STATES, state_words

register = template.Library()

#: State → how its mark looks. Green is for what is proven by both sides only.
LOOKS = {
    "confirmed": "proven", "reported": "waiting", "corrected": "waiting", "corroborated": "waiting",
    "contested": "danger", "retracted": "stopped",
}  # fmt: skip


@register.filter
def outcome_state(code: str) -> SafeString:
    """How an outcome stands, as a mark with words."""
    return format_html('<span class="cp-state cp-state--{}">{}</span>', LOOKS.get(code, ""), state_words(code))


@register.filter
def title_of(row: Outcome) -> str:
    """An outcome in a line."""
    return outcome_title(row)


@register.filter
def link_state(code: str) -> SafeString:
    """How a link stands."""
    look = {"agreed": "proven", "asked": "waiting"}.get(code, "stopped")
    return format_html('<span class="cp-state cp-state--{}">{}</span>', look, LINK_STATES.get(code, code))
