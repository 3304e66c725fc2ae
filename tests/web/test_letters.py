"""The letter of request as PDF: tagged, the same facts in both languages, texts printed and never run."""

import io
from dataclasses import replace
from datetime import date

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contraparte.protocol.errors import LetterIncompleteError
from contraparte.web.letters import Letter, Text, day_in_words, render_letter

LETTER = Letter(
    reference="FGE-SON/ASIN/17/2026",
    written=date(2026, 3, 3),
    requesting=Text("Sonora State Prosecutor, International Office", "Fiscalía de Sonora, Dirección Internacional"),
    competent=Text("Central Authority for Mutual Assistance", "Autoridad Central de Asistencia Jurídica"),
    instrument=Text("Treaty on Cooperation for Mutual Legal Assistance", "Tratado de Cooperación sobre Asistencia"),
    article="art. 4",
    offences=(
        Text("Money laundering", "Operaciones con recursos de procedencia ilícita"),
        Text("Extortion", "Extorsión"),
    ),
    facts=Text("Account 1 received the ransom.\nIt was emptied.", "La cuenta 1 recibió el rescate.\nFue vaciada."),
    purpose=Text("To trace the money and prosecute.", "Seguir el dinero y ejercer la acción penal."),
    measures=(Text("Bank records of account 1", "Estados de la cuenta 1"), Text("Freeze it", "Asegurarla")),
    formalities=(Text("Certified copies", "Copias certificadas"),),
    due=date(2026, 6, 30),
    signer=Text("Director of International Affairs", "Directora de Asuntos Internacionales"),
)


def halves(data: bytes) -> tuple[str, str]:
    """The text of the English and of the Spanish half, blanks evened out."""
    pages = [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(data)).pages]
    start = next(number for number, page in enumerate(pages) if "Solicitud de asistencia" in page)
    return " ".join(pages[:start]), " ".join(pages[start:])


def test_every_fact_stands_in_both_languages_in_the_same_order() -> None:
    english, spanish = halves(render_letter(LETTER))
    order: list[list[int]] = [[], []]
    texts = [LETTER.requesting, LETTER.competent, LETTER.instrument, *LETTER.offences, LETTER.purpose, *LETTER.measures]
    for text in [*texts, *LETTER.formalities, LETTER.signer]:
        for number, (half, said) in enumerate(((english, text.en), (spanish, text.es))):
            assert half.count(said) == 1, said
            order[number].append(half.index(said))
    assert [sorted(places) == places for places in order] == [True, True]
    for half in (english, spanish):
        for shared in ("FGE-SON/ASIN/17/2026", "art. 4"):
            assert shared in half
        assert LETTER.version in half.replace(" ", "")
    for line in (*LETTER.facts.en.split("\n"), "3 March 2026", "30 June 2026"):
        assert line in english
    for line in (*LETTER.facts.es.split("\n"), "3 de marzo de 2026", "30 de junio de 2026"):
        assert line in spanish


def test_the_pdf_is_tagged_and_says_its_languages_and_title() -> None:
    root = pypdf.PdfReader(io.BytesIO(render_letter(LETTER))).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and "/StructTreeRoot" in root
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    raw = pypdf.PdfReader(io.BytesIO(render_letter(LETTER)))
    assert raw.metadata is not None and "Solicitud de asistencia jurídica internacional" in str(raw.metadata.title)
    assert b"pdfuaid" in root["/Metadata"].get_object().get_data()
    languages = {str(one["/Lang"]) for one in _elements(root["/StructTreeRoot"]) if "/Lang" in one}
    languages.add(str(root["/Lang"]))
    assert {tag.partition("-")[0] for tag in languages} == {"en", "es"}


def _elements(node: object) -> "list[pypdf.generic.DictionaryObject]":
    """Every element of the structure tree."""
    found = []
    waiting = [node]
    while waiting:
        one = waiting.pop()
        one = one.get_object() if hasattr(one, "get_object") else one
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, pypdf.generic.DictionaryObject):
            found.append(one)
            if "/K" in one and len(found) < 5000:
                waiting.append(one["/K"])
    return found


def test_the_same_facts_give_the_same_bytes_and_one_changed_letter_another_version() -> None:
    assert render_letter(LETTER) == render_letter(LETTER)
    changed = replace(LETTER, facts=replace(LETTER.facts, es=LETTER.facts.es.replace("1", "2")))
    assert changed.version != LETTER.version
    assert render_letter(changed) != render_letter(LETTER)


MARKUP = ('#read("/etc/passwd")', "$x^2$ *bold* _it_ <label> @ref", "= Not a heading", "\\ # [ ]")


@pytest.mark.parametrize("text", MARKUP)
def test_what_is_typed_is_printed_and_never_run(text: str) -> None:
    typed = replace(LETTER, purpose=Text(f"Aaa {text} zzz", f"Bbb {text} yyy"))
    english, spanish = halves(render_letter(typed))
    assert f"Aaa {text} zzz" in english and f"Bbb {text} yyy" in spanish


def test_without_formalities_or_date_the_letter_says_so() -> None:
    english, spanish = halves(render_letter(replace(LETTER, formalities=(), due=None)))
    assert "None." in english and "Ninguna." in spanish
    assert "Needed by" not in english and "Fecha en que se requiere" not in spanish


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"facts": Text("Facts.", " ")}, "facts"),
        ({"purpose": Text("", "Fines.")}, "purpose"),
        ({"offences": ()}, "offences"),
        ({"measures": (Text("One", ""),)}, "measures"),
        ({"measures": (Text("One", "Una"),) * 101}, "measures"),
        ({"reference": ""}, "reference"),
        ({"article": "4\x07"}, "article"),
        ({"facts": Text("x" * 20_001, "x")}, "facts"),
        ({"facts": Text("bell \x07", "x")}, "facts"),
    ],
)
def test_a_letter_that_lacks_something_in_a_language_is_not_made(change: dict[str, object], field: str) -> None:
    with pytest.raises(LetterIncompleteError) as caught:
        render_letter(replace(LETTER, **change))  # type: ignore[arg-type]
    assert caught.value.params["field"] == field


SPANISH = st.sampled_from(["niñez", "ejecución", "«cita»", "señal", "Ü", "ley", "€", "—", "½"])


@settings(max_examples=15)
@given(st.lists(SPANISH, min_size=1, max_size=8))
def test_spanish_letters_come_out_as_they_went_in(words: list[str]) -> None:
    said = " ".join(words)
    _, spanish = halves(render_letter(replace(LETTER, purpose=Text("Purpose.", f"Inicio {said} fin"))))
    assert f"Inicio {said} fin" in spanish


def test_a_long_letter_breaks_over_pages_and_loses_nothing() -> None:
    lines = [f"Line {number} of the facts." for number in range(300)]
    long = replace(LETTER, facts=Text("\n".join(lines), "\n".join(lines)))
    english, spanish = halves(render_letter(long))
    assert all(english.count(f"Line {number} of") == 1 == spanish.count(f"Line {number} of") for number in range(300))


@given(st.dates())
def test_a_date_in_words_names_day_month_and_year(day: date) -> None:
    for language in ("en", "es"):
        words = day_in_words(day, language).split()
        assert words[0] == str(day.day) and words[-1] == str(day.year)
    assert day_in_words(date(2026, 3, 4), "es") == "4 de marzo de 2026"
