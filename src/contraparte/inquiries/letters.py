"""The letter of an inquiry: what it says in both languages, its version, the PDF; read from the payload on each side.

Words of codes come from the catalogue of this release, so both halves say the same thing; what people typed comes from
the payload, in the language it was written in, with its translation beside it.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from django.utils import translation

from contraparte.inquiries.catalogue import catalogue
from contraparte.inquiries.models import Inquiry
from contraparte.inquiries.rules.catalogue import Entry
from contraparte.inquiries.rules.reading import request_of
from contraparte.inquiries.rules.translating import NAMES, plain
from contraparte.inquiries.wording import PERSON_STATES
from contraparte.protocol.errors import LetterIncompleteError
from contraparte.web.letters import Letter, Text, day_in_words, render_letter

Body = Mapping[str, Any]
NEXUS: Final = Text("Nexus to the case", "Nexo con el caso")
DUAL: Final = Text("Offence on the other side", "Delito en la otra parte")
MINOR: Final = Text("a minor", "menor de edad")
URGENT: Final = Text("Urgent.", "Urgente.")
NO_ARTICLE: Final = "–"


class _Reader:
    """Reads texts of a payload in both languages; a text that has no translation stops the letter by its name."""

    def __init__(self, body: Body) -> None:
        self.part: Body = body.get("letter") or {}
        if self.part.get("written_in") not in {"en", "es"} or not self.part.get("dated"):
            raise LetterIncompleteError(field="letter", language="en")
        self.written_in = str(self.part["written_in"])
        self.other = "es" if self.written_in == "en" else "en"
        self.translated = {str(one.get("name", "")): plain(one.get("text")) for one in self.part.get("texts", ())}

    def text(self, name: str, source: Any) -> Text | None:
        """One text, or None where nothing was typed. LetterIncompleteError."""
        said = plain(source)
        if not said:
            return None
        told = self.translated.get(name) or (said if name in NAMES else "")
        if not told:
            raise LetterIncompleteError(field=name, language=self.other)
        return Text(said, told) if self.written_in == "en" else Text(told, said)

    def needed(self, name: str, source: Any) -> Text:
        """One text that must be there. LetterIncompleteError."""
        found = self.text(name, source)
        if found is None:
            raise LetterIncompleteError(field=name, language=self.written_in)
        return found


def letter_of(body: Body) -> Letter:
    """What the letter says. LetterIncompleteError names the text that is missing in a language."""
    read = _Reader(body)
    due = body.get("due_on")
    formalities = read.text("formalities", body.get("formalities"))
    return Letter(
        reference=str(body.get("reference", "")),
        written=date.fromisoformat(str(read.part["dated"])),
        requesting=read.needed("requesting_authority", body.get("requesting_authority")),
        competent=read.needed("competent_authority", body.get("competent_authority")),
        instrument=_words(catalogue().instruments.get(str(body.get("instrument", ""))), body.get("instrument")),
        article=plain(body.get("article")) or NO_ARTICLE,
        offences=tuple(_offences(body, read)),
        facts=read.needed("facts", body.get("facts")),
        purpose=read.needed("purpose", body.get("purpose")),
        measures=tuple(_measures(body, read)),
        formalities=(formalities,) if formalities else (),
        due=date.fromisoformat(str(due)) if due else None,
        signer=read.needed("signer", read.part.get("signer")),
        due_reason=read.text("due_reason", body.get("due_reason")),
        urgency=_urgency(body, read),
        persons=tuple(_persons(body)),
        confidentiality=read.text("confidentiality", body.get("confidentiality")),
        attendance=read.text("attendance", body.get("attendance")),
    )


def unsent_body(row: Inquiry) -> dict[str, Any]:
    """The payload of a letter that has not left, as it would leave, but for the hash of its signed copy."""
    stopped = frozenset(number - 1 for number in row.left_out)
    body = request_of(row.typed, reference=row.reference, known=catalogue(), stopped=stopped, lead=("", ""))
    return dict(body.to_body())


def version_of(body: Body) -> str:
    """SHA-256 of all the letter says in both languages, in hex; "" while it is not whole."""
    try:
        return letter_of(body).version
    except LetterIncompleteError:
        return ""


def missing_in(body: Body) -> str:
    """The name of the first text the letter lacks; "" when it is whole."""
    try:
        letter_of(body)
    except LetterIncompleteError as error:
        return str(error.params["field"])
    return ""


def pdf_of(body: Body) -> bytes:
    """The letter as PDF/UA-1. LetterIncompleteError."""
    return render_letter(letter_of(body))


def file_name(reference: str, version: str) -> str:
    """What the file is called: our number, and the version it is."""
    return f"{reference}-{version[:8]}.pdf"


def _words(entry: Entry | None, code: Any) -> Text:
    return Text(entry.words.en, entry.words.es) if entry else Text(str(code or ""), str(code or ""))


def _joined(parts: Sequence[Text | None], by: str) -> Text:
    told = [part for part in parts if part is not None]
    return Text(by.join(part.en for part in told), by.join(part.es for part in told))


def _named(name: Text, said: Text | None) -> Text | None:
    return Text(f"{name.en}: {said.en}", f"{name.es}: {said.es}") if said else None


def _offences(body: Body, read: _Reader) -> list[Text]:
    known, told = catalogue().offences, []
    for place, row in enumerate(body.get("offences", ()), start=1):
        name = _words(known.get(str(row.get("code", ""))), row.get("code"))
        where = plain(row.get("jurisdiction"))
        if where:
            name = Text(f"{name.en} ({where})", f"{name.es} ({where})")
        told.append(_joined([name, read.text(f"offences-{place}-text", row.get("text"))], ": "))
    return told


def _measures(body: Body, read: _Reader) -> list[Text]:
    known, told = catalogue().measures, []
    for place, row in enumerate(body.get("measures", ()), start=1):
        start = f"measures-{row.get('number', place)}"
        what = _joined(
            [
                _words(known.get(str(row.get("code", ""))), row.get("code")),
                read.text(f"{start}-object", row.get("object")),
            ],
            ": ",
        )
        nexus = _named(NEXUS, read.text(f"{start}-nexus", row.get("nexus")))
        dual = _named(DUAL, read.text(f"{start}-dual", row.get("dual")))
        told.append(_joined([what, nexus, dual], "\n"))
    return told


def _urgency(body: Body, read: _Reader) -> Text | None:
    if body.get("urgency", "routine") == "routine":
        return None
    return _joined([URGENT, read.text("urgent_reason", body.get("urgent_reason"))], " ")


def _persons(body: Body) -> list[Text]:
    """Each person with standing and date of birth; names stand as they are."""
    told = []
    for kind in ("subjects", "victims", "minors"):
        for row in body.get(kind, ()):
            halves = [_person(row, kind, language) for language in ("en", "es")]
            told.append(Text(*halves))
    return [one for one in told if one.en]


def _person(row: Body, kind: str, language: str) -> str:
    born = str(row.get("born") or "")
    with translation.override(language):
        parts = [
            plain(row.get("name")),
            str(PERSON_STATES.get(str(row.get("status", "")), "")),
            (MINOR.es if language == "es" else MINOR.en) if kind == "minors" else "",
            day_in_words(date.fromisoformat(born), language) if born else "",
        ]
    return ", ".join(part for part in parts if part)
