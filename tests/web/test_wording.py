"""Every refusal speaks: in both languages, naming what was read, and with the status that fits."""

import re
from collections.abc import Iterator

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from contraparte.node.urls import urlpatterns as node_urls
from contraparte.protocol import errors
from contraparte.protocol.errors import ContraparteError
from contraparte.web.permissions import public_page
from contraparte.web.problems import PROBLEMS as OURS
from contraparte.web.registry import PROBLEMS
from contraparte.web.wording import status_of, words_of

ABOVE = ("trace.", "books.", "book.")  # rooms above the pages word their own


def tree(kind: type[ContraparteError] = ContraparteError) -> Iterator[type[ContraparteError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from tree(child)


KINDS = sorted({kind for kind in tree() if kind.__module__ == errors.__name__}, key=lambda kind: kind.code)
BELOW = [kind for kind in KINDS if not kind.code.startswith(ABOVE)]


@pytest.mark.parametrize("kind", BELOW, ids=lambda kind: kind.code)
def test_every_error_below_the_pages_has_words_in_both_languages(kind: type[ContraparteError]) -> None:
    problem = PROBLEMS[kind.code]
    for text in (problem.title, problem.remedy):
        with translation.override("en"):
            english = str(text)
        with translation.override("es"):
            spanish = str(text)
        assert english and spanish and english != spanish
        assert set(re.findall(r"%\(\w+\)s", english)) == set(re.findall(r"%\(\w+\)s", spanish))


def test_no_words_are_kept_for_a_code_that_is_no_more() -> None:
    assert set(OURS) - {kind.code for kind in KINDS} == set()


@given(st.dictionaries(st.sampled_from(["field", "read", "agency", "line", "roles"]), st.text(max_size=30)))
def test_words_never_fail_whatever_the_parameters(params: dict[str, str]) -> None:
    for kind in BELOW:
        words = words_of(kind(**params))
        assert words.code == kind.code and words.title and words.remedy


def test_a_new_kind_speaks_with_its_parents_words() -> None:
    class BrandNewError(errors.StateError):
        code = "brand.new"

    assert words_of(BrandNewError()).title == str(PROBLEMS["state"].title)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.InputError, 422),
        (errors.ProtocolError, 422),
        (errors.PolicyError, 403),
        (errors.StateError, 409),
        (errors.NodeError, 503),
        (errors.ContraparteError, 400),
    ],
)
def test_each_branch_has_its_status(kind: type[ContraparteError], status: int) -> None:
    assert status_of(kind()) == status


@public_page
def fail(request: HttpRequest) -> HttpResponse:
    raise errors.AgencyUnknownError(agency="mx.<b>nobody</b>", field="agency", read="mx.<b>nobody</b>")


urlpatterns = [*node_urls, path("fail/", fail)]


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "word"), [("en", "signed directory"), ("es", "directorio firmado")])
def test_a_refusal_nobody_caught_becomes_a_page_that_says_how_to_mend_it(language: str, word: str) -> None:
    client = Client()
    client.cookies["django_language"] = language
    with override_settings(ROOT_URLCONF=__name__):
        answer = client.get("/fail/")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert word in page and "agency.unknown" in page
    assert "mx.&lt;b&gt;nobody" in page and "<b>nobody" not in page


@pytest.mark.django_db
def test_a_refusal_in_a_fragment_is_a_fragment() -> None:
    with override_settings(ROOT_URLCONF=__name__):
        page = Client().get("/fail/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in page and "usa-alert--error" in page
