"""What is not there for this reader is answered with 404, whether it exists or not."""

from typing import TypeVar

from django.http import Http404

Row = TypeVar("Row")


def or_404(row: Row | None) -> Row:
    """The row itself. Raises Http404 for None."""
    if row is None:
        raise Http404
    return row
