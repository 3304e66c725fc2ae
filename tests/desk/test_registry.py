"""Words and subjects that features give to the desk."""

import pytest
from django.utils import translation

from contraparte.desk import registry, words
from contraparte.desk.markings import marking_parts
from contraparte.exchange.gate import policy_set
from contraparte.exchange.rules.classes import DATA_CLASSES
from contraparte.exchange.rules.decisions import NEEDS
from contraparte.ledger.rules.leaves import Kind
from contraparte.protocol.marking import Marking


def test_a_field_is_named_by_its_last_step_and_its_place_in_a_list() -> None:
    assert registry.field_word("/hops/2/unheard_of") == "unheard of"
    assert registry.field_word("/unheard_of/1") == "unheard of 2"
    assert registry.field_word("") == ""


def test_an_element_worded_as_a_whole_bears_its_number_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._WORDS["field"], "/hops/*", "Stop")
    assert registry.field_word("/hops/2") == "Stop 3"
    assert registry.field_word("/hops/2/unheard_of") == "unheard of"


def test_a_code_is_worded_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        registry.register_words("policy", {"source-stays-home": "again"})


def test_an_unknown_kind_of_conversation_is_called_by_its_name() -> None:
    assert registry.subject_of("unheard.of").label == "unheard.of"


def test_every_need_class_and_kind_of_entry_has_words() -> None:
    assert set(words.NEEDS) == set(NEEDS)
    assert set(words.DATA_CLASSES) - {""} == set(DATA_CLASSES)
    assert set(words.ENTRIES) == set(Kind)


def test_every_policy_of_the_road_has_words() -> None:
    base = set(words.POLICIES)
    text = policy_set().text
    named = {line.split('"')[1] for line in text.splitlines() if line.startswith("@id(")}
    assert base <= named


@pytest.mark.parametrize(("language", "told"), [("en", "not in court"), ("es", "no en juicio")])
def test_a_marking_is_told_in_words(language: str, told: str) -> None:
    marking = Marking.from_json(
        {"handling": ["H1", "H9"], "purposes": ["firearms_tracing"], "circle": ["mx"], "evidence": "intelligence"}
    )
    with translation.override(language):
        parts = marking_parts(marking)
    assert any(told in part for part in parts)
    assert "H9" in parts, "an unknown restriction is shown, not swallowed"
