"""Which texts of a letter need a translation, and which have one that still fits: each is bound to what it translates.

A text is named as the payload holds it: `facts`, `offences-1-text`, `measures-2-nexus`; rows count from 1, and a
measure keeps its number where another is held back.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

#: Texts that are translated where they are there, in the order of the letter.
WHOLE: Final = ("facts", "purpose", "formalities", "confidentiality", "attendance", "urgent_reason", "due_reason")
ROWS: Final[Mapping[str, tuple[str, ...]]] = {"offences": ("text",), "measures": ("object", "nexus", "dual")}
#: Names that stand as they are where nobody translated them.
NAMES: Final = ("requesting_authority", "competent_authority", "signer")


def plain(text: Any) -> str:
    """A text as it counts: without the blanks around it, with one kind of line end."""
    return str(text or "").replace("\r\n", "\n").replace("\r", "\n").strip()


def texts_of(held: Mapping[str, Any]) -> dict[str, str]:
    """Every text of a request, by name, from what a form holds or from a payload; empty ones are left out."""
    found = {name: plain(held.get(name)) for name in (*NAMES, *WHOLE)}
    for kind, fields in ROWS.items():
        for place, row in enumerate(held.get(kind, ()), start=1):
            number = row.get("number", place)
            found |= {f"{kind}-{number}-{field}": plain(row.get(field)) for field in fields}
    return {name: text for name, text in found.items() if text}


def hash_of(text: str) -> str:
    """SHA-256 of one text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of(texts: Mapping[str, str]) -> str:
    """SHA-256 of texts by name, as canonical JSON, in hex. Who signs is no text of the case."""
    told = {name: text for name, text in texts.items() if name != "signer"}
    return hash_of(json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")))


@dataclass(frozen=True, slots=True)
class Pair:
    """One text beside its translation. `changed` says that the text is another than the one translated."""

    name: str
    source: str
    translation: str
    changed: bool

    @property
    def is_needed(self) -> bool:
        """Whether the letter is not whole without its translation; a name may stand as it is."""
        return self.name not in NAMES

    @property
    def is_missing(self) -> bool:
        """Whether something is to be done about it."""
        return self.changed or (self.is_needed and not self.translation)


def pairs_of(typed: Mapping[str, Any]) -> list[Pair]:
    """Every text of a request as typed beside what was translated of it."""
    kept: Mapping[str, Mapping[str, str]] = typed.get("translations") or {}
    pairs = []
    for name, source in texts_of(typed).items():
        told = kept.get(name, {})
        text = told.get("text", "")
        pairs.append(Pair(name, source, text, bool(text) and told.get("of") != hash_of(source)))
    return pairs


def fitting(typed: Mapping[str, Any]) -> dict[str, str]:
    """The translations that still fit their texts, by name."""
    return {pair.name: pair.translation for pair in pairs_of(typed) if pair.translation and not pair.changed}


def is_stale(typed: Mapping[str, Any]) -> bool:
    """Whether a text changed after the translation was certified."""
    certified = typed.get("translation_of")
    return bool(typed.get("translation_hash")) and bool(certified) and certified != digest_of(texts_of(typed))
