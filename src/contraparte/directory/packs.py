"""The hand-over pack: what a post has open, asked of every room, frozen as text in both languages.

    register_pack_section(PackSection("work", _("Open steps"), find))      in AppConfig.ready(), by the rooms above

`find(post, now)` is called once for each language of the house, so its titles come in the reader's; the rows must be
the same ones in the same order. Rows hold what the post's own lists show: references, clocks, posts. No content.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import override

from contraparte.directory.models import Departure, Pack, Post
from contraparte.protocol.encoding import canonical_json, instant

Text = str | Promise
MOST_ROWS: Final = 500  # of one section; a post with more is told how many there are


@dataclass(frozen=True, slots=True)
class PackRow:
    """One thing that goes over: what it is, where it is done, since when, until when, on whom it waits."""

    title: Text
    detail: Text = ""
    url: str = ""
    since: datetime | None = None
    due: datetime | None = None
    waits_on: Text = ""
    marking: Text = ""


@dataclass(frozen=True, slots=True)
class PackSection:
    """One part of the pack. `order` is its place."""

    code: str
    label: Text
    find: Callable[[Post, datetime], Iterable[PackRow]]
    order: int = 50


SECTIONS: dict[str, PackSection] = {}


def register_pack_section(section: PackSection) -> None:
    """Add a part to every pack. A code is taken once."""
    if section.code in SECTIONS:
        raise ValueError(f"section {section.code} of the pack is registered twice")
    SECTIONS[section.code] = section


def freeze_pack(departure: Departure, *, now: datetime) -> Pack:
    """Write down what the post has open now. Must run in a transaction."""
    sections = [_frozen(one, departure.post, now) for one in sorted(SECTIONS.values(), key=lambda one: one.order)]
    digest = hashlib.sha256(canonical_json({"sections": sections}, "pack")).hexdigest()
    return Pack.objects.create(departure=departure, made_at=now, sections=sections, sha256=digest)


def _frozen(section: PackSection, post: Post, now: datetime) -> dict[str, Any]:
    labels: dict[str, str] = {}
    told: dict[str, list[dict[str, str]]] = {}
    facts: Sequence[PackRow] = ()
    for language, _ in settings.LANGUAGES:
        with override(language):
            labels[language] = str(section.label)
            facts = list(section.find(post, now))
            told[language] = [_words(row) for row in facts[:MOST_ROWS]]
    rows = [
        {
            **{name: {language: words[place][name] for language, words in told.items()} for name in _WORDED},
            "url": row.url,
            "since": instant(row.since) if row.since else "",
            "due": instant(row.due) if row.due else "",
        }
        for place, row in enumerate(facts[:MOST_ROWS])
    ]
    return {"code": section.code, "label": labels, "rows": rows, "more": max(0, len(facts) - MOST_ROWS)}


_WORDED: Final = ("title", "detail", "waits_on", "marking")


def _words(row: PackRow) -> dict[str, str]:
    return {name: str(getattr(row, name)) for name in _WORDED}
