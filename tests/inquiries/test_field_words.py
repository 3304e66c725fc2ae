"""Every field an inquiry can carry has a name in words and a data class, and so has every code in one."""

import pytest
from django.utils import translation

from contraparte.desk.registry import field_word, is_worded, value_word
from contraparte.exchange import registry
from contraparte.inquiries.catalogue import catalogue
from contraparte.inquiries.rules.lifecycle import STEPS
from contraparte.inquiries.rules.steps import ALONE, COMMENT, OPENERS, SHARED, type_of
from tests.traces.test_field_words import pointers

INQUIRIES = [known for known in registry.message_types() if known.name.startswith("inquiry.")]


@pytest.mark.parametrize("known", INQUIRIES, ids=lambda known: known.name)
def test_every_field_has_a_name_in_spanish_and_a_data_class(known: registry.MessageType) -> None:
    found = list(pointers(known.body))
    with translation.override("es"):
        spoken = {pointer: field_word(pointer) for pointer in found}
    raw = {pointer for pointer, name in spoken.items() if name == pointer.rpartition("/")[2].replace("_", " ")}
    assert raw == set()
    assert {pointer for pointer in found if known.class_map.class_of(pointer) is None} == set()


def test_every_step_and_every_opening_has_its_message_type() -> None:
    before = {SHARED, COMMENT}
    assert {known.name for known in INQUIRIES} - before == {*OPENERS.values(), *(type_of(step) for step in STEPS)}


def test_every_stage_that_is_owed_has_words() -> None:
    assert all(is_worded("stage", stage) for known in INQUIRIES for stage in (known.asks, known.promises) if stage)


@pytest.mark.parametrize("language", ["en", "es"])
def test_codes_of_the_catalogue_are_told_in_words(language: str) -> None:
    with translation.override(language):
        for code, ground in catalogue().grounds.items():
            assert value_word("/ground", code) == ground.words.in_language(language)
        for code, measure in catalogue().measures.items():
            assert value_word("/measures/0/code", code) == measure.words.in_language(language)


def test_what_goes_alone_is_what_the_policy_lets_go_alone() -> None:
    text = next(file for file in registry.policy_files() if file.name == "inquiries.cedar").read_text("utf-8")
    alone = text[text.index("inquiry-steps-go-alone") : text.index("inquiry-request-tells-the-case")]
    for step in STEPS:
        assert (f'"{type_of(step)}"' in alone) == (step in ALONE), step
