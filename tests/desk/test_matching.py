"""Words of a search against words of the house."""

from hypothesis import given
from hypothesis import strategies as st

from contraparte.desk.rules.matching import MOST_WORDS, fold, is_in, words_of


def test_case_and_accents_do_not_count() -> None:
    assert fold("Extorsión") == "extorsion" == fold("EXTORSIO\u0301N")
    assert is_in("extorsion", ["Secuestro", "La EXTORSIÓN"]) and is_in("extor", ["Extorsión"])


def test_a_word_is_found_where_one_begins_with_it() -> None:
    assert is_in("us", ["us.doj/assistance"]) and not is_in("us", ["Spontaneous use of information"])
    assert is_in("fge-son", ["mx.fge-son/assistance"]) and is_in("inquiry", ["inquiry_request"])


@given(st.text(max_size=200))
def test_a_search_has_few_folded_words_and_finds_its_own_text(text: str) -> None:
    words = words_of(text)
    assert len(words) <= MOST_WORDS and len(set(words)) == len(words)
    assert all(is_in(word, [text]) for word in words if word.isalnum())
