"""Reads for the pages of a custodian's own post. Every function starts from one agency and sees no other's books.

What the walk of a trace asks of a book automatically is `contraparte.traces.own_book`.
"""

from django.db.models import QuerySet

from contraparte.books.models import Book, Import, ImportRefusal, Query
from contraparte.protocol.errors import BookUnknownError

MOST_BOOKS = 200  # books of one agency shown or asked together


def books_of(agency: str) -> list[Book]:
    """The agency's books, by name."""
    return list(Book.objects.filter(agency=agency).order_by("name")[:MOST_BOOKS])


def book_of(agency: str, pk: int) -> Book:
    """One of the agency's books. Raises BookUnknownError, the same for another's book as for none."""
    book = Book.objects.filter(agency=agency, pk=pk).first()
    if book is None:
        raise BookUnknownError(field="book", book=str(pk))
    return book


def import_of(agency: str, pk: int) -> Import:
    """One import into one of the agency's books. Raises BookUnknownError."""
    origin = Import.objects.select_related("book").filter(book__agency=agency, pk=pk).first()
    if origin is None:
        raise BookUnknownError(field="book", book=str(pk))
    return origin


def last_imports(agency: str, limit: int = 20) -> list[Import]:
    """The newest imports into the agency's books."""
    return list(Import.objects.select_related("book").filter(book__agency=agency).order_by("-id")[:limit])


def refusals_of(origin: Import) -> QuerySet[ImportRefusal]:
    """The rows an import has refused, in the order of the file."""
    return origin.refusals.order_by("row", "id")


def asked_of(agency: str) -> QuerySet[Query]:
    """The questions put to the agency's books, newest first."""
    return Query.objects.filter(agency=agency).order_by("-id")
