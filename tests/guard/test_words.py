"""Every refusal has words, in both languages, that its parameters fit into."""

import re
from collections.abc import Iterator

import pytest
from django.utils import translation

from contraparte.protocol import errors
from contraparte.web.registry import PROBLEMS

PARAMETER = re.compile(r"%\((\w+)\)[sd]")
CODE = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")


def _errors(parent: type[errors.ContraparteError]) -> Iterator[type[errors.ContraparteError]]:
    for child in parent.__subclasses__():
        if child.__module__.startswith("contraparte."):
            yield child
            yield from _errors(child)


ERRORS = sorted(set(_errors(errors.ContraparteError)), key=lambda error: error.code)


def _in(language: str, text: object) -> str:
    with translation.override(language):
        return str(text)


def test_every_error_lies_in_the_one_tree_and_file() -> None:
    assert not [error for error in ERRORS if error.__module__ != errors.__name__]


def test_every_error_is_called_an_error() -> None:
    assert not [error.__name__ for error in ERRORS if not error.__name__.endswith("Error")]


def test_a_code_belongs_to_one_error_only() -> None:
    codes = [error.code for error in ERRORS]
    assert sorted(set(codes)) == codes
    assert not [code for code in codes if not CODE.fullmatch(code)]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
def test_an_error_has_words_in_both_languages(
    error: type[errors.ContraparteError],
) -> None:
    problem = PROBLEMS[error.code]
    for text in (problem.title, problem.remedy):
        english, spanish = _in("en", text), _in("es", text)
        assert english.strip()
        assert spanish != english, f"no Spanish for {english!r}"
        assert set(PARAMETER.findall(english)) == set(PARAMETER.findall(spanish))


def test_no_words_are_kept_for_an_error_that_is_gone() -> None:
    # Refusals with a code but no exception of their own (results of a check, codes in receipts) name a known stem.
    stems = {error.code.split(".")[0] for error in ERRORS} | {"error"}
    assert not [code for code in PROBLEMS if code.split(".")[0] not in stems]
