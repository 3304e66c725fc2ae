"""A custodian's pages: only its own books, every search with its reason, reports that say how to mend."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from contraparte.books.actions import load_lines
from contraparte.books.models import Book, Import, Line, Query
from contraparte.directory.models import Agency, Person, Post, Tenure
from contraparte.directory.rules.roles import Role
from tests.books.guns import guns
from tests.books.test_import import gun
from tests.books.test_rows import HEADER, table

pytestmark = pytest.mark.django_db


def sign_in(agency: Agency, role: Role) -> Client:
    from allauth.mfa.models import Authenticator

    post, _ = Post.objects.get_or_create(id=f"{agency.pk}/desk", agency=agency, name_en="Desk", name_es="Mesa")
    person = Person.objects.create_user(f"{agency.pk}-{role}", display_name="Person")
    Tenure.objects.create(person=person, post=post, roles=[role.value], starts=timezone.now() - timedelta(days=1))
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "books"})
    client = Client()
    client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


@pytest.fixture
def client(custodian: Agency) -> Client:
    return sign_in(custodian, Role.CUSTODIAN)


def test_a_search_shows_the_reading_the_agreements_and_what_is_not_in_the_book(book: Book, client: Client) -> None:
    rows = list(guns(200))
    load_lines(book, rows)
    row = next(row for row in rows if row.made.manufacturer == "Glock")
    typed = {"serial": row.key.lower(), "maker": "glock", "purpose": "trace", "case": "C-7"}
    answer = client.post("/books/search/", typed)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert row.serial in text
    assert "Not in this book" in text
    assert 'class="is-same"' in text
    assert Query.objects.get().case == "C-7"


def test_a_search_without_a_case_keeps_what_was_typed_and_asks_nothing(book: Book, client: Client) -> None:
    answer = client.post("/books/search/", {"serial": "AB?12", "purpose": "trace"})
    assert answer.status_code == 422
    assert "AB?12" in answer.content.decode()
    assert not Query.objects.exists()


@pytest.mark.parametrize(
    ("language", "words"), [("en", "A spreadsheet has altered"), ("es", "Una hoja de cálculo alteró")]
)
def test_a_serial_that_cannot_be_read_is_refused_in_the_readers_language(
    book: Book, client: Client, language: str, words: str
) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    answer = client.post("/books/search/", {"serial": "1.23E+05", "purpose": "trace", "case": "C-7"})
    assert (answer.status_code, words in answer.content.decode()) == (422, True)


def test_a_file_is_brought_in_and_its_refusals_are_listed(book: Book, client: Client) -> None:
    rows = [gun("A1000"), gun("1.23E+05")]
    data = table([HEADER, *([row[name] for name in HEADER] for row in rows)]).encode()
    answer = client.post(f"/books/{book.pk}/import/", {"file": SimpleUploadedFile("../b.csv", data)}, follow=True)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "trace.serial.scientific" in text
    assert Line.objects.filter(book=book).count() == 1
    assert Import.objects.get().file_name == "b.csv"


def test_a_file_that_is_no_book_is_refused_with_the_reason(book: Book, client: Client) -> None:
    answer = client.post(f"/books/{book.pk}/import/", {"file": SimpleUploadedFile("b.csv", b"a,b\n1,2\n")})
    assert answer.status_code == 422
    assert "manufacturer" in answer.content.decode()


def test_another_custodians_book_is_not_there(book: Book) -> None:
    load_lines(book, list(guns(20)))
    serial = next(guns(1)).serial
    other = Agency.objects.create(id="us.dealer-two", country="us", name_en="Two", name_es="Dos", is_local=True)
    client = sign_in(other, Role.CUSTODIAN)
    assert client.get(f"/books/{book.pk}/import/").status_code == 404
    assert f"/books/{book.pk}/" not in client.get("/books/").content.decode()
    answer = client.post("/books/search/", {"serial": serial, "purpose": "x", "case": "y"})
    assert answer.status_code == 422
    assert client.get("/books/questions/").status_code == 200


@pytest.mark.parametrize("role", [Role.OFFICER, Role.AUTHORISER, Role.AUDITOR, Role.ADMINISTRATOR])
def test_only_the_custodian_opens_its_books(custodian: Agency, role: Role) -> None:
    client = sign_in(custodian, role)
    assert {client.get(address).status_code for address in ("/books/", "/books/search/", "/books/questions/")} == {403}


def test_a_new_book_is_opened_by_its_name(client: Client, custodian: Agency) -> None:
    assert client.post("/books/", {"name": "stolen", "kind": "stolen"}).status_code == 302
    assert Book.objects.get(agency=custodian).kind == "stolen"
