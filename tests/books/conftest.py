from datetime import UTC, datetime

import pytest

from contraparte.books.actions import create_book
from contraparte.books.models import Book
from contraparte.directory.models import Agency

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def custodian(db: None) -> Agency:
    """A custodian hosted by this node."""
    return Agency.objects.create(
        id="us.dealer-one", country="us", name_en="Dealer one", name_es="Comercio uno", kind="dealer", is_local=True
    )


@pytest.fixture
def book(custodian: Agency) -> Book:
    """Its book, empty."""
    return create_book(custodian, "main", now=NOW)
