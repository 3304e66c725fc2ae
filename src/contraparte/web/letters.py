"""The letter of request as a tagged PDF in English and Spanish, ready to sign (PDF/UA-1, by typst).

Pure: facts in, bytes out; the same facts give the same bytes. Every fact stands in both languages, in the same order,
under the same number, and both halves bear the SHA-256 of the facts, so that a signed copy is bound to one version.
Texts reach typst as data, never as markup: what somebody types is printed, not run.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Final

from contraparte.protocol.errors import LetterIncompleteError

LANGUAGES: Final = ("en", "es")
TEXT_CHARS: Final = 20_000
"""Characters of one text in one language: some ten pages."""
LINES: Final = 100
"""Entries of one list."""

_MONTHS: Final = {
    "en": "January February March April May June July August September October November December",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
}
_WORDS: Final = {
    "title": ("Request for mutual legal assistance", "Solicitud de asistencia jurídica internacional"),
    "reference": ("Reference", "Referencia"),
    "date": ("Date", "Fecha"),
    "requesting": ("Requesting authority", "Autoridad requirente"),
    "competent": ("Authority to which it is addressed", "Autoridad a la que se dirige"),
    "instrument": ("Instrument", "Instrumento"),
    "offences": ("Offences", "Delitos"),
    "facts": ("Facts", "Hechos"),
    "purpose": ("Purpose of the assistance", "Finalidad de la asistencia"),
    "measures": ("Assistance requested", "Asistencia que se solicita"),
    "formalities": ("Formalities to be followed", "Formalidades que se solicita observar"),
    "due": ("Needed by", "Fecha en que se requiere"),
    "urgency": ("Urgency", "Urgencia"),
    "persons": ("Persons of the case", "Personas del caso"),
    "confidentiality": ("Confidentiality", "Confidencialidad"),
    "attendance": ("Attendance of officials", "Presencia de funcionarios"),
    "none": ("None.", "Ninguna."),
    "signature": ("Signature", "Firma"),
    "version": ("Version of the facts (SHA-256)", "Versión de los hechos (SHA-256)"),
    "page": ("page", "página"),
}


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages."""

    en: str
    es: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What a letter of request says. `article` is the place in the instrument; `due` is None where no date is asked.

    What stands after `signer` is printed where it is there.
    """

    reference: str
    written: date
    requesting: Text
    competent: Text
    instrument: Text
    article: str
    offences: tuple[Text, ...]
    facts: Text
    purpose: Text
    measures: tuple[Text, ...]
    formalities: tuple[Text, ...]
    due: date | None
    signer: Text
    due_reason: Text | None = None
    urgency: Text | None = None
    persons: tuple[Text, ...] = ()
    confidentiality: Text | None = None
    attendance: Text | None = None

    @property
    def version(self) -> str:
        """SHA-256 of all facts in both languages, in hex."""
        told = json.dumps(_plain(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(told.encode()).hexdigest()


def render_letter(letter: Letter) -> bytes:
    """The letter as PDF/UA-1. LetterIncompleteError names the field that is missing in a language, or too long."""
    import typst

    _require_whole(letter)
    halves = [_half(letter, number, language) for number, language in enumerate(LANGUAGES)]
    told = {"halves": halves, "title": " · ".join(_WORDS["title"]), "date": letter.written.isoformat()}
    return bytes(
        typst.compile(
            (Path(__file__).parent / "letter.typ").read_bytes(),
            format="pdf",
            ignore_system_fonts=True,  # the same letter looks the same everywhere
            sys_inputs={"letter": json.dumps(told, ensure_ascii=False)},
            pdf_standards="ua-1",
            timestamp=datetime.combine(letter.written, time(), UTC),
        )
    )


def _require_whole(letter: Letter) -> None:
    for name, text in _texts(letter):
        for language in LANGUAGES:
            read = getattr(text, language)
            if not read.strip() or len(read) > TEXT_CHARS or not _is_text(read):
                raise LetterIncompleteError(field=name, language=language)
    for name in ("offences", "measures", "formalities", "persons"):
        if len(getattr(letter, name)) > LINES or (name in {"offences", "measures"} and not getattr(letter, name)):
            raise LetterIncompleteError(field=name, language="en")
    for name in ("reference", "article"):
        if not getattr(letter, name).strip() or not getattr(letter, name).isprintable():
            raise LetterIncompleteError(field=name, language="en")


def _is_text(read: str) -> bool:
    return all(char.isprintable() or char in "\n\t" for char in read)


def _texts(letter: Letter) -> Iterator[tuple[str, Text]]:
    for one in fields(letter):
        value = getattr(letter, one.name)
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, Text):
                yield one.name, text


def _plain(letter: Letter) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, Text):
            return {"en": value.en, "es": value.es}
        if isinstance(value, tuple):
            return [plain(one) for one in value]
        return value.isoformat() if isinstance(value, date) else value

    return {one.name: plain(getattr(letter, one.name)) for one in fields(letter)}


def _half(letter: Letter, number: int, language: str) -> dict[str, Any]:
    """One language's half: words, then numbered sections of paragraphs or of a list."""
    words = {name: pair[number] for name, pair in _WORDS.items()}

    def said(text: Text) -> str:
        return str(getattr(text, language))

    def section(name: str, lines: list[str], is_list: bool = False) -> dict[str, Any]:
        return {"title": words[name], "lines": lines or [words["none"]], "list": is_list and bool(lines)}

    sections = [
        section("requesting", [said(letter.requesting)]),
        section("competent", [said(letter.competent)]),
        section("instrument", [f"{said(letter.instrument)}, {letter.article}"]),
        section("offences", [said(one) for one in letter.offences], True),
        section("facts", said(letter.facts).split("\n")),
        section("purpose", said(letter.purpose).split("\n")),
        section("measures", [said(one) for one in letter.measures], True),
        section("formalities", [said(one) for one in letter.formalities], True),
    ]
    if letter.persons:
        sections.append(section("persons", [said(one) for one in letter.persons], True))
    more = {"urgency": letter.urgency, "confidentiality": letter.confidentiality, "attendance": letter.attendance}
    sections += [section(name, said(text).split("\n")) for name, text in more.items() if text is not None]
    if letter.due is not None:
        why = said(letter.due_reason).split("\n") if letter.due_reason is not None else []
        sections.append(section("due", [day_in_words(letter.due, language), *why]))
    return {
        "language": language,
        "words": words,
        "reference": letter.reference,
        "date": day_in_words(letter.written, language),
        "sections": sections,
        "signer": said(letter.signer),
        "version": letter.version,
    }


def day_in_words(day: date, language: str) -> str:
    """A date that nobody reads the wrong way round: 3 March 2026, 3 de marzo de 2026."""
    month = _MONTHS[language].split()[day.month - 1]
    return f"{day.day} {month} {day.year}" if language == "en" else f"{day.day} de {month} de {day.year}"
