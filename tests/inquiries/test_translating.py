"""Which texts of a letter have a translation that still fits; and that what is taken up says the same."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contraparte.inquiries.catalogue import catalogue
from contraparte.inquiries.rules.reading import request_of, typed_of
from contraparte.inquiries.rules.translating import digest_of, fitting, hash_of, is_stale, pairs_of, plain, texts_of

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=40)
CODES = st.sampled_from(sorted(code for code, one in catalogue().measures.items() if "letter" in one.families))
MEASURES = st.lists(st.fixed_dictionaries({"code": CODES, "object": WORDS, "nexus": WORDS}), max_size=4)
OFFENCES = st.lists(
    st.fixed_dictionaries({"code": st.sampled_from(sorted(catalogue().offences)), "text": WORDS}), max_size=3
)
TYPED = st.fixed_dictionaries(
    {"instrument": st.just("untoc"), "facts": WORDS, "purpose": WORDS, "offences": OFFENCES, "measures": MEASURES}
)


def translated(typed: dict[str, Any]) -> dict[str, Any]:
    """What is typed with a translation of every text, certified."""
    sources = texts_of(typed)
    return typed | {
        "written_in": "en",
        "letter_on": "2026-11-20",
        "translations": {name: {"text": f"ES {text}", "of": hash_of(text)} for name, text in sources.items()},
        "translation_hash": "a" * 64,
        "translation_of": digest_of(sources),
    }


@given(TYPED)
def test_a_translation_fits_as_long_as_its_text_stands(typed: dict[str, Any]) -> None:
    whole = translated(typed)
    assert not is_stale(whole) and not any(pair.is_missing for pair in pairs_of(whole))
    assert fitting(whole).keys() == texts_of(typed).keys()


@given(TYPED, WORDS)
def test_a_changed_text_is_told_and_its_translation_does_not_leave(typed: dict[str, Any], facts: str) -> None:
    changed = translated(typed) | {"facts": facts}
    differs = plain(facts) != plain(typed["facts"])
    assert is_stale(changed) == differs
    assert ("facts" in fitting(changed)) == (bool(plain(facts)) and not differs)
    assert {pair.name for pair in pairs_of(changed) if pair.is_missing} <= {"facts"}


@given(TYPED, st.sets(st.integers(0, 3)))
def test_what_is_taken_up_from_a_payload_says_the_same_also_without_measures_held_back(
    typed: dict[str, Any], stopped: set[int]
) -> None:
    words = {"reference": "I-26-000001", "known": catalogue(), "lead": ("", "")}
    body = request_of(translated(typed), stopped=frozenset(stopped), **words).to_body()  # type: ignore[arg-type]
    taken = typed_of(body)
    again = request_of(taken, **words).to_body()  # type: ignore[arg-type]
    assert [one.get("object") for one in again.get("measures", ())] == [
        one.get("object") for one in body.get("measures", ())
    ]
    assert sorted(fitting(taken).values()) == sorted(one["text"] for one in (body["letter"].get("texts") or ()))
    assert again.get("facts") == body.get("facts") and again.get("offences") == body.get("offences")
