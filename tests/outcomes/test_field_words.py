"""Every field a message of this room can carry has a name in words, and so has every code in one."""

import pytest
from django.utils import translation

from contraparte.desk.registry import field_word, is_worded, value_word
from contraparte.exchange import registry
from contraparte.outcomes.registrations import TYPES
from contraparte.outcomes.rules.kinds import Contribution, Kind, Thing
from contraparte.outcomes.rules.uses import NotUsed, Used
from tests.traces.test_field_words import pointers


@pytest.mark.parametrize("known", TYPES, ids=lambda known: known.name)
def test_every_field_has_a_name_in_spanish(known: registry.MessageType) -> None:
    with translation.override("es"):
        spoken = {pointer: field_word(pointer) for pointer in pointers(known.body)}
    raw = {pointer for pointer, name in spoken.items() if name == pointer.rpartition("/")[2].replace("_", " ")}
    assert spoken and not raw


@pytest.mark.parametrize("known", TYPES, ids=lambda known: known.name)
def test_every_field_has_a_data_class_and_every_stage_its_words(known: registry.MessageType) -> None:
    unclassed = [pointer for pointer in pointers(known.body) if known.class_map.class_of(pointer) is None]
    assert not unclassed
    assert not known.asks or is_worded("stage", known.asks)
    assert not known.closes or is_worded("close", known.name)


def test_every_code_reads_as_words_in_spanish() -> None:
    places = {"/facts/kind": Kind, "/facts/what": Thing, "/contribution/0": Contribution, "/used": Used}
    with translation.override("es"):
        said = [(code, value_word(place, code.value)) for place, codes in places.items() for code in codes]
        said += [(code, value_word("/not_used", code.value)) for code in NotUsed]
    assert not [code for code, words in said if words == code.value]
