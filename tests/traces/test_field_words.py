"""Every field a trace message can carry has a name in words, and so has every code a reader meets in one."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, get_args

import pytest
from django.utils import translation
from pydantic import BaseModel

from contraparte.desk.registry import field_word, value_word
from contraparte.exchange import registry
from contraparte.traces.rules.codes import ResultCode


def pointers(model: type[BaseModel], at: str = "") -> Iterator[str]:
    """Every leaf of a payload, the first element standing for a list's."""
    for name, field in model.model_fields.items():
        for kind in flat(field.annotation):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                below = f"{at}/{name}/0" if "list" in str(field.annotation) else f"{at}/{name}"
                yield from pointers(kind, below)
                break
        else:
            yield f"{at}/{name}"


def elements(found: Iterable[str]) -> list[str]:
    """The elements of lists on the way to these leaves."""
    return sorted({leaf[: at.end()] for leaf in found for at in re.finditer(r"/\d+(?=/|$)", leaf)})


def unworded_elements(known: registry.MessageType) -> set[str]:
    """Elements whose heading a reader of Spanish would see as the bare name of the field."""
    with translation.override("es"):
        spoken = {element: field_word(element) for element in elements(pointers(known.body))}
    return {element for element, name in spoken.items() if name == f"{element.split('/')[-2].replace('_', ' ')} 1"}


def flat(annotation: Any) -> Iterator[Any]:
    yield annotation
    for inner in get_args(annotation):
        yield from flat(inner)


TRACES = [known for known in registry.message_types() if known.name.startswith("trace.")]


@pytest.mark.parametrize("known", TRACES, ids=lambda known: known.name)
def test_every_field_has_a_name_in_spanish(known: registry.MessageType) -> None:
    with translation.override("es"):
        spoken = {pointer: field_word(pointer) for pointer in pointers(known.body)}
    raw = {pointer for pointer, name in spoken.items() if name == pointer.rpartition("/")[2].replace("_", " ")}
    assert spoken and not raw


@pytest.mark.parametrize("known", registry.message_types(), ids=lambda known: known.name)
def test_every_element_of_a_list_has_a_heading_in_words(known: registry.MessageType) -> None:
    assert unworded_elements(known) == set()


def test_a_licence_is_the_custodians_own_in_a_chain_and_the_next_links_in_an_answer() -> None:
    pointers_of_licences = ("/chain/0/licence", "/lines/0/licence", "/chain/1", "/lines/1")
    assert [field_word(pointer) for pointer in pointers_of_licences] == [
        "Licence of the custodian",
        "Next licence",
        "Custodian 2",
        "Disposition 2",
    ]


@pytest.mark.parametrize("code", list(ResultCode))
def test_every_result_reads_as_words(code: ResultCode) -> None:
    assert value_word("/code", code.value) != code.value


def test_a_yes_is_said_in_the_readers_language() -> None:
    with translation.override("es"):
        assert (value_word("/x", True), value_word("/x", False), value_word("/x", "AB-12")) == ("sí", "no", "AB-12")
