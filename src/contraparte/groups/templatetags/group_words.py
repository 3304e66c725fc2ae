"""Filters that turn the codes of groups into words on a page."""

from datetime import date
from functools import lru_cache
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, override

from contraparte.groups import catalogue
from contraparte.groups.forms import group_name
from contraparte.groups.models import Group, Promise
from contraparte.groups.rules.charters import Text
from contraparte.groups.wording import (
    BEATS,
    ENDS,
    FRAMEWORK_WORDS,
    LEVELS,
    MEASURES,
    MEETINGS,
    OWED,
    PROMISE_ACTS,
    PROMISE_LOOKS,
    PROMISE_STATES,
    STATE_LOOKS,
    STATES,
    VERDICT_LOOKS,
    VERDICTS,
    WISHES,
    words,
)
from contraparte.web.templatetags.pages import DAY, day_text

register = template.Library()

TABLES = {
    "beat": BEATS, "end": ENDS, "framework": FRAMEWORK_WORDS, "level": LEVELS, "measure": MEASURES,
    "meeting": MEETINGS, "owed": OWED, "state": STATES, "wish": WISHES, "act": PROMISE_ACTS,
}  # fmt: skip


@register.filter
def name_of(row: Group) -> str:
    """The name of a group in the reader's language."""
    return group_name(row)


@register.filter
def in_words(code: str, table: str) -> str:
    """A code of a table in words."""
    return str(words(TABLES[table], code))


@register.filter
def kind_of(code: str) -> str:
    """A kind of group in words."""
    return catalogue.kind_words(code)


@register.filter
def told(text: Text) -> str:
    """A text in the reader's language."""
    return catalogue.in_language(text)


@register.filter
def both(text: Text) -> SafeString:
    """A text in each language it has, the reader's first, each marked as such."""
    tongues = ("es", "en") if (get_language() or "en").startswith("es") else ("en", "es")
    parts = [(tongue, getattr(text, tongue)) for tongue in tongues if getattr(text, tongue).strip()]
    return format_html_join("", '<p lang="{}">{}</p>', parts)


@register.filter
def promised(row: Promise) -> str:
    """What was promised, in the reader's language."""
    return catalogue.in_language(Text(row.text_en, row.text_es))


@register.filter
def group_state(code: str) -> SafeString:
    """How a group stands, as a mark with words."""
    return _mark(STATE_LOOKS.get(code, "waiting"), words(STATES, code))


@register.filter
def verdict(code: str) -> SafeString:
    """The word on a goal."""
    return _mark(VERDICT_LOOKS.get(code, ""), words(VERDICTS, code))


@register.filter
def promise_state(code: str) -> SafeString:
    """How a promise stands."""
    return _mark(PROMISE_LOOKS.get(code, ""), words(PROMISE_STATES, code))


@register.filter
def heartbeat(beats: list[Any]) -> SafeString:
    """The last meetings as a strip, oldest first; each mark has its own height, and words for who cannot see it."""
    tongue = get_language() or "en"
    marks = format_html_join("", "{}", ((_beat(on, state, tongue),) for on, state in beats))
    return format_html('<ol class="gr-beats">{}</ol>', marks)


@lru_cache(maxsize=20_000)
def _beat(on: str, state: str, tongue: str) -> SafeString:
    """One mark. A board has a thousand of them, and many groups meet on one day: each is written once."""
    with override(tongue):
        text = f"{_day(on)}: {words(BEATS, state)}"
    mark = '<li class="gr-beat gr-beat--{}" title="{}"><span class="usa-sr-only">{}</span></li>'
    return format_html(mark, state if state in BEATS else "other", text, text)


def _day(told_on: str) -> str:
    return day_text(date.fromisoformat(told_on)) if DAY.fullmatch(told_on) else told_on


def _mark(look: str, text: Any) -> SafeString:
    return format_html('<span class="cp-state cp-state--{}">{}</span>', look, text)
