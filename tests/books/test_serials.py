"""Serials, investigators' notation and descriptions are read by rule and never guessed."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contraparte.books.rules.confusables import ALPHABET, GROUPS, are_confusable, fold, lookalikes
from contraparte.books.rules.descriptions import (
    Agreement,
    canonical_maker,
    canonical_model,
    canonical_type,
    compare_calibers,
    compare_makers,
    compare_models,
    compare_types,
    edit_distance,
    read_caliber,
    require_caliber,
    require_type,
)
from contraparte.books.rules.notation import MIN_KNOWN, SerialPattern
from contraparte.books.rules.serials import Serial, SerialState, read_serial, serial_state
from contraparte.protocol.errors import (
    CaliberAmbiguousError,
    ContraparteError,
    FirearmTypeUnknownError,
    SerialIsStateError,
    SerialPatternError,
    SerialPatternVagueError,
    SerialScientificError,
    SerialUnreadableError,
)

canonical = st.text(ALPHABET, min_size=1, max_size=24)


@pytest.mark.parametrize(
    ("raw", "text"),
    [("abc-123", "ABC123"), (" 12.345/67 ", "1234567"), ("a–b—c", "ABC"), ("0012", "0012"), ("12E5", "12E5")],
)
def test_case_blanks_dots_dashes_and_slashes_do_not_count(raw: str, text: str) -> None:
    assert Serial.parse(raw).text == text


@given(st.text())
@example("straße")
@example("Ñ123")
@example("ＡＢＣ")
@example("１２３")
@example("ſ12")
@example("\x00")
@example("12\n")
def test_parsing_refuses_rather_than_guesses(raw: str) -> None:
    try:
        text = Serial.parse(raw).text
    except ContraparteError as refusal:
        assert refusal.params["field"] == "serial"
        return
    kept = [character for character in raw if character in ALPHABET + ALPHABET.lower()]
    assert text == "".join(kept).upper()
    assert Serial.parse(text).text == text


@given(canonical)
def test_a_canonical_serial_reads_as_itself_or_is_a_word_of_a_state(text: str) -> None:
    if serial_state(text):
        with pytest.raises(SerialIsStateError):
            Serial.parse(text)
    else:
        assert Serial.parse(text).text == text


@pytest.mark.parametrize(
    ("raw", "state"),
    [
        ("LIMADO", SerialState.ERASED),
        ("limada.", SerialState.ERASED),
        ("SIN NÚMERO", SerialState.NEVER_HAD),
        ("sin numero", SerialState.NEVER_HAD),
        ("S/N", SerialState.NEVER_HAD),
        ("s / n", SerialState.NEVER_HAD),
        ("N/A", SerialState.NEVER_HAD),
        ("ILEGIBLE", SerialState.UNREAD),
        ("Obliterated", SerialState.ERASED),
        ("unknown", SerialState.UNREAD),
    ],
)
def test_words_of_a_state_are_never_read_as_a_serial(raw: str, state: SerialState) -> None:
    with pytest.raises(SerialIsStateError):
        Serial.parse(raw)
    reading = read_serial(raw)
    assert (reading.state, reading.serial, reading.error) == (state, None, None)


@pytest.mark.parametrize("raw", ["1.23E+05", "1,23E+05", "1E+10", "4.5678e+11", " 1.2E+5 ", "1.5E-05", "1.23E05"])
def test_scientific_notation_is_refused_as_altered_by_a_spreadsheet(raw: str) -> None:
    with pytest.raises(SerialScientificError):
        Serial.parse(raw)


@pytest.mark.parametrize("raw", ["12E5", "E123", "123E-45", "AB1E+05", "1E5"])
def test_a_serial_with_an_e_in_it_is_not_taken_for_scientific_notation(raw: str) -> None:
    try:
        assert "E" in Serial.parse(raw).text
    except SerialUnreadableError:
        assert "+" in raw


@pytest.mark.parametrize("raw", ["", " ", "-./", "A" * 25, "A_1", "12#4", "x" * 5000])
def test_what_is_not_1_to_24_characters_is_unreadable(raw: str) -> None:
    with pytest.raises(SerialUnreadableError):
        Serial.parse(raw)


def test_the_reading_marks_doubtful_characters_of_a_mixed_serial_only() -> None:
    doubtful = read_serial("AB-8120").doubtful
    assert [(doubt.position, doubt.character, doubt.lookalikes) for doubt in doubtful[:3]] == [
        (0, "A", "4"),
        (1, "B", "8"),
        (2, "8", "B"),
    ]
    assert read_serial("8120").doubtful == ()
    assert read_serial("").serial is None
    assert read_serial("No. 12345").label == "No."


def test_folding_makes_confusables_one_and_nothing_else() -> None:
    for group in GROUPS:
        assert len({fold(character) for character in group}) == 1
    for one in ALPHABET:
        for other in ALPHABET:
            assert (fold(one) == fold(other)) == (one == other or are_confusable(one, other))
    assert set(lookalikes("0")) == set("ODQ")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("12?4[8b]*", "12?4[8B]*"),
        ("a**b1", "A*B1"),
        ("[8]12", "812"),
        ("ab-1? 2", "AB1?2"),
        ("[8,B]12", "[8B]12"),
        ("*345", "*345"),
    ],
)
def test_notation_reads_as_written(raw: str, text: str) -> None:
    assert str(SerialPattern.parse(raw)) == text


@pytest.mark.parametrize("raw", ["12[8B", "12[]3", "12]3?", "12?#", "[????]12", "?" * 30 + "12", "12?ñ"])
def test_broken_notation_names_where_reading_stopped(raw: str) -> None:
    with pytest.raises(SerialPatternError) as refusal:
        SerialPattern.parse(raw)
    assert 0 <= refusal.value.params["at"] <= len(raw)


@pytest.mark.parametrize("raw", ["?", "*", "1?", "*?*", "??4*"])
def test_a_pattern_that_says_too_little_is_refused(raw: str) -> None:
    with pytest.raises(SerialPatternVagueError) as refusal:
        SerialPattern.parse(raw)
    assert refusal.value.params["needed"] == MIN_KNOWN


@given(st.text(alphabet="AB12?*[]- ñ", max_size=40))
def test_any_text_is_a_pattern_or_a_named_refusal(raw: str) -> None:
    try:
        pattern = SerialPattern.parse(raw)
    except ContraparteError as refusal:
        assert refusal.code.split(".")[0] in {"trace", "books"}
        return
    assert SerialPattern.parse(str(pattern)) == pattern


@pytest.mark.parametrize("text", ["9mm", "9x19", "9 Para", "Parabellum", "9 MM LUGER", "calibre 9x19 mm", "9 × 19"])
def test_the_spellings_of_one_calibre_are_one(text: str) -> None:
    assert require_caliber(text).code == "9x19"


def test_calibre_nine_is_ambiguous_and_names_its_choices() -> None:
    with pytest.raises(CaliberAmbiguousError) as refusal:
        require_caliber("9")
    assert "9x19" in refusal.value.params["choices"]
    assert compare_calibers("9", "9x19") is Agreement.NEAR


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (".223 Rem", "5.56x45"), ("5,56 x 45 mm", "5.56x45"), ("7.62X39", "7.62x39"), (".38 SÚPER", ".38 Super"),
        ("0.380", ".380 ACP"), ("12 GA", "12 gauge"), ("calibre 12", "12 gauge"), (".50 BMG", ".50 BMG"),
        ("odd", "ODD"),
    ],
)  # fmt: skip
def test_calibres_are_read_in_their_usual_spellings(text: str, code: str) -> None:
    assert read_caliber(text).code == code


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("SMITH AND WESSON, INC.", "Smith & Wesson"), ("S&W", "Smith & Wesson"), ("Sturm, Ruger & Co., Inc.", "Ruger"),
        ("Colt's Manufacturing Company LLC", "Colt"), ("Acme Arms LLC", "ACME"), ("", ""), ("Fábrica Ñ", "FABRICA N"),
    ],
)  # fmt: skip
def test_makers_are_known_by_their_usual_names(text: str, name: str) -> None:
    assert canonical_maker(text) == name


def test_descriptions_agree_by_degrees() -> None:
    assert compare_makers("Glock", canonical_maker("Glockk")) is Agreement.NEAR
    assert compare_makers("Glock", "Colt") is Agreement.DIFFERENT
    assert compare_makers("", "Colt") is Agreement.MISSING
    assert compare_types(canonical_type("pistola"), canonical_type("PI")) is Agreement.SAME
    assert compare_types("P", "R") is Agreement.DIFFERENT
    assert compare_models(canonical_model("G-19"), canonical_model("19")) is Agreement.NEAR
    with pytest.raises(FirearmTypeUnknownError):
        require_type("banana")


@given(st.text(max_size=60))
def test_any_text_has_a_description_that_reads_as_itself_again(text: str) -> None:
    assert canonical_maker(canonical_maker(text)) == canonical_maker(text)
    assert canonical_type(text) in {"", *"ABCDEFGHIJKMOPQRSVZ"}
    read_caliber(text)


@given(canonical, canonical)
def test_edit_distance_is_symmetric_and_zero_for_equal_texts_only(one: str, other: str) -> None:
    assert edit_distance(one, other, 30) == edit_distance(other, one, 30)
    assert (edit_distance(one, other, 30) == 0) == (one == other)
