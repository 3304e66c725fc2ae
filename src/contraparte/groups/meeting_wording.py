"""Words for how meetings and their minutes stand."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Text = str | Promise

#: Code → the look of its mark, the words.
MEETING_STATES: Final[Mapping[str, tuple[str, Text]]] = {
    "invited": ("waiting", pgettext_lazy("meeting state", "called, no agenda yet")),
    "agenda_out": ("waiting", pgettext_lazy("meeting state", "called, agenda is out")),
    "recording": ("waiting", pgettext_lazy("meeting state", "over, attendance being recorded")),
    "held": ("proven", pgettext_lazy("meeting state", "held with both sides")),
    "held_informal": ("stopped", pgettext_lazy("meeting state", "held informally: no quorum of both sides")),
    "not_held": ("danger", pgettext_lazy("meeting state", "not held")),
    "canceled": ("stopped", pgettext_lazy("meeting state", "canceled")),
    "moved": ("stopped", pgettext_lazy("meeting state", "moved to another time")),
}

MINUTES_STATES: Final[Mapping[str, tuple[str, Text]]] = {
    "": ("", pgettext_lazy("minutes", "none yet")),
    "draft": ("waiting", pgettext_lazy("minutes", "proposed, to be agreed")),
    "final": ("proven", pgettext_lazy("minutes", "agreed by both sides")),
    "disputed": ("danger", pgettext_lazy("minutes", "disputed: both texts are kept")),
}

LENGTHS: Final[tuple[tuple[int, Text], ...]] = (
    (30, _("30 minutes")),
    (60, _("1 hour")),
    (90, _("1 hour 30 minutes")),
    (120, _("2 hours")),
    (180, _("3 hours")),
    (240, _("4 hours")),
    (480, _("8 hours")),
)


def group_name(group: Any) -> str:
    """The name of a group in the reader's language, else in the other one."""
    names = (str(group.name_en), str(group.name_es))
    first, second = names[::-1] if (translation.get_language() or "en").startswith("es") else names
    return first or second
