"""Tags of every page: dates as people read them, icons, names in the reader's language, form fields.

{% load pages %}
{% icon "search" %}                     decoration; add label="…" where it stands alone
{{ moment|when }}                       23 Nov 2026, 14:05 (Hermosillo)
{{ date|day }}                          23 Nov 2026
{{ value|day_in_words }}                the same where a message's value is a day, else the value
{{ seconds_or_timedelta|span }}         3 h 12 min
{{ title|unbroken }}                    references in it (T-26-000005) stay in one line
{{ post|named }}                        its name in the reader's language
{% country "mx" %}                      the side's code on its accent
{% field form.serial %}                 label, help, what was typed, what is wrong, how to mend it
{% deadline due %}                      due in 3 h, overdue since 2 d
{% capture as page_title %}…{% endcapture %}
"""

import re
from datetime import date, datetime, timedelta
from typing import Any

from django import template
from django.conf import settings
from django.forms import BoundField
from django.templatetags.static import static
from django.utils import formats, timezone, translation
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()

SPRITE = "vendor/uswds/icons.svg"
SIDES = {"mx", "us"}


@register.simple_block_tag
def capture(content: str) -> SafeString:
    """Render once, use twice: the title in the tab and above the page. The template has escaped it already."""
    return mark_safe(content.strip())  # noqa: S308


@register.simple_tag
def icon(name: str, label: str = "", size: int = 0) -> SafeString:
    """A symbol of the sprite; hidden from readers of the screen unless it has a `label`."""
    classes = f"usa-icon usa-icon--size-{size}" if size else "usa-icon"
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}#{}"></use></svg>',
            classes,
            label,
            static(SPRITE),
            name,
        )
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        classes,
        static(SPRITE),
        name,
    )


def day_text(value: date) -> str:
    """A calendar day in short. English writes the month with a capital letter, Spanish without."""
    is_spanish = (translation.get_language() or "en").startswith("es")
    return formats.date_format(value, "j b Y" if is_spanish else "j M Y")


@register.filter
def when(moment: datetime | None, zone: str = "") -> SafeString | str:
    """An instant in the post's time, or in `zone`, and the name of that place."""
    if moment is None:
        return ""
    from zoneinfo import ZoneInfo

    local = timezone.localtime(moment, ZoneInfo(zone) if zone else None)
    text = f"{day_text(local)}, {local:%H:%M}"
    return format_html(
        '<time datetime="{}"><span class="cp-unbroken">{}</span> <span class="cp-place">({})</span></time>',
        moment.isoformat(),
        text,
        place_of(local),
    )


def place_of(local: datetime) -> str:
    """The place a local time belongs to: the city of its zone, or "UTC"."""
    key = getattr(local.tzinfo, "key", "") or "UTC"
    return str(key).rsplit("/", 1)[-1].replace("_", " ")


@register.filter
def day(value: date | None) -> SafeString | str:
    """A calendar day; instants are read in the post's time first."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = timezone.localtime(value)
    text = day_text(value)
    return format_html('<time class="cp-unbroken" datetime="{}">{}</time>', value.strftime("%Y-%m-%d"), text)


DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@register.filter
def day_in_words(value: object) -> object:
    """A value of a message as it stands; one that is a calendar day (RFC 3339) as days are written here."""
    if isinstance(value, str) and DAY.fullmatch(value):
        try:
            return day(date.fromisoformat(value))
        except ValueError:
            return value
    return value


REFERENCE = re.compile(r"\b[A-Z]-\d{2}-\d{6,}\b")


@register.filter
def unbroken(text: str | SafeString) -> SafeString:
    """A text whose references are never torn apart at their hyphens."""
    return mark_safe(REFERENCE.sub(r'<span class="cp-unbroken">\g<0></span>', conditional_escape(text)))  # noqa: S308


@register.filter
def span(value: timedelta | float | None) -> str:
    """A length of time in its two largest units; never negative."""
    if value is None:
        return ""
    seconds = max(0, int(value.total_seconds() if isinstance(value, timedelta) else value))
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    if days:
        told = ngettext("%(days)d day", "%(days)d days", days) % {"days": days}
        return f"{told} {hours} h" if hours and days < 10 else told
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min" if minutes else f"{seconds} s"


@register.filter
def since(moment: datetime | None) -> str:
    """How long ago, or how long until: the bare length."""
    return span(abs(timezone.now() - moment)) if moment else ""


@register.filter
def named(thing: Any) -> str:
    """The name of an agency or a post in the reader's language."""
    spanish = (translation.get_language() or "en").startswith("es")
    name = getattr(thing, "name_es" if spanish else "name_en", "")
    return name or str(thing)


@register.simple_tag
def country(code: str) -> SafeString:
    """The code of a side on its accent. Takes a country, an agency's or a post's identifier."""
    side = str(code).split(".", 1)[0].lower()
    return format_html('<span class="cp-side cp-side--{}">{}</span>', side if side in SIDES else "other", side.upper())


@register.simple_tag
def deadline(due: datetime | None, stopped: bool = False) -> SafeString | str:
    """A clock in words: overdue is red, under a quarter of a day amber, a stopped clock grey."""
    if due is None:
        return ""
    left = due - timezone.now()
    if stopped:
        kind, text = "stopped", _("clock stopped")
    elif left < timedelta(0):
        kind, text = "over", _("overdue by %(span)s") % {"span": span(-left)}
    else:
        kind = "soon" if left < timedelta(hours=6) else "ahead"
        text = _("due in %(span)s") % {"span": span(left)}
    return format_html('<span class="cp-due cp-due--{}" title="{}">{}</span>', kind, _plain(due), text)


def _plain(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return f"{day_text(local)}, {local:%H:%M} ({place_of(local)})"


WIDGET_CLASSES = {
    "select": "usa-select",
    "textarea": "usa-textarea",
    "checkbox": "usa-checkbox__input",
    "radio": "usa-radio__input",
    "file": "usa-file-input",
    "hidden": "",
}


@register.filter
def usa(bound: BoundField) -> SafeString:
    """The widget of a field with the classes of the design system, told apart when it is wrong."""
    widget = bound.field.widget
    kind = getattr(widget, "input_type", "") or ("textarea" if "rows" in widget.attrs else "text")
    classes = [widget.attrs.get("class", ""), WIDGET_CLASSES.get(kind, "usa-input")]
    if bound.errors and kind not in {"checkbox", "radio"}:
        classes.append("usa-input--error")
    return mark_safe(bound.as_widget(attrs={"class": " ".join(filter(None, classes))}))  # noqa: S308 (Django's own markup)


@register.inclusion_tag("web/components/field.html")
def field(bound: BoundField, hint: str = "", needed: str = "") -> dict[str, object]:
    """One field of a form; `needed` says when one that may be left empty may not."""
    kind = getattr(bound.field.widget, "input_type", "")
    return {"field": bound, "hint": hint or bound.help_text, "kind": kind, "needed": needed}


@register.simple_tag
def languages() -> list[tuple[str, str]]:
    """The languages a page may be read in: (code, its own name)."""
    return [(code, str(name)) for code, name in settings.LANGUAGES]


@register.filter
def role_name(role: str) -> str:
    """A role in the reader's language."""
    from contraparte.directory.rules.roles import Role
    from contraparte.web.permissions import ROLE_NAMES

    return str(ROLE_NAMES.get(Role(role), role)) if role in set(Role) else role
