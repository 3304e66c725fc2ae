"""Translations of the pages, without system gettext: Babel reads the sources, `.po` files are kept by hand.

    python tools/messages.py extract [ROOM…]   bring each room's locale/es/LC_MESSAGES/django.po up to date
    python tools/messages.py check             missing, fuzzy, obsolete, unlike placeholders, two words for one → exit 1
    python tools/messages.py compile           write the .mo files Django reads; quick when nothing changed

A room is a Django application of src/contraparte. English stands in the sources; Spanish (es-MX) in the `.po`.
"""

import argparse
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src/contraparte"
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sdrf]|%[sdrf]|\{(\w*)\}")
VOLATILE = re.compile(
    r'^"(?:POT-Creation-Date|PO-Revision-Date|Generated-By|Last-Translator|Language-Team'
    r"|Report-Msgid-Bugs-To|Project-Id-Version):.*\n",
    re.M,
)
HEADER = "Spanish (Mexico) of the room {room}. Words follow the glossary; see docs/reference/glossary.md."

Key = tuple[str, str]  # context, English


def rooms() -> list[str]:
    """Names of the rooms that are Django applications."""
    return sorted(file.parent.name for file in PACKAGE.glob("*/apps.py"))


def po_file(room: str) -> Path:
    return PACKAGE / room / "locale/es/LC_MESSAGES/django.po"


def sources(room: str) -> Iterator[Path]:
    """Files of a room that may speak to people; migrations do not."""
    for file in sorted((PACKAGE / room).rglob("*")):
        spoken = file.suffix == ".py" or (file.suffix in {".html", ".txt"} and "templates" in file.parts)
        if spoken and not {"migrations", "static", "locale"} & set(file.parts):
            yield file


def found_in(file: Path) -> Iterator[tuple[str, object, str]]:
    """What one file says: (keyword, message or messages, translators' comment)."""
    text = file.read_text("utf-8")
    if file.suffix != ".py":
        from django.utils.translation.template import templatize

        text = f"({templatize(text, origin=str(file))})"
    for _line, keyword, messages, comments in extract_python(
        io.BytesIO(text.encode()), list(KEYWORDS), ["Translators:"], {}
    ):
        yield keyword, messages, " ".join(comments)


def extracted(room: str) -> Catalog:
    """The catalog of a room as its sources stand now, with empty translations."""
    catalog = Catalog(locale="es", domain="django", project="contraparte", fuzzy=False, charset="utf-8")
    for file in sources(room):
        for keyword, raw, comment in found_in(file):
            words = raw if isinstance(raw, tuple) else (raw,)
            spec = KEYWORDS[keyword] or (1,)
            context = next((words[at[0] - 1] for at in spec if isinstance(at, tuple)), None)
            ids = tuple(words[at - 1] for at in spec if isinstance(at, int))
            if all(isinstance(word, str) and word for word in ids):
                catalog.add(
                    ids if len(ids) > 1 else ids[0],
                    locations=[(str(file.relative_to(PACKAGE)), 0)],
                    auto_comments=[comment] if comment else [],
                    context=context,
                )
    return catalog


def key_of(message: Message) -> Key:
    """Context and English, the singular for a plural."""
    english = message.id[0] if isinstance(message.id, (tuple, list)) else message.id
    return message.context or "", english


def kept(room: str) -> dict[Key, Message]:
    """What the room's `.po` says today; obsolete entries included under their key."""
    file = po_file(room)
    if not file.exists():
        return {}
    with file.open("rb") as handle:
        catalog = read_po(handle, locale="es", domain="django")
    entries = {key_of(message): message for message in catalog if message.id}
    entries.update({key_of(message): message for message in catalog.obsolete.values()})
    return entries


def extract(room: str) -> str:
    """Write the room's `.po` anew, translations kept; tell how many are missing."""
    catalog, before = extracted(room), kept(room)
    missing = 0
    for message in catalog:
        if not message.id:
            continue
        old = before.get(key_of(message))
        plural = isinstance(message.id, (tuple, list))
        if old is not None and isinstance(old.string, (tuple, list)) == plural:
            message.string = old.string
        missing += not all(strings(message))
    file = po_file(room)
    file.parent.mkdir(parents=True, exist_ok=True)
    catalog.header_comment = "# " + HEADER.format(room=room)
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=110, sort_by_file=True, include_lineno=False)
    text = VOLATILE.sub("", buffer.getvalue().decode()).replace('"Language: es\\n"', '"Language: es_MX\\n"')
    file.write_text(text, "utf-8")
    return f"{room}: {len(catalog)} texts, {missing} without Spanish, {len(before.keys() - keys(catalog))} dropped"


def keys(catalog: Catalog) -> set[Key]:
    return {key_of(message) for message in catalog if message.id}


def strings(message: Message) -> tuple[str, ...]:
    """The translations of a message, one for each form."""
    value = message.string
    return tuple(value) if isinstance(value, (tuple, list)) else (value or "",)


def placeholders(text: str) -> list[str]:
    return sorted({match.group(0) for match in PLACEHOLDER.finditer(text.replace("%%", ""))})


def faults(room: str) -> Iterator[str]:
    """Everything wrong with a room's translations, one line each."""
    catalog, entries = extracted(room), kept(room)
    wanted = {key_of(message): message for message in catalog if message.id}
    for key, message in wanted.items():
        entry = entries.get(key)
        where = f"{room}: {key[1]!r}"
        if entry is None or not all(strings(entry)):
            yield f"{where} has no Spanish ({message.locations[0][0]})"
            continue
        if entry.fuzzy:
            yield f"{where} is marked fuzzy"
        english = message.id if isinstance(message.id, (tuple, list)) else (message.id,)
        for number, spanish in enumerate(strings(entry)):
            original = english[min(number, len(english) - 1)]
            # One in a plural may be said in a word ("one result"), so a singular may leave the number out.
            surplus = set(placeholders(spanish)) - set(placeholders(" ".join(english)))
            lacking = set(placeholders(original)) - set(placeholders(spanish)) if number == len(english) - 1 else set()
            if surplus or lacking:
                yield f"{where} differs in placeholders: {sorted(surplus | lacking)}"
            if original[:1].isspace() != spanish[:1].isspace() or original[-1:].isspace() != spanish[-1:].isspace():
                yield f"{where} begins or ends with another blank than its Spanish"
    for key in entries.keys() - wanted.keys():
        yield f"{room}: {key[1]!r} is in the .po and in no source"


def conflicts() -> Iterator[str]:
    """The same English in two rooms with unlike Spanish: Django would take either."""
    said: dict[Key, dict[tuple[str, ...], str]] = {}
    for room in rooms():
        for key, message in kept(room).items():
            if all(strings(message)):
                said.setdefault(key, {}).setdefault(strings(message), room)
    for (_context, english), versions in said.items():
        if len(versions) > 1:
            told = "; ".join(f"{room}: {words[0]!r}" for words, room in versions.items())
            yield f"{english!r} is said in {len(versions)} ways: {told}"


def compile_room(room: str) -> bool:
    """Write the room's `.mo` where it is missing or older; True when it was written."""
    source = po_file(room)
    target = source.with_suffix(".mo")
    if not source.exists() or (target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns):
        return False
    with source.open("rb") as handle:
        catalog = read_po(handle, locale="es", domain="django")
    fresh = target.with_suffix(".mo.new")
    with fresh.open("wb") as handle:
        write_mo(handle, catalog)
    fresh.replace(target)
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("action", choices=["extract", "check", "compile"])
    parser.add_argument("rooms", nargs="*", help="rooms to look at; all when none is named")
    wanted = parser.parse_args()
    chosen = wanted.rooms or rooms()
    if wanted.action == "extract":
        for room in chosen:
            print(extract(room))
        return 0
    if wanted.action == "compile":
        written = [room for room in chosen if compile_room(room)]
        print(f"translations: {', '.join(written) or 'nothing to do'}")
        return 0
    told = [fault for room in chosen for fault in faults(room)] + list(conflicts())
    for line in told:
        print(line)
    print(f"translations: {len(told)} to mend" if told else "translations: complete")
    return 1 if told else 0


if __name__ == "__main__":
    from django.conf import settings

    settings.configure(USE_I18N=True)
    sys.exit(main())
