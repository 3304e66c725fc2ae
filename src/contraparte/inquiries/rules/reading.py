"""From what a form holds (`typed`, plain JSON) to the values the rules judge and the payload that may leave."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from contraparte.inquiries.messages import (
    InquiryNote,
    InquiryRequest,
    LetterPart,
    LetterText,
    Measure,
    Offence,
    Person,
    Spoken,
    Translation,
)
from contraparte.inquiries.rules.catalogue import Catalogue
from contraparte.inquiries.rules.completeness import Asked, AskedMeasure, AskedOffence, rights_screen
from contraparte.inquiries.rules.translating import fitting, hash_of, is_stale, plain, texts_of

Typed = Mapping[str, Any]
TEXTS = (
    "instrument", "counterpart", "facts", "purpose", "requesting_authority", "competent_authority", "article",
    "urgent_reason", "due_reason", "translation_hash", "translated_by", "handling_text", "source_grade",
    "information_grade", "oral_by",
)  # fmt: skip


def read_day(text: Any) -> date | None:
    """A day as stored, or None."""
    return date.fromisoformat(str(text)) if text else None


def asked_of(typed: Typed) -> Asked:
    """The request as completeness looks at it."""
    return Asked(
        **{name: str(typed.get(name, "")).strip() for name in TEXTS},
        urgency=str(typed.get("urgency") or "routine"),
        due_on=read_day(typed.get("due_on")),
        offences=tuple(
            AskedOffence(row.get("code", ""), row.get("text", ""), row.get("jurisdiction", ""))
            for row in typed.get("offences", ())
        ),
        measures=tuple(
            AskedMeasure(row.get("code", ""), row.get("object", ""), row.get("nexus", ""), row.get("dual", ""))
            for row in typed.get("measures", ())
        ),
        handling=frozenset(typed.get("handling", ())),
        is_translation_stale=is_stale(typed),
        is_oral=bool(typed.get("is_oral")),
        note=tuple(str(typed.get(f"note_{name}", "")) for name in ("subject", "what", "when", "asked")),  # type: ignore[arg-type]
    )


def request_of(
    typed: Typed, *, reference: str, known: Catalogue, stopped: frozenset[int] = frozenset(), lead: tuple[str, str]
) -> InquiryRequest:
    """The payload, without the measures that are held back. `lead` is thread and number of what it follows."""
    asked = asked_of(typed)
    persons = list(typed.get("persons", ()))
    translated = bool(asked.translation_hash or asked.translated_by)
    return InquiryRequest(
        reference=reference,
        instrument=asked.instrument,
        article=asked.article,
        requesting_authority=asked.requesting_authority,
        competent_authority=asked.competent_authority,
        urgency=asked.urgency,  # type: ignore[arg-type]
        urgent_reason=asked.urgent_reason,
        due_on=asked.due_on,
        due_reason=asked.due_reason,
        offences=[Offence(code=one.code, text=one.text, jurisdiction=one.jurisdiction) for one in asked.offences],
        facts=asked.facts,
        purpose=asked.purpose,
        measures=[
            Measure(number=row + 1, code=one.code, object=one.object, nexus=one.nexus, dual=one.dual)
            for row, one in enumerate(asked.measures)
            if row not in stopped
        ],
        subjects=[_person(one) for one in persons if not one.get("minor") and one.get("status") != "victim"],
        victims=[_person(one) for one in persons if not one.get("minor") and one.get("status") == "victim"],
        minors=[_person(one) for one in persons if one.get("minor")],
        formalities=str(typed.get("formalities", "")).strip(),
        confidentiality=str(typed.get("confidentiality", "")).strip(),
        attendance=str(typed.get("attendance", "")).strip(),
        translation=Translation(
            language=str(typed.get("translation_language", "")),
            sha256=asked.translation_hash,
            certified_by=asked.translated_by,
            certified_on=read_day(typed.get("translated_on")),
        )
        if translated
        else None,
        letter=letter_part(typed, stopped),
        spoken=Spoken(by=asked.oral_by, to=str(typed.get("oral_to", "")), at=_moment(typed.get("oral_at")))
        if asked.is_oral
        else None,
        rights=list(rights_of(typed, known)),
        follows=lead[0],
        follows_reference=lead[1],
        group=str(typed.get("group", "")).strip(),
    )


def letter_part(typed: Typed, stopped: frozenset[int] = frozenset()) -> LetterPart | None:
    """What makes a letter of a request, once somebody wrote its other language; no text of a measure held back."""
    if typed.get("written_in") not in {"en", "es"} or not typed.get("letter_on"):
        return None
    kept_back = tuple(f"measures-{row + 1}-" for row in stopped)
    return LetterPart(
        written_in=typed["written_in"],
        dated=date.fromisoformat(typed["letter_on"]),
        signer=plain(typed.get("signer")),
        texts=[
            LetterText(name=name, text=text)
            for name, text in sorted(fitting(typed).items())
            if not (kept_back and name.startswith(kept_back))
        ],
    )


_COPIED = (
    "instrument", "article", "requesting_authority", "competent_authority", "urgency", "urgent_reason", "due_on",
    "due_reason", "facts", "purpose", "formalities", "confidentiality", "attendance",
    "group",
)  # fmt: skip


def typed_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a form holds that says the same as a payload: for who takes up what another agency wrote.

    Who signs stays behind: whoever sends it on signs. So does the certification, which is bound to the author's own
    texts and is given again. Translations come along.
    """
    told: dict[str, Any] = {name: body[name] for name in _COPIED if body.get(name)}
    told["offences"] = [dict(one) for one in body.get("offences", ())]
    told["measures"] = [
        {name: one[name] for name in ("code", "object", "nexus", "dual") if one.get(name)}
        for one in body.get("measures", ())
    ]
    persons = [(kind, one) for kind in ("subjects", "victims", "minors") for one in body.get(kind, ())]
    told["persons"] = [dict(one) | ({"minor": True} if kind == "minors" else {}) for kind, one in persons]
    told["rights"] = [code for code in body.get("rights", ()) if code != "minor"]
    part = body.get("letter") or {}
    if part.get("written_in") in {"en", "es"} and part.get("dated"):
        renumbered = {
            f"measures-{one.get('number')}-": f"measures-{place}-"
            for place, one in enumerate(body.get("measures", ()), start=1)
        }
        sources = texts_of(told)
        told |= {"written_in": part["written_in"], "letter_on": part["dated"], "translations": {}}
        for one in part.get("texts", ()):
            name = str(one.get("name", ""))
            start = next((old for old in renumbered if name.startswith(old)), "")
            name = renumbered[start] + name.removeprefix(start) if start else name
            if name in sources:
                told["translations"][name] = {"text": str(one.get("text", "")), "of": hash_of(sources[name])}
    return told


def rights_of(typed: Typed, known: Catalogue) -> tuple[str, ...]:
    """The flags of the rights screen that a second person must look at."""
    has_minor = any(one.get("minor") for one in typed.get("persons", ()))
    return rights_screen(asked_of(typed), known, ticked=_codes(typed.get("rights", ())), has_minor=has_minor)


def note_of(typed: Typed, *, reference: str) -> InquiryNote:
    """The payload of a liaison note."""
    told = {name: str(typed.get(f"note_{name}", "")).strip() for name in ("matter", "subject", "what", "when", "asked")}
    return InquiryNote(reference=reference, **told)


def _codes(values: Sequence[Any]) -> list[str]:
    return [str(value) for value in values]


def _person(row: Mapping[str, Any]) -> Person:
    return Person(name=str(row.get("name", "")), born=read_day(row.get("born")), status=row.get("status", ""))


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(str(text)) if text else None
